/* SPDX-License-Identifier: GPL-2.0 */
/*
 * T=1, ISO 7816-3 section 11: blocks, chaining, error handling; the host's side.
 */
#ifndef SCARD_PROTO_T1_H
#define SCARD_PROTO_T1_H

#include "port.h"

#define T1_PROLOGUE_LEN		3			/* NAD PCB LEN */
#define T1_INF_MAX		254
#define T1_IFSD_INITIAL		32
#define T1_BLOCK_MAX		(T1_PROLOGUE_LEN + T1_INF_MAX + 2)

enum t1_action {
	T1_SEND,	/* send t->tx_len bytes of the buffer, give the answer to t1_step() */
	T1_DONE,	/* the answer is complete: t->ans_len bytes */
	T1_FAIL,	/* given up; see t->error */
};

/* The block that was sent last, which decides the answers that may come */
enum t1_sent {
	T1_SENT_I,		/* the last block of the command, or the only one */
	T1_SENT_I_MORE,		/* a block of a chain that goes on */
	T1_SENT_R,		/* acknowledges a block of the card's chain */
	T1_SENT_R_ERROR,	/* "I have not understood" */
	T1_SENT_S_IFS,
	T1_SENT_S_RESYNCH,
	T1_SENT_S_ABORTED,	/* S(ABORT response) */
};

/**
 * struct t1 - a connection to a card, from reset to reset
 * @ifsc: longest information field that the card takes, 1 to 254
 * @ifsc_initial: IFSC of the ATR, which holds again after a resynchronisation
 * @ifsc_max: longest one that the reader can carry
 * @ifsd: longest one that it may send
 * @crc: blocks end with a CRC
 * @nad: node address byte that is sent; the card's has the halves exchanged
 * @ns: N(S) of the next I-block sent
 * @nr: N(S) expected in the next I-block received
 * @broken: the two sides may not agree: resynchronise before the next command
 * @sent: the block that was sent last
 * @before: the block before an R-block that reports an error
 * @cmd: the command, kept by the caller
 * @cmd_len: bytes of it
 * @cmd_off: bytes that the card has acknowledged
 * @chunk: bytes of the I-block on its way
 * @ans: where the answer goes
 * @ans_size: room there
 * @ans_len: bytes of it
 * @answered: the first block of the answer was received
 * @tx_len: bytes of the block to send now
 * @wtx: multiplier of the waiting time for the next answer, 1 without extension
 * @retries: attempts to have a block repeated
 * @resynchs: attempts to resynchronise
 * @steps: blocks received for this command
 * @secure: the block on its way was made by the reader, and cannot be sent again
 * @deferred: the command has to wait until the resynchronisation is over
 * @error: with T1_FAIL: -EIO, -EMSGSIZE (the answer is longer than @ans_size)
 */
struct t1 {
	u8 ifsc;
	u8 ifsc_initial;
	u8 ifsc_max;
	u8 ifsd;
	bool crc;
	u8 nad;
	bool ns;
	bool nr;
	bool broken;
	enum t1_sent sent;
	enum t1_sent before;
	const u8 *cmd;
	u32 cmd_len;
	u32 cmd_off;
	u32 chunk;
	u8 *ans;
	u32 ans_size;
	u32 ans_len;
	bool answered;
	u32 tx_len;
	u8 wtx;
	u8 retries;
	u8 resynchs;
	u32 steps;
	bool secure;
	bool deferred;
	int error;
};

void t1_init(struct t1 *t, u8 ifsc, bool crc);
void t1_limit(struct t1 *t, u32 max);
enum t1_action t1_start(struct t1 *t, const u8 *cmd, u32 len, u8 *ans, u32 size, u8 *tx);
enum t1_action t1_start_ifs(struct t1 *t, u8 ifsd, u8 *tx);
enum t1_action t1_start_resynch(struct t1 *t, u8 *tx);
enum t1_action t1_step(struct t1 *t, const u8 *rx, u32 rx_len, u8 *tx);
void t1_start_secure(struct t1 *t, u8 *prologue, u32 len, u8 *ans, u32 size);
u32 t1_epilogue_len(const struct t1 *t);

#endif /* SCARD_PROTO_T1_H */
