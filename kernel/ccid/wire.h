/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CCID_WIRE_H
#define CCID_WIRE_H

#include "ccid.h"

/* for cmd.c */
bool ccid_wire_stopped(const struct ccid_reader *reader);
void ccid_wire_limits(struct ccid_req *req, unsigned int timeout_ms, unsigned long ceiling);
void ccid_wire_limit(struct ccid_req *req, unsigned int timeout_ms);
void ccid_wire_abort_seq(struct ccid_req *req);
void ccid_wire_retire(struct ccid_slot *slot, struct ccid_req *req);
void ccid_wire_cancel(struct ccid_slot *slot, struct ccid_req *req);
int ccid_wire_post(struct ccid_slot *slot, struct ccid_req *req, u8 type, const u8 params[3],
		   u32 len);
bool ccid_wire_recover(struct ccid_reader *reader, bool pipes);
void ccid_wire_recovered(struct ccid_reader *reader);
int ccid_wire_wait_recovered(struct ccid_reader *reader);
int ccid_wire_wait(struct ccid_slot *slot, struct ccid_req *req);
bool ccid_wire_in_flight(const struct ccid_slot *slot, const struct ccid_req *req);

/* Does this command speak to the card, with its power and protocol? */
static inline bool ccid_wire_is_for_card(u8 type)
{
	return type == CCID_PC_TO_RDR_XFR_BLOCK || type == CCID_PC_TO_RDR_SECURE;
}

/* for the pipes, in any context */
void ccid_wire_received(struct ccid_rx *rx, int status, u32 len);
void ccid_wire_sent(struct ccid_req *req, int status);

/* for reader.c */
void ccid_wire_init(struct ccid_slot *slot);
void ccid_wire_exit(struct ccid_slot *slot);

#endif
