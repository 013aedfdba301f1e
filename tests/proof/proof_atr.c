// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Answers to reset: any bytes. What is found lies within the ATR, and has the values that the
 * header says.
 */
#include "proof.h"
#include "atr.c"

#define ATR_LEN		(ATR_LEN_MAX + 1)

void proof_atr(void)
{
	size_t len = nondet_size();
	struct atr a;

	ASSUME(len <= ATR_LEN);
	BUFFER(buf, len, ATR_LEN);
	if (ccid_atr_parse(&a, buf, len)) {
		REACHED("refused");
		return;
	}
	HOLDS(len >= ATR_LEN_MIN && len <= ATR_LEN_MAX && a.len == len);
	HOLDS(a.hist >= 2 && a.hist + a.hist_len <= a.len && a.hist_len <= 15);
	HOLDS(a.protocols && !(a.protocols & 1 << 15) && (a.protocols >> a.first & 1));
	HOLDS(a.specific_protocol <= 15 && a.bwi <= 15 && a.cwi <= 15 && a.wi);
	HOLDS(a.ifsc && a.ifsc <= 254 && a.classes <= 0x3f && a.clock_stop <= 3);
	HOLDS(!a.has_tck || a.hist + a.hist_len < a.len);
	HOLDS(a.has_ta1 || a.fi_di == ATR_FI_DI_DEFAULT);
	if (a.truncated)
		REACHED("truncated");
	else if (a.has_tck)
		REACHED("with a check byte");
	else
		REACHED("without a check byte");
}
