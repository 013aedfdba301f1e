// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of PC/SC part 3 section 3.1.2, answered from memory, without the card.
 * Numbers are u32 in the byte order of the machine, as pcsc-lite's clients expect.
 */
#include <linux/string.h>

#include "attr.h"
#include "proto/params.h"

#define ATTR(class, tag)		((u32)(class) << 16 | (tag))

#define ATTR_VENDOR_IFD_VERSION		ATTR(1, 0x0102)
#define ATTR_CHANNEL_ID			ATTR(2, 0x0110)
#define ATTR_DEFAULT_CLK		ATTR(3, 0x0121)
#define ATTR_MAX_CLK			ATTR(3, 0x0122)
#define ATTR_DEFAULT_DATA_RATE		ATTR(3, 0x0123)
#define ATTR_MAX_DATA_RATE		ATTR(3, 0x0124)
#define ATTR_MAX_IFSD			ATTR(3, 0x0125)
#define ATTR_SYNC_PROTOCOL_TYPES	ATTR(3, 0x0126)
#define ATTR_POWER_MGMT_SUPPORT		ATTR(4, 0x0131)
#define ATTR_CHARACTERISTICS		ATTR(6, 0x0150)
#define ATTR_MAXINPUT			ATTR(7, 0xa007)
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

#define CHANNEL_USB			0x20

static int attr_u32(u8 *buf, u32 *len, u32 value)
{
	memcpy(buf, &value, sizeof(value));
	*len = sizeof(value);
	return 0;
}

static int attr_reader(const struct ccid_reader *reader, u32 id, u8 *buf, u32 *len)
{
	const struct ccid_desc *desc = &reader->desc;

	switch (id) {
	case ATTR_VENDOR_IFD_VERSION:
		return attr_u32(buf, len, (u32)reader->bcd_device << 16);
	case ATTR_CHANNEL_ID:
		return attr_u32(buf, len, CHANNEL_USB << 16 | (reader->usb_bus & 0xff) << 8 |
				(reader->usb_address & 0xff));
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
	default:
		return -EOPNOTSUPP;
	}
}

/* Parameters of the active protocol; T=0 has no block sizes, T=1 no WI. */
static int attr_protocol(const struct ccid_slot *slot, u32 id, u32 protocol, u8 *buf, u32 *len)
{
	const struct ccid_desc *desc = &ccid_slot_reader(slot)->desc;
	const struct atr *atr = &slot->atr;
	bool t1 = protocol == SCARD_PROTO_T1;

	if (protocol != SCARD_PROTO_T0 && !t1)
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

/**
 * ccid_attr_get() - scard_reader_ops.get_attr
 * @slot: the slot
 * @id: attribute
 * @protocol: active protocol, SCARD_PROTO_* or 0
 * @buf: SCARD_MAX_ATTRIBUTE_SIZE bytes
 * @len: length of the value
 *
 * Return: 0 or -EOPNOTSUPP
 */
int ccid_attr_get(struct scard_slot *slot, u32 id, u32 protocol, u8 *buf, u32 *len)
{
	int ret = attr_reader(to_ccid_reader(slot->reader), id, buf, len);

	return ret != -EOPNOTSUPP ? ret : attr_protocol(to_ccid_slot(slot), id, protocol, buf, len);
}
