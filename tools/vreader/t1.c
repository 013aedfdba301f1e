// SPDX-License-Identifier: GPL-2.0-or-later
#include "t1.h"

#include <string.h>

#include "card.h"
#include "bytes.h"
#include "command.h"
#include "fault_card.h"
#include "violation.h"

#define NAD 0
#define PCB 1
#define LEN 2
#define INF 3
#define PCB_MORE 0x20
#define PCB_NS 0x40
#define R_BLOCK 0x80
#define R_EDC 0x81
#define R_OTHER 0x82
#define S_RESYNCH 0xc0
#define S_IFS 0xc1
#define S_ABORT 0xc2
#define S_WTX 0xc3
#define S_RESPONSE 0x20

void t1_reset(struct card *card, size_t ifsd)
{
	memset(&card->t1, 0, sizeof(card->t1));
	card->t1.ifsd = ifsd;
}

static size_t edc_len(const struct card *card)
{
	return card->info.crc ? 2 : 1;
}

/*
 * ISO/IEC 13239: polynomial x16 + x12 + x5 + 1, low bits first, initial value all ones. Not
 * complemented, as in the readers and drivers in use.
 */
static uint16_t crc16(const uint8_t *p, size_t len)
{
	uint16_t crc = 0xffff;

	while (len--) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = (uint16_t)(crc & 1 ? crc >> 1 ^ 0x8408 : crc >> 1);
	}
	return crc;
}

static void edc_put(const struct card *card, uint8_t *block, size_t len)
{
	if (card->info.crc) {
		uint16_t crc = crc16(block, len);

		block[len] = (uint8_t)(crc >> 8);
		block[len + 1] = (uint8_t)crc;
	} else {
		block[len] = 0;
		for (size_t i = 0; i < len; i++)
			block[len] ^= block[i];
	}
}

static bool edc_good(const struct card *card, const uint8_t *block, size_t len)
{
	uint8_t again[259 + 2];
	size_t n = len - edc_len(card);

	memcpy(again, block, n);
	edc_put(card, again, n);
	return !memcmp(again + n, block + n, edc_len(card));
}

/* Damage the block for a fault; t->last keeps the correct block for a repetition. */
static void spoil(struct card *card, uint8_t *b, size_t *len)
{
	long arg;

	if (fault_card_is(FAULT_CARD_LRC, &arg)) {
		b[*len - 1] ^= 0x55;
		return;
	}
	if (fault_card_is(FAULT_CARD_SEQ, &arg) && !(b[PCB] & 0x80))
		b[PCB] ^= PCB_NS;
	else if (fault_card_is(FAULT_CARD_NAD, &arg))
		b[NAD] = 0x21;
	else if (fault_card_is(FAULT_CARD_LEN, &arg))
		b[LEN]++;
	else
		return;
	edc_put(card, b, *len - edc_len(card));
}

static void send_block(struct card *card, uint8_t pcb, const uint8_t *inf, size_t len)
{
	struct t1_state *t = &card->t1;
	uint8_t block[259];

	t->last[NAD] = 0;
	t->last[PCB] = pcb;
	t->last[LEN] = (uint8_t)len;
	if (len)
		memcpy(t->last + INF, inf, len);
	edc_put(card, t->last, INF + len);
	t->last_len = INF + len + edc_len(card);
	t->host_waits = false;
	memcpy(block, t->last, t->last_len);
	len = t->last_len;
	spoil(card, block, &len);
	card->reader.port->output(card, block, len);
}

static void send_again(struct card *card)
{
	struct t1_state *t = &card->t1;

	t->host_waits = false;
	card->reader.port->output(card, t->last, t->last_len);
}

static void send_r(struct card *card, uint8_t error)
{
	send_block(card, (uint8_t)(error | card->t1.nr << 4), NULL, 0);
}

static void send_s(struct card *card, uint8_t pcb, uint8_t inf, bool has_inf)
{
	send_block(card, pcb, &inf, has_inf);
}

/* Send the next piece of the response. */
static void send_i(struct card *card)
{
	struct t1_state *t = &card->t1;
	size_t left = t->out_len - t->out_off;
	uint8_t pcb = (uint8_t)(t->ns ? PCB_NS : 0);

	t->chunk = left < t->ifsd ? left : t->ifsd;
	t->sending = left > t->chunk;
	if (t->sending)
		pcb |= PCB_MORE;
	t->ns ^= 1;
	send_block(card, pcb, t->out + t->out_off, t->chunk);
}

/* Send the response, after the S block that a fault wants. */
static void respond(struct card *card)
{
	struct t1_state *t = &card->t1;
	long arg;

	if (fault_card_is(FAULT_CARD_WTX, &arg)) {
		t->wtx_pending = true;
		t->wtx = (uint8_t)arg;
		send_s(card, S_WTX, t->wtx, true);
		return;
	}
	if (fault_card_is(FAULT_CARD_IFS, &arg)) {
		t->ifs_pending = true;
		send_s(card, S_IFS, (uint8_t)arg, true);
		return;
	}
	if (fault_card_is(FAULT_CARD_ABORT, &arg)) {
		t->abort_pending = true;
		t->done = false;
		send_s(card, S_ABORT, 0, false);
		return;
	}
	t->done = false;
	if (t->mute) {
		card->reader.port->fail(card, ERR_ICC_MUTE);
		return;
	}
	t->out = card->rsp;
	t->out_len = card->rsp_len;
	t->out_off = 0;
	send_i(card);
}

