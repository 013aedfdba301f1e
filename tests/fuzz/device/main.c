// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: fuzz [-t SECONDS] [-s SEED] [-x SCALE] [-o DIR] [-r HEX [-n TIMES]]
 *
 * In the virtual machine, see run: USB devices that are readers, more or less, on some ports of
 * vhci_hcd, each with clients; cases that reach code that none before has reached are kept and
 * changed. Prints comments of TAP, writes DIR/stats and DIR/places for run.
 *   -x SCALE  limits times this, for a slow machine
 *   -r HEX    only this case, on one port, and what its calls return
 *
 * Status: 1 if a process could not be killed, a valid reader did not work any more, a device stayed
 * after it was unplugged, or the kernel's log has a report.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "arguments.h"
#include "calls.h"
#include "case.h"
#include "client.h"
#include "corpus.h"
#include "cover.h"
#include "kmsg.h"
#include "port.h"
#include "random.h"
#include "usb.h"
#include "wire.h"

struct shared *shared;

static bool kcov;
static const char *dir;

unsigned long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned long)now.tv_sec * 1000 + (unsigned long)now.tv_nsec / 1000000;
}

static bool prepare(unsigned int scale)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED || !calls_init() || !kmsg_init() || !corpus_init())
		return false;
	signal(SIGPIPE, SIG_IGN);
	shared->scale = scale;
	kcov = cover_init();
	printf("# KCOV: %s\n", kcov ? "yes" : "no, cases are random");
	return true;
}

static pid_t start_port(unsigned int port, unsigned long seed, unsigned long end_ms,
			const struct fuzz_case *only, unsigned int times)
{
	pid_t pid = fork();
	char path[256];

	if (pid)
		return pid;
	random_seed(seed * PORTS + port);
	if (dir) {
		snprintf(path, sizeof(path), "%s/recent-%u", dir, port);
		if (!corpus_record(path))
			_exit(2);
	}
	/* the thread of vhci_hcd for this device; and, for the first port of a hub, that of it */
	if (kcov && !(cover_open(AREAS) &&
		      cover_enable_remote(AREA_REMOTE, port + 1, wire_bus(port))))
		printf("# port %u: no coverage of the kernel's threads: %s\n", port,
		       strerror(errno));
	exit(port_run(port, end_ms, only, times));
}

static void watch(unsigned long begin)
{
	unsigned long said = begin;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) >= 0) {
		if (pid && status) {
			printf("# port process %d ended with status %x\n", (int)pid, status);
			shared->failed = true;
		}
		if (kmsg_report())
			shared->failed = true;
		if (!pid)
			pause_ms(50);
		if (now_ms() - said < 10000)
			continue;
		said = now_ms();
		printf("# %lu s: %lu executions, %lu devices (%lu bound), %u places, %u kept\n",
		       (said - begin) / 1000, shared->executions, shared->devices, shared->bound,
		       cover_count(), corpus_count());
	}
	if (kmsg_report())
		shared->failed = true;
}

static void print_counts(void)
{
	unsigned int i;

	printf("# calls, good + bad:");
	for (i = 0; i < OPS; i++)
		printf(" %s %lu+%lu", fuzz_op_name(i), shared->good[i], shared->bad[i]);
	printf("\n# answers:");
	for (i = 0; i < HOWS; i++)
		printf(" %lu", shared->answered[i]);
	printf("\n# %lu cases at their limit; the slowest end %lu ms; valid readers: %lu\n",
	       shared->killed, shared->slowest_ms, shared->healthy);
}

static bool write_results(unsigned long seconds)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/places", dir);
	if (!cover_write(path))
		return false;
	snprintf(path, sizeof(path), "%s/stats", dir);
	file = fopen(path, "we");
	if (!file)
		return false;
	fprintf(file, "executions %lu\ndevices %lu\nbound %lu\nhealthy %lu\nseconds %lu\n",
		shared->executions, shared->devices, shared->bound, shared->healthy, seconds);
	return !fclose(file);
}

int main(int argc, char **argv)
{
	struct fuzz_options options;
	struct fuzz_case only;
	unsigned long begin;
	const char *hex;
	unsigned int i;

	if (!options_parse(&options, argc, argv))
		return 2;
	dir = options.dir;
	hex = options.hex;
	if (!prepare(options.scale)) {
		printf("# cannot begin: %s\n", strerror(errno));
		return 2;
	}
	if (hex && !case_from_hex(&only, hex)) {
		printf("# -r: not a case\n");
		return 2;
	}
	shared->tell = hex;
	if (hex)
		case_print(&only);
	begin = now_ms();
	for (i = 0; i < (hex ? 1 : PORTS); i++)
		start_port(i, options.seed, begin + 1000 * options.seconds, hex ? &only : NULL,
			   options.times);
	watch(begin);
	options.seconds = (now_ms() - begin) / 1000;
	print_counts();
	printf("# seed %lu: %lu executions, %u places, %u cases kept, %lu s\n", options.seed,
	       shared->executions, cover_count(), corpus_count(), options.seconds);
	if (dir && !write_results(options.seconds))
		return 2;
	return shared->failed;
}
