// SPDX-License-Identifier: GPL-2.0
/*
 * What a slot does by itself: the worker, which looks at cards that were inserted,
 * pays owed resets and finishes what killed callers left; presence; and power while
 * nobody is connected or the system sleeps.
 */
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched/signal.h>

#include "scard.h"

/*
 * A reader that cannot report insertion is asked while somebody watches: often when
 * something has just happened, then less and less.
 */
#define SLOT_POLL_MIN	(HZ / 8)
#define SLOT_POLL_MAX	HZ
/* How long after a removal the reader is asked whether it was one */
#define SLOT_VERIFY	(HZ / 10)
/* What is known longer than this is found out again for who asks for it */
#define SLOT_POLL_FRESH	(HZ / 2)

static unsigned int idle_ms = 5000;
module_param(idle_ms, uint, 0644);
MODULE_PARM_DESC(idle_ms, "power a card off after so many ms without a connected handle; 0: never (default 5000)");

static unsigned int transaction_ms;
module_param(transaction_ms, uint, 0644);
MODULE_PARM_DESC(transaction_ms, "end a transaction that has been idle for so many ms with a reset; 0: never (default)");

/* ---- the worker ---- */

static void slot_finish_orphan(struct scard_slot *slot)
{
	struct scard_req *req = slot->orphan;
	int ret;

	if (!req)
		return;
	slot->orphan = NULL;
	ret = ccid_cmd_finish(slot, req, SCARD_ORPHAN_GRACE_MS);
	spin_lock(&slot->lock);
	if (req->ans.type && req->ans.icc_status == CCID_ICC_ABSENT)
		scard_slot_removed_locked(slot);
	else if (ret || !slot->orphan_single || !ccid_cmd_answer_whole(req))
		pol_cut(&slot->pol);
	scard_slot_unlock(slot);
	scard_req_free(req);
}

/* One job; @awake: the reader can be reached, which a device that sleeps may refuse. */
static void slot_do_job(struct scard_slot *slot, enum pol_job job, bool awake)
{
	switch (job) {
	case POL_JOB_RESET:
	case POL_JOB_UNPOWER:
	case POL_JOB_EJECT:
		if (!awake)
			scard_slot_unreachable(slot);
		else if (job == POL_JOB_RESET)
			scard_slot_reset(slot, slot->req);
		else if (job == POL_JOB_UNPOWER)
			scard_slot_power_off(slot, slot->req);
		else
			scard_slot_eject(slot, slot->req);
		break;
	case POL_JOB_SETTLE:
		if (awake)
			scard_slot_settle(slot, slot->req);
		else
			scard_slot_settled(slot);
		break;
	case POL_JOB_IDLE:
		if (awake)
			scard_slot_power_off(slot, slot->req);
		break;
	case POL_JOB_NONE:
		break;
	}
}

static void slot_work(struct work_struct *work)
{
	struct scard_slot *slot = container_of(work, struct scard_slot, work);
	enum pol_job job;
	bool mine, awake;

	spin_lock(&slot->lock);
	mine = slot->pol.actor == &slot->pol.worker;
	spin_unlock(&slot->lock);
	if (!mine)
		return;

	awake = !slot->reader->ops->get(slot->reader);
	slot_finish_orphan(slot);
	do {
		spin_lock(&slot->lock);
		if (awake && pol_worker_wanted(&slot->pol) && !ccid_cmd_take_place(slot)) {
			/* the policy keeps the job until then, and may think better of it */
			spin_unlock(&slot->lock);
			break;
		}
		job = pol_worker_job(&slot->pol);
		if (job == POL_JOB_RESET || job == POL_JOB_UNPOWER)
			slot->count.owed_resets++;
		if (slot->pol.gone)
			wake_up_all(&slot->wait);	/* scard_slot_quiesce() */
		scard_slot_unlock(slot);
		if (job != POL_JOB_NONE) {
			slot->ceiling = jiffies + msecs_to_jiffies(SCARD_CEILING_MS);
			slot_do_job(slot, job, awake);
			scard_req_clear(slot->req);
		}
		ccid_cmd_give_place(slot);
	} while (job != POL_JOB_NONE);
	if (awake)
		slot->reader->ops->put(slot->reader);
}

