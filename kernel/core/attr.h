/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SCARD_ATTR_H
#define SCARD_ATTR_H

#include <linux/types.h>

struct scard_slot;

int scard_attr_get(struct scard_slot *slot, u32 id, u8 *buf, u32 *len);

#endif
