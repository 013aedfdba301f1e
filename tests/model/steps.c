// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Execute a step: a critical section of kernel/core/turn.c, connect.c or card.c, or an event of
 * the reader. Between two steps of a thread, any other may run. The oracle hears of a step before
 * the policy.
 */
#include "world.h"

const struct config *config;

/* The running call is killed and sends no more commands. */
static void killed(bool on_wire)
{
	enum pol_op op = card_op();

	w.act.killed = true;
	w.act.on_wire = on_wire;
	/* card_settle_later(): the power state of the card is unknown */
	if (w.act.sent && (w.act.cmd == CMD_POWER_ON || w.act.cmd == CMD_RESET ||
			   w.act.cmd == CMD_RESET_ON)) {
		w.recheck = true;
		if (!w.o.gone)
			scard_pol_want_settle(&w.pol);
	}
	w.act.pc = op == POL_OP_DISCONNECT || op == POL_OP_END ? PC_COMMIT : PC_KILLED;
}

/* Power and protocol: scard_card_activate() and connect_prepare_card() */
static void prepare(bool negotiate)
{
	enum pol_op op = card_op();

	if (op != POL_OP_END && w.act.disp == POL_LEAVE && w.act.share == POL_DIRECT) {
		card_finish(true);
		return;
	}
	switch (w.pol.card) {
	case POL_CARD_ON:
		if (negotiate && op != POL_OP_END && w.act.share != POL_DIRECT)
			card_go(CMD_NEGOTIATE);
		else
			card_finish(true);
		break;
	case POL_CARD_ABSENT:
		if (has(ENV_POLL))
			card_go(CMD_STATUS);
		else
			card_finish(false);
		break;
	default:
		card_go(w.unsafe ? CMD_RESET_OFF : CMD_POWER_ON);
	}
}

/* connect_act(): the first half, under the lock */
static void begin_disposition(enum pol_disp disp)
{
	enum pol_card card = w.pol.card;

	w.act.disp = disp;
	if (card == POL_CARD_ON) {
		w.act.begun = true;
		card_begin_reset();
	}
	if (card == POL_CARD_ABSENT)
		card_finish(false);
	else if (disp == POL_EJECT)
		card_go(CMD_POWER_OFF);
	else if (card == POL_CARD_ON || w.unsafe)
		card_go(disp == POL_RESET ? card_reset() : CMD_POWER_OFF);
	else if (card_op() == POL_OP_RECONNECT ||
		 (card_op() == POL_OP_END && disp == POL_UNPOWER))
		card_go(CMD_POWER_ON);
	else
		card_finish(true);
}

static void begin(u8 v)
{
	w.act.share = V_SHARE(v);
	switch (card_op()) {
	case POL_OP_CONNECT:
		prepare(v & V_MORE);
		break;
	case POL_OP_RECONNECT:
		if (V_DISP(v) == POL_LEAVE)
			prepare(v & V_MORE);
		else
			begin_disposition(V_DISP(v));
		break;
	case POL_OP_DISCONNECT:
	case POL_OP_END:
		begin_disposition(V_DISP(v));
		break;
	case POL_OP_TRANSMIT:
		w.act.single = !(v & V_MORE);
		if (w.pol.card == POL_CARD_ON)
			card_go(v & V_MORE ? CMD_MORE : CMD_BLOCK);
		else
			card_finish(false);
		break;
	default:	/* Control */
		w.act.single = true;
		if (v & V_ESCAPE)
			card_go(CMD_ESCAPE);
		else if (v & V_MORE && w.pol.card == POL_CARD_ON)
			card_go(CMD_SECURE);
		else
			card_finish(true);
	}
}

static void send(void)
{
	int h = w.o.running;

	oracle_send(h, w.act.cmd);
	w.act.sent = true;
	w.act.pc = PC_WIRE;
	if (h < WORKER && w.handle[h].share && w.act.cmd != CMD_ESCAPE) {
		w.handle[h].spoke = true;
		w.o.spoke[h] = true;
	}
}

static void commit_connect(int h, enum pol_close close)
{
	if (w.act.share != POL_DIRECT && w.pol.card != POL_CARD_ON)
		return;
	w.o.share[h] = w.act.share;
	w.o.close[h] = close;
	w.o.spoke[h] = w.act.share != POL_DIRECT;
	w.o.event[h] = 0;
	scard_pol_connected(&w.pol, &w.handle[h], w.act.share, close);
}

static void commit_reconnect(int h)
{
	if (w.handle[h].share == POL_UNCONNECTED || w.pol.gone ||
	    (w.act.share != POL_DIRECT && w.pol.card != POL_CARD_ON))
		return;
	w.o.share[h] = w.act.share;
	w.o.spoke[h] |= w.act.share != POL_DIRECT;
	w.o.event[h] = 0;
	scard_pol_reconnected(&w.pol, &w.handle[h], w.act.share);
}

