// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * T=1: any card. The rules that sound() has hold after each way to start, and a step from any
 * state with them ends in one with them. So they hold in each exchange, however long.
 */
#include "proof.h"
#include "t1.c"

/* Longest information field, both ways. T1_INF_MAX takes CBMC far longer, by the check codes. */
#define INF		32
#define CMD_LEN		(2 * INF + 1)
#define ANS_SIZE	(2 * INF + 1)
#define RX_LEN		(T1_PROLOGUE_LEN + INF + 2 + 1)
#define TX_LEN		(T1_PROLOGUE_LEN + INF + 2)

static bool sound(const struct t1 *t, const u8 *cmd, u32 len, const u8 *ans, u32 size)
{
	enum t1_sent pending = t1_pending(t);
	u32 left = len - t->cmd_off;

	if (!t->ifsc || !t->ifsc_initial || t->ifsc > t->ifsc_max || t->ifsc_initial > t->ifsc_max)
		return false;
	if (t->ifsc_max > INF || t->sent > T1_SENT_S_ABORTED || pending > T1_SENT_S_ABORTED)
		return false;
	if (t->cmd != cmd || t->ans != ans || t->ans_size != size || t->ans_len > size)
		return false;
	if (t->cmd_len != len || t->cmd_off > len || pending == T1_SENT_R_ERROR)
		return false;
	if (t->deferred && (t->sent != T1_SENT_S_RESYNCH || t->answered || t->secure))
		return false;
	if (t->secure && cmd)
		return false;
	/* the block on its way is of the command, or the reader's own */
	if (pending == T1_SENT_I)
		return (cmd || t->secure) && !t->answered && t->chunk == left;
	if (pending == T1_SENT_I_MORE)
		return cmd && !t->secure && !t->answered && t->chunk < left;
	return pending != T1_SENT_R || t->answered;
}

static enum t1_sent any_sent(void)
{
	u8 sent = nondet_u8();

	ASSUME(sent <= T1_SENT_S_ABORTED);
	return sent;
}

static bool block_ok(const struct t1 *t, const u8 *tx)
{
	return t->tx_len == T1_PROLOGUE_LEN + tx[2] + ccid_t1_epilogue_len(t) && tx[2] <= INF;
}

void proof_t1_step(void)
{
	bool idle = nondet_bool();
	u32 len = nondet_u32(), size = nondet_u32(), rx_len = nondet_u32(), had;
	enum t1_action action;
	struct t1 t;

	t.sent = any_sent();
	t.before = any_sent();
	t.crc = nondet_bool();
	t.ns = nondet_bool();
	t.nr = nondet_bool();
	t.broken = nondet_bool();
	t.answered = nondet_bool();
	t.secure = nondet_bool();
	t.deferred = nondet_bool();
	ASSUME(len <= CMD_LEN && size <= ANS_SIZE && rx_len <= RX_LEN && (!idle || !len));
	BUFFER(cmd, len, CMD_LEN);
	BUFFER(ans, size, ANS_SIZE);
	BUFFER(rx, rx_len, RX_LEN);
	BUFFER(tx, TX_LEN, TX_LEN);
	t.cmd = idle ? NULL : cmd;
	t.ans = ans;
	ASSUME(sound(&t, t.cmd, len, ans, size));
	had = t.ans_len;
	action = ccid_t1_step(&t, rx, rx_len, tx);
	HOLDS(t.ans_len >= had && t.ans_len <= size && t.wtx);
	if (action == T1_SEND) {
		REACHED("send");
		HOLDS(sound(&t, idle ? NULL : cmd, len, ans, size));
		HOLDS(block_ok(&t, tx));
	} else if (action == T1_DONE) {
		REACHED("done");
		HOLDS(t.ifsc && t.ifsc <= t.ifsc_max && t.cmd_off <= len);
	} else {
		REACHED("fail");
		HOLDS(action == T1_FAIL && (t.error == -EIO || t.error == -EMSGSIZE));
	}
}

/* Each way to start, on a connection that any exchange has left */
void proof_t1_start(void)
{
	u32 len = nondet_u32(), size = nondet_u32(), how = nondet_u32();
	u8 prologue[T1_PROLOGUE_LEN];
	enum t1_action action = T1_SEND;
	struct t1 t;

	ASSUME(len <= CMD_LEN && size <= ANS_SIZE);
	BUFFER(cmd, len, CMD_LEN);
	BUFFER(ans, size, ANS_SIZE);
	BUFFER(tx, TX_LEN, TX_LEN);
	ccid_t1_init(&t, nondet_u8(), nondet_bool());
	ccid_t1_limit(&t, INF);
	HOLDS(t.ifsc && t.ifsc_max == INF);
	/* what an exchange changes */
	t.ns = nondet_bool();
	t.nr = nondet_bool();
	t.broken = nondet_bool();
	t.ifsc = nondet_u8();
	ASSUME(t.ifsc && t.ifsc <= t.ifsc_max);
	switch (how) {
	case 0:
		action = ccid_t1_start(&t, cmd, len, ans, size, tx);
		REACHED("command");
		HOLDS(sound(&t, cmd, len, ans, size));
		break;
	case 1:
		action = ccid_t1_start_ifs(&t, nondet_u8(), tx);
		REACHED("S(IFS)");
		HOLDS(sound(&t, NULL, 0, NULL, 0));
		break;
	case 2:
		action = ccid_t1_start_resynch(&t, tx);
		REACHED("S(RESYNCH)");
		HOLDS(sound(&t, NULL, 0, NULL, 0));
		break;
	default:
		if (ccid_t1_start_secure(&t, prologue, len, ans, size)) {
			REACHED("too long for a block");
			HOLDS(len > t.ifsc);
			return;
		}
		REACHED("block of the reader");
		HOLDS(sound(&t, NULL, 0, ans, size) && prologue[2] == len);
		return;
	}
	HOLDS(action == T1_SEND && block_ok(&t, tx));
}
