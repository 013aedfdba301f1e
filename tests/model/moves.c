// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * List the possible next steps, and describe them in a trace.
 */
#include <stdio.h>

#include "world.h"

static const enum pol_op all_ops[] = {
	POL_OP_CONNECT, POL_OP_RECONNECT, POL_OP_DISCONNECT, POL_OP_BEGIN, POL_OP_END,
	POL_OP_STATUS, POL_OP_TRANSMIT, POL_OP_CONTROL, POL_OP_ATTR,
};

static struct action *list;
static unsigned int listed;

static void add(enum action_kind kind, int h, int c, u8 variant)
{
	list[listed++] = (struct action){ .kind = kind, .handle = h, .call = c,
					  .variant = variant };
}

static void enabled_begin(void)
{
	enum pol_op op = card_op();
	bool exclusive = card_running()->turn.share == POL_EXCLUSIVE;
	enum pol_disp last = has(ENV_DISP) ? POL_EJECT : POL_RESET;
	enum pol_disp first = POL_RESET;
	enum pol_share share;
	unsigned int disp;

	switch (op) {
	case POL_OP_TRANSMIT:
		add(A_STEP, w.o.running, 0, 0);
		if (has(ENV_MULTI) && w.pol.card == POL_CARD_ON)
			add(A_STEP, w.o.running, 0, V_MORE);
		return;
	case POL_OP_CONTROL:
		add(A_STEP, w.o.running, 0, 0);
		add(A_STEP, w.o.running, 0, V_ESCAPE);
		if (w.pol.card == POL_CARD_ON)
			add(A_STEP, w.o.running, 0, V_MORE);
		return;
	case POL_OP_CONNECT:
		last = POL_LEAVE;
		first = POL_LEAVE;
		break;
	case POL_OP_RECONNECT:
		first = POL_LEAVE;
		if (last == POL_EJECT)
			last = POL_UNPOWER;
		break;
	default:
		for (disp = first; disp <= last; disp++)
			add(A_STEP, w.o.running, 0, disp << 2);
		return;
	}
	for (share = POL_EXCLUSIVE; share <= POL_DIRECT; share++) {
		bool same = share == POL_EXCLUSIVE ? exclusive : !exclusive;

		if (!same || !(config->shares & BIT(share)))
			continue;
		for (disp = first; disp <= last; disp++) {
			add(A_STEP, w.o.running, 0, share | disp << 2);
			if (has(ENV_MULTI) && disp == POL_LEAVE && share != POL_DIRECT &&
			    w.pol.card == POL_CARD_ON)
				add(A_STEP, w.o.running, 0, share | V_MORE);
		}
	}
}

static void enabled_wire(enum cmd cmd, bool call)
{
	bool cold = cmd == CMD_POWER_ON || cmd == CMD_RESET_ON;
	bool power = cold || cmd == CMD_RESET;
	int h = w.o.running;

	add(A_STEP, h, 0, V_OK);
	if (call && has(ENV_KILL)) {
		add(A_STEP, h, 0, V_KILLED);
		add(A_STEP, h, 0, V_KILLED_OFF);
	}
	if (w.o.gone)
		return;
	if (has(ENV_FAIL) && w.real != REAL_ABSENT)
		add(A_STEP, h, 0, V_FAIL);
	if (w.real == REAL_ABSENT || (w.real == REAL_OFF && power))
		add(A_STEP, h, 0, V_JUST);
	if (power && w.real != REAL_ABSENT) {
		if (call && has(ENV_MULTI))
			add(A_STEP, h, 0, V_OK_MORE);
		if (cold && (has(ENV_POLL) || has(ENV_SLEEP)))
			add(A_STEP, h, 0, V_OK_OTHER);
	}
}

/* The reader may refuse to wake up for the worker. */
static void enabled_job(void)
{
	add(A_STEP, WORKER, 0, V_OK);
	if (has(ENV_FAIL) && !w.o.gone)
		add(A_STEP, WORKER, 0, V_FAIL);
}

