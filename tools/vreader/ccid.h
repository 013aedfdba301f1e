/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reader: messages, slots, exchange levels. Names follow the CCID specification, revision 1.10.
 */
#ifndef VREADER_CCID_H
#define VREADER_CCID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "card.h"
#include "loop.h"
#include "profile.h"
#include "usb.h"

#define CCID_HEADER 10
#define MIN_MESSAGE 271 /* dwMaxCCIDMessageLength of a reader that takes short APDUs */
#define MAX_MESSAGE (CCID_HEADER + MAX_APDU)

enum {
	PC_ICCPOWERON = 0x62,
	PC_ICCPOWEROFF = 0x63,
	PC_GETSLOTSTATUS = 0x65,
	PC_XFRBLOCK = 0x6f,
	PC_GETPARAMETERS = 0x6c,
	PC_RESETPARAMETERS = 0x6d,
	PC_SETPARAMETERS = 0x61,
	PC_ESCAPE = 0x6b,
	PC_ICCCLOCK = 0x6e,
	PC_T0APDU = 0x6a,
	PC_SECURE = 0x69,
	PC_MECHANICAL = 0x71,
	PC_ABORT = 0x72,
	PC_SETDATARATE = 0x73,

	RDR_DATABLOCK = 0x80,
	RDR_SLOTSTATUS = 0x81,
	RDR_PARAMETERS = 0x82,
	RDR_ESCAPE = 0x83,
	RDR_DATARATE = 0x84,

	RDR_NOTIFYSLOTCHANGE = 0x50,
	RDR_HARDWAREERROR = 0x51,
};

/* bStatus, bits 7-6 */
#define CMD_OK 0x00
#define CMD_FAILED 0x40
#define CMD_TIME_EXTENSION 0x80

/* bError */
#define ERR_CMD_ABORTED 0xff
#define ERR_ICC_MUTE 0xfe
#define ERR_XFR_PARITY 0xfd
#define ERR_HW_ERROR 0xfb
#define ERR_BAD_ATR_TCK 0xf7
#define ERR_PROTOCOL_NOT_SUPPORTED 0xf6
#define ERR_PROCEDURE_BYTE 0xf4
#define ERR_PIN_TIMEOUT 0xf0
#define ERR_PIN_CANCELLED 0xef
#define ERR_SLOT_BUSY 0xe0
#define ERR_NOT_SUPPORTED 0x00

#define NUM_COMMANDS 14

/* A message of the host, as the specification lists them. */
struct command_info {
	uint8_t type, reply;
	const char *name;
	int length;		/* dwLength; -1: it varies */
	uint8_t rfu;		/* bits 0-2: bytes 7-9 must be zero */
	bool needs_power;
};

struct fault;
struct slot;

/* An answer that a fault holds back. */
struct held_answer {
	struct held_answer *next;
	struct timer timer;
	struct slot *slot;
	size_t len;
	uint8_t msg[];
};

struct pin_entry {
	bool active;
	uint8_t request[64];
	size_t len;
	char digits[32];
	int num_digits;
	int phase;		/* modify: old, new, confirmation */
	char first[32];
	int num_first;
	char again[32];
	int num_again;
	struct timer timeout;
};

struct slot {
	struct ccid *ccid;
	uint8_t index;			/* bSlot */
	unsigned int number;		/* counted through all interfaces */
	struct card *card;
	struct card_spec spec;		/* of the card that was there last */
	bool powered;
	bool changed;			/* not told on the interrupt endpoint yet */
	bool told_unpowered;		/* the host knows that there is no power */
	bool clock_stopped;
	bool locked;

	bool busy, was_busy;
	uint8_t type, seq;		/* of the command in progress, or the last one */
	bool seq_valid;
	const struct fault *fault;	/* to be done to its answer */
	unsigned int extensions; /* time extensions that a fault still wants, and how far apart */
	bool extend_endless;
	uint64_t extend_us;
	struct timer extend;
	struct held_answer *held;
	bool abort_control, abort_bulk;
	uint8_t abort_seq, abort_bulk_seq;

	uint8_t proto;			/* bProtocolNum of the parameters in force */
	uint8_t params[7];
	uint8_t bwi;			/* bBWI of the block in progress */

	uint8_t chain_in[MAX_APDU];	/* extended APDU level: a command that comes in pieces */
	size_t chain_in_len;
	bool chaining;
	size_t chain_out;		/* how much of card->rsp is out */
	bool chain_more;

	uint8_t bytes[600];		/* character level: what the card has sent */
	size_t bytes_len;
	size_t want;			/* how many of them the host waits for; 0: it does not */

	struct pin_entry pin;

