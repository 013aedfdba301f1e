// SPDX-License-Identifier: GPL-2.0
/*
 * Answer to reset, ISO 7816-3 section 8.2. Cards that are in use break the rules in
 * the check byte, in the number of historical bytes and in reserved bits; such an
 * ATR is taken as far as it goes.
 */
#include "atr.h"

/* Y: which of TA, TB, TC, TD follow */
#define Y_TA	0x10
#define Y_TB	0x20
#define Y_TC	0x40
#define Y_TD	0x80

/* Clock rate conversion and baud rate adjustment, ISO 7816-3 tables 7 and 8; 0: RFU */
static const u16 f_table[16] = {
	372, 372, 558, 744, 1116, 1488, 1860, 0, 0, 512, 768, 1024, 1536, 2048, 0, 0
};

static const u8 d_table[16] = {
	0, 1, 2, 4, 8, 16, 32, 64, 12, 20, 0, 0, 0, 0, 0, 0
};

/**
 * atr_f() - F of a TA1
 * @fi_di: TA1
 *
 * Return: F, 0 if reserved
 */
u16 atr_f(u8 fi_di)
{
	return f_table[fi_di >> 4];
}

/**
 * atr_d() - D of a TA1
 * @fi_di: TA1
 *
 * Return: D, 0 if reserved
 */
u8 atr_d(u8 fi_di)
{
	return d_table[fi_di & 0x0f];
}

/* The meaning of a group of interface bytes behind TD(i-1), i > 2. */
static void atr_specific(struct atr *a, u8 t, unsigned int seen, const u8 *ta, const u8 *tb,
			 const u8 *tc)
{
	if (seen & 1U << t)
		return;		/* only the first group for a T counts */
	if (t == 1) {
		/* 0 and FF are reserved; the default serves such a card */
		if (ta && *ta && *ta != 0xff)
			a->ifsc = *ta;
		if (tb) {
			a->bwi = *tb >> 4;
			a->cwi = *tb & 0x0f;
		}
		if (tc)
			a->crc = *tc & 0x01;
	} else if (t == 15 && ta) {
		a->clock_stop = *ta >> 6;
		a->classes = *ta & 0x3f;
	}
}

static void atr_global(struct atr *a, unsigned int i, const u8 *ta, const u8 *tc)
{
	if (i == 1) {
		if (ta) {
			a->has_ta1 = true;
			a->fi_di = *ta;
		}
		if (tc)
			a->guard_time = *tc;
		return;
	}
	if (ta) {
		a->specific = true;
		a->specific_protocol = *ta & 0x0f;
		a->implicit = *ta & 0x10;
	}
	if (tc && *tc)
		a->wi = *tc;
}

/* The next byte if Y announces it and it is there. */
static const u8 *atr_take(struct atr *a, size_t *pos, u8 y, u8 bit)
{
	if (!(y & bit))
		return NULL;
	if (*pos >= a->len) {
		a->truncated = true;
		return NULL;
	}
	return &a->bytes[(*pos)++];
}

static void atr_tck(struct atr *a, size_t pos, bool wanted)
{
	u8 sum = 0;
	size_t i;

	a->tck_ok = !wanted;
	if (!wanted)
		return;
	if (pos >= a->len) {
		a->truncated = true;
		return;
	}
	a->has_tck = true;
	for (i = 1; i <= pos; i++)
		sum ^= a->bytes[i];
	a->tck_ok = !sum;
}

/**
 * atr_parse() - take an ATR apart
 * @a: the result
 * @buf: as the reader has sent it, in direct form for both conventions
 * @len: bytes of it
 *
 * Return: 0 or -EINVAL: not an ATR
 */
int atr_parse(struct atr *a, const u8 *buf, size_t len)
{
	unsigned int seen = 0, i;
	bool check = false;
	size_t pos = 2;
	u8 t = 0, y;

	memset(a, 0, sizeof(*a));
	if (len < ATR_LEN_MIN || len > ATR_LEN_MAX || (buf[0] != 0x3b && buf[0] != 0x3f))
		return -EINVAL;
	memcpy(a->bytes, buf, len);
	a->len = len;
	a->inverse = buf[0] == 0x3f;
	a->fi_di = ATR_FI_DI_DEFAULT;
	a->wi = 10;
	a->ifsc = 32;
	a->bwi = 4;
	a->cwi = 13;

	y = buf[1] & 0xf0;
	for (i = 1; y; i++) {
		const u8 *ta = atr_take(a, &pos, y, Y_TA);
		const u8 *tb = atr_take(a, &pos, y, Y_TB);
		const u8 *tc = atr_take(a, &pos, y, Y_TC);
		const u8 *td = atr_take(a, &pos, y, Y_TD);

		if (i <= 2) {
			atr_global(a, i, ta, tc);
		} else {
			atr_specific(a, t, seen, ta, tb, tc);
			seen |= 1U << t;
		}
		if (!td)
			break;
		t = *td & 0x0f;
		y = *td & 0xf0;
		if (t != 15) {
			if (!a->protocols)
				a->first = t;
			a->protocols |= 1U << t;
		}
		/* T=15 and all but T=0 call for a check byte */
		check |= t;
	}
	if (!a->protocols)
		a->protocols = 1;	/* T=0 is understood */

	a->hist = pos;
	a->hist_len = buf[1] & 0x0f;
	if (pos + a->hist_len > a->len) {
		a->truncated = true;
		a->hist_len = a->len - pos;
	}
	atr_tck(a, pos + a->hist_len, check);
	return 0;
}
