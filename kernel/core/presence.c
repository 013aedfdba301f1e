// SPDX-License-Identifier: GPL-2.0
/*
 * Presence: what the transport reports of insertion and removal, and the polling of
 * readers that cannot report it.
 */
#include <linux/jiffies.h>

#include "scard.h"

/*
 * A reader that cannot report insertion is polled while anybody watches the slot: often
 * after a change, then less and less.
 */
#define PRESENCE_POLL_MIN	(HZ / 8)
#define PRESENCE_POLL_MAX	HZ
/* A reported removal is verified after this time */
#define PRESENCE_VERIFY	(HZ / 10)
/* Re-read the slot status before reporting it if it is older than this */
#define PRESENCE_POLL_FRESH	(HZ / 2)

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
static void presence_verify_later(struct scard_slot *slot)
{
	slot->verify = true;
	if (queue_delayed_work(slot->reader->wq, &slot->verify_work, PRESENCE_VERIFY))
		slot->reader->ops->hold(slot->reader);
}

static void presence_verify_work(struct work_struct *work)
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
static void presence_news_work(struct work_struct *work)
{
	struct scard_slot *slot = container_of(work, struct scard_slot, news_work);
	unsigned long notified = xchg(&slot->notified, 0);

	spin_lock(&slot->lock);
	if (notified && !slot->pol.gone) {
		slot->verify = false;
		if (!(notified & BIT(SLOT_NOTIFIED_PRESENT)))
			presence_verify_later(slot);
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
static bool presence_is_watched(struct scard_slot *slot)
{
	lockdep_assert_held(&slot->lock);
	if (slot->pol.connected || scard_netlink_heard())
		return true;
	/* a sleeper in poll() is in the queue before it takes the lock, see cdev_poll() */
	return waitqueue_active(&slot->wait);
}

static void presence_poll_work(struct work_struct *work)
{
	struct scard_slot *slot = container_of(to_delayed_work(work), struct scard_slot, poll_work);
	unsigned long age;

	spin_lock(&slot->lock);
	if (slot->poll_event != slot->card_event) {
		slot->poll_event = slot->card_event;
		slot->poll_step = PRESENCE_POLL_MIN;
	}
	if (!slot->pol.gone) {
		/* the answers to whoever acts tell the state of the card too */
		age = jiffies - READ_ONCE(slot->looked);
		if (!slot->pol.actor && age >= slot->poll_step) {
			slot->poll_step = min_t(unsigned long, 2 * slot->poll_step, PRESENCE_POLL_MAX);
			pol_want_settle(&slot->pol);
			age = 0;
		}
		if (presence_is_watched(slot))
			queue_delayed_work(slot->reader->wq, &slot->poll_work,
					   age < slot->poll_step ? slot->poll_step - age :
								   PRESENCE_POLL_MIN);
	}
	scard_slot_unlock(slot);
}

/**
 * scard_slot_watch() - somebody begins to watch the slot, or goes on
 * @slot: the slot, locked
 *
 * To be called after the watcher can be seen by presence_is_watched(). A reader without an
 * interrupt pipe is asked for its state as long as there is one.
 */
void scard_slot_watch(struct scard_slot *slot)
{
	lockdep_assert_held(&slot->lock);
	if (READ_ONCE(slot->reader->has_interrupt) || slot->pol.gone ||
	    delayed_work_pending(&slot->poll_work))
		return;
	slot->poll_step = PRESENCE_POLL_MIN;
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
	    time_after(jiffies, READ_ONCE(slot->looked) + PRESENCE_POLL_FRESH)) {
		slot->settling = true;
		slot->recheck = true;
		pol_want_settle(&slot->pol);
	}
	if (presence_is_watched(slot))
		scard_slot_watch(slot);
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
 * scard_presence_init() - prepare the works of a slot
 * @slot: the slot
 */
void scard_presence_init(struct scard_slot *slot)
{
	INIT_WORK(&slot->news_work, presence_news_work);
	INIT_DELAYED_WORK(&slot->verify_work, presence_verify_work);
	INIT_DELAYED_WORK(&slot->poll_work, presence_poll_work);
	slot->poll_step = PRESENCE_POLL_MIN;
}

/**
 * scard_presence_stop() - end the works of a slot
 * @slot: the slot of a reader that is gone: none is queued again
 */
void scard_presence_stop(struct scard_slot *slot)
{
	cancel_delayed_work_sync(&slot->poll_work);
	cancel_work_sync(&slot->news_work);
	cancel_delayed_work_sync(&slot->verify_work);
}
