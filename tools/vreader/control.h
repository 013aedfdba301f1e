/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control socket. */
#ifndef VREADER_CONTROL_H
#define VREADER_CONTROL_H

#include <stdbool.h>
#include <stdio.h>

struct command_info;

bool control_open(const char *path);
void control_close(void);
/* Something has happened that a "wait" may wait for. */
void control_event(void);
void control_message(unsigned int slot, const struct command_info *info);

/* control_cmd.c: carries out one request; the reply goes to @out */
enum control_result { CONTROL_DONE, CONTROL_WAIT, CONTROL_QUIT };
struct wait_condition {
	char event[16], name[32];
	unsigned int slot;
	const struct command_info *info;	/* "msg", "count" */
	unsigned long target;
	unsigned int seen;		/* messages of that kind when the wait began */
	unsigned int timeout_ms;
};
enum control_result control_request(char *line, FILE *out, struct wait_condition *wait);
/* True once it has come; @out gets what is to be said with OK. */
bool control_condition(const struct wait_condition *wait);

#endif
