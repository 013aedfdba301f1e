// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * T=1: NAD, PCB, LEN, LRC and CRC of known blocks, IFSC and IFSD, long APDUs, bounds, PIN entry,
 * and that no APDU byte stays in memory.
 */
#include "t1.h"
#include "t1_card.h"
#include "t1_script.h"
#include "unit.h"

/* Blocks as they went over the wire between other drivers and cards */
static void known_blocks(struct kunit *test)
{
	u8 tx[T1_BLOCK_MAX], ans[16], *cmd, *rx;
	struct t1 t;
	u32 len;

	STEP("t1: known blocks with LRC");
	ccid_t1_init(&t, 32, false);
	CHECK_EQ(ccid_t1_start_ifs(&t, 254, tx), T1_SEND);
	CHECK_HEX(tx, t.tx_len, "00 C1 01 FE 3E");

	STEP("t1: known blocks with CRC");
	ccid_t1_init(&t, 254, true);
	CHECK_EQ(ccid_t1_start_ifs(&t, 254, tx), T1_SEND);
	CHECK_HEX(tx, t.tx_len, "00 C1 01 FE 54 4E");
	rx = scard_test_hex("00 E1 01 FE 57 75", &len);
	CHECK_EQ(ccid_t1_step(&t, rx, len, tx), T1_DONE);
	scard_test_free(rx);
	cmd = scard_test_hex("00 A4 00 00 00", &len);
	CHECK_EQ(ccid_t1_start(&t, cmd, len, ans, sizeof(ans), tx), T1_SEND);
	CHECK_HEX(tx, t.tx_len, "00 00 05 00 A4 00 00 00 B8 DA");
	scard_test_free(cmd);

	STEP("t1: epilogue of one byte or two");
	CHECK_EQ(ccid_t1_epilogue_len(&t), 2);
	ccid_t1_init(&t, 254, false);
	CHECK_EQ(ccid_t1_epilogue_len(&t), 1);

	STEP("t1: IFSC from 1 to 254");
	ccid_t1_init(&t, 0, false);
	CHECK_EQ(t.ifsc, 1);
	ccid_t1_init(&t, 255, false);
	CHECK_EQ(t.ifsc, 254);
	CHECK_EQ(t.ifsd, 32);
}

static enum card_whim answer(struct t1_card *card, u8 *value)
{
	(void)card;
	(void)value;
	return CARD_ANSWERS;
}

static u32 full(struct t1_card *card, u32 most)
{
	(void)card;
	return most;
}

static void exchange(u32 len, u32 ans_len, u8 ifsc, u8 ifsd, bool crc)
{
	struct t1_card *card = scard_test_alloc(sizeof(*card));
	u8 *cmd = scard_test_alloc(len), *ans = scard_test_alloc(ans_len);
	u8 *want = scard_test_alloc(ans_len);
	u8 tx[T1_BLOCK_MAX], rx[CARD_BLOCK_MAX];
	enum t1_action action;
	struct t1 t;
	u32 i, n;

	STEP("t1: %u bytes out, %u in, IFSC %u, IFSD %u, %s", len, ans_len, ifsc, ifsd,
	     crc ? "CRC" : "LRC");
	for (i = 0; i < len; i++)
		cmd[i] = i * 3;
	for (i = 0; i < ans_len; i++)
		want[i] = i * 5;
	card->crc = crc;
	card->ifsc_initial = ifsc;
	card->ans = want;
	card->ans_len = ans_len;
	card->decide = answer;
	card->chunk = full;
	t1_card_reset(card);
	ccid_t1_init(&t, ifsc, crc);
	action = ccid_t1_start_ifs(&t, ifsd, tx);
	n = t1_card_receive(card, tx, t.tx_len, false, rx);
	CHECK_EQ(ccid_t1_step(&t, rx, n, tx), T1_DONE);
	action = ccid_t1_start(&t, cmd, len, ans, ans_len, tx);
	while (action == T1_SEND) {
		n = t1_card_receive(card, tx, t.tx_len, false, rx);
		action = ccid_t1_step(&t, rx, n, tx);
	}
	CHECK_EQ(action, T1_DONE);
	CHECK_EQ(card->cmd_len, len);
	CHECK(!memcmp(card->cmd, cmd, len));
	CHECK_EQ(t.ans_len, ans_len);
	CHECK(!memcmp(ans, want, ans_len));
	scard_test_free(card);
	scard_test_free(cmd);
	scard_test_free(ans);
	scard_test_free(want);
}

