/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Objects, lifetimes and locks of the scard module.
 *
 * Files, from the top to the bottom; no two of them call each other in a circle:
 *
 *   cdev.c      file operations; the only file that touches user memory
 *   netlink.c   answers discovery
 *   dev.c       class, slots and readers as devices: their coming and going
 *   file.c      calls on an open file; connect.c: those that power, reset or release a card
 *   turn.c      takes a turn from the policy, waits for it, gives it back
 *   worker.c    pending resets and exchanges of killed callers
 *   presence.c  insertion and removal
 *   card.c      the card: power, ATR, state
 *   power.c, watchdog.c  idle cards, idle transactions
 *   event.c     state word, event counter, multicasts
 *   policy.c    decides (pure)
 *   reader.c, request.c  lifetimes
 *   trace.c, sysfs.c, debugfs.c  observation; read snapshots only
 * and in ../ccid: apdu.c, negotiate.c, control.c, pinpad.c, attr.c, quirks.c; cmd.c, one
 * command and its recovery; wire.c, messages; usb_pipe.c, transfers; usb.c, binding; iccd.c.
 *
 * LIFETIMES
 *   reader   one USB interface. kref: the USB binding, each slot, each request.
 *   slot     struct device + cdev; one /dev/scardN. Holds its reader.
 *   handle   one open file, from open() to the last close. Holds its slot.
 *   request  buffers and URBs of one exchange. Belongs to the thread that made
 *            it; when that thread is killed while the request is on the wire, it
 *            belongs to the slot (slot->orphan) and the worker ends and frees it.
 *   Nothing that an open file can reach is freed at unplug; it is marked gone.
 *
 * LOCKS, outermost first. None is held across anything that waits for hardware.
 *   slot->lock     spinlock, process context only: slot->pol (the policy), the
 *                  published state of the card, event counters. Waiters are woken
 *                  inside it.
 *   reader->lock   spinlock, irqsave: in-flight requests, bSeq, gone, power
 *                  references; taken in URB completions.
 *
 * WHO MAY RUN
 *   "The actor" is the one thread that may speak to the card of a slot; policy.c
 *   appoints it. Fields marked (actor) belong to it and need no lock: the hand-over
 *   from one actor to the next goes through slot->lock. A killed actor appoints
 *   the slot's worker (a work item) and leaves at once.
 *   Published fields, marked (lock), are written by the actor under slot->lock and
 *   may be read by anyone under it.
 *   news_work runs at any time beside the actor; it takes slot->lock only.
 *
 * UNPLUG
 *   disconnect() marks the reader gone under reader->lock, then tells each policy
 *   (all waiters end with -ENODEV), then ends the transfers (all exchanges end),
 *   then waits for the works. New submissions fail, because the pipes are stopped.
 *   Every wait condition of the module includes "gone".
 */
#ifndef SCARD_H
#define SCARD_H

#include <linux/bitops.h>
#include <linux/cdev.h>
#include <linux/completion.h>
#include <linux/device.h>
#include <linux/jiffies.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/tracepoint-defs.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/scard.h>

#include "counters.h"
#include "policy.h"
#include "proto/apdu.h"
#include "proto/atr.h"
#include "proto/ccid_desc.h"
#include "proto/ccid_msg.h"
#include "proto/pin.h"
#include "proto/t1.h"
#include "reader.h"

#define SCARD_MAX_HANDLES	1024	/* connected handles per slot */

/* No CCID command takes longer than this, whatever the card or the reader asks for */
#define SCARD_CEILING_MS	(5 * 60 * 1000)
/* How long a command that nobody waits for may go on before it is aborted */
#define SCARD_ORPHAN_GRACE_MS	250

/* Messages up to this are received whole, whatever the caller expects */
#define SCARD_SMALL_MESSAGE	1024U
/*
 * Room of a caller that is made use of before an extended APDU asks for more: a transfer of
 * up to 64 KiB is one for any host controller, and a buffer of it half of the next size
 */
#define SCARD_USUAL_ROOM	(SZ_64K - CCID_HEADER_LEN)
/* Payload that a handle is prepared to send: a short APDU, ISO 7816-3 section 12.1 */
#define SCARD_SHORT_TX		261U
/* Payload that the worker sends and receives: parameters, PPS; ATR, parameters */
#define SCARD_WORKER_TX		64
#define SCARD_WORKER_RX		64

