/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The core as a transport sees it: readers, slots, requests, the operations that a
 * transport implements and the calls that it makes.
 * See kernel/docs/transport.md.
 *
 * LIFETIMES
 *   reader   one device of a transport. kref: the transport's binding, each slot, each
 *            request.
 *   slot     struct device + cdev; one /dev/scardN. Holds its reader.
 *   handle   one open file, from open() to the last close. Holds its slot.
 *   request  buffers of one exchange. Belongs to the caller that made it; if that caller
 *            is killed while the exchange is under way, it belongs to the slot
 *            (slot->worker.orphan), and the worker finishes and frees it. If the turn is
 *            taken over, both have a reference until the caller runs again.
 *   Nothing that an open file can reach is freed at unplug; it is marked gone.
 *
 * LOCKS, outermost first. None is held across anything that waits for hardware.
 *   scard_event_lock  mutex of the list of slots that discovery reads (event.c).
 *   slot->lock        spinlock, process context only: the policy, the published state of
 *                     the card, the event counters. Waiters are woken inside it.
 *   reader->lock      spinlock, irqsave: gone, paused, counters, and what a transport
 *                     shares with its completion handlers.
 *
 * WHO MAY RUN
 *   The owner of the turn is the one thread that may speak to the card of a slot;
 *   policy.c appoints it. Members marked (owner) belong to it and need no lock: the turn
 *   passes from one owner to the next under slot->lock. If the owner is killed, the slot's
 *   worker (a work item) owns the turn, and the caller leaves at once. If the owner sleeps in
 *   the transport and does not run when it should, or the reader goes, the worker takes the
 *   turn over, and the thread finds that out by scard_slot_wakes() (turn.c).
 *   Members marked (lock) are written by the owner under slot->lock, and read by any
 *   thread under it. presence.news_work runs beside the owner and takes slot->lock only.
 *
 * UNPLUG
 *   The transport calls scard_dev_unregister(). It marks the reader gone under
 *   reader->lock, tells each policy (all waiters end with -ENODEV), has the transport end
 *   its transfers (all exchanges end), and waits for the works. Every wait condition of the
 *   module includes "gone".
 */
#ifndef SCARD_H
#define SCARD_H

#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/jiffies.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/ratelimit_types.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/scard.h>

#include "ops.h"
#include "policy.h"

#define SCARD_MAX_READERS	256
#define SCARD_MAX_SLOTS		16	/* per reader */
/* No exchange takes longer than this, however much time card and reader ask for */
#define SCARD_CEILING_MS	(5 * 60 * 1000)
/* Bytes of command that each request has room for: a short APDU, ISO 7816-3 section 12.1 */
#define SCARD_SHORT_COMMAND	261U

/**
 * struct scard_reader_count - counters of a reader since it came (reader->lock)
 * @commands: commands sent to it
 * @time_extensions: answers that asked for more time
 * @strays: messages and empty transfers that answered no command
 * @transfer_errors: commands ended by a failed transfer
 * @timeouts: commands ended by their deadline
 * @aborts: commands aborted
 */
struct scard_reader_count {
	u64 commands;
	u64 time_extensions;
	u64 strays;
	u64 transfer_errors;
	u64 timeouts;
	u64 aborts;
};

/**
 * struct scard_owner - initial owner and mode of a reader's nodes
 * @uid: owner
 * @gid: group
 * @mode: permission bits; 0: as the system has it, root's
 * @private: only @uid and CAP_SYS_ADMIN find the reader by netlink, and @mode holds whatever
 *	the node's mode is; root may change it
 */
struct scard_owner {
	kuid_t uid;
	kgid_t gid;
	umode_t mode;
	bool private;
};

