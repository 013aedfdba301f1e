/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kinds of cards by name. */
#ifndef VREADER_CARD_KIND_H
#define VREADER_CARD_KIND_H

struct card_kind;

/* NULL if there is no such kind. */
const struct card_kind *card_kind_by_name(const char *name);

#endif
