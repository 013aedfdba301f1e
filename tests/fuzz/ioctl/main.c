// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: fuzz [-t SECONDS] [-s SEED] [-x SCALE] [-o DIR] [-r HEX [-n TIMES]]
 *
 * In the virtual machine, see run: random programs of calls to /dev/scardN and /dev/uscard, each in
 * a process; those that reach code that none before has reached are kept and changed. Prints
 * comments of TAP, writes DIR/stats and DIR/places for run.
 *   -x SCALE  limits times this, for a slow machine
 *   -r HEX    only this case, and what its calls return
 *
 * Status: 1 if a process could not be killed, a reader did not work any more, or the kernel's log
 * has a report.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/scard.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "arguments.h"
#include "calls.h"
#include "case.h"
#include "corpus.h"
#include "cover.h"
#include "exec.h"
#include "kmsg.h"
#include "random.h"
#include "server.h"
#include "usb.h"
#include "vr.h"

#define LIMIT_MS	400	/* for a case, before it is killed */
#define STUCK_MS	5000	/* for its processes to be gone then */
#define HEALTH_MS	5000	/* for a reader to work again */
#define USB_MS		5000	/* for vreader's reader to have a node */
#define HEALTH_CASES	64	/* between two looks at that */
#define DEBUGFS		"/sys/kernel/debug/"

struct shared *shared;

static unsigned int scale = 1;
static unsigned long executions, killed, slowest_ms;
static bool tell;

static unsigned long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned long)now.tv_sec * 1000 + (unsigned long)now.tv_nsec / 1000000;
}

/* All processes of a case are a process group. false: some are still there after a long time. */
static bool reap(pid_t group)
{
	unsigned long begin = now_ms(), ms;

	kill(-group, SIGKILL);
	while (waitpid(-group, NULL, WNOHANG) >= 0 || errno != ECHILD) {
		if (now_ms() - begin > STUCK_MS * scale)
			return false;
		pause_ms(1);
	}
	ms = now_ms() - begin;
	if (ms > slowest_ms)
		slowest_ms = ms;
	return true;
}

static bool run_process(void (*run)(const struct fuzz_case *c), const struct fuzz_case *c,
			unsigned int ms)
{
	pid_t pid = fork();
	struct pollfd p = { .events = POLLIN };
	int status;

	if (pid < 0)
		return true;
	if (!pid) {
		setpgid(0, 0);
		run(c);
	}
	setpgid(pid, pid);
	p.fd = pidfd_open(pid, 0);
	status = poll(&p, 1, (int)ms);
	if (!status)
		killed++;
	close(p.fd);
	return reap(pid);
}

static void run_case(const struct fuzz_case *c)
{
	exec_case(c, tell);
}

/*
 * Is the slot of the server's reader free, and its card well? Until it is, or for too long; a card
 * that has not answered once may be mute until another is inserted.
 */
static void __attribute__((noreturn)) use(const struct fuzz_case *c)
{
	struct scard_connect arg = { .share_mode = SCARD_MODE_EXCLUSIVE, .protocols = 3 };
	unsigned int i;
	char path[32];
	int fd;

	(void)c;
	for (i = 1;; i++) {
		snprintf(path, sizeof(path), "/dev/scard%u", shared->minor[0]);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd >= 0 && !ioctl(fd, SCARD_IOC_CONNECT, &arg)) {
			shared->well = true;
			_exit(0);
		}
		shared->why = fd < 0 ? -errno : errno;
		close(fd);
		pause_ms(20);
		if (i % 16)
			continue;
		server_order(ORDER_REMOVE);
		server_order(ORDER_INSERT);
	}
}

static bool healthy(void)
{
	server_calm();
	shared->well = false;
	if (run_process(use, NULL, HEALTH_MS * scale) && shared->well)
		return true;
	printf("# the reader does not work after %u ms: %s: %s\n", HEALTH_MS * scale,
	       shared->why < 0 ? "open" : "CONNECT", strerror(abs(shared->why)));
	file_set("/proc/sysrq-trigger", "w");
	corpus_print_recent();
	return false;
}

static void calm(const struct fuzz_case *c)
{
	bool usb = c->head[0] >= HEAD_USB && shared->usb;

	if (case_has(c, OP_FREEZE) && shared->cgroup)
		file_set(FREEZER_GROUP "/cgroup.freeze", "0");
	server_calm();
	if (usb && case_has(c, OP_CARD)) {
		vr_try("fault clear");
		vr_try("insert 0 " VR_CARD);
	}
	if (usb && case_has(c, OP_PLUG))
		vr_try("replug");
}