/**
 * struct scard_reader - a reader; the transport's structure is around it
 * @kref: see LIFETIMES
 * @parent: the device that is the parent of the slots
 * @ops: the transport
 * @index: "II" of the reader name
 * @nslots: 1 to SCARD_MAX_SLOTS
 * @nbusy: commands that the reader takes at the same time
 * @protocols: SCARD_PROTO_T0 and SCARD_PROTO_T1 as far as the reader has them
 * @max_apdu: longest command of TRANSMIT in bytes
 * @auto_power: the reader powers a card up by itself when it is inserted
 * @notifies: insertion and removal are reported; false for ever after scard_presence_poll()
 * @vendor_id: of the maker, 0 if there is none
 * @product_id: of the product
 * @manufacturer: strings for the name, printable and without blanks at their ends
 * @product: see @manufacturer
 * @interface_name: see @manufacturer
 * @serial: see @manufacturer
 * @owner: of the nodes; all zero: root's, for all to find
 *
 * Constant after scard_dev_init() up to here, but for @notifies and @owner.private.
 *
 * @lock: see LOCKS
 * @gone: unplugged or unbound; set once (lock)
 * @paused: suspended or being reset: exchanges wait on @resumed (lock)
 * @resumed: see @paused; woken when the reader is gone, too
 * @stops: how often it was suspended or reset: each time the cards lost their power (lock)
 * @count: counters (lock)
 * @warnings: limits scard_reader_warn()
 * @wq: works of the slots
 * @slots: the slots; @nslots of them
 */
struct scard_reader {
	struct kref kref;
	struct device *parent;
	const struct scard_reader_ops *ops;
	unsigned int index;
	unsigned int nslots;
	unsigned int nbusy;
	u32 protocols;
	u32 max_apdu;
	bool auto_power;
	bool notifies;
	u16 vendor_id;
	u16 product_id;
	char manufacturer[SCARD_STRING_SIZE];
	char product[SCARD_STRING_SIZE];
	char interface_name[SCARD_STRING_SIZE];
	char serial[SCARD_STRING_SIZE];
	struct scard_owner owner;

	spinlock_t lock;	/* see LOCKS */
	bool gone;
	bool paused;
	wait_queue_head_t resumed;
	u32 stops;
	struct scard_reader_count count;
	struct ratelimit_state warnings;
	struct workqueue_struct *wq;
	struct scard_slot *slots[SCARD_MAX_SLOTS];
};

/**
 * struct scard_card - the card in a slot; card.c writes it
 * @atr: the last ATR (lock)
 * @atr_len: its length, 0 without a card (lock)
 * @cold_atr: the last ATR after a cold reset (lock)
 * @cold_len: its length, 0 if not known (lock)
 * @cold_voltage: @voltage that it was got with (lock)
 * @voltage: supply class that the card answered at, 1 to 3 for 5, 3 and 1.8 V; 0: the
 *	reader chooses (owner; the transport writes it)
 * @protocol: active protocol, SCARD_PROTO_* or 0 (lock)
 * @settling: presence or ATR is being found out (lock)
 * @stops: reader->stops when the card got its power (owner)
 */
struct scard_card {
	u8 atr[SCARD_MAX_ATR_SIZE];
	u8 atr_len;
	u8 cold_atr[SCARD_MAX_ATR_SIZE];
	u8 cold_len;
	u8 cold_voltage;
	u8 voltage;
	u32 protocol;
	bool settling;
	u32 stops;
};

/**
 * enum scard_presence_state - uncertainty about a slot's card
 * @SCARD_PRESENCE_KNOWN: nothing
 * @SCARD_PRESENCE_RECHECK: the card may have been exchanged unseen: its ATR is compared
 * @SCARD_PRESENCE_REPORTED: the transport has reported a card; the next answer confirms it
 * @SCARD_PRESENCE_REMOVED: a removal was believed; an answer of the reader verifies it
 *
 * With the state of the card (enum pol_card):
 *
 *	state		ABSENT	OFF, MUTE	ON
 *	KNOWN		yes	yes		yes
 *	RECHECK		yes (1)	yes		yes (2)
 *	REPORTED	yes	yes (3)		yes (3)
 *	REMOVED		yes	no		no
 *
 * (1) an insertion reads the ATR anyway; (2) a card that is still powered is the same one;
 * (3) out and in again, and only the last was reported.
 */
