// SPDX-License-Identifier: GPL-2.0-or-later
/* ccid_apdu_parse(): Lc and Le, the seven cases of ISO 7816-3 section 12.1, invalid APDUs. */
#include "apdu.h"
#include "unit.h"

static const struct apdu_case {
	const char *name, *apdu;
	bool valid, extended, has_le;
	u32 nc, data, ne;
} cases[] = {
	{ "case 1", "00 A4 00 00", true, false, false, 0, 4, 0 },
	{ "case 2S", "00 B0 00 00 10", true, false, true, 0, 4, 16 },
	{ "case 2S, Le 0 is 256", "00 B0 00 00 00", true, false, true, 0, 4, 256 },
	{ "case 3S", "00 A4 04 00 02 3F 00", true, false, false, 2, 5, 0 },
	{ "case 4S", "00 A4 04 00 02 3F 00 20", true, false, true, 2, 5, 32 },
	{ "case 4S, Le 0 is 256", "00 A4 04 00 02 3F 00 00", true, false, true, 2, 5, 256 },
	{ "case 2E", "00 B0 00 00 00 01 02", true, true, true, 0, 4, 258 },
	{ "case 2E, Le 0 is 65536", "00 B0 00 00 00 00 00", true, true, true, 0, 4, 65536 },
	{ "case 3E", "00 D6 00 00 00 00 02 AA BB", true, true, false, 2, 7, 0 },
	{ "case 4E", "00 D6 00 00 00 00 02 AA BB 01 00", true, true, true, 2, 7, 256 },
	{ "case 4E, Le 0 is 65536", "00 D6 00 00 00 00 01 AA 00 00", true, true, true, 1, 7,
	  65536 },
	{ "empty", "", false, false, false, 0, 0, 0 },
	{ "header cut off", "00 A4 00", false, false, false, 0, 0, 0 },
	{ "short Lc, data missing", "00 A4 00 00 03 01 02", false, false, false, 0, 0, 0 },
	{ "short Lc, too much data", "00 A4 00 00 01 01 02 03", false, false, false, 0, 0, 0 },
	{ "extended length cut off", "00 B0 00 00 00 01", false, false, false, 0, 0, 0 },
	{ "extended Lc of 0 with data", "00 B0 00 00 00 00 00 01", false, false, false, 0, 0, 0 },
	{ "extended Lc, data missing", "00 B0 00 00 00 00 03 01", false, false, false, 0, 0, 0 },
	{ "extended Lc, half an Le", "00 B0 00 00 00 00 01 01 02", false, false, false, 0, 0, 0 },
};

KUNIT_ARRAY_PARAM_DESC(cases, cases, name);

static void parse(struct kunit *test)
{
	const struct apdu_case *c = test->param_value;
	struct apdu a;
	u32 len;
	u8 *buf = scard_test_hex(c->apdu, &len);
	int ret = ccid_apdu_parse(&a, buf, len);

	STEP("apdu: %s", c->name);
	CHECK_EQ(ret, c->valid ? 0 : -EINVAL);
	if (c->valid) {
		CHECK_EQ(a.extended, c->extended);
		CHECK(apdu_may_be_extended(buf, len) || !a.extended);
		CHECK_EQ(a.nc, c->nc);
		CHECK_EQ(a.data, c->data);
		CHECK_EQ(a.ne, c->ne);
		CHECK_EQ(a.has_le, c->has_le);
	}
	scard_test_free(buf);
}

static void longest(struct kunit *test)
{
	static const u8 header[] = { 0, 0xd6, 0, 0, 0, 0xff, 0xff };
	u32 len = 4 + 3 + 65535 + 2;
	u8 *buf = scard_test_alloc(len);
	struct apdu a;

	STEP("apdu: the longest one, 65544 bytes");
	memcpy(buf, header, sizeof(header));
	CHECK_EQ(ccid_apdu_parse(&a, buf, len), 0);
	CHECK_EQ(a.nc, 65535);
	CHECK_EQ(a.ne, 65536);
	CHECK_EQ(ccid_apdu_parse(&a, buf, len - 2), 0);
	CHECK(!a.has_le && !a.ne);
	scard_test_free(buf);
}

static struct kunit_case apdu_cases[] = {
	KUNIT_CASE_PARAM(parse, cases_gen_params),
	KUNIT_CASE(longest),
	{}
};

static struct kunit_suite apdu_suite = {
	.name = "scard-apdu",
	.test_cases = apdu_cases,
};

kunit_test_suite(apdu_suite);
