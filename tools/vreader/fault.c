// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "fault.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "command.h"
#include "prng.h"
#include "reader.h"
#include "slot_list.h"
#include "text.h"
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
	{ "pad", FAULT_PAD, 1, 1, 10 },
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
	{ "before", FAULT_BEFORE, 1, 1, 0 },
	{ "after", FAULT_AFTER, 1, 1, 0 },
	{ "instead", FAULT_INSTEAD, 1, 1, 0 },
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
	enum fault_card_error error;
	int args, base;
} card_errors[] = {
	{ "mute", FAULT_CARD_MUTE, 0, 0 },     { "parity", FAULT_CARD_PARITY, 0, 0 },
	{ "lrc", FAULT_CARD_LRC, 0, 0 },	     { "seq", FAULT_CARD_SEQ, 0, 0 },
	{ "nad", FAULT_CARD_NAD, 0, 0 },	     { "len", FAULT_CARD_LEN, 0, 0 },
	{ "rblock", FAULT_CARD_RBLOCK, 0, 0 }, { "resynch", FAULT_CARD_RESYNCH, 0, 0 },
	{ "abort", FAULT_CARD_ABORT, 0, 0 },   { "ifs", FAULT_CARD_IFS, 1, 10 },
	{ "wtx", FAULT_CARD_WTX, 1, 10 },	     { "null", FAULT_CARD_NULL, 1, 10 },
	{ "proc", FAULT_CARD_PROC, 1, 16 },
};

static struct fault *faults;
static unsigned int num_faults;

unsigned int fault_count(void)
{
	return num_faults;
}

static bool parse_when(struct fault *f, const char *word, const char *arg)
{
	long k = 0;

	if (!strcmp(word, "random")) {
		f->when = WHEN_RANDOM;
		return sscanf(arg, "%u/%u", &f->k, &f->m) == 2 && f->m;
	}
	if (!text_number(arg, 10, 1, LONG_MAX, &k))
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
	if (!text_number(arg, word[0] == 'i' ? 16 : 10, 0, 255, &v))
		return false;
	*(word[0] == 'i' ? &f->ins : &f->slot) = (int)v;
	return true;
}

static bool number(const char *text, int base, long *out)
{
	return text_number(text, base, LONG_MIN, LONG_MAX, out);
}

static bool parse_card(struct fault *f, char **args, int n)
{
	for (size_t i = 0; i < ARRAY_SIZE(card_errors); i++) {
		if (strcmp(card_errors[i].name, args[0]))
			continue;
		f->card = card_errors[i].error;
		return n == 1 + card_errors[i].args &&
		       (n == 1 || number(args[1], card_errors[i].base, &f->arg));
	}
	return false;
}

static bool parse_bytes(struct fault *f, const char *hex)
{
	int n = text_hex(hex, f->bytes, sizeof(f->bytes));

	f->num_bytes = n > 0 ? (size_t)n : 0;
	return n >= 0;
}

static bool parse_action(struct fault *f, char **words, int n)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (strcmp(actions[i].name, words[0]))
			continue;
		f->action = actions[i].action;
		n--;
		words++;
		if (n < actions[i].min_args || n > actions[i].max_args)
			return false;
		if (f->action == FAULT_CARD)
			return parse_card(f, words, n);
		if (f->action == FAULT_NOTIFY || f->action == FAULT_BEFORE ||
		    f->action == FAULT_AFTER || f->action == FAULT_INSTEAD)
			return parse_bytes(f, words[0]);
		f->arg2 = 100;
		return (n < 1 || number(words[0], actions[i].base, &f->arg)) &&
		       (n < 2 || number(words[1], 10, &f->arg2));
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
	if (n > 2 && text_find(whens, words[0]) >= 0) {
		if (!parse_when(f, words[0], words[1]))
			return false;
		i = 2;
	}
	for (; i + 2 < n && text_find(filters, words[i]) >= 0; i += 2)
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
			prng_seed(strtoull(words[1], NULL, 0));
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
	for (unsigned int i = 0; i < slot_list_count(); i++)
		slot_list_get(i)->fault = NULL;
	while (faults) {
		struct fault *f = faults;

		faults = f->next;
		free(f);
	}
	num_faults = 0;
	fault_card_set(FAULT_CARD_NONE, 0);
}

void fault_print(FILE *out)
{
	for (const struct fault *f = faults; f; f = f->next)
		fprintf(out, "%u %s\n", f->struck, f->text);
}

/* The instruction byte in an XfrBlock, or -1. */
static int message_ins(const uint8_t *msg, size_t len, const struct slot *s)
{
	const uint8_t *p = msg + CCID_HEADER;

	len -= CCID_HEADER;
	if (msg[0] != PC_XFRBLOCK || len < 4)
		return -1;
	if (reader_apdu_level(s->ccid) || !s->card || !s->card->proto)
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
		return prng_next() % f->m < f->k;
	}
	return false;
}

static bool refuses_transfer(const struct fault *f)
{
	return f->action == FAULT_NAK || f->action == FAULT_STALL_OUT;
}

static const struct fault *match(const struct slot *s, const uint8_t *msg, size_t len,
				 bool transfer)
{
	const struct fault *found = NULL;

	for (struct fault *f = faults; f; f = f->next) {
		if (refuses_transfer(f) != transfer || (f->type && f->type != msg[0]))
			continue;
		if (f->slot >= 0 && (unsigned int)f->slot != s->number)
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

const struct fault *fault_match(const struct slot *s, const uint8_t *msg, size_t len)
{
	return match(s, msg, len, false);
}

const struct fault *fault_match_transfer(const struct slot *s, const uint8_t *msg, size_t len)
{
	return match(s, msg, len, true);
}
