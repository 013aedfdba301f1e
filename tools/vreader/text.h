/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Read values out of options and scenario lines. */
#ifndef VREADER_TEXT_H
#define VREADER_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Convert @hex to at most @max bytes. Return their number, or -1. */
int text_hex(const char *hex, uint8_t *out, size_t max);
/* Convert all of @text to a number from @min to @max. */
bool text_number(const char *text, int base, long min, long max, long *out);
/* Copy @from; false if it does not fit. */
bool text_copy(char *to, size_t size, const char *from);
/* The index of @word in @list, which ends with NULL, or -1. */
int text_find(const char *const *list, const char *word);

#endif
