// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * T=1, in two ways.
 *
 * A hostile card sends any blocks, with a right EDC if the input asks for it: each block of the
 * host is well-formed and fits the card, the command's bytes go out in order and never again
 * after S(RESYNCH), the answer stays within its buffer, a command is DONE only when all of it is
 * acknowledged, and the exchange ends.
 *
 * An honest card on a bad line: blocks get lost or garbled, the card asks for time, changes its
 * IFSC, aborts. No command is executed twice; a command that is DONE was executed once, on
 * exactly these bytes, and its answer is exactly the card's; with few bad blocks the command
 * succeeds; and the exchange ends.
 */
#include "fuzz.h"
#include "t1.h"
#include "t1_card.h"

#define COMMANDS	3
#define LENGTH_MAX	700

struct line {
	struct input in;
	struct t1_card card;
	unsigned int faults, whims, steps;
	u8 cmd[LENGTH_MAX], ans[LENGTH_MAX];
};

/* --- the hostile card */

static void check_tx(const struct t1 *t, const u8 *tx, const u8 *cmd, u32 cmd_len)
{
	u8 pcb = tx[1];

	HOLDS(t1_block_ok(t->crc, tx, t->tx_len) && !tx[0]);
	HOLDS(t->cmd_off <= cmd_len && t->ans_len <= t->ans_size && t->ifsc);
	HOLDS(t->wtx >= 1);
	if (!(pcb & 0x80)) {
		HOLDS(!(pcb & 0x1f) && tx[2] <= t->ifsc && t->cmd_off + tx[2] <= cmd_len);
		HOLDS(!memcmp(tx + 3, cmd + t->cmd_off, tx[2]));
		HOLDS(!!(pcb & 0x20) == (t->cmd_off + tx[2] < cmd_len));
	} else if (!(pcb & 0x40)) {
		HOLDS(!tx[2] && (pcb & 0x2f) <= 2);
	} else {
		HOLDS(pcb == 0xc0 || pcb == 0xc1 || pcb == 0xe1 || pcb == 0xe2 || pcb == 0xe3);
	}
}

/* One command, or S(IFS request) */
static void hostile_command(struct input *in, struct t1 *t, u8 *tx, bool ifs, bool right)
{
	u32 cmd_len = ifs ? 0 : take16(in) % 1000, size = take16(in) % 1000, steps = 0;
	u8 *cmd = malloc(cmd_len ? cmd_len : 1), *ans = malloc(size ? size : 1);
	bool resynchs_first = t->broken && !ifs, over = false;
	enum t1_action action;

	memset(cmd, 0xa5, cmd_len);
	action = ifs ? ccid_t1_start_ifs(t, take(in) % 254 + 1, tx) :
		 ccid_t1_start(t, cmd, cmd_len, ans, size, tx);
	while (action == T1_SEND) {
		u32 n = take(in) % (T1_BLOCK_MAX + 8), edc = t1_edc_len(t->crc);
		u8 *rx;

		check_tx(t, tx, cmd, cmd_len);
		/* after S(RESYNCH request) the host sends nothing of the command, or all of it */
		HOLDS(!over || tx[1] & 0x80);
		if (tx[1] == 0xc0 && !resynchs_first)
			over = true;
		else if (!(tx[1] & 0x80))
			resynchs_first = false;
		rx = take_copy(in, n);
		if (right && n >= 3 + edc) {
			rx[0] = 0;
			rx[2] = n - 3 - edc;
			t1_edc_put(t->crc, rx, n - edc);
		}
		action = ccid_t1_step(t, rx, n, tx);
		free(rx);
		/* after the input the card is silent, and the host soon gives up */
		HOLDS(in->len || ++steps < 16);
	}
	HOLDS(t->ans_len <= size);
	HOLDS(t->ifsc && t->ifsc <= t->ifsc_max && t->chunk <= t->ifsc_max);
	HOLDS(action == T1_DONE ? t->cmd_off == cmd_len && !over : t->error < 0);
	HOLDS(action != T1_DONE || ifs || !t->broken);
	free(cmd);
	free(ans);
}

/* Send a block that the reader completes, and the next ones: that block is never sent again. */
static void hostile_pin_entry(struct input *in, struct t1 *t, u8 *tx)
{
	u8 prologue[T1_PROLOGUE_LEN], *ans = malloc(300);
	enum t1_action action = T1_SEND;
	u32 steps = 0, n;
	u8 *rx;

	if (ccid_t1_start_secure(t, prologue, 13, ans, 300)) {
		HOLDS(t->ifsc < 13);
		free(ans);
		return;
	}
	HOLDS(!prologue[0] && !(prologue[1] & ~0x40) && prologue[2] == 13);
	while (action == T1_SEND) {
		n = take(in);
		rx = take_copy(in, n < in->len ? n : in->len);
		action = ccid_t1_step(t, rx, n < in->len ? n : in->len, tx);
		free(rx);
		if (action == T1_SEND)
			HOLDS(t1_block_ok(t->crc, tx, t->tx_len) && tx[1] & 0x80);
		HOLDS(in->len || ++steps < 16);
	}
	HOLDS(t->ans_len <= 300);
	HOLDS(action == T1_DONE || t->error < 0);
	free(ans);
}

