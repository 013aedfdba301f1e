/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Insert and remove cards. */
#ifndef VREADER_SLOT_CARD_H
#define VREADER_SLOT_CARD_H

#include <stdbool.h>

struct card_spec;
struct slot;

/* Insert a card; a vpcd card comes when its emulator connects. */
bool slot_card_put(struct slot *s, const struct card_spec *spec);
bool slot_card_insert(struct slot *s, const struct card_spec *spec);
bool slot_card_remove(struct slot *s);
/* Remove the card without a notification: the next one follows at once. */
bool slot_card_swap(struct slot *s);
/* A port reset, or a resume of a reader that powers its cards off. */
void slot_card_power_lost(struct slot *s);

#endif
