// SPDX-License-Identifier: GPL-2.0-or-later
#include "uscard_pin.h"

#include <string.h>

#include "profile.h"

/* Tags of GET_FEATURE_REQUEST; the control code of a feature is 0x42330000 and its tag. */
#define VERIFY		0x06	/* FEATURE_VERIFY_PIN_DIRECT */
#define MODIFY		0x07	/* FEATURE_MODIFY_PIN_DIRECT */
#define PROPERTIES	0x0a	/* FEATURE_IFD_PIN_PROPERTIES */
#define TLV_PROPERTIES	0x12	/* FEATURE_GET_TLV_PROPERTIES */
#define ESCAPE		0x13	/* FEATURE_CCID_ESC_COMMAND */
#define CODE(tag)	(0x42330000U + (tag))

/* bEntryValidationCondition: maximum reached, validation key, timeout */
#define CONDITIONS	7

/* Bytes of PIN_VERIFY_STRUCTURE and PIN_MODIFY_STRUCTURE before abData, and of bTeoPrologue */
#define VERIFY_LEN	19
#define MODIFY_LEN	24
#define PROLOGUE_LEN	3
#define APDU_MIN	4

static bool supports(const struct profile *p, uint8_t tag)
{
	return p->desc[CCID_BPINSUPPORT] & (tag == VERIFY ? 1 : 2);
}

unsigned int uscard_pin_codes(const struct profile *p, uint32_t *codes)
{
	unsigned int n = 0;

	if (supports(p, VERIFY))
		codes[n++] = CODE(VERIFY);
	if (supports(p, MODIFY))
		codes[n++] = CODE(MODIFY);
	return n;
}

bool uscard_pin_is_entry(const struct profile *p, uint32_t code)
{
	uint32_t codes[2];
	unsigned int n = uscard_pin_codes(p, codes);

	return (n > 0 && codes[0] == code) || (n > 1 && codes[1] == code);
}

static uint8_t *feature(uint8_t *to, uint8_t tag, uint32_t code)
{
	*to++ = tag;
	*to++ = 4;
	put_be32(to, code);
	return to + 4;
}

static size_t features(const struct profile *p, uint8_t *to)
{
	uint8_t *at = to;

	if (supports(p, VERIFY))
		at = feature(at, VERIFY, CODE(VERIFY));
	if (supports(p, MODIFY))
		at = feature(at, MODIFY, CODE(MODIFY));
	at = feature(at, PROPERTIES, CODE(PROPERTIES));
	at = feature(at, TLV_PROPERTIES, CODE(TLV_PROPERTIES));
	return (size_t)(feature(at, ESCAPE, CONTROL_ESCAPE) - to);
}

/* wLcdLayout, bEntryValidationCondition, bTimeOut2 */
static size_t properties(const struct profile *p, uint8_t *to)
{
	const uint8_t *layout = p->desc + CCID_WLCDLAYOUT;
	const uint8_t all[] = { layout[0], layout[1], CONDITIONS, 0 };

	memcpy(to, all, sizeof(all));
	return sizeof(all);
}

/* The same with tags 1 to 3, and dwMaxAPDUDataSize */
static size_t tlv_properties(const struct profile *p, uint8_t *to)
{
	const uint8_t *layout = p->desc + CCID_WLCDLAYOUT;
	const uint8_t all[] = {
		1, 2, layout[0], layout[1], 2, 1, CONDITIONS, 3, 1, 0, 10, 4, 0, 0, 1, 0,
	};

	memcpy(to, all, sizeof(all));
	return sizeof(all);
}

size_t uscard_pin_info(const struct profile *p, uint32_t code, uint8_t *to)
{
	switch (code) {
	case CONTROL_GET_FEATURE:
		return features(p, to);
	case CODE(PROPERTIES):
		return properties(p, to);
	case CODE(TLV_PROPERTIES):
		return tlv_properties(p, to);
	}
	return 0;
}

/* ulDataLength, before abData, in the byte order of the program: that of the machine */
static bool length_is(const uint8_t *field, size_t len)
{
	uint32_t value;

	memcpy(&value, field, sizeof(value));
	return value == len;
}

/* A field of 16 bits in the message */
static void fix_order(uint8_t *field)
{
	uint16_t value;

	memcpy(&value, field, sizeof(value));
	put_le16(field, value);
}

/*
 * The message has bPINOperation and one timeout, and no length; of bMsgIndex2 and bMsgIndex3 as
 * many as there are messages.
 */
size_t uscard_pin_secure(uint32_t code, const uint8_t *from, size_t len, uint8_t *to)
{
	bool modify = code == CODE(MODIFY);
	size_t header = modify ? MODIFY_LEN : VERIFY_LEN, apdu_len, at;

	if (len < header + APDU_MIN || !length_is(from + header - 4, len - header))
		return 0;
	apdu_len = len - header;
	to[0] = modify;
	to[1] = from[0];
	at = header - 4 - PROLOGUE_LEN;
	memcpy(to + 2, from + 2, at - 2);
	fix_order(to + (modify ? 7 : 5));	/* wPINMaxExtraDigit */
	fix_order(to + (modify ? 12 : 9));	/* wLangId */
	if (modify && from[11] != 3)
		at -= from[11] ? 1 : 2;
	memcpy(to + at, from + header - 4 - PROLOGUE_LEN, PROLOGUE_LEN);
	memcpy(to + at + PROLOGUE_LEN, from + header, apdu_len);
	return at + PROLOGUE_LEN + apdu_len;
}