static void bounds(struct kunit *test)
{
	u8 tx[T1_BLOCK_MAX], ans[4], cmd[1] = { 1 };
	enum t1_action action;
	u32 steps = 0, i;
	struct t1 t;

	STEP("t1: S(WTX request) without end has one");
	ccid_t1_init(&t, 32, false);
	action = ccid_t1_start(&t, cmd, 1, ans, sizeof(ans), tx);
	while (action == T1_SEND && steps < 1000000) {
		action = ccid_t1_step(&t, (u8 []){ 0x00, 0xc3, 0x01, 0x01, 0xc3 }, 5, tx);
		steps++;
	}
	CHECK_EQ(action, T1_FAIL);
	CHECK_EQ(t.error, -EIO);
	CHECK(steps < 140000);

	STEP("t1: an answer of empty blocks without end has one");
	ccid_t1_init(&t, 32, false);
	action = ccid_t1_start(&t, cmd, 1, ans, sizeof(ans), tx);
	for (i = 0; action == T1_SEND && i < 1000000; i++) {
		u8 pcb = i & 1 ? 0x60 : 0x20;

		action = ccid_t1_step(&t, (u8 []){ 0x00, pcb, 0x00, pcb }, 4, tx);
	}
	CHECK_EQ(action, T1_FAIL);
	CHECK(i < 140000);
}

