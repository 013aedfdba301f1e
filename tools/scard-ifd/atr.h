/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SCARD_IFD_ATR_H
#define SCARD_IFD_ATR_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct atr_protocols - the protocols of a card
 * @first: bit of the one that the card speaks without a PPS
 * @all: bits of those that it offers; in specific mode only @first
 */
struct atr_protocols {
	uint32_t first;
	uint32_t all;
};

/* The protocols T=0 and T=1 of an ATR, ISO 7816-3 section 8.2; a short ATR offers what it can */
struct atr_protocols atr_protocols(const uint8_t *atr, size_t len);

/* The protocol to agree on: the first offered one of @wanted. 0: there is none */
uint32_t atr_choose(const struct atr_protocols *protocols, uint32_t wanted);

#endif
