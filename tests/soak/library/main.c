// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: library [-d SECONDS] [-s SEED] [-x SCALE]
 *
 * In the virtual machine, see ../run -L. Rounds of a burst and a calm: in a burst the crew
 * (crew.c) and its children, daemons and programs that close all descriptors (family.c) use the
 * library, while the reader loses cards, power, cable and driver. In the calm each thread must
 * reach a card, release its context, and leave nothing. Every result is checked (calls.c); the
 * timing is the machine's, the rest is the same for the same seed.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../tap.h"
#include "../health.h"
#include "../reader.h"
#include "calls.h"
#include "crew.h"
#include "family.h"
#include "usb.h"
#include "vr.h"

#define BURST_MS	20000
#define FAMILIES	3	/* at the same time */
#define OUT_MS		500	/* for a reader to be configured, else it is plugged again */
#define REST_MS		60000	/* for all to come to rest */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLOWER	3
#else
#define SLOWER	1
#endif

struct soak *soak;
struct library *library;
static unsigned long plugs;
static pid_t crew;

/* ---- processes ---- */

/* The crew, and what its children and the families leave: this process is the subreaper. */
static void reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == crew)
			crew = 0;
		if (!status)
			continue;
		library->bad_ends++;
		soak_note("process %d ended with 0x%x", pid, status);
	}
}

static void print_stacks(int process)
{
	char command[300];

	snprintf(command, sizeof(command),
		 "{ for t in /proc/%d/task/*; do echo $t; cat $t/wchan; echo; cat $t/stack; done; "
		 "timeout 300 gdb -p %d -batch -ex 'thread apply all bt'; } 2>&1 | sed 's/^/# /'",
		 process, process);
	fflush(stdout);
	if (system(command))
		return;
}

/* All is well so far: no call takes too long, and the crew runs. */
static bool watch(void)
{
	int process = call_stuck();

	reap();
	if (!process && is_calm() && crew &&
	    now_ms() - library->calm_since > REST_MS * (long)soak->scale) {
		soak_note("no rest in this calm, %d processes beside the crew", library->families);
		process = crew;
	}
	if (process) {
		soak->stuck++;
		print_stacks(process);
	} else if (!crew && !library->end) {
		soak_note("the crew has ended");
		process = -1;
	}
	return !process;
}

/* ---- rounds ---- */

static void plug(struct rnd *rnd)
{
	unsigned int out = rnd_below(rnd, 300);

	if (vr_try("unplug"))
		return;
	pause_ms(out);
	vr_try("replug");
	plugs++;
}

/* Without reader, driver and card there is little to do; replug would unplug a reader. */
static void restore(struct rnd *rnd, const struct reader *reader)
{
	static long out_since;

	if (!strstr(vr_do("info"), "configured=0")) {
		out_since = 0;
		usb_bind(true);
	} else if (!out_since) {
		out_since = now_ms();
	} else if (now_ms() - out_since > OUT_MS * (long)soak->scale) {
		vr_try("replug");
		out_since = 0;
	}
	if (!reader->token && !rnd_below(rnd, 4))
		vr_try("insert %u " VR_CARD, rnd_below(rnd, reader->slots));
}

static void step(struct rnd *rnd, const struct reader *reader)
{
	unsigned int what = rnd_below(rnd, 32);

	if (what < 2)
		plug(rnd);
	else if (what < 6)
		reader_order(rnd, reader);
	else if (what < 10 && library->families < FAMILIES)
		family_start(rnd);
	pause_ms(rnd_below(rnd, 400));
	restore(rnd, reader);
}

static bool burst(struct rnd *rnd, const struct reader *reader)
{
	long end = now_ms() + BURST_MS;
	bool good = true;

	while (good && now_ms() < end) {
		step(rnd, reader);
		good = watch();
	}
	return good;
}

/* Ends when all is at rest, or by the watchdog. */
static bool calm(const struct reader *reader, bool last)
{
	bool good = true;

	reader_calm(reader);
	library->calm_since = now_ms();
	library->phase++;
	library->end = last;
	while (good && (library->families || library->measured != library->phase)) {
		pause_ms(20);
		good = watch();
	}
	keep_longest(&soak->calm_ms, now_ms() - library->calm_since);
	health_slots(reader);
	return good;
}

static bool round_run(unsigned long seed, bool last)
{
	const struct reader *reader;
	struct rnd rnd;
	bool good;

	rnd_seed(&rnd, seed * 1000003 + soak->round);
	reader = reader_start(&rnd);
	if (!crew) {
		fflush(stdout);
		crew = fork();
		if (!crew)
			crew_run(seed);
	} else {
		library->phase++;
	}
	good = burst(&rnd, reader) && calm(reader, last);
	soak->round++;
	return good;
}

static bool crew_end(void)
{
	bool good = true;

	while (good && crew) {
		pause_ms(20);
		good = watch();
	}
	return good;
}

/* ---- results ---- */

static void print(unsigned long seed)
{
	unsigned long all = 0;
	unsigned int i, code;

	for (i = 0; i < CALLS; i++) {
		for (code = 0; code < CODES; code++)
			all += library->results[i][code];
	}
	calls_print();
	printf("# orders:");
	for (i = 0; reader_order_name(i); i++)
		printf(" %s %lu", reader_order_name(i), soak->orders[i]);
	printf("\n# seed %lu: %u rounds, %lu calls, %lu echoes, %lu verified, %lu forks, %lu daemons, %lu times all descriptors closed, %lu threads cancelled, %lu contexts released by others, %lu signals, %lu plugs; heap %+ld bytes, longest calm %ld ms\n",
	       seed, soak->round, all, library->echoes, library->verified, library->forks,
	       library->daemons, library->closed, library->cancelled, library->robbed,
	       library->signals, plugs, library->heap, soak->calm_ms);
}

static void *shared(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		exit(2);
	return memory;
}

int main(int argc, char **argv)
{
	unsigned long seed = (unsigned long)time(NULL);
	long seconds = 60, begin = now_ms();
	bool good = true;
	int option, status;

	soak = shared(sizeof(*soak));
	library = shared(sizeof(*library));
	soak->scale = SLOWER;
	while ((option = getopt(argc, argv, "d:s:x:")) != -1) {
		if (option == 'd')
			seconds = strtol(optarg, NULL, 10);
		else if (option == 's')
			seed = strtoul(optarg, NULL, 0);
		else if (option == 'x')
			soak->scale = SLOWER * (unsigned int)strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	soak->seed = seed;
	printf("# seed %lu, %ld s, limits times %u\n", seed, seconds, soak->scale);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	while (good && !library->end)
		good = round_run(seed, now_ms() - begin >= seconds * 1000 - BURST_MS);
	good = good && crew_end();
	if (crew)
		kill(crew, SIGKILL);
	vr_stop();

	tap_result(good && !soak->stuck, "no thread is stuck");
	tap_result(!library->wrong, "each call has a result that can be, each answer is the card's");
	tap_result(good && !library->dead, "in each calm each thread reaches a card");
	tap_result(good && !soak->dead_slots, "in each calm each slot answers, and has no handle");
	tap_result(!library->left, "no descriptor is left");
	tap_result(!library->grown, "the heap does not grow");
	tap_result(!library->bad_ends, "each process ends with status 0");
	tap_result(good && !module_remove(), "the module can be unloaded");
	status = tap_end();
	print(seed);
	return status;
}
