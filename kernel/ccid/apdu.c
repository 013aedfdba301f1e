// SPDX-License-Identifier: GPL-2.0
/*
 * APDUs: how a command and its answer travel at each exchange level.
 *
 * Where one message carries the whole, it is sent from the request's send buffer and
 * answered into its receive buffer, and nothing is copied. Where the host has to take
 * it apart (T=1 and T=0 blocks, parts of long APDUs), the engines of proto/ work on
 * copies in req->apdu, the command first and the answer behind it.
 */
#include <linux/string.h>

#include "apdu.h"
#include "proto/apdu.h"
#include "proto/t0.h"
#include "proto/t1.h"
#include "proto/xchain.h"
#include "req.h"
#include "slot.h"

/* How long a card may take at the APDU levels, where the reader keeps the time, at least */
#define XFR_APDU_TIMEOUT_MS	60000
#define XFR_BLOCK_MIN_MS	3000

/**
 * ccid_apdu_max() - longest command that TRANSMIT takes
 * @reader: the reader
 *
 * Return: bytes
 */
u32 ccid_apdu_max(const struct ccid_reader *reader)
{
	if (reader->desc.level == CCID_LEVEL_SHORT_APDU)
		return min_t(u32, reader->desc.max_msg - CCID_HEADER_LEN, SCARD_SHORT_COMMAND);
	return SCARD_COMMAND_MAX;
}

/* How a command travels */
enum xfr_way {
	XFR_WHOLE,		/* in one message; the answer too, or in parts */
	XFR_PARTS,
	XFR_T1,
	XFR_T0_CHARACTER,
};

static int xfr_block(struct ccid_slot *slot, struct ccid_req *req, u8 bwi, u16 level, u32 len,
		     unsigned int timeout_ms)
{
	u8 params[3] = { bwi };

	put_le16(params + 1, level);
	return ccid_slot_cmd(slot, req, CCID_PC_TO_RDR_XFR_BLOCK, params, len, timeout_ms);
}

/*
 * Copy the command out of the send buffer, which the engine needs for its blocks,
 * and make room for an answer of @size bytes behind it.
 */
static int xfr_unpack(struct ccid_req *req, u32 len, u32 size)
{
	int ret = ccid_req_grow_apdu(req, len + size);

	if (ret)
		return ret;
	req->dirty_apdu = len + size;
	memcpy(req->apdu, ccid_req_payload(req), len);
	return 0;
}

/*
 * Room for an answer: that of the caller, or for the longest answer of the card, so that a
 * caller with too little room learns the length.
 */
static u32 xfr_room(const struct ccid_req *req, u32 len)
{
	u32 room = req->req.room;
	struct apdu apdu;

	if (!ccid_apdu_parse(&apdu, ccid_req_payload(req), len))
		room = max(room, apdu.ne + 2);
	return clamp_t(u32, room, T0_ANSWER_MAX, SCARD_ANSWER_MAX);
}

/* The answer that an engine has put together */
static int xfr_assembled(struct ccid_req *req, u32 len, u32 ans_len)
{
	req->req.out = req->apdu + len;
	req->req.out_len = ans_len;
	return 0;
}

/* Go on with the parts of a long APDU until the last one of the answer is there. */
static int xfr_parts(struct ccid_slot *slot, struct ccid_req *req, u32 len, struct xchain *x,
		     enum xchain_action action)
{
	int ret;

	while (action == XCHAIN_SEND) {
		memcpy(ccid_req_payload(req), x->tx, x->tx_len);
		ret = xfr_block(slot, req, 0, x->level, x->tx_len, XFR_APDU_TIMEOUT_MS);
		if (ret)
			return ret;
		action = ccid_xchain_step(x, req->ans.param, req->ans.data, req->ans.len);
	}
	return action == XCHAIN_DONE ? xfr_assembled(req, len, x->ans_len) : -EIO;
}

/* A command longer than a message */
static int xfr_chain(struct ccid_slot *slot, struct ccid_req *req, u32 len)
{
	u32 block = ccid_slot_reader(slot)->desc.max_part - CCID_HEADER_LEN;
	u32 room = xfr_room(req, len);
	struct xchain x;
	int ret = xfr_unpack(req, len, room);

	if (ret)
		return ret;
	return xfr_parts(slot, req, len, &x,
			 ccid_xchain_start(&x, req->apdu, len, block, req->apdu + len, room));
}

