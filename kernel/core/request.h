/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SCARD_REQUEST_H
#define SCARD_REQUEST_H

#include "handle.h"

#define SCARD_WORKER_COMMAND	64	/* bytes of command in a request of the worker */

struct scard_req *scard_request_alloc(struct scard_slot *slot, u32 len, u32 room, gfp_t gfp);
void scard_request_clear(struct scard_req *req);
void scard_request_free(struct scard_req *req);
struct scard_req *scard_request_get(struct scard_handle *h, u32 len, u32 room);
void scard_request_put(struct scard_handle *h, struct scard_req *req);

#endif
