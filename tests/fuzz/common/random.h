/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random numbers that a seed repeats, of each process its own. */
#ifndef FUZZ_RANDOM_H
#define FUZZ_RANDOM_H

#include <stdint.h>

void random_seed(uint64_t seed);
/* From 0 to @range - 1; 0 if @range is 0 */
uint32_t random_below(uint32_t range);

#endif
