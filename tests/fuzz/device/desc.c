// SPDX-License-Identifier: GPL-2.0-or-later
/* See desc.h. */
#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "desc.h"

#define DT_DEVICE	1
#define DT_CONFIG	2
#define DT_STRING	3

struct desc desc;

/* What a reader claims: dwFeatures, dwMaxCCIDMessageLength and so on */
static const struct kind {
	enum level level;
	uint32_t features, max_msg;
	uint8_t slots, busy, protocol, pin;
} kinds[] = {
	{ LEVEL_APDU, 0x000200fe, 271, 1, 1, 0, 0 },
	{ LEVEL_TPDU, 0x00010038, 271, 1, 1, 0, 0 },
	{ LEVEL_EXTENDED, 0x000404be, 3072, 1, 1, 0, 3 },
	{ LEVEL_CHARACTER, 0x00000038, 271, 1, 1, 0, 0 },
	{ LEVEL_TPDU, 0x000105ba, 271, 1, 1, 0, 3 },
	{ LEVEL_APDU, 0x001200fe, 271, 4, 4, 0, 3 },
	{ LEVEL_ICCD_A, 0x00000840, 271, 1, 1, 1, 0 },
	{ LEVEL_ICCD_B, 0x00020840, 271, 1, 1, 2, 0 },
	{ LEVEL_TPDU, 0x00010000, 271, 3, 1, 0, 0 },
	{ LEVEL_APDU, 0x000200fe, 271, 2, 1, 0, 3 },
	{ LEVEL_EXTENDED, 0x000400b0, 65558, 1, 1, 0, 0 },
	{ LEVEL_ICCD_B, 0x00010840, 300, 1, 1, 2, 0 },
	{ LEVEL_ICCD_B, 0x00000840, 300, 1, 1, 2, 0 },
	{ LEVEL_ICCD_B, 0x00040840, 5000, 1, 1, 2, 0 },
	{ LEVEL_EXTENDED, 0x000400be, 271, 16, 3, 0, 3 },
	{ LEVEL_TPDU, 0x00010092, 271, 1, 1, 0, 0 },
};

/* Readers with quirks of all kinds, and of a vendor's class: idVendor, idProduct, bcdDevice */
static const uint16_t ids[][3] = {
	{ 0x1d6b, 0x00cc, 0x100 }, { 0x076b, 0x3a21, 0x100 }, { 0x046a, 0x00a1, 0x101 },
	{ 0x0d46, 0x3010, 0x100 }, { 0x0b97, 0x7762, 0x100 }, { 0x058f, 0x9540, 0x100 },
	{ 0x09be, 0x0002, 0x100 }, { 0x0529, 0x0620, 0x014 }, { 0x0d46, 0x301d, 0x100 },
	{ 0x08e6, 0x4433, 0x100 }, { 0x04e6, 0x5293, 0x100 }, { 0x08e6, 0x3478, 0x100 },
	{ 0x0982, 0x0008, 0x100 }, { 0x046a, 0x003e, 0x100 }, { 0x046a, 0x0010, 0x100 },
	{ 0x04e6, 0xe003, 0x510 }, { 0x413c, 0x2100, 0x100 }, { 0x413c, 0x2101, 0x100 },
	{ 0x0973, 0x0003, 0x100 }, { 0x1a74, 0x6354, 0x100 }, { 0x0783, 0x0003, 0x100 },
};

static uint8_t device[18];
static uint8_t config[192];
static size_t config_len;
static bool serial;

static void put(const uint8_t *p, size_t len)
{
	memcpy(config + config_len, p, len);
	config_len += len;
}

static void put_class(const struct kind *k, uint8_t flags)
{
	uint8_t d[54] = { sizeof(d), 0x21, 0x10, 0x01, (uint8_t)(k->slots - 1), 7 };

	put_le32(d + 6, k->protocol == 1 ? 1 : 3);
	put_le32(d + 10, 4000);
	put_le32(d + 14, 4000);
	put_le32(d + 19, 10752);
	put_le32(d + 23, 344086);
	d[27] = flags & HAS_RATES ? 5 : 0;
	put_le32(d + 28, 254);
	put_le32(d + 36, k->slots == 2 ? 0x0f : 0);
	put_le32(d + 40, k->features);
	put_le32(d + 44, k->max_msg);
	d[48] = 0xff;
	d[49] = 0xff;
	put_le16(d + 50, k->pin ? 0x0210 : 0);
	d[52] = k->pin;
	d[53] = k->busy;
	put(d, sizeof(d));
}

static void put_endpoint(uint8_t address, uint8_t type, unsigned int packet, uint8_t interval)
{
	uint8_t d[7] = { sizeof(d), 5, address, type, (uint8_t)packet, (uint8_t)(packet >> 8),
			 interval };

	put(d, sizeof(d));
}

