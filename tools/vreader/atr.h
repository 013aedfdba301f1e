/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers to reset (ISO 7816-3, clause 8). */
#ifndef VREADER_ATR_H
#define VREADER_ATR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct card_spec;

struct atr_info {
	uint8_t protocols;	/* bit n: T=n */
	uint8_t first;		/* the default protocol */
	bool specific;		/* has TA2 */
	uint8_t specific_t;
	uint8_t ta1;		/* 0x11 without TA1 */
	uint8_t tc1;
	uint8_t wi, ifsc, bwi, cwi;
	bool crc, inverse;
};

/* False if the bytes end too early; @info then holds the values up to there. */
bool atr_parse(struct atr_info *info, const uint8_t *atr, size_t len);
/* Build an ATR, with @hist as historical bytes unless @spec has some. Return its length. */
uint8_t atr_build(uint8_t *atr, const struct card_spec *spec, const char *hist);

#endif