/* An answer longer than a message, of which the first part has arrived */
static int xfr_rest(struct ccid_slot *slot, struct ccid_req *req, u32 len)
{
	u32 room = xfr_room(req, len);
	struct xchain x;
	int ret;

	req->req.single = false;
	ret = xfr_unpack(req, 0, room);
	if (ret)
		return ret;
	ccid_xchain_start(&x, req->apdu, 0, 1, req->apdu, room);
	return xfr_parts(slot, req, 0, &x, ccid_xchain_step(&x, req->ans.param, req->ans.data,
						       req->ans.len));
}

/**
 * ccid_apdu_no_pin() - answer for a user who has not entered a PIN
 * @req: the request of a command that has failed
 * @ret: its result; with -EINTR the request may still be on the wire
 *
 * With status bytes, as programs made for PC/SC expect: 6400 (timeout), 6401 (cancelled).
 *
 * Return: true if that is the reason, and the answer is in @req
 */
bool ccid_apdu_no_pin(struct ccid_req *req, int ret)
{
	if (ret == -EINTR || !req->ans.type || req->ans.cmd_status != CCID_CMD_FAILED ||
	    req->ans.icc_status == CCID_ICC_ABSENT ||
	    (req->ans.error != CCID_ERR_PIN_TIMEOUT && req->ans.error != CCID_ERR_PIN_CANCELLED))
		return false;
	req->tx[0] = 0x64;
	req->tx[1] = req->ans.error == CCID_ERR_PIN_CANCELLED;
	req->req.out = req->tx;
	req->req.out_len = 2;
	return true;
}

/* The whole command in one message, and the answer in one too as nearly always */
static int xfr_whole(struct ccid_slot *slot, struct ccid_req *req, u32 len,
		     unsigned int timeout_ms)
{
	int ret;

	req->req.single = true;
	ret = ccid_slot_cmd(slot, req, CCID_PC_TO_RDR_XFR_BLOCK, ccid_cmd_no_params, len,
			    timeout_ms);
	/* a pinpad that catches the command of a program that knows no pinpads */
	if (ret)
		return ccid_apdu_no_pin(req, ret) ? 0 : ret;
	if (req->ans.param != CCID_CHAIN_WHOLE &&
	    ccid_slot_reader(slot)->desc.level == CCID_LEVEL_EXTENDED_APDU)
		return xfr_rest(slot, req, len);
	req->req.out = req->ans.data;
	req->req.out_len = req->ans.len;
	return 0;
}

/* A T=0 TPDU at character level, where each procedure byte is a message */
static int xfr_t0_character(struct ccid_slot *slot, struct ccid_req *req, u32 len,
			    unsigned int timeout_ms)
{
	enum t0_action action;
	struct t0 t;
	int ret = xfr_unpack(req, len, T0_ANSWER_MAX);

	if (ret)
		return ret;
	action = ccid_t0_start(&t, req->apdu, len, req->apdu + len);
	while (action == T0_SEND) {
		memcpy(ccid_req_payload(req), t.tx, t.tx_len);
		/* at this level wLevelParameter is the number of bytes expected */
		ret = xfr_block(slot, req, 0, t.expect, t.tx_len, timeout_ms);
		if (ret)
			return ret;
		action = ccid_t0_step(&t, req->ans.data, req->ans.len);
	}
	return action == T0_DONE ? xfr_assembled(req, len, t.ans_len) : -EIO;
}

/*
 * Exchange one T=1 block. At character level the reader is told how many bytes to
 * expect, and the prologue tells how many follow it.
 */
static int xfr_t1_block(struct ccid_slot *slot, struct ccid_req *req, u8 *block, u32 *len)
{
	unsigned int timeout_ms = max_t(u32, slot->wait_ms, XFR_BLOCK_MIN_MS) * slot->t1.wtx;
	bool character = ccid_slot_reader(slot)->desc.level == CCID_LEVEL_CHARACTER;
	int ret;

	*len = 0;
	ret = xfr_block(slot, req, slot->t1.wtx, character ? T1_PROLOGUE_LEN : 0,
			slot->t1.tx_len, timeout_ms);
	if (ret)
		return ret;
	*len = min_t(u32, req->ans.len, T1_BLOCK_MAX);
	memcpy(block, req->ans.data, *len);
	if (!character || *len != T1_PROLOGUE_LEN || block[2] > T1_INF_MAX)
		return 0;
	ret = xfr_block(slot, req, 0, block[2] + ccid_t1_epilogue_len(&slot->t1), 0, timeout_ms);
	if (ret)
		return ret;
	ret = min_t(u32, req->ans.len, T1_BLOCK_MAX - *len);
	memcpy(block + *len, req->ans.data, ret);
	*len += ret;
	return 0;
}