static void enabled_running(void)
{
	bool call = w.o.running < WORKER;
	unsigned int close;

	switch (w.act.pc) {
	case PC_BEGIN:
		if (call)
			enabled_begin();
		else if (w.orphan)
			enabled_wire(w.orphan, false);
		else
			enabled_job();
		return;
	case PC_PICK:
		enabled_job();
		return;
	case PC_SEND:
		add(A_STEP, w.o.running, 0, V_OK);
		if (call && has(ENV_KILL))
			add(A_STEP, w.o.running, 0, V_KILLED);
		if (call && has(ENV_STALL))
			add(A_STALL, w.o.running, 0, V_OK);
		return;
	case PC_WIRE:
		enabled_wire(w.act.cmd, call);
		if (call && has(ENV_STALL)) {
			add(A_STALL, w.o.running, 0, V_OK);
			add(A_STALL, w.o.running, 0, V_UNSEEN);
		}
		return;
	case PC_COMMIT:
		if (card_op() != POL_OP_CONNECT)
			break;
		for (close = POL_CLOSE_RESET; close <= POL_CLOSE_UNPOWER; close++)
			if (config->closes & BIT(close))
				add(A_STEP, w.o.running, 0, close);
		return;
	default:
		break;
	}
	add(A_STEP, w.o.running, 0, 0);
}

static void enabled_calls(int h, int idle)
{
	const struct pol_handle *p = &w.handle[h];
	unsigned int i;

	for (i = 0; i < sizeof(all_ops) / sizeof(*all_ops); i++) {
		enum pol_op op = all_ops[i];

		if (!(config->ops & BIT(op)) ||
		    (op == POL_OP_BEGIN && p->depth >= config->depth))
			continue;
		if ((op != POL_OP_CONNECT && op != POL_OP_RECONNECT) ||
		    config->shares & (BIT(POL_SHARED) | BIT(POL_DIRECT)))
			add(A_CALL, h, idle, op);
		if ((op == POL_OP_CONNECT || op == POL_OP_RECONNECT) &&
		    config->shares & BIT(POL_EXCLUSIVE))
			add(A_CALL, h, idle, op | 0x80);
	}
}

static void enabled_handle(int h)
{
	bool busy = false, waits = false;
	int c, idle = NOBODY;

	for (c = 0; c < (int)config->calls; c++) {
		switch (w.call[h][c].phase) {
		case IDLE:
			idle = idle == NOBODY ? c : idle;
			continue;
		case QUEUED:
			waits = true;
			add(A_SIGNAL, h, c, has(ENV_ASIDE));
			break;
		case STALE_END:
		case LEAVES:
		case ENDS:
			add(A_FOLLOW, h, c, 0);
			break;
		default:
			break;
		}
		busy = true;
	}
	if (idle != NOBODY)
		enabled_calls(h, idle);
	if (w.o.aside[h])
		add(A_FORGET, h, 0, 0);
	if (waits && has(ENV_CANCEL))
		add(A_CANCEL, h, 0, 0);
	/* a handle that never connected is closed, too */
	if (w.handle[h].share == POL_UNCONNECTED) {
		if (w.o.aside[h] && !busy)
			add(A_CLOSE, h, 0, 0);
		return;
	}
	add(A_LEAVE, h, 0, 0);
	if (config->ops & BIT(POL_OP_BEGIN))
		add(A_END, h, 0, 0);
	if (!busy || has(ENV_CLOSE))
		add(A_CLOSE, h, 0, 0);
}

