// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * model: explore the policy for small numbers of handles and calls.
 *
 * usage: model [-f] [-l STATES] GROUP|NAME...
 *
 * Prints TAP: for each configuration one result per property. With -f the policy has a known
 * fault: print the first failure and stop.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "../tap.h"
#include "world.h"

#define OP(op)		BIT(POL_OP_ ## op)
#define ALL_OPS		(OP(CONNECT) | OP(RECONNECT) | OP(DISCONNECT) | OP(BEGIN) | OP(END) | \
			 OP(STATUS) | OP(TRANSMIT) | OP(CONTROL) | OP(ATTR))
#define SHARED		BIT(POL_SHARED)
#define EXCLUSIVE	BIT(POL_EXCLUSIVE)
#define DIRECT		BIT(POL_DIRECT)
#define ALL_SHARES	(SHARED | EXCLUSIVE | DIRECT)
#define RESET		BIT(POL_CLOSE_RESET)
#define UNPOWER		BIT(POL_CLOSE_UNPOWER)
#define ALL_CLOSES	(RESET | UNPOWER | BIT(POL_CLOSE_TRANSACTION))
#define ALL_ENV		(ENV_CARD | ENV_GONE | ENV_FAIL | ENV_KILL | ENV_IDLE | ENV_SLEEP | \
			 ENV_CANCEL | ENV_DISP | ENV_MULTI | ENV_WATCH)

static const struct config configs[] = {
	/* make check */
	{ "2 handles, 1 call, signals", "check", 2, 1, 1, ALL_OPS & ~OP(CONTROL) & ~OP(ATTR),
	  SHARED | EXCLUSIVE, RESET, ENV_CANCEL | ENV_ASIDE },
	{ "2 handles, 2 calls, signals", "check", 2, 2, 1,
	  OP(CONNECT) | OP(BEGIN) | OP(END) | OP(TRANSMIT), SHARED, RESET, ENV_KILL | ENV_ASIDE },
	{ "2 handles, 2 calls, closed in calls", "check", 2, 2, 1,
	  OP(CONNECT) | OP(RECONNECT) | OP(BEGIN) | OP(TRANSMIT) | OP(CONTROL), SHARED | DIRECT,
	  RESET, ENV_KILL | ENV_CLOSE },
	{ "3 handles, 1 call, signals", "check", 3, 1, 1,
	  OP(CONNECT) | OP(BEGIN) | OP(END) | OP(TRANSMIT), SHARED, RESET, ENV_KILL | ENV_ASIDE },
	{ "1 handle, 1 call", "check", 1, 1, 2, ALL_OPS, ALL_SHARES, ALL_CLOSES,
	  ALL_ENV & ~ENV_SLEEP },
	{ "1 handle, 1 call, sleep", "check", 1, 1, 1, ALL_OPS, ALL_SHARES, RESET,
	  ENV_KILL | ENV_FAIL | ENV_SLEEP | ENV_CARD | ENV_GONE },
	{ "1 handle, 2 calls, polling", "check", 1, 2, 1, ALL_OPS, ALL_SHARES, RESET,
	  ENV_KILL | ENV_POLL | ENV_GONE },
	{ "2 handles, 1 call, close policies", "check", 2, 1, 1, ALL_OPS, ALL_SHARES, ALL_CLOSES,
	  ENV_KILL | ENV_WATCH },
	{ "2 handles, 1 call, card and reader come and go", "check", 2, 1, 1, ALL_OPS,
	  SHARED | EXCLUSIVE, RESET, ENV_KILL | ENV_CARD | ENV_GONE },
	{ "2 handles, 1 call, failures", "check", 2, 1, 1, ALL_OPS, ALL_SHARES, RESET,
	  ENV_KILL | ENV_FAIL },
	{ "2 handles, 1 call, dispositions", "check", 2, 1, 2, ALL_OPS, ALL_SHARES, RESET,
	  ENV_KILL | ENV_DISP | ENV_MULTI },
	{ "2 handles, 2 calls", "check", 2, 2, 2, ALL_OPS, SHARED, RESET,
	  ENV_KILL | ENV_CANCEL },
	{ "2 handles, 2 calls, EXCLUSIVE", "check", 2, 2, 1, ALL_OPS & ~OP(CONTROL) & ~OP(ATTR),
	  SHARED | EXCLUSIVE, RESET, ENV_KILL },
	{ "2 handles, 1 call, turns are taken over", "check", 2, 1, 1, ALL_OPS & ~OP(ATTR),
	  SHARED | EXCLUSIVE, RESET, ENV_KILL | ENV_STALL },
	{ "2 handles, 1 call, a reader in a process", "check", 2, 1, 1,
	  OP(CONNECT) | OP(RECONNECT) | OP(DISCONNECT) | OP(BEGIN) | OP(TRANSMIT), SHARED, RESET,
	  ENV_STALL | ENV_FAIL | ENV_CARD | ENV_GONE },
	{ "2 handles, 2 calls, a handle that another process takes over", "check", 2, 2, 1,
	  OP(CONNECT) | OP(BEGIN) | OP(TRANSMIT), SHARED, RESET, ENV_KILL | ENV_CLOSE | ENV_ASIDE },
	{ "3 handles, 1 call", "check", 3, 1, 1, ALL_OPS, SHARED, RESET | UNPOWER, ENV_KILL },

	/* on demand, minutes and gigabytes: tests/model/run long */
	{ "2 handles, 1 call, signals and unplug", "long", 2, 1, 1, ALL_OPS, ALL_SHARES, RESET,
	  ENV_KILL | ENV_CANCEL | ENV_ASIDE | ENV_GONE },
	{ "1 handle, 2 calls, everything", "long", 1, 2, 2, ALL_OPS, ALL_SHARES, RESET, ALL_ENV },
	{ "2 handles, 1 call, nearly everything", "long", 2, 1, 2, ALL_OPS, ALL_SHARES, RESET,
	  ALL_ENV & ~ENV_SLEEP & ~ENV_IDLE },
	{ "2 handles, 2 calls, all modes", "long", 2, 2, 2, ALL_OPS, ALL_SHARES, RESET,
	  ENV_KILL | ENV_DISP | ENV_MULTI | ENV_CANCEL },
	{ "3 handles, 1 call, all modes", "long", 3, 1, 2, ALL_OPS, ALL_SHARES, RESET,
	  ENV_KILL | ENV_GONE },
	{ "3 handles, 2 calls", "long", 3, 2, 1, ALL_OPS, SHARED, RESET, ENV_KILL },
};

