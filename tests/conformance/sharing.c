// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Share modes of two handles (SCARD_SHARE_SHARED, EXCLUSIVE, DIRECT): SCARD_E_SHARING_VIOLATION,
 * and every call of one after a reset by the other.
 */
#include "conformance.h"

static SCARDHANDLE other;

/* ---- access ---- */

static void pairs(void)
{
	DWORD first, second;

	for (first = 1; first <= SCARD_SHARE_DIRECT; first++) {
		for (second = 1; second <= SCARD_SHARE_DIRECT; second++) {
			struct call c = { .op = OP_CONNECT, .ctx = context(), .mode = second };
			SCARDHANDLE handle = card(first);

			say(print("%s-then-%s", share_name(first), share_name(second)), "%s",
			    call_now(&c));
			SCardDisconnect(handle, SCARD_UNPOWER_CARD);
		}
	}
}

static void same_context(void)
{
	DWORD first, second;

	for (first = 1; first <= SCARD_SHARE_DIRECT; first++) {
		for (second = 1; second <= SCARD_SHARE_DIRECT; second++) {
			SCARDCONTEXT ctx = context();
			SCARDHANDLE handle = card_of(ctx, first);
			struct call c = { .op = OP_CONNECT, .ctx = ctx, .mode = second };

			say(print("%s-then-%s", share_name(first), share_name(second)), "%s",
			    call_now(&c));
			SCardDisconnect(handle, SCARD_UNPOWER_CARD);
		}
	}
}

static void three(void)
{
	SCARDHANDLE a = card(SCARD_SHARE_SHARED), b = card(SCARD_SHARE_SHARED);
	struct call c = { .op = OP_CONNECT, .ctx = context(), .mode = SCARD_SHARE_EXCLUSIVE };

	say("two-shared", "%s", call_now(&c));
	SCardDisconnect(a, SCARD_LEAVE_CARD);
	say("one-shared", "%s", call_now(&c));
	SCardDisconnect(b, SCARD_LEAVE_CARD);
	say("none", "%s", call_now(&c));
	a = card(SCARD_SHARE_EXCLUSIVE);
	c.mode = SCARD_SHARE_SHARED;
	say("exclusive", "%s", call_now(&c));
	SCardDisconnect(a, SCARD_LEAVE_CARD);
	say("exclusive-gone", "%s", call_now(&c));
}

/* ---- results of the calls of a handle after a change ---- */

static void nothing(void)
{
}

static void idle(void)
{
	calls_after(SCARD_SHARE_SHARED, NULL, nothing);
}

static void idle_direct(void)
{
	calls_after(SCARD_SHARE_DIRECT, NULL, nothing);
}

static void other_connects(void)
{
	other = card(SCARD_SHARE_SHARED);
}

