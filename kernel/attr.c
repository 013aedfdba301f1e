// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of PC/SC part 3 that are answered from memory, without the card.
 */
#include <linux/string.h>

#include "scard.h"

#define ATTR(class, tag)		((u32)(class) << 16 | (tag))

#define ATTR_VENDOR_NAME		ATTR(1, 0x0100)
#define ATTR_VENDOR_IFD_VERSION		ATTR(1, 0x0102)
#define ATTR_VENDOR_IFD_SERIAL_NO	ATTR(1, 0x0103)
#define ATTR_CHANNEL_ID			ATTR(2, 0x0110)
#define ATTR_ICC_PRESENCE		ATTR(9, 0x0300)
#define ATTR_ICC_INTERFACE_STATUS	ATTR(9, 0x0301)
#define ATTR_ATR_STRING			ATTR(9, 0x0303)
#define ATTR_MAXINPUT			ATTR(7, 0xa007)

static int attr_bytes(u8 *buf, u32 *len, const void *value, size_t size)
{
	memcpy(buf, value, size);
	*len = size;
	return 0;
}

static int attr_u32(u8 *buf, u32 *len, u32 value)
{
	return attr_bytes(buf, len, &value, sizeof(value));
}

static int attr_u8(u8 *buf, u32 *len, u8 value)
{
	return attr_bytes(buf, len, &value, sizeof(value));
}

/* A string with its NUL; one that the reader does not have is empty. */
static int attr_string(u8 *buf, u32 *len, const char *s)
{
	return attr_bytes(buf, len, s, *s ? strlen(s) + 1 : 0);
}

/**
 * scard_attr_get() - the value of an attribute
 * @slot: the slot
 * @id: attribute
 * @buf: SCARD_ATTR_MAX bytes
 * @len: length of the value
 *
 * Return: 0 or -EOPNOTSUPP
 */
int scard_attr_get(struct scard_slot *slot, u32 id, u8 *buf, u32 *len)
{
	const struct scard_reader *r = slot->reader;
	bool present;
	int ret;

	switch (id) {
	case ATTR_VENDOR_NAME:
		return attr_string(buf, len, r->manufacturer);
	case ATTR_VENDOR_IFD_VERSION:
		return attr_u32(buf, len, (u32)r->bcd_device << 16);
	case ATTR_VENDOR_IFD_SERIAL_NO:
		return attr_string(buf, len, r->serial);
	case ATTR_CHANNEL_ID:
		/* 0x20 is USB, PC/SC part 3 section 3.1.2 */
		return attr_u32(buf, len, 0x20U << 16 | (r->bus & 0xff) << 8 | (r->device & 0xff));
	case ATTR_ICC_PRESENCE:
	case ATTR_ICC_INTERFACE_STATUS:
		present = READ_ONCE(slot->pol.card) != POL_CARD_ABSENT;
		if (id == ATTR_ICC_PRESENCE)
			return attr_u8(buf, len, present ? 2 : 0);
		return attr_u8(buf, len, present);
	case ATTR_ATR_STRING:
		spin_lock(&slot->lock);
		ret = attr_bytes(buf, len, slot->atr, slot->atr_len);
		spin_unlock(&slot->lock);
		return ret;
	case ATTR_MAXINPUT:
		return attr_u32(buf, len, r->desc.max_msg - CCID_HEADER_LEN);
	default:
		return -EOPNOTSUPP;
	}
}
