/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a command (ccid_cmd.c) is made of. The calls that the other layers need are in
 * scard.h.
 */
#ifndef SCARD_CCID_WIRE_H
#define SCARD_CCID_WIRE_H

#include <linux/sched.h>

#include "scard.h"

bool ccid_wire_barred(const struct scard_reader *reader);
void ccid_wire_limits(struct scard_req *req, unsigned int timeout_ms, unsigned long ceiling);
void ccid_wire_limit(struct scard_req *req, unsigned int timeout_ms);
void ccid_wire_abort_seq(struct scard_req *req);
void ccid_wire_set_waiter(struct scard_req *req, struct task_struct *task);
void ccid_wire_count(struct scard_reader *reader, u64 *counter);
void ccid_wire_retire(struct scard_slot *slot);
void ccid_wire_cancel(struct scard_slot *slot, struct scard_req *req);
int ccid_wire_send(struct scard_slot *slot, struct scard_req *req, u8 type, const u8 params[3],
		   u32 len, struct task_struct *waiter);
void ccid_wire_unsend(struct scard_slot *slot, struct scard_req *req);
int ccid_wire_wait(struct scard_req *req);

/**
 * ccid_wire_post() - ccid_wire_send() for the caller, or nothing
 * @slot: the slot
 * @req: the request
 * @type: bMessageType
 * @params: bytes 7 to 9 of the message
 * @len: bytes of payload
 *
 * Return: 0: to be waited for; or a negative errno with the request off the wire
 */
static inline int ccid_wire_post(struct scard_slot *slot, struct scard_req *req, u8 type,
				 const u8 params[3], u32 len)
{
	int ret = ccid_wire_send(slot, req, type, params, len, current);

	if (ret)
		ccid_wire_unsend(slot, req);
	return ret;
}

#endif
