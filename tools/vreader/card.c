// SPDX-License-Identifier: GPL-2.0-or-later
/* What all kinds of cards have in common: their options, reset, and the time a command takes. */
#define _GNU_SOURCE
#include "card.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MUTE_US 1000000		/* how long a reader waits for a card that says nothing */
#define INS_ENVELOPE 0xc2
#define INS_GET_RESPONSE 0xc0

static const struct card_kind *const kinds[] = { &card_iso, &card_echo, &card_mute, &card_vpcd };

static const struct card_kind *find_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i]->name, name))
			return kinds[i];
	return NULL;
}

static int parse_hex(const char *hex, uint8_t *out, size_t max)
{
	size_t n = strlen(hex) / 2;

	if (strlen(hex) % 2 || n > max)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (sscanf(hex + 2 * i, "%2hhx", &out[i]) != 1)
			return -1;
	return (int)n;
}

static bool parse_int(const char *text, int base, long min, long max, int *out)
{
	char *end;
	long v = strtol(text, &end, base);

	if (end == text || *end || v < min || v > max)
		return false;
	*out = (int)v;
	return true;
}

static bool copy_text(char *to, size_t size, const char *from)
{
	if (strlen(from) >= size)
		return false;
	strcpy(to, from);
	return true;
}

static bool protocols_valid(const char *v)
{
	return !strcmp(v, "0") || !strcmp(v, "1") || !strcmp(v, "01") || !strcmp(v, "10");
}

/* Options with a number for a value. */
static bool number_option(struct card_spec *spec, const char *name, const char *value, bool *known)
{
	int crc = 0, inverse = 0, delay = 0, wtx = 0, voltage = 0, port = 0, v = 0;
	const struct {
		const char *name;
		int base, min, max;
		int *to;
	} options[] = {
		{ "ta1", 16, 0, 255, &spec->ta1 },   { "ta2", 16, 0, 255, &spec->ta2 },
		{ "tc1", 16, 0, 255, &spec->tc1 },   { "wi", 10, 1, 255, &spec->wi },
		{ "ifsc", 10, 1, 254, &spec->ifsc }, { "bwi", 10, 0, 9, &spec->bwi },
		{ "cwi", 10, 0, 15, &spec->cwi },    { "tries", 10, 1, 15, &spec->tries },
		{ "crc", 10, 0, 1, &crc },	     { "inverse", 10, 0, 1, &inverse },
		{ "delay", 10, 0, 3600000, &delay }, { "wtx", 10, 1, 3600000, &wtx },
		{ "voltage", 10, 1, 7, &voltage },   { "port", 10, 1, 65535, &port },
	};

	*known = false;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (strcmp(options[i].name, name))
			continue;
		*known = true;
		if (!parse_int(value, options[i].base, options[i].min, options[i].max, &v))
			return false;
		*options[i].to = v;
	}
	spec->crc |= crc;
	spec->inverse |= inverse;
	if (delay)
		spec->delay_ms = (unsigned int)delay;
	if (wtx)
		spec->wtx_ms = (unsigned int)wtx;
	if (voltage)
		spec->voltage = (uint8_t)voltage;
	if (port)
		spec->port = (uint16_t)port;
	return true;
}

static bool option(struct card_spec *spec, const char *name, const char *value)
{
	bool known, ok = number_option(spec, name, value, &known);
	int n;

	if (known)
		return ok;
	if (!strcmp(name, "t")) {
		return protocols_valid(value) &&
		       copy_text(spec->protocols, sizeof(spec->protocols), value);
	} else if (!strcmp(name, "atr")) {
		n = parse_hex(value, spec->atr, sizeof(spec->atr));
		spec->atr_len = (uint8_t)(n > 0 ? n : 0);
		return n >= 2;
	} else if (!strcmp(name, "hist")) {
		spec->hist_len = parse_hex(value, spec->hist, sizeof(spec->hist));
		return spec->hist_len >= 0;
	} else if (!strcmp(name, "tck")) {
		spec->tck = strcmp(value, "error") ? TCK_BAD : TCK_ERROR;
		return !strcmp(value, "bad") || !strcmp(value, "error");
	} else if (!strcmp(name, "pin")) {
		return strlen(value) >= 4 && copy_text(spec->pin, sizeof(spec->pin), value);
	} else if (!strcmp(name, "state")) {
		return copy_text(spec->state, sizeof(spec->state), value);
	}
	return false;
}

bool card_spec_parse(struct card_spec *spec, const char *text, char *err, size_t size)
{
	char *copy = strdup(text), *rest = copy, *word, *value;
	bool ok = true;

	*spec = (struct card_spec){
		.hist_len = -1,
		.ta1 = -1,
		.ta2 = -1,
		.tc1 = -1,
		.wi = 10,
		.ifsc = 254,
		.bwi = 4,
		.cwi = 5,
		.pin = "1234",
		.tries = 3,
		.wtx_ms = 500,
		.voltage = 7,
	};
	word = copy ? strsep(&rest, ",") : NULL;
	if (!word || (!find_kind(word) && strcmp(word, "none"))) {
		snprintf(err, size, "no such kind of card: %s", text);
		free(copy);
		return false;
	}
	strcpy(spec->kind, word);
	while (ok && (word = strsep(&rest, ","))) {
		value = strchr(word, '=');
		if (value)
			*value++ = 0;
		ok = value && option(spec, word, value);
		if (!ok)
			snprintf(err, size, "card option %s%s%s", word, value ? "=" : "",
				 value ? value : "");
	}
	free(copy);
	return ok;
}