/**
 * struct scard_place - who waits for a place in reader->queue; under reader->lock
 * @node: its entry there
 * @task: a thread, on whose stack this is; NULL: the worker of the slot of which it is part
 * @served: it has the place; the worker keeps it for a job
 */
struct scard_place {
	struct list_head node;
	struct task_struct *task;
	bool served;
};

/**
 * struct scard_slot - one slot, one /dev/scardN
 * @dev: the device; its release frees the slot
 * @cdev: the node
 * @reader: the reader, referenced
 * @index: bSlot
 * @name: PC/SC name
 * @lock: see LOCKS
 * @pol: the policy (lock)
 * @users: handles and calls that keep the reader awake, by one reference to its power (lock)
 * @wait: poll() waiters; woken when @event changes or the reader goes
 * @event: counts all changes (lock)
 * @card_event: counts insertions and removals (lock)
 * @last_id: id of the handle that was opened last (lock)
 * @traced: see scard_slot_trace() (lock)
 * @count: see there (lock)
 * @atr: the last ATR (lock)
 * @atr_len: its length, 0 without a card (lock)
 * @cold_atr: the last ATR after a cold reset (lock)
 * @cold_len: its length, 0 if not known (lock)
 * @cold_voltage: bPowerSelect that it was got with (lock)
 * @protocol: active protocol, SCARD_PROTO_* or 0 (lock)
 * @settling: presence or ATR is being found out (lock)
 * @notified: SLOT_NOTIFIED_* bits set by the interrupt pipe
 * @news_work: acts on @notified, and tells what netlink.c has to tell
 * @verify: a removal that was notified is not confirmed yet (lock)
 * @verify_work: has the reader asked about it; the reader is kept awake until then
 * @poll_work: asks for the slot status where there is no interrupt pipe
 * @poll_step: how long it waits before it asks again, jiffies (lock)
 * @poll_event: @card_event when it last ran (lock)
 * @looked: when an answer has last told the state of the card, jiffies
 * @work: the worker
 * @req: the worker's request (actor)
 * @place: the worker's place among the commands that the reader takes at a time
 * @orphan: request that a killed actor left on the wire (actor)
 * @orphan_single: the operation consisted of that one exchange (actor)
 * @single: the operation under way consists of one exchange (actor)
 * @sent: the operation under way has sent something (actor)
 * @to_card: what it has sent was for the card, not for the reader alone (actor)
 * @inserted: the interrupt pipe has reported an insertion, no answer so far (lock)
 * @recheck: the card may have been swapped unseen: compare its ATR (lock)
 * @interrupted: its last command was cut on the wire, and the reader may still be busy
 *	with it (actor)
 * @expire_work: ends transactions that are idle for too long
 * @used: when the owner of the transaction has called last, jiffies (lock)
 * @idle_work: powers the card off when nobody has used it for a while
 * @idle_since: when the last handle left, jiffies (lock)
 * @stops: reader->stops when the card got its power (actor)
 * @voltage: bPowerSelect that worked, 0 before (actor)
 * @announced: netlink has told of the slot, and tells of its changes
 * @debugfs: its file there
 * @netlink_node: in the list of netlink.c
 * @untold: it has changed and is @announced, news_work has to tell (lock)
 * @told_state: the last change's state as netlink.c tells it (lock)
 * @told_card_event: its @card_event (lock)
 * @ceiling: when the operation under way ends whatever happens, jiffies (actor)
 * @deadline: due no later than the command on the wire has to be answered; armed under
 *	reader->lock, stays armed when the answer comes
 * @info: parsed ATR (actor)
 * @chosen: @choice was made for @info (actor)
 * @choice: TA1 of the parameters to try first (actor)
 * @fi_di: TA1 of the parameters in use (actor)
 * @wait_ms: how long the card may take for one TPDU (actor)
 * @t1: state of T=1 (actor)
 */
struct scard_slot {
	struct device dev;
	struct cdev cdev;
	struct scard_reader *reader;
	u8 index;
	char name[SCARD_NAME_SIZE];

	spinlock_t lock;	/* see LOCKS */
	struct pol_slot pol;
	u32 users;
	wait_queue_head_t wait;
	u32 event;
	u32 card_event;
	u32 last_id;
	struct scard_traced traced;
	struct scard_slot_count count;
	u8 atr[SCARD_ATR_MAX];
	u8 atr_len;
	u8 cold_atr[SCARD_ATR_MAX];
	u8 cold_len;
	u8 cold_voltage;
	u32 protocol;
	bool settling;

