// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where events come from: an instance of tracefs of our own, so that nobody else's
 * tracing is touched. It is locked as long as we live; what a killed scardctl has left
 * behind is not locked, and is removed by the next one.
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

/* What the parser expects; those that a kernel does not have are not needed there */
static const char * const options[] = {
	"context-info", "nolatency-format", "norecord-tgid", "noverbose", "noraw", "nohex",
	"nobin", "nofields"
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

/* Remove an instance whose owner is dead: its lock can be had. */
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

/* Make it and lock it. One at a time, or another scardctl would take it for a stale one. */
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

/* Begin to trace; an exit code, with the error said. */
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
	/* a new instance does as the first one does, which may be set to anything */
	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		put(s->dir, "trace_options", options[i]);
	/* poll() is to report the first event, not a buffer that is half full */
	put(s->dir, "buffer_percent", "0");
	put(s->dir, "trace_clock", "mono");
	s->pipe = openat(s->dir, "trace_pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (s->pipe < 0 || !put(s->dir, "events/scard/enable", "1")) {
		error = errno;
		trace_source_close(s);
		return access("/sys/module/scard", F_OK) ? readers_none() :
							   cannot("tracefs", error);
	}
	return EXIT_OK;
}

/* No more events; those that there are can still be read. */
void trace_source_stop(const struct trace_source *s)
{
	put(s->dir, "events/scard/enable", "0");
}

/* Are there events to come? Not when the module has been unloaded. */
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
