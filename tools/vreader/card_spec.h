/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The description of a card, as options give it. */
#ifndef VREADER_CARD_SPEC_H
#define VREADER_CARD_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#define MAX_ATR 33

enum tck_mode { TCK_GOOD, TCK_BAD, TCK_ERROR };

/* The value of --card and the argument of the control command "insert". */
struct card_spec {
	char kind[8];		/* empty: not given */
	char protocols[3];	/* "0", "1", "01", "10", or empty */
	uint8_t atr[MAX_ATR];
	uint8_t atr_len;	/* 0: built from the fields below */
	uint8_t hist[15];
	int hist_len;		/* -1: use the name of the kind */
	int ta1, ta2, tc1;	/* -1: not in the ATR */
	int wi, ifsc, bwi, cwi;
	bool crc, inverse;
	#define MAX_ATR 33

enum tck_mode tck;
	char pin[9];
	int tries;
	unsigned int delay_ms, wtx_ms;
	uint8_t voltage;
	uint16_t port;
	char state[32];
};

#endif
