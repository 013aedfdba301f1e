/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SCARD_TESTS_PARSE_ATR_H
#define SCARD_TESTS_PARSE_ATR_H

#include "atr.h"
#include "unit.h"

/* An ATR of a text in hexadecimal, which must be a good one. */
static inline struct atr parse_atr(const char *text)
{
	struct atr a;
	u32 len;
	u8 *buf = scard_test_hex(text, &len);

	CHECK_EQ(ccid_atr_parse(&a, buf, len), 0);
	scard_test_free(buf);
	return a;
}

#endif /* SCARD_TESTS_PARSE_ATR_H */