struct card *card_new(const struct card_spec *spec, void *owner, unsigned int index,
		      uint32_t reader_protocols)
{
	struct card *card = calloc(1, sizeof(*card));

	if (!card)
		return NULL;
	card->kind = find_kind(spec->kind);
	card->spec = *spec;
	card->owner = owner;
	card->index = index;
	if (!card->spec.protocols[0])
		strcpy(card->spec.protocols, reader_protocols & 2 ? "1" : "0");
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

void card_power_off(struct card *card)
{
	card_cancel(card);
	card->powered = false;
	card->offs++;
	if (card->kind->power_off)
		card->kind->power_off(card);
}

/* The command is over: the response is in card->rsp, or there is none. */
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

static void finish(struct card *card, enum card_result r)
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

static void reset_done(struct card *card, bool mute)
{
	if (!mute) {
		if (!card->spec.atr_len && card->kind == &card_vpcd)
			atr_parse(&card->info, card->atr, card->atr_len);
		card->proto = card->info.first;
		card->negotiable = !card->info.specific;
		card->fidi = card->info.specific ? card->info.ta1 : 0x11;
	}
	card->powered = !mute;
	card->reset_cb(card, mute);
}

/* Reset, with the supply classes @voltage to try. @done is called now or later. */
void card_reset(struct card *card, bool warm, uint8_t voltage, card_done_fn done)
{
	enum card_result r = CARD_DONE;

	card_cancel(card);
	if (warm && card->powered)
		card->warm++;
	else
		card->powerups++;
	card->reset_cb = done;
	card->more_len = 0;
	card->more_off = 0;
	card->apdu_len = 0;
	card->delay_us = 0;
	card->running = true;
	card->done = reset_done;
	card->wait = NULL;
	card_protocols_reset(card);
	atr_parse(&card->info, card->atr, card->atr_len);
	if (!(voltage & card->spec.voltage))
		r = CARD_MUTE;
	else if (card->kind->reset)
		r = card->kind->reset(card, warm);
	/* A reader gives a mute card 40000 clock cycles: at once, for us. */
	if (r == CARD_MUTE) {
		card->running = false;
		reset_done(card, true);
		return;
	}
	finish(card, r);
}

static enum card_result get_response(struct card *card, const struct apdu *a)
{
	size_t left = card->more_len - card->more_off, n = left < a->ne ? left : a->ne;
	uint16_t sw = (uint16_t)(card->more_sw[0] << 8 | card->more_sw[1]);

	memcpy(card->rsp, card->more + card->more_off, n);
	card->more_off += n;
	left -= n;
	if (left)
		sw = (uint16_t)(0x6100 | (left > 255 ? 0 : left));
	card->rsp[n] = (uint8_t)(sw >> 8);
	card->rsp[n + 1] = (uint8_t)sw;
	card->rsp_len = n + 2;
	return CARD_DONE;
}

/* ENVELOPE brings a long command in pieces; an empty one says that it is whole. */
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

	if (card->kind != &card_vpcd && apdu_parse(&a, p, len)) {
		if (a.ins == INS_GET_RESPONSE && card->more_off < card->more_len)
			return get_response(card, &a);
		card->more_len = 0;
		card->more_off = 0;
		if (a.ins == INS_ENVELOPE && (a.lc || card->apdu_len))
			return envelope(card, &a);
	}
	return card->kind->command(card, p, len);
}

/* Carries out a command; @done is called now or later, @wait each time the card wants more time. */
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
	finish(card, r);
}

/* @data may lie in card->rsp. */
enum card_result card_reply(struct card *card, const struct apdu *apdu, const uint8_t *data,
			    size_t len, uint16_t sw)
{
	size_t ne = apdu ? apdu->ne : 0, n = len < ne ? len : ne;

	if (n && len > n) {
		card->more_len = len - n;
		card->more_off = 0;
		memcpy(card->more, data + n, len - n);
		card->more_sw[0] = (uint8_t)(sw >> 8);
		card->more_sw[1] = (uint8_t)sw;
		sw = (uint16_t)(0x6100 | (len - n > 255 ? 0 : len - n));
	}
	if (n)
		memmove(card->rsp, data, n);
	card->rsp[n] = (uint8_t)(sw >> 8);
	card->rsp[n + 1] = (uint8_t)sw;
	card->rsp_len = n + 2;
	return CARD_DONE;
}

/* The seven cases of ISO 7816-3, clause 12. */
bool apdu_parse(struct apdu *a, const uint8_t *p, size_t len)
{
	size_t body;

	if (len < 4)
		return false;
	*a = (struct apdu) { .cla = p[0], .ins = p[1], .p1 = p[2], .p2 = p[3], .data = p + 4 };
	body = len - 4;
	p += 4;
	if (!body)
		return true;
	if (body == 1) {
		a->ne = p[0] ? p[0] : 256;
		return true;
	}
	if (p[0]) {
		a->lc = p[0];
		a->data = p + 1;
		if (body == 1 + a->lc)
			return true;
		a->ne = p[body - 1] ? p[body - 1] : 256;
		return body == 2 + a->lc;
	}
	if (body < 3)
		return false;
	a->extended = true;
	if (body == 3) {
		a->ne = (size_t)p[1] << 8 | p[2];
		a->ne = a->ne ? a->ne : 65536;
		return true;
	}
	a->lc = (size_t)p[1] << 8 | p[2];
	a->data = p + 3;
	if (!a->lc || body == 3 + a->lc)
		return a->lc;
	if (body != 5 + a->lc)
		return false;
	a->ne = (size_t)p[body - 2] << 8 | p[body - 1];
	a->ne = a->ne ? a->ne : 65536;
	return true;
}
