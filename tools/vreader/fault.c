// SPDX-License-Identifier: GPL-2.0-or-later
/* Faults: reading a scenario, and deciding when one strikes. */
#define _GNU_SOURCE
#include "fault.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ccid.h"
#include "trace.h"

static const struct {
	const char *name;
	enum fault_action action;
	int min_args, max_args;
	int base;
} actions[] = {
	{ "stall", FAULT_STALL, 0, 0, 0 },
	{ "stall-out", FAULT_STALL_OUT, 0, 0, 0 },
	{ "no-answer", FAULT_NO_ANSWER, 0, 0, 0 },
	{ "delay", FAULT_DELAY, 1, 1, 10 },
	{ "nak", FAULT_NAK, 1, 1, 10 },
	{ "short", FAULT_SHORT, 1, 1, 10 },
	{ "long", FAULT_LONG, 1, 1, 10 },
	{ "length", FAULT_LENGTH, 1, 1, 10 },
	{ "seq", FAULT_SEQ, 1, 1, 10 },
	{ "slot-no", FAULT_SLOT, 1, 1, 10 },
	{ "type", FAULT_TYPE, 1, 1, 16 },
	{ "status", FAULT_STATUS, 1, 1, 16 },
	{ "error", FAULT_ERROR, 1, 1, 16 },
	{ "refuse", FAULT_REFUSE, 0, 0, 0 },
	{ "chain", FAULT_CHAIN, 1, 1, 16 },
	{ "extend", FAULT_EXTEND, 1, 2, 10 },
	{ "babble", FAULT_BABBLE, 0, 0, 0 },
	{ "garbage", FAULT_GARBAGE, 1, 1, 10 },
	{ "split", FAULT_SPLIT, 1, 1, 10 },
	{ "merge", FAULT_MERGE, 0, 0, 0 },
	{ "twice", FAULT_TWICE, 0, 0, 0 },
	{ "stale", FAULT_STALE, 0, 0, 0 },
	{ "zlp", FAULT_ZLP, 0, 0, 0 },
	{ "zlp-after", FAULT_ZLP_AFTER, 0, 0, 0 },
	{ "storm", FAULT_STORM, 1, 1, 10 },
	{ "hw-error", FAULT_HW_ERROR, 1, 1, 16 },
	{ "notify", FAULT_NOTIFY, 1, 1, 0 },
	{ "stall-int", FAULT_STALL_INT, 0, 0, 0 },
	{ "unplug", FAULT_UNPLUG, 1, 1, 10 },
	{ "remove", FAULT_REMOVE, 0, 0, 0 },
	{ "swap", FAULT_SWAP, 0, 0, 0 },
	{ "card", FAULT_CARD, 1, 2, 0 },
};

static const struct {
	const char *name;
	enum card_error error;
	int args, base;
} card_errors[] = {
	{ "mute", CARD_ERR_MUTE, 0, 0 },     { "parity", CARD_ERR_PARITY, 0, 0 },
	{ "lrc", CARD_ERR_LRC, 0, 0 },	     { "seq", CARD_ERR_SEQ, 0, 0 },
	{ "nad", CARD_ERR_NAD, 0, 0 },	     { "len", CARD_ERR_LEN, 0, 0 },
	{ "rblock", CARD_ERR_RBLOCK, 0, 0 }, { "resynch", CARD_ERR_RESYNCH, 0, 0 },
	{ "abort", CARD_ERR_ABORT, 0, 0 },   { "ifs", CARD_ERR_IFS, 1, 10 },
	{ "wtx", CARD_ERR_WTX, 1, 10 },	     { "null", CARD_ERR_NULL, 1, 10 },
	{ "proc", CARD_ERR_PROC, 1, 16 },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct fault *faults;
static unsigned int num_faults;
static enum card_error card_pending;
static long card_arg;
static uint64_t seed, random_state;

void fault_seed(uint64_t s)
{
	seed = s;
	random_state = s ? s : 1;
}

uint64_t fault_seed_get(void)
{
	return seed;
}

/* xorshift64*: the same on each machine. */
uint32_t fault_random(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)(random_state * 0x2545f4914f6cdd1dULL >> 32);
}