static void leave(int h)
{
	int want = w.o.share[h] == POL_UNCONNECTED ? -ENOTCONN : 0;
	int got;

	if (!want)
		oracle_left(h);
	got = scard_pol_leave(&w.pol, &w.handle[h]);
	must(P_TOLD, got == want, "Disconnect returns %d, not %d", got, want);
}

static void end(int h)
{
	const struct pol_turn t = { .op = POL_OP_END };
	int want, got;

	/* End(LEAVE) does not use the card: it does not wait for the running turn */
	want = oracle_verdict(h, &t);
	if (want == POL_WAIT)
		want = 0;
	if (!want)
		oracle_ended(h);
	else if (want == -ESTALE || want == -EIDRM)
		while (w.o.owner == h)
			oracle_ended(h);
	got = scard_pol_end(&w.pol, &w.handle[h]);
	must(P_TOLD, got == want, "End returns %d, not %d", got, want);
}

/* scard_turn_done() */
static void done(void)
{
	struct call *call = card_running();
	enum pol_disp redo = POL_LEAVE;
	struct act act = w.act;

	call->phase = IDLE;
	if (act.begun)
		redo = act.disp;
	if (!act.killed || (!act.sent && redo == POL_LEAVE)) {
		oracle_finished();
		scard_pol_done(&w.pol, &call->turn);
		return;
	}
	if (act.on_wire) {
		w.orphan = act.cmd;
		w.orphan_single = act.single;
	} else if (act.sent) {
		card_cut();
	}
	if (redo != POL_LEAVE)
		oracle_cut(redo);
	oracle_finished();
	scard_pol_hand_over(&w.pol, redo);
}

static void commit(u8 v)
{
	int h = w.o.running;

	w.act.pc = w.act.killed ? PC_KILLED : PC_DONE;
	switch (card_op()) {
	case POL_OP_CONNECT:
		commit_connect(h, (enum pol_close)v);
		break;
	case POL_OP_RECONNECT:
		commit_reconnect(h);
		break;
	case POL_OP_DISCONNECT:
		if (w.handle[h].share != POL_UNCONNECTED)
			leave(h);
		break;
	default:
		oracle_ended(h);
		scard_pol_end_owned(&w.pol, &w.handle[h]);
	}
}

/* scard_turn_take_over(): the caller sleeps in the transport */
static void take_over(enum answer v)
{
	struct call *call = card_running();
	enum pol_disp redo = w.act.begun ? w.act.disp : POL_LEAVE;
	bool sent = w.act.sent;

	switch (call->turn.op) {
	case POL_OP_DISCONNECT:
		call->phase = LEAVES;
		break;
	case POL_OP_END:
		call->phase = ENDS;
		break;
	default:
		call->phase = IDLE;
	}
	if (w.act.pc == PC_WIRE)
		card_taken_over(v);
	if (sent) {
		card_cut();
		w.recheck = true;
		if (!w.o.gone)
			scard_pol_want_settle(&w.pol);
	}
	if (redo != POL_LEAVE)
		oracle_cut(redo);
	oracle_finished();
	scard_pol_hand_over(&w.pol, redo);
}

/* ---- steps ---- */

static void step(u8 v)
{
	switch (w.act.pc) {
	case PC_BEGIN:
		if (w.o.running < WORKER)
			begin(v);
		else if (w.orphan)
			card_orphan((enum answer)v);
		else
			card_job(v != V_FAIL);
		break;
	case PC_PICK:
		card_job(v != V_FAIL);
		break;
	case PC_SEND:
		if (w.o.gone) {
			w.act.pc = PC_WIRE;
			card_answered(V_FAIL);
		} else if (v == V_KILLED) {
			killed(false);
		} else {
			send();
		}
		break;
	case PC_WIRE:
		if (v == V_KILLED || v == V_KILLED_OFF)
			killed(v == V_KILLED);
		else
			card_answered((enum answer)v);
		break;
	case PC_COMMIT:
		commit(v);
		break;
	default:
		done();
	}
}

/* ---- calls ---- */

static void ask(int h, int c, u8 v)
{
	struct call *call = &w.call[h][c];
	int want, got;

	call->turn = (struct pol_turn){
		.handle = &w.handle[h],
		.op = (enum pol_op)(v & 0x7f),
		.share = v & 0x80 ? POL_EXCLUSIVE : POL_SHARED,
	};
	call->phase = ASKS;
	want = oracle_verdict(h, &call->turn);
	oracle_asks(h, c);
	got = scard_pol_ask(&w.pol, &call->turn);
	if (call->phase != ASKS) {
		must(P_WAKE, got == call->turn.result, "scard_pol_ask() returns %d after waking with %d",
		     got, call->turn.result);
	} else if (got == POL_WAIT) {
		must(P_PROGRESS, want == POL_WAIT, "a call waits that could return %d", want);
		call->phase = QUEUED;
	} else {
		call->turn.result = got;
		oracle_served(h, c);
	}
}

