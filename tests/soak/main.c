// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: soak [-d SECONDS] [-s SEED] [-x SCALE]
 *
 * In the virtual machine, see run. Rounds of a burst and a calm: in a burst clients come and
 * die while the reader fails; in the calm after it all clients are gone, and each slot must work
 * without a replug. The seed gives each round its reader, faults, orders and clients, in the same
 * sequence each time; their timing is the machine's.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../tap.h"
#include "crowd.h"
#include "death.h"
#include "faults.h"
#include "health.h"
#include "reader.h"
#include "usb.h"
#include "vr.h"

#define SETTLED_ROUND	4	/* memory of the first rounds is that of caches */

struct soak *soak;
static unsigned long violations;

static void step(struct rnd *rnd, const struct reader *reader)
{
	unsigned int what = rnd_below(rnd, 16), ms = rnd_below(rnd, 60);

	if (what < 6)
		faults_add(rnd, reader);
	else if (what < 8)
		reader_order(rnd, reader);
	else if (what < 11)
		crowd_add(rnd, reader->slots);
	else if (what < 13)
		crowd_kill_one(rnd);
	else if (what < 14)
		crowd_freeze_one(rnd);
	else if (what < 15)
		crowd_thaw();
	else
		vr_try("fault clear");
	crowd_check();
	pause_ms(ms);
}

/*
 * Messages that broke a rule of CCID. After a wrong answer the driver cannot always know better, so
 * they are counted, each kind shown once a round, and no failure.
 */
static void count_violations(const struct reader *reader)
{
	unsigned long n;

	n = strtoul(strstr(vr_do("info"), "violations=") + strlen("violations="), NULL, 10);
	violations += n;
	if (!n)
		return;
	soak_note("%s: %lu violations", reader->name, n);
	if (system("timeout 10 vreaderctl violations | sed '/^[0-9]*$/d; s/^/# /; s/bSeq [0-9]*/bSeq N/' | "
		   "cut -c 1-150 | sort | uniq -c | sed 's/^ *\\([0-9]*\\) # /# \\1 times: /' | head -n 6"))
		return;
	vr_try("violations clear");
}

/* false: a client does not die, so there is no calm */
static bool round_run(struct rnd *rnd)
{
	const struct reader *reader = reader_start(rnd);
	unsigned int n, steps = 10 + rnd_below(rnd, 40);

	for (n = 2 + rnd_below(rnd, 6); n; n--)
		crowd_add(rnd, reader->slots);
	while (steps--)
		step(rnd, reader);
	if (!crowd_end())
		return false;
	reader_calm(reader);
	health_slots(reader);
	count_violations(reader);
	return true;
}

static void print_counts(const char *what, const char *(*name)(unsigned int kind),
			 atomic_ulong *counts)
{
	unsigned int kind;

	printf("# %s:", what);
	for (kind = 0; name(kind); kind++)
		printf(" %s %lu", name(kind), counts[kind]);
	printf("\n");
}

static unsigned long sum(atomic_ulong *counts)
{
	unsigned long all = 0;
	unsigned int i;

	for (i = 0; i < SOAK_KINDS; i++)
		all += counts[i];
	return all;
}

int main(int argc, char **argv)
{
	unsigned long seed = (unsigned long)time(NULL), rounds = 0;
	long seconds = 30, begin = now_ms();
	bool alive = true;
	int option, status;

	soak = mmap(NULL, sizeof(*soak), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (soak == MAP_FAILED)
		return 2;
	soak->scale = 1;
	while ((option = getopt(argc, argv, "d:s:x:")) != -1) {
		if (option == 'd')
			seconds = strtol(optarg, NULL, 10);
		else if (option == 's')
			seed = strtoul(optarg, NULL, 0);
		else if (option == 'x')
			soak->scale = (unsigned int)strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	soak->seed = seed;
	printf("# seed %lu, %ld s, limits times %u\n", seed, seconds, soak->scale);
	fflush(stdout);
	crowd_init();
	do {
		struct rnd rnd;

		rnd_seed(&rnd, seed * 1000003 + soak->round);
		alive = round_run(&rnd);
		soak->round++;
		if (++rounds == SETTLED_ROUND) {
			vr_stop();
			health_take();
		}
	} while (alive && (now_ms() - begin < seconds * 1000 || rounds < SETTLED_ROUND));
	vr_stop();

	tap_result(alive && !soak->stuck, "each process is gone soon after SIGKILL");
	tap_result(!soak->strangers, "no client finds a card that another has verified");
	tap_result(alive && !soak->dead_slots, "after each burst each slot answers, and has no handle");
	tap_result(!soak->slow_orders, "no order to reader or driver takes long");
	tap_result(!health_users(), "no descriptor is left");
	tap_result(rounds < SETTLED_ROUND || health_memory(), "memory is as before");
	tap_result(alive && !module_remove(), "the module can be unloaded");
	status = tap_end();

	print_counts("faults", faults_name, soak->faults);
	print_counts("orders", reader_order_name, soak->orders);
	print_counts("deaths", death_name, soak->deaths);
	printf("# seed %lu: %lu rounds, %lu faults, %lu orders, %lu clients, %lu deaths of their own, %lu killed, %lu frozen, %lu connects, %lu APDUs, %lu verified, %lu violations; longest calm %ld ms, death %ld ms\n",
	       seed, rounds, sum(soak->faults), sum(soak->orders), crowd_started,
	       sum(soak->deaths), crowd_killed, crowd_frozen, soak->connects, soak->apdus,
	       soak->verified, violations, soak->calm_ms, soak->death_ms);
	return status;
}
