/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The objects of the CCID transport, each around its object of the core, and the
 * operations of the bus below. Lifetimes and locks are those of core/scard.h.
 *
 * Files, from the top to the bottom:
 *
 *   usb.c       binding, suspend and resume
 *   reader.c    the operations that the core calls
 *   slot.c      the card: power, voltages, status, eject
 *   apdu.c, negotiate.c, control.c, pinpad.c, attr.c, sysfs.c, quirks.c, ignore.c
 *   iccd.c      tokens without bulk pipes, as a bus of this transport
 *   cmd.c       one command and its recovery
 *   token.c     how many commands the reader takes at a time
 *   usb_pipe.c  bulk, control and interrupt transfers; knows no cards
 *   wire.c      messages on the wire: send, match, time extension, deadline
 *   req.c       buffers
 *   proto/      protocols; pure
 */
#ifndef CCID_H
#define CCID_H

#include <linux/bits.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/timer.h>
#include <linux/wait.h>

#include "core/scard.h"
#include "proto/atr.h"
#include "proto/ccid_desc.h"
#include "proto/ccid_msg.h"
#include "proto/pin.h"
#include "proto/t1.h"

/* ccid_reader.quirks; see quirks.c */
#define CCID_QUIRK_EXTENDED		BIT(0)	/* takes extended APDUs */
#define CCID_QUIRK_SHORT		BIT(1)	/* takes short APDUs only */
#define CCID_QUIRK_NO_PIN		BIT(2)	/* no PIN entry that can be trusted */
#define CCID_QUIRK_RATE_9600		BIT(3)	/* 9600 bit/s at most */
#define CCID_QUIRK_RATE_200K		BIT(4)	/* 200 kbit/s at most */
#define CCID_QUIRK_IFSD_254		BIT(5)	/* takes the longest T=1 blocks */
#define CCID_QUIRK_NO_IFSD		BIT(6)	/* fails on S(IFS) */
#define CCID_QUIRK_OFF_FIRST		BIT(7)	/* IccPowerOff before each IccPowerOn */
#define CCID_QUIRK_ISO_MODE		BIT(8)	/* has to be taken out of EMV mode */
#define CCID_QUIRK_NO_AUTOSUSPEND	BIT(9)	/* does not come back from sleep */
#define CCID_QUIRK_SLOW			BIT(10)	/* needs five times as long */
#define CCID_QUIRK_PIN_PAD		BIT(11)	/* wants PIN messages in its own way */
#define CCID_QUIRK_OLD_FIRMWARE		BIT(12)	/* known to fail */
#define CCID_QUIRK_PIN_WAIT		BIT(13)	/* takes the key that is still down for the PIN's */
#define CCID_QUIRK_PIN_UNPADDED		BIT(14)	/* has to be told not to pad the PIN */
#define CCID_QUIRK_GEMALTO		BIT(15)	/* reports the features of its PIN pad */

/* bmRequestType of class requests to the interface, CCID 1.1 section 5.3 */
#define CCID_REQUEST_OUT		0x21	/* host to device */
#define CCID_REQUEST_IN			0xa1	/* device to host */

/* For scard_slot_sleeps(): due once it is woken. Timers are late, by an eighth of their time. */
#define CCID_NOT_DUE			(jiffies + MAX_JIFFY_OFFSET)

struct ccid_reader;
struct ccid_slot;

/**
 * struct ccid_rx - a receive buffer with its transfer
 * @reader: the reader
 * @req: the request it belongs to now (reader->lock while @urb is on its way). Answers of
 *	a reader with several commands in flight arrive in any order, so requests swap
 *	their receive buffers.
 * @buf: the buffer, DMA-able
 * @size: bytes at @buf, a multiple of the endpoint's packet size
 * @urb: the pipe's transfer
 * @got: bytes of an answer that has come in part, the rest goes behind them; as @dirty
 * @dirty: bytes of @buf that may hold APDU bytes, to be cleared; under reader->lock
 *	while @urb is on its way
 */
struct ccid_rx {
	struct ccid_reader *reader;
	struct ccid_req *req;
	u8 *buf;
	u32 size;
	void *urb;
	u32 got;
	u32 dirty;
};

/**
 * enum ccid_req_state - where a command is
 * @CCID_REQ_OFF: off the wire
 * @CCID_REQ_SENDING: its transfer is on its way to the reader
 * @CCID_REQ_SENT: the reader has it
 * @CCID_REQ_ANSWERED: answered (or failed) before the send transfer has ended
 * @CCID_REQ_DONE: answered (or failed), and no transfer of it is on its way
 *
 *	state		slot->cmd		send transfer	receive transfer
 *	OFF		another, or none	no (1)		no (1)
 *	SENDING		this one		yes		yes
 *	SENT		this one		no		yes
 *	ANSWERED	this one		yes		no (2)
 *	DONE		this one (3)		no		no (2)
 *
 * (1) or about to be killed by ccid_wire_cancel(); (2) after a failure it may be there;
 * (3) until its waiter has seen the answer
 */
