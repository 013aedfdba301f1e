/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Measure the cost of calls in a virtual machine that counts instructions (tests/vm/run -i): its
 * time stamp counter advances by two for each instruction of the guest and by one for each
 * nanosecond, and reading it is one instruction.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <x86intrin.h>

#define NS_PER_INSTRUCTION	2
#define CARD_NAME		"bench-card"	/* process.c's, as the kernel calls it */

static inline uint64_t now_ns(void)
{
	return __rdtsc();
}

/* Nanoseconds in which the CPU was not idle. Needs clock_open(). */
extern const volatile uint64_t *idle_ns;
void clock_open(void);

static inline uint64_t busy_ns(void)
{
	return __rdtsc() - *idle_ns;
}

/* busy_ns() at the first interrupt after 100 ms without one */
static inline uint64_t woken_ns(void)
{
	return idle_ns[1];
}

/* Print a line "STACK READER CALL FIGURE VALUE"; report_as() sets the first two. */
void report_as(const char *stack, const char *reader);
void report(const char *call, const char *figure, double value);
/* Return the median; sorts the values. */
uint64_t median(uint64_t *values, size_t n);
/* Print the median and 99th percentile; sorts the samples. For busy_ns(): instructions, too. */
void report_latency(const char *call, uint64_t *ns, size_t n);
void report_busy(const char *call, uint64_t *ns, size_t n);

/* Events of the whole machine, which has one CPU, including those of servers and workers. */
enum {
	COUNT_SYSCALLS,
	COUNT_SWITCHES,
	COUNT_WAKEUPS,
	COUNT_WORKS,
	COUNT_KMALLOC,
	COUNT_CACHE_ALLOC,
	COUNT_PAGE_ALLOC,
	NCOUNTERS
};
void counters_open(void);
void counters_close(void);
/* From now on count only the wake-ups of these programs, and the works of these queues. */
void counters_only(const char *comms, const char *queues);
void counters_start(void);
void counters_stop(uint64_t counts[NCOUNTERS]);
/* Allocations of the kernel, except those of the host controller's driver */
uint64_t counters_allocations(const uint64_t counts[NCOUNTERS]);
/* Call it a few times; print its system calls, context switches and allocations. */
void report_counts(const char *call, void (*run)(void));

/*
 * Profile the code between these calls, if count.c is loaded and -p was given. Prints for
 * profile.py the call, and the addresses of this program's code. For events, profile_wait() stops
 * the count until the first interrupt after a pause.
 */
void profile_open(void);
bool profiling(void);
void profile_begin(const char *call, unsigned int rounds);
void profile_wait(void);
void profile_end(void);

void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