#define AFTER(name, what)							\
	static void name##_happens(void)					\
	{									\
		LONG ret = what;						\
										\
		if (ret != SCARD_S_SUCCESS)					\
			give_up("%s", code(ret));				\
	}									\
	static void name(void)							\
	{									\
		calls_after(SCARD_SHARE_SHARED, other_connects, name##_happens);\
	}									\
	static void name##_direct(void)						\
	{									\
		calls_after(SCARD_SHARE_DIRECT, other_connects, name##_happens);\
	}

static LONG reconnect(DWORD disposition)
{
	DWORD protocol;

	return SCardReconnect(other, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, disposition,
			      &protocol);
}

static LONG end(DWORD disposition)
{
	LONG ret = SCardBeginTransaction(other);

	if (ret != SCARD_S_SUCCESS)
		return ret;
	say("EndTransaction-of-other", "%s", code(SCardEndTransaction(other, disposition)));
	return SCARD_S_SUCCESS;
}

AFTER(leaves, SCardDisconnect(other, SCARD_LEAVE_CARD))
AFTER(resets, SCardDisconnect(other, SCARD_RESET_CARD))
AFTER(unpowers, SCardDisconnect(other, SCARD_UNPOWER_CARD))
AFTER(ejects, SCardDisconnect(other, SCARD_EJECT_CARD))
AFTER(reconnects, reconnect(SCARD_LEAVE_CARD))
AFTER(reconnects_reset, reconnect(SCARD_RESET_CARD))
AFTER(reconnects_unpower, reconnect(SCARD_UNPOWER_CARD))
AFTER(ends_leave, end(SCARD_LEAVE_CARD))
AFTER(ends_reset, end(SCARD_RESET_CARD))
AFTER(ends_unpower, end(SCARD_UNPOWER_CARD))
AFTER(ends_eject, end(SCARD_EJECT_CARD))

static LONG take_out(void)
{
	control("remove");
	card_is(SCARD_STATE_EMPTY);
	return SCARD_S_SUCCESS;
}

static LONG put_back(void)
{
	take_out();
	control("insert");
	card_is(SCARD_STATE_PRESENT);
	return SCARD_S_SUCCESS;
}

static LONG reset_and_take_out(void)
{
	SCardDisconnect(other, SCARD_RESET_CARD);
	return take_out();
}

static LONG swap(void)
{
	DWORD before = counter_of_reader();

	long long until = now_ms() + 1000;

	control("swap 0 iso,t=1");
	while (counter_of_reader() == before && now_ms() < until)
		pause_ms(20);
	return SCARD_S_SUCCESS;
}

AFTER(removed, take_out())
AFTER(inserted, put_back())
AFTER(reset_removed, reset_and_take_out())
AFTER(swapped, swap())

/* After the caller's own disconnect */
static void own_disconnected(void)
{
	SCARDHANDLE cards[OP_HANDLES], handle = card(SCARD_SHARE_SHARED);
	size_t i;

	SCardDisconnect(handle, SCARD_LEAVE_CARD);
	for (i = 0; i < OP_HANDLES; i++)
		cards[i] = handle;
	all_calls(NULL, cards, NULL);
}

static void exclusive(void)
{
	int op;

	for (op = 0; op < OP_HANDLES; op++) {
		SCARDHANDLE handle = card(SCARD_SHARE_EXCLUSIVE);

		say(op_names[op], "%s", call_now(&(struct call){ .op = op, .card = handle,
								 .mode = SCARD_SHARE_EXCLUSIVE }));
		SCardDisconnect(handle, SCARD_LEAVE_CARD);
		clean_up();
	}
}

/* The results until Reconnect, and after it */
static void until_reconnect(void)
{
	DWORD disposition, protocol;

	for (disposition = SCARD_LEAVE_CARD; disposition <= SCARD_UNPOWER_CARD; disposition++) {
		SCARDHANDLE mine = card(SCARD_SHARE_SHARED);
		const char *what = disposition_name(disposition);

		other_connects();
		SCardDisconnect(other, SCARD_RESET_CARD);
		say(print("%s/first", what), "%s", answer_to(mine, "00A4000C023F00"));
		say(print("%s/second", what), "%s", answer_to(mine, "00A4000C023F00"));
		say(what, "%s",
		    code(SCardReconnect(mine, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, disposition,
					&protocol)));
		say(print("%s/after", what), "%s", answer_to(mine, "00A4000C023F00"));
		SCardDisconnect(mine, SCARD_UNPOWER_CARD);
	}
}

/* Earlier events do not affect a new handle. */
static void new_handle(void)
{
	SCARDHANDLE mine = card(SCARD_SHARE_SHARED), late;

	other_connects();
	SCardDisconnect(other, SCARD_RESET_CARD);
	late = card(SCARD_SHARE_SHARED);
	say("old", "%s", answer_to(mine, "00A4000C023F00"));
	say("new", "%s", answer_to(late, "00A4000C023F00"));
}

static const struct test_case sharing_cases[] = {
	{ "pair", pairs, NULL, false },
	{ "same-context", same_context, NULL, false },
	{ "three", three, NULL, false },
	{ "idle", idle, NULL, false },
	{ "idle-direct", idle_direct, NULL, false },
	{ "exclusive", exclusive, NULL, false },
	{ "disconnected", own_disconnected, NULL, false },
	{ "other-leaves", leaves, NULL, false },
	{ "other-leaves-direct", leaves_direct, NULL, false },
	{ "other-resets", resets, NULL, false },
	{ "other-resets-direct", resets_direct, NULL, false },
	{ "other-unpowers", unpowers, NULL, false },
	{ "other-unpowers-direct", unpowers_direct, NULL, false },
	{ "other-ejects", ejects, NULL, false },
	{ "other-ejects-direct", ejects_direct, NULL, false },
	{ "other-reconnects", reconnects, NULL, false },
	{ "other-reconnects-direct", reconnects_direct, NULL, false },
	{ "other-reconnects-reset", reconnects_reset, NULL, false },
	{ "other-reconnects-reset-direct", reconnects_reset_direct, NULL, false },
	{ "other-reconnects-unpower", reconnects_unpower, NULL, false },
	{ "other-reconnects-unpower-direct", reconnects_unpower_direct, NULL, false },
	{ "other-ends-leave", ends_leave, NULL, false },
	{ "other-ends-leave-direct", ends_leave_direct, NULL, false },
	{ "other-ends-reset", ends_reset, NULL, false },
	{ "other-ends-reset-direct", ends_reset_direct, NULL, false },
	{ "other-ends-unpower", ends_unpower, NULL, false },
	{ "other-ends-unpower-direct", ends_unpower_direct, NULL, false },
	{ "other-ends-eject", ends_eject, NULL, false },
	{ "other-ends-eject-direct", ends_eject_direct, NULL, false },
	{ "until-reconnect", until_reconnect, NULL, false },
	{ "new-handle", new_handle, NULL, false },
	{ "removed", removed, NULL, true },
	{ "removed-direct", removed_direct, NULL, true },
	{ "inserted", inserted, NULL, true },
	{ "inserted-direct", inserted_direct, NULL, true },
	{ "reset-and-removed", reset_removed, NULL, true },
	{ "reset-and-removed-direct", reset_removed_direct, NULL, true },
	{ "swapped", swapped, NULL, true },
	{ "swapped-direct", swapped_direct, NULL, true },
};

SUBJECT(sharing);
