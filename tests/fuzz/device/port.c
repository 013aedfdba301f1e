// SPDX-License-Identifier: GPL-2.0-or-later
/* See port.h. A device lives for several cases: the host takes 0.2 s to find one. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "corpus.h"
#include "cover.h"
#include "desc.h"
#include "dir.h"
#include "port.h"
#include "random.h"
#include "reader.h"
#include "usb.h"
#include "wire.h"

#define LIMIT_MS	150	/* for a client, before it is killed */
#define STUCK_MS	5000	/* for it to be gone then */
#define GONE_MS		15000	/* for a device to be gone when it was unplugged */
#define QUIET_MS	200	/* a device without a node that is asked nothing more has none */
#define HEALTH_MS	10000	/* for a valid reader to have a node, and to work */
#define HEALTH_CASES	64	/* between two looks at that, of all ports */
#define DEVICE_CASES	48	/* of a device at most */
#define STEP_MS		10

static unsigned int port;
static char device[256];

static void print_file(const char *path)
{
	char line[256];
	FILE *file = fopen(path, "re");

	while (file && fgets(line, sizeof(line), file))
		printf("# %s", line);
	if (file)
		fclose(file);
}

/* The tasks that no signal ends, and where they wait; KASAN may report how UML finds that out. */
static void print_blocked(void)
{
	char path[320], comm[64], state;
	size_t i;
	FILE *file;
	glob_t g;

	if (glob("/proc/[0-9]*/task/[0-9]*", 0, NULL, &g))
		return;
	for (i = 0; i < g.gl_pathc; i++) {
		snprintf(path, sizeof(path), "%s/stat", g.gl_pathv[i]);
		file = fopen(path, "re");
		state = 0;
		if (file && fscanf(file, "%*d (%63[^)]) %c", comm, &state) != 2)
			state = 0;
		if (file)
			fclose(file);
		if (state != 'D')
			continue;
		printf("# %s %s waits\n", g.gl_pathv[i], comm);
		snprintf(path, sizeof(path), "%s/stack", g.gl_pathv[i]);
		print_file(path);
	}
	globfree(&g);
}

static void trouble(const char *text)
{
	printf("# port %u: %s\n", port, text);
	shared->failed = true;
	print_blocked();
}

/* ---- the device ---- */

static bool unplug(void)
{
	wire_unplug();
	if (wire_gone(GONE_MS * shared->scale))
		return true;
	trouble("the device is still there long after it was unplugged");
	return false;
}

/* Serve until the device has a node; false: it has none, or the device is gone. */
static bool wait_for_node(unsigned int ms, unsigned int quiet_ms)
{
	unsigned long end = now_ms() + ms;
	char path[320];

	while (wire_plugged() && now_ms() < end) {
		wire_run(STEP_MS, -1);
		if (!reader_configured())
			continue;
		if (wire_device(device, sizeof(device)) &&
		    dir_node(device, 0, path, sizeof(path)) && !access(path, R_OK))
			return true;
		if (now_ms() - wire_last_ms() > quiet_ms)
			break;
	}
	return false;
}

static bool plug(const struct fuzz_case *c, unsigned int quiet_ms)
{
	desc_build(c->head);
	reader_plugged(c);
	if (!wire_plug(port)) {
		trouble("vhci_hcd does not take the device");
		return false;
	}
	shared->devices++;
	return wait_for_node(HEALTH_MS * shared->scale, quiet_ms);
}

/* ---- clients ---- */

/* All processes of a case are a process group. The device goes on while they end. */
static bool reap(pid_t group)
{
	unsigned long begin = now_ms(), ms;

	kill(-group, SIGKILL);
	while (waitpid(-group, NULL, WNOHANG) >= 0 || errno != ECHILD) {
		if (now_ms() - begin > STUCK_MS * shared->scale) {
			trouble("a process is still there long after SIGKILL");
			return false;
		}
		if (wire_plugged())
			wire_run(1, -1);
		else
			pause_ms(1);
	}
	ms = now_ms() - begin;
	if (ms > shared->slowest_ms)
		shared->slowest_ms = ms;
	return true;
}

