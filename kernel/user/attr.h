/* SPDX-License-Identifier: GPL-2.0 */
#ifndef USCARD_ATTR_H
#define USCARD_ATTR_H

#include "user.h"

int uscard_attr_get(struct scard_slot *slot, u32 id, u32 protocol, u8 *buf, u32 *len);
int uscard_attr_set(struct uscard_slot *slot, const struct uscard_message *msg, const u8 *data);
void uscard_attr_free(struct uscard_slot *slot);

#endif