enum scard_presence_state {
	SCARD_PRESENCE_KNOWN,
	SCARD_PRESENCE_RECHECK,
	SCARD_PRESENCE_REPORTED,
	SCARD_PRESENCE_REMOVED,
};

/**
 * struct scard_presence - insertion and removal; presence.c
 * @state: see there (lock)
 * @doubted: since when the worker is to ask about a reported removal, jiffies, or 0 (lock)
 * @reports: PRESENCE_* bits set by scard_presence_notify()
 * @news_work: acts on @reports, then multicasts changes
 * @verify_work: verifies a removal, or ends a doubt; keeps the reader awake until then
 * @poll_work: asks for the slot status where the transport does not report it
 * @poll_step: time until it asks again, jiffies (lock)
 * @poll_event: events.card when it last ran (lock)
 * @checked: time of the last answer that told the state of the card, jiffies
 */
struct scard_presence {
	enum scard_presence_state state;
	unsigned long doubted;
	unsigned long reports;
	struct work_struct news_work;
	struct delayed_work verify_work;
	struct delayed_work poll_work;
	unsigned long poll_step;
	u32 poll_event;
	unsigned long checked;
};

/**
 * struct scard_events - counters of changes and their announcement; event.c
 * @wait: poll() waiters; woken when @all changes or the reader goes
 * @all: counts all changes (lock)
 * @card: counts insertions and removals (lock)
 * @announced: the slot is listed by netlink, which reports its changes (lock)
 * @dirty: it has changed, news_work has to multicast (lock)
 * @last_state: state of the last change that was to be multicast (lock)
 * @last_card: @card of it (lock)
 * @node: in the list of slots (scard_event_lock)
 */
struct scard_events {
	wait_queue_head_t wait;
	u32 all;
	u32 card;
	bool announced;
	bool dirty;
	u32 last_state;
	u32 last_card;
	struct list_head node;
};

/**
 * struct scard_power - the reader's power and the idle card; power.c
 * @users: handles and calls that keep the reader awake, by one ops->get() (lock)
 * @idle_work: powers the card off when it was not used for a while
 * @idle_since: time at which the last handle left, jiffies (lock)
 * @unsafe: a card may have its power and the state of its last user, and is not ON: the reader
 *	refused to power it off, did not tell, or its removal is not verified (lock)
 * @retry_work: has the worker settle the slot again
 * @retry_s: time until it does, or between the last two, seconds; 0: none is needed (lock)
 */
struct scard_power {
	u32 users;
	struct delayed_work idle_work;
	unsigned long idle_since;
	bool unsafe;
	struct delayed_work retry_work;
	unsigned int retry_s;
};

/**
 * struct scard_watchdog - the limit of idle transactions; watchdog.c
 * @work: ends a transaction that is idle for too long
 * @used: time of the last call of the transaction's owner, jiffies (lock)
 */
struct scard_watchdog {
	struct delayed_work work;
	unsigned long used;
};

/**
 * struct scard_worker - the worker of a slot; worker.c
 * @work: the work item
 * @req: its request (owner)
 * @orphan: request of another caller whose exchange is still under way (owner)
 * @abandoned: that caller was not killed, its turn was taken over (owner)
 */
struct scard_worker {
	struct work_struct work;
	struct scard_req *req;
	struct scard_req *orphan;
	bool abandoned;
};

/**
 * enum scard_progress - how far the operation of the owner has come
 * @SCARD_NOTHING_SENT: the device has seen nothing of it
 * @SCARD_SENT_TO_READER: bytes may have reached the reader
 * @SCARD_SENT_TO_CARD: bytes may have reached the card
 */
enum scard_progress {
	SCARD_NOTHING_SENT,
	SCARD_SENT_TO_READER,
	SCARD_SENT_TO_CARD,
};

/**
 * struct scard_operation - the operation under way (owner)
 * @progress: how far it has come; the transport writes it, see scard_slot_sent()
 * @redo: disposition that has begun, which the worker finishes if the owner does not
 * @ceiling: absolute end of the operation, jiffies
 * @req: the request of the operation; NULL once the turn was taken over (reader->lock)
 * @asleep: the owner sleeps in the transport (reader->lock)
 * @due: when it should have run again at the latest, jiffies (reader->lock)
 */
