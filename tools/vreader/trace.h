/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What has passed: a ring of CCID messages in memory, a text log, a capture file. */
#ifndef VREADER_TRACE_H
#define VREADER_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct ccid;
struct urb;

bool trace_log_open(const char *file);
bool trace_pcap_open(const char *file);

/* @direction: '<' to the reader, '>' from it, '!' interrupt */
void trace_message(const struct ccid *ccid, char direction, const uint8_t *msg, size_t len);
void trace_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

void trace_urb_submit(const struct urb *urb);
void trace_urb_complete(const struct urb *urb, int status, const uint8_t *data, size_t actual);
void trace_urb_unlink(const struct urb *urb);

/* Lines kept with a number of at least @since; returns how many. */
unsigned int trace_print(FILE *out, unsigned long since);
void trace_clear(void);
/* Writes what is buffered. */
void trace_flush(void);

#endif
