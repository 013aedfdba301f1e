/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the slots of a reader share: the reader, what its transport does, and the requests
 * that travel to it. Lifetimes and locks are those of scard.h.
 */
#ifndef SCARD_READER_H
#define SCARD_READER_H

#include <linux/bits.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/ratelimit_types.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/scard.h>

#include "counters.h"
#include "proto/ccid_desc.h"
#include "proto/ccid_msg.h"
#include "proto/pin.h"

#define SCARD_MAX_SLOTS		16	/* per reader; a CCID can claim 256 */

/* scard_reader.quirks; see quirks.c */
#define SCARD_QUIRK_EXTENDED		BIT(0)	/* takes extended APDUs */
#define SCARD_QUIRK_SHORT		BIT(1)	/* takes short APDUs only */
#define SCARD_QUIRK_NO_PIN		BIT(2)	/* no PIN entry that can be trusted */
#define SCARD_QUIRK_RATE_9600		BIT(3)	/* 9600 bit/s at most */
#define SCARD_QUIRK_RATE_200K		BIT(4)	/* 200 kbit/s at most */
#define SCARD_QUIRK_IFSD_254		BIT(5)	/* takes the longest T=1 blocks */
#define SCARD_QUIRK_NO_IFSD		BIT(6)	/* fails on S(IFS) */
#define SCARD_QUIRK_OFF_FIRST		BIT(7)	/* IccPowerOff before each IccPowerOn */
#define SCARD_QUIRK_ISO_MODE		BIT(8)	/* has to be taken out of EMV mode */
#define SCARD_QUIRK_NO_AUTOSUSPEND	BIT(9)	/* does not come back from sleep */
#define SCARD_QUIRK_SLOW		BIT(10)	/* needs four times as long */
#define SCARD_QUIRK_PIN_PAD		BIT(11)	/* wants PIN messages in its own way */
#define SCARD_QUIRK_OLD_FIRMWARE	BIT(12)	/* known to fail */
#define SCARD_QUIRK_PIN_WAIT		BIT(13)	/* takes the key that is still down for the PIN's */
#define SCARD_QUIRK_PIN_UNPADDED	BIT(14)	/* has to be told not to pad the PIN */
#define SCARD_QUIRK_GEMALTO		BIT(15)	/* its firmware tells what its PIN pad can do */

struct scard_reader;
struct scard_slot;
struct task_struct;

/**
 * struct scard_rx - a receive buffer with its transfer
 * @reader: the reader
 * @req: the request it belongs to now (reader->lock while @urb is on its way). Answers of
 *	a reader with several commands in flight arrive in any order, so requests swap
 *	their receive buffers.
 * @buf: the buffer, DMA-able
 * @size: bytes at @buf, a multiple of the endpoint's packet size
 * @urb: the transport's transfer
 * @dirty: bytes of @buf that may hold APDU bytes, to be cleared; under reader->lock
 *	while @urb is on its way
 */
struct scard_rx {
	struct scard_reader *reader;
	struct scard_req *req;
	u8 *buf;
	u32 size;
	void *urb;
	u32 dirty;
};

/**
 * struct scard_req - one exchange with a reader
 * @reader: the reader, referenced
 * @tx: message to send, CCID header included; DMA-able
 * @tx_size: bytes at @tx
 * @tx_urb: the transport's transfer
 * @rx: where the answer arrives
 * @apdu: assembly of a command or an answer that takes several blocks
 * @apdu_size: bytes at @apdu
 * @done: answered (or failed), and @tx is not on its way any more; under reader->lock
 * @waiter: who sleeps until @done, NULL while nobody does; under reader->lock
 * @sending: @tx is on its way; under reader->lock
 * @answered: an answer or an error has arrived; under reader->lock
 * @status: 0 or the error of the transfers
 * @slot: bSlot
 * @seq: bSeq of the command on the wire
 * @expect: bMessageType of its answer
 * @strays: messages passed over since the command was sent
 * @extensions: time extensions since the command was sent
 * @step: time that one answer may take, jiffies
 * @deadline: when the next answer is due; moved by time extensions
 * @ceiling: when the command is ended whatever it asks for
 * @ans: the answer, points into @rx
 * @data: result of the operation, points into @rx or @apdu
 * @len: bytes at @data
 * @dirty_tx: bytes of @tx that may hold APDU bytes, to be cleared
 * @dirty_apdu: the same of @apdu
 */
struct scard_req {
	struct scard_reader *reader;
	u8 *tx;
	u32 tx_size;
	void *tx_urb;
	struct scard_rx *rx;
	u8 *apdu;
	u32 apdu_size;
	bool done;
	struct task_struct *waiter;
	bool sending;
	bool answered;
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
	const u8 *data;
	u32 len;
	u32 dirty_tx;
	u32 dirty_apdu;
};

