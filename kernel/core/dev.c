// SPDX-License-Identifier: GPL-2.0
/*
 * Readers and slots as devices: the class, registration, suspend, resume, removal.
 */
#include <linux/idr.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "cdev.h"
#include "debugfs.h"
#include "dev.h"
#include "event.h"
#include "power.h"
#include "presence.h"
#include "request.h"
#include "slot.h"
#include "sysfs.h"
#include "turn.h"
#include "watchdog.h"
#include "worker.h"

/* A reader that fails does so again and again: the log gets so many lines a minute */
#define DEV_MAX_WARNINGS	3

static struct class dev_class = {
	.name = "scard",
	.dev_groups = scard_sysfs_groups,
};

/* Owner and mode of the node in devtmpfs; a NULL name leaves the name as it is. */
static char *dev_node(const struct device *dev, umode_t *mode, kuid_t *uid, kgid_t *gid)
{
	const struct scard_owner *owner =
		&container_of(dev, const struct scard_slot, dev)->reader->owner;

	if (!owner->mode)
		return NULL;
	if (mode)
		*mode = owner->mode;
	if (uid)
		*uid = owner->uid;
	if (gid)
		*gid = owner->gid;
	return NULL;
}

/* The same for Linux before 6.2, where the device is not const */
static __maybe_unused char *dev_node_not_const(struct device *dev, umode_t *mode, kuid_t *uid,
					       kgid_t *gid)
{
	return dev_node(dev, mode, uid, gid);
}

#define DEV_NODE_TYPE	typeof(*((const struct device_type *)NULL)->devnode)

static const struct device_type dev_slot_type = {
	.devnode = __builtin_choose_expr(__same_type(dev_node_not_const, DEV_NODE_TYPE),
					 dev_node_not_const, dev_node),
};

/* The "II" of the reader names: lowest free number, as two hexadecimal digits */
static DEFINE_IDA(dev_reader_ida);

/* ---- slots ---- */

static void dev_release_slot(struct device *dev)
{
	struct scard_slot *slot = container_of(dev, struct scard_slot, dev);
	struct scard_reader *reader = slot->reader;

	scard_worker_free(slot);
	scard_request_free(slot->large);
	scard_cdev_free_minor(slot);
	kfree(slot);	/* the first member of the transport's structure */
	scard_reader_put(reader);
}

/* "<maker product> [interface] (serial) II SS", as pcsc-lite forms it */
static void dev_name_slot(struct scard_slot *slot)
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

/* Returns the slot, which put_device() frees, or NULL. */
static struct scard_slot *dev_alloc_slot(struct scard_reader *reader, u8 index)
{
	struct scard_slot *slot = kzalloc(reader->ops->slot_size, GFP_KERNEL);

	if (!slot)
		return NULL;
	slot->reader = reader;
	slot->index = index;
	slot->card.settling = true;	/* until the worker has asked the reader */
	spin_lock_init(&slot->lock);
	INIT_LIST_HEAD(&slot->handles);
	scard_pol_init(&slot->pol, scard_worker_wake);
	scard_event_init(slot);
	scard_presence_init(slot);
	scard_power_init(slot);
	scard_watchdog_init(slot);
	scard_turn_init(slot);
	reader->ops->slot_init(slot);
	dev_name_slot(slot);

	device_initialize(&slot->dev);
	slot->dev.class = &dev_class;
	slot->dev.type = &dev_slot_type;
	slot->dev.groups = reader->ops->groups;
	slot->dev.parent = reader->parent;
	slot->dev.release = dev_release_slot;
	dev_set_drvdata(&slot->dev, slot);
	kref_get(&reader->kref);
	if (scard_worker_init(slot) || scard_cdev_get_minor(slot)) {
		reader->ops->slot_exit(slot);
		put_device(&slot->dev);
		return NULL;
	}
	return slot;
}

