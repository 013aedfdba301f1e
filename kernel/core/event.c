// SPDX-License-Identifier: GPL-2.0
/*
 * Events of a slot: the state word that GET_STATUS and netlink report, the event
 * counter that poll() waits for, and the multicasts of the generic-netlink family
 * "scard". Names and identities are never multicast.
 *
 * A change happens under slot->lock, where a message cannot be allocated, so the slot's
 * news_work multicasts it. A message carries the counters of the moment at which it is
 * sent, so announcements may be merged and none is missed. One work sends them all, so
 * none overtakes another.
 */
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/scard_netlink.h>
#include <net/genetlink.h>

#include "event.h"
#include "scard.h"

/**
 * scard_event_state() - SCARD_STATE_BIT_* of this moment
 * @slot: the slot, locked
 *
 * Return: the bits
 */
u32 scard_event_state(const struct scard_slot *slot)
{
	const struct pol_slot *pol = &slot->pol;
	u32 state = 0;

	lockdep_assert_held(&slot->lock);
	if (pol->card != POL_CARD_ABSENT)
		state |= SCARD_STATE_BIT_PRESENT;
	if (pol->card == POL_CARD_ON)
		state |= SCARD_STATE_BIT_POWERED;
	if (pol->card == POL_CARD_MUTE)
		state |= SCARD_STATE_BIT_MUTE;
	if (slot->card.protocol)
		state |= SCARD_STATE_BIT_NEGOTIATED;
	if (pol->connected)
		state |= SCARD_STATE_BIT_INUSE;
	if (pol->exclusive)
		state |= SCARD_STATE_BIT_EXCLUSIVE;
	if (pol->owner)
		state |= SCARD_STATE_BIT_TRANSACTION;
	if (slot->card.settling)
		state |= SCARD_STATE_BIT_SETTLING;
	return state;
}

/**
 * scard_event_changed() - count a change and wake its waiters
 * @slot: the slot, locked
 */
void scard_event_changed(struct scard_slot *slot)
{
	lockdep_assert_held(&slot->lock);
	slot->events.all++;
	/* a sleeper in poll() is in the queue before it takes the lock, see cdev_poll() */
	if (waitqueue_active(&slot->events.wait))
		wake_up_all(&slot->events.wait);
}

/* ---- multicasts ---- */

/* Slots in the order of their coming */
LIST_HEAD(scard_event_slots);
/* Their list; a mutex, because a dump may sleep between two of them */
DEFINE_MUTEX(scard_event_lock);
/* Counts comings and goings, so that a dump can tell that it is not one moment's */
unsigned int scard_event_generation;

enum event_groups {
	EVENT_GROUP,
};

static const struct genl_multicast_group event_groups[] = {
	[EVENT_GROUP] = { .name = SCARD_MCGRP_EVENTS },
};

#define EVENT_STATE_ATTRS	6	/* of event_put_state(), each a u32 */

/* The part of the state that is multicast: presence, no names, no users */
static u32 event_multicast_state(const struct scard_slot *slot)
{
	return scard_event_state(slot) & (SCARD_STATE_BIT_PRESENT | SCARD_STATE_BIT_MUTE |
					 SCARD_STATE_BIT_SETTLING);
}

static int event_put_state(struct sk_buff *skb, struct scard_slot *slot)
{
	u32 state, event, card_event;

	spin_lock(&slot->lock);
	state = event_multicast_state(slot);
	event = slot->events.all;
	card_event = slot->events.card;
	spin_unlock(&slot->lock);
	return nla_put_u32(skb, SCARD_A_SLOT_MINOR, MINOR(slot->dev.devt)) ?:
	       nla_put_u32(skb, SCARD_A_SLOT_READER, slot->reader->index) ?:
	       nla_put_u32(skb, SCARD_A_SLOT_INDEX, slot->index) ?:
	       nla_put_u32(skb, SCARD_A_SLOT_STATE, state) ?:
	       nla_put_u32(skb, SCARD_A_SLOT_EVENT, event) ?:
	       nla_put_u32(skb, SCARD_A_SLOT_CARD_EVENT, card_event);
}

static int event_put_identity(struct sk_buff *skb, struct scard_slot *slot)
{
	return nla_put_string(skb, SCARD_A_SLOT_NAME, slot->name) ?:
	       nla_put_u16(skb, SCARD_A_SLOT_VENDOR_ID, slot->reader->vendor_id) ?:
	       nla_put_u16(skb, SCARD_A_SLOT_PRODUCT_ID, slot->reader->product_id);
}

/**
 * scard_event_put_slot() - complete a message about a slot
 * @skb: the message
 * @slot: the slot
 * @head: from genlmsg_put(), may be NULL
 * @whole: with the identity of the reader: for answers, not for multicasts
 *
 * Return: 0, or -EMSGSIZE and the message is cancelled
 */
