// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rules, written from the documented ABI: the result of each call and when it may begin, the
 * resets that are pending, and the bytes that may reach the card. steps.c reports each event to
 * the oracle before the policy; the oracle compares the policy's answers with the rules.
 */
#include <stdarg.h>
#include <stdio.h>

#include "world.h"

bool failed;
enum property failed_property;
char failed_text[256];

void must(enum property p, bool ok, const char *format, ...)
{
	va_list ap;

	if (ok || failed)
		return;
	failed = true;
	failed_property = p;
	va_start(ap, format);
	vsnprintf(failed_text, sizeof(failed_text), format, ap);
	va_end(ap);
}

void oracle_init(void)
{
	w.o.owner = NOBODY;
	w.o.running = NOBODY;
}

static unsigned int connected(void)
{
	unsigned int h, n = 0;

	for (h = 0; h < MAX_HANDLES; h++)
		n += w.o.share[h] != POL_UNCONNECTED;
	return n;
}

static bool somebody_exclusive(void)
{
	unsigned int h;

	for (h = 0; h < MAX_HANDLES; h++)
		if (w.o.share[h] == POL_EXCLUSIVE)
			return true;
	return false;
}

/* Is a reset the next turn? */
static bool reset_due(void)
{
	return w.o.why != POL_LEAVE && (w.o.cut || w.o.owner == NOBODY);
}

/*
 * Set the event of every handle once a reset is next and only the worker can act. A call that
 * acts now is ordered before the reset, and may be a Connect, which then gets the event, too.
 */
static void announce(void)
{
	int h;

	if (w.o.running != WORKER || !reset_due())
		return;
	for (h = 0; h < MAX_HANDLES; h++)
		if (w.o.share[h] != POL_UNCONNECTED && w.o.event[h] != -EIDRM)
			w.o.event[h] = -ESTALE;
}

/* ---- results of calls ---- */

/* The errors of linux/scard.h, in pcsc-lite's order. 0: the call is not refused. */
static int refusal(int h, enum pol_op op)
{
	bool foreign = w.o.owner != NOBODY && w.o.owner != h;

	if (w.o.gone)
		return -ENODEV;
	if (op == POL_OP_CONNECT) {
		if (w.o.share[h] != POL_UNCONNECTED)
			return -EISCONN;
		return somebody_exclusive() ? -EBUSY : 0;
	}
	if (w.o.share[h] == POL_UNCONNECTED)
		return -ENOTCONN;
	switch (op) {
	case POL_OP_CONTROL:	/* not gated */
		return foreign ? -EBUSY : 0;
	case POL_OP_ATTR:
		return foreign ? -EBUSY : w.o.event[h];
	case POL_OP_STATUS:
	case POL_OP_TRANSMIT:
	case POL_OP_BEGIN:
		return w.o.event[h];
	case POL_OP_END:
		if (w.o.event[h])
			return w.o.event[h];
		if (foreign)
			return -EBUSY;
		return w.o.owner == NOBODY ? -ENOLCK : 0;
	default:		/* Reconnect, Disconnect: not gated */
		return 0;
	}
}

/* Return the verdict on a call: 0 it begins, POL_WAIT, or its errno. */
int oracle_verdict(int h, const struct pol_turn *t)
{
	int result = refusal(h, t->op);
	bool mine = w.o.owner == h;

	if (result)
		return result;
	if (t->op == POL_OP_ATTR)
		return 0;
	if (w.o.owner != NOBODY && !mine)
		return POL_WAIT;
	if (t->op == POL_OP_STATUS)
		return 0;
	if (t->op == POL_OP_BEGIN && mine)
		return 0;
	if (w.o.running != NOBODY || reset_due())
		return POL_WAIT;
	if (t->share == POL_EXCLUSIVE) {
		if (t->op == POL_OP_CONNECT && connected())
			return -EBUSY;
		if (t->op == POL_OP_RECONNECT && connected() > 1)
			return POL_WAIT;
	}
	return 0;
}

/* ---- the queue ---- */

static unsigned int find(int h, int c)
{
	unsigned int i = 0;

	while (i < w.o.waiting && w.o.queue[i] != h * SEATS + c)
		i++;
	return i;
}

/* A call comes last, but for one that was interrupted and comes back. */
void oracle_asks(int h, int c)
{
	if (w.o.aside[h] == w.call[h][c].turn.op + 1) {
		w.o.aside[h] = 0;
		w.o.queue[find(h, ASIDE)] = h * SEATS + c;
		return;
	}
	w.o.queue[w.o.waiting++] = h * SEATS + c;
}

