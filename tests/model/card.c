// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mirrors kernel/core/card.c and worker.c: the state of the card, the reaction to an answer of
 * the reader, and the worker.
 */
#include "world.h"

struct world w;

/* pol_slot.wake */
void card_wake(struct pol_turn *t)
{
	int h, c;

	if (t == &w.pol.worker) {
		must(P_LOCK, w.pol.running == t, "the worker is woken without its turn");
		oracle_worker();
		return;
	}
	for (h = 0; h < MAX_HANDLES; h++) {
		for (c = 0; c < MAX_CALLS; c++) {
			if (t == &w.call[h][c].turn) {
				oracle_served(h, c);
				return;
			}
		}
	}
	must(P_WAKE, false, "an unknown turn is woken");
}

void card_removed(void)
{
	if (w.pol.card == POL_CARD_ABSENT)
		return;
	w.unsafe = false;
	oracle_removed();
	w.pol.card = POL_CARD_ABSENT;
	scard_pol_removed(&w.pol);
}

static void set_card(enum pol_card card)
{
	if (w.pol.card == POL_CARD_ABSENT)
		return;
	w.pol.card = card;
	w.unsafe = false;
}

/* scard_card_set_mute() */
static void set_mute(void)
{
	set_card(POL_CARD_MUTE);
	w.unsafe = w.pol.card == POL_CARD_MUTE;
}

void card_begin_reset(void)
{
	oracle_reset();
	scard_pol_reset(&w.pol);
}

void card_lost_power(void)
{
	u32 epoch = w.pol.epoch;

	if (w.pol.card != POL_CARD_ON)
		return;
	oracle_reset();
	scard_pol_lost_power(&w.pol);
	must(P_TOLD, w.pol.connected || w.pol.epoch == epoch, "an epoch begins without handles");
	set_card(POL_CARD_OFF);
}

void card_cut(void)
{
	if (w.pol.card == POL_CARD_ON)
		oracle_cut(POL_LEAVE);
	scard_pol_interrupted(&w.pol);
}

static void take_atr(bool other_card)
{
	if (w.pol.card == POL_CARD_ABSENT)
		return;
	if (other_card) {
		card_removed();
		w.pol.card = POL_CARD_OFF;
	}
	set_card(POL_CARD_ON);
}

/* ---- the running turn ---- */

struct call *card_running(void)
{
	int c;

	if (w.o.running == NOBODY || w.o.running == WORKER)
		return NULL;
	for (c = 0; c < MAX_CALLS; c++)
		if (w.call[w.o.running][c].phase == ACTS)
			return &w.call[w.o.running][c];
	return NULL;
}

enum pol_op card_op(void)
{
	struct call *call = card_running();

	return call ? call->turn.op : POL_OP_WORKER;
}

void card_go(enum cmd cmd)
{
	w.act.cmd = cmd;
	w.act.pc = PC_SEND;
}

void card_finish(bool ok)
{
	w.act.cmd = CMD_NONE;
	switch (card_op()) {
	case POL_OP_WORKER:
		w.act.pc = PC_PICK;
		break;
	case POL_OP_CONNECT:
	case POL_OP_RECONNECT:
		w.act.pc = ok ? PC_COMMIT : PC_DONE;
		break;
	case POL_OP_DISCONNECT:
	case POL_OP_END:
		w.act.pc = PC_COMMIT;	/* whatever the result */
		break;
	default:
		w.act.pc = PC_DONE;
	}
}

/* scard_card_reset() */
enum cmd card_reset(void)
{
	return w.pol.card == POL_CARD_ON ? CMD_RESET : CMD_RESET_OFF;
}

/* scard_card_settle(), after the reader has reported its state */
static void settle(void)
{
	bool look = false;

	if (w.pol.card == POL_CARD_ON && w.real == REAL_OFF)
		card_removed();
	if (w.pol.card == POL_CARD_ABSENT) {
		w.pol.card = POL_CARD_OFF;
		look = true;
	} else if (w.pol.card == POL_CARD_OFF || w.pol.card == POL_CARD_MUTE) {
		look = w.recheck;
	}
	w.recheck = false;
	if (!look && w.pol.card != POL_CARD_MUTE)
		w.unsafe = false;
	if (look)
		card_go(w.real == REAL_ON ? CMD_RESET_OFF : CMD_POWER_ON);
	else
		card_finish(w.pol.card == POL_CARD_ON);
}

static void powered_on(enum answer v)
{
	bool more = v == V_OK_MORE && w.act.share != POL_DIRECT;

	if (v != V_JUST)
		oracle_power(true);
	take_atr(v == V_OK_OTHER);
	if (more && (card_op() == POL_OP_CONNECT || card_op() == POL_OP_RECONNECT))
		card_go(CMD_NEGOTIATE);
	else
		card_finish(true);
}

static void powered_off(bool ok)
{
	if (ok)
		set_card(POL_CARD_OFF);
	else
		set_mute();
	if (ok && w.act.disp == POL_EJECT)
		card_go(CMD_MECHANICAL);
	else if (ok && (card_op() == POL_OP_RECONNECT || card_op() == POL_OP_END))
		card_go(CMD_POWER_ON);
	else
		card_finish(ok);
}

/* scard_card_unread() */
static void card_unread(void)
{
	w.unsafe |= w.recheck && w.pol.card != POL_CARD_ABSENT;
}

