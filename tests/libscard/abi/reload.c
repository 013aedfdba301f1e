// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loads and unloads the library 10,000 times, and leaves each second context open: memory,
 * mappings and descriptors do not grow, and fork() finds no handler of it. argv[1]: the library,
 * which takes this machine for one with the module.
 */
#include <dlfcn.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <winscard.h>

#include "../open_files.h"

#define CYCLES		10000
/* The kernel takes 10 ms to close inotify */
#define CYCLES_LISTED	200
#define WARM_UP		20

struct held {
	size_t memory;
	unsigned int descriptors;
	unsigned int mappings;
};

static unsigned int mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned int n = 0;
	int c;

	while ((c = getc(maps)) != EOF)
		n += c == '\n';
	fclose(maps);
	return n;
}

static struct held hold(void)
{
	struct held held = { .descriptors = open_files(), .mappings = mappings() };

	held.memory = mallinfo2().uordblks;
	return held;
}

static bool cycle(const char *path, bool list, bool leave_open)
{
	LONG (*establish)(DWORD, LPCVOID, LPCVOID, LPSCARDCONTEXT);
	LONG (*change)(SCARDCONTEXT, DWORD, SCARD_READERSTATE *, DWORD);
	LONG (*release)(SCARDCONTEXT);
	SCARD_READERSTATE rs = { .szReader = "\\\\?PnP?\\Notification" };
	void *lib = dlopen(path, RTLD_NOW);
	SCARDCONTEXT ctx;

	if (!lib) {
		printf("%s\n", dlerror());
		return false;
	}
	*(void **)&establish = dlsym(lib, "SCardEstablishContext");
	*(void **)&change = dlsym(lib, "SCardGetStatusChange");
	*(void **)&release = dlsym(lib, "SCardReleaseContext");
	if (establish(SCARD_SCOPE_SYSTEM, NULL, NULL, &ctx) != SCARD_S_SUCCESS ||
	    (list && change(ctx, 0, &rs, 1) != SCARD_E_TIMEOUT)) {
		printf("no context, or no list of readers\n");
		return false;
	}
	if (!leave_open)
		release(ctx);
	dlclose(lib);
	return true;
}

static bool cycles(const char *path, int n, bool list)
{
	struct held before = { 0 }, after;
	int i;

	for (i = 0; i < WARM_UP + n; i++) {
		if (i == WARM_UP)
			before = hold();
		if (!cycle(path, list, i % 2))
			return false;
	}
	after = hold();
	if (after.memory > before.memory || after.descriptors > before.descriptors ||
	    after.mappings > before.mappings) {
		printf("%d cycles: %ld bytes, %d descriptors, %d mappings more\n", n,
		       (long)(after.memory - before.memory),
		       (int)(after.descriptors - before.descriptors),
		       (int)(after.mappings - before.mappings));
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	int status;
	pid_t pid;

	if (argc < 2 || !cycles(argv[1], CYCLES, false) ||
	    !cycles(argv[1], CYCLES_LISTED, true))
		return 1;
	pid = fork();
	if (!pid)
		_exit(0);
	return waitpid(pid, &status, 0) != pid || status;
}
