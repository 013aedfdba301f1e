/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Faults on demand: a scenario says which answer goes wrong, and how. */
#ifndef VREADER_FAULT_H
#define VREADER_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct ccid;
struct slot;
struct card;
struct urb;

enum fault_action {
	FAULT_STALL,
	FAULT_STALL_OUT,
	FAULT_NO_ANSWER,
	FAULT_DELAY,
	FAULT_NAK,
	FAULT_SHORT,
	FAULT_LONG,
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

enum card_error {
	CARD_OK,
	CARD_ERR_MUTE,
	CARD_ERR_PARITY,
	CARD_ERR_LRC,
	CARD_ERR_SEQ,
	CARD_ERR_NAD,
	CARD_ERR_LEN,
	CARD_ERR_RBLOCK,
	CARD_ERR_RESYNCH,
	CARD_ERR_ABORT,
	CARD_ERR_IFS,
	CARD_ERR_WTX,
	CARD_ERR_NULL,
	CARD_ERR_PROC,
};

struct fault {
	struct fault *next;
	enum { WHEN_AT, WHEN_FROM, WHEN_EVERY, WHEN_RANDOM } when;
	unsigned int k, m;
	uint8_t type;		/* 0: any message */
	int slot, ins;		/* -1: any */
	enum fault_action action;
	long arg, arg2;
	enum card_error card;
	uint8_t bytes[16];
	size_t num_bytes;
	unsigned int seen, struck;
	char text[160];
};

bool fault_add(const char *line, char *err, size_t size);
bool fault_load(const char *file);
void fault_clear(void);
unsigned int fault_count(void);
void fault_print(FILE *out);

/* The fault that strikes at this message, or NULL. */
const struct fault *fault_match(const uint8_t *msg, size_t len, unsigned int slot);
/*
 * The same for faults that refuse the transfer itself (nak, stall-out), before there is a message.
 */
const struct fault *fault_peek_out(const uint8_t *data, size_t len, struct ccid *ccid);
/* Before the message is handled. False if it must not be handled at all. */
bool fault_arrival(struct ccid *ccid, struct slot *s, const struct fault *f);
/*
 * In place of sending an answer; @s may be NULL. False if the command stays in progress: the answer
 * comes later or never.
 */
bool fault_answer(struct ccid *ccid, struct slot *s, const struct fault *f, const uint8_t *msg,
		  size_t len);
/* A command has begun that a fault wants time extensions for. */
void fault_extend_start(struct slot *s, const struct fault *f);
/* Whether the card is to make this error now; it makes it once. */
bool fault_card_is(enum card_error e, long *arg);

void fault_seed(uint64_t seed);
uint64_t fault_seed_get(void);
uint32_t fault_random(void);

#endif
