// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Durations: of a call until it returns, of a command on the wire until its answer. A handle
 * has one call at a time and a slot one command; if threads share a handle, the latest call
 * counts.
 */
#include <string.h>

#include "trace.h"

#define SPANS	512	/* at a time; a new one replaces the oldest */

struct span {
	int minor;
	long handle;		/* -1: the wire */
	uint64_t since_us;	/* 0: unused */
};

static struct span spans[SPANS];

static struct span *find(int minor, long handle)
{
	size_t i;

	for (i = 0; i < SPANS; i++)
		if (spans[i].since_us && spans[i].minor == minor && spans[i].handle == handle)
			return &spans[i];
	return NULL;
}

static void begin(int minor, long handle, uint64_t time_us)
{
	struct span *s = find(minor, handle);
	size_t i;

	if (!s) {
		s = &spans[0];
		for (i = 1; i < SPANS; i++)
			if (spans[i].since_us < s->since_us)
				s = &spans[i];
	}
	*s = (struct span){ .minor = minor, .handle = handle, .since_us = time_us };
}

static bool end(int minor, long handle, uint64_t time_us, uint64_t *took_us)
{
	struct span *s = find(minor, handle);

	if (!s)
		return false;
	*took_us = time_us - s->since_us;
	s->since_us = 0;
	return true;
}

static bool is(const struct trace_event *e, const char *name)
{
	return !strcmp(e->name, name);
}

/* Record the event; true if it ends a call or command. */
bool trace_span(const struct trace_event *e, uint64_t *took_us)
{
	long handle = trace_number(e, "handle");

	if (is(e, "connect") || is(e, "disconnect") || is(e, "call") || is(e, "transmit") ||
	    is(e, "control"))
		begin(e->minor, handle, e->time_us);
	else if (is(e, "ccid_send"))
		begin(e->minor, -1, e->time_us);
	else if (is(e, "return"))
		return end(e->minor, handle, e->time_us, took_us);
	else if (is(e, "ccid_fail"))
		return end(e->minor, -1, e->time_us, took_us);
	else if (is(e, "ccid_receive") && trace_number(e, "matched") &&
		 trace_number(e, "cmd") != 2)	/* 2: time extension */
		return end(e->minor, -1, e->time_us, took_us);
	return false;
}