static void t1_done(struct card *card, bool mute)
{
	struct t1_state *t = &card->t1;

	t->done = true;
	t->mute = mute;
	if (t->host_waits)
		respond(card);
}

static void t1_wait(struct card *card)
{
	struct t1_state *t = &card->t1;

	if (!t->host_waits)
		return;
	t->wtx_pending = true;
	t->wtx = 1;
	send_s(card, S_WTX, 1, true);
}

static void violation(struct card *card, const char *what)
{

	violation_add(card->reader.iface, (int)card->reader.slot, "T=1: %s", what);
}

static void i_block(struct card *card, const uint8_t *b)
{
	struct t1_state *t = &card->t1;
	uint8_t ns = (b[PCB] & PCB_NS) ? 1 : 0;
	long arg;

	if (fault_card_is(FAULT_CARD_RBLOCK, &arg)) {
		send_r(card, R_OTHER);
		return;
	}
	if (b[LEN] > card->info.ifsc)
		violation(card, "I block longer than IFSC");
	if (ns != t->nr) {
		violation(card, "I block with a wrong N(S)");
		send_r(card, R_OTHER);
		return;
	}
	if (t->sending) {
		violation(card, "I block while the card's chain is not at its end");
		t->sending = false;
	}
	if (t->in_len + b[LEN] > sizeof(t->in)) {
		t->in_len = 0;
		send_s(card, S_ABORT, 0, false);
		t->abort_pending = true;
		return;
	}
	memcpy(t->in + t->in_len, b + INF, b[LEN]);
	t->in_len += b[LEN];
	t->nr ^= 1;
	if (b[PCB] & PCB_MORE) {
		send_r(card, R_BLOCK);
		return;
	}
	arg = (long)t->in_len;
	t->in_len = 0;
	card_run(card, t->in, (size_t)arg, t1_done, t1_wait);
}

static void r_block(struct card *card, const uint8_t *b)
{
	struct t1_state *t = &card->t1;
	uint8_t nr = b[PCB] >> 4 & 1;

	if (b[LEN])
		violation(card, "R block with data");
	if (t->sending && nr == t->ns) {
		t->out_off += t->chunk;
		send_i(card);
		return;
	}
	if (!t->last_len) {
		send_r(card, R_BLOCK);
		return;
	}
	send_again(card);
}

static void s_response(struct card *card, const uint8_t *b)
{
	struct t1_state *t = &card->t1;

	switch (b[PCB] & ~S_RESPONSE) {
	case S_WTX:
		if (!t->wtx_pending || b[LEN] != 1 || b[INF] != t->wtx)
			violation(card, "S(WTX response) that answers nothing");
		t->wtx_pending = false;
		if (t->done)
			respond(card);
		return;
	case S_IFS:
		if (!t->ifs_pending)
			violation(card, "S(IFS response) that answers nothing");
		t->ifs_pending = false;
		if (t->done)
			respond(card);
		return;
	case S_ABORT:
		if (!t->abort_pending)
			violation(card, "S(ABORT response) that answers nothing");
		t->abort_pending = false;
		send_r(card, R_BLOCK);
		return;
	}
	violation(card, "S(RESYNCH response): only the card sends that");
	send_r(card, R_OTHER);
}

static void s_block(struct card *card, const uint8_t *b)
{
	struct t1_state *t = &card->t1;
	size_t ifsd;

	if (b[PCB] & S_RESPONSE) {
		s_response(card, b);
		return;
	}
	switch (b[PCB]) {
	case S_RESYNCH:
		card_cancel(card);
		ifsd = t->ifsd;
		t1_reset(card, ifsd);
		t->host_waits = true;
		send_s(card, S_RESYNCH | S_RESPONSE, 0, false);
		return;
	case S_IFS:
		if (b[LEN] != 1 || !b[INF] || b[INF] == 255) {
			violation(card, "S(IFS request) with a wrong IFSD");
			break;
		}
		if (b[INF] > card->reader.max_ifsd)
			violation(card, "S(IFS request) beyond dwMaxIFSD");
		t->ifsd = b[INF];
		send_s(card, S_IFS | S_RESPONSE, b[INF], true);
		return;
	case S_ABORT:
		t->sending = false;
		t->in_len = 0;
		send_s(card, S_ABORT | S_RESPONSE, 0, false);
		return;
	}
	violation(card, "S block that only a card may send");
	send_r(card, R_OTHER);
}

void t1_block(struct card *card, const uint8_t *b, size_t len)
{
	struct t1_state *t = &card->t1;
	long arg;

	t->host_waits = true;
	if (len < INF + edc_len(card) || len != INF + (size_t)b[LEN] + edc_len(card) ||
	    b[LEN] == 255) {
		violation(card, "block whose LEN does not fit");
		send_r(card, R_OTHER);
		return;
	}
	if (!edc_good(card, b, len)) {
		violation(card, "block with a wrong error code");
		send_r(card, R_EDC);
		return;
	}
	if (b[NAD] && !card->reader.nad)
		violation(card, "NAD is not 00");
	if (fault_card_is(FAULT_CARD_RESYNCH, &arg))
		t->dead = true;
	if (t->dead && b[PCB] != S_RESYNCH) {
		send_r(card, R_OTHER);
		return;
	}
	if (card->running && !(b[PCB] & 0x80)) {
		violation(card, "I block while the card's S block waits for its answer");
		send_again(card);
		return;
	}
	if (!(b[PCB] & 0x80))
		i_block(card, b);
	else if (!(b[PCB] & 0x40))
		r_block(card, b);
	else
		s_block(card, b);
}
