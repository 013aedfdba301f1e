/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CCID_PINPAD_H
#define CCID_PINPAD_H

#include "ccid.h"

int ccid_pinpad_ask(struct ccid_slot *slot, struct ccid_req *req, struct pin_pad *pad);
int ccid_pinpad_firmware(struct ccid_slot *slot, struct ccid_req *req, u8 *name, u32 size,
			 u32 *len);
int ccid_pinpad_enter(struct ccid_slot *slot, struct ccid_req *req, bool modify);

#endif
