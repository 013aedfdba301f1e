// SPDX-License-Identifier: GPL-2.0-or-later
/* ICCD tokens without bulk endpoints: status of version A, responses of version B. */
#include "iccd.h"
#include "unit.h"

static enum iccd_state response(const char *text, struct ccid_answer *a, unsigned int *wait_ms,
				u8 **keep)
{
	u32 len;

	*keep = scard_test_hex(text, &len);
	return ccid_iccd_b_response(a, wait_ms, *keep, len);
}

static void broken(const char *name, const char *text)
{
	struct ccid_answer a;
	unsigned int wait_ms;
	u8 *buf;

	STEP("iccd: refused: %s", name);
	CHECK_EQ(response(text, &a, &wait_ms, &buf), ICCD_BROKEN);
	scard_test_free(buf);
}

static void version_a(struct kunit *test)
{
	STEP("iccd: status of version A");
	CHECK_EQ(ccid_iccd_a_status(0x10), ICCD_READY);
	CHECK_EQ(ccid_iccd_a_status(0x20), ICCD_STATUS_WORD);
	CHECK_EQ(ccid_iccd_a_status(0x40), ICCD_BUSY);
	CHECK_EQ(ccid_iccd_a_status(0x80), ICCD_FAILED);
	CHECK_EQ(ccid_iccd_a_status(0x00), ICCD_FAILED);
	CHECK_EQ(ccid_iccd_a_status(0x30), ICCD_FAILED);
	CHECK_EQ(ccid_iccd_a_status(0x4f), ICCD_BUSY);
}

static void version_b(struct kunit *test)
{
	unsigned int wait_ms = 0, i;
	struct ccid_answer a;
	u8 *buf;

	STEP("iccd: data of version B, whole and in parts");
	for (i = 0; i < 5; i++) {
		static const u8 types[] = { 0x00, 0x01, 0x02, 0x03, 0x10 };
		char text[20];

		sprintf(text, "%02X 90 00", types[i]);
		CHECK_EQ(response(text, &a, &wait_ms, &buf), ICCD_ANSWER);
		CHECK_EQ(a.type, CCID_RDR_TO_PC_DATA_BLOCK);
		CHECK_EQ(a.param, types[i]);
		CHECK_EQ(a.cmd_status, CCID_CMD_OK);
		CHECK_HEX(a.data, a.len, "90 00");
		scard_test_free(buf);
	}

	STEP("iccd: failure of version B");
	CHECK_EQ(response("40 42 FE", &a, &wait_ms, &buf), ICCD_FAILED);
	CHECK_EQ(a.cmd_status, CCID_CMD_FAILED);
	CHECK_EQ(a.icc_status, CCID_ICC_ABSENT);
	CHECK_EQ(a.error, CCID_ERR_ICC_MUTE);
	scard_test_free(buf);
	CHECK_EQ(response("40 41 FB", &a, &wait_ms, &buf), ICCD_FAILED);
	CHECK_EQ(a.icc_status, CCID_ICC_INACTIVE);
	CHECK_EQ(a.error, CCID_ERR_HW_ERROR);
	scard_test_free(buf);

	STEP("iccd: polling of version B, within bounds");
	CHECK_EQ(response("80 05 00", &a, &wait_ms, &buf), ICCD_BUSY);
	CHECK_EQ(wait_ms, 50);
	scard_test_free(buf);
	CHECK_EQ(response("80 00 00", &a, &wait_ms, &buf), ICCD_BUSY);
	CHECK_EQ(wait_ms, ICCD_POLL_MS);
	scard_test_free(buf);
	CHECK_EQ(response("80 FF FF", &a, &wait_ms, &buf), ICCD_BUSY);
	CHECK_EQ(wait_ms, 1000);
	scard_test_free(buf);
}

static void refusals(struct kunit *test)
{
	broken("nothing", "");
	broken("status cut off", "40 42");
	broken("status reserved", "40 03 00");
	broken("polling cut off", "80 05");
	broken("unknown type", "04 90 00");
}

static struct kunit_case iccd_cases[] = {
	KUNIT_CASE(version_a),
	KUNIT_CASE(version_b),
	KUNIT_CASE(refusals),
	{}
};

static struct kunit_suite iccd_suite = {
	.name = "scard-iccd",
	.test_cases = iccd_cases,
};

kunit_test_suite(iccd_suite);
