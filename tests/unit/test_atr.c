// SPDX-License-Identifier: GPL-2.0-or-later
/* ccid_atr_parse(): TS, T0, TA1 to TD2, TCK of ISO 7816-3 section 8.2, and faulty ATRs of cards. */
#include "atr.h"
#include "parse_atr.h"
#include "unit.h"

static void refuse(const char *name, const char *text)
{
	struct atr a;
	u32 len;
	u8 *buf = scard_test_hex(text, &len);

	STEP("atr: refused: %s", name);
	CHECK_EQ(ccid_atr_parse(&a, buf, len), -EINVAL);
	scard_test_free(buf);
}

static void basics(struct kunit *test)
{
	struct atr a;

	STEP("atr: the shortest one, all by default");
	a = parse_atr("3B 00");
	CHECK_EQ(a.len, 2);
	CHECK(!a.inverse && !a.specific && !a.implicit && !a.has_ta1 && !a.crc);
	CHECK_EQ(a.protocols, 1);
	CHECK_EQ(a.first, 0);
	CHECK_EQ(a.fi_di, 0x11);
	CHECK_EQ(a.guard_time, 0);
	CHECK_EQ(a.wi, 10);
	CHECK_EQ(a.ifsc, 32);
	CHECK_EQ(a.bwi, 4);
	CHECK_EQ(a.cwi, 13);
	CHECK_EQ(a.hist_len, 0);
	CHECK(a.tck_ok && !a.has_tck && !a.truncated);

	STEP("atr: inverse convention");
	a = parse_atr("3F 00");
	CHECK(a.inverse);

	STEP("atr: historical bytes");
	a = parse_atr("3B 02 14 50");
	CHECK_EQ(a.hist, 2);
	CHECK_EQ(a.hist_len, 2);
	CHECK_HEX(a.bytes + a.hist, a.hist_len, "14 50");

	STEP("atr: TA1, TB1, TC1");
	a = parse_atr("3B 70 95 00 40");
	CHECK(a.has_ta1);
	CHECK_EQ(a.fi_di, 0x95);
	CHECK_EQ(a.guard_time, 0x40);
	CHECK_EQ(a.hist, 5);

	STEP("atr: TA2, specific mode with the parameters of TA1");
	a = parse_atr("3B 90 18 10 80");
	CHECK(a.specific && !a.implicit);
	CHECK_EQ(a.specific_protocol, 0);

	STEP("atr: TA2 bit 5, specific mode with implicit parameters");
	a = parse_atr("3B 80 11 91");
	CHECK(a.specific && a.implicit);
	CHECK_EQ(a.specific_protocol, 1);
	a = parse_atr("3B 80 11 81");
	CHECK(a.specific && !a.implicit);

	STEP("atr: TC2 is the waiting time integer, 0 is reserved");
	CHECK_EQ(parse_atr("3B 80 40 14").wi, 0x14);
	CHECK_EQ(parse_atr("3B 80 40 00").wi, 10);
}