/* List the possible steps; return their number. */
unsigned int moves_enabled(struct action *to)
{
	int h;

	list = to;
	listed = 0;
	if (w.o.running != NOBODY)
		enabled_running();
	for (h = 0; h < (int)config->handles; h++)
		enabled_handle(h);
	if (w.notes)
		add(A_NOTIFY, NOBODY, 0, 0);
	if (w.o.gone)
		return listed;
	if (has(ENV_CARD) || has(ENV_POLL))
		add(w.real == REAL_ABSENT ? A_INSERT : A_REMOVE, NOBODY, 0, 0);
	if (has(ENV_POLL) && w.o.running == NOBODY)
		add(A_POLL, NOBODY, 0, 0);
	if (has(ENV_IDLE) && !w.pol.connected && w.pol.card == POL_CARD_ON && !w.pol.idle)
		add(A_IDLE, NOBODY, 0, 0);
	if (has(ENV_WATCH) && w.o.owner != NOBODY && w.o.running == NOBODY)
		add(A_EXPIRE, NOBODY, 0, 0);
	if (has(ENV_SLEEP)) {
		add(A_SLEEP, NOBODY, 0, 0);
		add(A_SLEEP, NOBODY, 0, 1);
	}
	if (w.unsafe)
		add(A_RETRY, NOBODY, 0, 0);
	if (has(ENV_GONE))
		add(A_GONE, NOBODY, 0, 0);
	return listed;
}

/*
 * Choose the next step if nothing new happens: running turns finish, owners end their
 * transactions, and other handles disconnect for a call that waits to be alone. False if no call
 * waits or runs any more.
 */
bool moves_drain(struct action *a)
{
	struct action now[MAX_ACTIONS];
	int h, c;

	moves_enabled(now);
	*a = now[0];
	if (w.o.running != NOBODY)
		return true;
	for (h = 0; h < MAX_HANDLES; h++) {
		for (c = 0; c < MAX_CALLS; c++) {
			*a = (struct action){ .kind = A_FOLLOW, .handle = h, .call = c };
			if (w.call[h][c].phase >= STALE_END)
				return true;
		}
	}
	if (oracle_first_waiter() == NOBODY)
		return false;
	*a = (struct action){ .kind = A_END, .handle = w.o.owner };
	if (w.o.owner != NOBODY)
		return true;
	for (h = 0; h < MAX_HANDLES; h++) {
		*a = (struct action){ .kind = A_LEAVE, .handle = h };
		if (h != oracle_first_waiter() && w.o.share[h] != POL_UNCONNECTED)
			return true;
	}
	return false;
}

/* ---- traces ---- */

static const char * const op_names[] = {
	"Connect", "Reconnect", "Disconnect", "Begin", "End", "Status", "Transmit", "Control",
	"GetAttrib", "worker",
};

static const char * const cmd_names[] = {
	"nothing", "IccPowerOn", "IccPowerOn (reset)", "IccPowerOff", "IccPowerOff (mute)",
	"IccPowerOff (reset refused)", "IccPowerOn (after that)", "IccPowerOff (reset failed)", "the protocol negotiation", "XfrBlock",
	"XfrBlock (more follow)", "Secure", "Escape", "GetSlotStatus", "Mechanical",
};

static const char * const answer_names[] = {
	"is answered", "fails", "continues, its caller is killed", "is aborted, its caller is killed",
	"is answered, then the card is removed", "is answered, negotiation follows",
	"is answered by another card",
};

static const char * const share_names[] = { "-", "EXCLUSIVE", "SHARED", "DIRECT" };
static const char * const disp_names[] = { "LEAVE", "RESET", "UNPOWER", "EJECT" };

static void describe_begin(u8 v, char *buf, size_t size)
{
	switch (card_op()) {
	case POL_OP_CONNECT:
		snprintf(buf, size, "is %s", share_names[V_SHARE(v)]);
		break;
	case POL_OP_RECONNECT:
		snprintf(buf, size, "is %s, %s", share_names[V_SHARE(v)], disp_names[V_DISP(v)]);
		break;
	case POL_OP_DISCONNECT:
	case POL_OP_END:
		snprintf(buf, size, "is %s", disp_names[V_DISP(v)]);
		break;
	default:
		snprintf(buf, size, "continues%s%s", v & V_MORE ? ", many blocks or PIN pad" : "",
			 v & V_ESCAPE ? ", escape" : "");
	}
}

