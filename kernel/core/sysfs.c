// SPDX-License-Identifier: GPL-2.0
/*
 * What a slot shows in /sys/class/scard/scardN: what its reader can do, for everybody,
 * and counters, which tell how somebody uses a card, for the administrator. Described in
 * docs/sysfs-class-scard; stable. Reads take memory only, never the reader's time.
 */
#include <linux/device.h>
#include <linux/sysfs.h>

#include "scard.h"

#define SLOT_ATTR(_name, _format, _value)						\
static ssize_t _name##_show(struct device *dev, struct device_attribute *attr, char *buf)	\
{											\
	const struct scard_slot *slot = dev_get_drvdata(dev);				\
											\
	return sysfs_emit(buf, _format "\n", _value);					\
}											\
static DEVICE_ATTR_RO(_name)

static const char *slot_level(const struct scard_slot *slot)
{
	static const char * const levels[] = {
		[CCID_LEVEL_CHARACTER] = "character",
		[CCID_LEVEL_TPDU] = "tpdu",
		[CCID_LEVEL_SHORT_APDU] = "short_apdu",
		[CCID_LEVEL_EXTENDED_APDU] = "extended_apdu",
	};

	return levels[slot->reader->desc.level];
}

/* The words whose bit is set, a blank between two */
static ssize_t slot_words(char *buf, const char * const words[], unsigned int n, u32 bits)
{
	unsigned int i;
	ssize_t len = 0;

	for (i = 0; i < n; i++)
		if (words[i] && bits & BIT(i))
			len += sysfs_emit_at(buf, len, "%s%s", len ? " " : "", words[i]);
	return len + sysfs_emit_at(buf, len, "\n");
}

SLOT_ATTR(name, "%s", slot->name);
SLOT_ATTR(slot, "%u", slot->index);
SLOT_ATTR(exchange_level, "%s", slot_level(slot));
SLOT_ATTR(features, "0x%08x", slot->reader->desc.features);
SLOT_ATTR(clock_khz, "%u", slot->reader->desc.default_clock);
SLOT_ATTR(max_clock_khz, "%u", slot->reader->desc.maximum_clock);
SLOT_ATTR(data_rate, "%u", slot->reader->desc.data_rate);
SLOT_ATTR(max_data_rate, "%u", slot->reader->desc.max_data_rate);
SLOT_ATTR(max_message, "%u", slot->reader->desc.max_msg);

static ssize_t protocols_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	static const char * const words[] = { "T=0", "T=1" };
	const struct scard_slot *slot = dev_get_drvdata(dev);

	return slot_words(buf, words, ARRAY_SIZE(words), slot->reader->desc.protocols);
}
static DEVICE_ATTR_RO(protocols);

static ssize_t voltages_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	static const char * const words[] = { "5V", "3V", "1.8V" };
	const struct scard_slot *slot = dev_get_drvdata(dev);

	return slot_words(buf, words, ARRAY_SIZE(words), slot->reader->desc.voltage_support);
}
static DEVICE_ATTR_RO(voltages);

static ssize_t pin_pad_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	static const char * const words[] = { "verify", "modify" };
	const struct scard_slot *slot = dev_get_drvdata(dev);

	return slot_words(buf, words, ARRAY_SIZE(words), slot->reader->desc.pin_support);
}
static DEVICE_ATTR_RO(pin_pad);

static ssize_t quirks_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct scard_slot *slot = dev_get_drvdata(dev);

	return slot_words(buf, scard_quirk_words, BITS_PER_TYPE(slot->reader->quirks),
			  slot->reader->quirks);
}
static DEVICE_ATTR_RO(quirks);

static struct attribute *slot_attrs[] = {
	&dev_attr_name.attr,
	&dev_attr_slot.attr,
	&dev_attr_exchange_level.attr,
	&dev_attr_protocols.attr,
	&dev_attr_features.attr,
	&dev_attr_voltages.attr,
	&dev_attr_clock_khz.attr,
	&dev_attr_max_clock_khz.attr,
	&dev_attr_data_rate.attr,
	&dev_attr_max_data_rate.attr,
	&dev_attr_max_message.attr,
	&dev_attr_pin_pad.attr,
	&dev_attr_quirks.attr,
	NULL
};

static const struct attribute_group slot_group = {
	.attrs = slot_attrs,
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

const struct attribute_group *scard_slot_groups[] = {
	&slot_group,
	&counter_group,
	NULL
};
