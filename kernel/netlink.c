// SPDX-License-Identifier: GPL-2.0
/*
 * Discovery: the generic-netlink family "scard". Reads snapshots only, decides
 * nothing. Names and identities are told to those who ask, and never multicast.
 *
 * Changes are announced by the slot's news_work: they happen under slot->lock, where
 * nothing may be allocated at leisure. A message carries the counters of the moment at
 * which it is sent, so announcements may be merged and none is missed; and there is one
 * work, so none overtakes another.
 */
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/scard_netlink.h>
#include <net/genetlink.h>

#include "scard.h"

/*
 * Slots in the order of their coming; mutex, because a dump may sleep between two.
 * Taken before slot->lock, never inside it.
 */
static LIST_HEAD(netlink_slots);
static DEFINE_MUTEX(netlink_lock);
/* Counts comings and goings, so that a dump can tell that it is not one moment's */
static unsigned int netlink_generation;

static struct genl_family netlink_family;

enum netlink_groups {
	NETLINK_EVENTS,
};

static const struct genl_multicast_group netlink_groups[] = {
	[NETLINK_EVENTS] = { .name = SCARD_MCGRP_EVENTS },
};

static const struct nla_policy netlink_policy[SCARD_A_SLOT_MAX + 1] = {
	[SCARD_A_SLOT_MINOR] = { .type = NLA_U32 },
};

#define NETLINK_STATE_ATTRS	6	/* of netlink_put_state(), each a u32 */

/* What is told of a slot without being asked: presence, no names, no users. */
static u32 netlink_state(const struct scard_slot *slot)
{
	return scard_slot_state(slot) & (SCARD_STATE_BIT_PRESENT | SCARD_STATE_BIT_MUTE |
					 SCARD_STATE_BIT_SETTLING);
}

static int netlink_put_state(struct sk_buff *skb, struct scard_slot *slot, bool asked)
{
	u32 state, event, card_event;

	spin_lock(&slot->lock);
	if (asked)
		scard_slot_look(slot);
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

static int netlink_put_slot(struct sk_buff *skb, struct scard_slot *slot, void *head, bool whole)
{
	int ret;

	if (!head)
		return -EMSGSIZE;
	ret = netlink_put_state(skb, slot, whole);
	if (!ret && whole)
		ret = netlink_put_identity(skb, slot);
	if (ret) {
		genlmsg_cancel(skb, head);
		return ret;
	}
	genlmsg_end(skb, head);
	return 0;
}

static int netlink_get_slot(struct sk_buff *skb, struct genl_info *info)
{
	struct scard_slot *slot;
	struct sk_buff *answer;
	int ret = -ENODEV;
	u32 minor;

	if (!info->attrs[SCARD_A_SLOT_MINOR])
		return -EINVAL;
	minor = nla_get_u32(info->attrs[SCARD_A_SLOT_MINOR]);
	answer = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!answer)
		return -ENOMEM;
	mutex_lock(&netlink_lock);
	list_for_each_entry(slot, &netlink_slots, netlink_node) {
		if (MINOR(slot->dev.devt) != minor)
			continue;
		ret = netlink_put_slot(answer, slot,
				       genlmsg_put_reply(answer, info, &netlink_family, 0,
							 SCARD_CMD_GET_SLOT), true);
		break;
	}
	mutex_unlock(&netlink_lock);
	if (ret) {
		nlmsg_free(answer);
		return ret;
	}
	return genlmsg_reply(answer, info);
}

static int netlink_dump_slots(struct sk_buff *skb, struct netlink_callback *cb)
{
	long skip = cb->args[0], n = 0;
	struct scard_slot *slot;

	mutex_lock(&netlink_lock);
	cb->seq = netlink_generation;
	list_for_each_entry(slot, &netlink_slots, netlink_node) {
		void *head;

		if (n++ < skip)
			continue;
		head = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				   &netlink_family, NLM_F_MULTI, SCARD_CMD_GET_SLOT);
		if (head)
			genl_dump_check_consistent(cb, head);
		if (netlink_put_slot(skb, slot, head, true)) {
			n--;
			break;
		}
	}
	cb->args[0] = n;
	mutex_unlock(&netlink_lock);
	return skb->len;
}

static const struct genl_ops netlink_ops[] = {
	{
		.cmd = SCARD_CMD_GET_SLOT,
		.doit = netlink_get_slot,
		.dumpit = netlink_dump_slots,
		.policy = netlink_policy,
		.maxattr = SCARD_A_SLOT_MAX,
	},
};

static struct genl_family netlink_family __ro_after_init = {
	.name = SCARD_FAMILY_NAME,
	.version = SCARD_FAMILY_VERSION,
	.module = THIS_MODULE,
	.ops = netlink_ops,
	.n_ops = ARRAY_SIZE(netlink_ops),
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
	return genl_has_listeners(&netlink_family, &init_net, NETLINK_EVENTS);
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
	if (netlink_put_slot(skb, slot, genlmsg_put(skb, 0, 0, &netlink_family, 0, cmd), false)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_multicast(&netlink_family, skb, 0, NETLINK_EVENTS, GFP_KERNEL);
}

/**
 * scard_netlink_add() - a slot can be used
 * @slot: the slot
 */
void scard_netlink_add(struct scard_slot *slot)
{
	mutex_lock(&netlink_lock);
	list_add_tail(&slot->netlink_node, &netlink_slots);
	netlink_generation++;
	netlink_announce(slot, SCARD_CMD_SLOT_ADD_NTF);
	mutex_unlock(&netlink_lock);
}

/**
 * scard_netlink_del() - a slot goes away
 * @slot: the slot
 */
void scard_netlink_del(struct scard_slot *slot)
{
	cancel_work_sync(&slot->news_work);
	mutex_lock(&netlink_lock);
	list_del(&slot->netlink_node);
	netlink_generation++;
	netlink_announce(slot, SCARD_CMD_SLOT_DEL_NTF);
	mutex_unlock(&netlink_lock);
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

/**
 * scard_netlink_init() - register the family
 *
 * Return: 0 or a negative errno
 */
int scard_netlink_init(void)
{
	return genl_register_family(&netlink_family);
}

/**
 * scard_netlink_exit() - unregister it
 */
void scard_netlink_exit(void)
{
	genl_unregister_family(&netlink_family);
}
