// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of PC/SC part 3 section 3.1.2, answered from memory, without the card.
 * Numbers are u32 in the byte order of the machine, as pcsc-lite's clients expect.
 */
#include <linux/string.h>

#include "proto/params.h"
#include "scard.h"

#define ATTR(class, tag)		((u32)(class) << 16 | (tag))

#define ATTR_VENDOR_NAME		ATTR(1, 0x0100)
#define ATTR_VENDOR_IFD_TYPE		ATTR(1, 0x0101)
#define ATTR_VENDOR_IFD_VERSION		ATTR(1, 0x0102)
#define ATTR_VENDOR_IFD_SERIAL_NO	ATTR(1, 0x0103)
#define ATTR_CHANNEL_ID			ATTR(2, 0x0110)
#define ATTR_ASYNC_PROTOCOL_TYPES	ATTR(3, 0x0120)
#define ATTR_DEFAULT_CLK		ATTR(3, 0x0121)
#define ATTR_MAX_CLK			ATTR(3, 0x0122)
#define ATTR_DEFAULT_DATA_RATE		ATTR(3, 0x0123)
#define ATTR_MAX_DATA_RATE		ATTR(3, 0x0124)
#define ATTR_MAX_IFSD			ATTR(3, 0x0125)
#define ATTR_SYNC_PROTOCOL_TYPES	ATTR(3, 0x0126)
#define ATTR_POWER_MGMT_SUPPORT		ATTR(4, 0x0131)
#define ATTR_CHARACTERISTICS		ATTR(6, 0x0150)
#define ATTR_MAXINPUT			ATTR(7, 0xa007)
#define ATTR_CURRENT_PROTOCOL_TYPE	ATTR(8, 0x0201)
#define ATTR_CURRENT_CLK		ATTR(8, 0x0202)
#define ATTR_CURRENT_F			ATTR(8, 0x0203)
#define ATTR_CURRENT_D			ATTR(8, 0x0204)
#define ATTR_CURRENT_N			ATTR(8, 0x0205)
#define ATTR_CURRENT_W			ATTR(8, 0x0206)
#define ATTR_CURRENT_IFSC		ATTR(8, 0x0207)
#define ATTR_CURRENT_IFSD		ATTR(8, 0x0208)
#define ATTR_CURRENT_BWT		ATTR(8, 0x0209)
#define ATTR_CURRENT_CWT		ATTR(8, 0x020a)
#define ATTR_CURRENT_EBC_ENCODING	ATTR(8, 0x020b)
#define ATTR_ICC_PRESENCE		ATTR(9, 0x0300)
#define ATTR_ICC_INTERFACE_STATUS	ATTR(9, 0x0301)
#define ATTR_ATR_STRING			ATTR(9, 0x0303)
#define ATTR_ICC_TYPE_PER_ATR		ATTR(9, 0x0304)
#define ATTR_DEVICE_UNIT		ATTR(0x7fff, 0x0001)
#define ATTR_DEVICE_IN_USE		ATTR(0x7fff, 0x0002)

#define PRESENCE_ABSENT			0
#define PRESENCE_PRESENT		2	/* in the reader, not swallowed */
#define ICC_TYPE_7816_ASYNC		1
#define CHANNEL_USB			0x20

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

/* What the reader is, whatever card is in it */
static int attr_reader(const struct scard_slot *slot, u32 id, u8 *buf, u32 *len)
{
	const struct scard_reader *r = slot->reader;
	const struct ccid_desc *desc = &r->desc;

	switch (id) {
	case ATTR_VENDOR_NAME:
		return attr_string(buf, len, r->manufacturer);
	case ATTR_VENDOR_IFD_TYPE:
		return attr_string(buf, len, r->product);
	case ATTR_VENDOR_IFD_VERSION:
		return attr_u32(buf, len, (u32)r->bcd_device << 16);
	case ATTR_VENDOR_IFD_SERIAL_NO:
		return attr_string(buf, len, r->serial);
	case ATTR_CHANNEL_ID:
		return attr_u32(buf, len,
				CHANNEL_USB << 16 | (r->bus & 0xff) << 8 | (r->device & 0xff));
	case ATTR_ASYNC_PROTOCOL_TYPES:
		return attr_u32(buf, len, desc->protocols & (SCARD_PROTO_T0 | SCARD_PROTO_T1));
	case ATTR_DEFAULT_CLK:
		return attr_u32(buf, len, desc->default_clock);
	case ATTR_MAX_CLK:
		return attr_u32(buf, len, desc->maximum_clock);
	case ATTR_DEFAULT_DATA_RATE:
		return attr_u32(buf, len, desc->data_rate);
	case ATTR_MAX_DATA_RATE:
		return attr_u32(buf, len, desc->max_data_rate);
	case ATTR_MAX_IFSD:
		return attr_u32(buf, len, desc->max_ifsd);
	case ATTR_SYNC_PROTOCOL_TYPES:
		return attr_u32(buf, len, desc->synch_protocols);
	case ATTR_POWER_MGMT_SUPPORT:
		return attr_u32(buf, len, 0);	/* the card is not told of it */
	case ATTR_CHARACTERISTICS:
		return attr_u32(buf, len, desc->mechanical);
	case ATTR_MAXINPUT:
		return attr_u32(buf, len, desc->max_msg - CCID_HEADER_LEN);
	case ATTR_DEVICE_UNIT:
		return attr_u32(buf, len, r->index);
	default:
		return -EOPNOTSUPP;
	}
}

