/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all parts of the soak test share: counters of all processes, random numbers, time. */
#ifndef SOAK_H
#define SOAK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#define SOAK_KINDS	48	/* faults, orders or deaths that have a counter */

/* In memory that all processes share */
struct soak {
	atomic_ulong connects;
	atomic_ulong apdus;
	atomic_ulong verified;		/* VERIFY with 9000 */
	atomic_ulong strangers;		/* a card that was verified, but not by its handle */
	atomic_ulong stuck;		/* processes that outlived SIGKILL for too long */
	atomic_ulong slow_orders;	/* orders to reader or driver that took too long */
	atomic_ulong dead_slots;	/* slots without an answer in a calm */
	atomic_ulong faults[SOAK_KINDS];
	atomic_ulong orders[SOAK_KINDS];
	atomic_ulong deaths[SOAK_KINDS];
	atomic_uint round;
	long calm_ms;			/* the longest calm until all slots answered */
	long death_ms;			/* the longest time from SIGKILL to the end of a process */
	unsigned long seed;
	unsigned int scale;		/* how much slower than real hardware this machine is */
};

extern struct soak *soak;

/* A failure, as a comment of TAP with round and seed; from any process. */
#define soak_note(format, ...) do {						\
	printf("# round %u, seed %lu: " format "\n", soak->round, soak->seed, ##__VA_ARGS__); \
	fflush(stdout);								\
} while (0)

/* xorshift64*; each user has its own, so that a seed gives each the same sequence. */
struct rnd {
	uint64_t state;
};

static inline void rnd_seed(struct rnd *rnd, uint64_t seed)
{
	rnd->state = (seed + 1) * 0x9e3779b97f4a7c15ULL;
	if (!rnd->state)
		rnd->state = 1;
}

/* From 0 to @range - 1 */
static inline unsigned int rnd_below(struct rnd *rnd, unsigned int range)
{
	uint64_t x = rnd->state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	rnd->state = x;
	return (unsigned int)((x * 0x2545f4914f6cdd1dULL >> 32) % range);
}

static inline void keep_longest(long *longest, long ms)
{
	if (ms > *longest)
		*longest = ms;
}

static inline long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#endif
