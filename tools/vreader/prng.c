// SPDX-License-Identifier: GPL-2.0-or-later
#include "prng.h"

static uint64_t seed, state;

void prng_seed(uint64_t s)
{
	seed = s;
	state = s ? s : 1;
}

uint64_t prng_seed_get(void)
{
	return seed;
}

/* xorshift64*: the same numbers on every machine. */
uint32_t prng_next(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)(state * 0x2545f4914f6cdd1dULL >> 32);
}
