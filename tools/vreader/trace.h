/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ring of CCID messages in memory, and the same as a text log. */
#ifndef VREADER_TRACE_H
#define VREADER_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

bool trace_open(const char *file);

/* @direction: '<' to the reader, '>' from it, '!' interrupt */
void trace_message(unsigned int iface, char direction, const uint8_t *msg, size_t len);
void trace_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Print the records kept with a number of at least @since; @out may be NULL. Return how many. */
unsigned int trace_print(FILE *out, unsigned long since);
void trace_clear(void);
/* Write the buffered part of the log file. */
void trace_flush(void);

#endif
