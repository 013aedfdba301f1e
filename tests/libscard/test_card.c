// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SCardConnect, SCardReconnect, SCardDisconnect, SCardBeginTransaction, SCardTransmit,
 * SCardCancel: card handles, dispositions, share modes, removal, and calls of other threads on
 * the same handle or context.
 */
#include <errno.h>
#include <signal.h>

#include "test.h"

static void dispositions(void)
{
	static const DWORD all[] = {
		SCARD_LEAVE_CARD, SCARD_RESET_CARD, SCARD_UNPOWER_CARD, SCARD_EJECT_CARD,
	};
	SCARDCONTEXT ctx = establish();
	SCARDHANDLE a, b;
	DWORD state;
	size_t i;

	plug_reader(true);
	for (i = 0; i < 4; i++) {
		a = connect_shared(ctx);
		b = connect_shared(ctx);
		CHECK_EQ(SCardDisconnect(a, all[i]), SCARD_S_SUCCESS);
		CHECK_EQ(send_simple(a), SCARD_E_INVALID_HANDLE);
		CHECK_EQ(send_simple(b), i ? SCARD_W_RESET_CARD : SCARD_S_SUCCESS);
		CHECK_EQ(SCardStatus(b, NULL, NULL, &state, NULL, NULL, NULL),
			 i ? SCARD_W_RESET_CARD : SCARD_S_SUCCESS);
		CHECK_EQ(state, i ? 0 : 0x10034);
		CHECK_EQ(SCardDisconnect(b, SCARD_LEAVE_CARD), SCARD_S_SUCCESS);
	}
	CHECK_EQ(fake_resets(0), 1);
	SCardReleaseContext(ctx);
}

static void transactions(void)
{
	SCARDCONTEXT ctx = establish();
	struct call begin = { .f = call_begin };
	SCARDHANDLE a, b;
	DWORD n = 6;
	BYTE buf[6];

	plug_reader(true);
	a = connect_shared(ctx);
	b = connect_shared(ctx);
	CHECK_EQ(SCardBeginTransaction(a), SCARD_S_SUCCESS);
	CHECK_EQ(SCardBeginTransaction(a), SCARD_S_SUCCESS);
	CHECK_EQ(SCardEndTransaction(b, SCARD_LEAVE_CARD), SCARD_E_SHARING_VIOLATION);
	CHECK_EQ(SCardControl(b, SCARD_CTL_CODE(1), NULL, 0, NULL, 0, NULL),
		 SCARD_E_SHARING_VIOLATION);
	CHECK_EQ(SCardGetAttrib(b, SCARD_ATTR_VENDOR_NAME, buf, &n), SCARD_E_SHARING_VIOLATION);
	n = 6;
	CHECK_EQ(SCardGetAttrib(b, SCARD_ATTR_DEVICE_FRIENDLY_NAME, NULL, &n),
		 SCARD_E_SHARING_VIOLATION);
	begin.card = b;
	start(&begin);
	EVENTUALLY(fake_waiting(0) == 1);
	/* the same context and thread: no call is blocked */
	CHECK_EQ(SCardIsValidContext(ctx), SCARD_S_SUCCESS);
	CHECK_EQ(send_simple(a), SCARD_S_SUCCESS);
	CHECK_EQ(SCardEndTransaction(a, SCARD_LEAVE_CARD), SCARD_S_SUCCESS);
	CHECK(!is_done(&begin));
	CHECK_EQ(SCardEndTransaction(a, SCARD_LEAVE_CARD), SCARD_S_SUCCESS);
	CHECK_EQ(finish(&begin), SCARD_S_SUCCESS);
	CHECK_EQ(SCardEndTransaction(a, SCARD_LEAVE_CARD), SCARD_E_SHARING_VIOLATION);
	/* all handles must acknowledge a disposition of the owner, and so must the owner */
	CHECK_EQ(SCardEndTransaction(b, SCARD_RESET_CARD), SCARD_S_SUCCESS);
	CHECK_EQ(send_simple(a), SCARD_W_RESET_CARD);
	CHECK_EQ(send_simple(b), SCARD_W_RESET_CARD);
	CHECK_EQ(SCardReconnect(a, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, SCARD_LEAVE_CARD, &n),
		 SCARD_S_SUCCESS);
	CHECK_EQ(send_simple(a), SCARD_S_SUCCESS);
	SCardReleaseContext(ctx);
}

