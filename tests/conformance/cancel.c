// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SCardCancel: which waiting calls it ends with SCARD_E_CANCELLED.
 */
#include <string.h>

#include "conformance.h"

static SCARD_READERSTATE states[2];

static struct call waiting(SCARDCONTEXT ctx, const char *name, DWORD timeout)
{
	memset(states, 0, sizeof(states));
	states[0].szReader = name;
	states[0].dwCurrentState = SCARD_STATE_PRESENT;
	if (name != reader)
		states[0].dwCurrentState = SCARD_STATE_UNAWARE;
	return (struct call){ .op = OP_CHANGE, .ctx = ctx, .timeout = timeout, .states = states,
			      .nstates = 1 };
}

static void change(const char *what, const char *name, DWORD timeout)
{
	struct call c = waiting(context(), name, timeout);

	call_begin(&c);
	say(print("%s/before", what), "%s", call_done(&c, WAITS_MS) ? c.result : "waits");
	say(what, "%s", code(SCardCancel(c.ctx)));
	say(print("%s/then", what), "%s", call_result(&c));
	say(print("%s/next", what), "%s", code(SCardGetStatusChange(c.ctx, 0, states, 1)));
}

static void status_change(void)
{
	change("for-ever", reader, INFINITE);
	change("long", reader, 100000);
	change("pnp", PNP_READER, INFINITE);
}

/* SCardCancel while no call waits: does it end the next wait? */
static void nobody(void)
{
	struct call c = waiting(context(), reader, 2 * WAITS_MS);

	say("cancel", "%s", code(SCardCancel(c.ctx)));
	call_begin(&c);
	say("then", "%s", call_result(&c));
	say("bad-context", "%s", code(SCardCancel(0)));
	say("card-handle", "%s", code(SCardCancel(card(SCARD_SHARE_SHARED))));
}

/* SCardCancel of another context */
static void other_context(void)
{
	struct call c = waiting(context(), reader, 3 * WAITS_MS);

	call_begin(&c);
	call_done(&c, WAITS_MS);
	say("cancel", "%s", code(SCardCancel(context())));
	say("then", "%s", call_result(&c));
}

/* Calls queued behind a transaction */
static void queued(enum op op)
{
	SCARDHANDLE owner = card(SCARD_SHARE_SHARED);
	struct call c = { .op = op, .ctx = context() };

	if (op != OP_CONNECT)
		c.card = card_of(c.ctx, SCARD_SHARE_SHARED);
	SCardBeginTransaction(owner);
	call_begin(&c);
	say("before", "%s", call_done(&c, WAITS_MS) ? c.result : "waits");
	say("cancel", "%s", code(SCardCancel(c.ctx)));
	say("then", "%s", call_done(&c, WAITS_MS) ? c.result : "waits on");
	SCardEndTransaction(owner, SCARD_LEAVE_CARD);
	say("at-last", "%s", call_result(&c));
}

static void connect_waits(void)
{
	queued(OP_CONNECT);
}

static void begin_waits(void)
{
	queued(OP_BEGIN);
}

static void status_waits(void)
{
	queued(OP_STATUS);
}

static void transmit_waits(void)
{
	queued(OP_TRANSMIT);
}

static void reconnect_waits(void)
{
	queued(OP_RECONNECT);
}

/* While one thread waits for a change, can other threads use the same context? */
static void others_meanwhile(void)
{
	SCARDCONTEXT ctx = context();
	SCARDHANDLE handle = card_of(ctx, SCARD_SHARE_SHARED);
	static struct call c[4];
	struct call w = waiting(ctx, reader, 5 * WAITS_MS);
	static const enum op ops[] = { OP_VALID, OP_LIST, OP_STATUS, OP_DISCONNECT };
	size_t i;

	states[0].dwCurrentState |= SCARD_STATE_INUSE;
	call_begin(&w);
	say("wait", "%s", call_done(&w, WAITS_MS) ? w.result : "waits");
	for (i = 0; i < COUNT(ops); i++) {
		c[i] = (struct call){ .op = ops[i], .ctx = ctx, .card = handle };
		call_begin(&c[i]);
		say(op_names[ops[i]], "%s", call_done(&c[i], WAITS_MS) ? c[i].result : "waits");
	}
	say("cancel", "%s", code(SCardCancel(ctx)));
	say("then", "%s", call_result(&w));
	for (i = 0; i < COUNT(ops); i++)
		say(print("%s/then", op_names[ops[i]]), "%s", call_result(&c[i]));
}

/* SCardReleaseContext while a thread waits */
static void release(void)
{
	struct call w = waiting(context(), reader, 3 * WAITS_MS);
	struct call c = { .op = OP_RELEASE, .ctx = w.ctx };

	call_begin(&w);
	call_done(&w, WAITS_MS);
	call_begin(&c);
	say("release", "%s", call_done(&c, WAITS_MS) ? c.result : "waits");
	say("wait", "%s", call_result(&w));
	say("then", "%s", call_result(&c));
}

static const struct test_case cancel_cases[] = {
	{ "change", status_change, NULL, false },
	{ "nobody", nobody, NULL, false },
	{ "other-context", other_context, NULL, false },
	{ "connect", connect_waits, NULL, false },
	{ "begin", begin_waits, NULL, false },
	{ "status", status_waits, NULL, false },
	{ "transmit", transmit_waits, NULL, false },
	{ "reconnect", reconnect_waits, NULL, false },
	{ "meanwhile", others_meanwhile, NULL, false },
	{ "release", release, NULL, false },
};

SUBJECT(cancel);
