// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "replay_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apdu.h"
#include "command.h"
#include "text.h"

#define MAX_BYTES (CCID_HEADER + MAX_APDU)
#define MAX_TEXT (4 * MAX_BYTES)
#define MAX_FILE (4U << 20)
#define MAX_DELAY_MS 600000
#define BSEQ 6

struct parser {
	struct replay_file *file;
	struct replay_line *last;
	unsigned int number;
	bool command;			/* a command came before */
	uint16_t bytes[MAX_BYTES];
	size_t len;
	const char *error;
	char text[MAX_TEXT + 2];
};

/* The next word of a line; NULL at its end */
static char *next_word(char **rest)
{
	char *word;

	do {
		word = strsep(rest, " \t\r");
	} while (word && !*word);
	return word;
}

static bool fail(struct parser *p, const char *error)
{
	p->error = error;
	return false;
}

static bool take_byte(struct parser *p, uint16_t byte)
{
	if (p->len == MAX_BYTES)
		return fail(p, "more bytes than a message has");
	p->bytes[p->len++] = byte;
	return true;
}

/* Take a word of bytes: "6F", "00000000", "..", "....". */
static bool take_word(struct parser *p, const char *word)
{
	uint8_t byte;
	char pair[3] = "";

	for (; word[0]; word += 2) {
		if (!word[1])
			return fail(p, "half a byte");
		memcpy(pair, word, 2);
		if (!strcmp(pair, "..")) {
			if (!take_byte(p, REPLAY_WILD))
				return false;
			continue;
		}
		if (strspn(pair, "0123456789abcdefABCDEF") != 2 || text_hex(pair, &byte, 1) != 1)
			return fail(p, "not a byte in hexadecimal");
		if (!take_byte(p, byte))
			return false;
	}
	return true;
}

/* Take the bytes up to the end of the line; "*" and "stall" end it. */
static bool take_bytes(struct parser *p, struct replay_line *l, char *rest)
{
	char *word;

	p->len = 0;
	while ((word = next_word(&rest))) {
		if (l->rest || l->stall)
			return fail(p, "nothing may follow \"*\" or \"stall\"");
		if (!strcmp(word, "*"))
			l->rest = true;
		else if (!strcmp(word, "stall") && !p->len)
			l->stall = true;
		else if (!take_word(p, word))
			return false;
	}
	return true;
}

static bool check_command(struct parser *p, const struct replay_line *l)
{
	if (l->stall)
		return fail(p, "only an answer can be \"stall\"");
	if (l->delay_ms)
		return fail(p, "only an answer can have a delay");
	if (p->len < CCID_HEADER && !l->rest)
		return fail(p, "a command has 10 bytes at least");
	p->command = true;
	return true;
}

static bool check_answer(struct parser *p, const struct replay_line *l)
{
	if (l->any)
		return fail(p, "\"any\" belongs to a command");
	if (l->rest)
		return fail(p, "an answer cannot have \"*\"");
	for (size_t i = 0; i < p->len; i++) {
		if (p->bytes[i] != REPLAY_WILD)
			continue;
		if (i != BSEQ || l->direction != '>' || l->exact || !p->command)
			return fail(p, "an answer cannot have \"..\", but for bSeq of a command");
	}
	if (l->direction == '!' && !p->len && !l->stall)
		return fail(p, "a notification has one byte at least");
	return true;
}

static bool append(struct parser *p, const struct replay_line *from)
{
	struct replay_line *l = malloc(sizeof(*l) + p->len * sizeof(l->bytes[0]));

	if (!l)
		return fail(p, "out of memory");
	*l = *from;
	l->len = p->len;
	memcpy(l->bytes, p->bytes, p->len * sizeof(l->bytes[0]));
	if (p->last)
		p->last->next = l;
	else
		p->file->lines = l;
	p->last = l;
	return true;
}

/* "[any] < BYTES [*]", "[+MS] >|>>|! BYTES|stall" */
static bool parse_message(struct parser *p, char *word, char *rest)
{
	static const char *const directions[] = { "<", ">", ">>", "!", NULL };
	struct replay_line l = { .number = p->number };
	long ms = 0;

	if (!strcmp(word, "any")) {
		l.any = true;
		word = next_word(&rest);
	} else if (word[0] == '+') {
		if (word[1 + strspn(word + 1, "0123456789")] ||
		    !text_number(word + 1, 10, 0, MAX_DELAY_MS, &ms))
			return fail(p, "a delay is +0 to +600000 ms");
		l.delay_ms = (uint32_t)ms;
		word = next_word(&rest);
	}
	if (!word || text_find(directions, word) < 0)
		return fail(p, "a line begins with <, >, >>, !, +MS, any or else");
	l.direction = word[0];
	l.exact = word[1];
	if (!take_bytes(p, &l, rest))
		return false;
	if (!(l.direction == '<' ? check_command(p, &l) : check_answer(p, &l)))
		return false;
	return append(p, &l);
}

static bool parse_line(struct parser *p, char *text)
{
	static const char *const choices[] = { "fail", "silent", "stall", NULL };
	char *rest = text, *word;
	int choice;

	text[strcspn(text, "#\n")] = 0;
	word = next_word(&rest);
	if (!word)
		return true;
	if (strcmp(word, "else"))
		return parse_message(p, word, rest);
	word = next_word(&rest);
	choice = word ? text_find(choices, word) : -1;
	if (choice < 0 || next_word(&rest))
		return fail(p, "else fail | silent | stall");
	p->file->otherwise = (enum replay_else)choice;
	return true;
}

/* Read a line, or MAX_TEXT + 1 bytes of one that is too long. */
static size_t read_line(struct parser *p, FILE *in)
{
	size_t n = 0;
	int c;

	while (n <= MAX_TEXT && (c = getc(in)) != EOF) {
		p->text[n++] = (char)c;
		if (c == '\n')
			break;
	}
	p->text[n] = 0;
	return n;
}

static bool parse_file(struct parser *p, FILE *in)
{
	size_t n, total = 0;
	bool good = true;

	while (good && (n = read_line(p, in))) {
		p->number++;
		total += n;
		if (total > MAX_FILE)
			good = fail(p, "the file has more than 4 MiB");
		else if (n > MAX_TEXT)
			good = fail(p, "the line is too long");
		else if (strlen(p->text) != n)
			good = fail(p, "a zero byte");
		else
			good = parse_line(p, p->text);
	}
	if (good && ferror(in))
		good = fail(p, strerror(errno));
	if (good && !p->command)
		good = fail(p, "no command");
	return good;
}

bool replay_file_load(struct replay_file *file, const char *name)
{
	struct parser *p = calloc(1, sizeof(*p));
	FILE *in = fopen(name, "re");
	bool good = false;

	if (!p || !in) {
		fprintf(stderr, "vreader: %s: %s\n", name, strerror(errno));
	} else {
		p->file = file;
		good = parse_file(p, in);
		if (!good)
			fprintf(stderr, "vreader: %s:%u: %s\n", name, p->number, p->error);
	}
	if (in)
		fclose(in);
	free(p);
	return good;
}

void replay_file_free(struct replay_file *file)
{
	while (file->lines) {
		struct replay_line *l = file->lines;

		file->lines = l->next;
		free(l);
	}
}