	unsigned long notified;
	struct work_struct news_work;
	bool verify;
	struct delayed_work verify_work;
	struct delayed_work poll_work;
	unsigned long poll_step;
	u32 poll_event;
	unsigned long looked;
	struct work_struct work;

	struct scard_req *req;
	struct scard_place place;
	struct scard_req *orphan;
	bool orphan_single;
	bool single;
	bool sent;
	bool to_card;
	bool inserted;
	bool recheck;
	bool interrupted;
	struct delayed_work expire_work;
	unsigned long used;
	struct delayed_work idle_work;
	unsigned long idle_since;
	u32 stops;
	u8 voltage;
	bool announced;
	struct dentry *debugfs;
	struct list_head netlink_node;
	bool untold;
	u32 told_state;
	u32 told_card_event;
	unsigned long ceiling;
	struct timer_list deadline;
	struct atr info;
	bool chosen;
	u8 choice;
	u8 fi_di;
	u32 wait_ms;
	struct t1 t1;
};

#define SLOT_NOTIFIED_ABSENT	0	/* bit numbers in scard_slot.notified */
#define SLOT_NOTIFIED_PRESENT	1

/**
 * struct scard_handle - one open file
 * @slot: its slot, referenced
 * @id: names it among those of the slot, from 1 on; constant
 * @pol: what the policy knows of it (slot->lock)
 * @spare: a request ready for the next exchange, taken and put back with xchg()
 * @seen: value of slot->event at the last snapshot (slot->lock)
 */
struct scard_handle {
	struct scard_slot *slot;
	u32 id;
	struct pol_handle pol;
	struct scard_req *spare;
	u32 seen;
};

/**
 * struct scard_turn - a turn and the completion that its caller sleeps on
 * @pol: the turn
 * @served: it has left the queue; completed under slot->lock
 */
struct scard_turn {
	struct pol_turn pol;
	struct completion served;
};

/* trace.c */
u32 scard_slot_owner(const struct scard_slot *slot);
void scard_slot_trace(struct scard_slot *slot);

DECLARE_TRACEPOINT(scard_slot);

/* A new operation of the actor */
static inline void scard_slot_begin(struct scard_slot *slot)
{
	slot->sent = false;
	slot->to_card = false;
	slot->single = false;
	slot->ceiling = jiffies + msecs_to_jiffies(SCARD_CEILING_MS);
}

/* For those who may have changed what the policy knows */
static inline void scard_slot_unlock(struct scard_slot *slot)
	__releases(&slot->lock)
{
	if (tracepoint_enabled(scard_slot))
		scard_slot_trace(slot);
	spin_unlock(&slot->lock);
}

/* sysfs.c */
extern const struct attribute_group *scard_slot_groups[];

/* debugfs.c */
void scard_debugfs_init(void);
void scard_debugfs_exit(void);
void scard_debugfs_add(struct scard_slot *slot);
void scard_debugfs_del(struct scard_slot *slot);

/* main.c */
extern struct class scard_class;

/* cdev.c: device numbers and nodes */
int scard_cdev_init(void);
void scard_cdev_exit(void);
int scard_cdev_get_minor(struct scard_slot *slot);
int scard_cdev_add(struct scard_slot *slot);
void scard_cdev_del(struct scard_slot *slot);
void scard_cdev_free_minor(struct scard_slot *slot);

/* netlink.c */
int scard_netlink_init(void);
void scard_netlink_exit(void);
void scard_netlink_add(struct scard_slot *slot);
void scard_netlink_del(struct scard_slot *slot);
void scard_netlink_change(struct scard_slot *slot);
void scard_netlink_tell(struct scard_slot *slot);
bool scard_netlink_heard(void);
struct list_head;
struct mutex;
struct genl_family;
struct sk_buff;
extern struct list_head scard_netlink_slots;
extern struct mutex scard_netlink_lock;
extern unsigned int scard_netlink_generation;
extern struct genl_family scard_netlink_family;
int scard_netlink_put(struct sk_buff *skb, struct scard_slot *slot, void *head, bool whole);
int scard_slot_add_user(struct scard_slot *slot);