/* Orders of the client, while the host is served; until the client has ended, or for @ms */
static void serve(int orders, pid_t pid, unsigned int ms)
{
	unsigned long end = now_ms() + ms, now;
	int fd = pidfd_open(pid, 0);
	struct fuzz_call call;
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while ((now = now_ms()) < end && poll(&p, 1, 0) == 0) {
		/* the end of the client is seen a little late */
		wire_run(end - now < STEP_MS / 2 ? (unsigned int)(end - now) : STEP_MS / 2, orders);
		if (read(orders, &call, sizeof(call)) == (ssize_t)sizeof(call))
			reader_order(&call);
		else if (!wire_plugged())
			poll(&p, 1, STEP_MS / 2);
	}
	if (now_ms() >= end)
		shared->killed++;
	close(fd);
}

static bool run_case(const struct fuzz_case *c)
{
	unsigned int kill_ms = c->head[HEAD_KILL] / 2U;
	unsigned int ms = LIMIT_MS * shared->scale;
	int orders[2];
	bool gone;
	pid_t pid;

	if (pipe2(orders, O_CLOEXEC | O_NONBLOCK))
		return false;
	pid = fork();
	if (!pid) {
		setpgid(0, 0);
		client_run(c, device, orders[1]);
	}
	setpgid(pid, pid);
	serve(orders[0], pid, kill_ms && kill_ms < ms ? kill_ms : ms);
	gone = reap(pid);
	close(orders[0]);
	close(orders[1]);
	return gone;
}

/* ---- cases ---- */

static bool healthy(void)
{
	static const struct fuzz_case valid;
	unsigned long end = now_ms() + HEALTH_MS * shared->scale;
	int status = -1;
	pid_t pid;

	if (!unplug())
		return false;
	if (!plug(&valid, HEALTH_MS * shared->scale)) {
		trouble("a valid reader is not bound");
		return false;
	}
	do {
		pid = fork();
		if (!pid) {
			setpgid(0, 0);
			client_check(device);
		}
		setpgid(pid, pid);
		while (!waitpid(pid, &status, WNOHANG) && now_ms() < end)
			wire_run(2, -1);
		if (!reap(pid))
			return false;
	} while (status && now_ms() < end);
	if (status) {
		trouble("a valid reader does not work");
		printf("# port %u: %s\n", port, strerror(WEXITSTATUS(status)));
		return false;
	}
	shared->healthy++;
	return unplug();
}

/* The device of the case, unless one is there that the case is to have */
static bool device_for(struct fuzz_case *c, uint8_t *head, unsigned int *left)
{
	/* when its clients die is not a matter of the device */
	uint8_t kill_ms = c->head[HEAD_KILL];
	char path[320];

	if (wire_plugged() && *left && dir_node(device, 0, path, sizeof(path))) {
		--*left;
		memcpy(c->head, head, HEADS);
		c->head[HEAD_KILL] = kill_ms;
		wire_forget();
		reader_begin(c);
		return true;
	}
	if (!unplug())
		return false;
	*left = random_below(DEVICE_CASES);
	memcpy(head, c->head, HEADS);
	if (plug(c, QUIET_MS * shared->scale))
		shared->bound++;
	return !shared->failed;
}

static bool run_one(struct fuzz_case *c, uint8_t *head, unsigned int *left)
{
	bool good = true;
	char path[320];

	cover_begin();
	if (!device_for(c, head, left))
		return false;
	corpus_run(c);
	if (wire_plugged() && dir_node(device, 0, path, sizeof(path)))
		good = run_case(c);
	/* what the worker does after the client */
	if (good && random_below(4) == 0)
		wire_run(random_below(30), -1);
	if (cover_end() && !shared->tell)
		corpus_keep(c);
	return good;
}

int port_run(unsigned int number, unsigned long end_ms, const struct fuzz_case *only,
	     unsigned int times)
{
	unsigned int left = 0;
	uint8_t head[HEADS] = { 0 };
	struct fuzz_case c;
	bool good = true;

	port = number;
	/* orphans of a case are waited for, too */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	while (good && !shared->failed) {
		if (only ? !times-- : now_ms() >= end_ms)
			break;
		if (only)
			c = *only;
		else
			corpus_next(&c);
		good = run_one(&c, head, &left);
		left = only ? 0 : left;
		/* one of the ports looks after every so many cases */
		if (good && ++shared->executions % HEALTH_CASES == 0)
			good = healthy();
	}
	if (good && !shared->failed)
		good = healthy();
	if (!good || shared->failed)
		corpus_print_recent();
	wire_unplug();
	return !good;
}