/* Is this a fault of the line, which the protocol itself mends? */
static bool xfr_is_line_error(const struct ccid_req *req, int ret)
{
	return ret == -EREMOTEIO ||
	       (ret == -EIO && req->ans.type && req->ans.error == CCID_ERR_XFR_PARITY_ERROR);
}

static int xfr_t1_run(struct ccid_slot *slot, struct ccid_req *req, enum t1_action action)
{
	u8 block[T1_BLOCK_MAX];
	u32 len;
	int ret = 0;

	while (action == T1_SEND) {
		ret = xfr_t1_block(slot, req, block, &len);
		if (ret && !xfr_is_line_error(req, ret)) {
			if (scard_slot_is_owned(&slot->slot, &req->req))
				slot->t1.broken = true;
			break;
		}
		ret = 0;
		action = ccid_t1_step(&slot->t1, block, len, ccid_req_payload(req));
	}
	memzero_explicit(block, sizeof(block));
	if (ret)
		return ret;
	return action == T1_DONE ? 0 : -EIO;
}

static int xfr_t1(struct ccid_slot *slot, struct ccid_req *req, u32 len)
{
	u32 room = xfr_room(req, len);
	int ret = xfr_unpack(req, len, room);

	if (ret)
		return ret;
	ccid_req_dirty_tx(req, T1_BLOCK_MAX);
	ret = xfr_t1_run(slot, req, ccid_t1_start(&slot->t1, req->apdu, len, req->apdu + len, room,
						  ccid_req_payload(req)));
	return ret ?: xfr_assembled(req, len, slot->t1.ans_len);
}

/**
 * ccid_apdu_prepare() - scard_reader_ops.transmit_prepare
 * @slot: the slot
 * @req: the request, with the command
 *
 * For extended APDUs: others cannot ask for more than any request has room for already. Room
 * for an answer in parts is made now, too: when the first part is there, the card has executed
 * the command, and the reader wants to give the rest.
 *
 * Return: 0 or -ENOMEM
 */
int ccid_apdu_prepare(struct scard_slot *slot, struct scard_req *req)
{
	const struct ccid_desc *desc = &to_ccid_reader(slot->reader)->desc;
	struct ccid_req *ccid = to_ccid_req(req);
	struct apdu apdu;
	int ret;

	if (!apdu_may_be_extended(req->in, req->in_len) ||
	    ccid_apdu_parse(&apdu, req->in, req->in_len))
		return 0;
	ret = ccid_req_grow_rx(ccid, apdu.ne + 2, GFP_KERNEL_ACCOUNT);
	if (ret || desc->level != CCID_LEVEL_EXTENDED_APDU ||
	    CCID_HEADER_LEN + apdu.ne + 2 <= desc->max_msg)
		return ret;
	return ccid_req_grow_apdu(ccid, xfr_room(ccid, req->in_len));
}

/**
 * ccid_apdu_t1_ifsd() - tell the card how long its blocks may be
 * @slot: the slot; T=1 has just become active
 * @req: a request
 * @ifsd: 1 to 254
 *
 * A card that does not agree goes on with 32.
 *
 * Return: 0 or a negative errno
 */
int ccid_apdu_t1_ifsd(struct ccid_slot *slot, struct ccid_req *req, u8 ifsd)
{
	int ret = xfr_t1_run(slot, req, ccid_t1_start_ifs(&slot->t1, ifsd, ccid_req_payload(req)));

	if (ret == -EIO)
		slot->t1.ifsd = 32;
	return ret;
}

/* Agree with the card again, if the last command left doubts. The payload stays as it is. */
static int xfr_t1_resynch(struct ccid_slot *slot, struct ccid_req *req)
{
	u8 *tx = ccid_req_payload(req), saved[T1_PROLOGUE_LEN + 2];
	int ret;

	if (!slot->t1.broken)
		return 0;
	/* the one block that is sent overwrites as much: it has no information field */
	memcpy(saved, tx, sizeof(saved));
	ret = xfr_t1_run(slot, req, ccid_t1_start_resynch(&slot->t1, tx));
	if (ret != -EINTR)	/* the buffer may be on its way still */
		memcpy(tx, saved, sizeof(saved));
	return ret;
}

/**
 * ccid_apdu_t1_secure() - before a block that the reader makes
 * @slot: the slot; T=1 is active
 * @req: a request; the payload that waits in it stays as it is, but for
 * @prologue: in that payload, the result
 * @len: bytes of the block's information field
 *
 * Host and card have to agree first: a block that is out of sequence might be taken for
 * a repetition, or the card might have the PIN verified twice.
 *
 * Return: 0; -EINVAL: longer than a block of the card; or another negative errno
 */
