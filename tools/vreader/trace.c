// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ring keeps messages as bytes and converts them to text only on request, so that measurements
 * do not pay for it.
 */
#define _GNU_SOURCE
#include "trace.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bytes.h"
#include "command.h"
#include "timer.h"

#define RING_SIZE (4U << 20)
#define FLUSH_US 50000

struct record {
	uint64_t time_us;
	unsigned long number;
	uint32_t size;		/* with this header, rounded up; the next record follows */
	uint32_t len;
	uint8_t iface;
	char kind;		/* '<', '>', '!', or '#' for a note */
	uint8_t data[];
};

static uint8_t *ring;
static size_t ring_first, ring_end, ring_wrap;	/* records: first to wrap, then 0 to end */
static bool ring_wrapped;
static unsigned long next_number = 1;
static FILE *log_file;
static struct timer flush_timer;

static void flush_fired(struct timer *t)
{
	(void)t;
	trace_flush();
}

void trace_flush(void)
{
	if (log_file)
		fflush(log_file);
}

static void flush_later(void)
{
	if (!flush_timer.armed)
		timer_arm(&flush_timer, FLUSH_US, flush_fired);
}

static struct record *record_at(size_t at)
{
	return (struct record *)(ring + at);
}

/* Make room for @size bytes; drop the oldest records. */
static struct record *ring_take(size_t size)
{
	struct record *r;

	if (!ring) {
		ring = malloc(RING_SIZE);
		if (!ring)
			abort();
	}
	if (ring_end + size > RING_SIZE) {
		ring_wrap = ring_end;
		ring_wrapped = true;
		ring_end = 0;
		ring_first = 0;
	}
	while (ring_wrapped && ring_first < ring_end + size) {
		if (ring_first >= ring_wrap) {
			ring_wrapped = false;
			ring_first = 0;
			break;
		}
		ring_first += record_at(ring_first)->size;
	}
	r = record_at(ring_end);
	ring_end += size;
	return r;
}

static const char *answer_name(uint8_t type)
{
	switch (type) {
	case RDR_DATABLOCK:
		return "DataBlock";
	case RDR_SLOTSTATUS:
		return "SlotStatus";
	case RDR_PARAMETERS:
		return "Parameters";
	case RDR_ESCAPE:
		return "Escape";
	case RDR_DATARATE:
		return "DataRateAndClockFrequency";
	case RDR_NOTIFYSLOTCHANGE:
		return "NotifySlotChange";
	case RDR_HARDWAREERROR:
		return "HardwareError";
	}
	return "?";
}

static void print_message(FILE *out, const struct record *r)
{
	const struct command_info *info = command_by_type(r->data[0]);
	const uint8_t *m = r->data;
	size_t at = CCID_HEADER;

	if (r->kind == '!' || r->len < CCID_HEADER) {
		fprintf(out, "%u - %s", r->iface, r->len ? answer_name(m[0]) : "empty");
		at = r->len ? 1 : 0;
	} else if (r->kind == '<') {
		fprintf(out, "%u.%u %u %s len=%u p=%02x%02x%02x", r->iface, m[5], m[6],
			info ? info->name : "?", get_le32(m + 1), m[7], m[8], m[9]);
	} else {
		fprintf(out, "%u.%u %u %s len=%u status=%02x error=%02x p=%02x", r->iface, m[5],
			m[6], answer_name(m[0]), get_le32(m + 1), m[7], m[8], m[9]);
	}
	if (at < r->len)
		fputc(' ', out);
	for (; at < r->len; at++)
		fprintf(out, "%02X", m[at]);
	fputc('\n', out);
}

static void print_record(FILE *out, const struct record *r)
{
	fprintf(out, "%lu %llu %c ", r->number, (unsigned long long)r->time_us, r->kind);
	if (r->kind == '#')
		fprintf(out, "%.*s\n", (int)r->len, (const char *)r->data);
	else
		print_message(out, r);
}

static void add(char kind, unsigned int iface, const void *data, size_t len)
{
	size_t size = (sizeof(struct record) + len + 15) & ~(size_t)15;
	struct record *r = ring_take(size);

	r->time_us = timer_now();
	r->number = next_number++;
	r->size = (uint32_t)size;
	r->len = (uint32_t)len;
	r->iface = (uint8_t)iface;
	r->kind = kind;
	if (len)
		memcpy(r->data, data, len);
	if (log_file) {
		print_record(log_file, r);
		flush_later();
	}
}

void trace_message(unsigned int iface, char direction, const uint8_t *msg, size_t len)
{
	add(direction, iface, msg, len);
}

void trace_note(const char *fmt, ...)
{
	char text[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(text))
		n = sizeof(text) - 1;
	add('#', 0, text, (size_t)n);
}

static unsigned int print_range(FILE *out, size_t from, size_t to, unsigned long since)
{
	unsigned int n = 0;

	for (; from < to; from += record_at(from)->size) {
		if (record_at(from)->number < since)
			continue;
		if (out)
			print_record(out, record_at(from));
		n++;
	}
	return n;
}

unsigned int trace_print(FILE *out, unsigned long since)
{
	unsigned int n = 0;

	if (ring_wrapped)
		n = print_range(out, ring_first, ring_wrap, since);
	return n + print_range(out, ring_wrapped ? 0 : ring_first, ring_end, since);
}

void trace_clear(void)
{
	ring_first = 0;
	ring_end = 0;
	ring_wrapped = false;
}

bool trace_open(const char *file)
{
	log_file = fopen(file, "we");
	return log_file;
}