struct scard_operation {
	enum scard_progress progress;
	enum pol_disp redo;
	unsigned long ceiling;
	struct scard_req *req;
	bool asleep;
	unsigned long due;
};

/**
 * struct scard_slot_count - counters of a slot since it came (lock)
 * @calls: calls that needed a turn, also failed ones, by enum pol_op
 * @waits: those of them that had to wait
 * @failures: those that had their turn and failed
 * @insertions: cards found
 * @power_ups: ATRs received
 * @owed_resets: resets done on behalf of handles closed without disconnect
 */
struct scard_slot_count {
	u64 calls[POL_OP_WORKER];
	u64 waits;
	u64 failures;
	u64 insertions;
	u64 power_ups;
	u64 owed_resets;
};

/**
 * struct scard_traced - the state of a slot that was last traced (lock)
 * @epoch: pol_slot.epoch
 * @owner: id of the handle in a transaction, 0 if none is
 * @connected: pol_slot.connected
 * @protocol: scard_card.protocol
 * @card: pol_slot.card
 * @owed: pol_slot.pending_reset
 * @exclusive: pol_slot.exclusive
 * @gone: pol_slot.gone
 */
struct scard_traced {
	u32 epoch;
	u32 owner;
	u32 connected;
	u32 protocol;
	u8 card;
	u8 owed;
	bool exclusive;
	bool gone;
};

/**
 * struct scard_slot - one slot, one /dev/scardN; the transport's structure is around it
 * @dev: the device; its release frees the slot
 * @cdev: the node
 * @reader: the reader, referenced
 * @index: number of the slot in its reader
 * @name: PC/SC name
 * @lock: see LOCKS
 * @pol: the policy (lock)
 * @card: the card
 * @presence: insertion and removal
 * @events: counters of changes
 * @power: the reader's power and the idle card
 * @watchdog: the limit of idle transactions
 * @worker: the worker
 * @op: the operation under way
 * @large: a request with large buffers, ready for the next call; xchg()
 * @stall_work: takes the turn over from a caller that does not run; see turn.c
 * @handles: connected handles, oldest first (lock)
 * @last_id: id of the handle that was opened last (lock)
 * @count: counters
 * @traced: for tracepoints
 * @debugfs: its file there
 */
struct scard_slot {
	struct device dev;
	struct cdev cdev;
	struct scard_reader *reader;
	u8 index;
	char name[SCARD_NAME_SIZE];

	spinlock_t lock;	/* see LOCKS */
	struct pol_slot pol;
	struct scard_card card;
	struct scard_presence presence;
	struct scard_events events;
	struct scard_power power;
	struct scard_watchdog watchdog;
	struct scard_worker worker;
	struct scard_operation op;
	struct scard_req *large;
	struct delayed_work stall_work;
	struct list_head handles;
	u32 last_id;
	struct scard_slot_count count;
	struct scard_traced traced;
	struct dentry *debugfs;
};

/* ---- for transports ---- */

/* dev.c */
int scard_dev_init(struct scard_reader *reader);
int scard_dev_register(struct scard_reader *reader);
void scard_dev_unregister(struct scard_reader *reader, bool alive);
void scard_dev_suspend(struct scard_reader *reader, bool sleep);
void scard_dev_resume(struct scard_reader *reader);
void scard_dev_lost_power(struct scard_reader *reader);

/* reader.c */
void scard_reader_put(struct scard_reader *reader);
int scard_reader_wait_resumed(struct scard_reader *reader);
void scard_reader_count(struct scard_reader *reader, u64 *counter);
void scard_reader_sanitise(char *s, bool kept);
__printf(2, 3) void scard_reader_warn(struct scard_reader *reader, const char *format, ...);

/* presence.c */
void scard_presence_notify(struct scard_slot *slot, bool present);
void scard_presence_poll(struct scard_slot *slot);

