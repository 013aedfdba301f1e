/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random numbers that a seed repeats. */
#ifndef VREADER_PRNG_H
#define VREADER_PRNG_H

#include <stdint.h>

void prng_seed(uint64_t seed);
uint64_t prng_seed_get(void);
uint32_t prng_next(void);

#endif
