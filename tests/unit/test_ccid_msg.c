// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CCID messages: bSeq, bSlot, dwLength, bStatus, bError of answers, invalid ones,
 * RDR_to_PC_NotifySlotChange.
 */
#include "ccid_msg.h"
#include "unit.h"

static int parse(struct ccid_answer *a, const char *text, u8 **keep)
{
	u32 len;

	*keep = scard_test_hex(text, &len);
	return ccid_msg_parse(a, *keep, len);
}

static void refuse(const char *name, const char *text, int ret)
{
	struct ccid_answer a;
	u8 *buf;

	STEP("ccid_msg: refused: %s", name);
	CHECK_EQ(parse(&a, text, &buf), ret);
	scard_test_free(buf);
}

static void answers(struct kunit *test)
{
	struct ccid_answer a;
	u8 *buf, header[CCID_HEADER_LEN];

	STEP("ccid_msg: header of a command");
	ccid_msg_put_header(header, CCID_PC_TO_RDR_XFR_BLOCK, 0x00010203, 4, 0xfe,
			    (const u8 []){ 1, 2, 3 });
	CHECK_HEX(header, sizeof(header), "6F 03 02 01 00 04 FE 01 02 03");

	STEP("ccid_msg: an answer with data");
	CHECK_EQ(parse(&a, "80 02000000 03 11 00 81 01 90 00", &buf), 0);
	CHECK_EQ(a.type, CCID_RDR_TO_PC_DATA_BLOCK);
	CHECK_EQ(a.slot, 3);
	CHECK_EQ(a.seq, 0x11);
	CHECK_EQ(a.icc_status, CCID_ICC_ACTIVE);
	CHECK_EQ(a.cmd_status, CCID_CMD_OK);
	CHECK_EQ(a.error, 0x81);
	CHECK_EQ(a.param, CCID_CHAIN_BEGIN);
	CHECK_HEX(a.data, a.len, "90 00");
	scard_test_free(buf);

	STEP("ccid_msg: the last type of an answer");
	CHECK_EQ(parse(&a, "84 00000000 00 00 00 00 00", &buf), 0);
	CHECK_EQ(a.type, CCID_RDR_TO_PC_DATA_RATE);
	scard_test_free(buf);

	STEP("ccid_msg: status bits");
	CHECK_EQ(parse(&a, "81 00000000 00 00 42 FE 00", &buf), 0);
	CHECK_EQ(a.icc_status, CCID_ICC_ABSENT);
	CHECK_EQ(a.cmd_status, CCID_CMD_FAILED);
	scard_test_free(buf);
	CHECK_EQ(parse(&a, "80 00000000 00 00 81 05 00", &buf), 0);
	CHECK_EQ(a.icc_status, CCID_ICC_INACTIVE);
	CHECK_EQ(a.cmd_status, CCID_CMD_TIME_EXTENSION);
	scard_test_free(buf);

	STEP("ccid_msg: reserved status bits are passed over");
	CHECK_EQ(parse(&a, "81 00000000 00 00 3D 00 00", &buf), 0);
	CHECK_EQ(a.icc_status, CCID_ICC_INACTIVE);
	scard_test_free(buf);

	STEP("ccid_msg: an answer with the reserved bmICCStatus counts");
	CHECK_EQ(parse(&a, "80 02000000 00 00 03 00 00 90 00", &buf), 0);
	CHECK_EQ(a.icc_status, CCID_ICC_RESERVED);
	CHECK_HEX(a.data, a.len, "90 00");
	scard_test_free(buf);

	STEP("ccid_msg: padding is passed over");
	CHECK_EQ(parse(&a, "80 02000000 00 00 00 00 00 90 00 00 00", &buf), 0);
	CHECK_HEX(a.data, a.len, "90 00");
	scard_test_free(buf);
	CHECK_EQ(parse(&a, "81 00000000 00 00 01 00 00 A5", &buf), 0);
	CHECK_EQ(a.icc_status, CCID_ICC_INACTIVE);
	CHECK_EQ(a.len, 0);
	scard_test_free(buf);
}

static void refusals(struct kunit *test)
{
	refuse("nothing, try again", "", -EAGAIN);
	refuse("shorter than a header", "80 00000000 00 00 00 00", -EPROTO);
	refuse("dwLength longer than the data", "80 02000000 00 00 00 00 00 90", -ENODATA);
	refuse("dwLength shorter than the data", "80 00000000 00 00 00 00 00 90", -EPROTO);
	refuse("dwLength near 2^32", "80 FFFFFFFF 00 00 00 00 00", -ENODATA);
	refuse("a zero too much, which may be the end of 9000",
	       "80 01000000 00 00 00 00 00 90 00", -EPROTO);
	refuse("another byte and a zero too much", "80 00000000 00 00 00 00 00 90 00", -EPROTO);
	refuse("two bytes too much behind a zero", "80 01000000 00 00 00 00 00 00 01 01", -EPROTO);
	refuse("zeros and another byte too much", "80 00000000 00 00 00 00 00 00 00 01", -EPROTO);
	refuse("a command's type", "6F 00000000 00 00 00 00 00", -EPROTO);
	refuse("an unknown type", "85 00000000 00 00 00 00 00", -EPROTO);
	refuse("reserved bmCommandStatus", "80 00000000 00 00 C0 00 00", -EPROTO);
}

