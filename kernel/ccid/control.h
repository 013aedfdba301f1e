/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CCID_CONTROL_H
#define CCID_CONTROL_H

#include "ccid.h"

/* scard_reader_ops */
int ccid_control(struct scard_slot *slot, struct scard_req *req, u32 code);
bool ccid_control_is_gated(const struct scard_slot *slot, u32 code);

#endif
