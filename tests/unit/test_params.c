// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PC_to_RDR_SetParameters and PPS: the choice of Fi/Di (dwMaxDataRate, GetDataRates), and the
 * waiting times BWT, CWT, WWT.
 */
#include "params.h"
#include "parse_atr.h"
#include "unit.h"

static const u32 table[] = { 10753, 21505, 43011, 86022, 172043, 344086 };

static const struct choice {
	const char *name, *atr;
	u32 clock, max_rate;
	bool table;
	int ret;
	u8 fi_di;
} choices[] = {
	{ "no TA1: the default", "3B 00", 4000, 500000, false, 0, 0x11 },
	{ "TA1 that the reader has", "3B 10 95", 4000, 500000, false, 0, 0x95 },
	{ "TA1 too fast: the next slower D", "3B 10 97", 4000, 344086, false, 0, 0x96 },
	{ "TA1 far too fast: several D down", "3B 10 96", 4000, 125000, false, 0, 0x95 },
	{ "only rates that the default reaches too", "3B 10 95", 4000, 10753, false, 0, 0x11 },
	{ "a table has the rate", "3B 10 14", 4000, 500000, true, 0, 0x14 },
	{ "a table has a slower rate only", "3B 10 95", 4000, 500000, true, 0, 0x11 },
	{ "a table has Fi 372 with D 16", "3B 10 16", 4000, 200000, true, 0, 0x15 },
	{ "another F and D with the default rate", "3B 10 32", 4000, 500000, false, 0, 0x11 },
	{ "reserved F", "3B 10 75", 4000, 500000, false, 0, 0x11 },
	{ "reserved D", "3B 10 1A", 4000, 500000, false, 0, 0x11 },
	{ "D 12 and 20 lie between their neighbours", "3B 10 19", 4000, 150000, false, 0, 0x18 },
	{ "a reader that does not tell its clock", "3B 10 95", 0, 500000, false, 0, 0x11 },
	{ "a clock that cannot be", "3B 10 97", 0xffffffff, 0xffffffff, false, 0, 0x97 },
	{ "specific mode, the reader can", "3B 90 95 10 80", 4000, 500000, false, 0, 0x95 },
	{ "specific mode, the reader cannot", "3B 90 97 10 80", 4000, 100000, false,
	  -EPROTONOSUPPORT, 0x97 },
	{ "specific mode, default parameters", "3B 90 11 10 80", 4000, 1000, false, 0, 0x11 },
	{ "specific mode, implicit parameters", "3B 90 95 10 90", 4000, 500000, false, 0, 0x11 },
};

KUNIT_ARRAY_PARAM_DESC(choices, choices, name);

static void choose(struct kunit *test)
{
	const struct choice *c = test->param_value;
	struct params_reader r = {
		.clock = c->clock,
		.max_rate = c->max_rate,
		.rates = c->table ? table : NULL,
		.nrates = c->table ? ARRAY_SIZE(table) : 0,
	};
	struct atr a;
	u8 fi_di = 0;

	STEP("params: %s", c->name);
	a = parse_atr(c->atr);
	CHECK_EQ(ccid_params_choose(&fi_di, &a, &r), c->ret);
	CHECK_EQ(fi_di, c->fi_di);
}

/* 3B 10 95 at 4 MHz has 125,000 bit/s */
static void choose_from(const char *name, const u32 *rates, u32 nrates, u8 want)
{
	struct params_reader r = {
		.clock = 4000, .max_rate = 500000, .rates = rates, .nrates = nrates,
	};
	struct atr a;
	u8 fi_di = 0;

	STEP("params: %s", name);
	a = parse_atr("3B 10 95");
	CHECK_EQ(ccid_params_choose(&fi_di, &a, &r), 0);
	CHECK_EQ(fi_di, want);
}

static void tables(struct kunit *test)
{
	static const u32 below[] = { 124999 }, above[] = { 125001 }, far_off[] = { 124998, 125002 };

	choose_from("a table without rates says nothing", below, 0, 0x95);
	choose_from("the rate, rounded down", below, 1, 0x95);
	choose_from("the rate, rounded up", above, 1, 0x95);
	choose_from("rates beside it", far_off, 2, 0x11);
}

