// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SCardBeginTransaction, SCardEndTransaction.
 */
#include <string.h>

#include "conformance.h"

static void nesting(void)
{
	SCARDHANDLE handle = card(SCARD_SHARE_SHARED);
	int i;

	say("end-without", "%s", code(SCardEndTransaction(handle, SCARD_LEAVE_CARD)));
	for (i = 1; i <= 3; i++)
		say(print("begin-%d", i), "%s", code(SCardBeginTransaction(handle)));
	for (i = 3; i >= 0; i--)
		say(print("end-%d", i), "%s", code(SCardEndTransaction(handle, SCARD_LEAVE_CARD)));
}

/* Does the transaction last after the inner end, and after the outer end? */
static void nested_lock(void)
{
	SCARDHANDLE mine = card(SCARD_SHARE_SHARED);
	struct call c = { .op = OP_BEGIN, .card = card(SCARD_SHARE_SHARED) };

	SCardBeginTransaction(mine);
	SCardBeginTransaction(mine);
	SCardEndTransaction(mine, SCARD_LEAVE_CARD);
	call_begin(&c);
	say("inner-end", "%s", call_done(&c, WAITS_MS) ? c.result : "waits");
	SCardEndTransaction(mine, SCARD_LEAVE_CARD);
	say("outer-end", "%s", call_result(&c));
}

static void dispositions(void)
{
	DWORD disposition;

	for (disposition = 0; disposition <= 4; disposition++) {
		SCARDHANDLE mine = card(SCARD_SHARE_SHARED);
		const char *what = disposition_name(disposition);
		DWORD protocol;

		answer_to(mine, "002000010431323334");
		SCardBeginTransaction(mine);
		say(print("%s/end", what), "%s", code(SCardEndTransaction(mine, disposition)));
		say(print("%s/mine", what), "%s", card_life(mine));
		say(print("%s/end-again", what), "%s",
		    code(SCardEndTransaction(mine, SCARD_LEAVE_CARD)));
		say(print("%s/reconnect", what), "%s", code(SCardReconnect(mine, SCARD_SHARE_SHARED,
				SCARD_PROTOCOL_ANY, SCARD_LEAVE_CARD, &protocol)));
		say(print("%s/then", what), "%s", card_life(mine));
		say(print("%s/then-end", what), "%s",
		    code(SCardEndTransaction(mine, SCARD_LEAVE_CARD)));
		SCardDisconnect(mine, SCARD_UNPOWER_CARD);
	}
}

/* Does an end without a transaction change the card? */
static void without(void)
{
	DWORD disposition;

	for (disposition = 0; disposition <= 4; disposition++) {
		SCARDHANDLE mine = card(SCARD_SHARE_SHARED);
		const char *what = disposition_name(disposition);

		answer_to(mine, "002000010431323334");
		say(what, "%s", code(SCardEndTransaction(mine, disposition)));
		say(print("%s/then", what), "%s", card_life(mine));
		SCardDisconnect(mine, SCARD_UNPOWER_CARD);
	}
}

/* An inner end with a reset */
static void inner_reset(void)
{
	SCARDHANDLE mine = card(SCARD_SHARE_SHARED);
	struct call c = { .op = OP_STATUS, .card = card(SCARD_SHARE_SHARED) };

	SCardBeginTransaction(mine);
	SCardBeginTransaction(mine);
	say("inner", "%s", code(SCardEndTransaction(mine, SCARD_RESET_CARD)));
	call_begin(&c);
	say("other-between", "%s", call_done(&c, WAITS_MS) ? c.result : "waits");
	say("outer", "%s", code(SCardEndTransaction(mine, SCARD_LEAVE_CARD)));
	say("other-after", "%s", call_done(&c, WAITS_MS) ? c.result : "waits");
	SCardDisconnect(mine, SCARD_LEAVE_CARD);
	say("other-at-last", "%s", call_result(&c));
}

/* Every call of another handle during a transaction, and the result of the calls that wait */
static void during(DWORD mode)
{
	SCARDHANDLE owner = card(mode);
	struct call calls[OP_HANDLES + 1];
	int op;

	memset(calls, 0, sizeof(calls));
	for (op = 0; op <= OP_CONNECT; op++) {
		calls[op].op = op;
		calls[op].ctx = context();
		if (op != OP_CONNECT)
			calls[op].card = card_of(calls[op].ctx, SCARD_SHARE_SHARED);
	}
	SCardBeginTransaction(owner);
	for (op = 0; op <= OP_CONNECT; op++)
		call_begin(&calls[op]);
	pause_ms(WAITS_MS);
	for (op = 0; op <= OP_CONNECT; op++)
		say(print("during/%s", op_names[op]), "%s",
		    call_done(&calls[op], 0) ? calls[op].result : "waits");
	say("end", "%s", code(SCardEndTransaction(owner, SCARD_LEAVE_CARD)));
	for (op = 0; op <= OP_CONNECT; op++)
		say(print("after/%s", op_names[op]), "%s", call_result(&calls[op]));
}

static void during_shared(void)
{
	during(SCARD_SHARE_SHARED);
}

static void during_direct(void)
{
	during(SCARD_SHARE_DIRECT);
}

