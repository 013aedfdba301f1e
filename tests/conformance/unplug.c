// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SCARD_E_READER_UNAVAILABLE, SCARD_STATE_UNKNOWN: the reader is unplugged and comes back.
 */
#include "conformance.h"

static void pull(void)
{
	control("unplug");
	readers_are(0);
}

static void pull_and_plug(void)
{
	pull();
	control("replug");
	readers_are(1);
	card_is(SCARD_STATE_PRESENT);
}

static void gone(void)
{
	calls_after(SCARD_SHARE_SHARED, NULL, pull);
}

static void gone_direct(void)
{
	calls_after(SCARD_SHARE_DIRECT, NULL, pull);
}

static void back(void)
{
	calls_after(SCARD_SHARE_SHARED, NULL, pull_and_plug);
}

/* Calls with a context, with the name of the unplugged reader */
static void named(void)
{
	SCARDCONTEXT ctx = context();
	static const DWORD currents[] = { SCARD_STATE_UNAWARE, SCARD_STATE_PRESENT,
					  SCARD_STATE_UNKNOWN, SCARD_STATE_UNAVAILABLE };
	size_t i;

	pull();
	say("Connect", "%s", call_now(&(struct call){ .op = OP_CONNECT, .ctx = ctx }));
	say("ListReaders", "%s", call_now(&(struct call){ .op = OP_LIST, .ctx = ctx }));
	say("IsValidContext", "%s", code(SCardIsValidContext(ctx)));
	for (i = 0; i < COUNT(currents); i++) {
		SCARD_READERSTATE rs = { .szReader = reader, .dwCurrentState = currents[i] };
		LONG ret = SCardGetStatusChange(ctx, 0, &rs, 1);

		say(print("GetStatusChange/%s", state_name(currents[i])), "%s, %s", code(ret),
		    state_name(rs.dwEventState));
	}
	control("replug");
	readers_are(1);
	card_is(SCARD_STATE_PRESENT);
	say("Connect-again", "%s", call_now(&(struct call){ .op = OP_CONNECT, .ctx = ctx }));
}

static void in_transaction(void)
{
	SCARDHANDLE owner = card(SCARD_SHARE_SHARED);
	struct call begin = { .op = OP_BEGIN, .card = card(SCARD_SHARE_SHARED) };
	struct call connect = { .op = OP_CONNECT, .ctx = context() };

	SCardBeginTransaction(owner);
	call_begin(&begin);
	call_begin(&connect);
	pause_ms(WAITS_MS);
	pull();
	say("begin", "%s", call_done(&begin, 2 * WAITS_MS) ? begin.result : "waits on");
	say("connect", "%s", call_done(&connect, 2 * WAITS_MS) ? connect.result : "waits on");
	say("end", "%s", code(SCardEndTransaction(owner, SCARD_LEAVE_CARD)));
	say("disconnect", "%s", code(SCardDisconnect(owner, SCARD_RESET_CARD)));
	say("disconnect-again", "%s", code(SCardDisconnect(owner, SCARD_RESET_CARD)));
}

static const struct test_case unplug_cases[] = {
	{ "shared", gone, NULL, true },
	{ "direct", gone_direct, NULL, true },
	{ "back", back, NULL, true },
	{ "name", named, NULL, true },
	{ "transaction", in_transaction, NULL, true },
};

SUBJECT(unplug);
