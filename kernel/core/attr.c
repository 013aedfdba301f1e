// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of PC/SC part 3 that the core itself knows: identity of the reader, state of
 * the card. The transport has the others. Numbers are u32 in the byte order of the machine,
 * as pcsc-lite's clients expect. No attribute asks the card.
 */
#include <linux/string.h>

#include "attr.h"
#include "scard.h"

#define ATTR(class, tag)		((u32)(class) << 16 | (tag))

#define ATTR_VENDOR_NAME		ATTR(1, 0x0100)
#define ATTR_VENDOR_IFD_TYPE		ATTR(1, 0x0101)
#define ATTR_VENDOR_IFD_SERIAL_NO	ATTR(1, 0x0103)
#define ATTR_ASYNC_PROTOCOL_TYPES	ATTR(3, 0x0120)
#define ATTR_CURRENT_PROTOCOL_TYPE	ATTR(8, 0x0201)
#define ATTR_ICC_PRESENCE		ATTR(9, 0x0300)
#define ATTR_ICC_INTERFACE_STATUS	ATTR(9, 0x0301)
#define ATTR_ATR_STRING			ATTR(9, 0x0303)
#define ATTR_ICC_TYPE_PER_ATR		ATTR(9, 0x0304)
#define ATTR_DEVICE_UNIT		ATTR(0x7fff, 0x0001)
#define ATTR_DEVICE_IN_USE		ATTR(0x7fff, 0x0002)

#define PRESENCE_ABSENT			0
#define PRESENCE_PRESENT		2	/* in the reader, not swallowed */
#define ICC_TYPE_7816_ASYNC		1

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

static int attr_reader(const struct scard_reader *reader, u32 id, u8 *buf, u32 *len)
{
	switch (id) {
	case ATTR_VENDOR_NAME:
		return attr_string(buf, len, reader->manufacturer);
	case ATTR_VENDOR_IFD_TYPE:
		return attr_string(buf, len, reader->product);
	case ATTR_VENDOR_IFD_SERIAL_NO:
		return attr_string(buf, len, reader->serial);
	case ATTR_ASYNC_PROTOCOL_TYPES:
		return attr_u32(buf, len, reader->protocols);
	case ATTR_DEVICE_UNIT:
		return attr_u32(buf, len, reader->index);
	default:
		return -EOPNOTSUPP;
	}
}

static int attr_card(const struct scard_slot *slot, u32 id, u8 *buf, u32 *len)
{
	bool present = slot->pol.card != POL_CARD_ABSENT;

	lockdep_assert_held(&slot->lock);
	switch (id) {
	case ATTR_CURRENT_PROTOCOL_TYPE:
		return attr_u32(buf, len, slot->card.protocol);
	case ATTR_ICC_PRESENCE:
		return attr_u8(buf, len, present ? PRESENCE_PRESENT : PRESENCE_ABSENT);
	case ATTR_ICC_INTERFACE_STATUS:
		return attr_u8(buf, len, present);
	case ATTR_ATR_STRING:
		return attr_bytes(buf, len, slot->card.atr, slot->card.atr_len);
	case ATTR_ICC_TYPE_PER_ATR:
		return attr_u8(buf, len, slot->card.atr_len ? ICC_TYPE_7816_ASYNC : 0);
	case ATTR_DEVICE_IN_USE:
		return attr_u32(buf, len, slot->pol.connected);
	default:
		return -EOPNOTSUPP;
	}
}

/**
 * scard_attr_get() - read an attribute
 * @slot: the slot
 * @id: attribute
 * @buf: SCARD_MAX_ATTRIBUTE_SIZE bytes
 * @len: length of the value
 *
 * Return: 0 or -EOPNOTSUPP
 */
int scard_attr_get(struct scard_slot *slot, u32 id, u8 *buf, u32 *len)
{
	int ret = attr_reader(slot->reader, id, buf, len);

	if (ret != -EOPNOTSUPP)
		return ret;
	spin_lock(&slot->lock);
	ret = attr_card(slot, id, buf, len);
	if (ret == -EOPNOTSUPP)
		ret = slot->reader->ops->get_attr(slot, id, slot->card.protocol, buf, len);
	spin_unlock(&slot->lock);
	return ret;
}
