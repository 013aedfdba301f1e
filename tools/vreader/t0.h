/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The card's side of T=0: headers, procedure bytes, 61xx, 6Cxx and GET RESPONSE. */
#ifndef VREADER_T0_H
#define VREADER_T0_H

#include <stddef.h>
#include <stdint.h>

struct card;

void t0_reset(struct card *card);
/* TPDU level: a whole command, without procedure bytes. */
void t0_tpdu(struct card *card, const uint8_t *p, size_t len);
/* Character level: a header, or data after an ACK. */
void t0_bytes(struct card *card, const uint8_t *p, size_t len);

#endif