enum ccid_req_state {
	CCID_REQ_OFF,
	CCID_REQ_SENDING,
	CCID_REQ_SENT,
	CCID_REQ_ANSWERED,
	CCID_REQ_DONE,
};

/**
 * enum ccid_sync - do messages with a wrong bSeq have a harmless reason?
 * @CCID_SYNC_NONE: nothing was answered yet
 * @CCID_SYNC_OLD: yes, old ones may be on their way: from before the binding or an abort
 * @CCID_SYNC_GOOD: no: an answer has come that has a type of its own
 */
enum ccid_sync {
	CCID_SYNC_NONE,
	CCID_SYNC_OLD,
	CCID_SYNC_GOOD,
};

/**
 * enum ccid_lag - does the reader answer with the bSeq of the command before?
 * @CCID_LAG_NONE: no
 * @CCID_LAG_GUESSED: the first status request was answered so
 * @CCID_LAG_KNOWN: yes
 */
enum ccid_lag {
	CCID_LAG_NONE,
	CCID_LAG_GUESSED,
	CCID_LAG_KNOWN,
};

/**
 * struct ccid_req - one command with its answer
 * @req: the core's part; @req.in is @tx behind the CCID header
 * @tx: message to send, CCID header included; DMA-able
 * @tx_size: bytes at @tx
 * @tx_urb: the pipe's transfer
 * @rx: the buffer for the answer
 * @apdu: assembly of a command or an answer that takes several blocks
 * @apdu_size: bytes at @apdu
 * @state: see there (reader->lock)
 * @wait: the waiter sleeps here until @state is CCID_REQ_DONE or @deadline has passed
 * @status: 0 or the error of the transfers
 * @slot: bSlot
 * @seq: bSeq of the command on the wire
 * @expect: bMessageType of its answer
 * @strays: messages passed over since the command was sent
 * @extensions: time extensions since the command was sent
 * @step: time that one answer may take, jiffies
 * @deadline: time at which the next answer is due, jiffies; moved by time extensions
 * @ceiling: absolute end of the command, jiffies
 * @ans: the answer, points into @rx
 * @dirty_tx: bytes of @tx that may hold APDU bytes, to be cleared
 * @dirty_apdu: the same of @apdu
 */
struct ccid_req {
	struct scard_req req;	/* first */
	u8 *tx;
	u32 tx_size;
	void *tx_urb;
	struct ccid_rx *rx;
	u8 *apdu;
	u32 apdu_size;
	enum ccid_req_state state;
	wait_queue_head_t wait;
	int status;
	u8 slot;
	u8 seq;
	u8 expect;
	u8 strays;
	u16 extensions;
	unsigned long step;
	unsigned long deadline;
	unsigned long ceiling;
	struct ccid_answer ans;
	u32 dirty_tx;
	u32 dirty_apdu;
};

/**
 * struct ccid_bus_ops - operations of a bus; none is NULL
 * @req_init: prepare the transfers of a request; 0 or -ENOMEM
 * @req_exit: free them; they may be there in part
 * @exchange: send a command and wait for its answer, as ccid_cmd()
 * @control: class request to the interface: bmRequestType, bRequest, wValue; @data
 *	is copied; killable; returns bytes or a negative errno
 * @stop: end all transfers and refuse new ones, wait until the host has them back
 * @restart: allow transfers again after @stop
 * @reset: reset the device, later; any context
 * @get: see scard_reader_ops
 * @hold: see scard_reader_ops
 * @put: see scard_reader_ops
 * @free: free the bus's structure around the reader
 */
struct ccid_bus_ops {
	int (*req_init)(struct ccid_req *req, gfp_t gfp);
	void (*req_exit)(struct ccid_req *req);
	int (*exchange)(struct ccid_slot *slot, struct ccid_req *req, u8 type, const u8 params[3],
			u32 len, unsigned int timeout_ms);
	int (*control)(struct ccid_reader *reader, u8 type, u8 request, u16 value, void *data,
		       u16 len, unsigned int timeout_ms);
	void (*stop)(struct ccid_reader *reader);
	void (*restart)(struct ccid_reader *reader);
	void (*reset)(struct ccid_reader *reader);
	int (*get)(struct ccid_reader *reader);
	void (*hold)(struct ccid_reader *reader);
	void (*put)(struct ccid_reader *reader);
	void (*free)(struct ccid_reader *reader);
};

/**
 * struct ccid_bulk_ops - bulk pipes, for the exchange of cmd.c; none is NULL
 * @submit: arm the receive buffer and send @len bytes; under reader->lock
 * @rearm: arm the receive buffer again; under reader->lock
 * @cancel: end both transfers of a request and wait until the host has them back
 * @unhalt: end all transfers that are on their way, and clear the halted pair of endpoints;
 *	within a recovery, see wire.c; killable
 */
struct ccid_bulk_ops {
	int (*submit)(struct ccid_req *req, u32 len);
	int (*rearm)(struct ccid_rx *rx);
	void (*cancel)(struct ccid_req *req);
	int (*unhalt)(struct ccid_reader *reader);
};

