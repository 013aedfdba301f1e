// SPDX-License-Identifier: GPL-2.0
/*
 * Slots: their coming and their going.
 */
#include <linux/slab.h>
#include <linux/string.h>

#include "scard.h"

static void slot_release(struct device *dev)
{
	struct scard_slot *slot = container_of(dev, struct scard_slot, dev);

	scard_req_free(slot->req);
	scard_cdev_free_minor(slot);
	scard_reader_put(slot->reader);
	kfree(slot);
}

/* "<maker product> [interface] (serial) II SS", as pcsc-lite forms it */
static void slot_make_name(struct scard_slot *slot)
{
	const struct scard_reader *r = slot->reader;
	bool serial = r->serial[0] && !strstr(r->interface_name, r->serial);
	int room = SCARD_NAME_SIZE - sizeof(" 00 00");
	int n;

	/* the maker stays also where the product repeats it: "Nitrokey Nitrokey Pro" */
	if (!r->manufacturer[0] && !r->product[0])
		n = scnprintf(slot->name, room + 1, "Smart-card reader %04x:%04x", r->vendor_id,
			      r->product_id);
	else
		n = scnprintf(slot->name, room + 1, "%s%s%s", r->manufacturer,
			      r->manufacturer[0] && r->product[0] ? " " : "", r->product);
	if (r->interface_name[0])
		n += scnprintf(slot->name + n, room + 1 - n, " [%s]", r->interface_name);
	if (serial)
		n += scnprintf(slot->name + n, room + 1 - n, " (%s)", r->serial);
	scnprintf(slot->name + n, SCARD_NAME_SIZE - n, " %02X %02X", r->index, slot->index);
}

/**
 * scard_slot_alloc() - make a slot
 * @reader: its reader, which it will reference
 * @index: bSlot
 *
 * Return: the slot, to be released with put_device(), or NULL
 */
struct scard_slot *scard_slot_alloc(struct scard_reader *reader, u8 index)
{
	struct scard_slot *slot = kzalloc(sizeof(*slot), GFP_KERNEL);

	if (!slot)
		return NULL;
	slot->reader = reader;
	slot->index = index;
	slot->settling = true;	/* until the worker has looked */
	spin_lock_init(&slot->lock);
	pol_init(&slot->pol, scard_slot_wake);
	init_waitqueue_head(&slot->wait);
	scard_slot_work_init(slot);
	timer_setup(&slot->deadline, ccid_wire_expired, 0);
	INIT_LIST_HEAD(&slot->netlink_node);
	slot_make_name(slot);

	device_initialize(&slot->dev);
	slot->dev.class = &scard_class;
	slot->dev.parent = reader->parent;
	slot->dev.release = slot_release;
	dev_set_drvdata(&slot->dev, slot);
	scard_reader_get(reader);

	/* the longest answer that the worker expects is an ATR; parameters are shorter */
	slot->req = scard_req_alloc(reader, CCID_HEADER_LEN + SCARD_WORKER_TX,
				    reader->desc.nbusy > 1 ? reader->desc.max_msg :
				    CCID_HEADER_LEN + SCARD_WORKER_RX, GFP_KERNEL);
	if (!slot->req || scard_cdev_get_minor(slot)) {
		put_device(&slot->dev);
		return NULL;
	}
	return slot;
}

/**
 * scard_slot_register() - make the device node; look at the card
 * @slot: the slot
 *
 * Return: 0 or a negative errno
 */
int scard_slot_register(struct scard_slot *slot)
{
	int ret = scard_cdev_add(slot);

	if (ret)
		return ret;
	spin_lock(&slot->lock);
	slot->announced = true;
	pol_want_settle(&slot->pol);
	scard_slot_unlock(slot);
	scard_debugfs_add(slot);
	scard_netlink_add(slot);
	return 0;
}

/**
 * scard_slot_gone() - the reader is gone: end all waits
 * @slot: the slot
 *
 * Discovery hears of it first: who is woken here and looks for readers finds this one gone.
 */
void scard_slot_gone(struct scard_slot *slot)
{
	bool was_announced;

	spin_lock(&slot->lock);
	was_announced = slot->announced;
	slot->announced = false;	/* nor will changes be */
	spin_unlock(&slot->lock);
	if (was_announced)
		scard_netlink_del(slot);

	spin_lock(&slot->lock);
	slot->settling = false;
	pol_gone(&slot->pol);
	scard_slot_changed(slot);
	scard_slot_unlock(slot);
}

/**
 * scard_slot_quiesce() - wait until nobody acts on the slot any more
 * @slot: the slot, after scard_slot_gone() and the end of all transfers
 */
void scard_slot_quiesce(struct scard_slot *slot)
{
	scard_slot_work_stop(slot);
}

/**
 * scard_slot_unregister() - remove the node and drop the reader's reference
 * @slot: the slot, quiet
 */
void scard_slot_unregister(struct scard_slot *slot)
{
	if (device_is_registered(&slot->dev)) {
		scard_debugfs_del(slot);
		scard_cdev_del(slot);
	}
	timer_delete_sync(&slot->deadline);	/* the last command was the farewell */
	put_device(&slot->dev);
}
