// SPDX-License-Identifier: GPL-2.0
#include "ccid_desc.h"
int ccid_desc_parse(struct ccid_desc *d, const u8 *p, size_t len)
{
	while (len >= 2 && p[0] >= 2 && p[0] <= len) {
		if (p[1] == 0x21 && p[0] >= 54) {
			memset(d, 0, sizeof(*d));
			d->bcd_ccid = get_le16_(p + 2); d->max_slot_index = p[4]; d->voltage_support = p[5];
			d->protocols = get_le32_(p + 6); d->mechanical = get_le32_(p + 36); d->features = get_le32_(p + 40);
			d->max_ccid_message_length = get_le32_(p + 44); d->lcd_layout = get_le16_(p + 50); d->pin_support = p[52]; d->max_ccid_busy_slots = p[53];
			d->nslots = d->max_slot_index > 15 ? 16 : d->max_slot_index + 1;
			d->nbusy = d->max_ccid_busy_slots ? d->max_ccid_busy_slots : 1; if (d->nbusy > d->nslots) d->nbusy = d->nslots;
			d->level = d->features & 0x40000 ? CCID_LEVEL_EXTENDED_APDU : d->features & 0x20000 ? CCID_LEVEL_SHORT_APDU : d->features & 0x10000 ? CCID_LEVEL_TPDU : CCID_LEVEL_CHARACTER;
			d->max_msg = d->max_ccid_message_length < 271 ? 271 : d->max_ccid_message_length > 65556 ? 65556 : d->max_ccid_message_length;
			d->max_ifsd = 254;
			return 0;
		}
		len -= p[0]; p += p[0];
	}
	return -ENOENT;
}
