// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a reader sends on each of its pipes. An accepted message is exactly what its
 * header says and lies within what was received; no error code means success; what is said of
 * slots that do not exist is not heard. The same for ICCD tokens.
 */
#include "ccid_msg.h"
#include "fuzz.h"
#include "iccd.h"

static void fuzz_answer(const u8 *data, size_t len)
{
	struct ccid_answer a;
	u8 header[CCID_HEADER_LEN], params[3];
	int ret = ccid_msg_parse(&a, data, len);

	HOLDS(ret == 0 || ret == -EAGAIN || ret == -ENODATA || ret == -EPROTO);
	HOLDS((ret == -EAGAIN) == !len);
	HOLDS(ret != -ENODATA || a.len > len - CCID_HEADER_LEN);
	if (ret)
		return;
	HOLDS(a.type >= 0x80 && a.type <= 0x84 && a.icc_status <= 3 && a.cmd_status <= 2);
	HOLDS(a.data == data + CCID_HEADER_LEN && a.len + CCID_HEADER_LEN <= len);

	/* the header can be made again; bits 2 to 5 of bStatus are reserved */
	params[0] = a.icc_status | a.cmd_status << 6 | (data[7] & 0x3c);
	params[1] = a.error;
	params[2] = a.param;
	ccid_msg_put_header(header, a.type, a.len, a.slot, a.seq, params);
	HOLDS(!memcmp(header, data, sizeof(header)));
	ret = ccid_error_to_errno(a.type, a.icc_status, a.error);
	HOLDS(ret < 0 && ret > -4096);
	ret = ccid_error_to_errno(CCID_PC_TO_RDR_XFR_BLOCK, a.icc_status, a.error);
	HOLDS(ret == -ENOMEDIUM || ret == -EREMOTEIO || ret == -EIO);
	HOLDS(ccid_expected_answer(a.error) >= 0x80 && ccid_expected_answer(a.error) <= 0x84);
}

static void fuzz_notify(const u8 *data, size_t len, unsigned int nslots)
{
	u32 exist = (1U << nslots) - 1;
	struct ccid_notify n;
	unsigned int i;

	if (ccid_notify_parse(&n, data, len, nslots)) {
		HOLDS(len < 2 || data[0] != 0x50);
		HOLDS(!n.changed && !n.present);
		return;
	}
	HOLDS(!(n.changed & ~exist) && !(n.present & ~exist));
	for (i = 0; i < nslots; i++) {
		size_t at = 1 + i * 2 / 8;
		u8 state = at < len ? data[at] >> (i * 2 % 8) & 3 : 0;

		HOLDS((n.present >> i & 1) == (state & 1));
		HOLDS((n.changed >> i & 1) == state >> 1);
	}
}

static void fuzz_iccd(const u8 *data, size_t len)
{
	unsigned int wait_ms = ~0U;
	struct ccid_answer a;

	switch (ccid_iccd_b_response(&a, &wait_ms, data, len)) {
	case ICCD_ANSWER:
		HOLDS(a.data == data + 1 && a.len == len - 1 && a.param == data[0]);
		HOLDS(a.cmd_status == CCID_CMD_OK);
		break;
	case ICCD_FAILED:
		HOLDS(a.cmd_status == CCID_CMD_FAILED && a.icc_status <= 2 && !a.len);
		break;
	case ICCD_BUSY:
		HOLDS(wait_ms >= ICCD_POLL_MS && wait_ms <= 1000);
		break;
	default:
		HOLDS(!a.len);
	}
	if (len)
		HOLDS(ccid_iccd_a_status(data[0]) <= ICCD_BROKEN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	u8 mode;

	if (!len)
		return 0;
	mode = data[0];
	switch (mode & 3) {
	case 0:
		fuzz_notify(data + 1, len - 1, (mode >> 2) % 16 + 1);
		break;
	case 1:
		fuzz_iccd(data + 1, len - 1);
		break;
	default:
		fuzz_answer(data + 1, len - 1);
	}
	return 0;
}
