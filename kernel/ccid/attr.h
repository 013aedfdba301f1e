/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CCID_ATTR_H
#define CCID_ATTR_H

#include "ccid.h"

/* scard_reader_ops */
int ccid_attr_get(struct scard_slot *slot, u32 id, u32 protocol, u8 *buf, u32 *len);

#endif
