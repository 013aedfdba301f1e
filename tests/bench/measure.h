/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Measuring the cost of calls, in a virtual machine that counts instructions
 * (tests/vm/run -i): there the time stamp counter advances by two for each instruction
 * of the guest, by one a nanosecond, and reading it is one instruction.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <x86intrin.h>

#define NS_PER_INSTRUCTION	2

static inline uint64_t now_ns(void)
{
	return __rdtsc();
}

/* Nanoseconds in which the CPU was not idle: what was executed. After clock_open(). */
extern const volatile uint64_t *idle_ns;
void clock_open(void);

static inline uint64_t busy_ns(void)
{
	return __rdtsc() - *idle_ns;
}

/* What busy_ns() was when an interrupt came after 100 ms without any */
static inline uint64_t woken_ns(void)
{
	return idle_ns[1];
}

/* A line "STACK READER CALL FIGURE VALUE"; set the first two once. */
void report_as(const char *stack, const char *reader);
void report(const char *call, const char *figure, double value);
/* Sorts the values. */
uint64_t median(uint64_t *values, size_t n);
/* Median and 99th percentile; sorts the samples. Of busy_ns(): instructions too. */
void report_latency(const char *call, uint64_t *ns, size_t n);
void report_busy(const char *call, uint64_t *ns, size_t n);

/* Events of the whole machine, which has one CPU: those of servers and workers count too. */
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
/* From now on, only the wake-ups of these programs, and works of these queues, count. */
void counters_only(const char *comms, const char *queues);
void counters_start(void);
void counters_stop(uint64_t counts[NCOUNTERS]);
/* Allocations in the kernel, the host controller driver's apart */
uint64_t counters_allocations(const uint64_t counts[NCOUNTERS]);

/*
 * What is between these is profiled, where count.c looks on and -p was given. Tells
 * profile.py what it is, and where this program's code lies. For events, nothing counts
 * from profile_wait() to the first interrupt after a while.
 */
void profile_open(void);
bool profiling(void);
void profile_begin(const char *call, unsigned int rounds);
void profile_wait(void);
void profile_end(void);

void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
