// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes in /sys/class/scard/scardN: the name for all users, unless the reader is private,
 * and counters, which tell how a card is used, for the administrator. A transport adds its own,
 * see scard_reader_ops.groups. Reads take memory only, never the reader's time.
 * Described in docs/sysfs-class-scard; stable.
 */
#include <linux/device.h>
#include <linux/kstrtox.h>
#include <linux/sysfs.h>

#include "event.h"
#include "scard.h"
#include "sysfs.h"

static ssize_t name_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct scard_slot *slot = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%s\n", slot->name);
}
static DEVICE_ATTR_RO(name);

static ssize_t slot_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct scard_slot *slot = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%u\n", slot->index);
}
static DEVICE_ATTR_RO(slot);

static ssize_t protocols_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct scard_slot *slot = dev_get_drvdata(dev);
	u32 protocols = slot->reader->protocols;

	return sysfs_emit(buf, "%s%s%s\n", protocols & SCARD_PROTO_T0 ? "T=0" : "",
			  protocols == (SCARD_PROTO_T0 | SCARD_PROTO_T1) ? " " : "",
			  protocols & SCARD_PROTO_T1 ? "T=1" : "");
}
static DEVICE_ATTR_RO(protocols);

static ssize_t private_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct scard_slot *slot = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%d\n", READ_ONCE(slot->reader->owner.private));
}

static ssize_t private_store(struct device *dev, struct device_attribute *attr, const char *buf,
			     size_t count)
{
	struct scard_slot *slot = dev_get_drvdata(dev);
	struct scard_reader *reader = slot->reader;
	bool private, was;
	int ret = kstrtobool(buf, &private);

	if (ret)
		return ret;
	spin_lock_irq(&reader->lock);
	was = reader->owner.private;
	WRITE_ONCE(reader->owner.private, private);
	spin_unlock_irq(&reader->lock);
	if (was && !private)
		scard_event_published(reader);
	return count;
}
static DEVICE_ATTR_ADMIN_RW(private);

static struct attribute *slot_attrs[] = {
	&dev_attr_name.attr,
	&dev_attr_slot.attr,
	&dev_attr_protocols.attr,
	&dev_attr_private.attr,
	NULL
};

/* Those of a reader that was made private are root's, also later. */
static umode_t slot_is_visible(struct kobject *kobj, struct attribute *attr, int n)
{
	const struct scard_slot *slot = dev_get_drvdata(kobj_to_dev(kobj));
	bool private = READ_ONCE(slot->reader->owner.private);

	if (attr == &dev_attr_private.attr)
		return private ? attr->mode : 0;
	return private ? attr->mode & 0700 : attr->mode;
}

static const struct attribute_group slot_group = {
	.attrs = slot_attrs,
	.is_visible = slot_is_visible,
};

/* ---- counters ---- */

#define SLOT_COUNTER(_name, _member)							\
static ssize_t _name##_show(struct device *dev, struct device_attribute *attr, char *buf)	\
{											\
	struct scard_slot *slot = dev_get_drvdata(dev);					\
	u64 n;										\
											\
	spin_lock(&slot->lock);								\
	n = slot->count._member;							\
	spin_unlock(&slot->lock);							\
	return sysfs_emit(buf, "%llu\n", n);						\
}											\
static DEVICE_ATTR_ADMIN_RO(_name)

#define READER_COUNTER(_name, _member)								\
static ssize_t _name##_show(struct device *dev, struct device_attribute *attr, char *buf)	\
{											\
	struct scard_reader *reader = ((struct scard_slot *)dev_get_drvdata(dev))->reader;	\
	u64 n;										\
											\
	spin_lock_irq(&reader->lock);							\
	n = reader->count._member;							\
	spin_unlock_irq(&reader->lock);							\
	return sysfs_emit(buf, "%llu\n", n);						\
}											\
static DEVICE_ATTR_ADMIN_RO(_name)

SLOT_COUNTER(connects, calls[POL_OP_CONNECT]);
SLOT_COUNTER(transactions, calls[POL_OP_BEGIN]);
SLOT_COUNTER(transmits, calls[POL_OP_TRANSMIT]);
SLOT_COUNTER(controls, calls[POL_OP_CONTROL]);
SLOT_COUNTER(waits, waits);
SLOT_COUNTER(failures, failures);
SLOT_COUNTER(insertions, insertions);
SLOT_COUNTER(power_ups, power_ups);
SLOT_COUNTER(owed_resets, owed_resets);
READER_COUNTER(commands, commands);
READER_COUNTER(time_extensions, time_extensions);
READER_COUNTER(strays, strays);
READER_COUNTER(transfer_errors, transfer_errors);
READER_COUNTER(timeouts, timeouts);
READER_COUNTER(aborts, aborts);

static struct attribute *counter_attrs[] = {
	&dev_attr_connects.attr,
	&dev_attr_transactions.attr,
	&dev_attr_transmits.attr,
	&dev_attr_controls.attr,
	&dev_attr_waits.attr,
	&dev_attr_failures.attr,
	&dev_attr_insertions.attr,
	&dev_attr_power_ups.attr,
	&dev_attr_owed_resets.attr,
	&dev_attr_commands.attr,
	&dev_attr_time_extensions.attr,
	&dev_attr_strays.attr,
	&dev_attr_transfer_errors.attr,
	&dev_attr_timeouts.attr,
	&dev_attr_aborts.attr,
	NULL
};

static const struct attribute_group counter_group = {
	.name = "statistics",
	.attrs = counter_attrs,
};

const struct attribute_group *scard_sysfs_groups[] = {
	&slot_group,
	&counter_group,
	NULL
};
