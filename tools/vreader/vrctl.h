/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Start a vreader and send it control commands. vreader(1) lists options and commands. */
#ifndef VRCTL_H
#define VRCTL_H

#include <stddef.h>
#include <sys/types.h>

struct vrctl {
	int fd;			/* the control connection */
	pid_t pid;		/* of the vreader that vrctl_start() started, or 0 */
	char path[108];		/* of its control socket */
	char in[65536];
	size_t in_len;
};

/*
 * Connect to a running vreader; @path NULL: $VREADER_SOCKET, or else the default. Return 0 or a
 * negative errno.
 */
int vrctl_open(struct vrctl *vr, const char *path);
/*
 * Start a vreader ($VREADER, or vreader in PATH) with its own control socket and the options @argv,
 * which ends with NULL. Return 0 when the device is attached, or a negative errno.
 */
int vrctl_start(struct vrctl *vr, const char *const argv[]);
/*
 * Send a command and copy the first line of the reply, without OK or ERR, to @reply. Return 0 for
 * OK, 1 for ERR, or a negative errno if the connection fails.
 */
int vrctl_cmd(struct vrctl *vr, char *reply, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Read a line after the "OK N" of log, violations or faults. Return 0 or a negative errno. */
int vrctl_line(struct vrctl *vr, char *line, size_t size);
/* Send a command like "count 0 XfrBlock"; return the number in its reply, negative on failure. */
long vrctl_number(struct vrctl *vr, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/*
 * Close the connection. End a vreader that vrctl_start() started and return its exit status (2: the
 * host broke rules).
 */
int vrctl_stop(struct vrctl *vr);

#endif