static void put_config(const struct kind *k, uint8_t flags, bool vendor)
{
	uint8_t c[9] = { sizeof(c), DT_CONFIG, 0, 0, 1, 1, 0, 0xa0, 50 };
	uint8_t i[9] = { sizeof(i), 4, 0, 0, 3, vendor ? 0xff : 0x0b, 0, k->protocol, 4 };
	bool late = flags & HAS_LATE_DESC;

	if (flags & HAS_NO_WAKEUP)
		c[7] = 0x80;
	if (flags & HAS_NO_INTERRUPT)
		i[4] = 2;
	if (k->protocol)
		i[4] = 0;
	config_len = 0;
	put(c, sizeof(c));
	put(i, sizeof(i));
	if (!late || k->protocol)
		put_class(k, flags);
	if (!k->protocol) {
		put_endpoint(EP_OUT, 2, desc.packet, 0);
		put_endpoint(EP_IN, 2, desc.packet, 0);
		if (i[4] == 3)
			put_endpoint(EP_INTR, 3, 8, desc.high_speed ? 4 : 1);
		if (late)
			put_class(k, flags);
	}
	put_le16(config + 2, (uint16_t)config_len);
}

/* Bytes that are wrong, or the end is missing */
static void change(const uint8_t *head)
{
	static const uint8_t values[] = { 0, 1, 2, 0x7f, 0x80, 0xff };
	unsigned int n = head[HEAD_CHANGES] % 5, i;

	for (i = 0; i < n; i++) {
		uint8_t where = head[HEAD_CHANGE + 2 * i], value = head[HEAD_CHANGE + 2 * i + 1];

		if (value < 128)
			value = values[value % sizeof(values)];
		if (where < 192)	/* the class descriptor, in most cases */
			config[18 + where % 54] = value;
		else if (where < 250 && config_len > 9)	/* not cut behind its header before */
			config[9 + (where - 192U) % (config_len - 9)] = value;
		else if (where >= 250 && where < 253)
			config_len = 9 + value % (config_len - 8);
		else if (where >= 253)
			device[8 + where % 6] = value;
	}
	put_le16(config + 2, (uint16_t)config_len);
}

void desc_build(const uint8_t *head)
{
	const struct kind *k = &kinds[head[HEAD_KIND] % ARRAY_SIZE(kinds)];
	const uint16_t *id = ids[head[HEAD_ID] % ARRAY_SIZE(ids)];
	uint8_t flags = head[HEAD_FLAGS];

	desc.level = k->level;
	desc.slots = k->slots;
	desc.high_speed = flags & HAS_HIGH_SPEED;
	desc.packet = desc.high_speed ? 512 : flags & HAS_SMALL_PACKETS ? 8 : 64;
	serial = !(flags & HAS_NO_SERIAL);
	memset(device, 0, sizeof(device));
	device[0] = sizeof(device);
	device[1] = DT_DEVICE;
	put_le16(device + 2, desc.high_speed ? 0x0200 : 0x0110);
	device[7] = 64;
	put_le16(device + 8, id[0]);
	put_le16(device + 10, id[1]);
	put_le16(device + 12, id[2]);
	device[14] = 1;
	device[15] = 2;
	device[16] = serial ? 3 : 0;
	device[17] = 1;
	/* these ids are known by their vendor's class, too */
	put_config(k, flags, head[HEAD_ID] >= 128);
	change(head);
}

/* Texts of which the driver has to make names */
static int string(uint8_t index, uint8_t *buf, size_t size)
{
	static const char * const texts[] = {
		"Fuzz", "\x01 \x7fReader [x] (y) 00 00 ", "serial %s%n", "interface",
	};
	const char *text = texts[(index - 1) % ARRAY_SIZE(texts)];
	size_t len = strlen(text), i;

	if (!index || index > 8) {
		static const uint8_t languages[] = { 4, DT_STRING, 0x09, 0x04 };

		memcpy(buf, languages, sizeof(languages));
		return index ? -1 : (int)sizeof(languages);
	}
	/* one of the longest length */
	if (index > 4)
		len = 126;
	if (size < 2 + 2 * len)
		return -1;
	buf[0] = (uint8_t)(2 + 2 * len);
	buf[1] = DT_STRING;
	for (i = 0; i < len; i++) {
		buf[2 + 2 * i] = (uint8_t)text[i % strlen(text)];
		buf[3 + 2 * i] = index > 6 ? 0xd8 : 0;
	}
	return buf[0];
}

int desc_get(uint8_t type, uint8_t index, uint8_t *buf, size_t size)
{
	switch (type) {
	case DT_DEVICE:
		memcpy(buf, device, sizeof(device));
		return sizeof(device);
	case DT_CONFIG:
		memcpy(buf, config, config_len);
		return (int)config_len;
	case DT_STRING:
		return string(index, buf, size);
	default:
		return -1;
	}
}
