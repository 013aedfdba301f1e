// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <stdio.h>

#include "unit.h"

u8 *hex(const char *text, u32 *len)
{
	size_t digits = 0, i = 0;
	const char *p;
	u8 *bytes;

	for (p = text; *p; p++)
		digits += !!isxdigit((unsigned char)*p);
	bytes = calloc(digits / 2 ? digits / 2 : 1, 1);
	for (p = text; *p && i / 2 < digits / 2; p++) {
		unsigned char c = toupper((unsigned char)*p);

		if (!isxdigit(c))
			continue;
		bytes[i / 2] |= (isdigit(c) ? c - '0' : c - 'A' + 10) << (i % 2 ? 0 : 4);
		i++;
	}
	*len = digits / 2;
	return bytes;
}

struct atr parse_atr(const char *text)
{
	struct atr a;
	u32 len;
	u8 *buf = hex(text, &len);

	CHECK_EQ(atr_parse(&a, buf, len), 0);
	free(buf);
	return a;
}

void check_hex(const char *file, int line, const char *what, const u8 *got, size_t len,
	       const char *want)
{
	char text[3 * 64 + 1] = "";
	u32 want_len;
	u8 *bytes = hex(want, &want_len);
	size_t i;

	if (want_len != len || (len && memcmp(got, bytes, len))) {
		for (i = 0; i < len && i < 64; i++)
			sprintf(text + 3 * i, "%02X ", got[i]);
		tap_fail(file, line, "%s is %s(%zu bytes), not %s", what, text, len, want);
	}
	free(bytes);
}
