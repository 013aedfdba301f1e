// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PCSCLITE_NO_BLOCKING: calls return SCARD_E_SHARING_VIOLATION in another handle's transaction;
 * SCardConnect and SCardBeginTransaction wait.
 */
#include <stdlib.h>

#include "test.h"

static SCARDCONTEXT establish_no_blocking(void)
{
	SCARDCONTEXT ctx;

	setenv("PCSCLITE_NO_BLOCKING", "", 1);
	ctx = establish();
	unsetenv("PCSCLITE_NO_BLOCKING");
	return ctx;
}

static LONG reconnect(SCARDHANDLE card, DWORD mode)
{
	struct call c = { .card = card, .arg = mode };

	return call_reconnect(&c);
}

static void refuses(void)
{
	SCARDCONTEXT ctx = establish_no_blocking(), other_ctx = establish();
	SCARDHANDLE card, other;
	struct call c = { .f = call_begin };
	DWORD n;

	plug_reader(true);
	card = connect_shared(ctx);
	other = connect_shared(other_ctx);
	CHECK_EQ(SCardBeginTransaction(other), SCARD_S_SUCCESS);
	CHECK_EQ(SCardStatus(card, NULL, NULL, NULL, NULL, NULL, NULL), SCARD_E_SHARING_VIOLATION);
	CHECK_EQ(send_simple(card), SCARD_E_SHARING_VIOLATION);
	CHECK_EQ(reconnect(card, SCARD_SHARE_SHARED), SCARD_E_SHARING_VIOLATION);
	CHECK_EQ(reconnect(card, SCARD_SHARE_EXCLUSIVE), SCARD_E_SHARING_VIOLATION);
	CHECK_EQ(fake_waiting(0), 0);
	/* as always: Begin waits */
	c.card = card;
	start(&c);
	EVENTUALLY(fake_waiting(0) == 1);
	CHECK_EQ(SCardEndTransaction(other, SCARD_LEAVE_CARD), SCARD_S_SUCCESS);
	CHECK_EQ(finish(&c), SCARD_S_SUCCESS);
	/* the handle's own transaction does not count */
	CHECK_EQ(send_simple(card), SCARD_S_SUCCESS);
	CHECK_EQ(reconnect(card, SCARD_SHARE_SHARED), SCARD_S_SUCCESS);
	CHECK_EQ(SCardEndTransaction(card, SCARD_LEAVE_CARD), SCARD_S_SUCCESS);
	CHECK_EQ(SCardStatus(card, NULL, NULL, NULL, NULL, NULL, NULL), SCARD_S_SUCCESS);
	/* EXCLUSIVE fails while another handle is connected, and succeeds at once afterwards */
	CHECK_EQ(reconnect(card, SCARD_SHARE_EXCLUSIVE), SCARD_E_SHARING_VIOLATION);
	CHECK_EQ(SCardDisconnect(other, SCARD_LEAVE_CARD), SCARD_S_SUCCESS);
	CHECK_EQ(reconnect(card, SCARD_SHARE_EXCLUSIVE), SCARD_S_SUCCESS);
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_S_SUCCESS);
	SCardReleaseContext(ctx);
	SCardReleaseContext(other_ctx);
}

static void connect_waits(void)
{
	SCARDCONTEXT ctx = establish_no_blocking(), other_ctx = establish();
	struct call c = { .f = call_connect, .arg = SCARD_SHARE_SHARED };
	SCARDHANDLE other;

	plug_reader(true);
	other = connect_shared(other_ctx);
	CHECK_EQ(SCardBeginTransaction(other), SCARD_S_SUCCESS);
	c.ctx = ctx;
	start(&c);
	EVENTUALLY(fake_waiting(0) == 1);
	CHECK_EQ(SCardEndTransaction(other, SCARD_LEAVE_CARD), SCARD_S_SUCCESS);
	CHECK_EQ(finish(&c), SCARD_S_SUCCESS);
	SCardReleaseContext(ctx);
	SCardReleaseContext(other_ctx);
}

/* A command on the wire is not a transaction: other calls wait for it. */
static void waits_for_a_command(void)
{
	SCARDCONTEXT ctx = establish_no_blocking(), other_ctx = establish();
	struct call mine = { .f = call_transmit }, others = { .f = call_transmit };

	plug_reader(true);
	mine.card = connect_shared(ctx);
	others.card = connect_shared(other_ctx);
	fake_hold(0, true);
	start(&others);
	EVENTUALLY(fake_waiting(0) == 1);
	start(&mine);
	EVENTUALLY(fake_waiting(0) == 2);
	fake_hold(0, false);
	CHECK_EQ(finish(&mine), SCARD_S_SUCCESS);
	CHECK_EQ(finish(&others), SCARD_S_SUCCESS);
	SCardReleaseContext(ctx);
	SCardReleaseContext(other_ctx);
}

/*
 * A thread waits in Begin while a command of another thread on the same handle has set
 * O_NONBLOCK.
 */
static void threads(void)
{
	SCARDCONTEXT ctx = establish_no_blocking();
	struct call command = { .f = call_transmit }, begin = { .f = call_begin };
	int i;

	plug_reader(true);
	command.card = begin.card = connect_shared(ctx);
	fake_hold(0, true);
	start(&command);
	EVENTUALLY(fake_waiting(0) == 1);
	start(&begin);
	for (i = 0; i < 50; i++)
		test_pause();
	CHECK(!is_done(&begin));
	fake_hold(0, false);
	CHECK_EQ(finish(&command), SCARD_S_SUCCESS);
	CHECK_EQ(finish(&begin), SCARD_S_SUCCESS);
	CHECK_EQ(SCardEndTransaction(begin.card, SCARD_LEAVE_CARD), SCARD_S_SUCCESS);
	SCardReleaseContext(ctx);
}

const struct test no_blocking_tests[] = {
	{ "PCSCLITE_NO_BLOCKING: a transaction is not waited for", refuses },
	{ "PCSCLITE_NO_BLOCKING: SCardConnect waits for it", connect_waits },
	{ "PCSCLITE_NO_BLOCKING: a command on the wire is waited for", waits_for_a_command },
	{ "PCSCLITE_NO_BLOCKING: other threads of the handle wait", threads },
	{ NULL, NULL }
};
