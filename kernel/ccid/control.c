// SPDX-License-Identifier: GPL-2.0
/*
 * SCardControl: the features of PC/SC part 10, and escape commands. PIN entry is in
 * pinpad.c.
 */
#include <linux/capability.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

#include "control.h"
#include "pinpad.h"
#include "req.h"
#include "slot.h"

#define CTL_CODE(n)			(0x42000000 + (n))
#define CTL_ESCAPE			CTL_CODE(1)
#define CTL_GET_FEATURE_REQUEST		CTL_CODE(3400)
#define CTL_USB_PATH			CTL_CODE(3601)
/* The codes of the features are the driver's choice; these are libccid's. */
#define CTL_FEATURE(tag)		(0x42330000 + (tag))

#define FEATURE_VERIFY_PIN_DIRECT	0x06
#define FEATURE_MODIFY_PIN_DIRECT	0x07
#define FEATURE_IFD_PIN_PROPERTIES	0x0a
#define FEATURE_GET_TLV_PROPERTIES	0x12
#define FEATURE_CCID_ESC_COMMAND	0x13

#define PROPERTY_LCD_LAYOUT		0x01
#define PROPERTY_VALIDATION_CONDITION	0x02
#define PROPERTY_TIME_OUT2		0x03
#define PROPERTY_LCD_MAX_CHARACTERS	0x04
#define PROPERTY_LCD_MAX_LINES		0x05
#define PROPERTY_MIN_PIN_SIZE		0x06
#define PROPERTY_MAX_PIN_SIZE		0x07
#define PROPERTY_FIRMWARE_ID		0x08
#define PROPERTY_PPDU_SUPPORT		0x09
#define PROPERTY_MAX_APDU_DATA_SIZE	0x0a
#define PROPERTY_VENDOR_ID		0x0b
#define PROPERTY_PRODUCT_ID		0x0c
#define PROPERTY_FIRMWARE_MAX		64

#define CONTROL_ESCAPE_TIMEOUT_MS	30000

static bool escape;
module_param(escape, bool, 0644);
MODULE_PARM_DESC(escape, "list escape commands as a feature, and allow them to every caller; default: to CAP_SYS_RAWIO only, and not listed");

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

static void control_features(const struct ccid_slot *slot, struct control_out *out)
{
	u8 pin = ccid_slot_reader(slot)->desc.pin_support;

	if (pin & PIN_SUPPORT_VERIFY)
		control_feature(out, FEATURE_VERIFY_PIN_DIRECT,
				CTL_FEATURE(FEATURE_VERIFY_PIN_DIRECT));
	if (pin & PIN_SUPPORT_MODIFY)
		control_feature(out, FEATURE_MODIFY_PIN_DIRECT,
				CTL_FEATURE(FEATURE_MODIFY_PIN_DIRECT));
	if (pin & (PIN_SUPPORT_VERIFY | PIN_SUPPORT_MODIFY))
		control_feature(out, FEATURE_IFD_PIN_PROPERTIES,
				CTL_FEATURE(FEATURE_IFD_PIN_PROPERTIES));
	control_feature(out, FEATURE_GET_TLV_PROPERTIES,
			CTL_FEATURE(FEATURE_GET_TLV_PROPERTIES));
	/* as libccid, also for root: programs take the list to be the same for all users */
	if (READ_ONCE(escape))
		control_feature(out, FEATURE_CCID_ESC_COMMAND, CTL_ESCAPE);
}

/*
 * PIN_PROPERTIES_STRUCTURE: wLcdLayout in the byte order of the machine,
 * bEntryValidationCondition, bTimeOut2
 */
static int control_pin_properties(struct ccid_slot *slot, struct ccid_req *req,
				  struct control_out *out)
{
	u16 lcd = ccid_slot_reader(slot)->desc.lcd_layout;
	struct pin_pad pad;
	int ret;

	if (!ccid_slot_reader(slot)->desc.pin_support)
		return -EOPNOTSUPP;
	ret = ccid_pinpad_ask(slot, req, &pad);
	if (ret)
		return ret;
	memcpy(out->buf, &lcd, sizeof(lcd));
	out->buf[2] = pad.conditions;
	out->buf[3] = 0;
	out->len = 4;
	return 0;
}

static int control_tlv_properties(struct ccid_slot *slot, struct ccid_req *req,
				  struct control_out *out)
{
	const struct ccid_reader *r = ccid_slot_reader(slot);
	u8 firmware[PROPERTY_FIRMWARE_MAX];
	u16 lcd = r->desc.lcd_layout;
	u32 firmware_len = 0;
	struct pin_pad pad;
	int ret;

