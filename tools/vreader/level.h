/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The exchange levels: data of an XfrBlock to the card, and its response to the host. */
#ifndef VREADER_LEVEL_H
#define VREADER_LEVEL_H

#include <stddef.h>
#include <stdint.h>

struct card_port;
struct slot;

extern const struct card_port level_port;

/* Execute an XfrBlock. */
void level_xfr(struct slot *s, const uint8_t *msg, size_t len);
/* Give the card a T=1 block or a T=0 command. */
void level_run_block(struct slot *s, const uint8_t *block, size_t len);

#endif
