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

#include "scard.h"

/**
 * scard_slot_state() - SCARD_STATE_BIT_* of this moment
 * @slot: the slot, locked
 *
 * Return: the bits
 */
u32 scard_slot_state(const struct scard_slot *slot)
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
	if (slot->protocol)
		state |= SCARD_STATE_BIT_NEGOTIATED;
	if (pol->connected)
		state |= SCARD_STATE_BIT_INUSE;
	if (pol->exclusive)
		state |= SCARD_STATE_BIT_EXCLUSIVE;
	if (pol->owner)
		state |= SCARD_STATE_BIT_TRANSACTION;
	if (slot->settling)
		state |= SCARD_STATE_BIT_SETTLING;
	return state;
}

/**
 * scard_slot_changed() - something that a waiter may want to see has changed
 * @slot: the slot, locked
 */
void scard_slot_changed(struct scard_slot *slot)
{
	lockdep_assert_held(&slot->lock);
	slot->event++;
	/* a sleeper in poll() is in the queue before it takes the lock, see cdev_poll() */
	if (waitqueue_active(&slot->wait))
		wake_up_all(&slot->wait);
}

/* ---- multicasts ---- */

/*
 * Slots in the order of their coming; mutex, because a dump may sleep between two.
 * Taken before slot->lock, never inside it.
 */
LIST_HEAD(scard_netlink_slots);
DEFINE_MUTEX(scard_netlink_lock);
/* Counts comings and goings, so that a dump can tell that it is not one moment's */
unsigned int scard_netlink_generation;

enum netlink_groups {
	NETLINK_EVENTS,
};

static const struct genl_multicast_group netlink_groups[] = {
	[NETLINK_EVENTS] = { .name = SCARD_MCGRP_EVENTS },
};

#define NETLINK_STATE_ATTRS	6	/* of netlink_put_state(), each a u32 */

/* What is told of a slot without being asked: presence, no names, no users. */
static u32 netlink_state(const struct scard_slot *slot)
{
	return scard_slot_state(slot) & (SCARD_STATE_BIT_PRESENT | SCARD_STATE_BIT_MUTE |
					 SCARD_STATE_BIT_SETTLING);
}

static int netlink_put_state(struct sk_buff *skb, struct scard_slot *slot)
{
	u32 state, event, card_event;

	spin_lock(&slot->lock);
	state = netlink_state(slot);
	event = slot->event;
	card_event = slot->card_event;
	spin_unlock(&slot->lock);
	return nla_put_u32(skb, SCARD_A_SLOT_MINOR, MINOR(slot->dev.devt)) ?:
	       nla_put_u32(skb, SCARD_A_SLOT_READER, slot->reader->index) ?:
	       nla_put_u32(skb, SCARD_A_SLOT_INDEX, slot->index) ?:
	       nla_put_u32(skb, SCARD_A_SLOT_STATE, state) ?:
	       nla_put_u32(skb, SCARD_A_SLOT_EVENT, event) ?:
	       nla_put_u32(skb, SCARD_A_SLOT_CARD_EVENT, card_event);
}

static int netlink_put_identity(struct sk_buff *skb, struct scard_slot *slot)
{
	return nla_put_string(skb, SCARD_A_SLOT_NAME, slot->name) ?:
	       nla_put_u16(skb, SCARD_A_SLOT_VENDOR_ID, slot->reader->vendor_id) ?:
	       nla_put_u16(skb, SCARD_A_SLOT_PRODUCT_ID, slot->reader->product_id);
}

int scard_netlink_put(struct sk_buff *skb, struct scard_slot *slot, void *head, bool whole)
{
	int ret;

	if (!head)
		return -EMSGSIZE;
	ret = netlink_put_state(skb, slot);
	if (!ret && whole)
		ret = netlink_put_identity(skb, slot);
	if (ret) {
		genlmsg_cancel(skb, head);
		return ret;
	}
	genlmsg_end(skb, head);
	return 0;
}

struct genl_family scard_netlink_family = {
	.name = SCARD_FAMILY_NAME,
	.version = SCARD_FAMILY_VERSION,
	.module = THIS_MODULE,
	.mcgrps = netlink_groups,
	.n_mcgrps = ARRAY_SIZE(netlink_groups),
};

/**
 * scard_netlink_heard() - does anybody listen to what is announced?
 *
 * Return: true if somebody does
 */
bool scard_netlink_heard(void)
{
	return genl_has_listeners(&scard_netlink_family, &init_net, NETLINK_EVENTS);
}

static void netlink_announce(struct scard_slot *slot, u8 cmd)
{
	struct sk_buff *skb;

	if (!scard_netlink_heard())
		return;
	/* no larger than it has to be: kernels that clear what they allocate do so here */
	skb = genlmsg_new(NETLINK_STATE_ATTRS * nla_total_size(sizeof(u32)), GFP_KERNEL);
	if (!skb)
		return;		/* who listens finds out by the next one's counter */
	if (scard_netlink_put(skb, slot, genlmsg_put(skb, 0, 0, &scard_netlink_family, 0, cmd), false)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_multicast(&scard_netlink_family, skb, 0, NETLINK_EVENTS, GFP_KERNEL);
}

/**
 * scard_netlink_add() - a slot can be used
 * @slot: the slot
 */
void scard_netlink_add(struct scard_slot *slot)
{
	mutex_lock(&scard_netlink_lock);
	list_add_tail(&slot->netlink_node, &scard_netlink_slots);
	scard_netlink_generation++;
	netlink_announce(slot, SCARD_CMD_SLOT_ADD_NTF);
	mutex_unlock(&scard_netlink_lock);
}

/**
 * scard_netlink_del() - a slot goes away
 * @slot: the slot
 */
void scard_netlink_del(struct scard_slot *slot)
{
	cancel_work_sync(&slot->news_work);
	mutex_lock(&scard_netlink_lock);
	list_del(&slot->netlink_node);
	scard_netlink_generation++;
	netlink_announce(slot, SCARD_CMD_SLOT_DEL_NTF);
	mutex_unlock(&scard_netlink_lock);
}

/**
 * scard_netlink_change() - the card of a slot may have changed
 * @slot: the slot, locked
 *
 * A card that was reset or powered is the same card: a listener would learn nothing.
 */
void scard_netlink_change(struct scard_slot *slot)
{
	u32 state = netlink_state(slot);

	if (state == slot->told_state && slot->card_event == slot->told_card_event)
		return;
	slot->told_state = state;
	slot->told_card_event = slot->card_event;
	if (!slot->announced || !scard_netlink_heard())
		return;
	slot->untold = true;
	/* which will come to it, if that is who runs here */
	if (current_work() != &slot->news_work)
		queue_work(slot->reader->wq, &slot->news_work);
}

/**
 * scard_netlink_tell() - announce what has changed, if anything has
 * @slot: the slot
 *
 * For its news_work alone.
 */
void scard_netlink_tell(struct scard_slot *slot)
{
	bool tell;

	spin_lock(&slot->lock);
	tell = slot->untold && slot->announced;
	slot->untold = false;
	spin_unlock(&slot->lock);
	if (tell)
		netlink_announce(slot, SCARD_CMD_SLOT_CHANGE_NTF);
}

