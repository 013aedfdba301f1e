// SPDX-License-Identifier: GPL-2.0-or-later
/* The card's side of T=0: headers, procedure bytes, 61xx, 6Cxx and GET RESPONSE. */
#include "ccid.h"

#include <string.h>

#include "fault.h"

#define INS_GET_RESPONSE 0xc0

void t0_reset(struct card *card)
{
	memset(&card->t0, 0, sizeof(card->t0));
	card->more_len = 0;
	card->more_off = 0;
	card->apdu_len = 0;
}

/*
 * Sends what answers a command: data (with its ACK before it at character level), and the status
 * word at its end.
 */
static void t0_send(struct card *card, const uint8_t *p, size_t len)
{
	uint8_t out[600];
	size_t n = 0;
	long arg;

	if (fault_count()) {
		if (fault_card_is(CARD_ERR_PROC, &arg)) {
			if (!card->t0.bytes) {
				level_error(card, ERR_PROCEDURE_BYTE);
				return;
			}
			out[n++] = (uint8_t)arg;
		}
		if (fault_card_is(CARD_ERR_NULL, &arg)) {
			for (; arg > 0; arg--) {
				if (card->t0.bytes && n < 200)
					out[n++] = 0x60;
				else
					level_waiting(card);
			}
		}
	}
	if (card->t0.bytes && len > 2)
		out[n++] = card->t0.header[1];
	memcpy(out + n, p, len);
	level_output(card, out, n + len);
}

static void t0_status(struct card *card, uint8_t sw1, size_t sw2)
{
	uint8_t sw[2] = { sw1, (uint8_t)(sw2 > 255 ? 0 : sw2) };

	t0_send(card, sw, 2);
}

/* The response to a command that brought data waits for GET RESPONSE. */
static void keep_for_get_response(struct card *card)
{
	size_t n = card->rsp_len - 2, rest = card->more_len - card->more_off;

	memmove(card->more + n, card->more + card->more_off, rest);
	memcpy(card->more, card->rsp, n);
	if (!rest)
		memcpy(card->more_sw, card->rsp + n, 2);
	card->more_off = 0;
	card->more_len = n + rest;
	t0_status(card, 0x61, card->more_len);
}

static void t0_done(struct card *card, bool mute)
{
	struct t0_state *t = &card->t0;
	size_t n = card->rsp_len - 2;
	size_t ne = t->header[4] ? t->header[4] : 256;
	bool incoming = t->in_len;

	t->have_header = false;
	t->in_len = 0;
	if (mute) {
		level_mute(card);
		return;
	}
	if (!n) {
		t0_send(card, card->rsp, 2);
		return;
	}
	if (incoming) {
		keep_for_get_response(card);
		return;
	}
	if (n < ne) {
		memcpy(t->held, t->header, 5);
		t->held[4] = (uint8_t)n;
		memcpy(t->held_rsp, card->rsp, card->rsp_len);
		t->held_len = card->rsp_len;
		t0_status(card, 0x6c, n);
		return;
	}
	t0_send(card, card->rsp, card->rsp_len);
}

static void t0_get_response(struct card *card)
{
	struct t0_state *t = &card->t0;
	size_t left = card->more_len - card->more_off;
	size_t ne = t->header[4] ? t->header[4] : 256;
	uint8_t out[258];

	t->have_header = false;
	if (ne > left) {
		t0_status(card, 0x6c, left);
		return;
	}
	memcpy(out, card->more + card->more_off, ne);
	card->more_off += ne;
	left -= ne;
	out[ne] = left ? 0x61 : card->more_sw[0];
	out[ne + 1] = left ? (uint8_t)(left > 255 ? 0 : left) : card->more_sw[1];
	card->ins[INS_GET_RESPONSE]++;
	t0_send(card, out, ne + 2);
}

/* The header is there, and its data if it brings any. */
static void t0_run(struct card *card)
{
	struct t0_state *t = &card->t0;
	uint8_t apdu[262];
	size_t len = 5;

	if (t->header[1] == INS_GET_RESPONSE && card->more_len > card->more_off) {
		t0_get_response(card);
		return;
	}
	if (t->held_len && !t->in_len && !memcmp(t->held, t->header, 5)) {
		t->have_header = false;
		t0_send(card, t->held_rsp, t->held_len);
		t->held_len = 0;
		return;
	}
	t->held_len = 0;
	card->more_len = 0;
	card->more_off = 0;
	memcpy(apdu, t->header, 5);
	memcpy(apdu + 5, t->in, t->in_len);
	len += t->in_len;
	if (t->in_len)
		apdu[len++] = 0;
	card_run(card, apdu, len, t0_done, level_waiting);
}

/* TPDU level: the whole command at once, the reader minds the procedure bytes. */
void t0_tpdu(struct card *card, const uint8_t *p, size_t len)
{
	struct slot *s = card->owner;
	struct t0_state *t = &card->t0;

	if (len != 4 && len != 5 && (len < 5 || len != 5U + p[4])) {
		ccid_violation(s->ccid, s->index, "T=0 command of %zu bytes with P3 %02x", len,
			       len > 4 ? p[4] : 0);
		level_mute(card);
		return;
	}
	memset(t->header, 0, 5);
	memcpy(t->header, p, len < 5 ? len : 5);
	t->in_len = len > 5 ? len - 5 : 0;
	memcpy(t->in, p + 5, t->in_len);
	t->bytes = false;
	t0_run(card);
}

/* Character level: bytes as they come. */
void t0_bytes(struct card *card, const uint8_t *p, size_t len)
{
	struct slot *s = card->owner;
	struct t0_state *t = &card->t0;

	t->bytes = true;
	if (!t->have_header) {
		if (len != 5) {
			ccid_violation(s->ccid, s->index, "T=0 header of %zu bytes", len);
			level_mute(card);
			return;
		}
		memcpy(t->header, p, 5);
		t->in_len = 0;
		t->have_header = true;
		if (t->header[4] && !card->kind->outgoing(t->header)) {
			level_output(card, &t->header[1], 1);
			return;
		}
		t0_run(card);
		return;
	}
	if (t->in_len + len > t->header[4]) {
		ccid_violation(s->ccid, s->index, "T=0 data longer than P3 %02x", t->header[4]);
		t->have_header = false;
		level_mute(card);
		return;
	}
	memcpy(t->in + t->in_len, p, len);
	t->in_len += len;
	if (t->in_len == t->header[4])
		t0_run(card);
}
