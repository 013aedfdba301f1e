// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SCardGetStatusChange: dwEventState for each dwCurrentState.
 */
#include <string.h>

#include "conformance.h"

static void one(const char *what, SCARDCONTEXT ctx, const char *name, DWORD current, DWORD timeout)
{
	SCARD_READERSTATE rs = {
		.szReader = name, .dwCurrentState = current, .dwEventState = 0x5555, .cbAtr = 0x33,
	};
	LONG ret;

	memset(rs.rgbAtr, 0xEE, sizeof(rs.rgbAtr));
	ret = SCardGetStatusChange(ctx, timeout, &rs, 1);
	if (rs.dwEventState == 0x5555)
		say(what, "%s, untouched", code(ret));
	else
		say(what, "%s, %s, ATR %lu %s", code(ret), state_name(rs.dwEventState), rs.cbAtr,
		    rs.cbAtr && rs.cbAtr <= MAX_ATR_SIZE ? bytes(rs.rgbAtr, rs.cbAtr) : "");
}

static void each(const DWORD *currents, size_t n)
{
	SCARDCONTEXT ctx = context();
	size_t i;

	for (i = 0; i < n; i++)
		one(currents[i] & 0xffff ? state_name(currents[i]) : "UNAWARE", ctx, reader,
		    currents[i], 0);
}

/* Each dwCurrentState that a caller can pass, in the present state */
static void known(void)
{
	static const DWORD currents[] = {
		SCARD_STATE_UNAWARE, SCARD_STATE_IGNORE, SCARD_STATE_CHANGED, SCARD_STATE_UNKNOWN,
		SCARD_STATE_UNAVAILABLE, SCARD_STATE_EMPTY, SCARD_STATE_PRESENT,
		SCARD_STATE_PRESENT | SCARD_STATE_CHANGED, SCARD_STATE_PRESENT | SCARD_STATE_INUSE,
		SCARD_STATE_PRESENT | SCARD_STATE_EXCLUSIVE,
		SCARD_STATE_PRESENT | SCARD_STATE_EXCLUSIVE | SCARD_STATE_INUSE,
		SCARD_STATE_PRESENT | SCARD_STATE_MUTE, SCARD_STATE_PRESENT | SCARD_STATE_UNPOWERED,
		SCARD_STATE_PRESENT | SCARD_STATE_ATRMATCH, SCARD_STATE_EMPTY | SCARD_STATE_INUSE,
		SCARD_STATE_EMPTY | SCARD_STATE_CHANGED, SCARD_STATE_INUSE, SCARD_STATE_EXCLUSIVE,
		SCARD_STATE_MUTE, 0x800,
	};

	each(currents, COUNT(currents));
}

/* fewer states: without an ATR, a call may take some time */
static void known_mute(void)
{
	static const DWORD currents[] = {
		SCARD_STATE_UNAWARE, SCARD_STATE_EMPTY, SCARD_STATE_PRESENT, SCARD_STATE_MUTE,
		SCARD_STATE_PRESENT | SCARD_STATE_MUTE, SCARD_STATE_PRESENT | SCARD_STATE_INUSE,
	};

	each(currents, COUNT(currents));
}

static void known_shared(void)
{
	card(SCARD_SHARE_SHARED);
	known();
}

static void known_exclusive(void)
{
	card(SCARD_SHARE_EXCLUSIVE);
	known();
}

static void known_direct(void)
{
	card_with(SCARD_SHARE_DIRECT, 0);
	known();
}

static void known_transaction(void)
{
	SCardBeginTransaction(card(SCARD_SHARE_SHARED));
	known();
}

static void known_unpowered(void)
{
	SCardDisconnect(card(SCARD_SHARE_SHARED), SCARD_UNPOWER_CARD);
	known();
}