static void pairs(struct kunit *test)
{
	static const u8 expected[][2] = {
		{ 0x61, 0x82 }, { 0x62, 0x80 }, { 0x63, 0x81 }, { 0x65, 0x81 }, { 0x69, 0x80 },
		{ 0x6a, 0x81 }, { 0x6b, 0x83 }, { 0x6c, 0x82 }, { 0x6d, 0x82 }, { 0x6e, 0x81 },
		{ 0x6f, 0x80 }, { 0x71, 0x81 }, { 0x72, 0x81 }, { 0x73, 0x84 },
	};
	unsigned int i;

	STEP("ccid_msg: which answer belongs to which command");
	for (i = 0; i < ARRAY_SIZE(expected); i++)
		CHECK_EQ(ccid_expected_answer(expected[i][0]), expected[i][1]);
}

static void errors(struct kunit *test)
{
	static const struct {
		u8 icc, error;
		int ret;
	} expected[] = {
		{ 2, CCID_ERR_ICC_MUTE, -ENOMEDIUM }, { 2, 0, -ENOMEDIUM },
		{ 0, CCID_ERR_ICC_MUTE, -EREMOTEIO }, { 1, CCID_ERR_BAD_ATR_TS, -EREMOTEIO },
		{ 1, CCID_ERR_BAD_ATR_TCK, -EREMOTEIO },
		{ 0, CCID_ERR_ICC_PROTOCOL_NOT_SUPPORTED, -EPROTONOSUPPORT },
		{ 0, CCID_ERR_ICC_CLASS_NOT_SUPPORTED, -EPROTONOSUPPORT },
		{ 0, CCID_ERR_PIN_TIMEOUT, -ETIMEDOUT }, { 0, CCID_ERR_PIN_CANCELLED, -ECANCELED },
		{ 0, CCID_ERR_CMD_NOT_SUPPORTED, -EOPNOTSUPP }, { 0, CCID_ERR_HW_ERROR, -EIO },
		{ 0, CCID_ERR_XFR_PARITY_ERROR, -EIO }, { 0, 0x05, -EIO }, { 0, 0xc0, -EIO },
	};
	unsigned int i;

	STEP("ccid_msg: errors of the reader as errno");
	for (i = 0; i < ARRAY_SIZE(expected); i++)
		CHECK_EQ(ccid_error_to_errno(CCID_PC_TO_RDR_SECURE, expected[i].icc,
					     expected[i].error), expected[i].ret);

	STEP("ccid_msg: an exchange fails, is silent, or has no card");
	for (i = 0; i < 256; i++)
		CHECK_EQ(ccid_error_to_errno(CCID_PC_TO_RDR_XFR_BLOCK, 0, i),
			 i == 0xfe || i == 0xf8 || i == 0xf7 ? -EREMOTEIO : -EIO);
	CHECK_EQ(ccid_error_to_errno(CCID_PC_TO_RDR_XFR_BLOCK, 2, 0xf6), -ENOMEDIUM);

	STEP("ccid_msg: no error is success");
	for (i = 0; i < 256; i++)
		CHECK(ccid_error_to_errno(CCID_PC_TO_RDR_SECURE, 0, i) < 0);
}

static struct ccid_notify notify(const char *text, unsigned int nslots, int ret)
{
	struct ccid_notify n;
	u32 len;
	u8 *buf = scard_test_hex(text, &len);

	CHECK_EQ(ccid_notify_parse(&n, buf, len, nslots), ret);
	scard_test_free(buf);
	return n;
}

static void notifications(struct kunit *test)
{
	struct ccid_notify n;

	STEP("ccid_msg: slot change, one slot");
	n = notify("50 03", 1, 0);
	CHECK(n.changed == 1 && n.present == 1);
	n = notify("50 02", 1, 0);
	CHECK(n.changed == 1 && n.present == 0);

	STEP("ccid_msg: slot change, six slots in two bytes");
	n = notify("50 CE 0B", 6, 0);
	CHECK_EQ(n.present, 0x1a);
	CHECK_EQ(n.changed, 0x3b);

	STEP("ccid_msg: slot change of slots that do not exist");
	n = notify("50 FF FF FF FF FF", 2, 0);
	CHECK(n.changed == 3 && n.present == 3);

	STEP("ccid_msg: slot change with less than all slots");
	n = notify("50 FF", 16, 0);
	CHECK(n.changed == 0xf && n.present == 0xf);

	STEP("ccid_msg: other interrupt messages");
	notify("", 1, -EPROTO);
	notify("50", 1, -EPROTO);
	n = notify("51 00 00 01", 1, -EPROTO);
	CHECK(!n.changed && !n.present);
}

static struct kunit_case ccid_msg_cases[] = {
	KUNIT_CASE(answers),
	KUNIT_CASE(refusals),
	KUNIT_CASE(pairs),
	KUNIT_CASE(errors),
	KUNIT_CASE(notifications),
	{}
};

static struct kunit_suite ccid_msg_suite = {
	.name = "scard-ccid-msg",
	.test_cases = ccid_msg_cases,
};

kunit_test_suite(ccid_msg_suite);
