/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SCARD_HANDLES_H
#define SCARD_HANDLES_H

#include "handle.h"

void scard_handles_connected(struct scard_handle *h);
void scard_handles_left(struct scard_handle *h);
void scard_handles_began(struct scard_handle *h);
int scard_handles_list(struct scard_handle *h, u32 room, struct scard_handle_entry **listp,
		       u32 *count);

#endif
