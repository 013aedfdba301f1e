/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting a vreader and speaking with it, for programs. See vreader(1) for options and commands.
 */
#ifndef VRCTL_H
#define VRCTL_H

#include <stddef.h>
#include <sys/types.h>

struct vrctl {
	int fd;			/* the control connection */
	pid_t pid;		/* of a vreader that vrctl_start() started, else 0 */
	char path[108];		/* of its control socket */
	char in[65536];
	size_t in_len;
};

/*
 * Connects to a running vreader; @path NULL means $VREADER_SOCKET or the default. 0, or a negative
 * errno.
 */
int vrctl_open(struct vrctl *vr, const char *path);
/*
 * Starts a vreader ("$VREADER", or vreader in PATH) with the options @argv, which ends with NULL;
 * it gets a control socket of its own. Returns 0 once the device is attached, else a negative
 * errno.
 */
int vrctl_start(struct vrctl *vr, const char *const argv[]);
/*
 * Sends a command and takes the first line of the reply, without OK or ERR before it, into @reply.
 * Returns 0 for OK, 1 for ERR, a negative errno if the vreader is gone.
 */
int vrctl_cmd(struct vrctl *vr, char *reply, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* One of the N lines that follow "OK N" of log, violations and faults. 0, or a negative errno. */
int vrctl_line(struct vrctl *vr, char *line, size_t size);
/*
 * The number that a command replies with, negative if it fails: vrctl_number(vr, "count 0
 * XfrBlock").
 */
long vrctl_number(struct vrctl *vr, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/*
 * Ends a vreader that was started here; returns its exit status (2: the host broke rules). Else
 * only closes.
 */
int vrctl_stop(struct vrctl *vr);

#endif
