// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of CCID readers in /sys/class/scard/scardN, beside those of core/sysfs.c.
 * Described in docs/sysfs-class-scard; stable.
 */
#include <linux/device.h>
#include <linux/sysfs.h>

#include "ccid.h"
#include "quirks.h"
#include "sysfs.h"

static const struct ccid_reader *sysfs_reader(struct device *dev)
{
	const struct scard_slot *slot = dev_get_drvdata(dev);

	return to_ccid_reader(slot->reader);
}

#define CCID_ATTR(_name, _format, _value)						\
static ssize_t _name##_show(struct device *dev, struct device_attribute *attr, char *buf)	\
{											\
	const struct ccid_reader *ccid = sysfs_reader(dev);				\
											\
	return sysfs_emit(buf, _format "\n", _value);					\
}											\
static DEVICE_ATTR_RO(_name)

static const char *sysfs_level(const struct ccid_reader *ccid)
{
	static const char * const levels[] = {
		[CCID_LEVEL_CHARACTER] = "character",
		[CCID_LEVEL_TPDU] = "tpdu",
		[CCID_LEVEL_SHORT_APDU] = "short_apdu",
		[CCID_LEVEL_EXTENDED_APDU] = "extended_apdu",
	};

	return levels[ccid->desc.level];
}

/* The words whose bit is set, a blank between two */
static ssize_t sysfs_words(char *buf, const char * const words[], unsigned int n, u32 bits)
{
	unsigned int i;
	ssize_t len = 0;

	for (i = 0; i < n; i++)
		if (words[i] && bits & BIT(i))
			len += sysfs_emit_at(buf, len, "%s%s", len ? " " : "", words[i]);
	return len + sysfs_emit_at(buf, len, "\n");
}

CCID_ATTR(exchange_level, "%s", sysfs_level(ccid));
CCID_ATTR(features, "0x%08x", ccid->desc.features);
CCID_ATTR(clock_khz, "%u", ccid->desc.default_clock);
CCID_ATTR(max_clock_khz, "%u", ccid->desc.maximum_clock);
CCID_ATTR(data_rate, "%u", ccid->desc.data_rate);
CCID_ATTR(max_data_rate, "%u", ccid->desc.max_data_rate);
CCID_ATTR(max_message, "%u", ccid->desc.max_msg);

static ssize_t voltages_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	static const char * const words[] = { "5V", "3V", "1.8V" };
	const struct ccid_reader *ccid = sysfs_reader(dev);

	return sysfs_words(buf, words, ARRAY_SIZE(words), ccid->desc.voltage_support);
}
static DEVICE_ATTR_RO(voltages);

static ssize_t pin_pad_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	static const char * const words[] = { "verify", "modify" };
	const struct ccid_reader *ccid = sysfs_reader(dev);

	return sysfs_words(buf, words, ARRAY_SIZE(words), ccid->desc.pin_support);
}
static DEVICE_ATTR_RO(pin_pad);

static ssize_t quirks_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct ccid_reader *ccid = sysfs_reader(dev);

	return sysfs_words(buf, ccid_quirks_words, BITS_PER_TYPE(ccid->quirks),
			  ccid->quirks);
}
static DEVICE_ATTR_RO(quirks);

static struct attribute *ccid_attrs[] = {
	&dev_attr_exchange_level.attr,
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

static const struct attribute_group ccid_group = {
	.attrs = ccid_attrs,
};

const struct attribute_group *ccid_sysfs_groups[] = {
	&ccid_group,
	NULL
};
