/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CCID_REQ_H
#define CCID_REQ_H

#include "ccid.h"

/* Payload that the worker receives: an ATR, parameters */
#define CCID_REQ_WORKER_RX	64

int ccid_req_prepare(struct scard_slot *slot, struct scard_req *req, u32 len, gfp_t gfp);
int ccid_req_grow_rx(struct ccid_req *req, u32 room, gfp_t gfp);
int ccid_req_grow_apdu(struct ccid_req *req, u32 size);
void ccid_req_clear(struct scard_req *req);
void ccid_req_free(struct scard_req *req);

/* Bytes of the payload to send */
static inline u8 *ccid_req_payload(const struct ccid_req *req)
{
	return req->tx + CCID_HEADER_LEN;
}

/* @len bytes of the payload may be secret */
static inline void ccid_req_dirty_tx(struct ccid_req *req, u32 len)
{
	req->dirty_tx = max(req->dirty_tx, CCID_HEADER_LEN + len);
}

#endif