/* handle.c */
struct scard_handle *scard_handle_open(struct scard_slot *slot);
void scard_handle_close(struct scard_handle *h);
void scard_handle_info(struct scard_handle *h, struct scard_info *info);
int scard_handle_status(struct scard_handle *h, struct scard_status *st, bool nonblock);
int scard_handle_begin(struct scard_handle *h, bool nonblock);
int scard_handle_transmit(struct scard_handle *h, struct scard_req **reqp, u32 len, u32 room,
			  u32 protocol, bool nonblock);
int scard_handle_control(struct scard_handle *h, struct scard_req **reqp, u32 code, u32 len,
			 bool nonblock);
int scard_handle_get_attr(struct scard_handle *h, u32 id, u8 *buf, u32 *len);
int scard_handle_set_attr(struct scard_handle *h, u32 id);
void scard_handle_cancel(struct scard_handle *h);
struct scard_req *scard_handle_get_req(struct scard_handle *h, u32 send_len, u32 room);
void scard_handle_put_req(struct scard_handle *h, struct scard_req *req);

int scard_turn_take(struct scard_handle *h, struct scard_turn *t, enum pol_op op,
		    enum pol_share share, bool nonblock);
void scard_turn_done(struct scard_handle *h, struct scard_turn *t, struct scard_req **reqp,
		     int ret, enum pol_disp redo);

/* connect.c: the calls that power, reset or release the card */
int scard_handle_connect(struct scard_handle *h, struct scard_connect *arg, bool nonblock);
int scard_handle_reconnect(struct scard_handle *h, struct scard_connect *arg, bool nonblock);
int scard_handle_disconnect(struct scard_handle *h, u32 disposition, bool nonblock);
int scard_handle_end(struct scard_handle *h, u32 disposition, bool nonblock);
bool scard_slot_drop_user(struct scard_slot *slot);
void scard_slot_unused(struct scard_slot *slot);

/* attr.c: controls and attributes that need no card */
int scard_attr_get(struct scard_slot *slot, u32 id, u8 *buf, u32 *len);

/* pinpad.c */
int scard_pinpad_ask(struct scard_slot *slot, struct scard_req *req, struct pin_pad *pad);
int scard_pinpad_firmware(struct scard_slot *slot, struct scard_req *req, u8 *name, u32 size,
			  u32 *len);
int scard_pinpad_enter(struct scard_slot *slot, struct scard_req *req, u32 len, bool modify);

/* control.c */
bool scard_control_enters_pin(u32 code);
int scard_slot_control(struct scard_slot *slot, struct scard_req *req, u32 code, u32 len);

/* slot_dev.c: coming and going */
struct scard_slot *scard_slot_alloc(struct scard_reader *reader, u8 index);
int scard_slot_register(struct scard_slot *slot);
void scard_slot_gone(struct scard_slot *slot);
void scard_slot_quiesce(struct scard_slot *slot);
void scard_slot_unregister(struct scard_slot *slot);

/* worker.c, presence.c, power.c, watchdog.c */
void scard_watchdog_work(struct work_struct *work);
void scard_worker_init(struct scard_slot *slot);
void scard_worker_stop(struct scard_slot *slot);
void scard_presence_init(struct scard_slot *slot);
void scard_presence_stop(struct scard_slot *slot);
void scard_power_init(struct scard_slot *slot);
void scard_power_stop(struct scard_slot *slot);
void scard_watchdog_init(struct scard_slot *slot);
void scard_watchdog_stop(struct scard_slot *slot);
void scard_slot_wake(struct pol_turn *pol_turn);
void scard_slot_deaf(struct scard_slot *slot);
void scard_slot_notify(struct scard_slot *slot, bool present);
void scard_slot_watch(struct scard_slot *slot);
void scard_slot_look(struct scard_slot *slot);
void scard_slot_idle(struct scard_slot *slot);
void scard_slot_used(struct scard_slot *slot);
void scard_slot_awaited(struct scard_slot *slot);
void scard_slot_resumed(struct scard_slot *slot);

/* slot.c: the card; from scard_slot_cmd() on for the actor only */
void scard_slot_removed_locked(struct scard_slot *slot);
void scard_slot_lost_power_locked(struct scard_slot *slot);
void scard_slot_unreachable(struct scard_slot *slot);
void scard_slot_farewell(struct scard_slot *slot);
void scard_slot_changed(struct scard_slot *slot);
u32 scard_slot_state(const struct scard_slot *slot);