void card_answered(enum answer v)
{
	enum cmd cmd = w.act.cmd;
	bool ok = v != V_FAIL;

	if (w.o.gone || (w.real == REAL_ABSENT && v != V_JUST)) {
		if (!w.o.gone)
			card_removed();
		card_finish(false);
		return;
	}
	if (w.real == REAL_OFF && (!ok || cmd == CMD_BLOCK || cmd == CMD_MORE ||
				   cmd == CMD_NEGOTIATE || cmd == CMD_SECURE) && v != V_JUST) {
		ok = false;
		card_lost_power();
	}
	switch (cmd) {
	case CMD_POWER_ON:
		if (ok)
			powered_on(v);
		else
			card_go(CMD_MUTE_OFF);
		break;
	case CMD_RESET:
		if (ok)
			powered_on(v);
		else
			card_go(CMD_RESET_OFF);
		break;
	case CMD_RESET_OFF:
		if (ok)
			oracle_power(false);
		card_go(CMD_RESET_ON);
		break;
	case CMD_RESET_ON:
		if (ok)
			powered_on(v);
		else
			card_go(CMD_RESET_MUTE);
		break;
	case CMD_POWER_OFF:
		if (ok)
			oracle_power(false);
		powered_off(ok);
		break;
	case CMD_MUTE_OFF:
	case CMD_RESET_MUTE:
		if (ok) {
			oracle_power(false);
			set_card(POL_CARD_MUTE);
		} else {
			set_mute();
		}
		/* Reconnect tries a mute card again */
		if (cmd == CMD_RESET_MUTE && card_op() == POL_OP_RECONNECT)
			card_go(CMD_POWER_ON);
		else
			card_finish(false);
		break;
	case CMD_MORE:
		if (ok)
			card_go(CMD_BLOCK);
		else
			card_finish(false);
		break;
	case CMD_STATUS:
		if (ok) {
			settle();
			break;
		}
		card_unread();
		card_finish(false);
		break;
	default:
		card_finish(ok);
	}
}

/* ---- the worker ---- */

/* Do the next job; @awake: the reader can be reached. */
void card_job(bool awake)
{
	enum pol_job want = POL_JOB_NONE;
	enum pol_job job;

	if (!w.o.gone) {
		if (w.o.why != POL_LEAVE && (w.o.cut || w.o.owner == NOBODY))
			want = (enum pol_job)w.o.why;
		else if (w.pol.settle)
			want = POL_JOB_SETTLE;
		else if (w.pol.idle && !w.pol.connected && w.pol.card == POL_CARD_ON)
			want = POL_JOB_IDLE;
	}
	if (want == POL_JOB_NONE)
		oracle_finished();
	else
		oracle_job(want);
	must(P_PROGRESS, want == POL_JOB_NONE || scard_pol_worker_wanted(&w.pol), "the policy does not report a job");
	job = scard_pol_worker_job(&w.pol);
	must(P_ONCE, job == want, "the worker gets job %d, not %d", job, want);
	w.act.disp = (enum pol_disp)(job <= POL_JOB_EJECT ? (int)job : POL_LEAVE);
	switch (job) {
	case POL_JOB_NONE:
		return;
	case POL_JOB_RESET:
	case POL_JOB_UNPOWER:
	case POL_JOB_EJECT:
		if (!awake)
			set_mute();
		break;
	case POL_JOB_SETTLE:
		if (!awake)
			card_unread();
		break;
	default:
		break;
	}
	if (!awake) {
		card_finish(false);
		return;
	}
	switch (job) {
	case POL_JOB_RESET:
		card_go(card_reset());
		break;
	case POL_JOB_SETTLE:
		card_go(CMD_STATUS);
		break;
	default:
		card_go(CMD_POWER_OFF);
	}
}

/* The card has executed a command whose answer no caller takes. */
static void happened(enum cmd cmd)
{
	switch (cmd) {
	case CMD_POWER_ON:
	case CMD_RESET:
	case CMD_RESET_ON:
		oracle_power(true);
		break;
	case CMD_POWER_OFF:
	case CMD_MUTE_OFF:
	case CMD_RESET_OFF:
	case CMD_RESET_MUTE:
		oracle_power(false);
		break;
	default:
		break;
	}
}

/* The caller of the command on the wire has lost its turn. */
void card_taken_over(enum answer v)
{
	if (v == V_UNSEEN) {
		if (!w.o.gone && w.real != REAL_ABSENT)
			happened(w.act.cmd);
		return;
	}
	w.orphan = w.act.cmd;
	w.orphan_single = w.act.single;
	w.abandoned = true;
}

/* worker_finish_orphan() */
void card_orphan(enum answer v)
{
	enum cmd cmd = w.orphan;
	bool single = w.orphan_single || w.abandoned;
	bool cut = !w.abandoned;
	bool ok = v != V_FAIL && !w.o.gone;

	w.orphan = CMD_NONE;
	w.orphan_single = false;
	w.abandoned = false;
	w.act.pc = PC_PICK;
	if (!w.o.gone && w.real == REAL_ABSENT && v != V_JUST) {
		if (cut)
			card_removed();
		return;
	}
	if (ok && v != V_JUST) {
		happened(cmd);
		if (w.real == REAL_OFF && (cmd == CMD_BLOCK || cmd == CMD_SECURE))
			ok = false;
	}
	if (cut && (!ok || !single))
		card_cut();
}
