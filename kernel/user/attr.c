// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of PC/SC part 3 that the server has set. They are read from memory: no program
 * waits for the server.
 */
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "attr.h"

struct attr {
	struct list_head node;
	u32 id;
	u32 len;
	u8 value[];
};

static struct attr *attr_find(struct uscard_slot *slot, u32 id)
{
	struct attr *attr;

	lockdep_assert_held(&slot->slot.reader->lock);
	list_for_each_entry(attr, &slot->attrs, node)
		if (attr->id == id)
			return attr;
	return NULL;
}

/**
 * uscard_attr_get() - scard_reader_ops.get_attr
 * @slot: the slot
 * @id: attribute
 * @protocol: not used: the server sets other values itself
 * @buf: SCARD_MAX_ATTRIBUTE_SIZE bytes
 * @len: length of the value
 *
 * Return: 0 or -EOPNOTSUPP
 */
int uscard_attr_get(struct scard_slot *slot, u32 id, u32 protocol, u8 *buf, u32 *len)
{
	const struct attr *attr;

	spin_lock_irq(&slot->reader->lock);
	attr = attr_find(to_uscard_slot(slot), id);
	if (attr) {
		memcpy(buf, attr->value, attr->len);
		*len = attr->len;
	}
	spin_unlock_irq(&slot->reader->lock);
	return attr ? 0 : -EOPNOTSUPP;
}

/**
 * uscard_attr_set() - the server sets an attribute, or takes it away
 * @slot: the slot
 * @msg: the message, of which type and reserved words are checked
 * @data: its data
 *
 * Return: 0 or a negative errno of linux/uscard.h
 */
int uscard_attr_set(struct uscard_slot *slot, const struct uscard_message *msg, const u8 *data)
{
	struct attr *attr = NULL, *old;
	int ret = 0;

	if (msg->id || (msg->error && (msg->error != EOPNOTSUPP || msg->len)) ||
	    msg->len > SCARD_MAX_ATTRIBUTE_SIZE)
		return -EINVAL;
	if (!msg->error) {
		attr = kmalloc(struct_size(attr, value, msg->len), GFP_KERNEL_ACCOUNT);
		if (!attr)
			return -ENOMEM;
		attr->id = msg->value;
		attr->len = msg->len;
		memcpy(attr->value, data, msg->len);
	}
	spin_lock_irq(&slot->slot.reader->lock);
	old = attr_find(slot, msg->value);
	if (old) {
		list_del(&old->node);
		slot->nattrs--;
	}
	if (attr && slot->nattrs < USCARD_MAX_ATTRS) {
		list_add(&attr->node, &slot->attrs);
		slot->nattrs++;
	} else if (attr) {
		ret = -ENOSPC;
	}
	spin_unlock_irq(&slot->slot.reader->lock);
	kfree(old);
	if (ret)
		kfree(attr);
	return ret;
}

/**
 * uscard_attr_free() - forget the attributes
 * @slot: the slot, which may still be asked for them
 */
void uscard_attr_free(struct uscard_slot *slot)
{
	struct attr *attr, *next;
	LIST_HEAD(attrs);

	spin_lock_irq(&slot->slot.reader->lock);
	list_splice_init(&slot->attrs, &attrs);
	slot->nattrs = 0;
	spin_unlock_irq(&slot->slot.reader->lock);
	list_for_each_entry_safe(attr, next, &attrs, node)
		kfree(attr);
}
