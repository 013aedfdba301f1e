// SPDX-License-Identifier: GPL-2.0-or-later
/* SCardBeginTransaction and SCardTransmit by several client processes at once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"

#define HANDOVERS	40
#define HOLD_STEP_US	7919	/* spreads transactions over pcscd's interval */
#define HOLD_MAX_US	100000
#define CLIENT_APDUS	2048	/* in total */
#define CLIENT_RUNS	5
#define SLOTS		4
#define SLOT_APDUS	10	/* for each client */

static SCARDCONTEXT new_context(void)
{
	SCARDCONTEXT ctx;

	MUST(SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &ctx));
	return ctx;
}

static void post(int fd)
{
	if (write(fd, "", 1) != 1)
		die("write to a pipe");
}

static void await(int fd)
{
	char c;

	if (read(fd, &c, 1) != 1)
		die("another process has ended");
}

static void make_pipe(int fds[2])
{
	if (pipe(fds))
		die("pipe");
}

/* ---- hand-over of a transaction ---- */

static void next_owner(int go, int done, volatile uint64_t *got)
{
	SCARDCONTEXT ctx = new_context();
	SCARDHANDLE card = connect_to(ctx, reader_at(ctx, 0));
	int i;

	post(done);
	for (i = 0; i < HANDOVERS; i++) {
		await(go);
		MUST(SCardBeginTransaction(card));
		*got = now_ns();
		MUST(SCardEndTransaction(card, SCARD_LEAVE_CARD));
		post(done);
	}
	MUST(SCardDisconnect(card, SCARD_LEAVE_CARD));
	MUST(SCardReleaseContext(ctx));
	_exit(0);
}

void bench_handover(void)
{
	volatile uint64_t *got = mmap(NULL, sizeof(*got), PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t ns[HANDOVERS];
	int go[2], done[2], i;
	SCARDCONTEXT ctx;
	SCARDHANDLE card;

	if (got == MAP_FAILED)
		die("mmap");
	make_pipe(go);
	make_pipe(done);
	if (!fork())
		next_owner(go[0], done[1], got);
	ctx = new_context();
	card = connect_to(ctx, reader_at(ctx, 0));
	await(done[0]);
	for (i = 0; i < HANDOVERS; i++) {
		uint64_t ended;

		MUST(SCardBeginTransaction(card));
		post(go[1]);
		usleep(1000 + (useconds_t)i * HOLD_STEP_US % HOLD_MAX_US);
		ended = now_ns();
		MUST(SCardEndTransaction(card, SCARD_LEAVE_CARD));
		await(done[0]);
		ns[i] = *got - ended;
	}
	MUST(SCardDisconnect(card, SCARD_LEAVE_CARD));
	MUST(SCardReleaseContext(ctx));
	wait(NULL);
	report_latency("handover", ns, HANDOVERS);
}

/* ---- throughput ---- */

static void client_process(int go, int ready, int leave, unsigned int slot, unsigned int apdus)
{
	SCARDCONTEXT ctx = new_context();
	SCARDHANDLE card = connect_to(ctx, reader_at(ctx, slot));
	uint8_t apdu[5];
	size_t len = make_apdu(apdu, sizeof(apdu));

	transmit(card, apdu, len);
	post(ready);
	await(go);
	while (apdus--)
		transmit(card, apdu, len);
	post(ready);
	/* the rest is not measured, and must not slow down the others */
	await(leave);
	MUST(SCardDisconnect(card, SCARD_LEAVE_CARD));
	MUST(SCardReleaseContext(ctx));
	_exit(0);
}

/* Return the nanoseconds of n clients, each at its own slot or all at the first one. */
static uint64_t run_clients(const char *call, unsigned int n, bool own_slots, unsigned int apdus)
{
	int go[2], ready[2], leave[2], status;
	uint64_t start, end;
	unsigned int i;

	make_pipe(go);
	make_pipe(ready);
	make_pipe(leave);
	for (i = 0; i < n; i++) {
		if (!fork())
			client_process(go[0], ready[1], leave[0], own_slots ? i : 0, apdus);
	}
	for (i = 0; i < n; i++)
		await(ready[0]);
	profile_begin(call, n * apdus);
	start = now_ns();
	for (i = 0; i < n; i++)
		post(go[1]);
	for (i = 0; i < n; i++)
		await(ready[0]);
	end = now_ns();
	profile_end();
	for (i = 0; i < n; i++)
		post(leave[1]);
	for (i = 0; i < n; i++) {
		if (wait(&status) < 0 || status)
			die("a client has failed");
	}
	close(go[0]);
	close(go[1]);
	close(ready[0]);
	close(ready[1]);
	close(leave[0]);
	close(leave[1]);
	return end - start;
}

static void report_throughput(const char *call, uint64_t apdus, uint64_t ns)
{
	report(call, "apdus_per_second", (double)apdus * 1e9 / (double)ns);
}

/* Alternate, and take the median of several runs, as the machine sometimes runs other work. */
void bench_clients(void)
{
	unsigned int each = CLIENT_APDUS / options.clients;
	unsigned int runs = profiling() ? 1 : CLIENT_RUNS, i;
	uint64_t apdus = (uint64_t)each * options.clients;
	uint64_t one[CLIENT_RUNS], all[CLIENT_RUNS];
	char name[32];

	snprintf(name, sizeof(name), "clients-%u", options.clients);
	for (i = 0; i < runs; i++) {
		one[i] = run_clients("clients-1", 1, false, (unsigned int)apdus);
		all[i] = run_clients(name, options.clients, false, each);
	}
	report_throughput("clients-1", apdus, median(one, runs));
	report_throughput(name, apdus, median(all, runs));
}

void bench_slots(void)
{
	report_throughput("slots-1", SLOT_APDUS, run_clients("slots-1", 1, true, SLOT_APDUS));
	report_throughput("slots-4", SLOTS * SLOT_APDUS,
			  run_clients("slots-4", SLOTS, true, SLOT_APDUS));
}