unsigned int fault_count(void)
{
	return num_faults;
}

static bool to_number(const char *text, int base, long *out)
{
	char *end;

	*out = strtol(text, &end, base);
	return end != text && !*end;
}

static bool parse_when(struct fault *f, const char *word, const char *arg)
{
	long k = 0;

	if (!strcmp(word, "random")) {
		f->when = WHEN_RANDOM;
		return sscanf(arg, "%u/%u", &f->k, &f->m) == 2 && f->m;
	}
	if (!to_number(arg, 10, &k) || k < 1)
		return false;
	f->k = (unsigned int)k;
	f->when = !strcmp(word, "at") ? WHEN_AT : !strcmp(word, "from") ? WHEN_FROM : WHEN_EVERY;
	return true;
}

static bool parse_filter(struct fault *f, const char *word, const char *arg)
{
	const struct command_info *info;
	long v = 0;

	if (!strcmp(word, "on")) {
		info = command_by_name(arg);
		if (info)
			f->type = info->type;
		return info;
	}
	if (!to_number(arg, word[0] == 'i' ? 16 : 10, &v) || v < 0 || v > 255)
		return false;
	*(word[0] == 'i' ? &f->ins : &f->slot) = (int)v;
	return true;
}

static bool is_one_of(const char *word, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(*list, word))
			return true;
	return false;
}

static bool parse_card(struct fault *f, char **args, int n)
{
	for (size_t i = 0; i < COUNT(card_errors); i++) {
		if (strcmp(card_errors[i].name, args[0]))
			continue;
		f->card = card_errors[i].error;
		return n == 1 + card_errors[i].args &&
		       (n == 1 || to_number(args[1], card_errors[i].base, &f->arg));
	}
	return false;
}

static bool parse_bytes(struct fault *f, const char *hex)
{
	size_t n = strlen(hex) / 2;

	if (strlen(hex) % 2 || n > sizeof(f->bytes))
		return false;
	for (f->num_bytes = 0; f->num_bytes < n; f->num_bytes++)
		if (sscanf(hex + 2 * f->num_bytes, "%2hhx", &f->bytes[f->num_bytes]) != 1)
			return false;
	return true;
}

static bool parse_action(struct fault *f, char **words, int n)
{
	for (size_t i = 0; i < COUNT(actions); i++) {
		if (strcmp(actions[i].name, words[0]))
			continue;
		f->action = actions[i].action;
		n--;
		words++;
		if (n < actions[i].min_args || n > actions[i].max_args)
			return false;
		if (f->action == FAULT_CARD)
			return parse_card(f, words, n);
		if (f->action == FAULT_NOTIFY)
			return parse_bytes(f, words[0]);
		f->arg2 = 100;
		return (n < 1 || to_number(words[0], actions[i].base, &f->arg)) &&
		       (n < 2 || to_number(words[1], 10, &f->arg2));
	}
	return false;
}

static bool parse_line(struct fault *f, char **words, int n)
{
	static const char *const whens[] = { "at", "from", "every", "random", NULL };
	static const char *const filters[] = { "on", "slot", "ins", NULL };
	int i = 0;

	f->when = WHEN_AT;
	f->k = 1;
	f->slot = -1;
	f->ins = -1;
	if (n > 2 && is_one_of(words[0], whens)) {
		if (!parse_when(f, words[0], words[1]))
			return false;
		i = 2;
	}
	for (; i + 2 < n && is_one_of(words[i], filters); i += 2)
		if (!parse_filter(f, words[i], words[i + 1]))
			return false;
	return i < n && parse_action(f, words + i, n - i);
}

bool fault_add(const char *line, char *err, size_t size)
{
	struct fault **tail = &faults, *f = calloc(1, sizeof(*f));
	char copy[160], *words[16], *rest = copy, *word;
	int n = 0;

	if (!f)
		return false;
	snprintf(copy, sizeof(copy), "%.*s", (int)strcspn(line, "#\n"), line);
	snprintf(f->text, sizeof(f->text), "%s", copy);
	while (n < 16 && (word = strsep(&rest, " \t\r")))
		if (*word)
			words[n++] = word;
	if (!n || (n == 2 && !strcmp(words[0], "seed"))) {
		if (n)
			fault_seed(strtoull(words[1], NULL, 0));
		free(f);
		return true;
	}
	if (!parse_line(f, words, n)) {
		snprintf(err, size, "not a fault: %s", f->text);
		free(f);
		return false;
	}
	while (*tail)
		tail = &(*tail)->next;
	*tail = f;
	num_faults++;
	return true;
}

