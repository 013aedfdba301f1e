// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "card.h"

#include <stdlib.h>
#include <string.h>

#include "atr.h"
#include "bytes.h"

#define MUTE_US 1000000		/* waiting time of the reader */
#define INS_ENVELOPE 0xc2
#define INS_GET_RESPONSE 0xc0

struct card *card_new(const struct card_kind *kind, const struct card_spec *spec,
		      const struct card_reader *reader)
{
	struct card *card = calloc(1, sizeof(*card));

	if (!card)
		return NULL;
	card->kind = kind;
	card->spec = *spec;
	card->reader = *reader;
	if (!card->spec.protocols[0])
		strcpy(card->spec.protocols, reader->protocols & 2 ? "1" : "0");
	if (spec->atr_len) {
		memcpy(card->atr, spec->atr, spec->atr_len);
		card->atr_len = spec->atr_len;
	} else {
		card->atr_len = atr_build(card->atr, &card->spec, card->kind->name);
	}
	if (card->kind->priv_size)
		card->priv = calloc(1, card->kind->priv_size);
	if ((card->kind->priv_size && !card->priv) ||
	    (card->kind->insert && !card->kind->insert(card))) {
		free(card->priv);
		free(card);
		return NULL;
	}
	return card;
}

void card_free(struct card *card)
{
	if (!card)
		return;
	card_cancel(card);
	if (card->kind->eject)
		card->kind->eject(card);
	free(card->priv);
	free(card);
}

void card_cancel(struct card *card)
{
	card->running = false;
	timer_cancel(&card->ready);
	timer_cancel(&card->tick);
}

void card_answer(struct card *card, bool mute)
{
	if (!card->running)
		return;
	card_cancel(card);
	card->done(card, mute);
}

static void ready_fired(struct timer *t)
{
	struct card *card = container_of(t, struct card, ready);

	card_answer(card, card->mute_now);
}

static void tick_fired(struct timer *t)
{
	struct card *card = container_of(t, struct card, tick);

	timer_arm(t, card->spec.wtx_ms * 1000ULL, tick_fired);
	card->wait(card);
}

void card_finish(struct card *card, enum card_result r)
{
	uint64_t us = card->delay_us;

	if (r == CARD_DONE && !us) {
		card->running = false;
		card->done(card, false);
		return;
	}
	card->mute_now = r == CARD_MUTE;
	if (r == CARD_MUTE)
		us = MUTE_US;
	if (r != CARD_LATER)
		timer_arm(&card->ready, us, ready_fired);
	if (r != CARD_MUTE && card->wait)
		timer_arm(&card->tick, card->spec.wtx_ms * 1000ULL, tick_fired);
}

static enum card_result get_response(struct card *card, const struct apdu *a)
{
	size_t left = card->more_len - card->more_off, n = left < a->ne ? left : a->ne;
	uint16_t sw = get_be16(card->more_sw);

	memcpy(card->rsp, card->more + card->more_off, n);
	card->more_off += n;
	left -= n;
	if (left)
		sw = (uint16_t)(0x6100 | (left > 255 ? 0 : left));
	put_be16(card->rsp + n, sw);
	card->rsp_len = n + 2;
	return CARD_DONE;
}

/* ENVELOPE commands bring the pieces of a long command; an empty one ends it. */
static enum card_result envelope(struct card *card, const struct apdu *a)
{
	size_t len = card->apdu_len;

	if (len + a->lc > sizeof(card->apdu)) {
		card->apdu_len = 0;
		return card_reply(card, NULL, NULL, 0, 0x6700);
	}
	if (a->lc) {
		memcpy(card->apdu + len, a->data, a->lc);
		card->apdu_len += a->lc;
		return card_reply(card, NULL, NULL, 0, 0x9000);
	}
	card->apdu_len = 0;
	return card->kind->command(card, card->apdu, len);
}

static enum card_result command(struct card *card, const uint8_t *p, size_t len)
{
	struct apdu a;

	if (!card->kind->external && apdu_parse(&a, p, len)) {
		if (a.ins == INS_GET_RESPONSE && card->more_off < card->more_len)
			return get_response(card, &a);
		card->more_len = 0;
		card->more_off = 0;
		if (a.ins == INS_ENVELOPE && (a.lc || card->apdu_len))
			return envelope(card, &a);
	}
	return card->kind->command(card, p, len);
}

void card_run(struct card *card, const uint8_t *apdu, size_t len, card_done_fn done,
	      card_wait_fn wait)
{
	enum card_result r;

	card->running = true;
	card->done = done;
	card->wait = wait;
	card->delay_us = card->spec.delay_ms * 1000ULL;
	card->commands++;
	if (len > 1)
		card->ins[apdu[1]]++;
	r = command(card, apdu, len);
	card_finish(card, r);
}

enum card_result card_reply(struct card *card, const struct apdu *apdu, const uint8_t *data,
			    size_t len, uint16_t sw)
{
	size_t ne = apdu ? apdu->ne : 0, n = len < ne ? len : ne;

	if (n && len > n) {
		card->more_len = len - n;
		card->more_off = 0;
		memcpy(card->more, data + n, len - n);
		put_be16(card->more_sw, sw);
		sw = (uint16_t)(0x6100 | (len - n > 255 ? 0 : len - n));
	}
	if (n)
		memmove(card->rsp, data, n);
	put_be16(card->rsp + n, sw);
	card->rsp_len = n + 2;
	return CARD_DONE;
}
