// SPDX-License-Identifier: GPL-2.0
/*
 * SCardControl: the features of PC/SC part 10. For the actor.
 */
#include <linux/capability.h>
#include <linux/string.h>

#include "scard.h"

#define CTL_CODE(n)			(0x42000000 + (n))
#define CTL_ESCAPE			CTL_CODE(1)
#define CTL_GET_FEATURE_REQUEST		CTL_CODE(3400)
#define CTL_FEATURE_GET_TLV_PROPERTIES	0x42330012

#define FEATURE_GET_TLV_PROPERTIES	0x12
#define FEATURE_CCID_ESC_COMMAND	0x13

#define CONTROL_ESCAPE_TIMEOUT_MS	30000

struct control_out {
	u8 *buf;
	u32 len;
};

/* One entry of the feature list: tag, 4, control code in big-endian order */
static void control_feature(struct control_out *out, u8 tag, u32 code)
{
	u8 *p = out->buf + out->len;

	p[0] = tag;
	p[1] = 4;
	p[2] = code >> 24;
	p[3] = code >> 16;
	p[4] = code >> 8;
	p[5] = code;
	out->len += 6;
}

/* One property: tag, length, value in little-endian order */
static void control_property(struct control_out *out, u8 tag, u8 len, u32 value)
{
	u8 *p = out->buf + out->len;

	*p++ = tag;
	*p++ = len;
	out->len += 2 + len;
	for (; len; len--, value >>= 8)
		*p++ = value;
}

static void control_features(struct scard_slot *slot, struct control_out *out)
{
	control_feature(out, FEATURE_GET_TLV_PROPERTIES, CTL_FEATURE_GET_TLV_PROPERTIES);
	if (capable(CAP_SYS_RAWIO))
		control_feature(out, FEATURE_CCID_ESC_COMMAND, CTL_ESCAPE);
}

static void control_properties(struct scard_slot *slot, struct control_out *out)
{
	const struct scard_reader *r = slot->reader;
	bool extended = r->desc.level != CCID_LEVEL_SHORT_APDU;

	control_property(out, 0x01, 2, r->desc.lcd_layout);		/* wLcdLayout */
	if (r->desc.lcd_layout) {
		control_property(out, 0x04, 2, r->desc.lcd_layout & 0xff); /* characters */
		control_property(out, 0x05, 2, r->desc.lcd_layout >> 8); /* lines */
	}
	control_property(out, 0x03, 1, 0);				/* bTimeOut2 */
	control_property(out, 0x09, 1, 0);				/* bPPDUSupport */
	control_property(out, 0x0b, 2, r->vendor_id);			/* wIdVendor */
	control_property(out, 0x0c, 2, r->product_id);			/* wIdProduct */
	control_property(out, 0x0a, 4, extended ? 0x10000 : 0);		/* dwMaxAPDUDataSize */
}

static int control_escape(struct scard_slot *slot, struct scard_req *req, u32 len)
{
	static const u8 none[3];
	int ret;

	if (!capable(CAP_SYS_RAWIO))
		return -EPERM;
	if (CCID_HEADER_LEN + len > slot->reader->desc.max_msg)
		return -EINVAL;
	ret = scard_slot_cmd(slot, req, CCID_PC_TO_RDR_ESCAPE, none, len,
			     CONTROL_ESCAPE_TIMEOUT_MS);
	if (ret)
		return ret;
	req->data = req->ans.data;
	req->len = req->ans.len;
	return 0;
}

/**
 * scard_slot_control() - SCardControl
 * @slot: the slot
 * @req: the request, with the input at tx + CCID_HEADER_LEN
 * @code: control code
 * @len: bytes of input
 * @room: bytes that the caller can take
 *
 * Return: 0 and req->data, req->len; or a negative errno
 */
int scard_slot_control(struct scard_slot *slot, struct scard_req *req, u32 code, u32 len, u32 room)
{
	struct control_out out = { .buf = req->tx };

	switch (code) {
	case CTL_ESCAPE:
		return control_escape(slot, req, len);
	case CTL_GET_FEATURE_REQUEST:
		control_features(slot, &out);
		break;
	case CTL_FEATURE_GET_TLV_PROPERTIES:
		control_properties(slot, &out);
		break;
	default:
		return -EOPNOTSUPP;
	}
	req->dirty_tx = max(req->dirty_tx, out.len);
	req->data = out.buf;
	req->len = out.len;
	return 0;
}
