// SPDX-License-Identifier: GPL-2.0
/*
 * Discovery: GET_SLOT, and its dump, of the generic-netlink family "scard". event.c
 * owns the family and the list of slots, and multicasts changes.
 *
 * An answer tells what is known and causes nothing: no reader is woken, powered or polled for
 * a program that may not open its node. A private reader is not there for other users.
 */
#include <linux/capability.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/scard_netlink.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "event.h"
#include "netlink.h"
#include "scard.h"

static const struct nla_policy netlink_policy[SCARD_A_SLOT_MAX + 1] = {
	[SCARD_A_SLOT_MINOR] = { .type = NLA_U32 },
};

/* May the program that asks, in @skb, know of a slot? Its node has permissions of its own. */
static bool netlink_may_see(const struct sk_buff *skb, const struct scard_slot *slot)
{
	const struct scard_owner *owner = &slot->reader->owner;

	return !READ_ONCE(owner->private) || uid_eq(NETLINK_CB(skb).sk->sk_uid, owner->uid) ||
	       netlink_capable(skb, CAP_SYS_ADMIN);
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
	mutex_lock(&scard_event_lock);
	list_for_each_entry(slot, &scard_event_slots, events.node) {
		if (MINOR(slot->dev.devt) != minor || !netlink_may_see(skb, slot))
			continue;
		ret = scard_event_put_slot(answer, slot,
					   genlmsg_put_reply(answer, info, &scard_event_family, 0,
							     SCARD_CMD_GET_SLOT), true);
		break;
	}
	mutex_unlock(&scard_event_lock);
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

	mutex_lock(&scard_event_lock);
	cb->seq = scard_event_generation;
	list_for_each_entry(slot, &scard_event_slots, events.node) {
		void *head;

		if (n++ < skip || !netlink_may_see(cb->skb, slot))
			continue;
		head = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				   &scard_event_family, NLM_F_MULTI, SCARD_CMD_GET_SLOT);
		if (head)
			genl_dump_check_consistent(cb, head);
		if (scard_event_put_slot(skb, slot, head, true)) {
			n--;
			break;
		}
	}
	cb->args[0] = n;
	mutex_unlock(&scard_event_lock);
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

/**
 * scard_netlink_init() - register the family
 *
 * Return: 0 or a negative errno
 */
int scard_netlink_init(void)
{
	scard_event_family.ops = netlink_ops;
	scard_event_family.n_ops = ARRAY_SIZE(netlink_ops);
	return genl_register_family(&scard_event_family);
}

/**
 * scard_netlink_exit() - unregister it
 */
void scard_netlink_exit(void)
{
	genl_unregister_family(&scard_event_family);
}
