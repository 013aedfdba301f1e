// SPDX-License-Identifier: GPL-2.0-or-later
#include "t0.h"

#include <string.h>

#include "card.h"
#include "command.h"
#include "fault_card.h"
#include "violation.h"

#define INS_GET_RESPONSE 0xc0
#define NULL_BYTE 0x60
#define MAX_NULL_BYTES 200

void t0_reset(struct card *card)
{
	memset(&card->t0, 0, sizeof(card->t0));
	card->more_len = 0;
	card->more_off = 0;
	card->apdu_len = 0;
}

/* Send data and status word; at character level an ACK comes before the data. */
static void t0_send(struct card *card, const uint8_t *p, size_t len)
{
	uint8_t out[600];
	size_t n = 0;
	long arg;

	if (fault_card_is(FAULT_CARD_PROC, &arg)) {
		if (!card->t0.bytes) {
			card->reader.port->fail(card, ERR_PROCEDURE_BYTE);
			return;
		}
		out[n++] = (uint8_t)arg;
	}
	if (fault_card_is(FAULT_CARD_NULL, &arg)) {
		for (; arg > 0; arg--) {
			if (card->t0.bytes && n < MAX_NULL_BYTES)
				out[n++] = NULL_BYTE;
			else
				card->reader.port->wait(card);
		}
	}
	if (card->t0.bytes && len > 2)
		out[n++] = card->t0.header[1];
	memcpy(out + n, p, len);
	card->reader.port->output(card, out, n + len);
}

static void t0_status(struct card *card, uint8_t sw1, size_t sw2)
{
	uint8_t sw[2] = { sw1, (uint8_t)(sw2 > 255 ? 0 : sw2) };

	t0_send(card, sw, 2);
}

/* Keep the response data of a command with data, behind earlier data. */
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
		card->reader.port->fail(card, ERR_ICC_MUTE);
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

/* The command is complete. */
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
	card_run(card, apdu, len, t0_done, card->reader.port->wait);
}

void t0_tpdu(struct card *card, const uint8_t *p, size_t len)
{
	struct t0_state *t = &card->t0;

	if (len != 4 && len != 5 && (len < 5 || len != 5U + p[4])) {
		violation_add(card->reader.iface, (int)card->reader.slot,
			      "T=0 command of %zu bytes with P3 %02x", len, len > 4 ? p[4] : 0);
		card->reader.port->fail(card, ERR_ICC_MUTE);
		return;
	}
	memset(t->header, 0, 5);
	memcpy(t->header, p, len < 5 ? len : 5);
	t->in_len = len > 5 ? len - 5 : 0;
	memcpy(t->in, p + 5, t->in_len);
	t->bytes = false;
	t0_run(card);
}

void t0_bytes(struct card *card, const uint8_t *p, size_t len)
{
	struct t0_state *t = &card->t0;

	t->bytes = true;
	if (!t->have_header) {
		if (len != 5) {
			violation_add(card->reader.iface, (int)card->reader.slot,
				      "T=0 header of %zu bytes", len);
			card->reader.port->fail(card, ERR_ICC_MUTE);
			return;
		}
		memcpy(t->header, p, 5);
		t->in_len = 0;
		t->have_header = true;
		if (t->header[4] && !card->kind->outgoing(t->header)) {
			card->reader.port->output(card, &t->header[1], 1);
			return;
		}
		t0_run(card);
		return;
	}
	if (t->in_len + len > t->header[4]) {
		violation_add(card->reader.iface, (int)card->reader.slot,
			      "T=0 data longer than P3 %02x", t->header[4]);
		t->have_header = false;
		card->reader.port->fail(card, ERR_ICC_MUTE);
		return;
	}
	memcpy(t->in + t->in_len, p, len);
	t->in_len += len;
	if (t->in_len == t->header[4])
		t0_run(card);
}
