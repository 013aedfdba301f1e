// SPDX-License-Identifier: GPL-2.0-or-later
/* The choice of a protocol by the answer to reset. */
#include "atr.h"

#include <linux/scard.h>
#include <stdbool.h>

static uint32_t bit(unsigned int t)
{
	return t == 0 ? SCARD_PROTO_T0 : t == 1 ? SCARD_PROTO_T1 : 0;
}

static size_t ones(uint8_t mask)
{
	return (size_t)__builtin_popcount(mask);
}

struct atr_protocols atr_protocols(const uint8_t *atr, size_t len)
{
	struct atr_protocols p = { 0, 0 };
	bool specific = false, any = false;
	uint8_t y = len > 1 ? atr[1] >> 4 : 0;	/* which of TA(i) to TD(i) follow */
	size_t at = 2;
	int i;

	for (i = 1; at < len; i++) {
		size_t group = ones(y);
		uint8_t td;

		if (i == 2 && y & 1) {
			specific = true;
			p.first = bit(atr[at] & 0x0f);
		}
		if (!(y & 8) || at + group > len)
			break;
		td = atr[at + group - 1];
		if (!any && !specific)
			p.first = bit(td & 0x0f);
		any = true;
		p.all |= bit(td & 0x0f);
		at += group;
		y = td >> 4;
	}
	if (!any && !specific)
		p.first = SCARD_PROTO_T0;
	if (!any || specific)
		p.all = p.first;
	return p;
}

uint32_t atr_choose(const struct atr_protocols *protocols, uint32_t wanted)
{
	uint32_t others = protocols->all & wanted;

	if (protocols->first & wanted)
		return protocols->first;
	return others & SCARD_PROTO_T0 ? SCARD_PROTO_T0 : others & SCARD_PROTO_T1;
}