/**
 * struct ccid_token - a place among the commands that the reader takes at a time
 * @node: its entry in reader->token_queue, or empty (reader->lock)
 * @done: completed when the caller that waits has it, or the reader is gone; NULL: the
 *	worker waits, and is kicked (reader->lock)
 * @held: the owner of the turn has it (reader->lock): for a command, the worker for a job
 */
struct ccid_token {
	struct list_head node;
	struct completion *done;
	bool held;
};

/**
 * struct ccid_reader - one CCID interface; constant after probe unless marked
 * @reader: the core's part
 * @bus: operations of its bus
 * @bulk: its bulk pipes, NULL for a token
 * @desc: class descriptor, clamped
 * @rx_unit: receive buffers are multiples of this
 * @iccd_version: ICCD_VERSION_* of a token, 0 for a reader
 * @quirks: CCID_QUIRK_*
 * @pin: how its PIN pad wants to be told, as far as that is known without asking
 * @bcd_device: bcdDevice
 * @usb_bus: USB bus number
 * @usb_address: device address on it
 * @interface: bInterfaceNumber
 * @powering_off: reader.c powers the cards off at the end, and alone sends
 * @recovering: a recovery clears the pipes: no command is sent (reader.lock)
 * @wedged: the last recovery failed; try again before the next command
 * @reset_at: when the port was last reset or was to be, jiffies; 0: never (reader.lock)
 * @seq: next bSeq (reader.lock)
 * @sync: see there (reader.lock)
 * @lag: see there (reader.lock)
 * @last: header of the last answer (reader.lock)
 * @tokens: commands that may still be sent, where slots outnumber them (reader.lock)
 * @token_queue: waiters for a token; see token.c (reader.lock)
 * @rates: data rates of GET_DATA_RATES, NULL before they were asked for; see negotiate.c
 * @nrates: number of them
 */
struct ccid_reader {
	struct scard_reader reader;
	const struct ccid_bus_ops *bus;
	const struct ccid_bulk_ops *bulk;
	struct ccid_desc desc;
	u32 rx_unit;
	u8 iccd_version;
	u32 quirks;
	struct pin_pad pin;
	u16 bcd_device;
	u16 usb_bus;
	u16 usb_address;
	u8 interface;

	bool powering_off;
	bool recovering;
	bool wedged;
	unsigned long reset_at;
	u8 seq;
	enum ccid_sync sync;
	enum ccid_lag lag;
	u8 last[CCID_HEADER_LEN];
	u32 tokens;
	struct list_head token_queue;
	u32 *rates;
	unsigned int nrates;
};

/**
 * struct ccid_slot - one slot; all but @cmd, @deadline and @token belong to the owner of the turn
 * @slot: the core's part
 * @cmd: its command on the wire, or NULL; written by the owner (reader.lock)
 * @deadline: due no later than the command on the wire has to be answered; armed under
 *	reader->lock, stays armed when the answer comes
 * @token: the token of the owner of the turn
 * @interrupted: its last command was interrupted on the wire, and the reader may still be
 *	busy with it, or half of an abort has reached the reader
 * @half: the reader was sent the first half of an abort, and has not answered the second, nor
 *	executed a command since
 * @stalled: it has stalled the second half
 * @asked: its first status is known, or was asked for in vain
 * @atr: parsed ATR
 * @chosen: @choice was made for @atr
 * @heard: the card has answered at the parameters in use
 * @choice: TA1 of the parameters to try first
 * @fi_di: TA1 of the parameters in use
 * @wait_ms: time that the card may take for one TPDU; at the APDU levels that is a lower bound
 * @t1: state of T=1
 */
struct ccid_slot {
	struct scard_slot slot;	/* first */
	struct ccid_req *cmd;
	struct timer_list deadline;
	struct ccid_token token;
	bool interrupted;
	bool half;
	bool stalled;
	bool asked;
	struct atr atr;
	bool chosen;
	bool heard;
	u8 choice;
	u8 fi_di;
	u32 wait_ms;
	struct t1 t1;
};

static inline struct ccid_reader *to_ccid_reader(const struct scard_reader *reader)
{
	return container_of(reader, struct ccid_reader, reader);
}

static inline struct ccid_slot *to_ccid_slot(const struct scard_slot *slot)
{
	return container_of(slot, struct ccid_slot, slot);
}

/* A slot by its bSlot */
static inline struct ccid_slot *ccid_slot_nr(const struct ccid_reader *reader, unsigned int nr)
{
	return to_ccid_slot(reader->reader.slots[nr]);
}

static inline struct ccid_req *to_ccid_req(const struct scard_req *req)
{
	return container_of(req, struct ccid_req, req);
}

static inline struct ccid_reader *ccid_slot_reader(const struct ccid_slot *slot)
{
	return to_ccid_reader(slot->slot.reader);
}

static inline struct ccid_reader *ccid_req_reader(const struct ccid_req *req)
{
	return to_ccid_reader(req->req.reader);
}

#endif /* CCID_H */
