// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SCardListReaders, SCardGetStatusChange: a second reader of the same kind comes and goes.
 */
#include <stdio.h>
#include <string.h>

#include "conformance.h"

static char first[MAX_READERNAME], second[MAX_READERNAME];

/* All names, in the order of the list */
static const char *names(SCARDCONTEXT ctx)
{
	char list[10 * MAX_READERNAME] = "";
	DWORD len = sizeof(list);
	LONG ret = SCardListReaders(ctx, NULL, list, &len);

	return ret == SCARD_S_SUCCESS ? text(list, len) : code(ret);
}

/* The second reader comes: which name belongs to which reader? */
static void plug_second(SCARDCONTEXT ctx)
{
	SCARD_READERSTATE rs = { .szReader = second };
	char list[10 * MAX_READERNAME] = "", *name;
	DWORD len = sizeof(list);
	long long until = now_ms() + MOVES_MS;

	strcpy(first, reader);
	control_second("replug");
	readers_are(2);
	SCardListReaders(ctx, NULL, list, &len);
	for (name = list; *name; name += strlen(name) + 1) {
		if (strcmp(name, first))
			snprintf(second, sizeof(second), "%.*s", MAX_READERNAME - 1, name);
	}
	strcpy(reader, first);
	/* the stack notices the second reader's card after some time */
	while ((SCardGetStatusChange(ctx, 0, &rs, 1) != SCARD_S_SUCCESS || !rs.cbAtr) &&
	       now_ms() < until)
		pause_ms(20);
}

static void lists(void)
{
	SCARDCONTEXT ctx = context();

	say("one", "%s", names(ctx));
	plug_second(ctx);
	say("two", "%s", names(ctx));
	control("unplug");
	readers_are(1);
	say("first-gone", "%s", names(ctx));
	control("replug");
	readers_are(2);
	say("first-back", "%s", names(ctx));
	control_second("unplug");
	readers_are(1);
	say("second-gone", "%s", names(ctx));
}

/* Changes of one reader do not affect the other. */
static void apart(void)
{
	SCARDCONTEXT ctx = context();
	struct call c = { .op = OP_CONNECT, .ctx = ctx, .disposition = SCARD_RESET_CARD };
	SCARDHANDLE mine;

	plug_second(ctx);
	mine = card(SCARD_SHARE_SHARED);
	answer_to(mine, "002000010431323334");
	SCardBeginTransaction(mine);
	strcpy(reader, second);
	say("connect-and-reset-other", "%s", call_now(&c));
	c.mode = SCARD_SHARE_EXCLUSIVE;
	say("exclusive", "%s", call_now(&c));
	strcpy(reader, first);
	say("mine", "%s", card_life(mine));
	control_second("unplug");
	readers_are(1);
	say("mine-alone", "%s", card_life(mine));
}

static void states(void)
{
	SCARDCONTEXT ctx = context();
	SCARD_READERSTATE rs[3] = { { .szReader = first },
				    { .szReader = second },
				    { .szReader = PNP_READER } };
	struct call c = {
		.op = OP_CHANGE, .ctx = ctx, .timeout = HANGS_MS, .states = rs, .nstates = 2
	};

	plug_second(ctx);
	say("unaware", "%s", call_now(&c));
	rs[0].dwCurrentState = SCARD_STATE_PRESENT;
	rs[1].dwCurrentState = SCARD_STATE_EMPTY;
	say("one-known", "%s", call_now(&c));
	rs[1].dwCurrentState = SCARD_STATE_PRESENT;
	c.nstates = 3;
	call_begin(&c);
	say("both-known", "%s", call_done(&c, WAITS_MS) ? c.result : "waits");
	control_second("remove");
	say("second-removed", "%s", call_result(&c));
	control_second("insert");
}

static void use_while_other_leaves(void)
{
	SCARDCONTEXT ctx = context();
	SCARDHANDLE handle = 0;
	DWORD protocol = 0;
	LONG ret;

	plug_second(ctx);
	strcpy(reader, second);
	first_event = counter_of_reader();
	ret = SCardConnect(ctx, second, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, &handle, &protocol);
	say("connect", "%s %s", code(ret), protocol_name(protocol));
	control("unplug");
	readers_are(1);
	say("then", "%s", answer_to(handle, "00A4000C023F00"));
	say("status", "%s", call_now(&(struct call){ .op = OP_STATUS, .card = handle }));
}

static const struct test_case two_cases[] = {
	{ "list", lists, NULL, true },
	{ "apart", apart, NULL, true },
	{ "states", states, NULL, true },
	{ "other-leaves", use_while_other_leaves, NULL, true },
};

SUBJECT(two);
