// SPDX-License-Identifier: GPL-2.0
/*
 * PIN entry on the reader. The structures are nearly those of the CCID message: the
 * second timeout and the length go, the kind of operation comes. Numbers in the message
 * are little-endian.
 */
#include "pin.h"

#define PIN_OPERATION_VERIFY	0
#define PIN_OPERATION_MODIFY	1

#define PIN_MESSAGES_DEFAULT	0xff

/* Offsets in PIN_VERIFY_STRUCTURE and PIN_MODIFY_STRUCTURE */
#define VERIFY_BLOCK_STRING	3
#define VERIFY_MIN_MAX		5	/* wPINMaxExtraDigit: maximum, minimum */
#define VERIFY_CONDITION	7
#define VERIFY_MESSAGES		8
#define VERIFY_LANGUAGE		9	/* wLangId */
#define MODIFY_MIN_MAX		7
#define MODIFY_CONDITION	10
#define MODIFY_MESSAGES		11
#define MODIFY_LANGUAGE		12
#define MODIFY_INDEX		14	/* bMsgIndex1, 2, 3 */

/* Gemalto's GET_FIRMWARE_FEATURES: the bytes that matter here */
#define GEMALTO_LEN		21
#define GEMALTO_CONDITIONS	3
#define GEMALTO_FLAGS		8
#define GEMALTO_MESSAGES_RIGHT	BIT(2)	/* bMsgIndex2 and 3 move with bNumberMessage */
#define GEMALTO_MIN_SIZE	13
#define GEMALTO_MAX_SIZE	14

/* One of the conditions that the reader takes; a wrong one crashes some. */
static void pin_fix_condition(const struct pin_pad *pad, u8 *condition)
{
	if (!*condition || *condition > PIN_CONDITIONS)
		*condition = PIN_CONDITION_KEY;
	*condition &= pad->conditions;
	if (!*condition)
		*condition = pad->conditions;
}

static void pin_swap(u8 *p)
{
	u8 first = p[0];

	p[0] = p[1];
	p[1] = first;
}

/*
 * ulDataLength has to count the bytes that follow, and they have to be an APDU. Callers on
 * big-endian machines give numbers in the order of the machine, or in that of the message:
 * the order in which ulDataLength is right is that of the two 16-bit fields as well.
 */
static bool pin_numbers_ok(u8 *buf, u32 len, u32 header, u32 min_max, u32 language)
{
	const u8 *length;

	if (len < header + PIN_APDU_MIN)
		return false;
	length = buf + header - 4;
	if (get_le32(length) == len - header)
		return true;
	if (get_be32(length) != len - header)
		return false;
	pin_swap(&buf[min_max]);
	pin_swap(&buf[language]);
	return true;
}

static void pin_fix_verify(const struct pin_pad *pad, u8 *buf)
{
	pin_fix_condition(pad, &buf[VERIFY_CONDITION]);
	if (pad->fixes & PIN_FIX_ONE_MESSAGE)
		buf[VERIFY_MESSAGES] = 1;
	if (pad->fixes & PIN_FIX_NO_MESSAGE)
		buf[VERIFY_MESSAGES] = 0;
	if (pad->fixes & PIN_FIX_SWAP_DIGITS)
		pin_swap(&buf[VERIFY_MIN_MAX]);
}

/* Returns how many of bMsgIndex2 and bMsgIndex3 are sent. */
static u32 pin_fix_modify(const struct pin_pad *pad, u8 *buf)
{
	u8 *messages = &buf[MODIFY_MESSAGES];

	pin_fix_condition(pad, &buf[MODIFY_CONDITION]);
	if (pad->fixes & PIN_FIX_THREE_MESSAGES)
		*messages = 3;
	if (pad->fixes & PIN_FIX_DEFAULT && !*messages)
		*messages = PIN_MESSAGES_DEFAULT;
	if (pad->fixes & PIN_FIX_ZERO_INDICES) {
		*messages = 0;
		memset(&buf[MODIFY_INDEX], 0, 3);
		return 2;
	}
	if (pad->fixes & PIN_FIX_ALL_INDICES || *messages == 3)
		return 2;
	return *messages ? 1 : 0;
}