int ccid_apdu_t1_secure(struct ccid_slot *slot, struct ccid_req *req, u8 *prologue, u32 len)
{
	int ret = xfr_t1_resynch(slot, req);

	if (!ret)
		ret = ccid_req_grow_apdu(req, T0_ANSWER_MAX);
	if (ret)
		return ret;
	req->dirty_apdu = max_t(u32, req->dirty_apdu, T0_ANSWER_MAX);
	return ccid_t1_start_secure(&slot->t1, prologue, len, req->apdu, T0_ANSWER_MAX);
}

/**
 * ccid_apdu_t1_secured() - go on with the card's answer to that block
 * @slot: the slot
 * @req: the request; req->ans is the answer, which may ask for more time first
 *
 * Return: 0 and the answer in @req; or a negative errno
 */
int ccid_apdu_t1_secured(struct ccid_slot *slot, struct ccid_req *req)
{
	u8 block[T1_BLOCK_MAX];
	u32 len = min_t(u32, req->ans.len, sizeof(block));
	int ret;

	req->req.single = false;
	memcpy(block, req->ans.data, len);
	ret = xfr_t1_run(slot, req, ccid_t1_step(&slot->t1, block, len, ccid_req_payload(req)));
	memzero_explicit(block, sizeof(block));
	if (ret)
		return ret;
	req->req.out = req->apdu;
	req->req.out_len = slot->t1.ans_len;
	return 0;
}

/*
 * Choose how a command travels, and make a TPDU of it where it is to be one.
 *
 * Return: XFR_* or a negative errno
 */
static int xfr_choose(const struct ccid_slot *slot, struct ccid_req *req, u32 *len,
		      unsigned int *timeout_ms)
{
	const struct ccid_desc *desc = &ccid_slot_reader(slot)->desc;

	*timeout_ms = max_t(u32, slot->wait_ms, XFR_APDU_TIMEOUT_MS);
	if (desc->level > CCID_LEVEL_SHORT_APDU && CCID_HEADER_LEN + *len > desc->max_part)
		return XFR_PARTS;
	if (desc->level < CCID_LEVEL_SHORT_APDU) {
		if (req->req.protocol == SCARD_PROTO_T1)
			return XFR_T1;
		if (req->req.protocol == SCARD_PROTO_T0) {
			if (ccid_t0_tpdu(ccid_req_payload(req), len))
				return -EINVAL;
			ccid_req_dirty_tx(req, *len);
			*timeout_ms = max_t(u32, slot->wait_ms, XFR_BLOCK_MIN_MS);
			return desc->level == CCID_LEVEL_CHARACTER ? XFR_T0_CHARACTER : XFR_WHOLE;
		}
	}
	return CCID_HEADER_LEN + *len > desc->max_msg ? -EINVAL : XFR_WHOLE;
}

/*
 * T=0 has no block to try the rate of a PPS with. A command that fails on the line cannot be
 * repeated, but if it is the first at this rate the next reset brings the default rate.
 */
static int xfr_heard(struct ccid_slot *slot, const struct ccid_req *req, int ret)
{
	if (likely(!ret)) {
		slot->heard = true;
	} else if (!slot->heard && xfr_is_line_error(req, ret) && !slot->atr.specific) {
		slot->choice = ATR_FI_DI_DEFAULT;
		slot->chosen = true;
	}
	return ret;
}

/**
 * ccid_apdu_transmit() - scard_reader_ops.transmit
 * @slot: the slot
 * @req: the request, with the command
 *
 * Return: 0 and the answer in @req, or a negative errno
 */
int ccid_apdu_transmit(struct scard_slot *slot, struct scard_req *req)
{
	struct ccid_slot *ccid = to_ccid_slot(slot);
	struct ccid_req *creq = to_ccid_req(req);
	unsigned int timeout_ms;
	u32 len = req->in_len;
	int way = xfr_choose(ccid, creq, &len, &timeout_ms);

	req->single = false;
	switch (way) {
	case XFR_WHOLE:
		return xfr_heard(ccid, creq, xfr_whole(ccid, creq, len, timeout_ms));
	case XFR_PARTS:
		return xfr_chain(ccid, creq, len);
	case XFR_T1:
		return xfr_heard(ccid, creq, xfr_t1(ccid, creq, len));
	case XFR_T0_CHARACTER:
		return xfr_heard(ccid, creq, xfr_t0_character(ccid, creq, len, timeout_ms));
	default:
		return way;
	}
}
