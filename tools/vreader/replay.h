/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Play a transcript: answers from a file in place of a reader and its cards. */
#ifndef VREADER_REPLAY_H
#define VREADER_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct ccid;

/* Load the transcript for the only interface, @ccid; print errors. */
bool replay_open(const char *name, struct ccid *ccid);
bool replay_active(void);
/* The host has configured the device: send the messages that stand before the first command. */
void replay_begin(void);
/* Answer a command of the host. */
void replay_command(const uint8_t *msg, size_t len);
/* Drop the answers that are not due yet. */
void replay_cancel(void);
/* The number of the line that must come next; 0 at the end */
unsigned int replay_line(void);
/* Report a transcript that has not come to its end, and forget it. */
void replay_close(void);

#endif