/**
 * ccid_pin_verify() - PIN_VERIFY_STRUCTURE to PC_to_RDR_Secure, in place
 * @m: the result
 * @pad: how the reader wants it
 * @buf: the structure; the payload afterwards, which is shorter
 * @len: bytes of the structure
 *
 * Return: 0 or -EINVAL
 */
int ccid_pin_verify(struct pin_message *m, const struct pin_pad *pad, u8 *buf, u32 len)
{
	if (!pin_numbers_ok(buf, len, PIN_VERIFY_LEN, VERIFY_MIN_MAX, VERIFY_LANGUAGE))
		return -EINVAL;
	pin_fix_verify(pad, buf);
	m->timeout = buf[0];
	m->apdu_len = len - PIN_VERIFY_LEN;
	m->prologue = 12;
	m->len = m->prologue + PIN_PROLOGUE_LEN + m->apdu_len;
	m->unpadded = m->apdu_len == PIN_APDU_MIN && !buf[VERIFY_BLOCK_STRING];

	buf[1] = buf[0];	/* bTimeOut; bTimerOut2 has no place in the message */
	buf[0] = PIN_OPERATION_VERIFY;
	/* 2 to 14: bmFormatString to bTeoPrologue stay where they are */
	memmove(buf + 15, buf + PIN_VERIFY_LEN, m->apdu_len);
	return 0;
}

/**
 * ccid_pin_modify() - PIN_MODIFY_STRUCTURE to PC_to_RDR_Secure, in place
 * @m: the result
 * @pad: how the reader wants it
 * @buf: the structure; the payload afterwards, which is shorter
 * @len: bytes of the structure
 *
 * bMsgIndex2 is there if there is a message, bMsgIndex3 if there are three; for some
 * readers always.
 *
 * Return: 0 or -EINVAL
 */
int ccid_pin_modify(struct pin_message *m, const struct pin_pad *pad, u8 *buf, u32 len)
{
	u8 *p;

	if (len < PIN_MODIFY_LEN ||
	    (buf[MODIFY_MESSAGES] > 3 && buf[MODIFY_MESSAGES] != PIN_MESSAGES_DEFAULT))
		return -EINVAL;
	if (!pin_numbers_ok(buf, len, PIN_MODIFY_LEN, MODIFY_MIN_MAX, MODIFY_LANGUAGE))
		return -EINVAL;
	/* bmFormatString to bMsgIndex1 stay where they are */
	p = buf + MODIFY_INDEX + 1 + pin_fix_modify(pad, buf);
	m->timeout = buf[0];
	m->apdu_len = len - PIN_MODIFY_LEN;
	m->unpadded = false;

	buf[1] = buf[0];
	buf[0] = PIN_OPERATION_MODIFY;
	memmove(p, buf + 17, PIN_PROLOGUE_LEN);
	m->prologue = p - buf;
	memmove(p + PIN_PROLOGUE_LEN, buf + PIN_MODIFY_LEN, m->apdu_len);
	m->len = m->prologue + PIN_PROLOGUE_LEN + m->apdu_len;
	return 0;
}

/**
 * ccid_pin_gemalto_features() - apply the features that Gemalto's firmware reports
 * @pad: properties of the PIN pad, completed
 * @features: its answer to the escape command 6A (GET_FIRMWARE_FEATURES)
 * @len: bytes of it
 *
 * An answer that is too short, or makes no sense, changes nothing.
 */
void ccid_pin_gemalto_features(struct pin_pad *pad, const u8 *features, u32 len)
{
	if (len < GEMALTO_LEN)
		return;
	if (features[GEMALTO_CONDITIONS] & PIN_CONDITIONS)
		pad->conditions = features[GEMALTO_CONDITIONS] & PIN_CONDITIONS;
	if (features[GEMALTO_FLAGS] & GEMALTO_MESSAGES_RIGHT)
		pad->fixes &= ~PIN_FIX_ALL_INDICES;
	if (features[GEMALTO_MIN_SIZE] <= features[GEMALTO_MAX_SIZE]) {
		pad->min_size = features[GEMALTO_MIN_SIZE];
		pad->max_size = features[GEMALTO_MAX_SIZE];
	}
}
