// SPDX-License-Identifier: GPL-2.0-or-later
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int text_hex(const char *hex, uint8_t *out, size_t max)
{
	size_t n = strlen(hex) / 2;

	if (strlen(hex) % 2 || n > max)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (sscanf(hex + 2 * i, "%2hhx", &out[i]) != 1)
			return -1;
	return (int)n;
}

bool text_number(const char *text, int base, long min, long max, long *out)
{
	char *end;

	*out = strtol(text, &end, base);
	return end != text && !*end && *out >= min && *out <= max;
}

bool text_copy(char *to, size_t size, const char *from)
{
	return (size_t)snprintf(to, size, "%s", from) < size;
}

int text_find(const char *const *list, const char *word)
{
	for (int i = 0; list[i]; i++)
		if (!strcmp(list[i], word))
			return i;
	return -1;
}
