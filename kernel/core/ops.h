/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The operations that a transport implements, and the request that they work on. Transports
 * include scard.h, which includes this.
 */
#ifndef SCARD_OPS_H
#define SCARD_OPS_H

#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/scard.h>

struct attribute_group;
struct scard_reader;
struct scard_slot;
struct seq_file;

/**
 * enum scard_icc - the card as the reader reports it
 * @SCARD_ICC_UNKNOWN: the reader did not say
 * @SCARD_ICC_ABSENT: no card
 * @SCARD_ICC_INACTIVE: a card without power
 * @SCARD_ICC_ACTIVE: a powered card
 */
enum scard_icc {
	SCARD_ICC_UNKNOWN,
	SCARD_ICC_ABSENT,
	SCARD_ICC_INACTIVE,
	SCARD_ICC_ACTIVE,
};

/**
 * struct scard_req - one exchange; the transport's structure is around it
 * @reader: the reader, referenced
 * @users: references: the caller's, and the worker's where a turn was taken over
 * @worker: made for the slot's worker: no answer in it is longer than an ATR
 * @single: this exchange is the whole operation: once it is complete, the card is in a
 *	defined state (transport); false when an operation begins
 * @kept: bytes of memory in its buffers (transport)
 * @in: command of TRANSMIT, input of CONTROL; the transport's memory
 * @in_size: bytes at @in
 * @in_len: bytes of them in use
 * @room: bytes of answer that the caller can take
 * @protocol: active protocol, SCARD_PROTO_*; 0: none; SCARD_PROTO_RAW also where the caller
 *	asks for no more than the bytes as they are
 * @out: the answer, in the transport's memory
 * @out_len: bytes at @out
 */
struct scard_req {
	struct scard_reader *reader;
	refcount_t users;
	bool worker;
	bool single;
	u32 kept;
	u8 *in;
	u32 in_size;
	u32 in_len;
	u32 room;
	u32 protocol;
	const u8 *out;
	u32 out_len;
};

/**
 * struct scard_reader_ops - operations of a transport
 * @slot_size: size of the transport's structure around struct scard_slot, its first member
 * @req_size: the same around struct scard_req
 * @groups: sysfs attributes of this transport's slots, or NULL
 *
 * @slot_init: prepare the transport's part of a slot
 * @slot_exit: the slot goes; no exchange is under way
 *
 * For the owner of the turn. These sleep, killably and freezably, between scard_slot_sleeps()
 * and scard_slot_wakes(). They return 0 or a negative errno of the ABI; -EINTR: the caller was
 * killed, see @in_flight, or its turn was taken over: then nothing of the slot may be touched.
 *
 * @power_on: power the card up, or (@warm) reset it with its power on; the ATR in @req->out.
 *	Calls scard_slot_power_begins() before the card gets its power.
 * @power_off: power the card off
 * @status: ask for the card: enum scard_icc, or a negative errno
 * @set_protocol: make one of @protocols active: SCARD_PROTO_*, or a negative errno;
 *	scard_card_cycle() starts over
 * @transmit_prepare: before the turn: allocate memory for the command in @req->in; 0 or -ENOMEM
 * @transmit: exchange an APDU. -ENOMEM promises that nothing was sent.
 * @control: SCardControl with @code
 * @eject: push the card out; the card has no power. 0 too if the reader cannot.
 *
 * From memory; these do not sleep.
 *
 * @get_attr: an attribute of the reader or of @protocol: @buf has SCARD_MAX_ATTRIBUTE_SIZE
 *	bytes; -EOPNOTSUPP: the transport does not have it. Under slot->lock.
 * @get_info: fill in the members of scard_info that the transport knows
 * @control_is_gated: does this control have a PIN entered and sent to the card?
 * @debug_show: state of the transport, for debugfs
 *
 * Exchanges of killed callers, and of callers whose turn was taken over.
 *
 * @in_flight: is @req still under way? After -EINTR it must not be touched then.
 * @finish: for the worker: wait @grace_ms for the end of @req, then abort it. 0: the
 *	exchange is complete; otherwise the card was interrupted
 * @abandon: for the worker: end @req at once, whose caller may still sleep on it
 * @claim: before a job of the worker: may all its exchanges begin? Never sleeps. false: the
 *	transport calls scard_worker_kick() when they may
 * @release: after the job
 * @is_awaited: under slot->lock: does another slot wait for what the owner of the turn has?
 *
 * Memory of a request.
 *
 * @req_prepare: make room for @len bytes of command and @req->room of answer; 0 or -ENOMEM
 * @req_clear: clear the buffers
 * @req_free: free them; they may be there in part
 *
 * The reader.
 *
 * @stop: end all exchanges, refuse new ones, and wait until the device touches no memory any
 *	more; @gone: for good, end all waits for a token
 * @restart: allow exchanges again after @stop
 * @power_off_all: after @stop: power off the cards of the slots in the bit set @slots,
 *	and those that an interrupted exchange left in doubt; stopped again afterwards. NULL if
 *	no reader is unregistered while it answers, or suspended for a sleep
 * @get: keep the reader awake, wake it up if need be; 0 or a negative errno. Sleeps killably
 *	(-EINTR) and not freezably: a frozen caller would keep its turn
 * @hold: keep it awake; it is; any context
 * @put: it may go to sleep again; any context
 * @free: free the transport's structure around the reader
 */
struct scard_reader_ops {
	size_t slot_size;
	size_t req_size;
	const struct attribute_group **groups;

	void (*slot_init)(struct scard_slot *slot);
	void (*slot_exit)(struct scard_slot *slot);

	int (*power_on)(struct scard_slot *slot, struct scard_req *req, bool warm);
	int (*power_off)(struct scard_slot *slot, struct scard_req *req);
	int (*status)(struct scard_slot *slot, struct scard_req *req);
	int (*set_protocol)(struct scard_slot *slot, struct scard_req *req, u32 protocols);
	int (*transmit_prepare)(struct scard_slot *slot, struct scard_req *req);
	int (*transmit)(struct scard_slot *slot, struct scard_req *req);
	int (*control)(struct scard_slot *slot, struct scard_req *req, u32 code);
	int (*eject)(struct scard_slot *slot, struct scard_req *req);

	int (*get_attr)(struct scard_slot *slot, u32 id, u32 protocol, u8 *buf, u32 *len);
	void (*get_info)(const struct scard_slot *slot, struct scard_info *info);
	bool (*control_is_gated)(const struct scard_slot *slot, u32 code);
	void (*debug_show)(struct scard_slot *slot, struct seq_file *s);

	bool (*in_flight)(struct scard_slot *slot, const struct scard_req *req);
	int (*finish)(struct scard_slot *slot, struct scard_req *req, unsigned int grace_ms);
	void (*abandon)(struct scard_slot *slot, struct scard_req *req);
	bool (*claim)(struct scard_slot *slot);
	void (*release)(struct scard_slot *slot);
	bool (*is_awaited)(const struct scard_slot *slot);

	int (*req_prepare)(struct scard_slot *slot, struct scard_req *req, u32 len, gfp_t gfp);
	void (*req_clear)(struct scard_req *req);
	void (*req_free)(struct scard_req *req);

	void (*stop)(struct scard_reader *reader, bool gone);
	void (*restart)(struct scard_reader *reader);
	void (*power_off_all)(struct scard_reader *reader, u32 slots);
	int (*get)(struct scard_reader *reader);
	void (*hold)(struct scard_reader *reader);
	void (*put)(struct scard_reader *reader);
	void (*free)(struct scard_reader *reader);
};

#endif /* SCARD_OPS_H */