/* A card may ask for more than the reader carries: it is told yes, and sent less. */
static void limited(struct kunit *test)
{
	u8 tx[T1_BLOCK_MAX], ans[4], cmd[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct t1 t;

	STEP("t1: blocks are no longer than the reader takes, whatever the ATR says");
	ccid_t1_init(&t, 254, false);
	ccid_t1_limit(&t, 4);
	CHECK_EQ(ccid_t1_start(&t, cmd, sizeof(cmd), ans, sizeof(ans), tx), T1_SEND);
	CHECK_HEX(tx, t.tx_len, "00 20 04 01 02 03 04 20");

	STEP("t1: nor whatever S(IFS request) says, which is agreed to all the same");
	CHECK_EQ(ccid_t1_step(&t, (u8 []){ 0x00, 0xc1, 0x01, 0xfe, 0x3e }, 5, tx), T1_SEND);
	CHECK_HEX(tx, t.tx_len, "00 E1 01 FE 1E");
	CHECK_EQ(ccid_t1_step(&t, (u8 []){ 0x00, 0x90, 0x00, 0x90 }, 4, tx), T1_SEND);
	CHECK_HEX(tx, t.tx_len, "00 40 04 05 06 07 08 48");

	STEP("t1: a reader that takes nothing, or everything, is clamped");
	ccid_t1_limit(&t, 0);
	CHECK_EQ(t.ifsc, 1);
	ccid_t1_init(&t, 254, false);
	ccid_t1_limit(&t, 100000);
	CHECK_EQ(t.ifsc, 254);
}

static void memory(struct kunit *test)
{
	u8 tx[T1_BLOCK_MAX], ans[16];
	u8 secret[] = { 0xde, 0xad, 0xbe, 0xef };
	struct t1 t;
	u32 i;

	STEP("t1: the connection is small and keeps nothing of an APDU");
	CHECK(sizeof(t) <= 128);
	ccid_t1_init(&t, 32, false);
	ccid_t1_start(&t, secret, sizeof(secret), ans, sizeof(ans), tx);
	CHECK_EQ(ccid_t1_step(&t, (u8 []){ 0, 0, 4, 0xde, 0xad, 0xbe, 0xef, 0x26 }, 8, tx), T1_DONE);
	for (i = 0; i + sizeof(secret) <= sizeof(t); i++)
		CHECK(memcmp((u8 *)&t + i, secret, sizeof(secret)));
}

/* A block that the reader completes, with 13 bytes of information field */
static void secure(struct t1 *t, const char *want, u8 *ans, u32 size)
{
	u8 prologue[T1_PROLOGUE_LEN];

	scard_test_t1_used(t);
	CHECK_EQ(ccid_t1_start_secure(t, prologue, 13, ans, size), 0);
	CHECK_HEX(prologue, 3, want);
}

static void secured(struct t1 *t, const char *text, enum t1_action action, const char *sent, u8 *tx)
{
	u32 len;
	u8 *rx = scard_test_hex(text, &len);

	CHECK_EQ(ccid_t1_step(t, rx, len, tx), action);
	if (action == T1_SEND)
		CHECK_HEX(tx, t->tx_len, sent);
	scard_test_free(rx);
}

static void pin_entry(struct kunit *test)
{
	u8 ans[4], cmd[1] = { 2 }, tx[T1_BLOCK_MAX];
	struct t1 t;

	STEP("t1: a block that the reader completes");
	ccid_t1_init(&t, 32, false);
	secure(&t, "00 00 0D", ans, sizeof(ans));
	secured(&t, "00 00 02 90 00 92", T1_DONE, "", tx);
	CHECK_HEX(ans, t.ans_len, "90 00");
	secure(&t, "00 40 0D", ans, sizeof(ans));

	STEP("t1: the card may ask for more time before it answers");
	secured(&t, "00 C3 01 09 CB", T1_SEND, "00 E3 01 09 EB", tx);
	CHECK_EQ(t.wtx, 9);
	secured(&t, "00 40 02 63 C2 E3", T1_DONE, "", tx);
	CHECK_HEX(ans, t.ans_len, "63 C2");

	STEP("t1: an answer that is not understood is asked for again");
	secure(&t, "00 00 0D", ans, sizeof(ans));
	secured(&t, "00 00 02 90 00 93", T1_SEND, "00 81 00 81", tx);
	secured(&t, "00 00 02 90 00 92", T1_DONE, "", tx);

	STEP("t1: after it the numbers go on");
	CHECK_EQ(ccid_t1_start(&t, cmd, 1, ans, sizeof(ans), tx), T1_SEND);
	CHECK_HEX(tx, t.tx_len, "00 40 01 02 43");

	STEP("t1: a block that the reader has completed is not sent again");
	ccid_t1_init(&t, 32, false);
	secure(&t, "00 00 0D", ans, sizeof(ans));
	secured(&t, "00 80 00 80", T1_FAIL, "", tx);
	CHECK_EQ(t.error, -EIO);
	CHECK(t.broken);

	STEP("t1: before the next one it is resynchronised");
	scard_test_t1_used(&t);
	t.ifsd = 16;
	CHECK_EQ(ccid_t1_start_resynch(&t, tx), T1_SEND);
	CHECK_HEX(tx, t.tx_len, "00 C0 00 C0");
	CHECK_EQ(ccid_t1_step(&t, (u8 []){ 0x00, 0xe0, 0x00, 0xe0 }, 4, tx), T1_DONE);
	CHECK(!t.broken);
	CHECK_EQ(t.ifsd, 32);
	secure(&t, "00 00 0D", ans, sizeof(ans));

	STEP("t1: and given up if the card does not agree");
	scard_test_t1_used(&t);
	CHECK_EQ(ccid_t1_start_resynch(&t, tx), T1_SEND);
	CHECK_EQ(ccid_t1_step(&t, tx, 0, tx), T1_SEND);
	CHECK_EQ(ccid_t1_step(&t, tx, 0, tx), T1_SEND);
	CHECK_EQ(ccid_t1_step(&t, tx, 0, tx), T1_FAIL);
	CHECK(t.broken);

	STEP("t1: an answer longer than the room for it");
	ccid_t1_init(&t, 32, false);
	secure(&t, "00 00 0D", ans, sizeof(ans));
	secured(&t, "00 00 05 01 02 03 90 00 95", T1_FAIL, "", tx);
	CHECK_EQ(t.error, -EMSGSIZE);
}

/* What the reader completes is one block: a longer template is refused, not cut. */
static void pin_entry_bounds(struct kunit *test)
{
	u8 ans[4], prologue[T1_PROLOGUE_LEN] = { };
	struct t1 t;

	STEP("t1: a block that the reader completes is no longer than IFSC");
	ccid_t1_init(&t, 32, false);
	CHECK_EQ(ccid_t1_start_secure(&t, prologue, 32, ans, sizeof(ans)), 0);
	CHECK_EQ(prologue[2], 32);
	ccid_t1_init(&t, 32, false);
	CHECK_EQ(ccid_t1_start_secure(&t, prologue, 33, ans, sizeof(ans)), -EINVAL);
	CHECK_EQ(ccid_t1_start_secure(&t, prologue, 256 + 13, ans, sizeof(ans)), -EINVAL);
	ccid_t1_init(&t, 254, false);
	CHECK_EQ(ccid_t1_start_secure(&t, prologue, 254, ans, sizeof(ans)), 0);
	CHECK_EQ(prologue[2], 254);
	CHECK_EQ(ccid_t1_start_secure(&t, prologue, 255, ans, sizeof(ans)), -EINVAL);
}

static void long_apdus(struct kunit *test)
{
	exchange(65544, 65538, 254, 254, false);
	exchange(65544, 65538, 32, 32, true);
	exchange(5000, 65538, 1, 1, false);
	exchange(261, 258, 254, 254, true);
}

static struct kunit_case t1_cases[] = {
	KUNIT_CASE(known_blocks),
	KUNIT_CASE(long_apdus),
	KUNIT_CASE(bounds),
	KUNIT_CASE(limited),
	KUNIT_CASE(memory),
	KUNIT_CASE(pin_entry),
	KUNIT_CASE(pin_entry_bounds),
	{}
};

static struct kunit_suite t1_suite = {
	.name = "scard-t1",
	.test_cases = t1_cases,
};

kunit_test_suite(t1_suite);
