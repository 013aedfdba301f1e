/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A card for measurements, and a mute card. */
#ifndef VREADER_CARD_ECHO_H
#define VREADER_CARD_ECHO_H

struct card_kind;

extern const struct card_kind card_echo, card_echo_mute;

#endif
