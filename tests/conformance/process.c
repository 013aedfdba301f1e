// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Exit and kill of a process with a connected card, seen by another process; fork().
 */
#include <sys/wait.h>
#include <unistd.h>

#include "conformance.h"

#define PIN	"002000010431323334"

/* ---- the other process: connects, verifies the PIN, and ends ---- */

static DWORD mode, how_transacted;
static bool releases, disconnects;

static void other_program(void)
{
	SCARDCONTEXT ctx = context();
	SCARDHANDLE handle = card_of(ctx, mode);

	if (how_transacted)
		SCardBeginTransaction(handle);
	if (mode != SCARD_SHARE_DIRECT)
		answer_to(handle, PIN);
	peer_is_ready();
	peer_waits();
	if (disconnects)
		SCardDisconnect(handle, SCARD_LEAVE_CARD);
	if (releases)
		SCardReleaseContext(ctx);
}

/*
 * End the process by exit or by a signal; print the results of an earlier handle and of a new
 * one.
 */
static void ending(const char *what, bool killed)
{
	struct peer p;
	SCARDHANDLE mine = 0, late;

	peer_begin(&p, other_program);
	peer_wait(&p);
	if (mode != SCARD_SHARE_EXCLUSIVE && !how_transacted)
		mine = card(SCARD_SHARE_SHARED);
	if (killed)
		peer_kill(&p);
	else
		peer_end(&p);
	/* the stack notices the exit after some time */
	pause_ms(150);
	if (mine)
		say(print("%s/mine", what), "%s", card_life(mine));
	late = card(SCARD_SHARE_SHARED);
	say(print("%s/new", what), "%s", card_life(late));
	SCardDisconnect(late, SCARD_UNPOWER_CARD);
	clean_up();
}

static void all_endings(void)
{
	ending("exit", false);
	ending("kill", true);
	releases = true;
	ending("release", false);
	disconnects = true;
	ending("disconnect", false);
}

static void shared(void)
{
	mode = SCARD_SHARE_SHARED;
	all_endings();
}

static void exclusive(void)
{
	mode = SCARD_SHARE_EXCLUSIVE;
	all_endings();
}

static void direct(void)
{
	mode = SCARD_SHARE_DIRECT;
	all_endings();
}

static void in_transaction(void)
{
	mode = SCARD_SHARE_SHARED;
	how_transacted = 1;
	all_endings();
}

/* A call waits for the transaction of a process that ends. */
static void waiter(enum op op)
{
	struct call c = { .op = op };
	struct peer p;

	mode = SCARD_SHARE_SHARED;
	how_transacted = 1;
	c.ctx = context();
	if (op != OP_CONNECT)
		c.card = card_of(c.ctx, SCARD_SHARE_SHARED);
	peer_begin(&p, other_program);
	peer_wait(&p);
	call_begin(&c);
	say(print("%s/before", op_names[op]), "%s", call_done(&c, WAITS_MS) ? c.result : "waits");
	peer_kill(&p);
	say(print("%s/then", op_names[op]), "%s", call_result(&c));
	clean_up();
}

static void waiters(void)
{
	static const enum op ops[] = { OP_BEGIN, OP_STATUS, OP_TRANSMIT, OP_RECONNECT, OP_CONNECT };
	size_t i;

	for (i = 0; i < COUNT(ops); i++)
		waiter(ops[i]);
}

/* ---- a forked child ---- */

static SCARDCONTEXT inherited;
static SCARDHANDLE inherited_card;

static void child_uses_it(void)
{
	SCARDHANDLE cards[OP_HANDLES];
	int i;

	say("IsValidContext", "%s", code(SCardIsValidContext(inherited)));
	say("Cancel", "%s", code(SCardCancel(inherited)));
	for (i = 0; i < OP_HANDLES; i++)
		cards[i] = inherited_card;
	/* all but the last, which ends the child */
	for (i = 0; i < OP_DISCONNECT; i++)
		say(op_names[i], "%s", call_now(&(struct call){ .op = i, .card = cards[i] }));
}

static void forked(void)
{
	struct peer p;

	inherited = context();
	inherited_card = card_of(inherited, SCARD_SHARE_SHARED);
	peer_begin(&p, child_uses_it);
	waitpid(p.pid, NULL, 0);
	say("parent", "%s", answer_to(inherited_card, "00A4000C023F00"));
}

static void child_disconnects(void)
{
	say("child-disconnect", "%s", code(SCardDisconnect(inherited_card, SCARD_RESET_CARD)));
	say("child-release", "%s", code(SCardReleaseContext(inherited)));
}

static void forked_end(void)
{
	struct peer p;

	inherited = context();
	inherited_card = card_of(inherited, SCARD_SHARE_SHARED);
	peer_begin(&p, child_disconnects);
	waitpid(p.pid, NULL, 0);
	say("parent", "%s", call_now(&(struct call){ .op = OP_TRANSMIT, .card = inherited_card }));
	context_is_stuck();
}

/* A child of a program in a transaction opens its own context. */
static void child_opens(void)
{
	struct call c = { .op = OP_CONNECT, .ctx = context() };

	say("child", "%s", call_now(&c));
}

static void forked_new(void)
{
	struct peer p;

	inherited_card = card(SCARD_SHARE_SHARED);
	peer_begin(&p, child_opens);
	waitpid(p.pid, NULL, 0);
	say("parent", "%s", answer_to(inherited_card, "00A4000C023F00"));
}

/* The parent ends while its child lives: is the card free? */
static void lives_on(void)
{
	pause_ms(3 * WAITS_MS);
}

static void parent_dies(void)
{
	struct peer p;

	inherited_card = card(SCARD_SHARE_EXCLUSIVE);
	peer_begin(&p, lives_on);
	/* for the process that started this one */
	peer_is_ready();
	_exit(0);
}

static void orphan(void)
{
	struct call c = { .op = OP_CONNECT, .ctx = context() };
	struct peer p;

	peer_begin(&p, parent_dies);
	peer_wait(&p);
	waitpid(p.pid, NULL, 0);
	pause_ms(150);
	say(NULL, "%s", call_now(&c));
	close(p.to);
}

static const struct test_case process_cases[] = {
	{ "shared", shared, NULL, false },
	{ "exclusive", exclusive, NULL, false },
	{ "direct", direct, NULL, false },
	{ "transaction", in_transaction, NULL, false },
	{ "waiters", waiters, NULL, false },
	{ "fork", forked, NULL, false },
	{ "fork-end", forked_end, NULL, false },
	{ "fork-new", forked_new, NULL, false },
	{ "orphan", orphan, NULL, false },
};

SUBJECT(process);
