/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control commands. */
#ifndef VREADER_CONTROL_CMD_H
#define VREADER_CONTROL_CMD_H

#include <stdbool.h>
#include <stdio.h>

struct command_info;

enum control_result { CONTROL_DONE, CONTROL_WAIT, CONTROL_QUIT };

struct wait_condition {
	char event[16], name[32];
	unsigned int slot;
	const struct command_info *info;	/* "msg", "count" */
	unsigned long target;
	unsigned int seen;		/* such messages before the wait */
	unsigned int timeout_ms;
};

/* Execute a request; write the reply to @out, or the condition to wait for to @wait. */
enum control_result control_cmd_run(char *line, FILE *out, struct wait_condition *wait);
bool control_cmd_condition(const struct wait_condition *wait);

#endif
