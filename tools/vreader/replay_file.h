/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines of a transcript, as vreader(1) describes them. */
#ifndef VREADER_REPLAY_FILE_H
#define VREADER_REPLAY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPLAY_WILD 0x100	/* ".." */

struct replay_line {
	struct replay_line *next;
	unsigned int number;		/* in the file, from 1 */
	char direction;			/* '<' to the reader, '>' from it, '!' interrupt */
	bool any;			/* '<': at any time from here on */
	bool rest;			/* '<': more bytes may follow */
	bool exact;			/* '>': bSeq as written */
	bool stall;			/* '>', '!': the endpoint halts */
	uint32_t delay_ms;		/* after the line before */
	size_t len;
	uint16_t bytes[];		/* or REPLAY_WILD */
};

/* The answer to a command that the transcript does not expect */
enum replay_else { REPLAY_FAIL, REPLAY_SILENT, REPLAY_STALL };

struct replay_file {
	struct replay_line *lines;
	enum replay_else otherwise;
};

/* Read a transcript; print errors. */
bool replay_file_load(struct replay_file *file, const char *name);
void replay_file_free(struct replay_file *file);

#endif
