/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CCID_NEGOTIATE_H
#define CCID_NEGOTIATE_H

#include "ccid.h"

/* scard_reader_ops */
int ccid_negotiate(struct scard_slot *slot, struct scard_req *req, u32 protocols);

#endif