	/* first, as these use the buffer */
	ret = ccid_pinpad_ask(slot, req, &pad);
	if (!ret)
		ret = ccid_pinpad_firmware(slot, req, firmware, sizeof(firmware), &firmware_len);
	if (ret)
		return ret;
	control_property(out, PROPERTY_LCD_LAYOUT, 2, lcd);
	if (lcd) {
		control_property(out, PROPERTY_LCD_MAX_CHARACTERS, 2, lcd & 0xff);
		control_property(out, PROPERTY_LCD_MAX_LINES, 2, lcd >> 8);
	}
	control_property(out, PROPERTY_TIME_OUT2, 1, 0);
	if (firmware_len) {
		control_property(out, PROPERTY_FIRMWARE_ID, firmware_len, 0);
		memcpy(out->buf + out->len - firmware_len, firmware, firmware_len);
	}
	if (r->desc.pin_support && pad.max_size) {
		control_property(out, PROPERTY_MIN_PIN_SIZE, 1, pad.min_size);
		control_property(out, PROPERTY_MAX_PIN_SIZE, 1, pad.max_size);
	}
	if (r->desc.pin_support && pad.conditions != PIN_CONDITIONS)
		control_property(out, PROPERTY_VALIDATION_CONDITION, 1, pad.conditions);
	/* pseudo-APDUs reach the reader by escape commands only */
	control_property(out, PROPERTY_PPDU_SUPPORT, 1, READ_ONCE(escape));
	control_property(out, PROPERTY_VENDOR_ID, 2, r->reader.vendor_id);
	control_property(out, PROPERTY_PRODUCT_ID, 2, r->reader.product_id);
	control_property(out, PROPERTY_MAX_APDU_DATA_SIZE, 4,
			 r->desc.level == CCID_LEVEL_SHORT_APDU ? 0 : 0x10000);
	return 0;
}

static int control_escape(struct ccid_slot *slot, struct ccid_req *req)
{
	u32 len = req->req.in_len;
	int ret;

	if (!READ_ONCE(escape) && !capable(CAP_SYS_RAWIO))
		return -EPERM;
	if (CCID_HEADER_LEN + len > ccid_slot_reader(slot)->desc.max_msg)
		return -EINVAL;
	/* the longest answers are beyond the usual room */
	ret = ccid_req_grow_rx(req, min_t(u32, req->req.room, SCARD_CONTROL_MAX),
			       GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;
	req->req.single = true;
	ret = ccid_slot_cmd(slot, req, CCID_PC_TO_RDR_ESCAPE, ccid_cmd_no_params, len,
			    CONTROL_ESCAPE_TIMEOUT_MS);
	if (ret)
		return ret;
	req->req.out = req->ans.data;
	req->req.out_len = req->ans.len;
	return 0;
}

/**
 * ccid_control_is_gated() - scard_reader_ops.control_is_gated
 * @slot: not used: the codes are the same for all readers
 * @code: control code
 *
 * Return: true if the control has a PIN entered and sent to the card
 */
bool ccid_control_is_gated(const struct scard_slot *slot, u32 code)
{
	return code == CTL_FEATURE(FEATURE_VERIFY_PIN_DIRECT) ||
	       code == CTL_FEATURE(FEATURE_MODIFY_PIN_DIRECT);
}

/**
 * ccid_control() - scard_reader_ops.control
 * @slot: the slot
 * @req: the request, with the input
 * @code: control code
 *
 * Return: 0 and the output in @req, or a negative errno
 */
int ccid_control(struct scard_slot *slot, struct scard_req *req, u32 code)
{
	struct ccid_slot *ccid = to_ccid_slot(slot);
	struct ccid_req *creq = to_ccid_req(req);
	struct control_out out = { .buf = creq->tx };
	int ret = 0;

	req->single = false;
	switch (code) {
	case CTL_ESCAPE:
		return control_escape(ccid, creq);
	case CTL_FEATURE(FEATURE_VERIFY_PIN_DIRECT):
		return ccid_pinpad_enter(ccid, creq, false);
	case CTL_FEATURE(FEATURE_MODIFY_PIN_DIRECT):
		return ccid_pinpad_enter(ccid, creq, true);
	case CTL_GET_FEATURE_REQUEST:
		control_features(ccid, &out);
		break;
	case CTL_FEATURE(FEATURE_IFD_PIN_PROPERTIES):
		ret = control_pin_properties(ccid, creq, &out);
		break;
	case CTL_FEATURE(FEATURE_GET_TLV_PROPERTIES):
		ret = control_tlv_properties(ccid, creq, &out);
		break;
	case CTL_USB_PATH:
		out.len = scnprintf(out.buf, creq->tx_size, "%s",
				    dev_name(slot->reader->parent)) + 1;
		break;
	default:
		return -EOPNOTSUPP;
	}
	creq->dirty_tx = max(creq->dirty_tx, out.len);
	req->out = out.buf;
	req->out_len = out.len;
	return ret;
}