static void protocols(struct kunit *test)
{
	struct atr a;

	STEP("atr: T=0 and T=1, T=0 first");
	a = parse_atr("3B 80 80 01 01");
	CHECK_EQ(a.protocols, 3);
	CHECK_EQ(a.first, 0);
	CHECK(a.has_tck && a.tck_ok);

	STEP("atr: T=1 and T=0, T=1 first");
	a = parse_atr("3B 80 81 00 01");
	CHECK_EQ(a.protocols, 3);
	CHECK_EQ(a.first, 1);
	CHECK(a.has_tck && a.tck_ok);

	STEP("atr: T=1 alone with its IFSC, BWI, CWI and CRC");
	a = parse_atr("3B 80 81 71 FE 45 01 CA");
	CHECK_EQ(a.protocols, 2);
	CHECK_EQ(a.first, 1);
	CHECK_EQ(a.ifsc, 254);
	CHECK_EQ(a.bwi, 4);
	CHECK_EQ(a.cwi, 5);
	CHECK(a.crc && a.has_tck && a.tck_ok);

	STEP("atr: reserved IFSC 0 and 255 leave the default");
	CHECK_EQ(parse_atr("3B 80 81 11 00 10").ifsc, 32);
	CHECK_EQ(parse_atr("3B 80 81 11 FF EF").ifsc, 32);

	STEP("atr: only the first group of interface bytes for T=1 counts");
	a = parse_atr("3B 80 81 91 20 11 40 40");
	CHECK_EQ(a.ifsc, 0x20);
	a = parse_atr("3B 80 81 91 30 9F 07 11 40 69");
	CHECK_EQ(a.ifsc, 0x30);
	CHECK_EQ(a.classes, 7);

	STEP("atr: T=15 gives classes and clock stop, and is no protocol");
	a = parse_atr("3B 80 80 1F C7 D8");
	CHECK_EQ(a.protocols, 1);
	CHECK_EQ(a.classes, 7);
	CHECK_EQ(a.clock_stop, 3);
	CHECK(a.has_tck && a.tck_ok);

	STEP("atr: T=15 alone leaves T=0");
	a = parse_atr("3B 80 0F 8F");
	CHECK_EQ(a.protocols, 1);
	CHECK_EQ(a.first, 0);

	STEP("atr: T=14 is listed, though not supported");
	a = parse_atr("3B 80 8E 0E 00");
	CHECK_EQ(a.protocols, 1 << 14);
	CHECK_EQ(a.first, 14);

	STEP("atr: TB, TC for protocols that have none of ours are passed over");
	a = parse_atr("3B 80 80 7E 01 02 03 FE");
	CHECK_EQ(a.protocols, 1 | 1 << 14);
	CHECK_EQ(a.ifsc, 32);
	CHECK_EQ(a.classes, 0);
}

static void tolerance(struct kunit *test)
{
	struct atr a;

	STEP("atr: a wrong TCK is seen, and taken");
	a = parse_atr("3B 80 81 01 01");
	CHECK(a.has_tck && !a.tck_ok && !a.truncated);

	STEP("atr: a missing TCK is seen, and taken");
	a = parse_atr("3B 80 81 01");
	CHECK(!a.has_tck && !a.tck_ok && a.truncated);

	STEP("atr: a TCK that T=0 does not want does no harm");
	a = parse_atr("3B 01 AA AB");
	CHECK(!a.has_tck && a.tck_ok && !a.truncated);

	STEP("atr: fewer historical bytes than T0 says");
	a = parse_atr("3B 05 01 02");
	CHECK(a.truncated);
	CHECK_EQ(a.hist_len, 2);

	STEP("atr: interface bytes cut off");
	a = parse_atr("3B F0 11");
	CHECK(a.truncated && a.has_ta1);
	CHECK_EQ(a.hist, 3);
	CHECK_EQ(a.hist_len, 0);

	STEP("atr: TD chain to the last of 33 bytes");
	a = parse_atr("3B 80 8080808080808080808080808080808080808080808080808080808080 80 80");
	CHECK_EQ(a.len, 33);
	CHECK(a.truncated);
	CHECK_EQ(a.protocols, 1);

	refuse("nothing", "");
	refuse("TS alone", "3B");
	refuse("34 bytes",
	       "3B 00 0000000000000000000000000000000000000000000000000000000000000000");
	refuse("another TS", "03 00");
}

static void tables(struct kunit *test)
{
	static const u16 f[16] = { 372, 372, 558, 744, 1116, 1488, 1860, 0, 0, 512, 768, 1024,
				   1536, 2048, 0, 0 };
	static const u8 d[16] = { 0, 1, 2, 4, 8, 16, 32, 64, 12, 20 };
	unsigned int i;

	STEP("atr: F and D of each TA1");
	for (i = 0; i < 256; i++) {
		CHECK_EQ(ccid_atr_f(i), f[i >> 4]);
		CHECK_EQ(ccid_atr_d(i), d[i & 15]);
	}
}

static struct kunit_case atr_cases[] = {
	KUNIT_CASE(basics),
	KUNIT_CASE(protocols),
	KUNIT_CASE(tolerance),
	KUNIT_CASE(tables),
	{}
};

static struct kunit_suite atr_suite = {
	.name = "scard-atr",
	.test_cases = atr_cases,
};

kunit_test_suite(atr_suite);
