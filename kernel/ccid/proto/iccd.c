// SPDX-License-Identifier: GPL-2.0
/*
 * Answers of USB tokens without bulk pipes.
 */
#include "iccd.h"

/* Longest pause that a token may ask for before the next question, ms */
#define ICCD_WAIT_MAX_MS	1000

/* GET_ICC_STATUS of version A */
#define ICCD_A_READY		0x10
#define ICCD_A_STATUS_WORD	0x20
#define ICCD_A_BUSY		0x40

/* bResponseType of version B */
#define ICCD_B_STATUS		0x40
#define ICCD_B_POLLING		0x80

/**
 * iccd_a_status() - GET_ICC_STATUS of version A
 * @status: the byte
 *
 * Return: the next action
 */
enum iccd_state iccd_a_status(u8 status)
{
	switch (status & 0xf0) {
	case ICCD_A_READY:
		return ICCD_READY;
	case ICCD_A_STATUS_WORD:
		return ICCD_STATUS_WORD;
	case ICCD_A_BUSY:
		return ICCD_BUSY;
	default:
		return ICCD_FAILED;
	}
}

/**
 * iccd_b_response() - DATA_BLOCK of version B
 * @a: the answer, with ICCD_ANSWER and ICCD_FAILED
 * @wait_ms: with ICCD_BUSY: when to ask again
 * @buf: bytes of the token
 * @len: bytes of it
 *
 * Return: the next action
 */
enum iccd_state iccd_b_response(struct ccid_answer *a, unsigned int *wait_ms, const u8 *buf,
				u32 len)
{
	memset(a, 0, sizeof(*a));
	a->type = CCID_RDR_TO_PC_DATA_BLOCK;
	if (!len)
		return ICCD_BROKEN;
	switch (buf[0]) {
	case CCID_CHAIN_WHOLE:
	case CCID_CHAIN_BEGIN:
	case CCID_CHAIN_END:
	case CCID_CHAIN_MIDDLE:
	case CCID_CHAIN_CONTINUE:
		a->param = buf[0];
		a->data = buf + 1;
		a->len = len - 1;
		return ICCD_ANSWER;
	case ICCD_B_STATUS:
		if (len < 3 || (buf[1] & 0x03) > CCID_ICC_ABSENT)
			return ICCD_BROKEN;
		a->icc_status = buf[1] & 0x03;
		a->cmd_status = CCID_CMD_FAILED;
		a->error = buf[2];
		return ICCD_FAILED;
	case ICCD_B_POLLING:
		if (len < 3)
			return ICCD_BROKEN;
		*wait_ms = clamp_u32(get_le16(buf + 1) * 10, ICCD_POLL_MS, ICCD_WAIT_MAX_MS);
		return ICCD_BUSY;
	default:
		return ICCD_BROKEN;
	}
}
