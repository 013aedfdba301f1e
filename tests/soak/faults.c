// SPDX-License-Identifier: GPL-2.0-or-later
/* See faults.h. */
#include <stddef.h>

#include "faults.h"
#include "vr.h"

/*
 * An action, and the argument that is drawn from [first, first + range). A token keeps its card,
 * has no command that aborts another, and so is busy until it has answered: what it does not
 * survive without a port reset is for readers only.
 */
static const struct {
	const char *name;
	const char *format;
	unsigned int first, range;
	bool reader_only;	/* not for a token */
} kinds[] = {
	{ "stall", "stall", 0, 1, false },
	{ "stall-out", "stall-out", 0, 1, false },
	{ "no-answer", "no-answer", 0, 1, true },
	{ "delay", "delay %u", 1, 3000, false },
	{ "nak", "nak %u", 0, 1000, false },
	{ "short", "short %u", 0, 14, false },
	{ "long", "long %u", 1, 80, false },
	{ "pad", "pad %u", 1, 80, false },
	{ "length", "length %u", 1, 70000, false },
	{ "seq", "seq %u", 1, 255, false },
	{ "slot-no", "slot-no %u", 1, 255, false },
	{ "type", "type %02x", 0, 256, false },
	{ "status", "status %02x", 0, 256, true },
	{ "error", "error %02x", 0, 256, false },
	{ "refuse", "refuse", 0, 1, false },
	{ "chain", "chain %02x", 0, 256, false },
	{ "extend", "extend %u", 0, 6, true },
	{ "babble", "babble", 0, 1, false },
	{ "garbage", "garbage %u", 1, 300, false },
	{ "split", "split %u", 1, 64, false },
	{ "merge", "merge", 0, 1, false },
	{ "twice", "twice", 0, 1, false },
	{ "stale", "stale", 0, 1, false },
	{ "before", "before 8000000000%02x000000", 0, 256, false },
	{ "after", "after 8100000000%02x400000", 0, 256, false },
	{ "instead", "instead 8002000000%02x0000006f00", 0, 256, false },
	{ "zlp", "zlp", 0, 1, false },
	{ "zlp-after", "zlp-after", 0, 1, false },
	{ "storm", "storm %u", 1, 200, false },
	{ "hw-error", "hw-error %02x", 0, 256, false },
	{ "notify", "notify 50%02x", 0, 256, false },
	{ "stall-int", "stall-int", 0, 1, false },
	{ "unplug", "unplug %u", 0, 12, false },
	{ "remove", "remove", 0, 1, true },
	{ "swap", "swap", 0, 1, true },
	{ "mute", "card mute", 0, 1, false },
	{ "parity", "card parity", 0, 1, false },
	{ "lrc", "card lrc", 0, 1, false },
	{ "card-seq", "card seq", 0, 1, false },
	{ "nad", "card nad", 0, 1, false },
	{ "rblock", "card rblock", 0, 1, false },
	{ "resynch", "card resynch", 0, 1, false },
	{ "abort", "card abort", 0, 1, false },
	{ "ifs", "card ifs %u", 0, 256, false },
	{ "wtx", "card wtx %u", 1, 10, false },
};

#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))

_Static_assert(KINDS < SOAK_KINDS, "a counter for each");

static const char *const commands[] = {
	"", "", "on XfrBlock", "on XfrBlock", "on XfrBlock", "on IccPowerOn", "on IccPowerOn",
	"on IccPowerOff", "on GetSlotStatus", "on SetParameters", "on Abort",
};

#define COMMANDS	(sizeof(commands) / sizeof(commands[0]))

const char *faults_name(unsigned int kind)
{
	return kind < KINDS ? kinds[kind].name : NULL;
}

void faults_add(struct rnd *rnd, const struct reader *reader)
{
	unsigned int kind = rnd_below(rnd, KINDS);
	unsigned int argument = kinds[kind].first + rnd_below(rnd, kinds[kind].range);
	const char *command = commands[rnd_below(rnd, COMMANDS)];
	unsigned int slot = rnd_below(rnd, reader->slots), k = 1 + rnd_below(rnd, 5);
	unsigned int when = rnd_below(rnd, 5);
	char action[64], moment[32];

	if (reader->token && kinds[kind].reader_only)
		return;
	if (when < 3)
		snprintf(moment, sizeof(moment), "at %u", k);
	else if (when == 3)
		snprintf(moment, sizeof(moment), "every %u", k + 1);
	else
		snprintf(moment, sizeof(moment), "random 1/%u", k + 1);
	snprintf(action, sizeof(action), kinds[kind].format, argument);
	if (!vr_try("fault %s %s slot %u %s", moment, command, slot, action))
		soak->faults[kind]++;
}