/* Make the node, and look for a card. */
static int dev_register_slot(struct scard_slot *slot)
{
	int ret = scard_cdev_add(slot);

	if (ret)
		return ret;
	spin_lock(&slot->lock);
	slot->events.announced = true;
	scard_pol_want_settle(&slot->pol);
	scard_slot_unlock(slot);
	scard_debugfs_add(slot);
	scard_event_add(slot);
	return 0;
}

/*
 * End all waits on the slot of a reader that is gone. The removal is announced before
 * waiters are woken, so that a woken program that lists readers does not find this one.
 */
static void dev_slot_gone(struct scard_slot *slot)
{
	bool was_announced;

	spin_lock(&slot->lock);
	was_announced = slot->events.announced;
	slot->events.announced = false;		/* nor are changes */
	spin_unlock(&slot->lock);
	if (was_announced)
		scard_event_del(slot);

	spin_lock(&slot->lock);
	slot->card.settling = false;
	scard_pol_gone(&slot->pol);
	scard_event_changed(slot);
	scard_slot_unlock(slot);
}

/* After dev_slot_gone() and the end of all exchanges: wait until the slot is quiet. */
static void dev_quiesce_slot(struct scard_slot *slot)
{
	scard_presence_stop(slot);
	scard_power_stop(slot);
	scard_watchdog_stop(slot);
	scard_turn_stop(slot);
	scard_worker_stop(slot);
}

static void dev_unregister_slot(struct scard_slot *slot)
{
	if (device_is_registered(&slot->dev)) {
		scard_debugfs_del(slot);
		scard_cdev_del(slot);
	}
	slot->reader->ops->slot_exit(slot);
	put_device(&slot->dev);
}

/* ---- readers ---- */

/**
 * scard_dev_init() - prepare a reader
 * @reader: the reader, whose members up to @lock are set by the transport, but for @index;
 *	from here on scard_reader_put() frees it
 *
 * Return: 0 or a negative errno
 */
int scard_dev_init(struct scard_reader *reader)
{
	unsigned int i = 0;
	int ret;

	kref_init(&reader->kref);
	spin_lock_init(&reader->lock);
	init_waitqueue_head(&reader->resumed);
	ratelimit_state_init(&reader->warnings, 60 * HZ, DEV_MAX_WARNINGS);
	/* do not log how many lines were suppressed */
	ratelimit_set_flags(&reader->warnings, RATELIMIT_MSG_ON_RELEASE);

	ret = ida_alloc_max(&dev_reader_ida, SCARD_MAX_READERS - 1, GFP_KERNEL);
	if (ret < 0)
		return ret;
	reader->index = ret;

	ret = -ENOMEM;
	/* slots settle at the same time, so that a slow card does not delay the others */
	reader->wq = alloc_workqueue("scard-%u", WQ_UNBOUND, 0, reader->index);
	if (!reader->wq)
		goto fail;
	for (; i < reader->nslots; i++) {
		reader->slots[i] = dev_alloc_slot(reader, i);
		if (!reader->slots[i])
			goto fail;
	}
	return 0;

fail:
	while (i--)
		dev_unregister_slot(reader->slots[i]);
	if (reader->wq)
		destroy_workqueue(reader->wq);
	ida_free(&dev_reader_ida, reader->index);
	return ret;
}

/**
 * scard_dev_register() - make the slots visible
 * @reader: the reader, which works
 *
 * Return: 0, or a negative errno and scard_dev_unregister() must follow
 */