/* The event counter in the high word */
static void counters(void)
{
	static const DWORD states[] = { SCARD_STATE_UNAWARE, SCARD_STATE_PRESENT,
					SCARD_STATE_EMPTY };
	SCARDCONTEXT ctx = context();
	DWORD now = counter_of_reader();
	size_t i;

	for (i = 0; i < COUNT(states); i++) {
		const char *what = state_name(states[i]);

		one(print("%s/same", what), ctx, reader, states[i] | now << 16, 0);
		one(print("%s/one-more", what), ctx, reader, states[i] | (now + 1) << 16, 0);
		one(print("%s/one-less", what), ctx, reader, states[i] | (now + 0xffff) << 16, 0);
		one(print("%s/zero", what), ctx, reader, states[i], 0);
		one(print("%s/wide", what), ctx, reader, states[i] | 0x100000000 | now << 16, 0);
		one(print("%s/ignored", what), ctx, reader,
		    states[i] | SCARD_STATE_IGNORE | (now + 1) << 16, 0);
	}
}

static void counts(void)
{
	SCARD_READERSTATE rs = { .szReader = reader };
	DWORD before = counter_of_reader();
	SCARDCONTEXT ctx = context();
	int i;

	for (i = 1; i <= 2; i++) {
		control("remove");
		card_is(SCARD_STATE_EMPTY);
		SCardGetStatusChange(ctx, 0, &rs, 1);
		say(print("removed-%d", i), "+%lu", (rs.dwEventState >> 16) - before);
		control("insert");
		card_is(SCARD_STATE_PRESENT);
		SCardGetStatusChange(ctx, 0, &rs, 1);
		say(print("inserted-%d", i), "+%lu", (rs.dwEventState >> 16) - before);
	}
	say("same-in-status", "%s",
	    call_now(&(struct call){ .op = OP_STATUS, .card = card(SCARD_SHARE_SHARED) }));
}

static void names(void)
{
	SCARDCONTEXT ctx = context();
	char wrong[MAX_READERNAME];

	one("NULL", ctx, NULL, 0, 0);
	one("NULL-ignored", ctx, NULL, SCARD_STATE_IGNORE, 0);
	one("empty", ctx, "", 0, 0);
	one("unknown", ctx, NO_READER, 0, 0);
	one("unknown-known", ctx, NO_READER, SCARD_STATE_UNKNOWN, 0);
	one("unknown-unavailable", ctx, NO_READER, SCARD_STATE_UNAVAILABLE, 0);
	one("unknown-ignored", ctx, NO_READER, SCARD_STATE_IGNORE, 0);
	strcpy(wrong, reader);
	wrong[0] ^= 0x20;
	one("other-case", ctx, wrong, 0, 0);
}

static void arguments(void)
{
	SCARDCONTEXT ctx = context();
	SCARD_READERSTATE rs[3] = { { .szReader = reader } };

	say("NULL", "%s", code(SCardGetStatusChange(ctx, 0, NULL, 1)));
	say("none", "%s", code(SCardGetStatusChange(ctx, 0, rs, 0)));
	say("NULL-none", "%s", code(SCardGetStatusChange(ctx, 0, NULL, 0)));
	say("none-for-ever", "%s", code(SCardGetStatusChange(ctx, INFINITE, rs, 0)));
	say("none-bad-context", "%s", code(SCardGetStatusChange(0, 0, rs, 0)));
	say("NULL-bad-context", "%s", code(SCardGetStatusChange(0, 0, NULL, 1)));
	one("bad-context", 0, reader, 0, 0);
	one("bad-context-unknown", 0, NO_READER, 0, 0);
	one("bad-context-no-name", 0, NULL, 0, 0);
	one("bad-context-ignored", 0, reader, SCARD_STATE_IGNORE, 0);
	one("bad-context-pnp", 0, PNP_READER, 0, 0);
}

static void several(const char *what, SCARD_READERSTATE *rs, DWORD n)
{
	const char *all = "";
	LONG ret;
	DWORD i;

	for (i = 0; i < n; i++)
		rs[i].dwEventState = 0x5555;
	ret = SCardGetStatusChange(context(), 0, rs, n);
	for (i = 0; i < n; i++)
		all = print("%s, %s", all, rs[i].dwEventState == 0x5555 ? "untouched" :
			    state_name(rs[i].dwEventState));
	say(what, "%s%s", code(ret), all);
}

