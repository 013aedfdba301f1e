// SPDX-License-Identifier: GPL-2.0
/*
 * The CCID class descriptor: find it, read it, clamp it to credible values.
 */
#include "ccid_desc.h"

/* Some readers from before the specification call it vendor-specific. */
#define CCID_DESC_TYPE_VENDOR	0xff

static void ccid_desc_clamp(struct ccid_desc *d)
{
	d->nslots = min_u32(d->max_slot_index, CCID_SLOTS_MAX - 1) + 1;
	/* 0 is common, and means that the maker has not filled it in */
	d->nbusy = d->max_ccid_busy_slots ? min_u32(d->max_ccid_busy_slots, d->nslots) : 1;

	if (d->features & CCID_FEATURE_EXTENDED_APDU)
		d->level = CCID_LEVEL_EXTENDED_APDU;
	else if (d->features & CCID_FEATURE_SHORT_APDU)
		d->level = CCID_LEVEL_SHORT_APDU;
	else if (d->features & CCID_FEATURE_TPDU)
		d->level = CCID_LEVEL_TPDU;
	else
		d->level = CCID_LEVEL_CHARACTER;

	/* A descriptor that is shifted by a byte has been sold */
	if (!(d->protocols & 3))
		d->protocols |= 3;
	d->max_msg = clamp_u32(d->max_ccid_message_length, CCID_MESSAGE_MIN, CCID_MESSAGE_MAX);
	d->max_part = d->max_ccid_message_length < CCID_PART_MIN ?
		      d->max_msg : min_u32(d->max_ccid_message_length, d->max_msg);
	d->max_ifsd = d->max_ifsd_raw ? min_u32(d->max_ifsd_raw, CCID_IFSD_MAX) : 32;
}

static void ccid_desc_read(struct ccid_desc *d, const u8 *p)
{
	d->bcd_ccid = get_le16(p + 2);
	d->max_slot_index = p[4];
	d->voltage_support = p[5];
	d->protocols = get_le32(p + 6);
	d->default_clock = get_le32(p + 10);
	d->maximum_clock = get_le32(p + 14);
	d->num_clock_supported = p[18];
	d->data_rate = get_le32(p + 19);
	d->max_data_rate = get_le32(p + 23);
	d->num_data_rates_supported = p[27];
	d->max_ifsd_raw = get_le32(p + 28);
	d->synch_protocols = get_le32(p + 32);
	d->mechanical = get_le32(p + 36);
	d->features = get_le32(p + 40);
	d->max_ccid_message_length = get_le32(p + 44);
	d->class_get_response = p[48];
	d->class_envelope = p[49];
	d->lcd_layout = get_le16(p + 50);
	d->pin_support = p[52];
	d->max_ccid_busy_slots = p[53];
}

/**
 * ccid_desc_parse() - find the class descriptor among others and read it
 * @d: the result
 * @extra: descriptors behind an interface or an endpoint descriptor
 * @len: bytes of them
 *
 * Return: 0; -ENOENT: there is none; -EINVAL: the descriptors are broken
 */
int ccid_desc_parse(struct ccid_desc *d, const u8 *extra, size_t len)
{
	memset(d, 0, sizeof(*d));
	while (len) {
		if (len < 2 || extra[0] < 2 || extra[0] > len)
			return -EINVAL;
		if (extra[0] >= CCID_DESC_LEN &&
		    (extra[1] == CCID_DESC_TYPE || extra[1] == CCID_DESC_TYPE_VENDOR)) {
			ccid_desc_read(d, extra);
			ccid_desc_clamp(d);
			return 0;
		}
		len -= extra[0];
		extra += extra[0];
	}
	return -ENOENT;
}