/* card.c, for the owner of the turn */
int scard_card_answered(struct scard_slot *slot, enum scard_icc icc, int ret);
int scard_card_cycle(struct scard_slot *slot, struct scard_req *req);

/* turn.c */
void scard_turn_watch_all(struct scard_reader *reader);

/* worker.c */
void scard_worker_kick(struct scard_slot *slot);

/**
 * scard_reader_gone() - is the reader unplugged or unbound?
 * @reader: the reader
 *
 * May be asked without a lock: gone never becomes false again.
 *
 * Return: true if it is
 */
static inline bool scard_reader_gone(const struct scard_reader *reader)
{
	return READ_ONCE(reader->gone);
}

/**
 * scard_slot_sleeps() - the owner of the turn is about to sleep, freezably
 * @slot: the slot; reader->lock is held
 * @due: when it runs again at the latest, jiffies
 *
 * Until scard_slot_wakes() it touches its own request only: the turn may be taken over.
 */
static inline void scard_slot_sleeps(struct scard_slot *slot, unsigned long due)
{
	lockdep_assert_held(&slot->reader->lock);
	slot->op.asleep = true;
	slot->op.due = due;
}

/**
 * scard_slot_due() - the owner of the turn, which sleeps, has another time to wake up
 * @slot: the slot; reader->lock is held
 * @due: when it should run again at the latest, jiffies; now, if it was woken
 */
static inline void scard_slot_due(struct scard_slot *slot, unsigned long due)
{
	lockdep_assert_held(&slot->reader->lock);
	slot->op.due = due;
}

/**
 * scard_slot_is_owned() - does the turn still belong to the operation of a request?
 * @slot: the slot
 * @req: the request
 *
 * Return: false if the turn was taken over while the caller slept
 */
static inline bool scard_slot_is_owned(const struct scard_slot *slot, const struct scard_req *req)
{
	return READ_ONCE(slot->op.req) == req;
}

/**
 * scard_slot_wakes() - the owner of the turn runs again
 * @slot: the slot; reader->lock is held
 * @req: its request
 *
 * Return: false if its turn was taken over: it returns -EINTR, and touches nothing else
 */
static inline bool scard_slot_wakes(struct scard_slot *slot, const struct scard_req *req)
{
	lockdep_assert_held(&slot->reader->lock);
	if (!scard_slot_is_owned(slot, req))
		return false;
	slot->op.asleep = false;
	return true;
}

/**
 * scard_slot_sent() - the device may see something of the operation from now on
 * @slot: the slot
 * @progress: the reader, or the card, may see it
 *
 * Return: the progress before, for a command that did not leave
 */
static inline enum scard_progress scard_slot_sent(struct scard_slot *slot,
						  enum scard_progress progress)
{
	enum scard_progress before = slot->op.progress;

	if (before < progress)
		slot->op.progress = progress;
	return before;
}

/**
 * scard_slot_power_begins() - the card gets its power with the next command
 * @slot: the slot, whose reader is not paused
 */
static inline void scard_slot_power_begins(struct scard_slot *slot)
{
	slot->card.stops = READ_ONCE(slot->reader->stops);
}

/**
 * scard_slot_power_lost() - was the reader stopped since the card got its power?
 * @slot: the slot
 *
 * Return: true if the card has lost its power and its protocol
 */
static inline bool scard_slot_power_lost(const struct scard_slot *slot)
{
	return slot->card.stops != READ_ONCE(slot->reader->stops);
}

/**
 * scard_slot_no_card() - why can the card not take a command?
 * @slot: the slot
 *
 * Return: 0: it can; -ENOMEDIUM: there is none; -ENOLINK: it has no power or is mute
 */
static inline int scard_slot_no_card(const struct scard_slot *slot)
{
	switch (READ_ONCE(slot->pol.card)) {
	case POL_CARD_ON:
		return 0;
	case POL_CARD_ABSENT:
		return -ENOMEDIUM;
	default:
		return -ENOLINK;
	}
}

#endif /* SCARD_H */
