// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "vrctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_PATH "/run/vreader.sock"
#define MAX_ARGS 64

static int connect_to(struct vrctl *vr)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int err;

	memcpy(addr.sun_path, vr->path, sizeof(addr.sun_path));
	vr->in_len = 0;
	vr->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (vr->fd < 0)
		return -errno;
	if (!connect(vr->fd, (struct sockaddr *)&addr, sizeof(addr)))
		return 0;
	err = -errno;
	close(vr->fd);
	vr->fd = -1;
	return err;
}

int vrctl_open(struct vrctl *vr, const char *path)
{
	if (!path)
		path = getenv("VREADER_SOCKET");
	if (!path)
		path = DEFAULT_PATH;
	memset(vr, 0, sizeof(*vr));
	vr->fd = -1;
	if ((size_t)snprintf(vr->path, sizeof(vr->path), "%s", path) >= sizeof(vr->path))
		return -ENAMETOOLONG;
	return connect_to(vr);
}

static void run_child(const char *const argv[], const char *path, int ready)
{
	const char *program = getenv("VREADER");
	const char *args[MAX_ARGS + 6];
	char fd[16];
	int n = 0;

	args[n++] = program ? program : "vreader";
	for (; *argv && n < MAX_ARGS; argv++)
		args[n++] = *argv;
	snprintf(fd, sizeof(fd), "%d", ready);
	args[n++] = "--ready-fd";
	args[n++] = fd;
	args[n++] = "--control";
	args[n++] = path;
	args[n] = NULL;
	execvp(args[0], (char *const *)args);
	fprintf(stderr, "%s: %s\n", args[0], strerror(errno));
	_exit(127);
}

int vrctl_start(struct vrctl *vr, const char *const argv[])
{
	static unsigned int started;
	char line[64];
	int fds[2], err;
	ssize_t n;

	memset(vr, 0, sizeof(*vr));
	vr->fd = -1;
	snprintf(vr->path, sizeof(vr->path), "/tmp/vreader.%d.%u", (int)getpid(), started++);
	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	vr->pid = fork();
	if (vr->pid < 0) {
		err = -errno;
		vr->pid = 0;
		close(fds[0]);
		close(fds[1]);
		return err;
	}
	if (!vr->pid) {
		int ready = dup(fds[1]);	/* without close-on-exec */

		run_child(argv, vr->path, ready);
	}
	close(fds[1]);
	do {
		n = read(fds[0], line, sizeof(line));
	} while (n < 0 && errno == EINTR);
	close(fds[0]);
	err = n > 0 ? connect_to(vr) : -ENODEV;
	if (err)
		vrctl_stop(vr);
	return err;
}

int vrctl_line(struct vrctl *vr, char *line, size_t size)
{
	char *end;
	size_t len;
	ssize_t n;

	while (!(end = memchr(vr->in, '\n', vr->in_len))) {
		if (vr->in_len == sizeof(vr->in))
			return -EMSGSIZE;
		n = read(vr->fd, vr->in + vr->in_len, sizeof(vr->in) - vr->in_len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EPIPE;
		vr->in_len += (size_t)n;
	}
	len = (size_t)(end - vr->in);
	snprintf(line, size, "%.*s", (int)len, vr->in);
	vr->in_len -= len + 1;
	memmove(vr->in, end + 1, vr->in_len);
	return 0;
}

static int command(struct vrctl *vr, char *reply, size_t size, const char *fmt, va_list ap)
{
	char line[4096];
	size_t done = 0;
	int len, err;

	len = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	if (len < 0 || len >= (int)sizeof(line) - 1)
		return -EMSGSIZE;
	line[len++] = '\n';
	while (done < (size_t)len) {
		ssize_t n = send(vr->fd, line + done, (size_t)len - done, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	err = vrctl_line(vr, reply, size);
	if (err)
		return err;
	err = strncmp(reply, "OK", 2) ? 1 : 0;
	len = err ? 3 : 2;
	if (reply[len] == ' ')
		len++;
	memmove(reply, reply + len, strlen(reply + len) + 1);
	return err;
}

int vrctl_cmd(struct vrctl *vr, char *reply, size_t size, const char *fmt, ...)
{
	va_list ap;
	int err;

	va_start(ap, fmt);
	err = command(vr, reply, size, fmt, ap);
	va_end(ap);
	return err;
}

long vrctl_number(struct vrctl *vr, const char *fmt, ...)
{
	char reply[256];
	va_list ap;
	int err;

	va_start(ap, fmt);
	err = command(vr, reply, sizeof(reply), fmt, ap);
	va_end(ap);
	if (err)
		return err < 0 ? err : -1;
	return strtol(reply, NULL, 10);
}

int vrctl_stop(struct vrctl *vr)
{
	char reply[64];
	int status;

	if (vr->fd >= 0) {
		if (vr->pid)
			vrctl_cmd(vr, reply, sizeof(reply), "quit");
		close(vr->fd);
		vr->fd = -1;
	}
	if (!vr->pid)
		return 0;
	while (waitpid(vr->pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	vr->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
