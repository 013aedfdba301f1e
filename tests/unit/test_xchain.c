// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * wLevelParameter, bChainParameter: extended APDUs in parts, as scripts. ">level:bytes" is
 * sent, "<param:bytes" received, "=bytes"
 * the answer in the end, "!errno" the failure.
 */
#include "unit.h"
#include "xchain.h"

static const struct script {
	const char *name, *cmd, *script;
	u32 size;
} scripts[] = {
	{ "whole and whole", "00A40000", ">00:00A40000 <00:9000 =9000", 16 },
	{ "command in two parts", "0102030405", ">01:01020304 <10: >02:05 <00:9000 =9000", 16 },
	{ "command in three parts", "010203040506070809",
	  ">01:01020304 <10: >03:05060708 <10: >02:09 <00:9000 =9000", 16 },
	{ "last part full", "0102030405060708",
	  ">01:01020304 <10: >02:05060708 <00:9000 =9000", 16 },
	{ "reader forgets to ask for the next part", "0102030405",
	  ">01:01020304 <00: >02:05 <00:9000 =9000", 16 },
	{ "answer in two parts", "01", ">00:01 <01:0203 >10: <02:9000 =02039000", 16 },
	{ "answer in three parts", "01", ">00:01 <01:02 >10: <03:03 >10: <02:9000 =02039000", 16 },
	{ "answer with empty parts", "01", ">00:01 <01: >10: <03: >10: <02:9000 =9000", 16 },
	{ "both in parts", "0102030405",
	  ">01:01020304 <10: >02:05 <01:06 >10: <02:9000 =069000", 16 },
	{ "answer fills its room", "01", ">00:01 <01:0203 >10: <02:9000 =02039000", 4 },
	{ "answer longer than its room", "01", ">00:01 <01:0203 >10: <02:9000 !EMSGSIZE", 3 },
	{ "data before the command is complete", "0102030405", ">01:01020304 <10:90 !EPROTO", 16 },
	{ "answer begins before the command is complete", "0102030405",
	  ">01:01020304 <01: !EPROTO", 16 },
	{ "answer begins twice", "01", ">00:01 <01:02 >10: <01:02 !EPROTO", 16 },
	{ "answer begun, then whole", "01", ">00:01 <01:02 >10: <00:9000 !EPROTO", 16 },
	{ "answer begins in the middle", "01", ">00:01 <03:02 !EPROTO", 16 },
	{ "answer begins at its end", "01", ">00:01 <02:9000 !EPROTO", 16 },
	{ "asked for more when there is none", "01", ">00:01 <10: !EPROTO", 16 },
	{ "reserved bChainParameter", "01", ">00:01 <04:9000 !EPROTO", 16 },
};

KUNIT_ARRAY_PARAM_DESC(scripts, scripts, name);

static void run(struct kunit *test)
{
	const struct script *s = test->param_value;
	char script[200], *rest = script, *token;
	enum xchain_action action;
	struct xchain x;
	u32 len, rx_len;
	u8 *cmd = scard_test_hex(s->cmd, &len), *ans = scard_test_alloc(s->size), *rx;

	STEP("xchain: %s", s->name);
	snprintf(script, sizeof(script), "%s", s->script);
	action = ccid_xchain_start(&x, cmd, len, 4, ans, s->size);
	while ((token = strsep(&rest, " "))) {
		switch (*token) {
		case '>':
			CHECK_EQ(action, XCHAIN_SEND);
			CHECK_EQ(x.level, scard_test_number(token + 1, 16));
			CHECK_HEX(x.tx, x.tx_len, token + 4);
			break;
		case '<':
			rx = scard_test_hex(token + 4, &rx_len);
			action = ccid_xchain_step(&x, scard_test_number(token + 1, 16), rx, rx_len);
			scard_test_free(rx);
			break;
		case '=':
			CHECK_EQ(action, XCHAIN_DONE);
			CHECK_HEX(ans, x.ans_len, token + 1);
			break;
		default:
			CHECK_EQ(action, XCHAIN_FAIL);
			CHECK_EQ(x.error, strcmp(token, "!EPROTO") ? -EMSGSIZE : -EPROTO);
		}
	}
	scard_test_free(cmd);
	scard_test_free(ans);
}

static void no_end(struct kunit *test)
{
	enum xchain_action action;
	u32 steps = 0;
	struct xchain x;
	u8 cmd[1] = { 0 }, ans[4];

	STEP("xchain: an answer of empty parts without end has one");
	action = ccid_xchain_start(&x, cmd, 1, 4, ans, sizeof(ans));
	action = ccid_xchain_step(&x, 1, ans, 0);
	while (action == XCHAIN_SEND && steps < 100000) {
		action = ccid_xchain_step(&x, 3, ans, 0);
		steps++;
	}
	CHECK_EQ(action, XCHAIN_FAIL);
	CHECK_EQ(x.error, -EPROTO);
}

static void longest(struct kunit *test)
{
	u32 len = 65544, size = 65538, block = 261, got = 0, given = 0, i;
	u8 *cmd = scard_test_alloc(len), *ans = scard_test_alloc(size);
	enum xchain_action action;
	struct xchain x;

	STEP("xchain: 65544 bytes out and 65538 in, in messages of 271");
	for (i = 0; i < len; i++)
		cmd[i] = i * 7;
	action = ccid_xchain_start(&x, cmd, len, block, ans, size);
	while (action == XCHAIN_SEND) {
		u32 n = size - given < block ? size - given : block;

		CHECK(!memcmp(x.tx, cmd + got, x.tx_len));
		got += x.tx_len;
		if (got < len) {
			action = ccid_xchain_step(&x, 0x10, cmd, 0);
			continue;
		}
		action = ccid_xchain_step(&x, given ? (given + n == size ? 2 : 3) : 1, cmd + given, n);
		given += n;
	}
	CHECK_EQ(action, XCHAIN_DONE);
	CHECK_EQ(got, len);
	CHECK_EQ(x.ans_len, size);
	CHECK(!memcmp(ans, cmd, size));
	scard_test_free(cmd);
	scard_test_free(ans);
}

static struct kunit_case xchain_cases[] = {
	KUNIT_CASE_PARAM(run, scripts_gen_params),
	KUNIT_CASE(no_end),
	KUNIT_CASE(longest),
	{}
};

static struct kunit_suite xchain_suite = {
	.name = "scard-xchain",
	.test_cases = xchain_cases,
};

kunit_test_suite(xchain_suite);
