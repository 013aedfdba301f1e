// SPDX-License-Identifier: GPL-2.0-or-later
/* Prints the result of ccid_atr_parse() for ATRs in hexadecimal, one a line, for atr_list. */
#include "atr.h"
#include "unit.h"

static void dump(const struct atr *a)
{
	unsigned int i;

	printf("inverse=%d fi_di=%02x f=%u d=%u n=%u protocols=%x first=%u specific=%d ",
	       a->inverse, a->fi_di, ccid_atr_f(a->fi_di), ccid_atr_d(a->fi_di), a->guard_time, a->protocols,
	       a->first, a->specific);
	printf("tck=%d tck_ok=%d truncated=%d hist_at=%u hist_announced=%u hist=", a->has_tck,
	       a->tck_ok, a->truncated, a->hist, a->bytes[1] & 0x0f);
	for (i = 0; i < a->hist_len; i++)
		printf("%02x", a->bytes[a->hist + i]);
	printf(" ifsc=%u bwi=%u cwi=%u crc=%d wi=%u clock_stop=%u classes=%u\n", a->ifsc, a->bwi,
	       a->cwi, a->crc, a->wi, a->clock_stop, a->classes);
}

int main(void)
{
	char line[400];

	while (fgets(line, sizeof(line), stdin)) {
		struct atr a;
		u32 len;
		u8 *buf = scard_test_hex(line, &len);

		if (ccid_atr_parse(&a, buf, len))
			puts("refused");
		else
			dump(&a);
		scard_test_free(buf);
	}
	return 0;
}
