// SPDX-License-Identifier: GPL-2.0
/*
 * Power: the calls that keep the reader awake, the power-off of an unused card, and retries
 * where a card may have kept its power.
 */
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "power.h"
#include "slot.h"

/* Longest time between two retries: each may cost the cards of other slots their power */
#define POWER_RETRY_MAX_S	512U

static unsigned int idle_ms = 5000;
module_param(idle_ms, uint, 0644);
MODULE_PARM_DESC(idle_ms, "power a card off after so many ms without a connected handle; 0: never (default 5000)");

/**
 * scard_power_idle() - power the card off if it stays unused for idle_ms
 * @slot: the slot, whose last handle has left, or whose card came without one
 *
 * The work is not moved each time; it finds out by itself how long it has to wait.
 */
void scard_power_idle(struct scard_slot *slot)
{
	unsigned int ms = READ_ONCE(idle_ms);

	/* under the lock, so that nothing is queued once the reader is gone */
	spin_lock(&slot->lock);
	slot->power.idle_since = jiffies;
	if (ms && !slot->pol.gone && !delayed_work_pending(&slot->power.idle_work))
		queue_delayed_work(slot->reader->wq, &slot->power.idle_work, msecs_to_jiffies(ms));
	spin_unlock(&slot->lock);
}

static void power_idle_work(struct work_struct *work)
{
	struct scard_slot *slot = container_of(to_delayed_work(work), struct scard_slot,
					       power.idle_work);
	unsigned int ms = READ_ONCE(idle_ms);	/* may have been changed since */
	unsigned long due;

	spin_lock(&slot->lock);
	due = slot->power.idle_since + msecs_to_jiffies(ms);
	if (ms && !slot->pol.connected && slot->pol.card == POL_CARD_ON && !slot->pol.gone) {
		if (time_before(jiffies, due))
			queue_delayed_work(slot->reader->wq, &slot->power.idle_work, due - jiffies);
		else
			scard_pol_want_idle(&slot->pol);
	}
	scard_slot_unlock(slot);
}

/**
 * scard_power_get() - keep the reader awake for a handle or a call
 * @slot: the slot, of which the caller owns the turn
 *
 * The reader stays awake while a handle is connected, and during a call that acts, whose
 * handle another thread may disconnect. All share one ops->get().
 *
 * Return: 0 or a negative errno
 */
int scard_power_get(struct scard_slot *slot)
{
	bool awake;
	int ret;

	spin_lock(&slot->lock);
	awake = slot->power.users;
	slot->power.users += awake;
	spin_unlock(&slot->lock);
	if (awake)
		return 0;

	ret = slot->reader->ops->get(slot->reader);
	if (ret)
		return ret;
	/* only the owner of the turn comes here, so it is still the first */
	spin_lock(&slot->lock);
	slot->power.users++;
	spin_unlock(&slot->lock);
	return 0;
}

/**
 * scard_power_put_locked() - take back scard_power_get()
 * @slot: the slot, locked
 *
 * Return: true if it was the last: scard_power_unused() must follow, without the lock
 */
bool scard_power_put_locked(struct scard_slot *slot)
{
	lockdep_assert_held(&slot->lock);
	return !--slot->power.users;
}

/**
 * scard_power_unused() - let the reader sleep, and the card go off after a while
 * @slot: the slot
 */
void scard_power_unused(struct scard_slot *slot)
{
	slot->reader->ops->put(slot->reader);
	scard_power_idle(slot);
}

/**
 * scard_power_retry_locked() - have the worker settle the slot again, after a while
 * @slot: the slot, locked
 *
 * Each time after twice as long, until the reader has answered.
 */
void scard_power_retry_locked(struct scard_slot *slot)
{
	struct scard_power *p = &slot->power;

	lockdep_assert_held(&slot->lock);
	if (slot->pol.settle) {
		/* the worker is about to; between two failures calls have their turns */
		scard_slot_recheck(slot);
		return;
	}
	/* the failures of callers meanwhile are no reason to wait longer */
	if (slot->pol.gone || delayed_work_pending(&p->retry_work))
		return;
	p->retry_s = p->retry_s ? min(2 * p->retry_s, POWER_RETRY_MAX_S) : 1;
	queue_delayed_work(slot->reader->wq, &p->retry_work, p->retry_s * HZ);
}

/**
 * scard_power_no_retry() - no retry is needed, or none for what was before
 * @slot: the slot, locked
 */
void scard_power_no_retry(struct scard_slot *slot)
{
	lockdep_assert_held(&slot->lock);
	if (!slot->power.retry_s)
		return;
	slot->power.retry_s = 0;
	cancel_delayed_work(&slot->power.retry_work);
}

/**
 * scard_power_is_safe() - the card is reset, without power, or gone
 * @slot: the slot, locked
 */
void scard_power_is_safe(struct scard_slot *slot)
{
	lockdep_assert_held(&slot->lock);
	WRITE_ONCE(slot->power.unsafe, false);
	scard_power_no_retry(slot);
}

static void power_retry_work(struct work_struct *work)
{
	struct scard_slot *slot = container_of(to_delayed_work(work), struct scard_slot,
					       power.retry_work);

	spin_lock(&slot->lock);
	if (slot->power.retry_s && !slot->pol.gone) {
		/* settling powers the card up, which resets it, or off again */
		scard_slot_recheck(slot);
		scard_pol_want_settle(&slot->pol);
	}
	scard_slot_unlock(slot);
}

/**
 * scard_power_init() - prepare the works of a slot
 * @slot: the slot
 */
void scard_power_init(struct scard_slot *slot)
{
	INIT_DELAYED_WORK(&slot->power.idle_work, power_idle_work);
	INIT_DELAYED_WORK(&slot->power.retry_work, power_retry_work);
}

/**
 * scard_power_stop() - end the works of a slot
 * @slot: the slot of a reader that is gone: none is queued again
 */
void scard_power_stop(struct scard_slot *slot)
{
	cancel_delayed_work_sync(&slot->power.idle_work);
	cancel_delayed_work_sync(&slot->power.retry_work);
}