bool fault_load(const char *file)
{
	FILE *in = fopen(file, "re");
	char *line = NULL, err[200];
	size_t size = 0;
	bool good = in;

	if (!in)
		fprintf(stderr, "vreader: %s: %s\n", file, strerror(errno));
	while (good && getline(&line, &size, in) >= 0) {
		good = fault_add(line, err, sizeof(err));
		if (!good)
			fprintf(stderr, "vreader: %s: %s\n", file, err);
	}
	free(line);
	if (in)
		fclose(in);
	return good;
}

void fault_clear(void)
{
	for (unsigned int i = 0; i < slot_count(); i++)
		slot_by_number(i)->fault = NULL;
	while (faults) {
		struct fault *f = faults;

		faults = f->next;
		free(f);
	}
	num_faults = 0;
	card_pending = CARD_OK;
}

void fault_print(FILE *out)
{
	for (const struct fault *f = faults; f; f = f->next)
		fprintf(out, "%u %s\n", f->struck, f->text);
}

/* The instruction byte of a command in an XfrBlock, -1 if there is none. */
static int message_ins(const uint8_t *msg, size_t len, const struct slot *s)
{
	const uint8_t *p = msg + CCID_HEADER;

	len -= CCID_HEADER;
	if (msg[0] != PC_XFRBLOCK || len < 4)
		return -1;
	if (level_apdu(s) || !s->card || !s->card->proto)
		return p[1];
	return len > 5 && !(p[1] & 0x80) ? p[4] : -1;
}

static bool strikes(struct fault *f)
{
	f->seen++;
	switch (f->when) {
	case WHEN_AT:
		return f->seen == f->k;
	case WHEN_FROM:
		return f->seen >= f->k;
	case WHEN_EVERY:
		return f->seen % f->k == 0;
	case WHEN_RANDOM:
		return fault_random() % f->m < f->k;
	}
	return false;
}

static bool refuses_transfer(const struct fault *f)
{
	return f->action == FAULT_NAK || f->action == FAULT_STALL_OUT;
}

static const struct fault *match(const uint8_t *msg, size_t len, unsigned int number, bool transfer)
{
	const struct slot *s = slot_by_number(number);
	const struct fault *found = NULL;

	for (struct fault *f = faults; f; f = f->next) {
		if (refuses_transfer(f) != transfer || (f->type && f->type != msg[0]))
			continue;
		if (f->slot >= 0 && (unsigned int)f->slot != number)
			continue;
		if (f->ins >= 0 && f->ins != message_ins(msg, len, s))
			continue;
		if (strikes(f) && !found) {
			f->struck++;
			found = f;
			trace_note("fault: %s", f->text);
		}
	}
	return found;
}

const struct fault *fault_match(const uint8_t *msg, size_t len, unsigned int slot)
{
	return match(msg, len, slot, false);
}

const struct fault *fault_peek_out(const uint8_t *data, size_t len, struct ccid *ccid)
{
	return data[5] < ccid->num_slots ? match(data, len, ccid->slots[data[5]].number, true)
					 : NULL;
}

bool fault_card_is(enum card_error e, long *arg)
{
	if (card_pending != e)
		return false;
	*arg = card_arg;
	card_pending = CARD_OK;
	return true;
}

bool fault_arrival(struct ccid *ccid, struct slot *s, const struct fault *f)
{
	(void)ccid;
	if (f->action == FAULT_CARD) {
		card_pending = f->card;
		card_arg = f->arg;
	} else if (f->action == FAULT_REMOVE && !s->busy) {
		slot_remove(s);
	} else if (f->action == FAULT_SWAP && !s->busy && slot_swap(s)) {
		slot_insert(s, &s->spec);
	}
	return true;
}