static void describe_step(u8 v, char *buf, size_t size)
{
	switch (w.act.pc) {
	case PC_BEGIN:
		if (w.o.running < WORKER)
			describe_begin(v, buf, size);
		else if (w.orphan)
			snprintf(buf, size, "the command on the wire: %s %s", cmd_names[w.orphan],
				 answer_names[v]);
		else
			snprintf(buf, size, "asks for a job%s", v == V_FAIL ? ", the reader sleeps" : "");
		break;
	case PC_PICK:
		snprintf(buf, size, "asks for a job%s", v == V_FAIL ? ", the reader sleeps" : "");
		break;
	case PC_SEND:
		snprintf(buf, size, v == V_KILLED ? "is killed before it sends %s" : "sends %s",
			 cmd_names[w.act.cmd]);
		break;
	case PC_WIRE:
		snprintf(buf, size, "%s %s", cmd_names[w.act.cmd], answer_names[v]);
		break;
	case PC_COMMIT:
		snprintf(buf, size, "tells the policy");
		break;
	default:
		snprintf(buf, size, w.act.killed ? "leaves, killed" : "is done");
	}
}

/* Print one line of a trace; w is the state before the step. */
void moves_describe(struct action a, const struct names *n, char *buf, size_t size)
{
	static const char * const event_names[] = {
		[A_LEAVE] = "Disconnect(LEAVE)", [A_END] = "End(LEAVE)",
		[A_FORGET] = "an interrupted call does not come back",
		[A_CLOSE] = "closed without Disconnect", [A_CANCEL] = "its waits are canceled",
		[A_REMOVE] = "the card is removed", [A_INSERT] = "a card is inserted",
		[A_NOTIFY] = "the notification is handled",
		[A_POLL] = "the slot is polled", [A_IDLE] = "the card is unused for a while",
		[A_RETRY] = "the worker tries again",
		[A_EXPIRE] = "the transaction was idle for too long",
		[A_SLEEP] = "sleep and resume", [A_GONE] = "the reader is unplugged",
	};
	char what[96] = "";
	char who[64] = "";
	int c;

	if (a.handle == WORKER) {
		snprintf(who, sizeof(who), "worker: ");
	} else if (a.handle >= 0) {
		struct call *call = &w.call[a.handle][a.call];

		for (c = 0; (a.kind == A_STEP || a.kind == A_STALL) && c < MAX_CALLS; c++)
			if (w.call[a.handle][c].phase == ACTS)
				call = &w.call[a.handle][c];
		c = call - w.call[a.handle];
		if (a.kind == A_CALL)
			snprintf(who, sizeof(who), "%c.%c: ", n->handle[a.handle],
				 n->call[a.handle][c]);
		else if (a.kind == A_STEP || a.kind == A_SIGNAL || a.kind == A_FOLLOW || a.kind == A_STALL)
			snprintf(who, sizeof(who), "%c.%c %s: ", n->handle[a.handle],
				 n->call[a.handle][c], op_names[call->turn.op]);
		else
			snprintf(who, sizeof(who), "%c: ", n->handle[a.handle]);
	}
	switch (a.kind) {
	case A_CALL:
		snprintf(what, sizeof(what), "%s%s", op_names[a.variant & 0x7f],
			 a.variant & 0x80 ? " EXCLUSIVE" : "");
		break;
	case A_STEP:
		describe_step(a.variant, what, sizeof(what));
		break;
	case A_SIGNAL:
		snprintf(what, sizeof(what), "interrupted while it waits");
		break;
	case A_FOLLOW:
		snprintf(what, sizeof(what), "returns without its turn");
		break;
	case A_STALL:
		snprintf(what, sizeof(what), "does not run, its turn is taken over%s",
			 a.variant == V_UNSEEN ? "; the answer is there" : "");
		break;
	default:
		snprintf(what, sizeof(what), "%s", event_names[a.kind]);
	}
	snprintf(buf, size, "%s%s", who, what);
}
