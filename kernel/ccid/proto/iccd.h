/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Answers of USB tokens without bulk pipes: ICCD 1.0 (USB Smart Card ICCD), versions A
 * and B.
 */
#ifndef SCARD_PROTO_ICCD_H
#define SCARD_PROTO_ICCD_H

#include "ccid_msg.h"
#include "port.h"

/* bInterfaceProtocol */
#define ICCD_VERSION_A		1
#define ICCD_VERSION_B		2

/* bRequest */
#define ICCD_ICC_POWER_ON	0x62
#define ICCD_ICC_POWER_OFF	0x63
#define ICCD_XFR_BLOCK		0x65
#define ICCD_DATA_BLOCK		0x6f
#define ICCD_SLOT_STATUS	0x81
#define ICCD_GET_ICC_STATUS	0xa0

/* Longest control transfer that tokens are known to take */
#define ICCD_TRANSFER_MAX	0x1000

/* How often a token is asked while it is busy, ms */
#define ICCD_POLL_MS		10

enum iccd_state {
	ICCD_READY,		/* A: data may be sent or fetched */
	ICCD_STATUS_WORD,	/* A: SW1 and SW2 can be fetched */
	ICCD_BUSY,		/* ask again */
	ICCD_ANSWER,		/* B: the answer is there */
	ICCD_FAILED,		/* the card does not answer, or the token has said why */
	ICCD_BROKEN,		/* not an answer of the specification */
};

enum iccd_state iccd_a_status(u8 status);
enum iccd_state iccd_b_response(struct ccid_answer *a, unsigned int *wait_ms, const u8 *buf,
				u32 len);

#endif /* SCARD_PROTO_ICCD_H */
