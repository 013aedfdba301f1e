// SPDX-License-Identifier: GPL-2.0-or-later
#include "atr.h"

#include <string.h>

#include "card_spec.h"

/* Store one interface byte of round @i: @which is 0 for TAi to 2 for TCi. */
static void take_round(struct atr_info *info, int i, uint8_t t, int which, uint8_t v)
{
	if (i == 1) {
		if (which == 0)
			info->ta1 = v;
		else if (which == 2)
			info->tc1 = v;
	} else if (i == 2) {
		if (which == 0) {
			info->specific = true;
			info->specific_t = v & 0x0f;
		} else if (which == 2) {
			info->wi = v;
		}
	} else if (t == 1) {
		if (which == 0)
			info->ifsc = v;
		else if (which == 1) {
			info->bwi = v >> 4;
			info->cwi = v & 0x0f;
		} else if (which == 2) {
			info->crc = v & 1;
		}
	}
}

bool atr_parse(struct atr_info *info, const uint8_t *atr, size_t len)
{
	size_t at = 2;
	uint8_t y, t = 0;
	bool t_seen = false;

	*info = (struct atr_info) {
		.protocols = 1, .ta1 = 0x11, .wi = 10, .ifsc = 32, .bwi = 4, .cwi = 13,
	};
	if (len < 2)
		return false;
	info->inverse = atr[0] == 0x3f;
	y = atr[1] >> 4;
	for (int i = 1; y; i++) {
		uint8_t next = 0;

		for (int which = 0; which < 4; which++) {
			if (!(y & 1 << which))
				continue;
			if (at >= len)
				return false;
			if (which < 3) {
				take_round(info, i, t, which, atr[at++]);
				continue;
			}
			t = atr[at] & 0x0f;
			next = atr[at++] >> 4;
			if (t > 1)
				continue;
			if (!t_seen) {
				info->protocols = 0;
				info->first = t;
				t_seen = true;
			}
			info->protocols |= (uint8_t)(1 << t);
		}
		y = next;
	}
	if (info->specific)
		info->first = info->specific_t;
	return at + (atr[1] & 0x0f) <= len;
}

/* Append a group of interface bytes; return its Y bits. */
static uint8_t group(uint8_t *atr, size_t *len, int ta, int tb, int tc, int td)
{
	const int v[4] = { ta, tb, tc, td };
	uint8_t y = 0;

	for (int i = 0; i < 4; i++) {
		if (v[i] < 0)
			continue;
		y |= (uint8_t)(0x10 << i);
		atr[(*len)++] = (uint8_t)v[i];
	}
	return y;
}

uint8_t atr_build(uint8_t *atr, const struct card_spec *spec, const char *hist)
{
	const char *order = spec->protocols;
	uint8_t t1 = order[0] == '1' || order[1] == '1', first = order[0] == '1';
	size_t len = 2, td1, td2 = 0,
	       hist_len = spec->hist_len < 0 ? strlen(hist) : (size_t)spec->hist_len;
	int wi = spec->wi == 10 ? -1 : spec->wi;
	bool need_td1 = t1 || spec->ta2 >= 0 || wi >= 0;
	uint8_t check = 0;

	atr[0] = spec->inverse ? 0x3f : 0x3b;
	atr[1] = (uint8_t)(hist_len |
			   group(atr, &len, spec->ta1, -1, spec->tc1, need_td1 ? first : -1));
	td1 = len - 1;
	if (need_td1) {
		/* TD2 selects T=1 (again), so that TA3 and TB3 apply to T=1. */
		atr[td1] |= group(atr, &len, spec->ta2, -1, wi, t1 ? 1 : -1);
		td2 = len - 1;
	}
	if (t1)
		atr[td2] |= group(atr, &len, spec->ifsc, spec->bwi << 4 | spec->cwi,
				  spec->crc ? 1 : -1, first && order[1] == '0' ? 0 : -1);
	memcpy(atr + len, spec->hist_len < 0 ? (const uint8_t *)hist : spec->hist, hist_len);
	len += hist_len;
	if (t1) {
		for (size_t i = 1; i < len; i++)
			check ^= atr[i];
		atr[len++] = (uint8_t)(check ^ (spec->tck == TCK_GOOD ? 0 : 0x5a));
	}
	return (uint8_t)len;
}