/* Parameters of the active protocol; T=0 has no block sizes, T=1 no WI. */
static int attr_protocol(const struct scard_slot *slot, u32 id, u8 *buf, u32 *len)
{
	const struct ccid_desc *desc = &slot->reader->desc;
	const struct atr *atr = &slot->info;
	bool t1 = slot->protocol == SCARD_PROTO_T1;

	lockdep_assert_held(&slot->lock);
	if (id == ATTR_CURRENT_PROTOCOL_TYPE)
		return attr_u32(buf, len, slot->protocol);
	if (slot->protocol != SCARD_PROTO_T0 && !t1)
		return -EOPNOTSUPP;

	switch (id) {
	case ATTR_CURRENT_CLK:
		return attr_u32(buf, len, desc->default_clock);
	case ATTR_CURRENT_F:
		return attr_u32(buf, len, atr_f(slot->fi_di));
	case ATTR_CURRENT_D:
		return attr_u32(buf, len, atr_d(slot->fi_di));
	case ATTR_CURRENT_N:
		return attr_u32(buf, len, atr->guard_time);
	case ATTR_CURRENT_W:
		return t1 ? -EOPNOTSUPP : attr_u32(buf, len, atr->wi);
	case ATTR_CURRENT_IFSC:
		return t1 ? attr_u32(buf, len, slot->t1.ifsc) : -EOPNOTSUPP;
	case ATTR_CURRENT_IFSD:
		return t1 ? attr_u32(buf, len, slot->t1.ifsd) : -EOPNOTSUPP;
	case ATTR_CURRENT_BWT:
		return t1 ? attr_u32(buf, len, atr->bwi) : -EOPNOTSUPP;
	case ATTR_CURRENT_CWT:
		return t1 ? attr_u32(buf, len, atr->cwi) : -EOPNOTSUPP;
	case ATTR_CURRENT_EBC_ENCODING:
		return t1 ? attr_u32(buf, len, atr->crc) : -EOPNOTSUPP;
	default:
		return -EOPNOTSUPP;
	}
}

/* What is in the slot now */
static int attr_card(const struct scard_slot *slot, u32 id, u8 *buf, u32 *len)
{
	bool present = slot->pol.card != POL_CARD_ABSENT;

	lockdep_assert_held(&slot->lock);
	switch (id) {
	case ATTR_ICC_PRESENCE:
		return attr_u8(buf, len, present ? PRESENCE_PRESENT : PRESENCE_ABSENT);
	case ATTR_ICC_INTERFACE_STATUS:
		return attr_u8(buf, len, present);
	case ATTR_ATR_STRING:
		return attr_bytes(buf, len, slot->atr, slot->atr_len);
	case ATTR_ICC_TYPE_PER_ATR:
		return attr_u8(buf, len, slot->atr_len ? ICC_TYPE_7816_ASYNC : 0);
	case ATTR_DEVICE_IN_USE:
		return attr_u32(buf, len, slot->pol.connected);
	default:
		return -EOPNOTSUPP;
	}
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
	int ret = attr_reader(slot, id, buf, len);

	if (ret != -EOPNOTSUPP)
		return ret;
	spin_lock(&slot->lock);
	ret = attr_card(slot, id, buf, len);
	if (ret == -EOPNOTSUPP)
		ret = attr_protocol(slot, id, buf, len);
	spin_unlock(&slot->lock);
	return ret;
}
