// SPDX-License-Identifier: GPL-2.0
/*
 * Command APDUs, ISO 7816-3 section 12.1: which of the seven cases it is.
 */
#include "apdu.h"

static u32 apdu_be16(const u8 *p)
{
	return (u32)p[0] << 8 | p[1];
}

/* 0 in an Le field stands for the most that the field can say, plus one. */
static void apdu_le(struct apdu *a, u32 le, u32 most)
{
	a->has_le = true;
	a->ne = le ? le : most;
}

/* @body: bytes behind the header and the 0 that marks extended lengths */
static int apdu_parse_extended(struct apdu *a, const u8 *body, u32 len)
{
	u32 lc;

	a->extended = true;
	if (len < 2)
		return -EINVAL;
	if (len == 2) {
		apdu_le(a, apdu_be16(body), 65536);
		return 0;
	}
	lc = apdu_be16(body);
	if (!lc || (len != 2 + lc && len != 2 + lc + 2))
		return -EINVAL;
	a->nc = lc;
	a->data = APDU_HEADER_LEN + 3;
	if (len == 2 + lc + 2)
		apdu_le(a, apdu_be16(body + 2 + lc), 65536);
	return 0;
}

/**
 * ccid_apdu_parse() - take a command APDU apart
 * @a: the result
 * @buf: the APDU
 * @len: bytes of it
 *
 * Return: 0; -EINVAL: it has none of the forms of ISO 7816-3, which a reader at an
 * APDU level may understand all the same
 */
int ccid_apdu_parse(struct apdu *a, const u8 *buf, u32 len)
{
	const u8 *body;
	u32 lc;

	memset(a, 0, sizeof(*a));
	a->data = APDU_HEADER_LEN;
	if (len < APDU_HEADER_LEN)
		return -EINVAL;
	body = buf + APDU_HEADER_LEN;
	len -= APDU_HEADER_LEN;
	if (!len)
		return 0;			/* case 1 */
	if (len == 1) {
		apdu_le(a, body[0], 256);	/* case 2S */
		return 0;
	}
	lc = body[0];
	if (!lc)
		return apdu_parse_extended(a, body + 1, len - 1);
	if (len != 1 + lc && len != 1 + lc + 1)
		return -EINVAL;
	a->nc = lc;				/* case 3S, 4S */
	a->data = APDU_HEADER_LEN + 1;
	if (len == 1 + lc + 1)
		apdu_le(a, body[1 + lc], 256);
	return 0;
}
