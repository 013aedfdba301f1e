/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command of all measurements, for every stack the same. */
#ifndef BENCH_APDU_H
#define BENCH_APDU_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Longest extended APDU */
#define APDU_MAX	65544

/* READ BINARY with or without data, @len bytes; its status word does not matter. */
static inline size_t make_apdu(uint8_t *apdu, size_t len)
{
	memset(apdu, 0x5a, len);
	memcpy(apdu, "\x00\xb0\x00\x00", 4);
	if (len > 261) {
		apdu[4] = 0;
		apdu[5] = (uint8_t)((len - 9) >> 8);
		apdu[6] = (uint8_t)(len - 9);
		memset(apdu + len - 2, 0, 2);
	} else {
		apdu[4] = len > 5 ? (uint8_t)(len - 5) : 2;
	}
	return len;
}

#endif
