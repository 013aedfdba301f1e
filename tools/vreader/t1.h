/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The card's side of T=1 (ISO 7816-3, clause 11): each block gets a block. */
#ifndef VREADER_T1_H
#define VREADER_T1_H

#include <stddef.h>
#include <stdint.h>

#define T1_DEFAULT_IFSD 32

struct card;

void t1_reset(struct card *card, size_t ifsd);
void t1_block(struct card *card, const uint8_t *p, size_t len);

#endif
