// SPDX-License-Identifier: GPL-2.0
/*
 * Requests: one exchange and its buffers, which are the transport's.
 *
 * A handle keeps one request ready, so the usual exchange allocates nothing. One with large
 * buffers is kept by the slot, so that it is there once and not for each open file. Bytes of
 * an APDU are cleared before the request serves another call or is freed.
 */
#include <linux/kref.h>
#include <linux/slab.h>

#include "request.h"

/* A handle keeps no more than this: buffers for short APDUs */
#define REQUEST_SMALL	2048U

/**
 * scard_request_alloc() - make a request
 * @slot: its slot, whose reader it will reference
 * @len: bytes of command; SCARD_WORKER_COMMAND for the worker's
 * @room: bytes of answer
 * @gfp: for allocations
 *
 * Return: the request or NULL
 */
struct scard_req *scard_request_alloc(struct scard_slot *slot, u32 len, u32 room, gfp_t gfp)
{
	const struct scard_reader_ops *ops = slot->reader->ops;
	struct scard_req *req = kzalloc(ops->req_size, gfp);

	if (!req)
		return NULL;
	kref_get(&slot->reader->kref);
	req->reader = slot->reader;
	refcount_set(&req->users, 1);
	req->worker = len == SCARD_WORKER_COMMAND;
	req->room = room;
	if (ops->req_prepare(slot, req, len, gfp)) {
		scard_request_free(req);
		return NULL;
	}
	return req;
}

/**
 * scard_request_clear() - forget the bytes in a request whose exchange is over
 * @req: the request
 */
void scard_request_clear(struct scard_req *req)
{
	req->reader->ops->req_clear(req);
	req->single = false;
	req->in_len = 0;
	req->out = NULL;
	req->out_len = 0;
}

/**
 * scard_request_free() - drop a request whose exchange is over; the last user frees it, cleared
 * @req: the request, or NULL
 */
void scard_request_free(struct scard_req *req)
{
	struct scard_reader *reader;

	if (!req || !refcount_dec_and_test(&req->users))
		return;
	reader = req->reader;
	reader->ops->req_free(req);
	kfree(req);
	scard_reader_put(reader);
}

static struct scard_req *request_take(struct scard_req **place)
{
	return READ_ONCE(*place) ? xchg(place, NULL) : NULL;
}

/**
 * scard_request_get() - take a request with room for an exchange
 * @h: the handle
 * @len: bytes of command
 * @room: bytes of answer that the caller can take
 *
 * Threads that share a handle get one each.
 *
 * Return: the request or NULL
 */
struct scard_req *scard_request_get(struct scard_handle *h, u32 len, u32 room)
{
	bool large = len > SCARD_SHORT_COMMAND || room > REQUEST_SMALL / 2;
	struct scard_req *req = NULL;

	if (large)
		req = request_take(&h->slot->large);
	if (!req)
		req = request_take(&h->spare);
	if (!req && !large)
		req = request_take(&h->slot->large);
	len = max(len, SCARD_SHORT_COMMAND);
	if (!req)
		return scard_request_alloc(h->slot, len, room, GFP_KERNEL_ACCOUNT);
	/* any request will do for what the core itself sends */
	req->room = room;
	if ((room || len > SCARD_SHORT_COMMAND) &&
	    req->reader->ops->req_prepare(h->slot, req, len, GFP_KERNEL_ACCOUNT)) {
		scard_request_free(req);
		return NULL;
	}
	return req;
}

/**
 * scard_request_put() - clear a request and keep it for the next exchange
 * @h: the handle
 * @req: the request, or NULL
 */
void scard_request_put(struct scard_handle *h, struct scard_req *req)
{
	if (!req)
		return;
	scard_request_clear(req);
	scard_request_free(xchg(req->kept > REQUEST_SMALL ? &h->slot->large : &h->spare, req));
}
