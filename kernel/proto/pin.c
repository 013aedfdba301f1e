// SPDX-License-Identifier: GPL-2.0
/*
 * PIN entry on the reader. The structures are nearly those of the CCID message: the
 * second timeout and the length go, the kind of operation comes.
 */
#include "pin.h"

#define PIN_APDU_MIN		4	/* CLA INS P1 P2 */

#define PIN_OPERATION_VERIFY	0
#define PIN_OPERATION_MODIFY	1

/* bEntryValidationCondition: max size 1, validation key 2, timeout 4 */
#define PIN_VALIDATION_KEY	2
#define PIN_VALIDATION_ALL	7

#define PIN_MESSAGES_DEFAULT	0xff

static void pin_fix_validation(u8 *validation)
{
	if (!*validation || *validation > PIN_VALIDATION_ALL)
		*validation = PIN_VALIDATION_KEY;
}

/* ulDataLength has to be what follows, and that has to be an APDU. */
static bool pin_length_ok(const u8 *buf, u32 len, u32 header)
{
	return len >= header + PIN_APDU_MIN && get_le32(buf + header - 4) == len - header;
}

/**
 * pin_verify() - PIN_VERIFY_STRUCTURE to PC_to_RDR_Secure, in place
 * @m: what came out
 * @buf: the structure; the payload afterwards, which is shorter
 * @len: bytes of the structure
 *
 * Return: 0 or -EINVAL
 */
int pin_verify(struct pin_message *m, u8 *buf, u32 len)
{
	if (!pin_length_ok(buf, len, PIN_VERIFY_LEN))
		return -EINVAL;
	pin_fix_validation(&buf[7]);
	m->timeout = buf[0];
	m->apdu_len = len - PIN_VERIFY_LEN;
	m->prologue = 12;
	m->len = m->prologue + PIN_PROLOGUE_LEN + m->apdu_len;

	buf[1] = buf[0];	/* bTimeOut; bTimerOut2 has no place in the message */
	buf[0] = PIN_OPERATION_VERIFY;
	/* 2 to 14: bmFormatString to bTeoPrologue stay where they are */
	memmove(buf + 15, buf + PIN_VERIFY_LEN, m->apdu_len);
	return 0;
}

/**
 * pin_modify() - PIN_MODIFY_STRUCTURE to PC_to_RDR_Secure, in place
 * @m: what came out
 * @buf: the structure; the payload afterwards, which is shorter
 * @len: bytes of the structure
 *
 * bMsgIndex2 is there if there is a message, bMsgIndex3 if there are three.
 *
 * Return: 0 or -EINVAL
 */
int pin_modify(struct pin_message *m, u8 *buf, u32 len)
{
	u8 messages, *p;

	if (!pin_length_ok(buf, len, PIN_MODIFY_LEN))
		return -EINVAL;
	messages = buf[11];
	if (messages > 3 && messages != PIN_MESSAGES_DEFAULT)
		return -EINVAL;
	pin_fix_validation(&buf[10]);
	m->timeout = buf[0];
	m->apdu_len = len - PIN_MODIFY_LEN;

	buf[1] = buf[0];
	buf[0] = PIN_OPERATION_MODIFY;
	/* 2 to 14: bmFormatString to bMsgIndex1 stay where they are */
	p = buf + 15;
	if (messages) {
		p++;		/* bMsgIndex2 */
		if (messages == 3)
			p++;	/* bMsgIndex3 */
	}
	memmove(p, buf + 17, PIN_PROLOGUE_LEN);
	m->prologue = p - buf;
	memmove(p + PIN_PROLOGUE_LEN, buf + PIN_MODIFY_LEN, m->apdu_len);
	m->len = m->prologue + PIN_PROLOGUE_LEN + m->apdu_len;
	return 0;
}
