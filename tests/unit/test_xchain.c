// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * wLevelParameter, bChainParameter: extended APDUs in parts, as scripts. ">level:bytes" is
 * sent, "<param:bytes" received, "=bytes"
 * the answer in the end, "!errno" the failure.
 */
#include "unit.h"
#include "xchain.h"

static const struct {
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

static void run(unsigned int n)
{
	char script[200], *rest = script, *token;
	enum xchain_action action;
	struct xchain x;
	u32 len, rx_len;
	u8 *cmd = hex(scripts[n].cmd, &len), *ans = malloc(scripts[n].size), *rx;

	tap_test("xchain: %s", scripts[n].name);
	snprintf(script, sizeof(script), "%s", scripts[n].script);
	action = xchain_start(&x, cmd, len, 4, ans, scripts[n].size);
	while ((token = strsep(&rest, " "))) {
		switch (*token) {
		case '>':
			CHECK_EQ(action, XCHAIN_SEND);
			CHECK_EQ(x.level, strtoul(token + 1, NULL, 16));
			CHECK_HEX(x.tx, x.tx_len, token + 4);
			break;
		case '<':
			rx = hex(token + 4, &rx_len);
			action = xchain_step(&x, strtoul(token + 1, NULL, 16), rx, rx_len);
			free(rx);
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
	free(cmd);
	free(ans);
}

static void no_end(void)
{
	enum xchain_action action;
	u32 steps = 0;
	struct xchain x;
	u8 cmd[1] = { 0 }, ans[4];

	tap_test("xchain: an answer of empty parts without end has one");
	action = xchain_start(&x, cmd, 1, 4, ans, sizeof(ans));
	action = xchain_step(&x, 1, ans, 0);
	while (action == XCHAIN_SEND && steps < 100000) {
		action = xchain_step(&x, 3, ans, 0);
		steps++;
	}
	CHECK_EQ(action, XCHAIN_FAIL);
	CHECK_EQ(x.error, -EPROTO);
}

static void longest(void)
{
	u32 len = 65544, size = 65538, block = 261, got = 0, given = 0, i;
	u8 *cmd = malloc(len), *ans = malloc(size);
	enum xchain_action action;
	struct xchain x;

	tap_test("xchain: 65544 bytes out and 65538 in, in messages of 271");
	for (i = 0; i < len; i++)
		cmd[i] = i * 7;
	action = xchain_start(&x, cmd, len, block, ans, size);
	while (action == XCHAIN_SEND) {
		u32 n = size - given < block ? size - given : block;

		CHECK(!memcmp(x.tx, cmd + got, x.tx_len));
		got += x.tx_len;
		if (got < len) {
			action = xchain_step(&x, 0x10, cmd, 0);
			continue;
		}
		action = xchain_step(&x, given ? (given + n == size ? 2 : 3) : 1, cmd + given, n);
		given += n;
	}
	CHECK_EQ(action, XCHAIN_DONE);
	CHECK_EQ(got, len);
	CHECK_EQ(x.ans_len, size);
	CHECK(!memcmp(ans, cmd, size));
	free(cmd);
	free(ans);
}

int main(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(scripts); i++)
		run(i);
	no_end();
	longest();
	return tap_end();
}
