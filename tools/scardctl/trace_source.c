// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Read events from a tracefs instance of our own, so that other tracing is not disturbed.
 * scardctl locks its instance while it runs; the instance of a killed scardctl has no lock,
 * and the next scardctl removes it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scardctl.h"
#include "trace.h"

#define NAME	"scardctl-"

static const char * const places[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };

/* The format that the parser expects; a kernel that lacks an option does not need it */
static const char * const options[] = {
	"context-info", "nolatency-format", "record-cmd", "norecord-tgid", "noverbose", "noraw",
	"nohex", "nobin", "nofields"
};

static bool put(int dir, const char *file, const char *value)
{
	int fd = openat(dir, file, O_WRONLY | O_CLOEXEC);
	bool good;

	if (fd < 0)
		return false;
	good = write(fd, value, strlen(value)) == (ssize_t)strlen(value);
	close(fd);
	return good;
}

/* Remove an instance if its lock is free: its owner is dead. */
static void remove_stale(int instances, const char *name)
{
	int dir = openat(instances, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return;
	if (!flock(dir, LOCK_EX | LOCK_NB)) {
		put(dir, "events/enable", "0");
		unlinkat(instances, name, AT_REMOVEDIR);
	}
	close(dir);
}

static void remove_all_stale(int instances)
{
	DIR *list = fdopendir(dup(instances));
	struct dirent *d;

	if (!list)
		return;
	while ((d = readdir(list)))
		if (!strncmp(d->d_name, NAME, strlen(NAME)))
			remove_stale(instances, d->d_name);
	closedir(list);
}

/* Make and lock an instance, under a lock: until it is locked it looks stale to others. */
static int make_instance(struct trace_source *s, const char *tracefs)
{
	int error = 0, instances;

	snprintf(s->path, sizeof(s->path), "%s/instances", tracefs);
	instances = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (instances < 0 || flock(instances, LOCK_EX)) {
		error = errno;
	} else {
		remove_all_stale(instances);
		snprintf(s->path, sizeof(s->path), "%s/instances/" NAME "%d", tracefs, getpid());
		if (mkdir(s->path, 0700))
			error = errno;
		else
			s->dir = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (!error && (s->dir < 0 || flock(s->dir, LOCK_EX | LOCK_NB)))
			error = errno;
	}
	if (instances >= 0)
		close(instances);
	return error;
}

static int cannot(const char *what, int error)
{
	fprintf(stderr, "scardctl: trace: %s: %s%s\n", what, strerror(error),
		error == EACCES || error == EPERM ? ": be root" : "");
	return error == EACCES || error == EPERM ? EXIT_PERMISSION : EXIT_CARD;
}

static int no_tracefs(void)
{
	fputs("scardctl: trace: tracefs is not there: mount -t tracefs tracefs /sys/kernel/tracing\n",
	      stderr);
	return EXIT_CARD;
}

/* Start to trace; on failure print the error and return an exit code. */
int trace_source_open(struct trace_source *s)
{
	size_t i;
	int error;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(s->path, sizeof(s->path), "%s/instances", places[i]);
		if (!access(s->path, F_OK))
			break;
		if (errno == EACCES)
			return cannot(places[i], EACCES);
	}
	if (i == sizeof(places) / sizeof(places[0]))
		return no_tracefs();
	error = make_instance(s, places[i]);
	if (error)
		return cannot(s->path, error);
	/* a new instance inherits the options of the top one, which may be anything */
	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		put(s->dir, "trace_options", options[i]);
	/* make poll() report the first event, not a half-full buffer */
	put(s->dir, "buffer_percent", "0");
	put(s->dir, "trace_clock", "mono");
	s->pipe = openat(s->dir, "trace_pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (s->pipe < 0 || !put(s->dir, "events/scard/enable", "1")) {
		error = errno;
		trace_source_close(s);
		return access("/sys/module/scard", F_OK) ? reader_none() :
							   cannot("tracefs", error);
	}
	return EXIT_OK;
}

/* Stop new events; recorded ones can still be read. */
void trace_source_stop(const struct trace_source *s)
{
	put(s->dir, "events/scard/enable", "0");
}

/* Can more events come? False once the module is unloaded. */
bool trace_source_alive(const struct trace_source *s)
{
	return !faccessat(s->dir, "events/scard", F_OK, 0);
}

void trace_source_close(struct trace_source *s)
{
	if (s->pipe >= 0)
		close(s->pipe);
	if (s->dir >= 0) {
		trace_source_stop(s);
		if (rmdir(s->path))
			fprintf(stderr, "scardctl: trace: %s: %s\n", s->path, strerror(errno));
		close(s->dir);
	}
}