static void structures(struct kunit *test)
{
	struct atr a;
	u8 buf[PARAMS_T1_LEN];

	STEP("params: defaults as the CCID specification has them");
	a = parse_atr("3B 00");
	CHECK_HEX(buf, ccid_params_put_t0(buf, &a, 0x11), "11 00 00 0A 00");
	CHECK_HEX(buf, ccid_params_put_t1(buf, &a, 0x11, 32), "11 10 00 4D 00 20 00");

	STEP("params: inverse convention, guard time, waiting integer, clock stop");
	a = parse_atr("3F C0 03 C0 14 1F C7 00");
	CHECK_HEX(buf, ccid_params_put_t0(buf, &a, 0x94), "94 02 03 14 03");

	STEP("params: T=1 with its BWI, CWI, CRC and IFSC");
	a = parse_atr("3F 80 81 71 FE 75 01 FA");
	CHECK_HEX(buf, ccid_params_put_t1(buf, &a, 0x18, 0x40), "18 13 00 75 00 40 00");
}

static void times(struct kunit *test)
{
	struct atr a, b;

	/* 960 x 10 x 372 / 4000 = 892 ms, 260 of them; 262 x 12 etu of 93 us */
	STEP("params: waiting time of T=0 by default");
	a = parse_atr("3B 00");
	CHECK_EQ(ccid_params_wait_t0(&a, 0x11, 4000), 893 * 260 + 293);

	STEP("params: waiting time of T=0 follows TC2 and F");
	CHECK(ccid_params_wait_t0(&a, 0x95, 4000) > ccid_params_wait_t0(&a, 0x11, 4000));
	a = parse_atr("3B 80 40 01");
	CHECK_EQ(ccid_params_wait_t0(&a, 0x11, 4000), 90 * 260 + 293);

	/* 2^4 x 960 x 372 / 4000 = 1428; 260 x 12 and 260 x (11 + 2^13) etu */
	STEP("params: waiting time of T=1 by default, and cut off");
	a = parse_atr("3B 00");
	CHECK_EQ(ccid_params_wait_t1(&a, 0x11, 4000), 1429 + 291 + 198349 + 1000);
	CHECK_EQ(ccid_params_wait_t1(&a, 0x11, 1000), PARAMS_WAIT_MAX_MS);

	STEP("params: waiting time of T=1 with BWI 4, CWI 5");
	a = parse_atr("3B 80 81 21 45 E5");
	CHECK_EQ(ccid_params_wait_t1(&a, 0x11, 4000), 1429 + 291 + 1040 + 1000);

	STEP("params: waiting time of T=1 with F 512 and D 16, and with a reserved D");
	CHECK_EQ(ccid_params_wait_t1(&a, 0x95, 4000), 1429 + 25 + 90 + 1000);
	CHECK_EQ(ccid_params_wait_t1(&a, 0x9f, 4000), ccid_params_wait_t1(&a, 0x11, 4000));

	STEP("params: guard time of 255 is none, of 254 is one");
	a = parse_atr("3B C0 FF 81 21 45 DB");
	CHECK_EQ(ccid_params_wait_t1(&a, 0x11, 4000), 1429 + 291 + 1040 + 1000);
	CHECK_EQ(ccid_params_wait_t0(&a, 0x11, 4000), 893 * 260 + 293);
	a = parse_atr("3B C0 FE 81 21 45 DA");
	CHECK_EQ(ccid_params_wait_t1(&a, 0x11, 4000), 1429 + 6432 + 1040 + 1000);
	CHECK_EQ(ccid_params_wait_t0(&a, 0x11, 4000), 893 * 260 + 6482);

	STEP("params: reserved BWI is taken as the longest one");
	a = parse_atr("3B 80 81 21 95 35");
	a.bwi = 15;
	b = a;
	b.bwi = 9;
	CHECK_EQ(ccid_params_wait_t1(&a, 0x18, 4000), ccid_params_wait_t1(&b, 0x18, 4000));
	CHECK(ccid_params_wait_t1(&a, 0x18, 4000) >= 512 * 89);

	STEP("params: waiting times without a clock, with reserved F and D, and the longest");
	CHECK_EQ(ccid_params_wait_t0(&a, 0x11, 0), ccid_params_wait_t0(&a, 0x11, 1000));
	CHECK_EQ(ccid_params_wait_t1(&a, 0x70, 4000), ccid_params_wait_t1(&a, 0x11, 4000));
	CHECK(ccid_params_wait_t0(&a, 0x7f, 4000) == ccid_params_wait_t0(&a, 0x11, 4000));
	CHECK(ccid_params_wait_t0(&a, 0x11, 0xffffffff) >= 1);
	a = parse_atr("3B 80 40 01");
	CHECK_EQ(ccid_params_wait_t0(&a, 0x11, 0), 260 * 358 + 1170);
	a.cwi = 0;
	CHECK_EQ(ccid_params_wait_t1(&a, 0x11, 0), ccid_params_wait_t1(&a, 0x11, 1000));
	a.wi = 255;
	CHECK_EQ(ccid_params_wait_t0(&a, 0x11, 4000), PARAMS_WAIT_MAX_MS);
}

