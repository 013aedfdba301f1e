/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CCID_SLOT_H
#define CCID_SLOT_H

#include "cmd.h"

int ccid_slot_cmd(struct ccid_slot *slot, struct ccid_req *req, u8 type, const u8 params[3],
		  u32 len, unsigned int timeout_ms);

/* scard_reader_ops */
int ccid_slot_power_on(struct scard_slot *slot, struct scard_req *req, bool warm);
int ccid_slot_power_off(struct scard_slot *slot, struct scard_req *req);
int ccid_slot_status(struct scard_slot *slot, struct scard_req *req);
int ccid_slot_eject(struct scard_slot *slot, struct scard_req *req);
int ccid_slot_finish(struct scard_slot *slot, struct scard_req *req, unsigned int grace_ms);
void ccid_slot_power_off_last(struct ccid_slot *slot);

#endif
