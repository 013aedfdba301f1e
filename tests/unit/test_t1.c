// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * T=1: NAD, PCB, LEN, LRC and CRC of known blocks, IFSC and IFSD, long APDUs, bounds, PIN entry,
 * and that no APDU byte stays in memory.
 */
#include "t1.h"
#include "t1_card.h"
#include "unit.h"

/* Blocks as they went over the wire between other drivers and cards */
static void known_blocks(void)
{
	u8 tx[T1_BLOCK_MAX], ans[16], *cmd, *rx;
	struct t1 t;
	u32 len;

	tap_test("t1: known blocks with LRC");
	t1_init(&t, 32, false);
	CHECK_EQ(t1_start_ifs(&t, 254, tx), T1_SEND);
	CHECK_HEX(tx, t.tx_len, "00 C1 01 FE 3E");

	tap_test("t1: known blocks with CRC");
	t1_init(&t, 254, true);
	CHECK_EQ(t1_start_ifs(&t, 254, tx), T1_SEND);
	CHECK_HEX(tx, t.tx_len, "00 C1 01 FE 54 4E");
	rx = hex("00 E1 01 FE 57 75", &len);
	CHECK_EQ(t1_step(&t, rx, len, tx), T1_DONE);
	free(rx);
	cmd = hex("00 A4 00 00 00", &len);
	CHECK_EQ(t1_start(&t, cmd, len, ans, sizeof(ans), tx), T1_SEND);
	CHECK_HEX(tx, t.tx_len, "00 00 05 00 A4 00 00 00 B8 DA");
	free(cmd);

	tap_test("t1: epilogue of one byte or two");
	CHECK_EQ(t1_epilogue_len(&t), 2);
	t1_init(&t, 254, false);
	CHECK_EQ(t1_epilogue_len(&t), 1);

	tap_test("t1: IFSC from 1 to 254");
	t1_init(&t, 0, false);
	CHECK_EQ(t.ifsc, 1);
	t1_init(&t, 255, false);
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

static void long_apdu(u32 len, u32 ans_len, u8 ifsc, u8 ifsd, bool crc)
{
	struct t1_card *card = calloc(1, sizeof(*card));
	u8 *cmd = malloc(len), *ans = malloc(ans_len), *want = malloc(ans_len);
	u8 tx[T1_BLOCK_MAX], rx[CARD_BLOCK_MAX];
	enum t1_action action;
	struct t1 t;
	u32 i, n;

	tap_test("t1: %u bytes out, %u in, IFSC %u, IFSD %u, %s", len, ans_len, ifsc, ifsd,
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
	t1_init(&t, ifsc, crc);
	action = t1_start_ifs(&t, ifsd, tx);
	n = t1_card_receive(card, tx, t.tx_len, false, rx);
	CHECK_EQ(t1_step(&t, rx, n, tx), T1_DONE);
	action = t1_start(&t, cmd, len, ans, ans_len, tx);
	while (action == T1_SEND) {
		n = t1_card_receive(card, tx, t.tx_len, false, rx);
		action = t1_step(&t, rx, n, tx);
	}
	CHECK_EQ(action, T1_DONE);
	CHECK_EQ(card->cmd_len, len);
	CHECK(!memcmp(card->cmd, cmd, len));
	CHECK_EQ(t.ans_len, ans_len);
	CHECK(!memcmp(ans, want, ans_len));
	free(card);
	free(cmd);
	free(ans);
	free(want);
}

static void bounds(void)
{
	u8 tx[T1_BLOCK_MAX], ans[4], cmd[1] = { 1 };
	enum t1_action action;
	u32 steps = 0, i;
	struct t1 t;

	tap_test("t1: S(WTX request) without end has one");
	t1_init(&t, 32, false);
	action = t1_start(&t, cmd, 1, ans, sizeof(ans), tx);
	while (action == T1_SEND && steps < 1000000) {
		action = t1_step(&t, (u8 []){ 0x00, 0xc3, 0x01, 0x01, 0xc3 }, 5, tx);
		steps++;
	}
	CHECK_EQ(action, T1_FAIL);
	CHECK_EQ(t.error, -EIO);
	CHECK(steps < 140000);

	tap_test("t1: an answer of empty blocks without end has one");
	t1_init(&t, 32, false);
	action = t1_start(&t, cmd, 1, ans, sizeof(ans), tx);
	for (i = 0; action == T1_SEND && i < 1000000; i++) {
		u8 pcb = i & 1 ? 0x60 : 0x20;

		action = t1_step(&t, (u8 []){ 0x00, pcb, 0x00, pcb }, 4, tx);
	}
	CHECK_EQ(action, T1_FAIL);
	CHECK(i < 140000);
}

/* A card may ask for more than the reader carries: it is told yes, and sent less. */
static void limited(void)
{
	u8 tx[T1_BLOCK_MAX], ans[4], cmd[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct t1 t;

	tap_test("t1: blocks are no longer than the reader takes, whatever the ATR says");
	t1_init(&t, 254, false);
	t1_limit(&t, 4);
	CHECK_EQ(t1_start(&t, cmd, sizeof(cmd), ans, sizeof(ans), tx), T1_SEND);
	CHECK_HEX(tx, t.tx_len, "00 20 04 01 02 03 04 20");

	tap_test("t1: nor whatever S(IFS request) says, which is agreed to all the same");
	CHECK_EQ(t1_step(&t, (u8 []){ 0x00, 0xc1, 0x01, 0xfe, 0x3e }, 5, tx), T1_SEND);
	CHECK_HEX(tx, t.tx_len, "00 E1 01 FE 1E");
	CHECK_EQ(t1_step(&t, (u8 []){ 0x00, 0x90, 0x00, 0x90 }, 4, tx), T1_SEND);
	CHECK_HEX(tx, t.tx_len, "00 40 04 05 06 07 08 48");

	tap_test("t1: a reader that takes nothing, or everything, is clamped");
	t1_limit(&t, 0);
	CHECK_EQ(t.ifsc, 1);
	t1_init(&t, 254, false);
	t1_limit(&t, 100000);
	CHECK_EQ(t.ifsc, 254);
}

static void memory(void)
{
	u8 tx[T1_BLOCK_MAX], ans[16];
	u8 secret[] = { 0xde, 0xad, 0xbe, 0xef };
	struct t1 t;
	u32 i;

	tap_test("t1: the connection is small and keeps nothing of an APDU");
	CHECK(sizeof(t) <= 128);
	t1_init(&t, 32, false);
	t1_start(&t, secret, sizeof(secret), ans, sizeof(ans), tx);
	CHECK_EQ(t1_step(&t, (u8 []){ 0, 0, 4, 0xde, 0xad, 0xbe, 0xef, 0x26 }, 8, tx), T1_DONE);
	for (i = 0; i + sizeof(secret) <= sizeof(t); i++)
		CHECK(memcmp((u8 *)&t + i, secret, sizeof(secret)));
}

/* A block that the reader completes, with 13 bytes of information field */
static void secure(struct t1 *t, const char *want, u8 *ans, u32 size)
{
	u8 prologue[T1_PROLOGUE_LEN];

	t1_start_secure(t, prologue, 13, ans, size);
	CHECK_HEX(prologue, 3, want);
}

static void secured(struct t1 *t, const char *text, enum t1_action action, const char *sent, u8 *tx)
{
	u32 len;
	u8 *rx = hex(text, &len);

	CHECK_EQ(t1_step(t, rx, len, tx), action);
	if (action == T1_SEND)
		CHECK_HEX(tx, t->tx_len, sent);
	free(rx);
}

static void pin_entry(void)
{
	u8 ans[4], cmd[1] = { 2 }, tx[T1_BLOCK_MAX];
	struct t1 t;

	tap_test("t1: a block that the reader completes");
	t1_init(&t, 32, false);
	secure(&t, "00 00 0D", ans, sizeof(ans));
	secured(&t, "00 00 02 90 00 92", T1_DONE, "", tx);
	CHECK_HEX(ans, t.ans_len, "90 00");
	secure(&t, "00 40 0D", ans, sizeof(ans));

	tap_test("t1: the card may ask for more time before it answers");
	secured(&t, "00 C3 01 09 CB", T1_SEND, "00 E3 01 09 EB", tx);
	CHECK_EQ(t.wtx, 9);
	secured(&t, "00 40 02 63 C2 E3", T1_DONE, "", tx);
	CHECK_HEX(ans, t.ans_len, "63 C2");

	tap_test("t1: an answer that is not understood is asked for again");
	secure(&t, "00 00 0D", ans, sizeof(ans));
	secured(&t, "00 00 02 90 00 93", T1_SEND, "00 81 00 81", tx);
	secured(&t, "00 00 02 90 00 92", T1_DONE, "", tx);

	tap_test("t1: after it the numbers go on");
	CHECK_EQ(t1_start(&t, cmd, 1, ans, sizeof(ans), tx), T1_SEND);
	CHECK_HEX(tx, t.tx_len, "00 40 01 02 43");

	tap_test("t1: a block that the reader has completed is not sent again");
	t1_init(&t, 32, false);
	secure(&t, "00 00 0D", ans, sizeof(ans));
	secured(&t, "00 80 00 80", T1_FAIL, "", tx);
	CHECK_EQ(t.error, -EIO);
	CHECK(t.broken);

	tap_test("t1: before the next one it is resynchronised");
	CHECK_EQ(t1_start_resynch(&t, tx), T1_SEND);
	CHECK_HEX(tx, t.tx_len, "00 C0 00 C0");
	CHECK_EQ(t1_step(&t, (u8 []){ 0x00, 0xe0, 0x00, 0xe0 }, 4, tx), T1_DONE);
	CHECK(!t.broken);
	secure(&t, "00 00 0D", ans, sizeof(ans));

	tap_test("t1: and given up if the card does not agree");
	CHECK_EQ(t1_start_resynch(&t, tx), T1_SEND);
	CHECK_EQ(t1_step(&t, tx, 0, tx), T1_SEND);
	CHECK_EQ(t1_step(&t, tx, 0, tx), T1_SEND);
	CHECK_EQ(t1_step(&t, tx, 0, tx), T1_FAIL);
	CHECK(t.broken);

	tap_test("t1: an answer longer than the room for it");
	t1_init(&t, 32, false);
	secure(&t, "00 00 0D", ans, sizeof(ans));
	secured(&t, "00 00 05 01 02 03 90 00 95", T1_FAIL, "", tx);
	CHECK_EQ(t.error, -EMSGSIZE);
}

int main(void)
{
	known_blocks();
	long_apdu(65544, 65538, 254, 254, false);
	long_apdu(65544, 65538, 32, 32, true);
	long_apdu(5000, 65538, 1, 1, false);
	long_apdu(261, 258, 254, 254, true);
	bounds();
	limited();
	memory();
	pin_entry();
	return tap_end();
}
