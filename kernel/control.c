// SPDX-License-Identifier: GPL-2.0
/*
 * SCardControl: the features of PC/SC part 10, and escape commands. For the actor.
 */
#include <linux/capability.h>
#include <linux/string.h>

#include "proto/pin.h"
#include "scard.h"

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
#define PROPERTY_PPDU_SUPPORT		0x09
#define PROPERTY_MAX_APDU_DATA_SIZE	0x0a
#define PROPERTY_VENDOR_ID		0x0b
#define PROPERTY_PRODUCT_ID		0x0c

/* bPINSupport */
#define PIN_SUPPORT_VERIFY		0x01
#define PIN_SUPPORT_MODIFY		0x02

#define PIN_VALIDATION_KEY		0x02
#define PIN_VALIDATION_ALL		0x07

/* Offsets in the structures of PC/SC part 10 */
#define PIN_VERIFY_VALIDATION		7
#define PIN_VERIFY_MESSAGES		8
#define PIN_MODIFY_VALIDATION		10
#define PIN_MODIFY_MESSAGES		11

#define PIN_ONE_MESSAGE			0x01
#define PIN_DEFAULT_MESSAGES		0xff

#define CONTROL_ESCAPE_TIMEOUT_MS	30000
#define CONTROL_PIN_TIMEOUT_MS		90000

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

static void control_features(const struct scard_slot *slot, struct control_out *out)
{
	u8 pin = slot->reader->desc.pin_support;

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
	if (capable(CAP_SYS_RAWIO))
		control_feature(out, FEATURE_CCID_ESC_COMMAND, CTL_ESCAPE);
}

/* PIN_PROPERTIES_STRUCTURE: wLcdLayout, bEntryValidationCondition, bTimeOut2 */
static void control_pin_properties(const struct scard_slot *slot, struct control_out *out)
{
	put_le16(out->buf, slot->reader->desc.lcd_layout);
	out->buf[2] = slot->reader->quirks & SCARD_QUIRK_PIN_KEY_ONLY ? PIN_VALIDATION_KEY :
									 PIN_VALIDATION_ALL;
	out->buf[3] = 0;
	out->len = 4;
}

static void control_tlv_properties(const struct scard_slot *slot, struct control_out *out)
{
	const struct scard_reader *r = slot->reader;
	u16 lcd = r->desc.lcd_layout;

	control_property(out, PROPERTY_LCD_LAYOUT, 2, lcd);
	if (lcd) {
		control_property(out, PROPERTY_LCD_MAX_CHARACTERS, 2, lcd & 0xff);
		control_property(out, PROPERTY_LCD_MAX_LINES, 2, lcd >> 8);
	}
	control_property(out, PROPERTY_TIME_OUT2, 1, 0);
	if (r->quirks & SCARD_QUIRK_PIN_KEY_ONLY)
		control_property(out, PROPERTY_VALIDATION_CONDITION, 1, PIN_VALIDATION_KEY);
	/* pseudo-APDUs reach the reader by escape commands only */
	control_property(out, PROPERTY_PPDU_SUPPORT, 1, capable(CAP_SYS_RAWIO));
	control_property(out, PROPERTY_VENDOR_ID, 2, r->vendor_id);
	control_property(out, PROPERTY_PRODUCT_ID, 2, r->product_id);
	control_property(out, PROPERTY_MAX_APDU_DATA_SIZE, 4,
			 r->desc.level == CCID_LEVEL_SHORT_APDU ? 0 : 0x10000);
}

static int control_escape(struct scard_slot *slot, struct scard_req *req, u32 len)
{
	static const u8 none[3];
	int ret;

	if (!capable(CAP_SYS_RAWIO))
		return -EPERM;
	if (CCID_HEADER_LEN + len > slot->reader->desc.max_msg)
		return -EINVAL;
	slot->single = true;
	ret = scard_slot_cmd(slot, req, CCID_PC_TO_RDR_ESCAPE, none, len,
			     CONTROL_ESCAPE_TIMEOUT_MS);
	if (ret)
		return ret;
	req->data = req->ans.data;
	req->len = req->ans.len;
	return 0;
}

/* What the user has done instead of entering a PIN, as status bytes */
static int control_pin_refused(struct scard_req *req, u8 sw2)
{
	req->tx[0] = 0x64;
	req->tx[1] = sw2;
	req->data = req->tx;
	req->len = 2;
	return 0;
}

