// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SCardDisconnect: dispositions, and the result for the other handle (SCARD_W_RESET_CARD).
 */
#include "conformance.h"

static void arguments(void)
{
	static const DWORD wrong[] = { 4, 5, 0xFFFFFFFF, (DWORD)-1 };
	SCARDHANDLE handle = card(SCARD_SHARE_SHARED);
	size_t i;

	for (i = 0; i < COUNT(wrong); i++)
		say(print("%lx", wrong[i]), "%s", code(SCardDisconnect(handle, wrong[i])));
	say("bad-handle", "%s", code(SCardDisconnect(0, SCARD_LEAVE_CARD)));
	say("bad-handle-bad-disposition", "%s", code(SCardDisconnect(0, 9)));
	say("still-connected", "%s", answer_to(handle, "00A4000C023F00"));
	say("100000000", "%s", code(SCardDisconnect(handle, 0x100000000)));
}

/*
 * The card's state after a disposition, in the eyes of a handle connected before and of one
 * connected after
 */
static void dispositions(DWORD mode)
{
	DWORD disposition;

	for (disposition = 0; disposition <= SCARD_EJECT_CARD; disposition++) {
		const char *what = disposition_name(disposition);
		SCARDHANDLE handle, other = 0;

		handle = card(mode);
		if (mode != SCARD_SHARE_EXCLUSIVE) {
			other = card(SCARD_SHARE_SHARED);
			answer_to(other, "002000010431323334");
		} else {
			answer_to(handle, "002000010431323334");
		}
		say(print("%s/first", what), "%s", code(SCardDisconnect(handle, disposition)));
		say(print("%s/second", what), "%s", code(SCardDisconnect(handle, disposition)));
		if (other) {
			say(print("%s/other", what), "%s", card_life(other));
			SCardDisconnect(other, SCARD_LEAVE_CARD);
		}
		handle = card(SCARD_SHARE_SHARED);
		say(print("%s/after", what), "%s", card_life(handle));
		SCardDisconnect(handle, SCARD_UNPOWER_CARD);
	}
}

static void shared(void)
{
	dispositions(SCARD_SHARE_SHARED);
}

static void exclusive(void)
{
	dispositions(SCARD_SHARE_EXCLUSIVE);
}

static void direct(void)
{
	dispositions(SCARD_SHARE_DIRECT);
}

/* Get the card's state through a DIRECT handle, which does not power it. */
static void seen_by_direct(void)
{
	DWORD disposition;

	for (disposition = 0; disposition <= SCARD_EJECT_CARD; disposition++) {
		SCARDHANDLE direct = card_with(SCARD_SHARE_DIRECT, 0),
			    handle = card(SCARD_SHARE_SHARED);
		struct call status = { .op = OP_STATUS };
		const char *what = disposition_name(disposition);

		SCardDisconnect(handle, disposition);
		say(print("%s/old", what), "%s", answer_to(direct, "00A4000C023F00"));
		SCardDisconnect(direct, SCARD_LEAVE_CARD);
		status.card = card_with(SCARD_SHARE_DIRECT, 0);
		say(print("%s/new", what), "%s", call_now(&status));
		SCardDisconnect(status.card, SCARD_UNPOWER_CARD);
	}
}

static void in_transaction(void)
{
	DWORD disposition;

	for (disposition = 0; disposition <= SCARD_EJECT_CARD; disposition++) {
		SCARDHANDLE handle = card(SCARD_SHARE_SHARED), other = card(SCARD_SHARE_SHARED);
		const char *what = disposition_name(disposition);

		SCardBeginTransaction(handle);
		SCardBeginTransaction(handle);
		say(what, "%s", code(SCardDisconnect(handle, disposition)));
		say(print("%s/other", what), "%s", code(SCardBeginTransaction(other)));
		SCardDisconnect(other, SCARD_UNPOWER_CARD);
	}
}

static void after_reset(void)
{
	DWORD disposition;

	for (disposition = 0; disposition <= SCARD_EJECT_CARD; disposition++) {
		SCARDHANDLE handle = card(SCARD_SHARE_SHARED), other = card(SCARD_SHARE_SHARED);

		SCardDisconnect(other, SCARD_RESET_CARD);
		say(disposition_name(disposition), "%s",
		    code(SCardDisconnect(handle, disposition)));
		handle = card(SCARD_SHARE_SHARED);
		say(print("%s/card", disposition_name(disposition)), "%s", card_life(handle));
		SCardDisconnect(handle, SCARD_UNPOWER_CARD);
	}
}

static void no_card(void)
{
	DWORD disposition;

	for (disposition = 0; disposition <= SCARD_EJECT_CARD; disposition++)
		say(disposition_name(disposition), "%s",
		    code(SCardDisconnect(card_with(SCARD_SHARE_DIRECT, 0), disposition)));
}

static void removed(void)
{
	SCARDHANDLE handles[4];
	DWORD disposition;

	for (disposition = 0; disposition <= SCARD_EJECT_CARD; disposition++)
		handles[disposition] = card(SCARD_SHARE_SHARED);
	control("remove");
	card_is(SCARD_STATE_EMPTY);
	for (disposition = 0; disposition <= SCARD_EJECT_CARD; disposition++) {
		say(disposition_name(disposition), "%s",
		    code(SCardDisconnect(handles[disposition], disposition)));
		say(print("%s/again", disposition_name(disposition)), "%s",
		    code(SCardDisconnect(handles[disposition], disposition)));
	}
}

/* The card does not answer a reset. */
static void fails(void)
{
	DWORD disposition;

	for (disposition = SCARD_RESET_CARD; disposition <= SCARD_UNPOWER_CARD; disposition++) {
		SCARDHANDLE handle = card(SCARD_SHARE_SHARED), other = card(SCARD_SHARE_SHARED);
		struct call connect = { .op = OP_CONNECT, .ctx = context() };
		const char *what = disposition_name(disposition);

		control("fault from 1 on IccPowerOn error FE");
		say(what, "%s", code(SCardDisconnect(handle, disposition)));
		say(print("%s/other", what), "%s", answer_to(other, "00A4000C023F00"));
		say(print("%s/connect", what), "%s", call_now(&connect));
		control("fault clear");
		say(print("%s/connect-again", what), "%s", call_now(&connect));
		SCardDisconnect(other, SCARD_UNPOWER_CARD);
	}
}

static const struct test_case disconnect_cases[] = {
	{ "arguments", arguments, NULL, false },
	{ "shared", shared, NULL, false },
	{ "exclusive", exclusive, NULL, false },
	{ "direct", direct, NULL, false },
	{ "seen-by-direct", seen_by_direct, NULL, false },
	{ "transaction", in_transaction, NULL, false },
	{ "after-reset", after_reset, NULL, false },
	{ "no-card", no_card, NO_CARD, false },
	{ "mute", no_card, "mute", true },
	{ "removed", removed, NULL, true },
	{ "fails", fails, NULL, true },
};

SUBJECT(disconnect);
