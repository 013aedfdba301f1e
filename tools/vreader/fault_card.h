/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The error that a card has to make next. */
#ifndef VREADER_FAULT_CARD_H
#define VREADER_FAULT_CARD_H

#include <stdbool.h>

enum fault_card_error {
	FAULT_CARD_NONE,
	FAULT_CARD_MUTE,
	FAULT_CARD_PARITY,
	FAULT_CARD_LRC,
	FAULT_CARD_SEQ,
	FAULT_CARD_NAD,
	FAULT_CARD_LEN,
	FAULT_CARD_RBLOCK,
	FAULT_CARD_RESYNCH,
	FAULT_CARD_ABORT,
	FAULT_CARD_IFS,
	FAULT_CARD_WTX,
	FAULT_CARD_NULL,
	FAULT_CARD_PROC,
};

void fault_card_set(enum fault_card_error e, long arg);
/* Whether the card has to make error @e now; it makes it once. */
bool fault_card_is(enum fault_card_error e, long *arg);

#endif
