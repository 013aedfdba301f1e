// SPDX-License-Identifier: GPL-2.0-or-later
/* Idle CPU time, memory and wake-ups of a stack, and its cost with many readers. */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"

#define IDLE_SETTLE_S	8	/* by then an unused card is powered off */
#define IDLE_S		20
#define CONTEXTS	100
#define HANDLES		100
#define READERS_ROUNDS	50

#define WAITER		"bench-waiter"

static SCARDCONTEXT new_context(void)
{
	SCARDCONTEXT ctx;

	MUST(SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &ctx));
	return ctx;
}

/* ---- idle ---- */

static void wait_for_ever(void)
{
	SCARDCONTEXT ctx = new_context();
	SCARD_READERSTATE state = { .szReader = reader_at(ctx, 0) };

	prctl(PR_SET_NAME, WAITER);
	/* a new reader may still send messages */
	for (;;) {
		MUST(SCardGetStatusChange(ctx, INFINITE, &state, 1));
		state.dwCurrentState = state.dwEventState & ~(DWORD)SCARD_STATE_CHANGED;
	}
}

void bench_idle(void)
{
	char filter[128];
	uint64_t counts[NCOUNTERS];
	pid_t waiter = fork();

	if (!waiter)
		wait_for_ever();
	snprintf(filter, sizeof(filter),
		 "comm == \"" WAITER "\" || comm == \"" CARD_NAME "\" || comm == \"%s\"",
		 options.server ? options.server : WAITER);
	counters_open();
	counters_only(filter, "workqueue ~ \"scard-*\"");
	sleep(IDLE_SETTLE_S);
	counters_start();
	sleep(IDLE_S);
	counters_stop(counts);
	if (waitpid(waiter, NULL, WNOHANG))
		die("the waiter has ended");
	report("idle", "wakeups_per_second",
	       (double)(counts[COUNT_WAKEUPS] + counts[COUNT_WORKS]) / IDLE_S);
	/* a counter that shows 0 must be shown to count */
	counters_start();
	kill(waiter, SIGKILL);
	waitpid(waiter, NULL, 0);
	counters_stop(counts);
	counters_close();
	if (!counts[COUNT_WAKEUPS])
		die("wake-ups are not counted");
}

/* ---- memory ---- */

/* Return the bytes of kernel objects in use: active objects of all slab caches. */
static double kernel_bytes(void)
{
	unsigned long active, all, size;
	double sum = 0;
	char line[512];
	FILE *f = fopen("/proc/slabinfo", "re");

	if (!f)
		die("/proc/slabinfo");
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*s %lu %lu %lu", &active, &all, &size) == 3)
			sum += (double)active * (double)size;
	}
	fclose(f);
	return sum;
}

/* Return the memory of the server process, without memory that it shares. */
static double server_bytes(void)
{
	char command[128];
	unsigned long kib = 0;
	FILE *f;

	if (!options.server)
		return 0;
	snprintf(command, sizeof(command),
		 "awk '/^RssAnon/ { print $2 }' /proc/$(pidof %s)/status", options.server);
	f = popen(command, "re");
	if (!f || fscanf(f, "%lu", &kib) != 1)
		die("the memory of %s", options.server);
	pclose(f);
	return (double)kib * 1024;
}

static double process_bytes(void)
{
	struct mallinfo2 info = mallinfo2();

	return (double)(info.uordblks + info.hblkhd);
}

struct memory {
	double kernel, server, process;
};

static struct memory memory_now(void)
{
	return (struct memory){ kernel_bytes(), server_bytes(), process_bytes() };
}

static void report_memory(const char *call, struct memory before, unsigned int n)
{
	struct memory now = memory_now();

	report(call, "kernel_bytes", (now.kernel - before.kernel) / n);
	report(call, "server_bytes", (now.server - before.server) / n);
	report(call, "process_bytes", (now.process - before.process) / n);
}

void bench_memory(void)
{
	static SCARDCONTEXT contexts[CONTEXTS];
	static SCARDHANDLE cards[HANDLES];
	SCARDCONTEXT ctx = new_context();
	const char *reader = reader_at(ctx, 0);
	struct memory before;
	int i;

	MUST(SCardDisconnect(connect_to(ctx, reader), SCARD_LEAVE_CARD));
	memory_now();
	before = memory_now();
	for (i = 0; i < CONTEXTS; i++)
		contexts[i] = new_context();
	report_memory("context", before, CONTEXTS);
	for (i = 0; i < CONTEXTS; i++)
		MUST(SCardReleaseContext(contexts[i]));

	before = memory_now();
	for (i = 0; i < HANDLES; i++)
		cards[i] = connect_to(ctx, reader);
	report_memory("handle", before, HANDLES);
	for (i = 0; i < HANDLES; i++)
		MUST(SCardDisconnect(cards[i], SCARD_LEAVE_CARD));
	MUST(SCardReleaseContext(ctx));
}

/* ---- many readers ---- */

void bench_readers(void)
{
	static uint64_t first[READERS_ROUNDS], again[READERS_ROUNDS], change[READERS_ROUNDS];
	static char names[65536];
	SCARD_READERSTATE *states;
	char call[64];
	unsigned int n = 0, i;
	SCARDCONTEXT ctx;
	const char *name;
	uint64_t start;
	DWORD len;

	for (i = 0; i < READERS_ROUNDS; i++) {
		ctx = new_context();
		len = sizeof(names);
		start = busy_ns();
		MUST(SCardListReaders(ctx, NULL, names, &len));
		first[i] = busy_ns() - start;
		MUST(SCardReleaseContext(ctx));
	}
	for (name = names; *name; name += strlen(name) + 1)
		n++;
	states = calloc(n, sizeof(*states));
	if (!states)
		die("out of memory");
	for (name = names, i = 0; *name; name += strlen(name) + 1)
		states[i++].szReader = name;
	ctx = new_context();
	MUST(SCardGetStatusChange(ctx, 0, states, n));
	for (i = 0; i < READERS_ROUNDS; i++) {
		static char out[65536];

		len = sizeof(out);
		start = busy_ns();
		MUST(SCardListReaders(ctx, NULL, out, &len));
		again[i] = busy_ns() - start;
		start = busy_ns();
		MUST(SCardGetStatusChange(ctx, 0, states, n));
		change[i] = busy_ns() - start;
	}
	MUST(SCardReleaseContext(ctx));
	free(states);
	snprintf(call, sizeof(call), "first-list-of-%u", n);
	report_busy(call, first, READERS_ROUNDS);
	snprintf(call, sizeof(call), "list-of-%u", n);
	report_busy(call, again, READERS_ROUNDS);
	snprintf(call, sizeof(call), "status-change-of-%u", n);
	report_busy(call, change, READERS_ROUNDS);
}
