// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "ccid_send.h"
#include "command.h"
#include "event.h"
#include "reader.h"
#include "replay_file.h"
#include "trace.h"
#include "usb_ep.h"
#include "violation.h"

#define BSEQ 6
#define BSTATUS 7
#define SHOWN 16		/* bytes of a message in a report */

/* The rest of the answers to a command, of which the first is due later */
struct pending {
	struct pending *next;
	struct timer timer;
	const struct replay_line *line;
	uint8_t seq;
	uint16_t written;
};

static struct replay_file transcript;
static struct ccid *reader;
static const struct replay_line *expected;	/* NULL at the end */
static struct pending *pending;
static uint8_t icc_status;		/* of the last answer */
static bool begun;

bool replay_active(void)
{
	return reader;
}

unsigned int replay_line(void)
{
	return expected ? expected->number : 0;
}

/* The next line that is a command in its turn */
static const struct replay_line *next_command(const struct replay_line *l)
{
	while (l && (l->direction != '<' || l->any))
		l = l->next;
	return l;
}

static void send_answer(const struct replay_line *l, uint8_t shift)
{
	uint8_t *m = reader->in;

	for (size_t i = 0; i < l->len; i++)
		m[i] = (uint8_t)l->bytes[i];
	if (l->len > BSEQ && !l->exact)
		m[BSEQ] = (uint8_t)(m[BSEQ] + shift);
	if (l->len > BSTATUS)
		icc_status = m[BSTATUS] & 3;
	if (l->len)
		ccid_send(reader, m, l->len);
	else
		usb_ep_send_zlp(reader->iface->in);
}

static void send_notification(const struct replay_line *l)
{
	uint8_t *m = reader->in;

	for (size_t i = 0; i < l->len; i++)
		m[i] = (uint8_t)l->bytes[i];
	trace_message(reader->index, '!', m, l->len);
	usb_ep_send(reader->iface->intr, m, l->len);
}

static void send_line(const struct replay_line *l, uint8_t shift)
{
	bool bulk = l->direction == '>';

	if (l->stall)
		usb_ep_halt(bulk ? reader->iface->in : reader->iface->intr);
	else if (bulk)
		send_answer(l, shift);
	else
		send_notification(l);
	event_happened();
}

/*
 * What to add to bSeq of an answer: it keeps its distance from bSeq of the command in the file,
 * @written, and has none if either is "..".
 */
static uint8_t bseq_shift(const struct replay_line *answer, uint8_t seq, uint16_t written)
{
	if (answer->len <= BSEQ || answer->bytes[BSEQ] == REPLAY_WILD)
		return seq;
	if (written == REPLAY_WILD)
		written = answer->bytes[BSEQ];
	return (uint8_t)(seq - written);
}

static void due(struct timer *t);

static void send_later(const struct replay_line *l, uint8_t seq, uint16_t written)
{
	struct pending *p = calloc(1, sizeof(*p));

	if (!p)
		abort();
	p->line = l;
	p->seq = seq;
	p->written = written;
	p->next = pending;
	pending = p;
	timer_arm(&p->timer, l->delay_ms * 1000ULL, due);
}

/* Send the lines from @l up to the next command. */
static void send_lines(const struct replay_line *l, uint8_t seq, uint16_t written)
{
	for (; l && l->direction != '<' && !l->delay_ms; l = l->next)
		send_line(l, bseq_shift(l, seq, written));
	if (l && l->direction != '<')
		send_later(l, seq, written);
}

static void due(struct timer *t)
{
	struct pending *p = container_of(t, struct pending, timer), **at = &pending;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	send_line(p->line, bseq_shift(p->line, p->seq, p->written));
	send_lines(p->line->next, p->seq, p->written);
	free(p);
}

static void send_answers(const struct replay_line *command, uint8_t seq)
{
	uint16_t written = command->len > BSEQ ? command->bytes[BSEQ] : REPLAY_WILD;

	trace_note("transcript line %u", command->number);
	send_lines(command->next, seq, written);
}