int scard_slot_settle(struct scard_slot *slot, struct scard_req *req);
void scard_slot_settled(struct scard_slot *slot);
int scard_slot_power_on(struct scard_slot *slot, struct scard_req *req, bool warm);
int scard_slot_activate(struct scard_slot *slot, struct scard_req *req);
int scard_slot_power_off(struct scard_slot *slot, struct scard_req *req);
int scard_slot_eject(struct scard_slot *slot, struct scard_req *req);

enum pol_card scard_slot_mark_reset(struct scard_slot *slot);
int scard_slot_reset(struct scard_slot *slot, struct scard_req *req);
int scard_slot_cmd(struct scard_slot *slot, struct scard_req *req, u8 type, const u8 params[3],
		   u32 len, unsigned int timeout_ms);

/* negotiate.c */
int scard_slot_negotiate(struct scard_slot *slot, struct scard_req *req, u32 protocols);

/* slot_xfr.c */
u32 scard_slot_rx_size(const struct scard_slot *slot, u32 room);
u32 scard_slot_max_apdu(const struct scard_slot *slot);
int scard_slot_grow_req(const struct scard_slot *slot, struct scard_req *req, u32 len, u32 room);
int scard_slot_t1_ifsd(struct scard_slot *slot, struct scard_req *req, u8 ifsd);
int scard_slot_t1_secure(struct scard_slot *slot, struct scard_req *req, u8 *prologue, u32 len);
int scard_slot_t1_secured(struct scard_slot *slot, struct scard_req *req);
int scard_slot_transmit(struct scard_slot *slot, struct scard_req *req, u32 len, u32 room,
			u32 protocol);

/* reader.c */
int scard_reader_init(struct scard_reader *reader);
int scard_reader_register(struct scard_reader *reader);
void scard_reader_unregister(struct scard_reader *reader, bool alive);
int scard_reader_suspend(struct scard_reader *reader, bool sleep);
void scard_reader_resume(struct scard_reader *reader);
int scard_reader_wait_resumed(struct scard_reader *reader);
void scard_reader_put(struct scard_reader *reader);
__printf(2, 3) void scard_reader_complain(struct scard_reader *reader, const char *format, ...);

static inline void scard_reader_get(struct scard_reader *reader)
{
	kref_get(&reader->kref);
}

/* May be asked without a lock: gone never becomes false again. */
static inline bool scard_reader_gone(const struct scard_reader *reader)
{
	return READ_ONCE(reader->gone);
}

/* request.c */
struct scard_req *scard_req_alloc(struct scard_reader *reader, u32 tx_size, u32 rx_size, gfp_t gfp);
int scard_req_grow(struct scard_req *req, u32 tx_size, u32 rx_size);
int scard_req_grow_apdu(struct scard_req *req, u32 size);
void scard_req_clear(struct scard_req *req);
void scard_req_free(struct scard_req *req);

/* ccid_cmd.c */
int ccid_cmd(struct scard_slot *slot, struct scard_req *req, u8 type, const u8 params[3], u32 len,
	     unsigned int timeout_ms);
int ccid_cmd_finish(struct scard_slot *slot, struct scard_req *req, unsigned int grace_ms);
bool ccid_cmd_disown(struct scard_slot *slot);
void ccid_cmd_gone(struct scard_reader *reader);
bool ccid_cmd_take_place(struct scard_slot *slot);
void ccid_cmd_give_place(struct scard_slot *slot);
bool ccid_cmd_answer_whole(const struct scard_req *req);

/* ccid_wire.c */
bool ccid_wire_in_flight(struct scard_slot *slot, const struct scard_req *req);
void ccid_wire_received(struct scard_rx *rx, int status, u32 len);
void ccid_wire_sent(struct scard_req *req, int status);
void ccid_wire_expired(struct timer_list *timer);

/* quirks.c */
extern const char * const scard_quirk_words[32];

void scard_quirks_apply(struct scard_reader *reader);

/* ignore.c */
bool scard_ignored(const struct scard_reader *reader);

/* iccd.c */
void iccd_init(struct scard_reader *reader, u8 version);
int iccd_exchange(struct scard_slot *slot, struct scard_req *req, u32 len,
		  unsigned int timeout_ms);

/* ccid_usb.c */
int ccid_usb_init(void);
void ccid_usb_exit(void);

#endif /* SCARD_H */
