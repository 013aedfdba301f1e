// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prints kernel/docs/dispositions.md from what tests/kselftest/dispositions expects and
 * checks, cell by cell. What is the same for several endings or modes is one row.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/scard.h>

#include "expect.h"

#define ROW	512

static const uint32_t modes[] = { SCARD_MODE_SHARED, SCARD_MODE_EXCLUSIVE, SCARD_MODE_DIRECT };

#define MODES	(sizeof(modes) / sizeof(modes[0]))

static const char *code(int error)
{
	switch (error) {
	case 0:
		return "success";
	case EBUSY:
		return "`SCARD_E_SHARING_VIOLATION`";
	case EIDRM:
		return "`SCARD_W_REMOVED_CARD`";
	case ENODEV:
		return "`SCARD_E_READER_UNAVAILABLE`";
	case ENOMEDIUM:
		return "`SCARD_E_NO_SMARTCARD`";
	case EREMOTEIO:
		return "`SCARD_W_UNRESPONSIVE_CARD`";
	case ESTALE:
		return "`SCARD_W_RESET_CARD`";
	}
	return "?";
}

/* Words of the trace; "nothing" for none, "or" between alternatives */
static void words(char *out, const char *trace)
{
	const char *p;

	if (!*trace)
		strcpy(out, "nothing");
	else
		*out = 0;
	for (p = trace; *p; p++)
		sprintf(out + strlen(out), *p == '|' ? ", or " : *p == ' ' ? ", " : "%c", *p);
}

static bool has_other(enum situation s)
{
	return s == OTHER_SHARED || s == OTHER_TRANSACTION;
}

static bool has_waiter(enum situation s)
{
	return s == WAITER_BEGIN || s == WAITER_CONNECT;
}

/* The columns of a cell but the first two */
static void describe(const struct cell *c, char *row)
{
	char told[128], power[128], connect[256];
	struct expectation e;

	expect(c, &e);
	if (e.impossible) {
		snprintf(row, ROW, "cannot be: %s (%s) | | | |", e.impossible,
			 e.refusal ? code(e.refusal) : "it waits");
		return;
	}
	words(told, e.trace);
	if (e.waits)
		strcat(told, "; when the other transaction ends");
	words(power, e.power);
	snprintf(connect, sizeof(connect), "%s%s%s",
		 e.connect == ENODEV ? "`SCARD_E_UNKNOWN_READER`" : code(e.connect), *e.power ? ", reader told: " : "",
		 *e.power ? power : "");
	snprintf(row, ROW, "%s | %s | %s | %s | %s |", told,
		 ending_is_disconnect(c->ending) ? code(e.result) : "",
		 has_other(c->situation) ? e.other ? code(e.other) : "nothing" :
		 has_waiter(c->situation) ? e.waiter ? code(e.waiter) : "is granted" : "",
		 connect, e.connect ? "" : e.still_verified ? "still verified" : "not verified");
}

static void describe_all(enum situation s, char rows[NUM_ENDINGS][ROW], uint32_t mode)
{
	int i;

	for (i = 0; i < NUM_ENDINGS; i++) {
		struct cell c = { .mode = mode, .ending = i, .situation = s };

		describe(&c, rows[i]);
	}
}

static void print_rows(const char *name, char rows[NUM_ENDINGS][ROW])
{
	bool done[NUM_ENDINGS] = { false };
	char endings[ROW];
	int i, j, same;

	for (i = 0; i < NUM_ENDINGS; i++) {
		if (done[i])
			continue;
		*endings = 0;
		for (same = 0, j = i; j < NUM_ENDINGS; j++) {
			if (strcmp(rows[i], rows[j]))
				continue;
			sprintf(endings + strlen(endings), "%s%s", same++ ? "; " : "",
				ending_name(j));
			done[j] = true;
		}
		printf("| %s | %s | %s\n", name, same == NUM_ENDINGS ? "any" : endings, rows[i]);
	}
}

static void print_situation(enum situation s)
{
	static char rows[MODES][NUM_ENDINGS][ROW];
	size_t i, j;

	printf("\n## %c%s\n\n", situation_name(s)[0] & ~0x20, situation_name(s) + 1);
	printf("| mode | it ends by | the reader is told | Disconnect returns | %s | "
	       "the next Connect | PIN |\n| --- | --- | --- | --- | --- | --- | --- |\n",
	       has_waiter(s) ? "who waits" : "other handles see");
	for (i = 0; i < MODES; i++)
		describe_all(s, rows[i], modes[i]);
	for (i = 0; i < MODES; i++) {
		char name[64] = "";
		bool seen = false;

		for (j = 0; j < MODES; j++) {
			if (memcmp(rows[i], rows[j], sizeof(rows[i])))
				continue;
			seen |= j < i;
			sprintf(name + strlen(name), "%s%s", *name ? ", " : "", mode_name(modes[j]));
		}
		if (!seen)
			print_rows(name, rows[i]);
	}
}

int main(void)
{
	int s;

	printf("# What becomes of the card\n\n"
	       "Made by tests/docs/dispositions.c from what `tests/kselftest/dispositions/matrix` "
	       "checks: each share mode,\neach way in which a handle can end, each situation, %zu "
	       "cells. Do not edit; `tests/docs/run` compares, and\n"
	       "`build/docs/dispositions >kernel/docs/dispositions.md` renews it.\n\n"
	       "*warm*, *cold*: IccPowerOn of a card with, without power; *off*: IccPowerOff. The "
	       "handle had verified a PIN\n(not DIRECT ones, which have no protocol). \"Other "
	       "handles see\" is what each gated call returns: BeginTransaction,\nEndTransaction, "
	       "Status, Transmit, GetAttrib, SetAttrib; Control, Connect and Reconnect are not "
	       "gated, and\nReconnect acknowledges. A waiter is served before whoever comes "
	       "later; a reset that is owed, before any waiter.\n"
	       "A second Disconnect is `SCARD_E_INVALID_HANDLE`, whatever the first one "
	       "returned.\n", MODES * NUM_ENDINGS * NUM_SITUATIONS);
	for (s = 0; s < NUM_SITUATIONS; s++)
		print_situation(s);
	return 0;
}
