/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The data of a reader: one CCID interface with its slots. */
#ifndef VREADER_READER_H
#define VREADER_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "card.h"
#include "command.h"
#include "profile.h"
#include "timer.h"
#include "usb.h"

#define MAX_MESSAGE (CCID_HEADER + MAX_APDU)

/* Status of a token of version A */
#define ICCD_A_READY 0x10
#define ICCD_A_SW 0x20
#define ICCD_A_BUSY 0x40
#define ICCD_A_MUTE 0x80

struct ccid;
struct fault;
struct slot;

/* An answer that a fault delays. */
struct held_answer {
	struct held_answer *next;
	struct timer timer;
	struct slot *slot;
	size_t len;
	uint8_t msg[];
};

struct pin_entry {
	bool active;			/* the pad waits for keys */
	uint8_t request[64];
	size_t len;
	char digits[32];
	int num_digits;
	int phase;		/* of a modification: old, new, confirmation */
	char first[32];
	int num_first;
	char again[32];
	int num_again;
	struct timer timeout;
};

struct slot {
	struct ccid *ccid;
	uint8_t index;			/* bSlot */
	unsigned int number;		/* through all interfaces */
	struct card *card;
	struct card_spec spec;		/* of the last card */
	bool powered;
	bool changed;			/* to be sent on the interrupt endpoint */
	bool told_unpowered;		/* the host knows that there is no power */
	bool clock_stopped;
	bool locked;

	bool busy, was_busy;
	uint8_t type, seq;		/* of the command in progress, or the last one */
	bool seq_valid;
	const struct fault *fault;	/* applies to its answer */
	unsigned int extensions;	/* time extensions left for a fault ... */
	bool extend_endless;
	uint64_t extend_us;		/* ... and their interval */
	struct timer extend;
	struct held_answer *held;
	bool abort_control, abort_bulk;
	uint8_t abort_seq, abort_bulk_seq;

	uint8_t proto;			/* bProtocolNum of the parameters in force */
	uint8_t params[7];

	uint8_t chain_in[MAX_APDU];	/* extended APDU level: pieces of a command */
	size_t chain_in_len;
	bool chaining;
	size_t chain_out;		/* bytes of card->rsp sent */
	bool chain_more;

	uint8_t bytes[600];		/* character level: from the card */
	size_t bytes_len;
	size_t want;			/* bytes that the host waits for */

	struct pin_entry pin;

	unsigned int seen[NUM_COMMANDS];	/* messages by type */
	unsigned int count[NUM_COMMANDS];	/* the same since "count clear" */
	unsigned long xfr_bytes;
	unsigned int warm, cold;
	unsigned int apdus, ins[256];	/* by removed cards */
};

struct ccid {
	struct profile profile;
	struct usb_interface *iface;
	unsigned int index;
	unsigned int num_slots, max_busy;
	uint32_t features, max_message;
	struct slot slots[MAX_SLOTS];
	uint8_t last_slot;		/* slot of the last command */

	uint8_t out[MAX_MESSAGE + 1024];
	size_t out_len;
	uint8_t in[MAX_MESSAGE];
	uint8_t last_in[MAX_MESSAGE];	/* the last answer, if there are faults */
	size_t last_in_len;
	unsigned int storm;		/* slot-change messages left for a fault */
	bool storm_endless;
	struct timer nak;

	/* ICCD tokens */
	uint8_t iccd_status;		/* of version A */
	uint8_t iccd_msg[MAX_MESSAGE];
	size_t iccd_msg_len;
	bool iccd_ready;
};

static inline bool reader_apdu_level(const struct ccid *ccid)
{
	return ccid->features & (FEAT_SHORT | FEAT_EXTENDED);
}

static inline bool reader_char_level(const struct ccid *ccid)
{
	return !(ccid->features & FEAT_LEVEL);
}

#endif