/* What the firmware of the reader cannot do otherwise, whatever the program asks for */
static void control_pin_quirks(u32 quirks, u8 *pin, bool modify)
{
	u8 *messages = &pin[modify ? PIN_MODIFY_MESSAGES : PIN_VERIFY_MESSAGES];

	if (quirks & SCARD_QUIRK_PIN_KEY_ONLY) {
		pin[modify ? PIN_MODIFY_VALIDATION : PIN_VERIFY_VALIDATION] = PIN_VALIDATION_KEY;
		if (!modify)
			*messages = PIN_ONE_MESSAGE;
	}
	if (quirks & SCARD_QUIRK_PIN_MESSAGES && !*messages)
		*messages = PIN_DEFAULT_MESSAGES;
}

/* The PIN goes from the keys to the card; the host sees a template and an answer. */
static int control_pin(struct scard_slot *slot, struct scard_req *req, u32 len, bool modify)
{
	u8 *payload = req->tx + CCID_HEADER_LEN;
	static const u8 none[3];
	struct pin_message m;
	bool t1;
	int ret;

	if (!(slot->reader->desc.pin_support & (modify ? PIN_SUPPORT_MODIFY : PIN_SUPPORT_VERIFY)))
		return -EOPNOTSUPP;
	if (len > (modify ? PIN_MODIFY_LEN : PIN_VERIFY_LEN))
		control_pin_quirks(slot->reader->quirks, payload, modify);
	ret = modify ? pin_modify(&m, payload, len) : pin_verify(&m, payload, len);
	if (ret || CCID_HEADER_LEN + m.len > slot->reader->desc.max_msg)
		return -EINVAL;
	if (READ_ONCE(slot->pol.card) == POL_CARD_ABSENT)
		return -ENOMEDIUM;
	if (READ_ONCE(slot->pol.card) != POL_CARD_ON)
		return -ENOLINK;

	t1 = slot->protocol == SCARD_PROTO_T1 && slot->reader->desc.level < CCID_LEVEL_SHORT_APDU;
	slot->to_card = true;
	if (t1) {
		ret = scard_slot_t1_resynch(slot, req);
		if (ret)
			return ret;
		t1_prologue(&slot->t1, payload + m.prologue, m.apdu_len);
	}
	slot->single = true;
	ret = scard_slot_cmd(slot, req, CCID_PC_TO_RDR_SECURE, none, m.len,
			     max(CONTROL_PIN_TIMEOUT_MS, (m.timeout + 10) * 1000));
	if (req->ans.type && req->ans.cmd_status == CCID_CMD_FAILED) {
		if (req->ans.error == CCID_ERR_PIN_TIMEOUT)
			return control_pin_refused(req, 0x00);
		if (req->ans.error == CCID_ERR_PIN_CANCELLED)
			return control_pin_refused(req, 0x01);
	}
	if (ret)
		return ret;
	req->data = req->ans.data;
	req->len = req->ans.len;
	return t1 ? t1_answer(&slot->t1, req->ans.data, req->ans.len, &req->data, &req->len) : 0;
}

/**
 * scard_slot_control() - SCardControl
 * @slot: the slot
 * @req: the request, with the input at tx + CCID_HEADER_LEN
 * @code: control code
 * @len: bytes of input
 *
 * Return: 0 and req->data, req->len; or a negative errno
 */
int scard_slot_control(struct scard_slot *slot, struct scard_req *req, u32 code, u32 len)
{
	struct control_out out = { .buf = req->tx };

	switch (code) {
	case CTL_ESCAPE:
		return control_escape(slot, req, len);
	case CTL_FEATURE(FEATURE_VERIFY_PIN_DIRECT):
		return control_pin(slot, req, len, false);
	case CTL_FEATURE(FEATURE_MODIFY_PIN_DIRECT):
		return control_pin(slot, req, len, true);
	case CTL_GET_FEATURE_REQUEST:
		control_features(slot, &out);
		break;
	case CTL_FEATURE(FEATURE_IFD_PIN_PROPERTIES):
		if (!slot->reader->desc.pin_support)
			return -EOPNOTSUPP;
		control_pin_properties(slot, &out);
		break;
	case CTL_FEATURE(FEATURE_GET_TLV_PROPERTIES):
		control_tlv_properties(slot, &out);
		break;
	case CTL_USB_PATH:
		out.len = scnprintf(out.buf, req->tx_size, "%s",
				    dev_name(slot->reader->parent)) + 1;
		break;
	default:
		return -EOPNOTSUPP;
	}
	req->dirty_tx = max(req->dirty_tx, out.len);
	req->data = out.buf;
	req->len = out.len;
	return 0;
}
