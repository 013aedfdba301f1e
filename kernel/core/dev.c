// SPDX-License-Identifier: GPL-2.0
/*
 * Readers and slots as devices: the class, the slots of a reader, registration,
 * suspend, resume and removal.
 */
#include <linux/idr.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "scard.h"

struct class scard_class = {
	.name = "scard",
	.dev_groups = scard_slot_groups,
};

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
	scard_worker_init(slot);
	scard_presence_init(slot);
	scard_power_init(slot);
	scard_watchdog_init(slot);
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
	scard_presence_stop(slot);
	scard_power_stop(slot);
	scard_watchdog_stop(slot);
	scard_worker_stop(slot);
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

/* ---- readers ---- */

/* The "II" of the reader names: lowest free number, as two hexadecimal digits */
static DEFINE_IDA(scard_reader_ida);

#define SCARD_MAX_READERS	256

/* A reader that fails does so again and again: so many lines a minute say it */
#define SCARD_MAX_COMPLAINTS	3

static void reader_set(struct scard_reader *reader, bool *flag, bool value)
{
	spin_lock_irq(&reader->lock);
	WRITE_ONCE(*flag, value);
	spin_unlock_irq(&reader->lock);
}

/**
 * scard_reader_init() - prepare a reader whose descriptor and strings are set
 * @reader: the reader; from here on scard_reader_put() frees it
 *
 * Return: 0 or a negative errno
 */
int scard_reader_init(struct scard_reader *reader)
{
	unsigned int i = 0;
	int ret;

	kref_init(&reader->kref);
	spin_lock_init(&reader->lock);
	init_waitqueue_head(&reader->resumed);
	INIT_LIST_HEAD(&reader->queue);
	reader->places = reader->desc.nbusy;
	ratelimit_state_init(&reader->complaints, 60 * HZ, SCARD_MAX_COMPLAINTS);
	/* the lines that are not shown are not worth one that counts them */
	ratelimit_set_flags(&reader->complaints, RATELIMIT_MSG_ON_RELEASE);
	reader->nslots = reader->desc.nslots;

	ret = ida_alloc_max(&scard_reader_ida, SCARD_MAX_READERS - 1, GFP_KERNEL);
	if (ret < 0)
		return ret;
	reader->index = ret;

	ret = -ENOMEM;
	/* one work each for settling, so that a slow card does not delay the others */
	reader->wq = alloc_workqueue("scard-%u", WQ_UNBOUND | WQ_FREEZABLE, 0, reader->index);
	if (!reader->wq)
		goto fail;
	for (; i < reader->nslots; i++) {
		reader->slots[i] = scard_slot_alloc(reader, i);
		if (!reader->slots[i])
			goto fail;
	}
	return 0;

fail:
	while (i--)
		put_device(&reader->slots[i]->dev);
	if (reader->wq)
		destroy_workqueue(reader->wq);
	ida_free(&scard_reader_ida, reader->index);
	return ret;
}

/**
 * scard_reader_register() - make the slots visible; the reader must work
 * @reader: the reader
 *
 * Return: 0, or a negative errno and scard_reader_unregister() must follow
 */
int scard_reader_register(struct scard_reader *reader)
{
	unsigned int i;
	int ret;

	for (i = 0; i < reader->nslots; i++) {
		ret = scard_slot_register(reader->slots[i]);
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * Leave no card powered behind. Nobody else acts; the transfers have ended. A reader
 * that can do one thing at a time is first told to forget what was cut.
 */
static void reader_farewell(struct scard_reader *reader)
{
	bool cut[SCARD_MAX_SLOTS];
	unsigned int i;

	reader->ops->restart(reader);
	reader_set(reader, &reader->farewell, true);
	for (i = 0; i < reader->nslots; i++) {
		cut[i] = ccid_cmd_disown(reader->slots[i]);
		if (cut[i])
			scard_slot_farewell(reader->slots[i]);
	}
	for (i = 0; i < reader->nslots; i++)
		if (!cut[i])
			scard_slot_farewell(reader->slots[i]);
	reader_set(reader, &reader->farewell, false);
	reader->ops->stop(reader);
}

/**
 * scard_reader_unregister() - the reader goes away
 * @reader: the reader
 * @alive: the device still answers (unbind, rmmod): leave no card powered
 *
 * Ends every wait and every exchange; see UNPLUG in scard.h. Open files stay, and
 * their calls fail with -ENODEV.
 */
void scard_reader_unregister(struct scard_reader *reader, bool alive)
{
	unsigned int i;

	reader_set(reader, &reader->gone, true);
	wake_up_all(&reader->resumed);
	ccid_cmd_gone(reader);

	for (i = 0; i < reader->nslots; i++)
		scard_slot_gone(reader->slots[i]);
	reader->ops->stop(reader);
	for (i = 0; i < reader->nslots; i++)
		scard_slot_quiesce(reader->slots[i]);

	if (alive)
		reader_farewell(reader);

	for (i = 0; i < reader->nslots; i++)
		scard_slot_unregister(reader->slots[i]);
	destroy_workqueue(reader->wq);
	ida_free(&scard_reader_ida, reader->index);
}

/**
 * scard_reader_suspend() - no transfers until scard_reader_resume()
 * @reader: the reader
 * @sleep: the system goes to sleep: power the cards off, as long as there is power
 *	to say so; whoever was using one is frozen by now
 *
 * Commands on the wire end with -EIO, later ones wait for the resume.
 *
 * Return: 0
 */
int scard_reader_suspend(struct scard_reader *reader, bool sleep)
{
	spin_lock_irq(&reader->lock);
	WRITE_ONCE(reader->paused, true);
	WRITE_ONCE(reader->stops, reader->stops + 1);
	spin_unlock_irq(&reader->lock);
	reader->ops->stop(reader);
	if (sleep)
		reader_farewell(reader);
	return 0;
}

/**
 * scard_reader_resume() - transfers work again
 * @reader: the reader
 */
void scard_reader_resume(struct scard_reader *reader)
{
	reader->ops->restart(reader);
	reader_set(reader, &reader->paused, false);
	wake_up_all(&reader->resumed);
}
