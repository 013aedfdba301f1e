// SPDX-License-Identifier: GPL-2.0-or-later
#include "measure.h"
#include "mark.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TRACING	"/sys/kernel/tracing"
#define BLOCKS	5	/* rounds for the counters, which are not timed */
#define COUNTED	20	/* rounds in a block */

static const char *stack_name, *reader_name;
static int counters[NCOUNTERS];

void die(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "bench: %s: ", stack_name ? stack_name : "?");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

void report_as(const char *stack, const char *reader)
{
	stack_name = stack;
	reader_name = reader;
}

void report(const char *call, const char *figure, double value)
{
	printf("%s\t%s\t%s\t%s\t%.3f\n", stack_name, reader_name, call, figure, value);
	fflush(stdout);
}

const volatile uint64_t *idle_ns;

void clock_open(void)
{
	int fd = open("/dev/idle_clock", O_RDONLY | O_CLOEXEC);

	idle_ns = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ, MAP_SHARED, fd, 0);
	if (idle_ns == MAP_FAILED)
		die("no /dev/idle_clock");
	close(fd);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

uint64_t median(uint64_t *values, size_t n)
{
	qsort(values, n, sizeof(*values), by_value);
	return values[n / 2];
}

void report_latency(const char *call, uint64_t *ns, size_t n)
{
	report(call, "median_us", (double)median(ns, n) / 1000);
	report(call, "p99_us", (double)ns[n * 99 / 100] / 1000);
}

void report_busy(const char *call, uint64_t *ns, size_t n)
{
	report_latency(call, ns, n);
	report(call, "instructions", (double)ns[n / 2] / NS_PER_INSTRUCTION);
}

static int counter_open(uint32_t type, uint64_t config)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = type,
		.config = config,
		.disabled = 1,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		die("perf_event_open: %s", strerror(errno));
	return fd;
}

static uint64_t tracepoint(const char *name)
{
	char path[128];
	unsigned long id;
	FILE *f;

	snprintf(path, sizeof(path), TRACING "/events/%s/id", name);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%lu", &id) != 1)
		die("no tracepoint %s", name);
	fclose(f);
	return id;
}

/*
 * Count memory allocations, except those of the host controller's driver, which allocates for
 * each transfer.
 */
static void count_allocations(void)
{
	static const char *const names[] = {
		[COUNT_KMALLOC] = "kmem/kmalloc",
		[COUNT_CACHE_ALLOC] = "kmem/kmem_cache_alloc",
		[COUNT_PAGE_ALLOC] = "kmem/mm_page_alloc",
	};
	unsigned long size, start = 0;
	char line[256], filter[128];
	FILE *f = fopen("/proc/modules", "re");
	int i;

	while (f && !start && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "xhci_hcd %lu %*u %*s Live %lx", &size, &start) != 2)
			start = 0;
	}
	if (!start)
		die("xhci_hcd is not loaded");
	fclose(f);
	snprintf(filter, sizeof(filter), "call_site < %#lx || call_site >= %#lx", start,
		 start + size);
	for (i = COUNT_KMALLOC; i <= COUNT_PAGE_ALLOC; i++) {
		counters[i] = counter_open(PERF_TYPE_TRACEPOINT, tracepoint(names[i]));
		if (i < COUNT_PAGE_ALLOC && ioctl(counters[i], PERF_EVENT_IOC_SET_FILTER, filter))
			die("filter: %s", strerror(errno));
	}
}

void counters_open(void)
{
	if (access(TRACING "/events", F_OK) && mount("tracefs", TRACING, "tracefs", 0, NULL))
		die("tracefs: %s", strerror(errno));
	counters[COUNT_SYSCALLS] = counter_open(PERF_TYPE_TRACEPOINT,
						tracepoint("raw_syscalls/sys_enter"));
	counters[COUNT_SWITCHES] = counter_open(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES);
	counters[COUNT_WAKEUPS] = counter_open(PERF_TYPE_TRACEPOINT, tracepoint("sched/sched_waking"));
	counters[COUNT_WORKS] = counter_open(PERF_TYPE_TRACEPOINT,
					     tracepoint("workqueue/workqueue_queue_work"));
	count_allocations();
}

/*
 * Open counters slow down each system call and task switch of any program: close them before time
 * is measured.
 */
void counters_close(void)
{
	int i;

	for (i = 0; i < NCOUNTERS; i++)
		close(counters[i]);
}

void counters_only(const char *comms, const char *queues)
{
	if (ioctl(counters[COUNT_WAKEUPS], PERF_EVENT_IOC_SET_FILTER, comms) ||
	    ioctl(counters[COUNT_WORKS], PERF_EVENT_IOC_SET_FILTER, queues))
		die("filter: %s", strerror(errno));
}

void counters_start(void)
{
	int i;

	for (i = NCOUNTERS; i-- > 0;)
		ioctl(counters[i], PERF_EVENT_IOC_RESET, 0);
	/* system calls last: the first counted one is the caller's */
	for (i = NCOUNTERS; i-- > 0;)
		ioctl(counters[i], PERF_EVENT_IOC_ENABLE, 0);
}

void counters_stop(uint64_t counts[NCOUNTERS])
{
	int i;

	for (i = 0; i < NCOUNTERS; i++) {
		ioctl(counters[i], PERF_EVENT_IOC_DISABLE, 0);
		if (read(counters[i], &counts[i], sizeof(counts[i])) != sizeof(counts[i]))
			die("read of a counter: %s", strerror(errno));
	}
	counts[COUNT_SYSCALLS]--;	/* the call that stopped the counter */
}

uint64_t counters_allocations(const uint64_t counts[NCOUNTERS])
{
	uint64_t sum = 0;
	int i;

	for (i = COUNT_KMALLOC; i <= COUNT_PAGE_ALLOC; i++)
		sum += counts[i];
	return sum;
}

/* Take the median of several blocks, as the machine sometimes runs other work. */
void report_counts(const char *call, void (*run)(void))
{
	uint64_t syscalls[BLOCKS], switches[BLOCKS], allocations[BLOCKS], counts[NCOUNTERS];
	unsigned int i, j;

	counters_open();
	for (i = 0; i < BLOCKS; i++) {
		counters_start();
		for (j = 0; j < COUNTED; j++)
			run();
		counters_stop(counts);
		syscalls[i] = counts[COUNT_SYSCALLS];
		switches[i] = counts[COUNT_SWITCHES];
		allocations[i] = counters_allocations(counts);
	}
	counters_close();
	report(call, "syscalls", (double)median(syscalls, BLOCKS) / COUNTED);
	report(call, "switches", (double)median(switches, BLOCKS) / COUNTED);
	report(call, "allocations", (double)median(allocations, BLOCKS) / COUNTED);
}

/* ---- profiles ---- */

static bool profiled;

void profile_open(void)
{
	profiled = true;
}

bool profiling(void)
{
	return profiled;
}

static void print_map(void)
{
	char line[512];
	FILE *f = fopen("/proc/self/maps", "re");

	if (!f)
		die("/proc/self/maps");
	while (fgets(line, sizeof(line), f)) {
		if (strstr(line, " r-xp "))
			printf("map %s", line);
	}
	fclose(f);
}

void profile_begin(const char *call, unsigned int rounds)
{
	if (!profiled)
		return;
	printf("profile %s %s %s %u\n", stack_name, reader_name, call, rounds);
	print_map();
	fflush(stdout);
	mark_begin();
}

void profile_wait(void)
{
	if (profiled)
		mark_wait();
}

void profile_end(void)
{
	if (profiled)
		mark_end();
}
