// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ICCD: any status byte, and any DATA_BLOCK. An answer is within the bytes of the token.
 */
#include "proof.h"
#include "iccd.c"

#define ICCD_LEN	300

void proof_iccd(void)
{
	enum iccd_state state = ccid_iccd_a_status(nondet_u8());
	u32 len = nondet_u32(), wait_ms = 0;
	struct ccid_answer a;

	HOLDS(state == ICCD_READY || state == ICCD_STATUS_WORD || state == ICCD_BUSY ||
	      state == ICCD_FAILED);
	ASSUME(len <= ICCD_LEN);
	BUFFER(buf, len, ICCD_LEN);
	state = ccid_iccd_b_response(&a, &wait_ms, buf, len);
	switch (state) {
	case ICCD_ANSWER:
		REACHED("answer");
		HOLDS(a.data >= buf && a.data + a.len == buf + len);
		HOLDS(a.param <= CCID_CHAIN_MIDDLE || a.param == CCID_CHAIN_CONTINUE);
		break;
	case ICCD_FAILED:
		REACHED("failed");
		HOLDS(a.icc_status <= CCID_ICC_ABSENT && a.cmd_status == CCID_CMD_FAILED);
		HOLDS(!a.data && !a.len);
		break;
	case ICCD_BUSY:
		REACHED("busy");
		HOLDS(wait_ms >= ICCD_POLL_MS && wait_ms <= 1000);
		break;
	default:
		REACHED("broken");
		HOLDS(state == ICCD_BROKEN);
	}
}