static void sharing(void)
{
	SCARDCONTEXT ctx = establish();
	SCARDHANDLE a, b = 7;
	DWORD p;

	plug_reader(true);
	a = connect_shared(ctx);
	CHECK_EQ(SCardConnect(ctx, READER, SCARD_SHARE_EXCLUSIVE, SCARD_PROTOCOL_ANY, &b, &p),
		 SCARD_E_SHARING_VIOLATION);
	CHECK_EQ(b, 0);
	CHECK_EQ(fake_open_files(), 1);
	SCardDisconnect(a, SCARD_LEAVE_CARD);
	a = connect_to(ctx, READER, SCARD_SHARE_EXCLUSIVE);
	CHECK_EQ(SCardConnect(ctx, READER, SCARD_SHARE_DIRECT, 0, &b, &p),
		 SCARD_E_SHARING_VIOLATION);
	CHECK_EQ(SCardReconnect(a, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, SCARD_LEAVE_CARD, &p),
		 SCARD_S_SUCCESS);
	b = connect_shared(ctx);
	CHECK(b);
	SCardReleaseContext(ctx);
}

static void direct_without_card(void)
{
	SCARDCONTEXT ctx = establish();
	SCARDHANDLE card;
	DWORD p = 99, state;

	plug_reader(false);
	CHECK_EQ(SCardConnect(ctx, READER, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, &card, &p),
		 SCARD_E_NO_SMARTCARD);
	CHECK_EQ(SCardConnect(ctx, READER, SCARD_SHARE_DIRECT, 0, &card, &p), SCARD_S_SUCCESS);
	CHECK_EQ(p, 0);
	CHECK_EQ(SCardStatus(card, NULL, NULL, &state, &p, NULL, NULL), SCARD_S_SUCCESS);
	CHECK_EQ(state, SCARD_ABSENT);
	CHECK_EQ(send_simple(card), SCARD_E_NO_SMARTCARD);
	fake_insert(0);
	CHECK_EQ(SCardStatus(card, NULL, NULL, &state, &p, NULL, NULL), SCARD_S_SUCCESS);
	CHECK_EQ(state, 0x10034);
	SCardReleaseContext(ctx);
}

static void mute_card(void)
{
	SCARDCONTEXT ctx = establish();
	SCARDHANDLE card, other;
	DWORD p, state;

	plug_reader(true);
	other = connect_shared(ctx);
	fake_fail_power(0, EREMOTEIO);
	/* the handle is gone though the disposition failed */
	CHECK_EQ(SCardDisconnect(other, SCARD_RESET_CARD), SCARD_W_UNRESPONSIVE_CARD);
	CHECK_EQ(SCardDisconnect(other, SCARD_RESET_CARD), SCARD_E_INVALID_HANDLE);
	CHECK_EQ(fake_open_files(), 0);
	CHECK_EQ(SCardConnect(ctx, READER, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, &card, &p),
		 SCARD_W_UNRESPONSIVE_CARD);
	card = connect_to(ctx, READER, SCARD_SHARE_DIRECT);
	CHECK_EQ(SCardStatus(card, NULL, NULL, &state, NULL, NULL, NULL), SCARD_S_SUCCESS);
	CHECK_EQ(state, 0x10000 | SCARD_PRESENT | SCARD_SWALLOWED);
	fake_fail_power(0, ETIMEDOUT);
	CHECK_EQ(SCardReconnect(card, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, SCARD_RESET_CARD, &p),
		 SCARD_W_UNRESPONSIVE_CARD);
	SCardReleaseContext(ctx);
}

static void removal(void)
{
	SCARDCONTEXT ctx = establish();
	struct call begin = { .f = call_begin };
	SCARDHANDLE a, b;
	DWORD p;

	plug_reader(true);
	a = connect_shared(ctx);
	b = connect_shared(ctx);
	SCardBeginTransaction(a);
	begin.card = b;
	start(&begin);
	EVENTUALLY(fake_waiting(0) == 1);
	fake_remove(0);
	CHECK_EQ(finish(&begin), SCARD_W_REMOVED_CARD);
	CHECK_EQ(SCardEndTransaction(a, SCARD_LEAVE_CARD), SCARD_W_REMOVED_CARD);
	fake_insert(0);
	CHECK_EQ(send_simple(a), SCARD_W_REMOVED_CARD);
	CHECK_EQ(SCardReconnect(a, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, SCARD_LEAVE_CARD, &p),
		 SCARD_S_SUCCESS);
	CHECK_EQ(send_simple(a), SCARD_S_SUCCESS);
	CHECK_EQ(SCardDisconnect(b, SCARD_RESET_CARD), SCARD_S_SUCCESS);
	SCardReleaseContext(ctx);
}