/**
 * struct scard_hw_ops - what a transport does
 * @init_urbs: allocate and release the transfers of a request
 * @free_urbs: see @init_urbs
 * @submit: arm the receive buffer and send @len bytes; under reader->lock
 * @rearm: arm the receive buffer again; under reader->lock
 * @cancel: end both transfers of a request and wait until the host has them back
 * @control: class request to the interface: bmRequestType, bRequest, wValue; @data
 *	is copied; killable; returns bytes or a negative errno
 * @stop: end all transfers and refuse new ones, wait until the host has them back
 * @restart: allow transfers again after @stop
 * @unhalt: clear a halted pair of endpoints; killable
 * @get: keep the reader awake, waking it up if need be; may sleep
 * @hold: keep it awake; it is; any context
 * @put: it may go to sleep again; any context
 * @exchange: instead of @submit and @rearm, for transports without messages: make
 *	the answer to the CCID message in req->tx
 */
struct scard_hw_ops {
	int (*init_urbs)(struct scard_req *req, gfp_t gfp);
	void (*free_urbs)(struct scard_req *req);
	int (*submit)(struct scard_req *req, u32 len);
	int (*rearm)(struct scard_rx *rx);
	void (*cancel)(struct scard_req *req);
	int (*control)(struct scard_reader *reader, u8 type, u8 request, u16 value,
		       void *data, u16 len, unsigned int timeout_ms);
	void (*stop)(struct scard_reader *reader);
	void (*restart)(struct scard_reader *reader);
	int (*unhalt)(struct scard_reader *reader);
	int (*get)(struct scard_reader *reader);
	void (*hold)(struct scard_reader *reader);
	void (*put)(struct scard_reader *reader);
	int (*exchange)(struct scard_slot *slot, struct scard_req *req, u32 len,
			unsigned int timeout_ms);
};

/**
 * struct scard_reader - one CCID interface; constant after probe unless marked
 * @kref: see LIFETIMES
 * @release: frees the transport's structure, of which this is part
 * @parent: the USB interface, parent of the slots
 * @ops: transport
 * @desc: class descriptor, clamped
 * @index: "II" of the reader name
 * @rx_unit: receive buffers are multiples of this
 * @has_interrupt: insertion and removal are reported; becomes false for ever if the
 *	pipe fails
 * @iccd_version: ICCD_VERSION_* of a token, 0 for a reader
 * @quirks: SCARD_QUIRK_*
 * @pin: how its PIN pad wants to be told, as far as that is known without asking
 * @lock: see LOCKS
 * @gone: unplugged or unbound; set once, under @lock
 * @farewell: its cards are being powered off: only who does so sends now
 * @paused: suspended or being reset: commands wait on @resumed (lock)
 * @resumed: see @paused
 * @wedged: the last recovery failed; try again before the next command (lock)
 * @seq: next bSeq (lock)
 * @cmd: command on the wire, by slot (lock)
 * @count: see there (lock)
 * @complaints: limits scard_reader_complain()
 * @stops: how often it was suspended or reset: nothing is as it was before (lock)
 * @places: commands that may still be sent, where slots outnumber them (lock)
 * @queue: who waits for a place; see ccid_cmd.c (lock)
 * @rates: data rates of GET_DATA_RATES, NULL before they were asked for; see negotiate.c
 * @nrates: number of them
 * @wq: works of the slots
 * @slots: the slots; @nslots of them
 * @nslots: 1 to SCARD_MAX_SLOTS
 * @vendor_id: idVendor
 * @product_id: idProduct
 * @bcd_device: bcdDevice
 * @bus: USB bus number
 * @device: address on it
 * @interface: bInterfaceNumber
 * @manufacturer: iManufacturer, sanitised, as the other strings
 * @product: iProduct
 * @interface_name: iInterface
 * @serial: iSerialNumber
 */
struct scard_reader {
	struct kref kref;
	void (*release)(struct scard_reader *reader);
	struct device *parent;
	const struct scard_hw_ops *ops;
	struct ccid_desc desc;
	unsigned int index;
	u32 rx_unit;
	bool has_interrupt;
	u8 iccd_version;
	u32 quirks;
	struct pin_pad pin;

	spinlock_t lock;	/* see LOCKS */
	bool gone;
	bool farewell;
	bool paused;
	wait_queue_head_t resumed;
	bool wedged;
	u8 seq;
	struct scard_req *cmd[SCARD_MAX_SLOTS];
	struct scard_reader_count count;
	struct ratelimit_state complaints;
	u32 stops;
	u32 places;
	struct list_head queue;

	u32 *rates;
	unsigned int nrates;

	struct workqueue_struct *wq;
	struct scard_slot *slots[SCARD_MAX_SLOTS];
	unsigned int nslots;

	u16 vendor_id;
	u16 product_id;
	u16 bcd_device;
	u16 bus;
	u16 device;
	u8 interface;
	char manufacturer[SCARD_STRING_SIZE];
	char product[SCARD_STRING_SIZE];
	char interface_name[SCARD_STRING_SIZE];
	char serial[SCARD_STRING_SIZE];
};

#endif /* SCARD_READER_H */
