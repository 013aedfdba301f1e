// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See crowd.h. This process adopts what its clients leave (PR_SET_CHILD_SUBREAPER), so its
 * children, but for vreader, are all processes that may have a handle.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "crowd.h"
#include "usb.h"

#define GONE_MS		3000	/* from SIGKILL to the end of a process */
#define CROWD		256
#define ROOT		"/run/freezer"
#define GROUP		ROOT "/soak"

unsigned long crowd_started, crowd_killed, crowd_frozen;

static struct {
	pid_t pid;
	long at;
	bool reported;
} killed[CROWD];

static pid_t frozen;
static bool freezer;

void crowd_init(void)
{
	struct rlimit none = { 0, 0 };

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	setrlimit(RLIMIT_CORE, &none);
	mkdir(ROOT, 0700);
	freezer = !mount("freezer", ROOT, "cgroup", 0, "freezer") && !mkdir(GROUP, 0700);
}

static int by_pid(const void *a, const void *b)
{
	return *(const pid_t *)a - *(const pid_t *)b;
}

/*
 * Children of this process but for vreader, in the order of their numbers; with zombies, which
 * remain after crowd_check() if one of their threads does.
 */
static unsigned int children(pid_t *list)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	unsigned int n = 0;

	while (proc && (entry = readdir(proc)) && n < CROWD) {
		char path[300], name[32];
		FILE *file;
		int parent;

		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		if (!atoi(entry->d_name))
			continue;
		file = fopen(path, "re");
		if (!file)
			continue;
		if (fscanf(file, "%*d (%31[^)]) %*c %d", name, &parent) == 2 &&
		    parent == getpid() && strcmp(name, "vreader"))
			list[n++] = atoi(entry->d_name);
		fclose(file);
	}
	if (proc)
		closedir(proc);
	qsort(list, n, sizeof(*list), by_pid);
	return n;
}

static int find(pid_t pid)
{
	int i;

	for (i = 0; i < CROWD && killed[i].pid != pid; i++)
		;
	return i < CROWD ? i : -1;
}

static void kill_it(pid_t pid)
{
	int i = find(0);

	if (i < 0 || find(pid) >= 0)
		return;
	killed[i].pid = pid;
	killed[i].at = now_ms();
	killed[i].reported = false;
	kill(pid, SIGKILL);
}

/* A living client that is neither killed nor frozen, or 0 */
static pid_t draw(struct rnd *rnd)
{
	unsigned int n, i, drawn = rnd_below(rnd, 1 << 16), living = 0;
	pid_t list[CROWD];

	n = children(list);
	for (i = 0; i < n; i++)
		if (find(list[i]) < 0 && list[i] != frozen)
			list[living++] = list[i];
	return living ? list[drawn % living] : 0;
}

void crowd_add(struct rnd *rnd, unsigned int slots)
{
	uint64_t seed = (uint64_t)rnd_below(rnd, 1U << 31) << 8 | rnd_below(rnd, 256);
	bool lib = rnd_below(rnd, 4) == 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid) {
		crowd_started++;
		return;
	}
	if (lib)
		client_lib_run(seed);
	client_run(seed, slots);
}

void crowd_kill_one(struct rnd *rnd)
{
	pid_t pid = draw(rnd);

	if (!pid)
		return;
	kill_it(pid);
	crowd_killed++;
}

void crowd_freeze_one(struct rnd *rnd)
{
	pid_t pid = draw(rnd);
	char text[16];

	if (!freezer || frozen || !pid)
		return;
	snprintf(text, sizeof(text), "%d", pid);
	if (file_set(GROUP "/cgroup.procs", text))
		return;
	frozen = pid;
	file_set(GROUP "/freezer.state", "FROZEN");
	crowd_frozen++;
}

void crowd_thaw(void)
{
	char text[16];

	if (!frozen)
		return;
	file_set(GROUP "/freezer.state", "THAWED");
	snprintf(text, sizeof(text), "%d", frozen);
	file_set(ROOT "/cgroup.procs", text);
	frozen = 0;
}

/* Where each of its threads is in the kernel */
static void print_stacks(pid_t pid)
{
	char command[200];

	snprintf(command, sizeof(command),
		 "for t in /proc/%d/task/*; do echo $t $(cat $t/comm); cat $t/wchan; echo; "
		 "grep State $t/status; cat $t/stack; done 2>&1 | sed 's/^/# /'", pid);
	fflush(stdout);
	if (system(command))
		return;
}

void crowd_check(void)
{
	pid_t pid;
	int i;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
		i = find(pid);
		if (i >= 0) {
			keep_longest(&soak->death_ms, now_ms() - killed[i].at);
			killed[i].pid = 0;
		}
		if (pid == frozen)
			crowd_thaw();
	}
	for (i = 0; i < CROWD; i++) {
		long ms = now_ms() - killed[i].at;

		if (!killed[i].pid || killed[i].reported || ms < GONE_MS * (long)soak->scale)
			continue;
		killed[i].reported = true;
		soak->stuck++;
		soak_note("process %d lives %ld ms after SIGKILL", killed[i].pid, ms);
		print_stacks(killed[i].pid);
	}
}

bool crowd_end(void)
{
	long end = now_ms() + 10 * GONE_MS * (long)soak->scale;
	pid_t list[CROWD];
	unsigned int n, i;

	crowd_thaw();
	do {
		crowd_check();
		n = children(list);
		for (i = 0; i < n; i++)
			kill_it(list[i]);
		if (n)
			pause_ms(2);
	} while (n && now_ms() < end);
	crowd_check();
	return !n;
}
