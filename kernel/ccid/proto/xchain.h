/* SPDX-License-Identifier: GPL-2.0 */
/*
 * APDUs longer than a message, CCID 1.1 sections 6.1.4 and 6.2.1: chaining by
 * wLevelParameter and bChainParameter, at the extended APDU level.
 */
#ifndef SCARD_PROTO_XCHAIN_H
#define SCARD_PROTO_XCHAIN_H

#include "port.h"

enum xchain_action {
	XCHAIN_SEND,	/* send x->tx, x->tx_len bytes, with wLevelParameter x->level */
	XCHAIN_DONE,	/* the answer is complete: x->ans_len bytes */
	XCHAIN_FAIL,	/* see x->error */
};

/**
 * struct xchain - one command on its way
 * @cmd: the command, kept by the caller
 * @len: bytes of it
 * @off: bytes of it that were sent
 * @block: bytes that fit into one message
 * @ans: where the answer goes
 * @size: room there
 * @ans_len: bytes of it
 * @tx: bytes to send now
 * @tx_len: number of them
 * @level: wLevelParameter
 * @begun: the first part of the answer is there
 * @steps: messages received
 * @error: with XCHAIN_FAIL: -EPROTO or -EMSGSIZE
 */
struct xchain {
	const u8 *cmd;
	u32 len;
	u32 off;
	u32 block;
	u8 *ans;
	u32 size;
	u32 ans_len;
	const u8 *tx;
	u32 tx_len;
	u8 level;
	bool begun;
	u32 steps;
	int error;
};

enum xchain_action xchain_start(struct xchain *x, const u8 *cmd, u32 len, u32 block, u8 *ans,
				u32 size);
enum xchain_action xchain_step(struct xchain *x, u8 param, const u8 *rx, u32 rx_len);

#endif /* SCARD_PROTO_XCHAIN_H */
