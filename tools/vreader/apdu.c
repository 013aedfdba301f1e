// SPDX-License-Identifier: GPL-2.0-or-later
#include "apdu.h"

/* The seven cases of ISO 7816-3, clause 12. */
bool apdu_parse(struct apdu *a, const uint8_t *p, size_t len)
{
	size_t body;

	if (len < 4)
		return false;
	*a = (struct apdu) { .cla = p[0], .ins = p[1], .p1 = p[2], .p2 = p[3], .data = p + 4 };
	body = len - 4;
	p += 4;
	if (!body)
		return true;
	if (body == 1) {
		a->ne = p[0] ? p[0] : 256;
		return true;
	}
	if (p[0]) {
		a->lc = p[0];
		a->data = p + 1;
		if (body == 1 + a->lc)
			return true;
		a->ne = p[body - 1] ? p[body - 1] : 256;
		return body == 2 + a->lc;
	}
	if (body < 3)
		return false;
	a->extended = true;
	if (body == 3) {
		a->ne = (size_t)p[1] << 8 | p[2];
		a->ne = a->ne ? a->ne : 65536;
		return true;
	}
	a->lc = (size_t)p[1] << 8 | p[2];
	a->data = p + 3;
	if (!a->lc || body == 3 + a->lc)
		return a->lc;
	if (body != 5 + a->lc)
		return false;
	a->ne = (size_t)p[body - 2] << 8 | p[body - 1];
	a->ne = a->ne ? a->ne : 65536;
	return true;
}
