// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * T=0: APDU to TPDU by ISO 7816-3 section 12.2; procedure bytes (INS, NULL, SW1) at character
 * level, as scripts from after the header: "<bytes" the card sends the requested bytes, ">bytes"
 * the host sends, "?n" the host asks for n bytes, "=bytes" the answer, "!" failure.
 */
#include "t0.h"
#include "unit.h"

static const struct conversion {
	const char *name, *apdu, *tpdu;	/* NULL: refused */
} conversions[] = {
	{ "case 1 gets P3 0", "00A40000", "00A4000000" },
	{ "case 2S is sent as it is", "00B0000010", "00B0000010" },
	{ "case 2S with Le 256", "00B0000000", "00B0000000" },
	{ "case 3S is sent as it is", "00A4040002 3F00", "00A4040002 3F00" },
	{ "case 4S loses Le", "00A4040002 3F00 20", "00A4040002 3F00" },
	{ "case 2E up to 256 becomes short", "00B00000 000010", "00B0000010" },
	{ "case 2E of 255 becomes short", "00B00000 0000FF", "00B00000FF" },
	{ "case 2E of 256 becomes short", "00B00000 000100", "00B0000000" },
	{ "case 2E of more asks for 256", "00B00000 000000", "00B0000000" },
	{ "case 3E up to 255 becomes short", "00D60000 000002 AABB", "00D6000002 AABB" },
	{ "case 4E up to 255 becomes short", "00D60000 000002 AABB 0010", "00D6000002 AABB" },
	{ "what is no APDU is left alone", "00A4000005 01", "00A4000005 01" },
	{ "an empty one too", "", "" },
};

KUNIT_ARRAY_PARAM_DESC(conversions, conversions, name);

static const struct script {
	const char *name, *tpdu, *script;
} scripts[] = {
	{ "case 1", "00A4000000", "?1 <90 ?1 <00 =9000" },
	{ "case 1, error", "00A4000000", "?1 <6D ?1 <00 =6D00" },
	{ "61xx passes through", "00A4000002 3F00", "?1 <A4 >3F00 ?1 <61 ?1 <1A =611A" },
	{ "6Cxx passes through", "00B0000010", "?1 <6C ?1 <08 =6C08" },
	{ "incoming data at once", "00B0000003", "?1 <B0 ?3 <010203 ?1 <90 ?1 <00 =0102039000" },
	{ "incoming data byte by byte", "00B0000002",
	  "?1 <4F ?1 <01 ?1 <4F ?1 <02 ?1 <90 ?1 <00 =01029000" },
	{ "one byte, then the rest", "00B0000003",
	  "?1 <4F ?1 <01 ?1 <B0 ?2 <0203 ?1 <90 ?1 <00 =0102039000" },
	{ "less data than asked for", "00B0000003", "?1 <4F ?1 <01 ?1 <62 ?1 <82 =016282" },
	{ "outgoing data at once", "00D6000003 AABBCC", "?1 <D6 >AABBCC ?1 <90 ?1 <00 =9000" },
	{ "outgoing data byte by byte", "00D6000002 AABB",
	  "?1 <29 >AA ?1 <29 >BB ?1 <90 ?1 <00 =9000" },
	{ "one byte, then the rest, outgoing", "00D6000003 AABBCC",
	  "?1 <29 >AA ?1 <D6 >BBCC ?1 <90 ?1 <00 =9000" },
	{ "the card wants no more", "00D6000002 AABB", "?1 <29 >AA ?1 <67 ?1 <00 =6700" },
	{ "NULL bytes", "00A4000000", "?1 <60 ?1 <60 ?1 <60 ?1 <90 ?1 <00 =9000" },
	{ "NULL between data", "00B0000001", "?1 <60 ?1 <B0 ?1 <01 ?1 <60 ?1 <90 ?1 <00 =019000" },
	{ "NULL as SW2 is a status", "00A4000000", "?1 <90 ?1 <60 =9060" },
	{ "data that looks like a status", "00B0000001", "?1 <B0 ?1 <90 ?1 <90 ?1 <00 =909000" },
	{ "each status byte from 61 to 6F", "00A4000000", "?1 <6F ?1 <42 =6F42" },
	{ "9x is a status too", "00A4000000", "?1 <9F ?1 <17 =9F17" },
	{ "no procedure byte", "00A4000000", "?1 <55 !" },
	{ "more asked for than there is", "00D6000001 AA", "?1 <D6 >AA ?1 <D6 !" },
	{ "more offered than there is", "00B0000001", "?1 <B0 ?1 <01 ?1 <B0 !" },
	{ "nothing received", "00A4000000", "?1 < !" },
	{ "less received than asked for", "00B0000003", "?1 <B0 ?3 <0102 !" },
	{ "more received than asked for", "00A4000000", "?1 <9000 !" },
};

KUNIT_ARRAY_PARAM_DESC(scripts, scripts, name);

static void convert(struct kunit *test)
{
	const struct conversion *c = test->param_value;
	u32 len, want_len;
	u8 *apdu = scard_test_hex(c->apdu, &len);
	u8 *want = scard_test_hex(c->tpdu, &want_len);
	u8 *buf = scard_test_alloc(len + T0_HEADER_LEN);

	STEP("t0: %s", c->name);
	memcpy(buf, apdu, len);
	CHECK_EQ(ccid_t0_tpdu(buf, &len), 0);
	CHECK_EQ(len, want_len);
	CHECK(!memcmp(buf, want, want_len));
	scard_test_free(apdu);
	scard_test_free(want);
	scard_test_free(buf);
}

