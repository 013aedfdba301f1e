// SPDX-License-Identifier: GPL-2.0
/*
 * Presence: reports of insertion and removal, and the polling of readers that cannot report
 * them.
 */
#include <linux/jiffies.h>

#include "card.h"
#include "event.h"
#include "power.h"
#include "presence.h"
#include "slot.h"
#include "turn.h"

/*
 * A reader that cannot report insertion is polled while the slot is watched: often after a
 * change, then less and less.
 */
#define PRESENCE_POLL_MIN	(HZ / 8)
#define PRESENCE_POLL_MAX	HZ
/*
 * A reported removal is believed if the reader could not be asked in this time: a command of a
 * caller, or of another slot, goes on
 */
#define PRESENCE_DOUBT	HZ
/* Re-read the slot status before reporting it if it is older than this */
#define PRESENCE_POLL_FRESH	(HZ / 2)

/* bit numbers in scard_presence.reports */
#define PRESENCE_ABSENT		0
#define PRESENCE_PRESENT	1

/**
 * scard_presence_poll() - fall back to polling: the transport cannot report changes any more
 * @slot: the slot, whose reader->notifies is false
 *
 * Any context.
 */
void scard_presence_poll(struct scard_slot *slot)
{
	queue_delayed_work(slot->reader->wq, &slot->presence.poll_work, 0);
}

/**
 * scard_presence_notify() - the transport reports that the slot has changed
 * @slot: the slot
 * @present: a card is in it now
 *
 * Any context. If a powered card is reported removed, the worker asks the reader first, before
 * another call has its turn: some readers report removals that are none. Other removals are
 * believed at once and verified later. The worker settles an insertion.
 */
void scard_presence_notify(struct scard_slot *slot, bool present)
{
	if (!present)
		set_bit(PRESENCE_ABSENT, &slot->presence.reports);
	/* the last report counts: only an insertion leaves something to be found out now */
	assign_bit(PRESENCE_PRESENT, &slot->presence.reports, present);
	queue_work(slot->reader->wq, &slot->presence.news_work);
}

static unsigned long presence_doubt_end(const struct scard_slot *slot)
{
	return slot->presence.doubted + PRESENCE_DOUBT;
}

/* Have the reader asked; as long as it does not answer, further reports give it no more time. */
static void presence_doubt(struct scard_slot *slot)
{
	if (!slot->presence.doubted)
		WRITE_ONCE(slot->presence.doubted, jiffies ?: 1);
	scard_card_verify_in(slot, presence_doubt_end(slot) - jiffies);
	scard_pol_want_settle(&slot->pol);
	scard_turn_watch(slot);
}

static void presence_verify_work(struct work_struct *work)
{
	struct scard_slot *slot = container_of(to_delayed_work(work), struct scard_slot,
					       presence.verify_work);

	spin_lock(&slot->lock);
	if (slot->presence.doubted && time_before(jiffies, presence_doubt_end(slot))) {
		scard_card_verify_in(slot, presence_doubt_end(slot) - jiffies);
	} else if (slot->presence.doubted) {
		scard_card_removed_locked(slot);
		if (slot->presence.state != SCARD_PRESENCE_REPORTED && !slot->pol.gone)
			scard_card_verify_later(slot);
	} else if (slot->presence.state == SCARD_PRESENCE_REMOVED && !slot->pol.gone) {
		scard_pol_want_settle(&slot->pol);
	}
	scard_slot_unlock(slot);
	slot->reader->ops->put(slot->reader);
}

/*
 * Can the reader tell that the card was not removed? An exchanged card has no power; if the reader
 * powers it up by itself, it must be asked at once, and before it reports another card.
 */
static bool presence_may_ask(const struct scard_slot *slot, unsigned long reports)
{
	bool busy = slot->pol.running && slot->pol.running != &slot->pol.worker;

	if (slot->pol.card != POL_CARD_ON || slot->pol.gone)
		return false;
	return !slot->reader->auto_power || !(busy || reports & BIT(PRESENCE_PRESENT));
}

/* Take note of a reported removal. Return: the worker asks the reader about it. */
static bool presence_removed(struct scard_slot *slot, unsigned long reports)
{
	if (!(reports & BIT(PRESENCE_ABSENT)) && !slot->presence.doubted)
		return false;
	if (!presence_may_ask(slot, reports)) {
		scard_card_removed_locked(slot);
		return false;
	}
	if (reports & BIT(PRESENCE_ABSENT))
		presence_doubt(slot);
	return true;
}

/* Process notifications from the reader, then announce changes by netlink. */
static void presence_news_work(struct work_struct *work)
{
	struct scard_slot *slot = container_of(work, struct scard_slot, presence.news_work);
	unsigned long reports = xchg(&slot->presence.reports, 0);
	bool doubted;

	spin_lock(&slot->lock);
	doubted = presence_removed(slot, reports);
	if (reports && !slot->pol.gone) {
		if (reports & BIT(PRESENCE_PRESENT)) {
			slot->card.settling = true;
			WRITE_ONCE(slot->presence.state, SCARD_PRESENCE_REPORTED);
			scard_power_no_retry(slot);
			scard_pol_want_settle(&slot->pol);
			scard_turn_watch(slot);
		} else if (!doubted) {
			scard_card_verify_later(slot);
		}
	}
	scard_slot_unlock(slot);
	scard_event_announce(slot);
}