/* The first byte that differs, or -1; any bSeq is right. */
static int difference(const struct replay_line *l, const uint8_t *msg, size_t len)
{
	size_t i;

	for (i = 0; i < l->len && i < len; i++)
		if (l->bytes[i] != REPLAY_WILD && i != BSEQ && l->bytes[i] != msg[i])
			return (int)i;
	return l->len == len || (l->rest && l->len < len) ? -1 : (int)i;
}

/* The last "any" line before the expected one that fits, or NULL */
static const struct replay_line *find_any(const uint8_t *msg, size_t len)
{
	const struct replay_line *found = NULL;

	for (const struct replay_line *l = transcript.lines; l && l != expected; l = l->next)
		if (l->any && difference(l, msg, len) < 0)
			found = l;
	return found;
}

static void report(const uint8_t *msg, size_t len)
{
	char want[3 * SHOWN + 1] = "", came[3 * SHOWN + 1] = "";

	for (size_t i = 0; i < len && i < SHOWN; i++)
		sprintf(came + 3 * i, "%02X ", msg[i]);
	if (!expected) {
		violation_add(reader->index, -1, "the transcript has ended, %scame", came);
		return;
	}
	for (size_t i = 0; i < expected->len && i < SHOWN; i++) {
		if (expected->bytes[i] == REPLAY_WILD || i == BSEQ)
			strcat(want, ".. ");
		else
			sprintf(want + 3 * i, "%02X ", expected->bytes[i]);
	}
	violation_add(reader->index, -1, "transcript line %u: expected %snot %s(byte %d)",
		      expected->number, want, came, difference(expected, msg, len));
}

static void refuse(const uint8_t *msg)
{
	const struct command_info *info = command_by_type(msg[0]);
	uint8_t h[CCID_HEADER] = {
		info ? info->reply : RDR_SLOTSTATUS, 0, 0, 0, 0, msg[5], msg[BSEQ],
		(uint8_t)(CMD_FAILED | icc_status), ERR_NOT_SUPPORTED, 0
	};

	if (transcript.otherwise == REPLAY_FAIL)
		ccid_send(reader, h, sizeof(h));
	else if (transcript.otherwise == REPLAY_STALL)
		usb_ep_halt(reader->iface->in);
}

void replay_command(const uint8_t *msg, size_t len)
{
	const struct replay_line *l = expected;

	event_happened();
	if (l && difference(l, msg, len) < 0) {
		expected = next_command(l->next);
		send_answers(l, msg[BSEQ]);
		return;
	}
	l = find_any(msg, len);
	if (l) {
		send_answers(l, msg[BSEQ]);
		return;
	}
	report(msg, len);
	refuse(msg);
}

void replay_begin(void)
{
	if (begun)
		return;
	begun = true;
	send_lines(transcript.lines, 0, 0);
}

void replay_cancel(void)
{
	while (pending) {
		struct pending *p = pending;

		pending = p->next;
		timer_cancel(&p->timer);
		free(p);
	}
}

bool replay_open(const char *name, struct ccid *ccid)
{
	const struct replay_line *l;

	if (usb.num_ifs != 1 || !ccid || !ccid->iface->in) {
		fprintf(stderr, "vreader: --replay needs one interface with bulk endpoints\n");
		return false;
	}
	if (!replay_file_load(&transcript, name)) {
		replay_file_free(&transcript);
		return false;
	}
	for (l = transcript.lines; l; l = l->next) {
		if (l->direction != '!' || ccid->iface->intr)
			continue;
		fprintf(stderr, "vreader: %s:%u: the interface has no interrupt endpoint\n", name,
			l->number);
		replay_file_free(&transcript);
		return false;
	}
	reader = ccid;
	expected = next_command(transcript.lines);
	icc_status = 2;
	return true;
}

void replay_close(void)
{
	replay_cancel();
	if (reader && expected)
		violation_add(reader->index, -1, "transcript line %u: the command did not come",
			      expected->number);
	replay_file_free(&transcript);
	reader = NULL;
	expected = NULL;
}
