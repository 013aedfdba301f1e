/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file-system card of ISO 7816-4. */
#ifndef VREADER_CARD_ISO_H
#define VREADER_CARD_ISO_H

struct card_kind;

extern const struct card_kind card_iso;

#endif