/* Results of waiting calls, for each disposition at the end of the transaction */
static void waiters_at(const char *what, DWORD disposition, bool disconnect)
{
	static const enum op ops[] = { OP_BEGIN, OP_STATUS, OP_TRANSMIT, OP_RECONNECT, OP_CONNECT };
	SCARDHANDLE owner = card(SCARD_SHARE_SHARED);
	struct call calls[COUNT(ops)];
	size_t i;

	memset(calls, 0, sizeof(calls));
	for (i = 0; i < COUNT(ops); i++) {
		calls[i].op = ops[i];
		calls[i].ctx = context();
		if (ops[i] != OP_CONNECT)
			calls[i].card = card_of(calls[i].ctx, SCARD_SHARE_SHARED);
	}
	SCardBeginTransaction(owner);
	for (i = 0; i < COUNT(ops); i++)
		call_begin(&calls[i]);
	pause_ms(WAITS_MS);
	say(what, "%s", code(disconnect ? SCardDisconnect(owner, disposition) :
			     SCardEndTransaction(owner, disposition)));
	for (i = 0; i < COUNT(ops); i++)
		say(print("%s/%s", what, op_names[ops[i]]), "%s", call_result(&calls[i]));
	if (!disconnect)
		SCardDisconnect(owner, SCARD_LEAVE_CARD);
	clean_up();
}

static void waiters(void)
{
	DWORD disposition;

	for (disposition = 0; disposition <= SCARD_UNPOWER_CARD; disposition++) {
		waiters_at(print("end-%s", disposition_name(disposition)), disposition, false);
		waiters_at(print("disconnect-%s", disposition_name(disposition)), disposition,
			   true);
	}
}

static void waiters_removed(void)
{
	SCARDHANDLE owner = card(SCARD_SHARE_SHARED);
	struct call begin = { .op = OP_BEGIN, .card = card(SCARD_SHARE_SHARED) };
	struct call connect = { .op = OP_CONNECT, .ctx = context() };

	SCardBeginTransaction(owner);
	call_begin(&begin);
	call_begin(&connect);
	pause_ms(WAITS_MS);
	control("remove");
	card_is(SCARD_STATE_EMPTY);
	say("begin", "%s", call_result(&begin));
	say("connect", "%s", call_result(&connect));
	say("end", "%s", code(SCardEndTransaction(owner, SCARD_LEAVE_CARD)));
	say("disconnect", "%s", code(SCardDisconnect(owner, SCARD_LEAVE_CARD)));
}

/* Another handle disconnects during a transaction */
static void others_disconnect(void)
{
	DWORD disposition;

	for (disposition = 0; disposition <= SCARD_EJECT_CARD; disposition++) {
		SCARDHANDLE owner = card(SCARD_SHARE_SHARED);
		struct call c = { .op = OP_DISCONNECT, .card = card(SCARD_SHARE_SHARED),
				  .disposition = disposition };
		const char *what = disposition_name(disposition);

		SCardBeginTransaction(owner);
		call_begin(&c);
		say(what, "%s", call_done(&c, WAITS_MS) ? c.result : "waits");
		say(print("%s/owner", what), "%s", answer_to(owner, "00A4000C023F00"));
		say(print("%s/end", what), "%s",
		    code(SCardEndTransaction(owner, SCARD_LEAVE_CARD)));
		say(print("%s/then", what), "%s", call_result(&c));
		say(print("%s/owner-then", what), "%s", answer_to(owner, "00A4000C023F00"));
		SCardDisconnect(owner, SCARD_UNPOWER_CARD);
	}
}

/* The same in the context of the owner: can the call be ended? */
static void same_context(void)
{
	SCARDCONTEXT ctx = context();
	SCARDHANDLE owner = card_of(ctx, SCARD_SHARE_SHARED),
		    other = card_of(ctx, SCARD_SHARE_SHARED);
	struct call c = { .op = OP_BEGIN, .card = other };
	struct call end = { .op = OP_END, .card = owner };

	SCardBeginTransaction(owner);
	call_begin(&c);
	say("begin", "%s", call_done(&c, WAITS_MS) ? c.result : "waits");
	call_begin(&end);
	say("end", "%s", call_done(&end, WAITS_MS) ? end.result : "waits");
	if (!call_done(&end, 0)) {
		context_is_stuck();
		return;
	}
	say("then", "%s", call_result(&c));
}

static void exclusive(void)
{
	SCARDHANDLE handle = card(SCARD_SHARE_EXCLUSIVE);

	say("end-without", "%s", code(SCardEndTransaction(handle, SCARD_LEAVE_CARD)));
	say("begin", "%s", code(SCardBeginTransaction(handle)));
	say("end", "%s", code(SCardEndTransaction(handle, SCARD_LEAVE_CARD)));
	say("end-again", "%s", code(SCardEndTransaction(handle, SCARD_LEAVE_CARD)));
}

static void no_card(void)
{
	SCARDHANDLE handle = card_with(SCARD_SHARE_DIRECT, 0);

	say("end-without", "%s", code(SCardEndTransaction(handle, SCARD_LEAVE_CARD)));
	say("begin", "%s", code(SCardBeginTransaction(handle)));
	say("end-reset", "%s", code(SCardEndTransaction(handle, SCARD_RESET_CARD)));
	say("begin-again", "%s", code(SCardBeginTransaction(handle)));
	say("end", "%s", code(SCardEndTransaction(handle, SCARD_LEAVE_CARD)));
}

static const struct test_case transaction_cases[] = {
	{ "nesting", nesting, NULL, false },
	{ "nested-lock", nested_lock, NULL, false },
	{ "disposition", dispositions, NULL, false },
	{ "without", without, NULL, false },
	{ "inner-reset", inner_reset, NULL, false },
	{ "shared", during_shared, NULL, false },
	{ "direct", during_direct, NULL, false },
	{ "waiters", waiters, NULL, false },
	{ "disconnect", others_disconnect, NULL, false },
	{ "same-context", same_context, NULL, false },
	{ "exclusive", exclusive, NULL, false },
	{ "no-card", no_card, NO_CARD, false },
	{ "removed", waiters_removed, NULL, true },
};

SUBJECT(transaction);
