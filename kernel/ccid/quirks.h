/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CCID_QUIRKS_H
#define CCID_QUIRKS_H

#include "ccid.h"

extern const char * const ccid_quirks_words[32];

void ccid_quirks_apply(struct ccid_reader *reader);

#endif
