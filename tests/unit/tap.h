/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the unit tests share: results as TAP, and bytes written in hexadecimal. */
#ifndef TESTS_UNIT_TAP_H
#define TESTS_UNIT_TAP_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "atr.h"
#include "port.h"

/* Begin a test; it passes if no check fails until the next one begins. */
void test(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* End the last one and print the plan; the program's status. */
int tests_end(void);

void check_failed(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define CHECK(condition) do {							\
	if (!(condition))							\
		check_failed(__FILE__, __LINE__, "%s", #condition);		\
} while (0)

#define CHECK_EQ(got, want) do {						\
	long got_ = (got), want_ = (want);					\
	if (got_ != want_)							\
		check_failed(__FILE__, __LINE__, "%s is %ld (0x%lx), not %ld (0x%lx)",	\
			     #got, got_, got_, want_, want_);			\
} while (0)

#define CHECK_HEX(got, len, want) check_hex(__FILE__, __LINE__, #got, got, len, want)

void check_hex(const char *file, int line, const char *name, const u8 *got, size_t len,
	       const char *want);

/*
 * Bytes of a text such as "00 A4 0400", in memory of exactly that length so that
 * the sanitizer sees an access behind them. The caller frees them.
 */
u8 *hex(const char *text, u32 *len);

/* An ATR of such a text, which must be a good one. */
struct atr parse_atr(const char *text);

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif /* TESTS_UNIT_TAP_H */