/* An interrupted call keeps its place. */
void oracle_aside(int h, int c)
{
	w.o.aside[h] = w.call[h][c].turn.op + 1;
	w.o.queue[find(h, c)] = h * SEATS + ASIDE;
}

void oracle_forgotten(int h)
{
	if (!w.o.aside[h])
		return;
	w.o.aside[h] = 0;
	oracle_withdrawn(h, ASIDE);
}

/* The handle of the call that waits for longest, or NOBODY. */
int oracle_first_waiter(void)
{
	unsigned int i;

	for (i = 0; i < w.o.waiting; i++)
		if (w.o.queue[i] % SEATS != ASIDE)
			return w.o.queue[i] / SEATS;
	return NOBODY;
}

void oracle_withdrawn(int h, int c)
{
	unsigned int i = find(h, c);

	must(P_WAKE, i < w.o.waiting, "a served call does not wait");
	if (failed)
		return;
	w.o.waiting--;
	memmove(w.o.queue + i, w.o.queue + i + 1, w.o.waiting - i);
}

/* No call that has waited longer may take the place of this one. */
static void check_order(int h, int c)
{
	unsigned int i;

	for (i = 0; i < w.o.waiting && w.o.queue[i] != h * SEATS + c; i++) {
		int other = w.o.queue[i] / SEATS;
		const struct pol_turn *t;

		if (w.o.queue[i] % SEATS == ASIDE)
			continue;
		t = &w.call[other][w.o.queue[i] % SEATS].turn;
		must(P_FIFO, oracle_verdict(other, t) != 0,
		     "a call passes one that waits for longer");
	}
}

/* The policy has decided about a call: its turn has the result. */
void oracle_served(int h, int c)
{
	struct call *call = &w.call[h][c];
	const struct pol_turn *t = &call->turn;
	int want = oracle_verdict(h, t);

	must(P_WAKE, call->phase == ASKS || call->phase == QUEUED,
	     "a woken call does not wait");
	if (w.o.canceling && call->phase == QUEUED) {
		must(P_TOLD, t->result == -ECANCELED, "a canceled call returns %d", t->result);
		call->phase = IDLE;
		oracle_withdrawn(h, c);
		return;
	}
	if (want == POL_WAIT && !t->result)
		must(reset_due() ? P_BYTES : P_LOCK, false,
		     reset_due() ? "a call begins before the reset" : "a call does not wait");
	must(P_TOLD, t->result == want, "a call returns %d, not %d", t->result, want);
	if (failed)
		return;

	if (!want)
		check_order(h, c);
	oracle_withdrawn(h, c);
	call->phase = IDLE;
	if (want) {
		if (t->op == POL_OP_END && (want == -ESTALE || want == -EIDRM))
			call->phase = STALE_END;
		if (t->op == POL_OP_DISCONNECT && want == -ENODEV)
			call->phase = LEAVES;
		return;
	}
	switch (t->op) {
	case POL_OP_ATTR:
	case POL_OP_STATUS:
		return;
	case POL_OP_BEGIN:
		w.o.owner = h;
		w.o.depth[h]++;
		return;
	default:
		call->phase = ACTS;
		w.o.running = h;
		w.o.exempt = w.o.debt == DEBT_OWED && w.o.owner == h;
		w.act = (struct act){ .pc = PC_BEGIN };
	}
}

void oracle_worker(void)
{
	must(P_LOCK, w.o.running == NOBODY, "the worker acts beside a call");
	w.o.running = WORKER;
	w.o.exempt = false;
	w.act = (struct act){ .pc = PC_BEGIN };
	announce();
}

void oracle_finished(void)
{
	w.o.running = NOBODY;
	w.o.exempt = false;
	w.act = (struct act){ .pc = PC_NONE };
}

/* ---- the card ---- */

/* Send a command to the reader. */
void oracle_send(int h, enum cmd cmd)
{
	int other;

	must(P_LOCK, w.o.running == h, "a call sends without its turn");
	switch (cmd) {
	case CMD_NEGOTIATE:
	case CMD_BLOCK:
	case CMD_MORE:
	case CMD_SECURE:
		if (w.real != REAL_ON)
			return;
		must(P_BYTES, w.o.debt == DEBT_NONE || w.o.exempt,
		     "a byte reaches the card between an exit and its reset");
		must(P_LOCK, w.o.owner == NOBODY || w.o.owner == h,
		     "a byte reaches the card in the transaction of another handle");
		w.o.touched = true;
		if (cmd != CMD_NEGOTIATE)
			w.o.spoke[h] = true;
		return;
	case CMD_POWER_ON:
	case CMD_RESET:
	case CMD_POWER_OFF:
	case CMD_MUTE_OFF:
	case CMD_RESET_OFF:
	case CMD_RESET_ON:
	case CMD_RESET_MUTE:
		if (w.pol.card != POL_CARD_ON || w.o.gone)
			return;
		for (other = 0; other < MAX_HANDLES; other++)
			must(P_TOLD, w.o.share[other] == POL_UNCONNECTED || w.o.event[other],
			     "the card loses its state and a handle gets no event");
		return;
	default:
		return;
	}
}

