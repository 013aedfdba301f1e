// SPDX-License-Identifier: GPL-2.0-or-later
/* The card's side of T=1. */
#include "t1_card.h"

#ifdef __KERNEL__
#include "unit.h"
#else
#include "fuzz.h"
#endif

#define RESYNCH	0
#define IFS	1
#define ABORT	2
#define WTX	3

u32 t1_edc_len(bool crc)
{
	return crc ? 2 : 1;
}

void t1_edc_put(bool crc, u8 *block, u32 len)
{
	u16 v = 0xffff;
	u8 lrc = 0;
	u32 i;

	for (i = 0; i < len; i++) {
		u8 c = block[i] ^ (v & 0xff);

		c ^= c << 4;
		v = v >> 8 ^ c << 8 ^ c << 3 ^ c >> 4;
		lrc ^= block[i];
	}
	if (crc) {
		block[len] = v >> 8;
		block[len + 1] = v & 0xff;
	} else {
		block[len] = lrc;
	}
}

bool t1_block_ok(bool crc, const u8 *block, u32 len)
{
	u8 copy[CARD_BLOCK_MAX];
	u32 edc = t1_edc_len(crc);

	if (len < 3 + edc || len > CARD_BLOCK_MAX || block[2] > 254 || len != 3U + block[2] + edc)
		return false;
	memcpy(copy, block, len - edc);
	t1_edc_put(crc, copy, len - edc);
	return !memcmp(copy, block, len);
}

static u32 put_block(struct t1_card *card, u8 *out, u8 pcb, const u8 *inf, u32 n)
{
	out[0] = 0;
	out[1] = pcb;
	out[2] = n;
	memcpy(out + 3, inf, n);
	t1_edc_put(card->crc, out, 3 + n);
	return 3 + n + t1_edc_len(card->crc);
}

static u32 send_r(struct t1_card *card, u8 *out, u8 error)
{
	return put_block(card, out, 0x80 | card->nr << 4 | error, out, 0);
}

static u32 repeat_i(struct t1_card *card, u8 *out)
{
	memcpy(out, card->i_block, card->i_len);
	return card->i_len;
}

static u32 send_i(struct t1_card *card, u8 *out)
{
	u32 left = card->ans_len - card->ans_off;
	u32 n = card->chunk(card, left < card->ifsd ? left : card->ifsd);

	card->i_more = n < left;
	card->i_len = put_block(card, card->i_block, card->ns << 6 | card->i_more << 5,
				card->ans + card->ans_off, n);
	card->ans_off += n;
	card->i_outstanding = true;
	return repeat_i(card, out);
}

static u32 send_s(struct t1_card *card, u8 *out)
{
	return put_block(card, out, card->s_pcb, &card->s_value,
			 card->s_pcb == (0xc0 | ABORT) ? 0 : 1);
}

/* Continue: the next block of the answer, or the acknowledgement of one of the command. */
static u32 go_on(struct t1_card *card, bool i, u8 *out)
{
	u8 value = 1;

	card->i_pending = i;
	switch (card->decide(card, &value)) {
	case CARD_WANTS_TIME:
		card->s_pcb = 0xc0 | WTX;
		break;
	case CARD_WANTS_IFSC:
		card->s_pcb = 0xc0 | IFS;
		value = value % 254 + 1;
		break;
	case CARD_ABORTS:
		card->s_pcb = 0xc0 | ABORT;
		break;
	default:
		return i ? send_i(card, out) : send_r(card, out, 0);
	}
	card->s_outstanding = true;
	card->s_value = value;
	return send_s(card, out);
}

static u32 invalid(struct t1_card *card, u8 *out, u8 error)
{
	return card->s_outstanding ? send_s(card, out) : send_r(card, out, error);
}

static u32 got_i(struct t1_card *card, u8 pcb, const u8 *inf, u32 n, u8 *out)
{
	HOLDS(n <= card->ifsc);
	if (card->s_outstanding || (pcb >> 6 & 1) != card->nr ||
	    (card->i_outstanding && card->i_more))
		return invalid(card, out, 2);
	if (card->i_outstanding) {
		card->i_outstanding = false;
		card->ns = !card->ns;
	}
	if (!card->in_command)
		card->cmd_len = 0;
	card->in_command = true;
	HOLDS(card->cmd_len + n <= sizeof(card->cmd));
	memcpy(card->cmd + card->cmd_len, inf, n);
	card->cmd_len += n;
	card->nr = !card->nr;
	if (pcb & 0x20)
		return go_on(card, false, out);
	card->in_command = false;
	card->executed++;
	card->ans_off = 0;
	return go_on(card, true, out);
}

static u32 got_r(struct t1_card *card, u8 pcb, u8 *out)
{
	if (card->s_outstanding)
		return send_s(card, out);
	if (!card->i_outstanding)
		return send_r(card, out, 0);
	if ((pcb >> 4 & 1) == card->ns)
		return repeat_i(card, out);
	if (!card->i_more)
		return invalid(card, out, 2);
	card->i_outstanding = false;
	card->ns = !card->ns;
	return go_on(card, true, out);
}

static u32 got_s(struct t1_card *card, u8 pcb, const u8 *inf, u32 n, u8 *out)
{
	u8 type = pcb & 0x1f;

	if (pcb == (0xc0 | RESYNCH) && !n) {
		t1_card_reset(card);
		return put_block(card, out, 0xe0 | RESYNCH, inf, 0);
	}
	if (pcb == (0xc0 | IFS)) {
		HOLDS(n == 1 && *inf >= 1 && *inf <= 254);
		card->ifsd = *inf;
		return put_block(card, out, 0xe0 | IFS, inf, 1);
	}
	/* the host does not abort, and sends no other request */
	HOLDS(pcb == (0xe0 | type) && (type == IFS || type == ABORT || type == WTX));
	if (!card->s_outstanding || type != (card->s_pcb & 0x1f))
		return invalid(card, out, 2);
	if (type == ABORT) {
		HOLDS(!n);
		card->s_outstanding = false;
		card->in_command = false;
		card->aborted++;
		return send_r(card, out, 0);
	}
	HOLDS(n == 1 && *inf == card->s_value);
	if (type == IFS)
		card->ifsc = card->s_value;
	card->s_outstanding = false;
	return card->i_pending ? send_i(card, out) : send_r(card, out, 0);
}

void t1_card_reset(struct t1_card *card)
{
	card->ns = false;
	card->nr = false;
	card->in_command = false;
	card->i_outstanding = false;
	card->s_outstanding = false;
	card->ifsc = card->ifsc_initial;
	card->ifsd = 32;
}

u32 t1_card_receive(struct t1_card *card, const u8 *block, u32 len, bool garbled, u8 *out)
{
	u8 pcb = block[1];

	/* the host never sends an invalid block */
	HOLDS(t1_block_ok(card->crc, block, len) && !block[0]);
	if (garbled)
		return invalid(card, out, 1);
	if (!(pcb & 0x80)) {
		HOLDS(!(pcb & 0x1f));
		return got_i(card, pcb, block + 3, block[2], out);
	}
	if (!(pcb & 0x40)) {
		HOLDS(!block[2] && (pcb & 0x2f) <= 2);
		return got_r(card, pcb, out);
	}
	return got_s(card, pcb, block + 3, block[2], out);
}