static void interrupt(int h, int c, bool keeps)
{
	struct call *call = &w.call[h][c];

	call->phase = IDLE;
	if (keeps) {
		if (w.o.aside[h])
			oracle_withdrawn(h, c);
		else
			oracle_aside(h, c);
		must(P_WAKE, scard_pol_step_aside(&w.pol, &call->turn),
		     "a waiting call is not in the queue");
		return;
	}
	oracle_withdrawn(h, c);
	must(P_WAKE, scard_pol_withdraw(&w.pol, &call->turn), "a waiting call is not in the queue");
	must(P_WAKE, !scard_pol_withdraw(&w.pol, &call->turn), "a withdrawn call is still in the queue");
}

static void follow(int h, int c)
{
	struct call *call = &w.call[h][c];

	switch (call->phase) {
	case LEAVES:
		/* another thread may have disconnected the handle of a call that was taken over */
		leave(h);
		break;
	case ENDS:
		oracle_ended(h);
		scard_pol_end_owned(&w.pol, &w.handle[h]);
		break;
	default:
		end(h);
	}
	call->phase = IDLE;
}

static void notify(void)
{
	if (w.notes & NOTE_ABSENT)
		card_removed();
	w.notes = 0;
	if (!w.o.gone)
		scard_pol_want_settle(&w.pol);
}

/* scard_dev_suspend() to scard_presence_lost_power(); all other tasks are frozen */
static void sleep_and_wake(bool loses_power)
{
	if (w.real == REAL_ON && loses_power)
		oracle_power(false);
	card_lost_power();
	w.recheck = true;
	scard_pol_want_settle(&w.pol);
}

/* Clear the fields that no later step reads, so that equal states compare equal. */
static void forget(void)
{
	enum pol_op op = card_op();
	struct act *a = &w.act;

	if (a->pc == PC_DONE)
		*a = (struct act){ .pc = PC_DONE };
	if (a->pc != PC_SEND && a->pc != PC_WIRE && !a->on_wire)
		a->cmd = CMD_NONE;
	if (op != POL_OP_CONNECT && op != POL_OP_RECONNECT)
		a->share = POL_UNCONNECTED;
	if (op != POL_OP_TRANSMIT && op != POL_OP_CONTROL)
		a->single = false;
	if (op == POL_OP_WORKER || a->begun)
		a->sent = false;
	if (op == POL_OP_WORKER && (a->cmd != CMD_POWER_OFF || a->disp != POL_EJECT))
		a->disp = POL_LEAVE;
	if (w.o.gone) {
		w.recheck = false;
		w.unsafe = false;
	}
}

/* Execute one step of moves_enabled(). */
void steps_do(struct action a)
{
	int h = a.handle;

	switch (a.kind) {
	case A_CALL:
		ask(h, a.call, a.variant);
		break;
	case A_LEAVE:
		leave(h);
		break;
	case A_END:
		end(h);
		break;
	case A_CLOSE:
		oracle_closed(h);
		scard_pol_close(&w.pol, &w.handle[h]);
		break;
	case A_CANCEL:
		oracle_forgotten(h);
		w.o.canceling = true;
		scard_pol_cancel(&w.pol, &w.handle[h]);
		w.o.canceling = false;
		break;
	case A_SIGNAL:
		interrupt(h, a.call, a.variant);
		break;
	case A_FORGET:
		oracle_forgotten(h);
		scard_pol_forget(&w.pol, &w.handle[h]);
		break;
	case A_FOLLOW:
		follow(h, a.call);
		break;
	case A_STEP:
		step(a.variant);
		break;
	case A_STALL:
		take_over((enum answer)a.variant);
		break;
	case A_RETRY:
		w.recheck = true;
		scard_pol_want_settle(&w.pol);
		break;
	case A_REMOVE:
		oracle_no_card();
		if (has(ENV_CARD))
			w.notes |= NOTE_CHANGE | NOTE_ABSENT;
		break;
	case A_INSERT:
		w.real = REAL_OFF;
		if (has(ENV_CARD))
			w.notes |= NOTE_CHANGE;
		break;
	case A_NOTIFY:
		notify();
		break;
	case A_POLL:
		scard_pol_want_settle(&w.pol);
		break;
	case A_IDLE:
		scard_pol_want_idle(&w.pol);
		break;
	case A_EXPIRE:
		oracle_expired();
		scard_pol_expire(&w.pol);
		break;
	case A_SLEEP:
		sleep_and_wake(a.variant);
		break;
	case A_GONE:
		oracle_gone();
		scard_pol_gone(&w.pol);
		break;
	}
	forget();
	oracle_check();
}

void steps_init(void)
{
	memset(&w, 0, sizeof(w));
	scard_pol_init(&w.pol, card_wake);
	oracle_init();
	w.real = REAL_ON;
	w.pol.card = POL_CARD_ON;
}