static void pps_answer(const char *name, const char *answer, u8 protocol, u8 asked, int ret,
		       u8 agreed)
{
	u8 request[PPS_LEN_MAX], fi_di = 0, *buf;
	u32 len, request_len;

	STEP("pps: %s", name);
	request_len = ccid_pps_put(request, protocol, asked);
	buf = scard_test_hex(answer, &len);
	/* no byte of an empty answer is there */
	CHECK_EQ(ccid_pps_check(&fi_di, request, request_len, len ? buf : NULL, len), ret);
	if (!ret)
		CHECK_EQ(fi_di, agreed);
	scard_test_free(buf);
}

static void pps(struct kunit *test)
{
	u8 buf[PPS_LEN_MAX];

	STEP("pps: requests");
	CHECK_HEX(buf, ccid_pps_put(buf, 0, 0x11), "FF 00 FF");
	CHECK_HEX(buf, ccid_pps_put(buf, 1, 0x11), "FF 01 FE");
	CHECK_HEX(buf, ccid_pps_put(buf, 1, 0x95), "FF 11 95 7B");

	pps_answer("the card agrees", "FF 11 95 7B", 1, 0x95, 0, 0x95);
	pps_answer("the card agrees to the protocol", "FF 01 FE", 1, 0x11, 0, 0x11);
	pps_answer("the card keeps the default parameters", "FF 01 FE", 1, 0x95, 0, 0x11);
	pps_answer("no answer", "", 1, 0x95, -EPROTO, 0);
	pps_answer("answer cut off", "FF 01", 1, 0x95, -EPROTO, 0);
	pps_answer("wrong check byte", "FF 11 95 7A", 1, 0x95, -EPROTO, 0);
	pps_answer("wrong first byte", "FE 11 95 7A", 1, 0x95, -EPROTO, 0);
	pps_answer("another protocol", "FF 10 95 7A", 1, 0x95, -EPROTO, 0);
	pps_answer("other parameters", "FF 11 96 78", 1, 0x95, -EPROTO, 0);
	pps_answer("parameters that nobody has asked for", "FF 11 95 7B", 1, 0x11, -EPROTO, 0);
	pps_answer("PPS2", "FF 21 00 DE", 1, 0x95, -EPROTO, 0);
	pps_answer("PPS1 announced, not there", "FF 11 EE", 1, 0x95, -EPROTO, 0);
	pps_answer("PPS1 is the check byte", "FF 11 EE", 1, 0xee, -EPROTO, 0);
	pps_answer("a byte too many", "FF 01 00 FE", 1, 0x95, -EPROTO, 0);
}

static struct kunit_case params_cases[] = {
	KUNIT_CASE_PARAM(choose, choices_gen_params),
	KUNIT_CASE(tables),
	KUNIT_CASE(structures),
	KUNIT_CASE(times),
	KUNIT_CASE(pps),
	{}
};

static struct kunit_suite params_suite = {
	.name = "scard-params",
	.test_cases = params_cases,
};

kunit_test_suite(params_suite);