int scard_dev_register(struct scard_reader *reader)
{
	unsigned int i;
	int ret;

	for (i = 0; i < reader->nslots; i++) {
		ret = dev_register_slot(reader->slots[i]);
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * Leave no card powered: neither one that is on, nor one that may be. The slots are quiet, and
 * all exchanges have ended.
 */
static void dev_power_off_all(struct scard_reader *reader)
{
	unsigned int i;
	u32 slots = 0;

	for (i = 0; i < reader->nslots; i++) {
		struct scard_slot *slot = reader->slots[i];

		scard_slot_begin(slot, slot->worker.req);
		if (READ_ONCE(slot->pol.card) == POL_CARD_ON || READ_ONCE(slot->power.unsafe) ||
		    READ_ONCE(slot->presence.state) != SCARD_PRESENCE_KNOWN)
			slots |= BIT(i);
	}
	reader->ops->power_off_all(reader, slots);
}

/**
 * scard_dev_unregister() - take a reader out of service
 * @reader: the reader
 * @alive: the device still answers (unbind, rmmod): leave no card powered
 *
 * Ends every wait and every exchange; see UNPLUG in scard.h. Open files stay, and
 * their calls fail with -ENODEV.
 */
void scard_dev_unregister(struct scard_reader *reader, bool alive)
{
	unsigned int i;

	spin_lock_irq(&reader->lock);
	WRITE_ONCE(reader->gone, true);
	spin_unlock_irq(&reader->lock);
	wake_up_all(&reader->resumed);

	for (i = 0; i < reader->nslots; i++)
		dev_slot_gone(reader->slots[i]);
	reader->ops->stop(reader, true);
	for (i = 0; i < reader->nslots; i++)
		dev_quiesce_slot(reader->slots[i]);

	if (alive)
		dev_power_off_all(reader);

	for (i = 0; i < reader->nslots; i++)
		dev_unregister_slot(reader->slots[i]);
	destroy_workqueue(reader->wq);
	ida_free(&dev_reader_ida, reader->index);
}

/**
 * scard_dev_suspend() - stop all exchanges until scard_dev_resume()
 * @reader: the reader
 * @sleep: the system goes to sleep: power the cards off while the reader still listens;
 *	their users are frozen
 *
 * Commands under way end with -EIO, those of the worker with -EINTR; later ones wait for the
 * resume, and so does the worker.
 */
void scard_dev_suspend(struct scard_reader *reader, bool sleep)
{
	unsigned int i;

	spin_lock_irq(&reader->lock);
	WRITE_ONCE(reader->paused, true);
	WRITE_ONCE(reader->stops, reader->stops + 1);
	spin_unlock_irq(&reader->lock);
	wake_up_all(&reader->resumed);	/* some wait here for the device, too */
	reader->ops->stop(reader, false);
	if (!sleep)
		return;
	for (i = 0; i < reader->nslots; i++) {
		spin_lock(&reader->slots[i]->lock);
		scard_turn_take_over(reader->slots[i], true);
		scard_slot_unlock(reader->slots[i]);
		scard_worker_pause(reader->slots[i]);
	}
	dev_power_off_all(reader);
}

/**
 * scard_dev_lost_power() - take note that the reader was asleep, or was reset
 * @reader: the reader, which is still suspended
 *
 * Cards that were on have lost their power, which is a reset for all handles. Called before
 * scard_dev_resume(), or a card that is powered up in between would be taken for one of them.
 */
void scard_dev_lost_power(struct scard_reader *reader)
{
	unsigned int i;

	for (i = 0; i < reader->nslots; i++)
		scard_presence_lost_power(reader->slots[i]);
}

/**
 * scard_dev_resume() - allow exchanges again
 * @reader: the reader
 */
void scard_dev_resume(struct scard_reader *reader)
{
	unsigned int i;

	reader->ops->restart(reader);
	spin_lock_irq(&reader->lock);
	WRITE_ONCE(reader->paused, false);
	spin_unlock_irq(&reader->lock);
	wake_up_all(&reader->resumed);
	for (i = 0; i < reader->nslots; i++)
		scard_worker_kick(reader->slots[i]);
}

/* ---- the class ---- */

/**
 * scard_dev_class_init() - register the class
 *
 * Return: 0 or a negative errno
 */
int scard_dev_class_init(void)
{
	return class_register(&dev_class);
}

/**
 * scard_dev_class_exit() - unregister the class
 */
void scard_dev_class_exit(void)
{
	class_unregister(&dev_class);
}
