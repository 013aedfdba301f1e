/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The policy of a slot: which handle may use the card, in what order, and when the card
 * must be reset.
 *
 * policy.c alone decides: share modes, transactions, the queue of turns, dispositions and
 * pending resets. A pure state machine: no locks, no time, no I/O, no allocation. In
 * the module every call is made under slot->lock; a model checker runs the same source.
 *
 * Terms:
 *   handle   one open file; "connected" when its share mode is not POL_UNCONNECTED
 *   turn     one call of a handle that waits for, or has, the right to act
 *   place    where in the queue a call was that a signal interrupted: if it asks again, it is
 *            there again; as long as it does not, all others pass it
 *   running  the one turn that may speak to the card now
 *   worker   the slot's own turn: does pending resets, finishes exchanges of killed
 *            callers, settles a card that was inserted
 *   owner    the handle that is in a transaction
 *   epoch    counts resets, power-offs and removals, but no power-off of a card
 *            without a connected handle; a handle whose epoch is not the slot's
 *            has W_RESET_CARD or W_REMOVED_CARD pending
 */
#ifndef SCARD_POLICY_H
#define SCARD_POLICY_H

#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/string.h>
#include <linux/types.h>

/* Share modes; values of SCARD_MODE_* */
enum pol_share {
	POL_UNCONNECTED = 0,
	POL_EXCLUSIVE = 1,
	POL_SHARED = 2,
	POL_DIRECT = 3,
};

/* Dispositions; values of SCARD_DISP_* */
enum pol_disp {
	POL_LEAVE = 0,
	POL_RESET = 1,
	POL_UNPOWER = 2,
	POL_EJECT = 3,
};

/* Effect of an unannounced close; values of SCARD_CONNECT_CLOSE_* */
enum pol_close {
	POL_CLOSE_RESET = 1,
	POL_CLOSE_TRANSACTION = 2,
	POL_CLOSE_UNPOWER = 3,
};

enum pol_card {
	POL_CARD_ABSENT,
	POL_CARD_OFF,		/* present, no power */
	POL_CARD_ON,		/* powered, has sent its ATR */
	POL_CARD_MUTE,		/* present, did not answer; without power if the reader obeys */
};

enum pol_op {
	POL_OP_CONNECT,
	POL_OP_RECONNECT,
	POL_OP_DISCONNECT,	/* with a disposition that acts on the card */
	POL_OP_BEGIN,
	POL_OP_END,		/* with a disposition that acts on the card */
	POL_OP_STATUS,
	POL_OP_TRANSMIT,
	POL_OP_CONTROL,
	POL_OP_ATTR,		/* GetAttrib and SetAttrib: answered from memory */
	POL_OP_WORKER,
};

/* Jobs of the worker */
enum pol_job {
	POL_JOB_NONE,		/* nothing: its turn has ended */
	POL_JOB_RESET,
	POL_JOB_UNPOWER,
	POL_JOB_EJECT,
	POL_JOB_SETTLE,		/* find out whether a card is there, read its ATR */
	POL_JOB_IDLE,		/* power off a card without a connected handle */
};

#define POL_WAIT	1	/* scard_pol_ask(): the turn is queued */

struct pol_handle;

/**
 * struct pol_turn - one call that waits for its turn or has it
 * @next: next in the queue, oldest first
 * @handle: whose call; NULL for the worker
 * @op: which call
 * @share: CONNECT and RECONNECT: the mode asked for
 * @queued: in the queue
 * @result: once woken: 0 granted, or a negative errno
 */
struct pol_turn {
	struct pol_turn *next;
	struct pol_handle *handle;
	enum pol_op op;
	enum pol_share share;
	bool queued;
	int result;
};

/**
 * struct pol_handle - state of one open file
 * @share: share mode, POL_UNCONNECTED while it is not a card handle
 * @close: effect of a close without Disconnect
 * @spoke: the handle powered the card or sent it something
 * @epoch: epoch of the slot when the handle (re)connected
 * @depth: nested transactions; not 0 only for slot->owner
 * @place: in the queue, where a call of it was that a signal interrupted
 */