static void unplug_with_handles(void)
{
	SCARDCONTEXT ctx = establish();
	struct call begin = { .f = call_begin };
	SCARDHANDLE a, b, c;
	DWORD n;

	plug_reader(true);
	a = connect_shared(ctx);
	b = connect_shared(ctx);
	SCardBeginTransaction(a);
	begin.card = b;
	start(&begin);
	EVENTUALLY(fake_waiting(0) == 1);
	fake_unplug(0);
	CHECK_EQ(finish(&begin), SCARD_E_READER_UNAVAILABLE);
	CHECK_EQ(send_simple(a), SCARD_E_READER_UNAVAILABLE);
	CHECK_EQ(SCardStatus(a, NULL, NULL, NULL, NULL, NULL, NULL), SCARD_E_READER_UNAVAILABLE);
	CHECK_EQ(SCardReconnect(a, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, SCARD_RESET_CARD, &n),
		 SCARD_E_READER_UNAVAILABLE);
	CHECK_EQ(SCardConnect(ctx, READER, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, &c, &n),
		 SCARD_E_UNKNOWN_READER);
	/* a new reader of the same name: the old handles stay invalid */
	plug_reader(true);
	c = connect_shared(ctx);
	CHECK_EQ(send_simple(c), SCARD_S_SUCCESS);
	CHECK_EQ(send_simple(a), SCARD_E_READER_UNAVAILABLE);
	CHECK_EQ(SCardDisconnect(a, SCARD_RESET_CARD), SCARD_S_SUCCESS);
	CHECK_EQ(SCardDisconnect(a, SCARD_RESET_CARD), SCARD_E_INVALID_HANDLE);
	CHECK_EQ(SCardDisconnect(b, SCARD_LEAVE_CARD), SCARD_S_SUCCESS);
	SCardReleaseContext(ctx);
}

/* The number of a reader belongs to another reader since its name was looked up. */
static void number_reused(void)
{
	const struct fake_reader other = { .name = "Other Reader", .index = 1, .card = true };
	SCARDCONTEXT ctx = establish();
	SCARDHANDLE card;
	DWORD n;

	plug_reader(true);
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_S_SUCCESS);
	fake_unplug(0);
	fake_plug(&other);
	CHECK_EQ(SCardConnect(ctx, READER, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, &card, &n),
		 SCARD_E_UNKNOWN_READER);
	CHECK_EQ(fake_open_files(), 0);
	card = connect_to(ctx, "Other Reader 01 00", SCARD_SHARE_SHARED);
	CHECK_EQ(send_simple(card), SCARD_S_SUCCESS);
	SCardReleaseContext(ctx);
}

/* SCardCancel ends waiting calls, and does not affect later ones. */
static void cancel_waits(void)
{
	static LONG (*const calls[])(struct call *) = {
		call_begin, call_status, call_transmit, call_reconnect, call_disconnect,
		call_connect,
	};
	SCARDCONTEXT ctx = establish(), other = establish();
	struct call c = { .arg = SCARD_SHARE_SHARED };
	SCARDHANDLE owner;
	size_t i;

	plug_reader(true);
	owner = connect_shared(other);
	c.ctx = ctx;
	c.card = connect_shared(ctx);
	SCardBeginTransaction(owner);
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		CHECK_EQ(SCardCancel(ctx), SCARD_S_SUCCESS);	/* no call to cancel */
		c.f = calls[i];
		start(&c);
		EVENTUALLY(fake_waiting(0) == 1);
		CHECK_EQ(SCardCancel(other), SCARD_S_SUCCESS);
		test_pause();
		CHECK(!is_done(&c));
		CHECK_EQ(SCardCancel(ctx), SCARD_S_SUCCESS);
		CHECK_EQ(finish(&c), SCARD_E_CANCELLED);
	}
	CHECK_EQ(c.card, 0);
	CHECK_EQ(fake_open_files(), 2);
	CHECK_EQ(SCardEndTransaction(owner, SCARD_LEAVE_CARD), SCARD_S_SUCCESS);
	CHECK_EQ(fake_handles(0), 2);
	SCardReleaseContext(ctx);
	SCardReleaseContext(other);
}

