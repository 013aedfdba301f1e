// SPDX-License-Identifier: GPL-2.0-or-later
/* Hexadecimal bytes: "3B 68 00", "3b:68:00" or "3B6800". */
#include <string.h>

#include "scardctl.h"

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Return the number of bytes, or -1 if @text is not hexadecimal or longer than @size. */
int hex_parse(const char *text, uint8_t *data, size_t size)
{
	size_t len = 0;

	for (;;) {
		int high, low;

		while (*text && strchr(" \t\n:", *text))
			text++;
		if (!*text)
			return (int)len;
		high = nibble(text[0]);
		low = high < 0 ? -1 : nibble(text[1]);
		if (low < 0 || len == size)
			return -1;
		data[len++] = (uint8_t)(high << 4 | low);
		text += 2;
	}
}

void hex_print(const uint8_t *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		printf("%s%02X", i ? " " : "", data[i]);
}
