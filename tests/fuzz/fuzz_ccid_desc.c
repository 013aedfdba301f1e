// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Class descriptors (bDescriptorType 0x21): an accepted descriptor has values within the bounds
 * that the module relies on, and a descriptor is found if and only if a chain of well-formed
 * descriptors leads to it.
 */
#include "ccid_desc.h"
#include "fuzz.h"

/* Find the descriptor in another way: -1 none, -2 broken. */
static long find(const u8 *p, size_t len, size_t at)
{
	size_t n;

	if (at == len)
		return -1;
	if (at + 1 >= len)
		return -2;
	n = p[at];
	if (n < 2 || at + n > len)
		return -2;
	if (n >= 54 && (p[at + 1] == 0x21 || p[at + 1] == 0xff))
		return at;
	return find(p, len, at + n);
}

static u32 highest_level(u32 features)
{
	if (features & 0x40000)
		return 3;
	if (features & 0x20000)
		return 2;
	return !!(features & 0x10000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ccid_desc d;
	long at;
	int ret;

	if (len > 4096)
		return 0;
	ret = ccid_desc_parse(&d, data, len);
	at = find(data, len, 0);
	HOLDS(ret == (at == -1 ? -ENOENT : at == -2 ? -EINVAL : 0));
	if (ret)
		return 0;

	HOLDS(d.nslots >= 1 && d.nslots <= CCID_SLOTS_MAX && d.nslots <= d.max_slot_index + 1);
	HOLDS(d.nbusy >= 1 && d.nbusy <= d.nslots);
	HOLDS(d.max_msg >= CCID_MESSAGE_MIN && d.max_msg <= CCID_MESSAGE_MAX);
	HOLDS(d.max_part >= CCID_PART_MIN && d.max_part <= d.max_msg);
	HOLDS(d.max_part == d.max_ccid_message_length || d.max_part == d.max_msg);
	HOLDS(d.max_ifsd >= 1 && d.max_ifsd <= CCID_IFSD_MAX);
	HOLDS(d.protocols & 3);
	HOLDS(d.level == highest_level(d.features));
	HOLDS(d.max_slot_index == data[at + 4] && d.max_ccid_busy_slots == data[at + 53]);
	HOLDS((d.features >> 16 & 0xff) == data[at + 42]);
	HOLDS((d.max_ccid_message_length & 0xff) == data[at + 44]);
	return 0;
}