	unsigned int count[NUM_COMMANDS];
	unsigned long xfr_bytes;
	unsigned int warm, cold;
	unsigned int apdus, ins[256];	/* by cards that are gone */
};

struct ccid {
	struct profile profile;
	struct usb_interface *iface;
	unsigned int index;
	unsigned int num_slots, max_busy;
	uint32_t features, max_message;
	struct slot slots[MAX_SLOTS];
	uint8_t last_slot;		/* that had a command */

	uint8_t out[MAX_MESSAGE + 1024];
	size_t out_len;
	uint8_t in[MAX_MESSAGE];
	uint8_t last_in[MAX_MESSAGE];	/* the answer before, kept while there are faults */
	size_t last_in_len;
	unsigned int storm;
	bool storm_endless;
	struct timer nak;

	/* ICCD */
	uint8_t iccd_status;
	struct slot *iccd_slot;
	uint8_t iccd_msg[MAX_MESSAGE];
	size_t iccd_msg_len;
	bool iccd_ready;
};

/* ccid.c */
struct ccid *ccid_new(const struct profile *profile, struct usb_interface *iface);
void ccid_free(struct ccid *ccid);
void ccid_out(struct ccid *ccid, struct urb *urb, bool ended);
void ccid_message(struct ccid *ccid, const uint8_t *msg, size_t len);
void ccid_polled(struct ccid *ccid);
void ccid_notify(struct ccid *ccid);
bool ccid_untold(const struct ccid *ccid);
void ccid_bus_reset(struct ccid *ccid);
void ccid_configured(struct ccid *ccid);
void ccid_resumed(struct ccid *ccid, bool power_lost);
int ccid_control(struct ccid *ccid, struct urb *urb, uint8_t *buf);
void ccid_send(struct ccid *ccid, const uint8_t *msg, size_t len);
const struct command_info *command_info(uint8_t type);
const struct command_info *command_by_name(const char *name);
int command_index(const struct command_info *info);
extern const struct command_info commands[NUM_COMMANDS];

/* Answers the command in progress. */
void slot_reply(struct slot *s, uint8_t status, uint8_t error, uint8_t byte9, const uint8_t *data,
		size_t len);
void slot_ok(struct slot *s, const uint8_t *data, size_t len);
void slot_fail(struct slot *s, uint8_t error);
void slot_extend(struct slot *s, uint8_t multiplier);
uint8_t slot_icc_status(const struct slot *s);
unsigned int ccid_busy_slots(const struct ccid *ccid);

/* slot.c: the card in the slot */
bool slot_insert(struct slot *s, const struct card_spec *spec);
void slot_attach(struct slot *s, struct card *card);
bool slot_remove(struct slot *s);
/* Takes the card out, without a word on the interrupt endpoint: the next one comes at once. */
bool slot_swap(struct slot *s);
void slot_power_lost(struct slot *s);
struct slot *slot_by_number(unsigned int number);
unsigned int slot_count(void);
void slot_register(struct slot *s);

/* ccid_cmd.c */
void ccid_execute(struct slot *s, const uint8_t *msg, size_t len);
void slot_default_params(struct slot *s);
void slot_cancel(struct slot *s);

/* ccid_secure.c */
void secure_start(struct slot *s, const uint8_t *data, size_t len);
void secure_cancel(struct slot *s);
void secure_press(const char *keys);
bool secure_waiting(void);

/* levels.c */
void level_xfr(struct slot *s, const uint8_t *msg, size_t len);
void level_run_block(struct slot *s, const uint8_t *block, size_t len);
void level_reset(struct slot *s);
bool level_apdu(const struct slot *s);

/* t0.c, t1.c: the card's side of the protocols; level_output() takes what it sends */
void t0_reset(struct card *card);
void t0_tpdu(struct card *card, const uint8_t *p, size_t len);
void t0_bytes(struct card *card, const uint8_t *p, size_t len);
void t1_reset(struct card *card, size_t ifsd);
void t1_block(struct card *card, const uint8_t *p, size_t len);
void level_output(struct card *card, const uint8_t *p, size_t len);
void level_mute(struct card *card);
void level_error(struct card *card, uint8_t error);
void level_waiting(struct card *card);

/* iccd.c */
int iccd_control(struct ccid *ccid, struct urb *urb, uint8_t *buf);
void iccd_a_output(struct ccid *ccid, const uint8_t *p, size_t len);
void iccd_send(struct ccid *ccid, const uint8_t *msg, size_t len);

/* violation.c */
void ccid_violation(struct ccid *ccid, int slot, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
unsigned int violation_count(void);
void violation_clear(void);
void violation_print(FILE *out);

#endif