int scard_event_put_slot(struct sk_buff *skb, struct scard_slot *slot, void *head, bool whole)
{
	int ret;

	if (!head)
		return -EMSGSIZE;
	ret = event_put_state(skb, slot);
	if (!ret && whole)
		ret = event_put_identity(skb, slot);
	if (ret) {
		genlmsg_cancel(skb, head);
		return ret;
	}
	genlmsg_end(skb, head);
	return 0;
}

struct genl_family scard_event_family __ro_after_init = {
	.name = SCARD_FAMILY_NAME,
	.version = SCARD_FAMILY_VERSION,
	.module = THIS_MODULE,
	.mcgrps = event_groups,
	.n_mcgrps = ARRAY_SIZE(event_groups),
};

/* Does a program listen to the multicasts? */
static bool event_has_listeners(void)
{
	return genl_has_listeners(&scard_event_family, &init_net, EVENT_GROUP);
}

static void event_multicast(struct scard_slot *slot, u8 cmd)
{
	struct sk_buff *skb;
	void *head;

	if (!event_has_listeners())
		return;
	/* no larger than necessary: some kernels clear all memory that they allocate */
	skb = genlmsg_new(EVENT_STATE_ATTRS * nla_total_size(sizeof(u32)), GFP_KERNEL);
	if (!skb)
		return;		/* the counter of the next message tells the listeners */
	head = genlmsg_put(skb, 0, 0, &scard_event_family, 0, cmd);
	if (scard_event_put_slot(skb, slot, head, false)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_multicast(&scard_event_family, skb, 0, EVENT_GROUP, GFP_KERNEL);
}

/**
 * scard_event_add() - announce a new slot
 * @slot: the slot
 */
void scard_event_add(struct scard_slot *slot)
{
	mutex_lock(&scard_event_lock);
	list_add_tail(&slot->events.node, &scard_event_slots);
	scard_event_generation++;
	event_multicast(slot, SCARD_CMD_SLOT_ADD_NTF);
	mutex_unlock(&scard_event_lock);
}

/**
 * scard_event_published() - announce the slots of a reader that all may find from now on
 * @reader: the reader; slots of it may be gone
 */
void scard_event_published(const struct scard_reader *reader)
{
	struct scard_slot *slot;

	mutex_lock(&scard_event_lock);
	list_for_each_entry(slot, &scard_event_slots, events.node)
		if (slot->reader == reader)
			event_multicast(slot, SCARD_CMD_SLOT_ADD_NTF);
	scard_event_generation++;
	mutex_unlock(&scard_event_lock);
}

/**
 * scard_event_del() - announce that a slot goes away
 * @slot: the slot
 */
void scard_event_del(struct scard_slot *slot)
{
	cancel_work_sync(&slot->presence.news_work);
	mutex_lock(&scard_event_lock);
	list_del(&slot->events.node);
	scard_event_generation++;
	event_multicast(slot, SCARD_CMD_SLOT_DEL_NTF);
	mutex_unlock(&scard_event_lock);
}

/**
 * scard_event_card_changed() - scard_event_changed(), of the card: multicast it, too
 * @slot: the slot, locked
 *
 * A card that was reset or powered is the same card, which no listener has to hear of.
 */
void scard_event_card_changed(struct scard_slot *slot)
{
	u32 state = event_multicast_state(slot);

	scard_event_changed(slot);
	if (state == slot->events.last_state && slot->events.card == slot->events.last_card)
		return;
	slot->events.last_state = state;
	slot->events.last_card = slot->events.card;
	if (!slot->events.announced || !event_has_listeners())
		return;
	slot->events.dirty = true;
	/* news_work announces before it returns; requeue only from other contexts */
	if (current_work() != &slot->presence.news_work)
		queue_work(slot->reader->wq, &slot->presence.news_work);
}

/**
 * scard_event_announce() - multicast a change, if there is one
 * @slot: the slot
 *
 * For its news_work alone.
 */
void scard_event_announce(struct scard_slot *slot)
{
	bool tell;

	spin_lock(&slot->lock);
	tell = slot->events.dirty && slot->events.announced;
	slot->events.dirty = false;
	spin_unlock(&slot->lock);
	if (tell)
		event_multicast(slot, SCARD_CMD_SLOT_CHANGE_NTF);
}

/**
 * scard_event_init() - prepare the events of a slot
 * @slot: the slot
 */
void scard_event_init(struct scard_slot *slot)
{
	init_waitqueue_head(&slot->events.wait);
	INIT_LIST_HEAD(&slot->events.node);
}
