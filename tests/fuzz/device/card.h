/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The card: ATRs, and what it says to a block, a TPDU or an APDU, well or not. */
#ifndef FUZZ_CARD_H
#define FUZZ_CARD_H

#include "desc.h"

#define CARD_MAX	70000

/* As the head of a case says */
void card_init(const uint8_t *head);
size_t card_atr(uint8_t *out);
/*
 * The card's bytes to @len bytes at @in, @expect of them (0: all), with @how->data wrong; @out has
 * room for CARD_MAX.
 */
size_t card_answer(const uint8_t *in, size_t len, unsigned int expect, uint8_t *out,
		   const struct fuzz_answer *how);
/* Bytes at @out become those of @how->data, where that knows no protocol. */
size_t card_spoil(uint8_t *out, size_t len, const struct fuzz_answer *how);

#endif
