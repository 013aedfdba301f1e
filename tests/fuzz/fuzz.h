/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the fuzzers: take input apart, and state the rules. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdio.h>
#include <stdlib.h>

#include "port.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define HOLDS(condition) do {							\
	if (!(condition)) {							\
		fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__,	\
			#condition);						\
		abort();							\
	}									\
} while (0)

/* The input; after its end it continues with zeros. */
struct input {
	const u8 *p;
	size_t len;
};

static inline u8 take(struct input *in)
{
	if (!in->len)
		return 0;
	in->len--;
	return *in->p++;
}

static inline u16 take16(struct input *in)
{
	u8 low = take(in);

	return low | take(in) << 8;
}

static inline u32 take32(struct input *in)
{
	u32 low = take16(in);

	return low | (u32)take16(in) << 16;
}

/* Return a copy of exactly @n bytes, so that the sanitizer finds reads past its end. */
static inline u8 *take_copy(struct input *in, size_t n)
{
	u8 *copy = malloc(n ? n : 1);
	size_t i;

	for (i = 0; i < n; i++)
		copy[i] = take(in);
	return copy;
}

#endif /* TESTS_FUZZ_FUZZ_H */
