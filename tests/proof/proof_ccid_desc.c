// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Class descriptors: any bytes. What is accepted is within the bounds that the module relies on.
 *
 * A round of the loop passes over a descriptor, or ends it. Two rounds say all of longer chains:
 * the second begins as the first does, at the first of the bytes that are left, and each round
 * leaves fewer. So the buffer has room for the longest descriptor and one to read behind it.
 */
#include "proof.h"
#include "ccid_desc.c"

#define DESC_LEN	(255 + CCID_DESC_LEN + 2)

void proof_ccid_desc(void)
{
	size_t len = nondet_size();
	struct ccid_desc d;
	int ret;

	ASSUME(len <= DESC_LEN);
	BUFFER(extra, len, DESC_LEN);
	ret = ccid_desc_parse(&d, extra, len);
	HOLDS(ret == 0 || ret == -ENOENT || ret == -EINVAL);
	if (ret == -ENOENT)
		REACHED("none");
	if (ret == -EINVAL)
		REACHED("broken");
	if (ret)
		return;
	REACHED("found");
	if (extra[0] < CCID_DESC_LEN)
		REACHED("found in the second round");
	HOLDS(len >= CCID_DESC_LEN);
	HOLDS(d.nslots >= 1 && d.nslots <= CCID_SLOTS_MAX && d.nslots <= d.max_slot_index + 1);
	HOLDS(d.nbusy >= 1 && d.nbusy <= d.nslots);
	HOLDS(d.level <= CCID_LEVEL_EXTENDED_APDU);
	HOLDS(d.protocols & 3);
	HOLDS(d.max_msg >= CCID_MESSAGE_MIN && d.max_msg <= CCID_MESSAGE_MAX);
	HOLDS(d.max_part >= CCID_PART_MIN && d.max_part <= d.max_msg);
	HOLDS(d.max_ifsd >= 1 && d.max_ifsd <= CCID_IFSD_MAX);
}
