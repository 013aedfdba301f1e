/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A user-space reader: one that a process, its server, plays by /dev/uscard.
 *
 * One slot has one open request at most, which belongs to the owner of the turn. The server's
 * threads find it by its id, under reader->lock, and hold no reference to it. Bytes pass through
 * a buffer of the server's call, so a page fault of the server holds up nothing.
 */
#ifndef USCARD_USER_H
#define USCARD_USER_H

#include <linux/uscard.h>

#include "core/scard.h"

/* Bytes of an answer, or a message, for which nothing is allocated: a short APDU's and more */
#define USCARD_SHORT	264U

/**
 * enum uscard_state - a request (reader.lock)
 * @USCARD_OFF: the server cannot find it
 * @USCARD_POSTED: to be read
 * @USCARD_READ: the server has read it, and is to answer
 * @USCARD_DONE: it has an answer or has failed; the waiter takes it
 */
enum uscard_state {
	USCARD_OFF,
	USCARD_POSTED,
	USCARD_READ,
	USCARD_DONE,
};

/**
 * struct uscard_req - a request
 * @req: the core's part; @req.in is the buffer of the command
 * @wait: its waiter
 * @state: see there (reader.lock)
 * @id: uscard_request.id
 * @op: uscard_request.op
 * @arg: uscard_request.arg
 * @timeout_ms: time for the answer, from the read() on
 * @read_by: the server is to read it until then, jiffies (reader.lock)
 * @deadline: end of the wait, jiffies (reader.lock)
 * @aborted: the server is told to end it (reader.lock)
 * @limited: the server gets no more time for it: its caller is gone (reader.lock)
 * @error: 0 or a negative errno (reader.lock until USCARD_DONE)
 * @value: uscard_message.value of the answer
 * @rx: buffer of the answer
 * @rx_size: bytes at @rx
 * @rx_len: bytes of answer
 */
struct uscard_req {
	struct scard_req req;
	wait_queue_head_t wait;
	enum uscard_state state;
	u64 id;
	u32 op;
	u32 arg;
	unsigned int timeout_ms;
	unsigned long read_by;
	unsigned long deadline;
	bool aborted;
	bool limited;
	int error;
	u32 value;
	u8 *rx;
	u32 rx_size;
	u32 rx_len;
};

/**
 * struct uscard_slot - a slot
 * @slot: the core's part
 * @call: the open request, or NULL (reader.lock)
 * @abort: id of a request that the server is told to end, or 0 (reader.lock)
 * @present: the server has reported a card (reader.lock)
 * @powered: the card has power (reader.lock)
 * @exchanged: a powered card was reported out, and the core has not asked since (reader.lock)
 * @attrs: attributes that the server has set (reader.lock)
 * @nattrs: their number (reader.lock)
 */
struct uscard_slot {
	struct scard_slot slot;
	struct uscard_req *call;
	u64 abort;
	bool present;
	bool powered;
	bool exchanged;
	struct list_head attrs;
	unsigned int nattrs;
};

/**
 * struct uscard_reader - a reader
 * @reader: the core's part
 * @node: in the list of all
 * @payer: the user that it counts for (list.c)
 * @live: it works (list.c)
 * @server: waits for a request to read
 * @last_id: id of the last request (reader.lock)
 * @next: slot whose request is read next (reader.lock)
 * @suspend: the server is to be told that the system goes to sleep (reader.lock)
 * @eject: the server can eject cards
 * @pin_codes: entries of @pin_code
 * @pin_code: control codes that enter a PIN
 */
struct uscard_reader {
	struct scard_reader reader;
	struct list_head node;
	kuid_t payer;
	bool live;
	wait_queue_head_t server;
	u64 last_id;
	unsigned int next;
	bool suspend;
	bool eject;
	u32 pin_codes;
	u32 pin_code[USCARD_MAX_PIN_CODES];
};

static inline struct uscard_reader *to_uscard_reader(struct scard_reader *reader)
{
	return container_of(reader, struct uscard_reader, reader);
}

static inline struct uscard_slot *to_uscard_slot(struct scard_slot *slot)
{
	return container_of(slot, struct uscard_slot, slot);
}

static inline struct uscard_req *to_uscard_req(struct scard_req *req)
{
	return container_of(req, struct uscard_req, req);
}

static inline struct uscard_reader *uscard_slot_reader(struct uscard_slot *slot)
{
	return to_uscard_reader(slot->slot.reader);
}

#endif
