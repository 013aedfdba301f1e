/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Monotonic time in milliseconds. */
#ifndef SCARD_CLOCK_H
#define SCARD_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t scard_clock_read(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static inline int64_t scard_clock_ms(void)
{
	return scard_clock_read(CLOCK_MONOTONIC);
}

/* Up to one tick late, but cheap: does not read the hardware clock. */
static inline int64_t scard_clock_coarse_ms(void)
{
	return scard_clock_read(CLOCK_MONOTONIC_COARSE);
}

#endif /* SCARD_CLOCK_H */
