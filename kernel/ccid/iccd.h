/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CCID_ICCD_H
#define CCID_ICCD_H

#include "ccid.h"

void ccid_iccd_init(struct ccid_reader *reader, u8 version);
int ccid_iccd_exchange(struct ccid_slot *slot, struct ccid_req *req, u8 type, const u8 params[3],
		       u32 len, unsigned int timeout_ms);

#endif