static void interrupted_waits(void)
{
	SCARDCONTEXT ctx = establish();
	struct call begin = { .f = call_begin };
	SCARDHANDLE owner;

	plug_reader(true);
	owner = connect_shared(ctx);
	begin.card = connect_shared(ctx);
	SCardBeginTransaction(owner);
	fake_interrupt(5);
	start(&begin);
	EVENTUALLY(fake_waiting(0) == 1);
	CHECK_EQ(SCardEndTransaction(owner, SCARD_LEAVE_CARD), SCARD_S_SUCCESS);
	CHECK_EQ(finish(&begin), SCARD_S_SUCCESS);
	SCardReleaseContext(ctx);
}

/* SCardCancel does not end an APDU on the wire, which blocks only calls that need the card. */
static void cancel_on_the_wire(void)
{
	SCARDCONTEXT ctx = establish();
	struct call c = { .f = call_transmit };
	DWORD n;

	plug_reader(true);
	c.card = connect_shared(ctx);
	fake_hold(0, true);
	start(&c);
	EVENTUALLY(fake_waiting(0) == 1);
	CHECK_EQ(SCardCancel(ctx), SCARD_S_SUCCESS);
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_S_SUCCESS);
	CHECK_EQ(SCardStatus(c.card, NULL, NULL, NULL, NULL, NULL, NULL), SCARD_S_SUCCESS);
	CHECK(!is_done(&c));
	fake_hold(0, false);
	CHECK_EQ(finish(&c), SCARD_S_SUCCESS);
	SCardReleaseContext(ctx);
}

static void disconnect_under_a_call(void)
{
	SCARDCONTEXT ctx = establish();
	struct call begin = { .f = call_begin }, sending = { .f = call_transmit };
	SCARDHANDLE owner;

	plug_reader(true);
	owner = connect_shared(ctx);
	begin.card = connect_shared(ctx);
	SCardBeginTransaction(owner);
	start(&begin);
	EVENTUALLY(fake_waiting(0) == 1);
	CHECK_EQ(SCardDisconnect(begin.card, SCARD_LEAVE_CARD), SCARD_S_SUCCESS);
	CHECK_EQ(finish(&begin), SCARD_E_INVALID_HANDLE);
	CHECK_EQ(fake_open_files(), 1);

	sending.card = owner;
	fake_hold(0, true);
	start(&sending);
	EVENTUALLY(fake_waiting(0) == 1);
	CHECK_EQ(SCardDisconnect(owner, SCARD_LEAVE_CARD), SCARD_S_SUCCESS);
	CHECK_EQ(SCardStatus(owner, NULL, NULL, NULL, NULL, NULL, NULL), SCARD_E_INVALID_HANDLE);
	fake_hold(0, false);
	CHECK_EQ(finish(&sending), SCARD_S_SUCCESS);
	CHECK_EQ(fake_open_files(), 0);
	SCardReleaseContext(ctx);
}

static void release_under_calls(void)
{
	SCARDCONTEXT ctx = establish(), other = establish();
	struct call begin = { .f = call_begin }, sending = { .f = call_transmit };
	struct call connecting = { .f = call_connect, .arg = SCARD_SHARE_SHARED };
	SCARDHANDLE owner;

	plug_reader(true);
	owner = connect_shared(other);
	begin.card = connect_shared(ctx);
	SCardBeginTransaction(owner);
	start(&begin);
	connecting.ctx = ctx;
	start(&connecting);
	EVENTUALLY(fake_waiting(0) == 2);
	CHECK_EQ(SCardReleaseContext(ctx), SCARD_S_SUCCESS);
	CHECK_EQ(finish(&begin), SCARD_E_CANCELLED);
	CHECK_EQ(finish(&connecting), SCARD_E_CANCELLED);
	CHECK_EQ(fake_open_files(), 1);
	CHECK_EQ(send_simple(owner), SCARD_S_SUCCESS);

	/* the call does not wait for the command on the wire */
	sending.card = owner;
	fake_hold(0, true);
	start(&sending);
	EVENTUALLY(fake_waiting(0) == 1);
	CHECK_EQ(SCardReleaseContext(other), SCARD_S_SUCCESS);
	CHECK(!is_done(&sending));
	CHECK_EQ(fake_handles(0), 1);
	fake_hold(0, false);
	CHECK_EQ(finish(&sending), SCARD_S_SUCCESS);
	CHECK_EQ(fake_handles(0), 0);
}

