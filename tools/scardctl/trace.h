/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scardctl trace: trace.c has options and output, trace_source.c the private instance of
 * tracefs, trace_parse.c parses a line, trace_span.c computes durations, trace_words.c
 * describes an event in words.
 */
#ifndef TRACE_H
#define TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRACE_FIELDS	16

/* NAME=VALUE of an event */
struct trace_field {
	const char *name;
	const char *value;
};

/* An event; its strings point into the parsed line */
struct trace_event {
	char process[20];
	unsigned int pid;
	uint64_t time_us;
	const char *name;		/* without "scard_" */
	int minor;			/* -1: event of the whole reader */
	const char *word;		/* name of the call or message, or NULL */
	struct trace_field fields[TRACE_FIELDS];
	size_t count;
};

/* trace_source.c */
struct trace_source {
	int dir;			/* the instance, locked; -1: none */
	int pipe;
	char path[96];
};

int trace_source_open(struct trace_source *source);
void trace_source_stop(const struct trace_source *source);
bool trace_source_alive(const struct trace_source *source);
void trace_source_close(struct trace_source *source);

/* trace_parse.c */
bool trace_parse(char *line, struct trace_event *event);
void trace_name(char *name, size_t len);
unsigned long trace_lost(const char *line);
const char *trace_value(const struct trace_event *event, const char *name);
long trace_number(const struct trace_event *event, const char *name);

/* trace_span.c */
bool trace_span(const struct trace_event *event, uint64_t *took_us);

/* trace_words.c */
void trace_words(const struct trace_event *event, char *buf, size_t size);

#endif
