/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CCID_IGNORE_H
#define CCID_IGNORE_H

#include "core/scard.h"

bool ccid_ignore(const struct scard_reader *reader);

#endif