/* false: something is wrong, which has been told */
static bool run_one(const struct fuzz_case *c)
{
	bool gone;

	corpus_run(c);
	shared->tasks = 0;
	cover_begin();
	gone = run_process(run_case, c, LIMIT_MS * scale);
	executions++;
	if (cover_end() && !tell)
		corpus_keep(c);
	calm(c);
	if (!gone) {
		printf("# a process is still there %u ms after SIGKILL\n", STUCK_MS * scale);
		file_set("/proc/sysrq-trigger", "w");
	}
	if (!gone || kmsg_report()) {
		corpus_print_recent();
		return false;
	}
	return (executions % HEALTH_CASES && !tell) || healthy();
}

static bool run_for(unsigned long seconds)
{
	unsigned long begin = now_ms(), said = begin;
	struct fuzz_case c;

	while (now_ms() - begin < seconds * 1000) {
		corpus_next(&c);
		if (!run_one(&c))
			return false;
		if (now_ms() - said > 10000) {
			said = now_ms();
			printf("# %lu s: %lu executions, %u places, %u cases kept\n",
			       (said - begin) / 1000, executions, cover_count(), corpus_count());
			fflush(stdout);
		}
	}
	return healthy();
}

static bool replay(const char *hex, unsigned int times)
{
	struct fuzz_case c;

	if (!case_from_hex(&c, hex)) {
		printf("# -r: not a case\n");
		return false;
	}
	case_print(&c);
	tell = true;
	while (times--)
		if (!run_one(&c))
			return false;
	return true;
}

static bool prepare_cgroup(void)
{
	mkdir(FREEZER, 0755);
	return !mount("cgroup", FREEZER, "cgroup2", 0, NULL) && !mkdir(FREEZER_GROUP, 0755) &&
	       !access(FREEZER_GROUP "/cgroup.freeze", W_OK);
}

/* Also allocations that may sleep, as those of ioctls do; and no word of it in the log */
static bool prepare_faults(void)
{
	return !file_set(DEBUGFS "failslab/ignore-gfp-wait", "N") &&
	       !file_set(DEBUGFS "fail_page_alloc/ignore-gfp-wait", "N") &&
	       !file_set(DEBUGFS "fail_page_alloc/min-order", "0") &&
	       !file_set(DEBUGFS "failslab/verbose", "0") &&
	       !file_set(DEBUGFS "fail_page_alloc/verbose", "0") &&
	       !file_set(DEBUGFS "fail_usercopy/verbose", "0");
}

static bool usb_appears(void)
{
	unsigned int ms;

	for (ms = 0; ms < USB_MS * scale && exec_usb_minor() < 0; ms += 10)
		pause_ms(10);
	return exec_usb_minor() >= 0;
}

static bool prepare(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED || !calls_init() || !kmsg_init() || !corpus_init())
		return false;
	signal(SIGPIPE, SIG_IGN);
	/* orphans of a case are waited for, too */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	shared->scale = scale;
	shared->cgroup = prepare_cgroup();
	shared->fail = prepare_faults();
	shared->usb = !vr_try("info") && usb_appears();
	printf("# KCOV: %s\n",
	       cover_init() && cover_open(COVER_AREAS) ? "yes" : "no, cases are random");
	printf("# reader on USB: %s, freezer: %s, fault injection: %s\n",
	       shared->usb ? "yes" : "no", shared->cgroup ? "yes" : "no",
	       shared->fail ? "yes" : "no");
	fflush(stdout);
	return server_start();
}

static void print_counts(void)
{
	unsigned int op;

	printf("# calls, good + bad:");
	for (op = 0; op < OPS; op++)
		printf(" %s %lu+%lu", fuzz_op_name(op), shared->good[op], shared->bad[op]);
	printf("\n# %lu requests answered; %lu cases at their limit; the slowest end %lu ms\n",
	       shared->served, killed, slowest_ms);
}

static bool record(const char *dir)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/recent", dir);
	return corpus_record(path);
}

static bool write_results(const char *dir, unsigned long seconds)
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
	fprintf(file, "executions %lu\nplaces %u\nkept %u\nseconds %lu\n", executions,
		cover_count(), corpus_count(), seconds);
	return !fclose(file);
}

int main(int argc, char **argv)
{
	struct fuzz_options options;
	unsigned long begin;
	const char *dir;
	bool good;

	if (!options_parse(&options, argc, argv))
		return 2;
	dir = options.dir;
	scale = options.scale;
	if (!prepare() || (dir && !record(dir))) {
		printf("# cannot begin: %s\n", strerror(errno));
		return 2;
	}
	random_seed(options.seed);
	begin = now_ms();
	good = options.hex ? replay(options.hex, options.times) : run_for(options.seconds);
	options.seconds = (now_ms() - begin) / 1000;
	print_counts();
	printf("# seed %lu: %lu executions, %u places, %u cases kept, %lu s\n",
	       options.seed, executions, cover_count(), corpus_count(), options.seconds);
	fflush(stdout);
	server_stop();
	vr_try("quit");
	if (dir && !write_results(dir, options.seconds))
		return 2;
	return !good;
}
