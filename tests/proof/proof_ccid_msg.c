// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CCID messages: any bytes. An answer lies within the transfer, or says that more follows.
 */
#include "proof.h"
#include "ccid_msg.c"

/* The bytes behind a short message are the loop; longer ones would bring more rounds of it. */
#define MSG_LEN		(CCID_HEADER_LEN + 54)
#define NOTIFY_LEN	6
#define SLOTS_MAX	16

void proof_ccid_msg(void)
{
	size_t len = nondet_size();
	struct ccid_answer a;
	int ret;

	ASSUME(len <= MSG_LEN);
	BUFFER(buf, len, MSG_LEN);
	ret = ccid_msg_parse(&a, buf, len);
	HOLDS(ret == 0 || ret == -EAGAIN || ret == -EPROTO || ret == -ENODATA);
	HOLDS((ret == -EAGAIN) == !len);
	if (ret == -EPROTO)
		REACHED("refused");
	if (ret && ret != -ENODATA)
		return;
	HOLDS(a.type >= CCID_RDR_TO_PC_DATA_BLOCK && a.type <= CCID_RDR_TO_PC_DATA_RATE);
	HOLDS(a.icc_status <= CCID_ICC_RESERVED && a.cmd_status <= CCID_CMD_TIME_EXTENSION);
	HOLDS(a.data == buf + CCID_HEADER_LEN);
	if (ret) {
		REACHED("more follows");
		HOLDS(a.len > len - CCID_HEADER_LEN);
	} else {
		REACHED("answer");
		HOLDS(a.len <= len - CCID_HEADER_LEN);
	}
}

void proof_ccid_msg_put(void)
{
	u8 params[3], type = nondet_u8(), slot = nondet_u8(), seq = nondet_u8();
	u32 len = nondet_u32();

	BUFFER(buf, CCID_HEADER_LEN, CCID_HEADER_LEN);
	ccid_msg_put_header(buf, type, len, slot, seq, params);
	REACHED("end");
	HOLDS(buf[0] == type && get_le32(buf + 1) == len && buf[5] == slot && buf[6] == seq);
	HOLDS(buf[7] == params[0] && buf[8] == params[1] && buf[9] == params[2]);
	type = ccid_expected_answer(type);
	HOLDS(type >= CCID_RDR_TO_PC_DATA_BLOCK && type <= CCID_RDR_TO_PC_DATA_RATE);
	HOLDS(ccid_error_to_errno(nondet_u8(), nondet_u8(), nondet_u8()) < 0);
}

void proof_ccid_notify(void)
{
	unsigned int nslots = nondet_u32();
	size_t len = nondet_size();
	struct ccid_notify n;
	int ret;

	ASSUME(len <= NOTIFY_LEN && nslots <= SLOTS_MAX);
	BUFFER(buf, len, NOTIFY_LEN);
	ret = ccid_notify_parse(&n, buf, len, nslots);
	HOLDS(ret == 0 || ret == -EPROTO);
	HOLDS(!(n.present >> nslots) && !(n.changed >> nslots));
	if (ret) {
		REACHED("refused");
		HOLDS(!n.present && !n.changed);
		return;
	}
	REACHED("change");
	HOLDS(len >= 2);
}
