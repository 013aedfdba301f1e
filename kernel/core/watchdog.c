// SPDX-License-Identifier: GPL-2.0
/*
 * The watchdog of transactions: one that stays idle for transaction_ms ends with a reset.
 */
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "event.h"
#include "slot.h"
#include "watchdog.h"

static unsigned int transaction_ms;
module_param(transaction_ms, uint, 0644);
MODULE_PARM_DESC(transaction_ms, "end a transaction that has been idle for so many ms with a reset; 0: never (default)");

/**
 * scard_watchdog_is_on() - are transactions limited?
 *
 * Return: true if one that is idle for transaction_ms ends
 */
bool scard_watchdog_is_on(void)
{
	return READ_ONCE(transaction_ms);
}

/**
 * scard_watchdog_used() - the owner of the transaction has called: the time begins anew
 * @slot: the slot, locked
 */
void scard_watchdog_used(struct scard_slot *slot)
{
	unsigned int ms = READ_ONCE(transaction_ms);

	lockdep_assert_held(&slot->lock);
	slot->watchdog.used = jiffies;
	if (ms && slot->pol.owner && !slot->pol.gone &&
	    !delayed_work_pending(&slot->watchdog.work))
		queue_delayed_work(slot->reader->wq, &slot->watchdog.work, msecs_to_jiffies(ms));
}

/**
 * scard_watchdog_awaited() - a caller begins to wait for the end of a transaction
 * @slot: the slot, locked
 *
 * transaction_ms may have been changed since the owner of the transaction called.
 */
void scard_watchdog_awaited(struct scard_slot *slot)
{
	lockdep_assert_held(&slot->lock);
	if (READ_ONCE(transaction_ms) && slot->pol.owner && !slot->pol.gone)
		mod_delayed_work(slot->reader->wq, &slot->watchdog.work, 0);
}

static void watchdog_work(struct work_struct *work)
{
	struct scard_slot *slot = container_of(to_delayed_work(work), struct scard_slot,
					       watchdog.work);
	unsigned int ms = READ_ONCE(transaction_ms);
	unsigned long due;

	spin_lock(&slot->lock);
	due = slot->watchdog.used + msecs_to_jiffies(ms);
	if (ms && slot->pol.owner && !slot->pol.gone) {
		if (slot->pol.running)		/* not idle: a command is on its way */
			due = jiffies + msecs_to_jiffies(ms);
		if (time_before(jiffies, due)) {
			queue_delayed_work(slot->reader->wq, &slot->watchdog.work, due - jiffies);
		} else {
			scard_pol_expire(&slot->pol);
			scard_event_changed(slot);
		}
	}
	scard_slot_unlock(slot);
}

/**
 * scard_watchdog_init() - prepare the work of a slot
 * @slot: the slot
 */
void scard_watchdog_init(struct scard_slot *slot)
{
	INIT_DELAYED_WORK(&slot->watchdog.work, watchdog_work);
}

/**
 * scard_watchdog_stop() - end the work of a slot
 * @slot: the slot of a reader that is gone: it is not queued again
 */
void scard_watchdog_stop(struct scard_slot *slot)
{
	cancel_delayed_work_sync(&slot->watchdog.work);
}