static void fuzz_hostile(struct input *in)
{
	u8 flags = take(in), *tx = malloc(T1_BLOCK_MAX);
	struct t1 t;

	ccid_t1_init(&t, take(in), flags & 1);
	if (flags & 32)
		ccid_t1_limit(&t, 40);
	hostile_command(in, &t, tx, flags & 2, flags & 4);
	hostile_command(in, &t, tx, flags & 8, flags & 16);

	hostile_pin_entry(in, &t, tx);
	free(tx);
}

/* --- the honest card */

static enum card_whim decide(struct t1_card *card, u8 *value)
{
	struct line *l = card->arg;
	u8 whim = take(&l->in);

	*value = whim >> 2 | 1;
	if (whim & 3)
		l->whims++;
	/* abort rarely, or nothing else happens */
	if ((whim & 3) == CARD_ABORTS && whim >> 2 != 0x3f)
		return CARD_WANTS_TIME;
	return whim & 3;
}

static u32 chunk(struct t1_card *card, u32 most)
{
	struct line *l = card->arg;
	u8 less = take(&l->in);

	return less && most ? less % most + 1 : most;
}

/* Carry a block to the card, and the answer back to the host. */
static u32 carry(struct line *l, const u8 *tx, u32 tx_len, u8 *rx)
{
	u8 fault = take(&l->in);
	u32 len;

	if (fault & 0x0f)
		fault = 0;	/* most blocks arrive */
	else if (fault)
		l->faults++;
	if (fault == 0x10)
		return 0;	/* the card receives nothing */
	len = t1_card_receive(&l->card, tx, tx_len, fault == 0x20, rx);
	if (fault == 0x30)
		return 0;	/* the host receives nothing */
	if (fault >= 0x40 && len)
		rx[take(&l->in) % len] ^= fault >> 4;
	return len;
}

static enum t1_action run(struct line *l, struct t1 *t, enum t1_action action, u8 *tx)
{
	u8 rx[CARD_BLOCK_MAX];

	l->steps = 0;
	while (action == T1_SEND) {
		u32 len = carry(l, tx, t->tx_len, rx);

		action = ccid_t1_step(t, rx, len, tx);
		HOLDS(++l->steps < 4 * LENGTH_MAX + 8 * (l->faults + l->whims) + 64);
	}
	return action;
}

static void fuzz_command(struct line *l, struct t1 *t, u8 *tx, bool sound)
{
	u32 cmd_len = take16(&l->in) % LENGTH_MAX + 1, room = LENGTH_MAX;
	unsigned int executed = l->card.executed;
	enum t1_action action;
	u8 out[LENGTH_MAX];
	u32 i;

	l->card.ans_len = take16(&l->in) % LENGTH_MAX;
	if (take(&l->in) == 0xff)
		room = l->card.ans_len / 2;
	for (i = 0; i < cmd_len; i++)
		l->cmd[i] = i * 7 + cmd_len + executed;
	for (i = 0; i < l->card.ans_len; i++)
		l->ans[i] = i * 5 + l->card.ans_len + executed;
	l->faults = 0;
	l->card.aborted = 0;

	action = run(l, t, ccid_t1_start(t, l->cmd, cmd_len, out, room, tx), tx);
	HOLDS(l->card.executed - executed <= 1);
	if (action == T1_DONE) {
		HOLDS(l->card.executed - executed == 1);
		HOLDS(l->card.cmd_len == cmd_len && !memcmp(l->card.cmd, l->cmd, cmd_len));
		HOLDS(t->ans_len == l->card.ans_len && !memcmp(out, l->ans, t->ans_len));
	} else {
		HOLDS(t->error == -EMSGSIZE ? l->card.ans_len > room : t->error == -EIO);
		HOLDS(!sound || l->faults > 3 || l->card.aborted || l->card.s_outstanding ||
		      t->error == -EMSGSIZE);
	}
}

static void fuzz_honest(struct input *in)
{
	struct line *l = calloc(1, sizeof(*l));
	u8 flags = take(in), tx[T1_BLOCK_MAX];
	enum t1_action action;
	unsigned int i;
	struct t1 t;

	l->in = *in;
	l->card.crc = flags & 1;
	l->card.ifsc_initial = take(&l->in) % 254 + 1;
	l->card.ans = l->ans;
	l->card.decide = decide;
	l->card.chunk = chunk;
	l->card.arg = l;
	t1_card_reset(&l->card);
	ccid_t1_init(&t, l->card.ifsc_initial, l->card.crc);
	if (flags & 2) {
		u8 ifsd = take(&l->in) % 254 + 1;

		action = run(l, &t, ccid_t1_start_ifs(&t, ifsd, tx), tx);
		HOLDS(action == T1_DONE || l->faults > 3);
		HOLDS(action != T1_DONE || l->card.ifsd == ifsd);
		if (action != T1_DONE)
			t.ifsd = 254;	/* the card has accepted one of the two */
	}
	for (i = 0; i < COMMANDS; i++)
		fuzz_command(l, &t, tx, !t.broken);
	free(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len };

	if (take(&in) & 1)
		fuzz_hostile(&in);
	else
		fuzz_honest(&in);
	return 0;
}
