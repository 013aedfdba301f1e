// SPDX-License-Identifier: GPL-2.0
/*
 * Power: which calls keep the reader awake, and when an unused card is powered off.
 */
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "scard.h"

static unsigned int idle_ms = 5000;
module_param(idle_ms, uint, 0644);
MODULE_PARM_DESC(idle_ms, "power a card off after so many ms without a connected handle; 0: never (default 5000)");

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

static void power_idle_work(struct work_struct *work)
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

/*
 * The reader stays awake while anybody is connected, and during a call that acts: another
 * thread may disconnect its handle. One reference to its power is enough for all.
 */
int scard_slot_add_user(struct scard_slot *slot)
{
	bool awake;
	int ret;

	spin_lock(&slot->lock);
	awake = slot->users;
	slot->users += awake;
	spin_unlock(&slot->lock);
	if (awake)
		return 0;

	ret = slot->reader->ops->get(slot->reader);
	if (ret)
		return ret;
	/* only the actor comes here, so it is the first still */
	spin_lock(&slot->lock);
	slot->users++;
	spin_unlock(&slot->lock);
	return 0;
}

/**
 * scard_slot_drop_user() - a handle does not need the reader awake any more
 * @slot: the slot, locked
 *
 * Return: true if it was the last: scard_slot_unused() must follow, without the lock
 */
bool scard_slot_drop_user(struct scard_slot *slot)
{
	lockdep_assert_held(&slot->lock);
	return !--slot->users;
}

/**
 * scard_slot_unused() - nobody is connected any more
 * @slot: the slot
 */
void scard_slot_unused(struct scard_slot *slot)
{
	slot->reader->ops->put(slot->reader);
	scard_slot_idle(slot);
}

/**
 * scard_power_init() - prepare the work of a slot
 * @slot: the slot
 */
void scard_power_init(struct scard_slot *slot)
{
	INIT_DELAYED_WORK(&slot->idle_work, power_idle_work);
}

/**
 * scard_power_stop() - end the work of a slot
 * @slot: the slot of a reader that is gone: it is not queued again
 */
void scard_power_stop(struct scard_slot *slot)
{
	cancel_delayed_work_sync(&slot->idle_work);
}