static const char * const properties[PROPERTIES] = {
	[P_BYTES] = "no byte reaches the card between an exit and its reset",
	[P_ONCE] = "an exit is followed by exactly one reset",
	[P_LOCK] = "one turn runs, one owner, EXCLUSIVE is alone",
	[P_WAKE] = "a call is woken once or withdrawn",
	[P_TOLD] = "a caller gets the event of the card",
	[P_FIFO] = "first come, first served",
	[P_PROGRESS] = "every waiting call is served",
};

/* Explore and print the verdicts. */
static bool run(const struct config *c, unsigned int limit)
{
	clock_t start = clock();
	bool ok = explore(c, limit) && !failed;
	double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
	unsigned int p;

	printf("# %s: %u states, %lu steps, depth %u, %.1f s\n", c->name, explored_states,
	       explored_steps, explored_depth, seconds);
	if (!ok)
		printf("# %s\n", failed ? failed_text : "stopped at the limit of states");
	for (p = 0; p < PROPERTIES; p++) {
		if (!ok && (!failed || p != failed_property))
			printf("# not decided:\n");
		tap_result(ok, "%s: %s (%u states)", c->name, properties[p], explored_states);
	}
	return ok;
}

/* For a policy with a fault: print the failure. */
static bool find(const struct config *c, unsigned int limit)
{
	if (explore(c, limit) && !failed)
		return true;
	if (failed)
		printf("# found: %s: %s\n", c->name, failed_text);
	return !failed;
}

int main(int argc, char **argv)
{
	unsigned int i, limit = 200 * 1000 * 1000;
	bool ok = true, faulty = false;
	int option;

	while ((option = getopt(argc, argv, "fl:")) != -1) {
		switch (option) {
		case 'f':
			faulty = true;
			break;
		case 'l':
			limit = strtoul(optarg, NULL, 0);
			break;
		default:
			return 2;
		}
	}
	for (; optind < argc; optind++) {
		for (i = 0; i < sizeof(configs) / sizeof(*configs); i++) {
			const struct config *c = &configs[i];

			if (strcmp(argv[optind], c->group) && strcmp(argv[optind], c->name))
				continue;
			if (!faulty)
				ok &= run(c, limit);
			else if (ok)
				ok = find(c, limit);
		}
	}
	if (!faulty)
		tap_end();
	return ok ? 0 : 1;
}
