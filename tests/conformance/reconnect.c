// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SCardReconnect: share modes, protocols, dwInitialization.
 */
#include "conformance.h"

static const DWORD modes[] = { 0, SCARD_SHARE_EXCLUSIVE, SCARD_SHARE_SHARED, SCARD_SHARE_DIRECT,
			       4 };

static void one(const char *what, SCARDHANDLE handle, DWORD mode, DWORD wanted, DWORD disposition)
{
	DWORD protocol = 0x77;
	LONG ret = SCardReconnect(handle, mode, wanted, disposition, &protocol);

	say(what, "%s %s", code(ret),
	    protocol == 0x77 ? "protocol untouched" : protocol_name(protocol));
}

/* From each share mode to each, with each disposition, alone */
static void matrix(void)
{
	DWORD from, disposition;
	size_t i;

	for (from = 1; from <= SCARD_SHARE_DIRECT; from++) {
		for (i = 0; i < COUNT(modes); i++) {
			bool bad_mode =
				modes[i] < SCARD_SHARE_EXCLUSIVE || modes[i] > SCARD_SHARE_DIRECT;

			if (bad_mode && from != SCARD_SHARE_SHARED)
				continue;
			for (disposition = 0; disposition <= (bad_mode ? SCARD_LEAVE_CARD : 4);
			     disposition++) {
				SCARDHANDLE handle = card(from);
				const char *what =
					print("%s-to-%s/%s", share_name(from), share_name(modes[i]),
					      disposition_name(disposition));
				struct call other = { .op = OP_CONNECT, .ctx = context() };

				one(what, handle, modes[i], SCARD_PROTOCOL_ANY, disposition);
				say(print("%s/status", what), "%s",
				    call_now(&(struct call){ .op = OP_STATUS, .card = handle }));
				if (disposition == SCARD_LEAVE_CARD) {
					call_begin(&other);
					say(print("%s/other", what), "%s",
					    call_done(&other, WAITS_MS) ? other.result : "waits");
				}
				SCardDisconnect(handle, SCARD_UNPOWER_CARD);
				if (disposition == SCARD_LEAVE_CARD)
					call_result(&other);
				clean_up();
			}
		}
	}
}

static void protocols(void)
{
	static const DWORD protocol[] = { 0, 1, 2, 3, 4, 5, 7, 8, 0x1000, 0x10000, 0x100000001 };
	DWORD disposition;
	size_t i;

	for (disposition = 0; disposition <= SCARD_UNPOWER_CARD; disposition++) {
		for (i = 0; i < COUNT(protocol); i++) {
			SCARDHANDLE handle = card_with(SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0);

			one(print("%s/%lx", disposition_name(disposition), protocol[i]), handle,
			    SCARD_SHARE_SHARED, protocol[i], disposition);
			SCardDisconnect(handle, SCARD_UNPOWER_CARD);
		}
	}
}

static void order(void)
{
	SCARDHANDLE handle = card(SCARD_SHARE_SHARED);

	say("no-protocol", "%s", code(SCardReconnect(handle, 2, 3, 0, NULL)));
	say("no-protocol-bad-handle", "%s", code(SCardReconnect(0, 2, 3, 0, NULL)));
	one("bad-handle", 0, 2, 3, 0);
	one("bad-handle-bad-mode", 0, 9, 3, 0);
	one("bad-mode-no-protocols", handle, 9, 0, 0);
	one("bad-mode-bad-disposition", handle, 9, 3, 9);
	one("no-protocols-bad-disposition", handle, 2, 0, 9);
	one("still-connected", handle, 2, 3, 0);
}

/* The results for the caller, for another handle, and for the card */
static void dispositions(void)
{
	DWORD disposition;

	for (disposition = 0; disposition <= SCARD_UNPOWER_CARD; disposition++) {
		SCARDHANDLE mine = card(SCARD_SHARE_SHARED), other = card(SCARD_SHARE_SHARED);
		const char *what = disposition_name(disposition);

		answer_to(mine, "002000010431323334");
		say(print("%s/before", what), "%s", card_life(mine));
		one(what, mine, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, disposition);
		say(print("%s/mine", what), "%s", card_life(mine));
		say(print("%s/other", what), "%s", card_life(other));
		one(print("%s/other-reconnects", what), other, SCARD_SHARE_SHARED,
		    SCARD_PROTOCOL_ANY, SCARD_LEAVE_CARD);
		say(print("%s/other-then", what), "%s", card_life(other));
		SCardDisconnect(mine, SCARD_UNPOWER_CARD);
		SCardDisconnect(other, SCARD_UNPOWER_CARD);
	}
}

/* Reconnect as EXCLUSIVE while others are connected */
static void exclusive_shared(void)
{
	SCARDHANDLE mine = card(SCARD_SHARE_SHARED), other = card(SCARD_SHARE_SHARED);
	struct call c = { .op = OP_RECONNECT, .card = mine, .mode = SCARD_SHARE_EXCLUSIVE };

	call_begin(&c);
	say("first", "%s", call_done(&c, WAITS_MS) ? c.result : "waits");
	say("other-disconnects", "%s", code(SCardDisconnect(other, SCARD_LEAVE_CARD)));
	say("then", "%s", call_result(&c));
}

/* Does a transaction survive a reconnect? */
static void in_transaction(void)
{
	DWORD disposition;

	for (disposition = 0; disposition <= SCARD_UNPOWER_CARD; disposition++) {
		SCARDHANDLE mine = card(SCARD_SHARE_SHARED);
		const char *what = disposition_name(disposition);

		SCardBeginTransaction(mine);
		one(what, mine, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, disposition);
		say(print("%s/end", what), "%s", code(SCardEndTransaction(mine, SCARD_LEAVE_CARD)));
		say(print("%s/end-again", what), "%s",
		    code(SCardEndTransaction(mine, SCARD_LEAVE_CARD)));
		SCardDisconnect(mine, SCARD_UNPOWER_CARD);
	}
}

/* Reconnect a DIRECT handle in a mode that speaks to the card */
static void from_direct(void)
{
	SCARDHANDLE handle = card_with(SCARD_SHARE_DIRECT, 0);

	say("before", "%s", answer_to(handle, "00A4000C023F00"));
	one("shared", handle, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0, SCARD_LEAVE_CARD);
	say("after", "%s", answer_to(handle, "00A4000C023F00"));
	one("direct", handle, SCARD_SHARE_DIRECT, 0, SCARD_LEAVE_CARD);
	say("again", "%s", answer_to(handle, "00A4000C023F00"));
}

static void no_card(void)
{
	SCARDHANDLE handle = card_with(SCARD_SHARE_DIRECT, 0);
	DWORD disposition, mode;

	for (mode = 1; mode <= SCARD_SHARE_DIRECT; mode++) {
		for (disposition = 0; disposition <= SCARD_UNPOWER_CARD; disposition++)
			one(print("%s/%s", share_name(mode), disposition_name(disposition)), handle,
			    mode, SCARD_PROTOCOL_ANY, disposition);
	}
}

static const struct test_case reconnect_cases[] = {
	{ "mode", matrix, NULL, false },
	{ "protocol", protocols, NULL, false },
	{ "order", order, NULL, false },
	{ "disposition", dispositions, NULL, false },
	{ "exclusive", exclusive_shared, NULL, false },
	{ "transaction", in_transaction, NULL, false },
	{ "from-direct", from_direct, NULL, false },
	{ "no-card", no_card, NO_CARD, false },
	{ "mute", no_card, "mute", true },
};

SUBJECT(reconnect);
