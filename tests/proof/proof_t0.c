// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * T=0: any command, and any card. The rules that sound() has hold after the start of a command,
 * and a step from any state with them ends in one with them. So they hold in each exchange,
 * however long.
 */
#include "proof.h"
#include "apdu.c"
#define memmove(to, from, len) areas_only(to, from, len)
#include "t0.c"

#define APDU_LEN	70000
#define RX_LEN		300

/* What there is between two steps. It is no more than what steps need. */
static bool sound(const struct t0 *t, const u8 *tpdu, const u8 *ans)
{
	u32 most = t->incoming ? (tpdu[4] ? tpdu[4] : 256) : 0;

	if (t->tpdu != tpdu || t->ans != ans || t->len < T0_HEADER_LEN || t->len > T0_TPDU_MAX)
		return false;
	if (t->incoming != (t->len == T0_HEADER_LEN) || t->sent < T0_HEADER_LEN || t->sent > t->len)
		return false;
	if (t->tx_len > t->sent || t->tx != tpdu + t->sent - t->tx_len)
		return false;
	/* data and what is left of it, and SW1 */
	if (t->left > most || t->ans_len != most - t->left + t->in_sw)
		return false;
	if (t->data)
		return t->incoming && !t->in_sw && t->expect && t->expect <= t->left;
	return t->expect == 1;
}

void proof_t0_step(void)
{
	u32 len = nondet_u32(), rx_len = nondet_u32();
	enum t0_action action;
	struct t0 t;

	t.incoming = nondet_bool();
	t.in_sw = nondet_bool();
	t.data = nondet_bool();
	ASSUME(len >= T0_HEADER_LEN && len <= T0_TPDU_MAX && rx_len <= RX_LEN);
	BUFFER(tpdu, len, T0_TPDU_MAX);
	BUFFER(ans, T0_ANSWER_MAX, T0_ANSWER_MAX);
	BUFFER(rx, rx_len, RX_LEN);
	t.tpdu = tpdu;
	t.ans = ans;
	t.len = len;
	t.tx_len = nondet_u32();
	ASSUME(t.tx_len <= t.sent && t.sent <= len);
	t.tx = tpdu + t.sent - t.tx_len;
	ASSUME(sound(&t, tpdu, ans));
	action = ccid_t0_step(&t, rx, rx_len);
	if (action == T0_SEND) {
		REACHED("send");
		HOLDS(sound(&t, tpdu, ans));
	} else if (action == T0_DONE) {
		REACHED("done");
		HOLDS(t.ans_len >= 2 && t.ans_len <= T0_ANSWER_MAX);
	} else {
		REACHED("fail");
		HOLDS(action == T0_FAIL);
	}
}

void proof_t0_start(void)
{
	u32 len = nondet_u32();
	struct t0 t;

	ASSUME(len <= RX_LEN);
	BUFFER(tpdu, len, RX_LEN);
	BUFFER(ans, T0_ANSWER_MAX, T0_ANSWER_MAX);
	if (ccid_t0_start(&t, tpdu, len, ans) != T0_SEND) {
		REACHED("refused");
		return;
	}
	REACHED("send");
	HOLDS(t.len == len && sound(&t, tpdu, ans));
}

/* The buffer has room for a header, also where the APDU has none. */
void proof_t0_tpdu(void)
{
	u32 len = nondet_u32(), before, room;

	ASSUME(len <= APDU_LEN);
	before = len;
	room = len < T0_HEADER_LEN ? T0_HEADER_LEN : len;
	BUFFER(buf, room, APDU_LEN);
	if (ccid_t0_tpdu(buf, &len)) {
		REACHED("too long");
		HOLDS(len == before);
		return;
	}
	HOLDS(len <= T0_TPDU_MAX && len <= room);
	if (len < before)
		REACHED("shorter");
	if (len > before)
		REACHED("longer");
}