/*
 * The turn of a thread that sleeps has come, or is refused. A command that needs nothing
 * else is sent for it at once, so that the card does not wait for a thread to wake up; it
 * sleeps on until there is something to be done with the answer.
 */
static void slot_serve(struct scard_turn *t)
{
	struct scard_slot *slot = container_of(t->pol.handle, struct scard_handle, pol)->slot;
	bool granted = !t->pol.result;

	lockdep_assert_held(&slot->lock);
	/* before anything that may wake it; it takes the lock before it goes on */
	WRITE_ONCE(t->served, true);
	/* the watchdog counts from here, not from when the thread runs */
	if (granted && t->pol.op == POL_OP_BEGIN)
		scard_slot_used(slot);
	/* who was killed, and has not run since, sends nothing any more */
	if (granted && t->req && !fatal_signal_pending(t->task)) {
		scard_slot_begin(slot);
		t->begun = true;
		if (scard_slot_transmit_ahead(slot, t->req, &t->len, t->protocol, t->task))
			return;
	}
	wake_up_process(t->task);
}

/**
 * scard_slot_wake() - pol_slot.wake: a waiter is served, or the worker has work
 * @pol_turn: the turn; slot->lock is held
 */
void scard_slot_wake(struct pol_turn *pol_turn)
{
	struct scard_slot *slot;

	if (pol_turn->op != POL_OP_WORKER) {
		slot_serve(container_of(pol_turn, struct scard_turn, pol));
		return;
	}
	slot = container_of(pol_turn, struct scard_slot, pol.worker);
	queue_work(slot->reader->wq, &slot->work);
}

/* ---- presence ---- */

/**
 * scard_slot_deaf() - the interrupt pipe has failed for good
 * @slot: the slot
 *
 * Any context. From now on the reader is asked, as one that never had the pipe.
 */
void scard_slot_deaf(struct scard_slot *slot)
{
	queue_delayed_work(slot->reader->wq, &slot->poll_work, 0);
}

/**
 * scard_slot_notify() - the interrupt pipe says that the slot has changed
 * @slot: the slot
 * @present: a card is in it now
 *
 * Any context. A removal is believed at once, also while somebody else is the
 * actor, and the reader is asked about it later; an insertion is looked at by the worker.
 */
void scard_slot_notify(struct scard_slot *slot, bool present)
{
	if (!present)
		set_bit(SLOT_NOTIFIED_ABSENT, &slot->notified);
	/* the last one counts: only an insertion leaves something to be found out now */
	assign_bit(SLOT_NOTIFIED_PRESENT, &slot->notified, present);
	queue_work(slot->reader->wq, &slot->news_work);
}

/* The reader stays awake until it is asked: it is not to fall asleep for that long only. */
static void slot_verify_later(struct scard_slot *slot)
{
	slot->verify = true;
	if (queue_delayed_work(slot->reader->wq, &slot->verify_work, SLOT_VERIFY))
		slot->reader->ops->hold(slot->reader);
}

static void slot_verify_work(struct work_struct *work)
{
	struct scard_slot *slot = container_of(to_delayed_work(work), struct scard_slot,
					       verify_work);

	spin_lock(&slot->lock);
	if (slot->verify && !slot->pol.gone)
		pol_want_settle(&slot->pol);
	slot->verify = false;
	scard_slot_unlock(slot);
	slot->reader->ops->put(slot->reader);
}

/* What the reader has told, and then what is to be told: who listens waits for nobody else. */
static void slot_news_work(struct work_struct *work)
{
	struct scard_slot *slot = container_of(work, struct scard_slot, news_work);
	unsigned long notified = xchg(&slot->notified, 0);

	spin_lock(&slot->lock);
	if (notified && !slot->pol.gone) {
		slot->verify = false;
		if (!(notified & BIT(SLOT_NOTIFIED_PRESENT)))
			slot_verify_later(slot);
	}
	if (notified & BIT(SLOT_NOTIFIED_ABSENT)) {
		slot->inserted = false;
		scard_slot_removed_locked(slot);
	}
	if (notified & BIT(SLOT_NOTIFIED_PRESENT) && !slot->pol.gone) {
		slot->settling = true;
		WRITE_ONCE(slot->inserted, true);
		/* out and in again, and only the last of it told? */
		slot->recheck = true;
		pol_want_settle(&slot->pol);
	}
	scard_slot_unlock(slot);
	scard_netlink_tell(slot);
}

