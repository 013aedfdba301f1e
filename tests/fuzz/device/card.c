// SPDX-License-Identifier: GPL-2.0-or-later
/* See card.h. */
#include <string.h>

#include "bytes.h"
#include "card.h"

#define ATR_MAX		33

/* T=0, T=1, both, specific mode, CRC, no TCK, other classes, extra guard time */
static const struct {
	uint8_t len;
	uint8_t bytes[ATR_MAX];
} atrs[] = {
	{ 10, { 0x3b, 0x85, 0x80, 0x01, 0x49, 0x53, 0x4f, 0x30, 0x31, 0x2b } },
	{ 4, { 0x3b, 0x02, 0x14, 0x50 } },
	{ 9, { 0x3b, 0x90, 0x95, 0x80, 0x1f, 0xc3, 0x59, 0, 0 } },
	{ 8, { 0x3b, 0xd0, 0x96, 0xff, 0x81, 0xb1, 0xfe, 0x45 } },
	{ 19, { 0x3b, 0xda, 0x18, 0xff, 0x81, 0xb1, 0xfe, 0x75, 0x1f, 0x03, 0x00, 0x31, 0xc5, 0x73,
		0xc0, 0x01, 0x40, 0x00, 0x90 } },
	{ 7, { 0x3b, 0x90, 0x11, 0x10, 0x00, 0x91, 0x00 } },
	{ 10, { 0x3f, 0xb0, 0x11, 0x00, 0x81, 0x71, 0x20, 0x45, 0x01, 0x00 } },
	{ 11, { 0x3b, 0xf0, 0x13, 0x00, 0x00, 0x81, 0x31, 0x20, 0x55, 0x9f, 0x07 } },
};

static uint8_t atr[ATR_MAX];
static size_t atr_len;
static size_t length;		/* of answers to APDUs, without the status word */
static uint8_t seq;		/* of T=1 */
static uint8_t last[300];	/* block of T=1 */
static size_t last_len;
static uint8_t queue[600];	/* what a reader at character level has to fetch */
static size_t queue_len;

void card_init(const uint8_t *head)
{
	static const uint32_t lengths[] = { 0, 2, 16, 254, 256, 250, 600, 3000, 65536 };
	size_t i = head[HEAD_ATR] % ARRAY_SIZE(atrs);
	uint8_t at = head[HEAD_ATR_AT], sum = 0;

	atr_len = atrs[i].len;
	memcpy(atr, atrs[i].bytes, sizeof(atr));
	if (at >= 248)
		atr_len = at % 34;
	else if (at >= 128)
		atr[at % atr_len] = head[HEAD_ATR_VALUE];
	for (i = 1; i + 1 < atr_len; i++)
		sum ^= atr[i];
	/* the check character, which only the ATRs with T=1 have */
	if (atr_len > 4 && at < 192)
		atr[atr_len - 1] = sum;
	length = lengths[head[HEAD_LENGTH] % ARRAY_SIZE(lengths)];
	seq = 0;
	last_len = 0;
	queue_len = 0;
}

size_t card_atr(uint8_t *out)
{
	memcpy(out, atr, atr_len);
	seq = 0;
	queue_len = 0;
	return atr_len;
}

static size_t put_data(uint8_t *out, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		out[i] = (uint8_t)i;
	out[len] = 0x90;
	out[len + 1] = 0;
	return len + 2;
}

/* ---- T=1 ---- */

static size_t block(uint8_t *out, uint8_t pcb, size_t len)
{
	uint8_t sum = 0;
	size_t i;

	out[0] = 0;
	out[1] = pcb;
	out[2] = (uint8_t)len;
	for (i = 0; i < len + 3; i++)
		sum ^= out[i];
	out[len + 3] = sum;
	return len + 4;
}

static size_t t1_spoiled(uint8_t *out, size_t len, const struct fuzz_answer *how)
{
	switch (how->data % DATAS) {
	case DATA_T1_PCB:
		return block(out, how->more, out[2]);
	case DATA_T1_WTX:
		out[3] = how->more;
		return block(out, 0xc3, 1);
	case DATA_T1_IFS:
		out[3] = how->more;
		return block(out, 0xc1, 1);
	case DATA_T1_ABORT:
		return block(out, 0xc2, 0);
	case DATA_T1_AGAIN:
		return block(out, (uint8_t)(0x80 | how->more % 64), 0);
	case DATA_T1_MORE:
		return block(out, out[1] | 0x20, out[2]);
	case DATA_T1_SUM:
		out[len - 1] ^= how->more | 1;
		return len;
	default:
		return len;
	}
}