/*
 * Is a handle connected, or a program in poll()? A netlink socket does not count: it may belong to
 * a program that may not open the node.
 */
static bool presence_is_watched(struct scard_slot *slot)
{
	lockdep_assert_held(&slot->lock);
	if (slot->pol.connected)
		return true;
	/* a sleeper in poll() is in the queue before it takes the lock, see cdev_poll() */
	return waitqueue_active(&slot->events.wait);
}

static void presence_poll_work(struct work_struct *work)
{
	struct scard_slot *slot = container_of(to_delayed_work(work), struct scard_slot,
					       presence.poll_work);
	struct scard_presence *p = &slot->presence;
	unsigned long age;

	spin_lock(&slot->lock);
	if (p->poll_event != slot->events.card) {
		p->poll_event = slot->events.card;
		p->poll_step = PRESENCE_POLL_MIN;
	}
	if (!slot->pol.gone) {
		/* the answers to other calls tell the state of the card, too */
		age = jiffies - READ_ONCE(p->checked);
		if (!slot->pol.running && age >= p->poll_step) {
			p->poll_step = min_t(unsigned long, 2 * p->poll_step, PRESENCE_POLL_MAX);
			scard_pol_want_settle(&slot->pol);
			age = 0;
		}
		if (presence_is_watched(slot))
			queue_delayed_work(slot->reader->wq, &p->poll_work,
					   age < p->poll_step ? p->poll_step - age :
								PRESENCE_POLL_MIN);
	}
	scard_slot_unlock(slot);
}

/**
 * scard_presence_watch() - poll the reader, if it has to be polled, while it is watched
 * @slot: the slot, locked, with a watcher that presence_is_watched() can see
 */
void scard_presence_watch(struct scard_slot *slot)
{
	lockdep_assert_held(&slot->lock);
	if (READ_ONCE(slot->reader->notifies) || slot->pol.gone ||
	    delayed_work_pending(&slot->presence.poll_work))
		return;
	slot->presence.poll_step = PRESENCE_POLL_MIN;
	queue_delayed_work(slot->reader->wq, &slot->presence.poll_work, 0);
}

/**
 * scard_presence_refresh() - have an old state found out anew for a caller that asks for it
 * @slot: the slot, locked
 *
 * Only the state of a reader that has to be polled can be old. The card may even be
 * another one: the slot is settling until that is known.
 */
void scard_presence_refresh(struct scard_slot *slot)
{
	struct scard_presence *p = &slot->presence;

	lockdep_assert_held(&slot->lock);
	if (READ_ONCE(slot->reader->notifies) || slot->pol.gone)
		return;
	if (!slot->pol.running && !slot->card.settling && !delayed_work_pending(&p->poll_work) &&
	    time_after(jiffies, READ_ONCE(p->checked) + PRESENCE_POLL_FRESH)) {
		slot->card.settling = true;
		scard_slot_recheck(slot);
		scard_pol_want_settle(&slot->pol);
	}
	if (presence_is_watched(slot))
		scard_presence_watch(slot);
}

/**
 * scard_presence_lost_power() - the reader was asleep, or was reset
 * @slot: the slot
 *
 * A card that was on has lost its power, which is a reset for all handles; a reported removal
 * can be verified no more.
 */
void scard_presence_lost_power(struct scard_slot *slot)
{
	spin_lock(&slot->lock);
	if (slot->presence.doubted)
		scard_card_removed_locked(slot);
	scard_card_lost_power_locked(slot);
	scard_slot_recheck(slot);
	if (!slot->pol.gone) {
		slot->card.settling = true;
		scard_pol_want_settle(&slot->pol);
	}
	scard_slot_unlock(slot);
}

/**
 * scard_presence_init() - prepare the works of a slot
 * @slot: the slot
 */
void scard_presence_init(struct scard_slot *slot)
{
	INIT_WORK(&slot->presence.news_work, presence_news_work);
	INIT_DELAYED_WORK(&slot->presence.verify_work, presence_verify_work);
	INIT_DELAYED_WORK(&slot->presence.poll_work, presence_poll_work);
	slot->presence.poll_step = PRESENCE_POLL_MIN;
}

/**
 * scard_presence_stop() - end the works of a slot
 * @slot: the slot of a reader that is gone: none is queued again
 */
void scard_presence_stop(struct scard_slot *slot)
{
	cancel_delayed_work_sync(&slot->presence.poll_work);
	cancel_work_sync(&slot->presence.news_work);
	cancel_delayed_work_sync(&slot->presence.verify_work);
}