/* SCardReleaseContext closes each handle as the exit of the process would. */
static void release_resets(void)
{
	SCARDCONTEXT ctx = establish(), other = establish();
	SCARDHANDLE card, witness;
	DWORD n = 16;
	BYTE buf[16];

	plug_reader(true);
	card = connect_shared(ctx);
	witness = connect_shared(other);
	CHECK_EQ(transmit(card, "\x00\x20", 2, buf, &n), SCARD_S_SUCCESS);
	CHECK(fake_verified(0));
	CHECK_EQ(SCardReleaseContext(ctx), SCARD_S_SUCCESS);
	CHECK(!fake_verified(0));
	CHECK_EQ(fake_resets(0), 1);
	CHECK_EQ(send_simple(card), SCARD_E_INVALID_HANDLE);
	CHECK_EQ(send_simple(witness), SCARD_W_RESET_CARD);
	SCardReleaseContext(other);
	/* the other handle has sent nothing since that reset */
	CHECK_EQ(fake_resets(0), 1);
}

static void many_handles(void)
{
	static SCARDHANDLE cards[1000];
	SCARDCONTEXT ctx = establish();
	size_t i, j;

	plug_reader(true);
	for (i = 0; i < 1000; i++)
		cards[i] = connect_shared(ctx);
	for (i = 0; i < 1000; i++) {
		for (j = 0; j < i; j++)
			if (cards[i] == cards[j])
				CHECK(!"two handles have one number");
		CHECK_EQ(send_simple(cards[i]), SCARD_S_SUCCESS);
	}
	for (i = 0; i < 1000; i += 2)
		CHECK_EQ(SCardDisconnect(cards[i], SCARD_LEAVE_CARD), SCARD_S_SUCCESS);
	for (i = 0; i < 1000; i++)
		CHECK_EQ(send_simple(cards[i]), i % 2 ? SCARD_S_SUCCESS : SCARD_E_INVALID_HANDLE);
	SCardReleaseContext(ctx);
}

static LONG hammer(struct call *c)
{
	int i;

	for (i = 0; i < 200; i++) {
		SCARDCONTEXT ctx = establish();
		SCARDHANDLE card = connect_shared(ctx);

		SCardBeginTransaction(card);
		send_simple(card);
		SCardEndTransaction(card, i % 3 ? SCARD_LEAVE_CARD : SCARD_RESET_CARD);
		if (i % 2)
			SCardDisconnect(card, i % 5 ? SCARD_LEAVE_CARD : SCARD_RESET_CARD);
		SCardReleaseContext(ctx);
	}
	return c->arg;
}

static LONG hammer_one(struct call *c)
{
	int i;

	for (i = 0; i < 500; i++) {
		send_simple(c->card);
		SCardCancel(c->ctx);
		SCardStatus(c->card, NULL, NULL, NULL, NULL, NULL, NULL);
	}
	return SCARD_S_SUCCESS;
}

static void threads(void)
{
	SCARDCONTEXT ctx = establish();
	struct call c[6];
	size_t i;

	plug_reader(true);
	for (i = 0; i < 6; i++) {
		c[i] = (struct call){ .f = i < 3 ? hammer : hammer_one, .ctx = ctx };
		c[i].card = connect_shared(ctx);
	}
	for (i = 0; i < 6; i++)
		start(&c[i]);
	EVENTUALLY(is_done(&c[5]));
	SCardReleaseContext(ctx);
	for (i = 0; i < 6; i++)
		finish(&c[i]);
	CHECK_EQ(fake_handles(0), 0);
}

const struct test card_tests[] = {
	{ "dispositions of SCardDisconnect", dispositions },
	{ "transactions", transactions },
	{ "share modes", sharing },
	{ "DIRECT without a card", direct_without_card },
	{ "a card that is mute", mute_card },
	{ "a card that is removed", removal },
	{ "a reader that is unplugged", unplug_with_handles },
	{ "another reader under the same number", number_reused },
	{ "SCardCancel ends every wait", cancel_waits },
	{ "waits go on after a signal", interrupted_waits },
	{ "a command on the wire is not cancelled", cancel_on_the_wire },
	{ "SCardDisconnect under another thread's call", disconnect_under_a_call },
	{ "SCardReleaseContext under other threads' calls", release_under_calls },
	{ "SCardReleaseContext resets", release_resets },
	{ "a thousand handles", many_handles },
	{ "threads on one card and one context", threads },
	{ NULL, NULL }
};
