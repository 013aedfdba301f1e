// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers of a request: the message to send, the receive buffer, and the assembly of APDUs
 * that take several blocks.
 */
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "req.h"

/* Messages up to this are received whole, however small the room of the caller */
#define REQ_SMALL_MESSAGE	1024U
/*
 * Receive-buffer size used until an extended Le asks for more: one transfer of up to 64 KiB
 * is one for any host controller, and a larger buffer takes the next size of the allocator.
 */
#define REQ_USUAL_ROOM		(SZ_64K - CCID_HEADER_LEN)

/*
 * The answer may be longer than the caller expects, and then its length has to be reported:
 * small messages are received whole, large ones as the caller can take. Where answers of other
 * slots may arrive in the buffer, it takes any message.
 */
static u32 req_rx_size(const struct ccid_req *req, u32 room)
{
	const struct ccid_desc *desc = &ccid_req_reader(req)->desc;

	if (desc->nbusy > 1)
		return desc->max_msg;
	if (req->req.worker)
		return CCID_HEADER_LEN + CCID_REQ_WORKER_RX;
	return min(max(CCID_HEADER_LEN + room, REQ_SMALL_MESSAGE), desc->max_msg);
}

static void req_count(struct ccid_req *req)
{
	req->req.kept = req->tx_size + req->rx->size + req->apdu_size;
}

/* A buffer that a host controller can reach; a large one may not be there. */
static u8 *req_buf_alloc(u32 size, gfp_t gfp)
{
	return kmalloc(size, gfp | __GFP_NOWARN);
}

/**
 * ccid_req_grow_rx() - make room for an answer
 * @req: a request that is off the wire and holds nothing
 * @room: bytes of answer
 * @gfp: for the allocation
 *
 * Return: 0 or -ENOMEM
 */
int ccid_req_grow_rx(struct ccid_req *req, u32 room, gfp_t gfp)
{
	u32 size = roundup(req_rx_size(req, room), ccid_req_reader(req)->rx_unit);
	u8 *buf;

	if (size <= req->rx->size)
		return 0;
	buf = req_buf_alloc(size, gfp);
	if (!buf)
		return -ENOMEM;
	kfree(req->rx->buf);
	req->rx->buf = buf;
	req->rx->size = size;
	req_count(req);
	return 0;
}

static int req_grow_tx(struct ccid_req *req, u32 len, gfp_t gfp)
{
	u8 *tx;

	if (CCID_HEADER_LEN + len <= req->tx_size)
		return 0;
	tx = req_buf_alloc(CCID_HEADER_LEN + len, gfp);
	if (!tx)
		return -ENOMEM;
	kfree(req->tx);
	req->tx = tx;
	req->tx_size = CCID_HEADER_LEN + len;
	req->req.in = ccid_req_payload(req);
	req->req.in_size = len;
	req_count(req);
	return 0;
}

static int req_init(struct ccid_req *req, gfp_t gfp)
{
	struct ccid_reader *reader = ccid_req_reader(req);

	init_waitqueue_head(&req->wait);
	req->rx = kzalloc(sizeof(*req->rx), gfp);
	if (!req->rx)
		return -ENOMEM;
	req->rx->reader = reader;
	req->rx->req = req;
	return reader->bus->req_init(req, gfp);
}

/**
 * ccid_req_prepare() - scard_reader_ops.req_prepare
 * @slot: the slot
 * @req: the request, zeroed but for the core's part, or one that holds nothing
 * @len: bytes of command
 * @gfp: for allocations
 *
 * Return: 0 or -ENOMEM
 */
int ccid_req_prepare(struct scard_slot *slot, struct scard_req *req, u32 len, gfp_t gfp)
{
	struct ccid_req *ccid = to_ccid_req(req);
	int ret = ccid->rx ? 0 : req_init(ccid, gfp);

	if (!ret)
		ret = req_grow_tx(ccid, len, gfp);
	return ret ?: ccid_req_grow_rx(ccid, min_t(u32, req->room, REQ_USUAL_ROOM), gfp);
}

/**
 * ccid_req_grow_apdu() - make room for an APDU that takes several blocks
 * @req: the request
 * @size: bytes wanted
 *
 * Return: 0 or -ENOMEM
 */
int ccid_req_grow_apdu(struct ccid_req *req, u32 size)
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
	req_count(req);
	return 0;
}

/**
 * ccid_req_clear() - scard_reader_ops.req_clear
 * @req: the request, off the wire
 */
void ccid_req_clear(struct scard_req *req)
{
	struct ccid_req *ccid = to_ccid_req(req);

	/* the core may have copied a command that was never sent */
	ccid_req_dirty_tx(ccid, req->in_len);
	memzero_explicit(ccid->tx, min(ccid->dirty_tx, ccid->tx_size));
	memzero_explicit(ccid->rx->buf, min(ccid->rx->dirty, ccid->rx->size));
	if (ccid->apdu)
		memzero_explicit(ccid->apdu, min(ccid->dirty_apdu, ccid->apdu_size));
	ccid->dirty_tx = 0;
	ccid->rx->dirty = 0;
	ccid->dirty_apdu = 0;
}

/**
 * ccid_req_free() - scard_reader_ops.req_free
 * @req: the request, off the wire; its buffers may be there in part
 */
void ccid_req_free(struct scard_req *req)
{
	struct ccid_req *ccid = to_ccid_req(req);

	if (!ccid->rx)
		return;
	if (ccid->rx->buf && ccid->tx)
		ccid_req_clear(req);
	ccid_req_reader(ccid)->bus->req_exit(ccid);
	kfree(ccid->rx->buf);
	kfree(ccid->rx);
	kfree(ccid->tx);
	kvfree(ccid->apdu);
}