/* The card was reset, powered up or powered off. */
void oracle_power(bool on)
{
	w.real = on ? REAL_ON : REAL_OFF;
	w.o.debt = DEBT_NONE;
	w.o.touched = false;
}

void oracle_no_card(void)
{
	w.real = REAL_ABSENT;
	w.o.debt = DEBT_NONE;
	w.o.touched = false;
}

static void tell_all(int event)
{
	int h;

	for (h = 0; h < MAX_HANDLES; h++)
		if (w.o.share[h] != POL_UNCONNECTED && w.o.event[h] != -EIDRM)
			w.o.event[h] = event;
	w.o.why = POL_LEAVE;
	w.o.cut = false;
}

/* A reset or power-off of the card begins: it settles every pending reset. */
void oracle_reset(void)
{
	tell_all(-ESTALE);
}

static void drop_lock(int h)
{
	w.o.depth[h] = 0;
	if (w.o.owner == h)
		w.o.owner = NOBODY;
}

/* The reader reports the removal of the card. */
void oracle_removed(void)
{
	tell_all(-EIDRM);
	if (w.o.owner != NOBODY)
		drop_lock(w.o.owner);
}

void oracle_gone(void)
{
	w.o.gone = true;
	w.o.why = POL_LEAVE;
	w.o.cut = false;
	oracle_no_card();
}

/* ---- handles ---- */

void oracle_left(int h)
{
	oracle_forgotten(h);
	w.o.share[h] = POL_UNCONNECTED;
	w.o.event[h] = 0;
	w.o.spoke[h] = false;
	w.o.close[h] = 0;
	drop_lock(h);
	announce();
}

static void owe(enum pol_disp disp)
{
	if (w.pol.card == POL_CARD_ON && disp > w.o.why)
		w.o.why = disp;
}

/* Close without Disconnect: the close policies. */
void oracle_closed(int h)
{
	bool held = w.o.owner == h || w.o.share[h] == POL_EXCLUSIVE;
	bool speaks = w.o.spoke[h] || w.o.running == h;
	bool owes = speaks && !w.o.event[h] && !w.o.gone &&
		    (held || w.o.close[h] != POL_CLOSE_TRANSACTION);

	if (owes) {
		owe(w.o.close[h] == POL_CLOSE_UNPOWER ? POL_UNPOWER : POL_RESET);
		if (w.real == REAL_ON && w.o.debt == DEBT_NONE) {
			w.o.debt = DEBT_OWED;
			w.o.exempt = w.o.running != NOBODY;
		}
	}
	oracle_left(h);
}

/* End one level of a transaction. */
void oracle_ended(int h)
{
	if (w.o.owner == h && !--w.o.depth[h])
		w.o.owner = NOBODY;
	announce();
}

/* The watchdog ends a transaction, which counts as the exit of its owner. */
void oracle_expired(void)
{
	drop_lock(w.o.owner);
	owe(POL_RESET);
	if (w.real == REAL_ON && w.pol.card == POL_CARD_ON && w.o.debt == DEBT_NONE)
		w.o.debt = DEBT_OWED;
}

/* A killed call has interrupted an operation of the card. */
void oracle_cut(enum pol_disp redo)
{
	if (w.o.gone)
		return;
	if (redo != POL_LEAVE)
		w.o.why = redo;
	else
		owe(POL_RESET);
	w.o.cut = w.o.why != POL_LEAVE;
	if (w.real == REAL_ON)
		w.o.debt = DEBT_CUT;
	announce();
}

void oracle_job(enum pol_job job)
{
	switch (job) {
	case POL_JOB_RESET:
	case POL_JOB_UNPOWER:
	case POL_JOB_EJECT:
		must(P_ONCE, w.o.why != POL_LEAVE, "the card is reset twice");
		must(P_ONCE, (int)w.o.why == (int)job, "the worker does job %d, not %d", job, w.o.why);
		must(P_BYTES, reset_due(), "the card is reset in the transaction of another handle");
		w.o.why = POL_LEAVE;
		w.o.cut = false;
		break;
	case POL_JOB_IDLE:
		must(P_TOLD, !connected(), "a used card is powered off");
		break;
	default:
		break;
	}
}

