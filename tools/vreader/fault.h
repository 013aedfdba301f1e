/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of faults of a scenario: which answer goes wrong, and how. */
#ifndef VREADER_FAULT_H
#define VREADER_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "fault_card.h"

struct slot;

enum fault_action {
	FAULT_STALL,
	FAULT_STALL_OUT,
	FAULT_NO_ANSWER,
	FAULT_DELAY,
	FAULT_NAK,
	FAULT_SHORT,
	FAULT_LONG,
	FAULT_PAD,
	FAULT_LENGTH,
	FAULT_SEQ,
	FAULT_SLOT,
	FAULT_TYPE,
	FAULT_STATUS,
	FAULT_ERROR,
	FAULT_REFUSE,
	FAULT_CHAIN,
	FAULT_EXTEND,
	FAULT_BABBLE,
	FAULT_GARBAGE,
	FAULT_SPLIT,
	FAULT_MERGE,
	FAULT_TWICE,
	FAULT_STALE,
	FAULT_BEFORE,
	FAULT_AFTER,
	FAULT_INSTEAD,
	FAULT_ZLP,
	FAULT_ZLP_AFTER,
	FAULT_STORM,
	FAULT_HW_ERROR,
	FAULT_NOTIFY,
	FAULT_STALL_INT,
	FAULT_UNPLUG,
	FAULT_REMOVE,
	FAULT_SWAP,
	FAULT_CARD,
};

struct fault {
	struct fault *next;
	enum { WHEN_AT, WHEN_FROM, WHEN_EVERY, WHEN_RANDOM } when;
	unsigned int k, m;
	uint8_t type;		/* 0: any message */
	int slot, ins;		/* -1: any */
	enum fault_action action;
	long arg, arg2;
	enum fault_card_error card;
	uint8_t bytes[64];
	size_t num_bytes;
	unsigned int seen, struck;
	char text[160];
};

/* Add a line of a scenario; on failure write the reason to @err. */
bool fault_add(const char *line, char *err, size_t size);
/* Add the lines of a file; print errors. */
bool fault_load(const char *file);
void fault_clear(void);
unsigned int fault_count(void);
void fault_print(FILE *out);

/* The fault that applies to this message, or NULL. */
const struct fault *fault_match(const struct slot *s, const uint8_t *msg, size_t len);
/* The same for faults that refuse the transfer itself (nak, stall-out). */
const struct fault *fault_match_transfer(const struct slot *s, const uint8_t *msg, size_t len);

#endif