/* Is there anybody who would hear of it? */
static bool slot_is_watched(struct scard_slot *slot)
{
	lockdep_assert_held(&slot->lock);
	if (slot->pol.connected || scard_netlink_heard())
		return true;
	/* a sleeper in poll() is in the queue before it takes the lock, see cdev_poll() */
	return waitqueue_active(&slot->wait);
}

static void slot_poll_work(struct work_struct *work)
{
	struct scard_slot *slot = container_of(to_delayed_work(work), struct scard_slot, poll_work);
	unsigned long age;

	spin_lock(&slot->lock);
	if (slot->poll_event != slot->card_event) {
		slot->poll_event = slot->card_event;
		slot->poll_step = SLOT_POLL_MIN;
	}
	if (!slot->pol.gone) {
		/* the answers to whoever acts tell the state of the card too */
		age = jiffies - READ_ONCE(slot->looked);
		if (!slot->pol.actor && age >= slot->poll_step) {
			slot->poll_step = min_t(unsigned long, 2 * slot->poll_step, SLOT_POLL_MAX);
			pol_want_settle(&slot->pol);
			age = 0;
		}
		if (slot_is_watched(slot))
			queue_delayed_work(slot->reader->wq, &slot->poll_work,
					   age < slot->poll_step ? slot->poll_step - age :
								   SLOT_POLL_MIN);
	}
	scard_slot_unlock(slot);
}

/**
 * scard_slot_watch() - somebody begins to watch the slot, or goes on
 * @slot: the slot, locked
 *
 * To be called after the watcher can be seen by slot_is_watched(). A reader without an
 * interrupt pipe is asked for its state as long as there is one.
 */
void scard_slot_watch(struct scard_slot *slot)
{
	lockdep_assert_held(&slot->lock);
	if (READ_ONCE(slot->reader->has_interrupt) || slot->pol.gone ||
	    delayed_work_pending(&slot->poll_work))
		return;
	slot->poll_step = SLOT_POLL_MIN;
	queue_delayed_work(slot->reader->wq, &slot->poll_work, 0);
}

/**
 * scard_slot_look() - somebody asks for the state of the slot
 * @slot: the slot, locked
 *
 * If nobody has looked for a while, which can be only where there is no interrupt pipe,
 * the card may even be another: the slot is settling until that is known.
 */
void scard_slot_look(struct scard_slot *slot)
{
	lockdep_assert_held(&slot->lock);
	if (READ_ONCE(slot->reader->has_interrupt) || slot->pol.gone)
		return;
	if (!slot->pol.actor && !slot->settling && !delayed_work_pending(&slot->poll_work) &&
	    time_after(jiffies, READ_ONCE(slot->looked) + SLOT_POLL_FRESH)) {
		slot->settling = true;
		slot->recheck = true;
		pol_want_settle(&slot->pol);
	}
	if (slot_is_watched(slot))
		scard_slot_watch(slot);
}

/* ---- power ---- */

/**
 * scard_slot_idle() - the last handle has left, or the card came without one
 * @slot: the slot
 *
 * A card that stays unused is powered off after a while. The work is not moved each
 * time; it finds out by itself how long it has to wait.
 */
void scard_slot_idle(struct scard_slot *slot)
{
	unsigned int ms = READ_ONCE(idle_ms);

	/* under the lock, so that nothing is queued once the reader is gone */
	spin_lock(&slot->lock);
	slot->idle_since = jiffies;
	if (ms && !slot->pol.gone && !delayed_work_pending(&slot->idle_work))
		queue_delayed_work(slot->reader->wq, &slot->idle_work, msecs_to_jiffies(ms));
	spin_unlock(&slot->lock);
}