static size_t t1_answer(const uint8_t *in, size_t len, uint8_t *out, const struct fuzz_answer *how)
{
	uint8_t pcb = in[1];
	size_t n;

	if (!(pcb & 0x80)) {		/* I-block */
		if (pcb & 0x20) {
			n = block(out, (uint8_t)(0x80 | (pcb & 0x40 ? 0 : 0x10)), 0);
		} else {
			n = put_data(out + 3, length > 250 ? 250 : length);
			n = block(out, seq, n);
			seq ^= 0x40;
		}
	} else if (pcb & 0x40) {	/* S-block */
		memcpy(out, in, len);
		n = block(out, pcb | 0x20, in[2]);
	} else {			/* R-block: the last one again, or the next one */
		n = how->data % DATAS == DATA_T1_MORE || !last_len ? put_data(out + 3, 5) : 0;
		if (n) {
			n = block(out, seq, n);
			seq ^= 0x40;
		} else {
			n = last_len;
			memcpy(out, last, n);
		}
	}
	last_len = n;
	memcpy(last, out, n);
	return t1_spoiled(out, n, how);
}

/* ---- T=0 ---- */

static size_t t0_answer(const uint8_t *in, size_t len, uint8_t *out, const struct fuzz_answer *how)
{
	size_t n = 0;

	switch (how->data % DATAS) {
	case DATA_T0_NULL:
		memset(out, 0x60, how->more % 8 + 1U);
		n = how->more % 8 + 1U;
		break;
	case DATA_T0_MORE:
	case DATA_T0_LE:
		out[0] = how->data % DATAS == DATA_T0_MORE ? 0x61 : 0x6c;
		out[1] = how->more;
		return 2;
	case DATA_T0_OTHER:
		out[n++] = len > 1 ? in[1] ^ 0xff : how->more;
		break;
	default:
		break;
	}
	/* a command without data: as many bytes as it wants */
	return n + put_data(out + n, len == 5 && in[4] < 255 ? in[4] : 0);
}

/* Piece by piece: the procedure byte, data, the status word */
static size_t character(const uint8_t *in, size_t len, unsigned int expect, uint8_t *out,
			const struct fuzz_answer *how)
{
	size_t n;

	if (len == 5 && in[0] != 0xff) {
		queue[0] = in[1];
		queue_len = 1 + t0_answer(in, len, queue + 1, how);
	} else if (len > 3 && len == in[2] + 4U) {
		queue_len = t1_answer(in, len, queue, how);
	} else if (len) {
		queue_len = put_data(queue, 0);
	}
	n = expect < queue_len ? expect : queue_len;
	memcpy(out, queue, n);
	queue_len -= n;
	memmove(queue, queue + n, queue_len);
	return n;
}

/* ---- all ---- */

size_t card_spoil(uint8_t *out, size_t len, const struct fuzz_answer *how)
{
	size_t i;

	switch (how->data % DATAS) {
	case DATA_NONE:
		return 0;
	case DATA_SHORT:
		return how->more < len ? how->more : len / 2;
	case DATA_LONG:
		memset(out + len, how->more, how->more + 1U);
		return len + how->more + 1U;
	case DATA_XOR:
		if (len)
			out[how->more % len] ^= (uint8_t)(1U << how->more % 8);
		return len;
	case DATA_RANDOM:
		len = how->arg;
		for (i = 0; i < len; i++)
			out[i] = (uint8_t)((i + 1) * how->more);
		return len;
	case DATA_HUGE:
		memset(out, how->more, 256U * how->more + how->arg);
		return 256U * how->more + how->arg;
	default:
		return len;
	}
}

size_t card_answer(const uint8_t *in, size_t len, unsigned int expect, uint8_t *out,
		   const struct fuzz_answer *how)
{
	bool tpdu = desc.level == LEVEL_CHARACTER || desc.level == LEVEL_TPDU;
	size_t n;

	if (tpdu && len > 2 && in[0] == 0xff) {		/* PPS */
		memcpy(out, in, len);
		n = len;
	} else if (desc.level == LEVEL_CHARACTER) {
		n = character(in, len, expect, out, how);
	} else if (tpdu && len > 3 && len < 260 && len == in[2] + 4U) {
		n = t1_answer(in, len, out, how);
	} else if (tpdu && len) {
		n = t0_answer(in, len, out, how);
	} else {
		n = put_data(out, length);
	}
	return card_spoil(out, n, how);
}
