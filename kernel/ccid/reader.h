/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CCID_READER_H
#define CCID_READER_H

#include "ccid.h"

int ccid_reader_init(struct ccid_reader *reader);

#endif