static void slot_idle_work(struct work_struct *work)
{
	struct scard_slot *slot = container_of(to_delayed_work(work), struct scard_slot, idle_work);
	unsigned int ms = READ_ONCE(idle_ms);	/* may have been changed since */
	unsigned long due;

	spin_lock(&slot->lock);
	due = slot->idle_since + msecs_to_jiffies(ms);
	if (ms && !slot->pol.connected && slot->pol.card == POL_CARD_ON && !slot->pol.gone) {
		if (time_before(jiffies, due))
			queue_delayed_work(slot->reader->wq, &slot->idle_work, due - jiffies);
		else
			pol_want_idle(&slot->pol);
	}
	scard_slot_unlock(slot);
}

/**
 * scard_slot_used() - the owner of the transaction has called
 * @slot: the slot, locked
 *
 * Keeps the watchdog of transactions quiet, and starts it with a transaction.
 */
void scard_slot_used(struct scard_slot *slot)
{
	unsigned int ms = READ_ONCE(transaction_ms);

	lockdep_assert_held(&slot->lock);
	slot->used = jiffies;
	if (ms && slot->pol.owner && !slot->pol.gone &&
	    !delayed_work_pending(&slot->expire_work))
		queue_delayed_work(slot->reader->wq, &slot->expire_work, msecs_to_jiffies(ms));
}

/**
 * scard_slot_awaited() - somebody begins to wait for the end of a transaction
 * @slot: the slot, locked
 *
 * The owner may have called last when the watchdog was off, or had more patience.
 */
void scard_slot_awaited(struct scard_slot *slot)
{
	lockdep_assert_held(&slot->lock);
	if (READ_ONCE(transaction_ms) && slot->pol.owner && !slot->pol.gone)
		mod_delayed_work(slot->reader->wq, &slot->expire_work, 0);
}

static void slot_expire_work(struct work_struct *work)
{
	struct scard_slot *slot = container_of(to_delayed_work(work), struct scard_slot,
					       expire_work);
	unsigned int ms = READ_ONCE(transaction_ms);
	unsigned long due;

	spin_lock(&slot->lock);
	due = slot->used + msecs_to_jiffies(ms);
	if (ms && slot->pol.owner && !slot->pol.gone) {
		if (slot->pol.actor)		/* not idle: a command is on its way */
			due = jiffies + msecs_to_jiffies(ms);
		if (time_before(jiffies, due)) {
			queue_delayed_work(slot->reader->wq, &slot->expire_work, due - jiffies);
		} else {
			pol_expire(&slot->pol);
			scard_slot_changed(slot);
		}
	}
	scard_slot_unlock(slot);
}

/**
 * scard_slot_resumed() - the reader was asleep, or was reset
 * @slot: the slot
 *
 * A card that was on has lost its power, which is a reset for all handles.
 */
void scard_slot_resumed(struct scard_slot *slot)
{
	spin_lock(&slot->lock);
	scard_slot_lost_power_locked(slot);
	slot->recheck = true;
	if (!slot->pol.gone) {
		slot->settling = true;
		pol_want_settle(&slot->pol);
	}
	scard_slot_unlock(slot);
}

/**
 * scard_slot_work_init() - prepare the works of a slot
 * @slot: the slot
 */
void scard_slot_work_init(struct scard_slot *slot)
{
	INIT_WORK(&slot->work, slot_work);
	INIT_WORK(&slot->news_work, slot_news_work);
	INIT_DELAYED_WORK(&slot->verify_work, slot_verify_work);
	INIT_DELAYED_WORK(&slot->poll_work, slot_poll_work);
	slot->poll_step = SLOT_POLL_MIN;
	INIT_DELAYED_WORK(&slot->idle_work, slot_idle_work);
	INIT_DELAYED_WORK(&slot->expire_work, slot_expire_work);
}

/**
 * scard_slot_work_stop() - the reader is gone: no work is left, and none comes
 * @slot: the slot
 */
void scard_slot_work_stop(struct scard_slot *slot)
{
	cancel_delayed_work_sync(&slot->poll_work);
	cancel_delayed_work_sync(&slot->idle_work);
	cancel_delayed_work_sync(&slot->expire_work);
	cancel_work_sync(&slot->news_work);
	cancel_delayed_work_sync(&slot->verify_work);
	/* whoever was the actor finds its transfers ended, and leaves */
	wait_event(slot->wait, !READ_ONCE(slot->pol.actor));
	flush_work(&slot->work);
}
