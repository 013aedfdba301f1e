// SPDX-License-Identifier: GPL-2.0
/*
 * Requests: the buffers and transfers of one exchange.
 *
 * A request is made once and used again: on the short path nothing is allocated
 * per APDU. Whatever held APDU bytes is cleared before it is used for somebody
 * else or freed.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "scard.h"

/* A buffer that a host controller can reach; large ones may not be there. */
static u8 *scard_buf_alloc(u32 size, gfp_t gfp)
{
	return kmalloc(size, gfp | __GFP_NOWARN);
}

/**
 * scard_req_alloc() - make a request
 * @reader: the reader, which it will reference
 * @tx_size: longest message to send, header included
 * @rx_size: longest message to receive, header included
 * @gfp: for allocations
 *
 * Return: the request or NULL
 */
struct scard_req *scard_req_alloc(struct scard_reader *reader, u32 tx_size, u32 rx_size, gfp_t gfp)
{
	struct scard_req *req = kzalloc(sizeof(*req), gfp);

	if (!req)
		return NULL;
	scard_reader_get(reader);
	req->reader = reader;
	req->rx = kzalloc(sizeof(*req->rx), gfp);
	if (!req->rx)
		goto fail;
	req->rx->reader = reader;
	req->rx->req = req;
	req->rx->size = roundup(rx_size, reader->rx_unit);
	req->rx->buf = scard_buf_alloc(req->rx->size, gfp);
	req->tx_size = tx_size;
	req->tx = scard_buf_alloc(tx_size, gfp);
	if (!req->rx->buf || !req->tx || reader->ops->init_urbs(req, gfp))
		goto fail;
	return req;

fail:
	scard_req_free(req);
	return NULL;
}

/**
 * scard_req_grow() - make the buffers of a request large enough
 * @req: a request that is not on the wire and holds nothing
 * @tx_size: see scard_req_alloc()
 * @rx_size: see scard_req_alloc()
 *
 * Return: 0 or -ENOMEM
 */
int scard_req_grow(struct scard_req *req, u32 tx_size, u32 rx_size)
{
	rx_size = roundup(rx_size, req->reader->rx_unit);
	if (tx_size > req->tx_size) {
		u8 *tx = scard_buf_alloc(tx_size, GFP_KERNEL_ACCOUNT);

		if (!tx)
			return -ENOMEM;
		kfree(req->tx);
		req->tx = tx;
		req->tx_size = tx_size;
	}
	if (rx_size > req->rx->size) {
		u8 *buf = scard_buf_alloc(rx_size, GFP_KERNEL_ACCOUNT);

		if (!buf)
			return -ENOMEM;
		kfree(req->rx->buf);
		req->rx->buf = buf;
		req->rx->size = rx_size;
	}
	return 0;
}

/**
 * scard_req_grow_apdu() - make room for an APDU that takes several blocks
 * @req: the request
 * @size: bytes wanted
 *
 * Return: 0 or -ENOMEM
 */
int scard_req_grow_apdu(struct scard_req *req, u32 size)
{
	u8 *apdu;

	if (size <= req->apdu_size)
		return 0;
	apdu = kvmalloc(size, GFP_KERNEL_ACCOUNT);
	if (!apdu)
		return -ENOMEM;
	/* a PIN template may be in it, which pinpad.c had put aside */
	kvfree_sensitive(req->apdu, req->apdu_size);
	req->apdu = apdu;
	req->apdu_size = size;
	return 0;
}

/**
 * scard_req_clear() - forget the APDU bytes in a request that is not on the wire
 * @req: the request
 */
void scard_req_clear(struct scard_req *req)
{
	memzero_explicit(req->tx, min(req->dirty_tx, req->tx_size));
	memzero_explicit(req->rx->buf, min(req->rx->dirty, req->rx->size));
	if (req->apdu)
		memzero_explicit(req->apdu, min(req->dirty_apdu, req->apdu_size));
	req->dirty_tx = 0;
	req->rx->dirty = 0;
	req->dirty_apdu = 0;
	req->data = NULL;
	req->len = 0;
}

/**
 * scard_req_free() - clear and free a request that is not on the wire
 * @req: the request, or NULL
 */
void scard_req_free(struct scard_req *req)
{
	if (!req)
		return;
	if (req->rx && req->rx->buf && req->tx)
		scard_req_clear(req);
	req->reader->ops->free_urbs(req);
	if (req->rx)
		kfree(req->rx->buf);
	kfree(req->rx);
	kfree(req->tx);
	kvfree(req->apdu);
	scard_reader_put(req->reader);
	kfree(req);
}
