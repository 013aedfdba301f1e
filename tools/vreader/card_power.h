/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reset and power of a card. */
#ifndef VREADER_CARD_POWER_H
#define VREADER_CARD_POWER_H

#include <stdbool.h>
#include <stdint.h>

#include "card.h"

/* Reset, trying the supply classes @voltage; call @done now or later. */
void card_power_reset(struct card *card, bool warm, uint8_t voltage, card_done_fn done);
void card_power_off(struct card *card);

#endif
