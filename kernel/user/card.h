/* SPDX-License-Identifier: GPL-2.0 */
#ifndef USCARD_CARD_H
#define USCARD_CARD_H

#include "user.h"

extern const struct scard_reader_ops uscard_card_ops;

#endif
