// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Chains of parts of an APDU, for any reader: the rules that sound() has hold at the start, and
 * a step from any state with them ends in one with them.
 */
#include "proof.h"
#include "xchain.c"

#define CMD_LEN		65544
#define ANS_SIZE	65538
#define RX_LEN		65548

static bool sound(const struct xchain *x, const u8 *cmd, const u8 *ans, u32 size)
{
	return x->cmd == cmd && x->ans == ans && x->size == size && x->off <= x->len && x->block &&
	       x->ans_len <= size && x->tx_len <= x->block && x->tx_len <= x->off;
}

static bool sends_well(const struct xchain *x)
{
	bool more = x->off < x->len;

	if (x->level == CCID_CHAIN_CONTINUE)
		return !x->tx_len && !more && x->begun;
	return x->tx == x->cmd + x->off - x->tx_len &&
	       more == (x->level == CCID_CHAIN_BEGIN || x->level == CCID_CHAIN_MIDDLE);
}

void proof_xchain_step(void)
{
	u32 len = nondet_u32(), size = nondet_u32(), rx_len = nondet_u32();
	enum xchain_action action;
	struct xchain x;
	u8 param = nondet_u8();
	u32 had;

	x.begun = nondet_bool();
	ASSUME(len <= CMD_LEN && size <= ANS_SIZE && rx_len <= RX_LEN);
	BUFFER(cmd, len, CMD_LEN);
	BUFFER(ans, size, ANS_SIZE);
	BUFFER(rx, rx_len, RX_LEN);
	x.cmd = cmd;
	x.len = len;
	x.ans = ans;
	x.size = size;
	ASSUME(sound(&x, cmd, ans, size));
	had = x.ans_len;
	action = ccid_xchain_step(&x, param, rx, rx_len);
	HOLDS(x.ans_len == had || x.ans_len == had + rx_len);
	HOLDS(x.len == len && x.ans_len <= size);
	if (action == XCHAIN_SEND) {
		REACHED("send");
		HOLDS(sound(&x, cmd, ans, size) && sends_well(&x));
	} else if (action == XCHAIN_DONE) {
		REACHED("done");
		HOLDS(x.off == len && x.ans_len == had + rx_len);
	} else {
		REACHED("fail");
		HOLDS(action == XCHAIN_FAIL && (x.error == -EPROTO || x.error == -EMSGSIZE));
	}
}

void proof_xchain_start(void)
{
	u32 len = nondet_u32(), block = nondet_u32();
	enum xchain_action action;
	struct xchain x;
	u8 ans[1];

	ASSUME(len <= CMD_LEN && block);
	BUFFER(cmd, len, CMD_LEN);
	action = ccid_xchain_start(&x, cmd, len, block, ans, 1);
	REACHED("send");
	HOLDS(action == XCHAIN_SEND && x.len == len && sound(&x, cmd, ans, 1) && sends_well(&x));
	HOLDS(!len || x.tx_len);
}
