// SPDX-License-Identifier: GPL-2.0-or-later
/* See random.h. */
#include "random.h"

static uint64_t state = 1;

void random_seed(uint64_t seed)
{
	state = (seed + 1) * 0x9e3779b97f4a7c15ULL;
	if (!state)
		state = 1;
}

/* xorshift64* */
uint32_t random_below(uint32_t range)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return range ? (uint32_t)((state * 0x2545f4914f6cdd1dULL >> 32) % range) : 0;
}
