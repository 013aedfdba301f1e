/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the unit tests: bytes written in hexadecimal. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <stdio.h>
#include <stdlib.h>

#include "../tap.h"
#include "atr.h"
#include "port.h"

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

#endif /* TESTS_UNIT_H */