/* ---- invariants ---- */

static void check_queue(void)
{
	const struct pol_turn *t = w.pol.head;
	unsigned int i;

	for (i = 0; i < w.o.waiting; i++) {
		int h = w.o.queue[i] / SEATS, c = w.o.queue[i] % SEATS;
		const struct pol_turn *want = c == ASIDE ? &w.handle[h].place : &w.call[h][c].turn;

		must(P_WAKE, t == want, "the queue is not in order of arrival");
		must(P_WAKE, want->queued && (c == ASIDE || w.call[h][c].phase == QUEUED),
		     "a waiting call is lost");
		if (failed)
			return;
		must(P_WAKE, t->next || w.pol.tail == &t->next, "the tail of the queue is wrong");
		t = t->next;
	}
	must(P_WAKE, !t, "a queued call does not wait");
	must(P_WAKE, w.o.waiting || w.pol.tail == &w.pol.head, "the tail of an empty queue is wrong");
}

static void check_handles(void)
{
	int h, c;

	for (h = 0; h < MAX_HANDLES; h++) {
		const struct pol_handle *p = &w.handle[h];

		must(P_WAKE, p->place.queued == !!w.o.aside[h], "a place is kept, or not");

		must(P_LOCK, p->share == w.o.share[h], "a handle has the wrong share mode");
		must(P_LOCK, (p->depth > 0) == (w.pol.owner == p), "depth without a transaction");
		must(P_LOCK, p->depth == w.o.depth[h], "depth is %u, not %u", p->depth,
		     w.o.depth[h]);
		must(P_LOCK, (w.pol.owner == p) == (w.o.owner == h), "the wrong owner");
		must(P_LOCK, w.pol.owner != p || p->share, "the owner is not connected");
		must(P_TOLD, !p->share || scard_pol_pending(&w.pol, p) == w.o.event[h],
		     "pending is %d, not %d", scard_pol_pending(&w.pol, p), w.o.event[h]);
		must(P_ONCE, !p->share || p->spoke == w.o.spoke[h], "a handle is wrong about its use of the card");
		for (c = 0; c < MAX_CALLS; c++)
			must(P_LOCK, (w.call[h][c].phase == ACTS) ==
			     (w.pol.running == &w.call[h][c].turn), "the wrong turn runs");
	}
	must(P_LOCK, w.pol.connected == connected(), "the wrong number of handles");
	must(P_LOCK, w.pol.exclusive == somebody_exclusive(), "exclusive is wrong");
	must(P_LOCK, !w.pol.exclusive || connected() == 1, "exclusive, and not alone");
	must(P_LOCK, (w.pol.running == &w.pol.worker) == (w.o.running == WORKER),
	     "the turn of the worker is wrong");
}

/* No waiting call could begin or return. */
static void check_waiters(void)
{
	unsigned int i;

	for (i = 0; i < w.o.waiting; i++) {
		int h = w.o.queue[i] / SEATS, want;

		if (w.o.queue[i] % SEATS == ASIDE)
			continue;
		want = oracle_verdict(h, &w.call[h][w.o.queue[i] % SEATS].turn);
		must(P_PROGRESS, want == POL_WAIT, "a waiting call is not served: it could return %d", want);
	}
	if (w.o.running != NOBODY)
		return;
	must(P_PROGRESS, !reset_due(), "a pending reset is not done");
	must(P_ONCE, w.o.debt == DEBT_NONE || w.pol.card != POL_CARD_ON ||
	     (w.o.debt == DEBT_OWED && w.o.owner != NOBODY && w.o.why != POL_LEAVE),
	     "the card is not reset after an exit");
	must(P_ONCE, w.o.debt == DEBT_NONE || !w.o.touched || w.unsafe ||
	     w.pol.card == POL_CARD_ON || w.pol.card == POL_CARD_ABSENT,
	     "a reset that failed is not tried again");
	must(P_PROGRESS, w.real != REAL_ON || w.o.gone || has(ENV_FAIL) ||
	     (w.pol.card != POL_CARD_OFF && w.pol.card != POL_CARD_MUTE),
	     "a card has power, and the policy does not know it");
}

void oracle_check(void)
{
	check_queue();
	check_handles();
	check_waiters();
}
