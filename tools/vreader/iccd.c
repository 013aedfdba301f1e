// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests become the messages of a reader with one slot, so that the same rules apply; the answer
 * waits until the host fetches it.
 */
#include "iccd.h"

#include <errno.h>
#include <string.h>

#include "answer.h"
#include "bytes.h"
#include "ccid_msg.h"
#include "reader.h"
#include "urb.h"
#include "violation.h"

#define REQ_POWER_ON 0x62
#define REQ_POWER_OFF 0x63
#define REQ_XFR_BLOCK 0x65
#define REQ_DATA_BLOCK 0x6f
#define REQ_SLOT_STATUS 0x81
#define REQ_ICC_STATUS 0xa0

/* bResponseType of version B */
#define B_DATA 0x00
#define B_STATUS 0x40
#define B_POLLING 0x80
#define B_POLL_10MS 1

static void message(struct ccid *ccid, uint8_t type, const uint8_t *data, size_t len,
		    uint16_t level)
{
	uint8_t *m = ccid->out;
	static uint8_t seq;

	memset(m, 0, CCID_HEADER);
	m[0] = type;
	put_le32(m + 1, (uint32_t)len);
	m[6] = seq++;
	put_le16(m + 8, level);
	if (len)
		memcpy(m + CCID_HEADER, data, len);
	ccid->iccd_ready = false;
	ccid_msg_handle(ccid, m, CCID_HEADER + len);
}

static bool failed(const struct ccid *ccid)
{
	return (ccid->iccd_msg[7] & 0xc0) == CMD_FAILED;
}

static uint8_t status_a(const struct ccid *ccid)
{
	if (!ccid->iccd_ready)
		return ICCD_A_BUSY;
	return failed(ccid) ? ICCD_A_MUTE : ccid->iccd_status;
}

/* Version A at character level: the host fetches data and status word separately. */
static int data_block_a(struct ccid *ccid, uint8_t *buf, size_t room)
{
	uint8_t *data = ccid->iccd_msg + CCID_HEADER;
	size_t len = ccid->iccd_msg_len - CCID_HEADER, n = len;

	if (!ccid->iccd_ready || failed(ccid) || !len)
		return -EPIPE;
	if (!(ccid->features & FEAT_LEVEL) && ccid->slots[0].type == PC_XFRBLOCK && len > 2)
		n = len - 2;
	if (n > room)
		n = room;
	memcpy(buf, data, n);
	memmove(data, data + n, len - n);
	ccid->iccd_msg_len -= n;
	ccid->iccd_status = ICCD_A_SW;
	return (int)n;
}

static int xfr_a(struct ccid *ccid, const uint8_t *data, size_t len)
{
	bool character = !(ccid->features & FEAT_LEVEL);

	message(ccid, PC_XFRBLOCK, data, len, character ? 1 : 0);
	if (!character)
		ccid->iccd_status = ICCD_A_SW;
	return 0;
}

static int power_on_a(struct ccid *ccid, uint8_t *buf, size_t room)
{
	size_t n;

	message(ccid, PC_ICCPOWERON, NULL, 0, 0);
	if (!ccid->iccd_ready || failed(ccid))
		return -EPIPE;
	n = ccid->iccd_msg_len - CCID_HEADER;
	if (n > room)
		n = room;
	memcpy(buf, ccid->iccd_msg + CCID_HEADER, n);
	return (int)n;
}

static int data_block_b(struct ccid *ccid, uint8_t *buf, size_t room)
{
	const uint8_t *m = ccid->iccd_msg;
	size_t n;

	if (ccid->slots[0].busy && !ccid->iccd_ready) {
		buf[0] = B_POLLING;
		buf[1] = B_POLL_10MS;
		buf[2] = 0;
		return 3;
	}
	if (!ccid->iccd_ready)
		return -EPIPE;
	if (failed(ccid)) {
		buf[0] = B_STATUS;
		buf[1] = m[7];
		buf[2] = m[8];
		return 3;
	}
	n = ccid->iccd_msg_len - CCID_HEADER;
	if (room < 3)
		return -EPIPE;
	if (n + 1 > room)
		n = room - 1;
	buf[0] = m[0] == RDR_DATABLOCK ? m[9] : B_DATA;
	memcpy(buf + 1, m + CCID_HEADER, n);
	return (int)n + 1;
}

static int request_a(struct ccid *ccid, const struct urb *urb, uint8_t *buf, size_t room)
{
	switch (urb->setup[0] << 8 | urb->setup[1]) {
	case 0xa1 << 8 | REQ_POWER_ON:
		return power_on_a(ccid, buf, room);
	case 0x21 << 8 | REQ_POWER_OFF:
		message(ccid, PC_ICCPOWEROFF, NULL, 0, 0);
		return 0;
	case 0x21 << 8 | REQ_XFR_BLOCK:
		return xfr_a(ccid, urb->data, urb->length);
	case 0xa1 << 8 | REQ_DATA_BLOCK:
		return data_block_a(ccid, buf, room);
	case 0xa1 << 8 | REQ_ICC_STATUS:
		buf[0] = status_a(ccid);
		return 1;
	}
	return -EINVAL;
}

static int request_b(struct ccid *ccid, const struct urb *urb, uint8_t *buf, size_t room)
{
	uint16_t value = get_le16(urb->setup + 2);

	switch (urb->setup[0] << 8 | urb->setup[1]) {
	case 0x21 << 8 | REQ_POWER_ON:
		message(ccid, PC_ICCPOWERON, NULL, 0, 0);
		return 0;
	case 0x21 << 8 | REQ_POWER_OFF:
		message(ccid, PC_ICCPOWEROFF, NULL, 0, 0);
		return 0;
	case 0x21 << 8 | REQ_XFR_BLOCK:
		message(ccid, PC_XFRBLOCK, urb->data, urb->length, value >> 8);
		return 0;
	case 0xa1 << 8 | REQ_DATA_BLOCK:
		return data_block_b(ccid, buf, room);
	case 0xa1 << 8 | REQ_SLOT_STATUS:
		buf[0] = 0;
		buf[1] = answer_icc_status(&ccid->slots[0]);
		buf[2] = 0;
		return 3;
	}
	return -EINVAL;
}

int iccd_control(struct ccid *ccid, struct urb *urb, uint8_t *buf)
{
	size_t room = get_le16(urb->setup + 6);
	int n;

	if (ccid->profile.transport == TRANSPORT_ICCD_A)
		n = request_a(ccid, urb, buf, room);
	else
		n = request_b(ccid, urb, buf, room);
	if (n != -EINVAL)
		return n;
	violation_add(ccid->index, -1, "class request %02x %02x, which this token does not have",
		      urb->setup[0], urb->setup[1]);
	return -EPIPE;
}