static void arrays(void)
{
#define STATE(name, current) { .szReader = (name), .dwCurrentState = (current) }
	several("twice",
		(SCARD_READERSTATE[]){ STATE(reader, 0), STATE(reader, SCARD_STATE_PRESENT) }, 2);
	several("second-unknown", (SCARD_READERSTATE[]){ STATE(reader, 0), STATE(NO_READER, 0) },
		2);
	several("second-unknown-and-known", (SCARD_READERSTATE[]){ STATE(reader, 0),
		STATE(NO_READER, SCARD_STATE_UNKNOWN) }, 2);
	several("second-unknown-ignored", (SCARD_READERSTATE[]){ STATE(reader, 0),
		STATE(NO_READER, SCARD_STATE_IGNORE) }, 2);
	several("second-NULL", (SCARD_READERSTATE[]){ STATE(reader, 0), STATE(NULL, 0) }, 2);
	several("second-ignored", (SCARD_READERSTATE[]){ STATE(reader, SCARD_STATE_PRESENT),
		STATE(reader, SCARD_STATE_IGNORE) }, 2);
	several("all-ignored", (SCARD_READERSTATE[]){ STATE(reader, SCARD_STATE_IGNORE),
		STATE(reader, SCARD_STATE_IGNORE) }, 2);
	several("with-pnp", (SCARD_READERSTATE[]){ STATE(reader, 0), STATE(PNP_READER, 0) }, 2);
	several("pnp-first", (SCARD_READERSTATE[]){ STATE(PNP_READER, 0), STATE(reader, 0) }, 2);
	several("no-news-with-pnp", (SCARD_READERSTATE[]){ STATE(reader, SCARD_STATE_PRESENT),
		STATE(PNP_READER, 0) }, 2);
}

static void pnp(void)
{
	SCARDCONTEXT ctx = context();

	one("unaware", ctx, PNP_READER, 0, 0);
	one("other-case", ctx, "\\\\?pNp?\\nOTIFICATION", 0, 0);
	one("ignored", ctx, PNP_READER, SCARD_STATE_IGNORE, 0);
	one("unknown", ctx, PNP_READER, SCARD_STATE_UNKNOWN, 0);
	one("other-counter", ctx, PNP_READER, 0x70000000, 0);
	one("present", ctx, PNP_READER, SCARD_STATE_PRESENT, 0);
	one("half-a-name", ctx, "\\\\?PnP?\\", 0, 0);
}

/* Does the change come at once, in time, or later? */
static void timeouts(void)
{
	static const struct {
		const char *name;
		DWORD ms;
		DWORD current;
	} list[] = {
		{ "0-no-news", 0, SCARD_STATE_PRESENT },
		{ "100-no-news", 100, SCARD_STATE_PRESENT },
		{ "400-no-news", 400, SCARD_STATE_PRESENT },
		{ "400-news", 400, SCARD_STATE_EMPTY },
		{ "for-ever-news", INFINITE, SCARD_STATE_EMPTY },
		{ "all-bits-news", (DWORD)-1, SCARD_STATE_EMPTY },
	};
	SCARDCONTEXT ctx = context();
	size_t i;

	for (i = 0; i < COUNT(list); i++) {
		SCARD_READERSTATE rs = { .szReader = reader, .dwCurrentState = list[i].current };
		long long start = now_ms(), took;
		LONG ret = SCardGetStatusChange(ctx, list[i].ms, &rs, 1);
		bool waited;

		took = now_ms() - start;
		waited = list[i].ms && list[i].ms < INFINITE && took >= (long long)list[i].ms;
		say(list[i].name, "%s, %s, %s", code(ret), state_name(rs.dwEventState),
		    waited ? "waited" : took < 300 ? "at once" : "late");
	}
}

static const struct test_case change_cases[] = {
	{ "free", known, NULL, false },
	{ "shared", known_shared, NULL, false },
	{ "exclusive", known_exclusive, NULL, false },
	{ "direct", known_direct, NULL, false },
	{ "transaction", known_transaction, NULL, false },
	{ "unpowered", known_unpowered, NULL, false },
	{ "counter", counters, NULL, false },
	{ "name", names, NULL, false },
	{ "arguments", arguments, NULL, false },
	{ "array", arrays, NULL, false },
	{ "pnp", pnp, NULL, false },
	{ "timeout", timeouts, NULL, false },
	{ "empty", known, NO_CARD, false },
	{ "empty-direct", known_direct, NO_CARD, false },
	{ "mute", known_mute, "mute", true },
	{ "counts", counts, NULL, true },
};

SUBJECT(change);