static void too_long(struct kunit *test)
{
	static const u8 header[] = { 0, 0xd6, 0, 0, 0, 1, 0 };
	u8 *buf = scard_test_alloc(600);
	u32 len = 7 + 256;

	STEP("t0: more than 255 bytes of data are refused");
	memcpy(buf, header, sizeof(header));
	CHECK_EQ(ccid_t0_tpdu(buf, &len), -EINVAL);
	CHECK_EQ(len, 263);

	STEP("t0: 255 bytes of data fit");
	buf[5] = 0;
	buf[6] = 255;
	len = 7 + 255;
	CHECK_EQ(ccid_t0_tpdu(buf, &len), 0);
	CHECK_EQ(len, T0_TPDU_MAX);
	CHECK_EQ(buf[4], 255);

	STEP("t0: what is no APDU may have 260 bytes");
	buf[4] = 1;
	CHECK_EQ(ccid_t0_tpdu(buf, &len), 0);
	CHECK_EQ(len, T0_TPDU_MAX);

	STEP("t0: an invalid or too long APDU is refused");
	buf[4] = 1;
	len = 261;
	CHECK_EQ(ccid_t0_tpdu(buf, &len), -EINVAL);
	scard_test_free(buf);
}

static void run(struct kunit *test)
{
	const struct script *s = test->param_value;
	char script[200], *rest = script, *token;
	u8 *ans = scard_test_alloc(T0_ANSWER_MAX), *rx;
	enum t0_action action;
	u32 len, rx_len, sent;
	u8 *tpdu = scard_test_hex(s->tpdu, &len);
	bool sends = true;	/* the script has named the bytes to be sent */
	struct t0 t;

	STEP("t0: %s", s->name);
	snprintf(script, sizeof(script), "%s", s->script);
	action = ccid_t0_start(&t, tpdu, len, ans);
	CHECK_EQ(action, T0_SEND);
	CHECK_EQ(t.tx_len, T0_HEADER_LEN);
	CHECK(t.tx == tpdu);
	sent = t.tx_len;
	while ((token = strsep(&rest, " "))) {
		switch (*token) {
		case '?':
			CHECK_EQ(action, T0_SEND);
			CHECK_EQ(t.expect, scard_test_number(token + 1, 10));
			CHECK(sends || !t.tx_len);
			break;
		case '>':
			CHECK_HEX(t.tx, t.tx_len, token + 1);
			CHECK(t.tx == tpdu + sent);
			sent += t.tx_len;
			sends = true;
			break;
		case '<':
			sends = false;
			rx = scard_test_hex(token + 1, &rx_len);
			action = ccid_t0_step(&t, rx, rx_len);
			scard_test_free(rx);
			break;
		case '=':
			CHECK_EQ(action, T0_DONE);
			CHECK_HEX(ans, t.ans_len, token + 1);
			break;
		default:
			CHECK_EQ(action, T0_FAIL);
		}
	}
	scard_test_free(tpdu);
	scard_test_free(ans);
}

static void refuse(const char *name, const char *text, u32 want_len)
{
	u8 ans[T0_ANSWER_MAX], *tpdu;
	struct t0 t;
	u32 len;

	STEP("t0: no TPDU: %s", name);
	tpdu = scard_test_hex(text, &len);
	CHECK_EQ(len, want_len);
	CHECK_EQ(ccid_t0_start(&t, tpdu, len, ans), T0_FAIL);
	scard_test_free(tpdu);
}

static void longest(struct kunit *test)
{
	u8 ans[T0_ANSWER_MAX], data[256], tpdu[T0_TPDU_MAX] = { 0, 0xb0, 0, 0, 0 };
	unsigned int i;
	struct t0 t;

	STEP("t0: 256 bytes of answer");
	memset(data, 0x5a, sizeof(data));
	ccid_t0_start(&t, tpdu, 5, ans);
	ccid_t0_step(&t, (u8 []){ 0xb0 }, 1);
	CHECK_EQ(t.expect, 256);
	ccid_t0_step(&t, data, 256);
	ccid_t0_step(&t, (u8 []){ 0x90 }, 1);
	CHECK_EQ(ccid_t0_step(&t, (u8 []){ 0 }, 1), T0_DONE);
	CHECK_EQ(t.ans_len, 258);
	CHECK(!memcmp(ans, data, 256));

	STEP("t0: 255 bytes of data");
	tpdu[4] = 255;
	CHECK_EQ(ccid_t0_start(&t, tpdu, T0_TPDU_MAX, ans), T0_SEND);
	ccid_t0_step(&t, (u8 []){ 0xb0 }, 1);
	CHECK_EQ(t.tx_len, 255);

	STEP("t0: NULL bytes without end have one");
	ccid_t0_start(&t, tpdu, T0_TPDU_MAX, ans);
	for (i = 0; ccid_t0_step(&t, (u8 []){ 0x60 }, 1) == T0_SEND && i < 1000000; i++)
		;
	CHECK_EQ(i, 100000);

	STEP("t0: the state is small and holds no data");
	CHECK(sizeof(t) <= 96);
}

static void refusals(struct kunit *test)
{
	refuse("header cut off", "00A40000", 4);
	refuse("less data than P3", "00A4000003 01", 6);
	refuse("more data than P3", "00A4000001 0102", 7);
}

static struct kunit_case t0_cases[] = {
	KUNIT_CASE_PARAM(convert, conversions_gen_params),
	KUNIT_CASE(too_long),
	KUNIT_CASE_PARAM(run, scripts_gen_params),
	KUNIT_CASE(refusals),
	KUNIT_CASE(longest),
	{}
};

static struct kunit_suite t0_suite = {
	.name = "scard-t0",
	.test_cases = t0_cases,
};

kunit_test_suite(t0_suite);
