/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CCID_CMD_H
#define CCID_CMD_H

#include "ccid.h"

/* Bytes 7 to 9 of a message whose type gives them no meaning */
extern const u8 ccid_cmd_no_params[3];

int ccid_cmd(struct ccid_slot *slot, struct ccid_req *req, u8 type, const u8 params[3], u32 len,
	     unsigned int timeout_ms);
int ccid_cmd_verdict(const struct ccid_req *req);
enum scard_progress ccid_cmd_begins(struct ccid_slot *slot, u8 type);
int ccid_cmd_exchange(struct ccid_slot *slot, struct ccid_req *req, u8 type, const u8 params[3],
		      u32 len, unsigned int timeout_ms);
int ccid_cmd_finish(struct ccid_slot *slot, struct ccid_req *req, unsigned int grace_ms);
void ccid_cmd_port_reset(struct ccid_reader *reader);
bool ccid_cmd_take_over(struct ccid_slot *slot);
void ccid_cmd_abandon(struct ccid_slot *slot, struct ccid_req *req);

#endif