struct pol_handle {
	enum pol_share share;
	enum pol_close close;
	bool spoke;
	u32 epoch;
	u32 depth;
	struct pol_turn place;
};

/**
 * struct pol_slot - the state of one slot
 * @wake: called once for each turn that leaves the queue, and for the worker
 *	when its turn runs
 * @head: oldest queued turn
 * @tail: where the next one goes
 * @running: the turn that may speak to the card, or NULL
 * @worker: the slot's own turn
 * @owner: the handle in a transaction, or NULL
 * @connected: connected handles
 * @exclusive: one handle is connected EXCLUSIVE
 * @gone: the reader is gone, for ever
 * @settle: the worker has to find out whether a card is there
 * @idle: the card may be powered off, if still no handle is connected
 * @pending_reset: disposition that the worker has to do before any handle but the owner acts
 * @reset_counted: the epoch was advanced for @pending_reset already
 * @reset_at_once: an operation was interrupted: @pending_reset does not wait for the owner
 * @rescan: a change may fail queued turns: check all of them
 * @card: the card
 * @epoch: see above
 * @removed_epoch: the epoch that the last removal began
 */
struct pol_slot {
	void (*wake)(struct pol_turn *turn);
	struct pol_turn *head;
	struct pol_turn **tail;
	struct pol_turn *running;
	struct pol_turn worker;
	struct pol_handle *owner;
	u32 connected;
	bool exclusive;
	bool gone;
	bool settle;
	bool idle;
	enum pol_disp pending_reset;
	bool reset_counted;
	bool reset_at_once;
	bool rescan;
	enum pol_card card;
	u32 epoch;
	u32 removed_epoch;
};

void scard_pol_init(struct pol_slot *s, void (*wake)(struct pol_turn *turn));

int scard_pol_pending(const struct pol_slot *s, const struct pol_handle *h);
int scard_pol_refusal(const struct pol_slot *s, struct pol_handle *h, enum pol_op op);
int scard_pol_ask(struct pol_slot *s, struct pol_turn *t);
bool scard_pol_withdraw(struct pol_slot *s, struct pol_turn *t);
bool scard_pol_step_aside(struct pol_slot *s, struct pol_turn *t);
void scard_pol_forget(struct pol_slot *s, struct pol_handle *h);
bool scard_pol_is_awaited(const struct pol_slot *s);
void scard_pol_cancel(struct pol_slot *s, struct pol_handle *h);
void scard_pol_done(struct pol_slot *s, struct pol_turn *t);
void scard_pol_hand_over(struct pol_slot *s, enum pol_disp redo);

void scard_pol_connected(struct pol_slot *s, struct pol_handle *h, enum pol_share share,
			 enum pol_close close);
void scard_pol_reconnected(struct pol_slot *s, struct pol_handle *h, enum pol_share share);
int scard_pol_leave(struct pol_slot *s, struct pol_handle *h);
int scard_pol_end(struct pol_slot *s, struct pol_handle *h);
void scard_pol_end_owned(struct pol_slot *s, struct pol_handle *h);
void scard_pol_close(struct pol_slot *s, struct pol_handle *h);

void scard_pol_reset(struct pol_slot *s);
void scard_pol_lost_power(struct pol_slot *s);
void scard_pol_interrupted(struct pol_slot *s);
void scard_pol_want_settle(struct pol_slot *s);
void scard_pol_expire(struct pol_slot *s);
void scard_pol_want_idle(struct pol_slot *s);
void scard_pol_removed(struct pol_slot *s);
void scard_pol_gone(struct pol_slot *s);
bool scard_pol_worker_wanted(const struct pol_slot *s);
enum pol_job scard_pol_worker_job(struct pol_slot *s);

#endif /* SCARD_POLICY_H */
