// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Command APDUs of any bytes and any length: the parts found are in the APDU, and are all of it.
 */
#include "proof.h"
#include "apdu.c"

#define APDU_LEN	70000

void proof_apdu(void)
{
	u32 len = nondet_u32(), le;
	struct apdu a;

	ASSUME(len <= APDU_LEN);
	BUFFER(buf, len, APDU_LEN);
	if (ccid_apdu_parse(&a, buf, len)) {
		REACHED("refused");
		return;
	}
	if (a.extended)
		REACHED("extended");
	else
		REACHED("short");
	le = a.has_le ? (a.extended ? (a.nc ? 2 : 3) : 1) : 0;
	HOLDS(a.nc <= 65535 && a.ne <= 65536 && a.has_le == !!a.ne);
	HOLDS(a.extended || (a.nc <= 255 && a.ne <= 256));
	HOLDS(a.data >= APDU_HEADER_LEN && a.data + a.nc <= len);
	HOLDS(a.data + a.nc + le == len);
	HOLDS(!a.extended || apdu_may_be_extended(buf, len));
}
