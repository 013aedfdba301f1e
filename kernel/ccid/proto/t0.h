/* SPDX-License-Identifier: GPL-2.0 */
/*
 * T=0, ISO 7816-3 sections 10 and 12.2.
 */
#ifndef SCARD_PROTO_T0_H
#define SCARD_PROTO_T0_H

#include "port.h"

#define T0_HEADER_LEN		5
#define T0_TPDU_MAX		(T0_HEADER_LEN + 255)
#define T0_ANSWER_MAX		(256 + 2)

enum t0_action {
	T0_SEND,	/* send t->tx, t->tx_len bytes, and ask for t->expect bytes */
	T0_DONE,	/* the answer is complete: t->ans_len bytes */
	T0_FAIL,	/* the card breaks the protocol */
};

/**
 * struct t0 - one command at character level
 * @tpdu: the command TPDU, kept by the caller
 * @len: bytes of it
 * @sent: bytes of it that the card has
 * @incoming: the command brings data from the card
 * @left: bytes of data that the card may still send
 * @in_sw: SW1 is there, SW2 is not
 * @ans: where the answer goes
 * @ans_len: bytes of it
 * @tx: bytes to send now
 * @tx_len: number of them; 0: only listen
 * @expect: bytes to ask the reader for
 * @data: the bytes asked for are data of the card
 * @nulls: NULL bytes so far
 */
struct t0 {
	const u8 *tpdu;
	u32 len;
	u32 sent;
	bool incoming;
	u32 left;
	bool in_sw;
	u8 *ans;
	u32 ans_len;
	const u8 *tx;
	u32 tx_len;
	u32 expect;
	bool data;
	u32 nulls;
};

int t0_tpdu(u8 *buf, u32 *len);
enum t0_action t0_start(struct t0 *t, const u8 *tpdu, u32 len, u8 *ans);
enum t0_action t0_step(struct t0 *t, const u8 *rx, u32 rx_len);

#endif /* SCARD_PROTO_T0_H */
