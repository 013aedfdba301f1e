// SPDX-License-Identifier: GPL-2.0
/*
 * Calls on an open file: open and close, state, transactions, exchanges. Each takes its
 * turn (turn.c) where it acts. Touches no user memory.
 */
#include <linux/slab.h>
#include <linux/string.h>

#include "trace.h"

/* ---- requests ---- */

/**
 * scard_handle_get_req() - a request with room for an exchange
 * @h: the handle
 * @send_len: bytes to send
 * @room: bytes that the caller can take
 *
 * The handle keeps one ready, so that the usual exchange allocates nothing; threads
 * that share a handle get one each.
 *
 * Return: the request or NULL
 */
struct scard_req *scard_handle_get_req(struct scard_handle *h, u32 send_len, u32 room)
{
	struct scard_reader *reader = h->slot->reader;
	struct scard_req *req = xchg(&h->spare, NULL);
	u32 rx, tx;

	/* for what the module itself has to say, any will do */
	if (req && send_len <= SCARD_SHORT_TX && !room)
		return req;
	rx = scard_slot_rx_size(h->slot, room);
	tx = CCID_HEADER_LEN + max(send_len, SCARD_SHORT_TX);
	if (!req)
		return scard_req_alloc(reader, tx, rx, GFP_KERNEL_ACCOUNT);
	if ((tx > req->tx_size || rx > req->rx->size) && scard_req_grow(req, tx, rx)) {
		scard_req_free(req);
		return NULL;
	}
	return req;
}

/**
 * scard_handle_put_req() - clear a request and keep it for the next exchange
 * @h: the handle
 * @req: the request, or NULL
 */
void scard_handle_put_req(struct scard_handle *h, struct scard_req *req)
{
	if (!req)
		return;
	scard_req_clear(req);
	scard_req_free(xchg(&h->spare, req));
}

/* ---- open and close ---- */

/**
 * scard_handle_open() - a file is opened; touches no card
 * @slot: its slot
 *
 * Return: the handle or an error pointer
 */
struct scard_handle *scard_handle_open(struct scard_slot *slot)
{
	struct scard_handle *h = kzalloc(sizeof(*h), GFP_KERNEL_ACCOUNT);

	if (!h)
		return ERR_PTR(-ENOMEM);
	h->slot = slot;
	spin_lock(&slot->lock);
	if (slot->pol.gone) {
		spin_unlock(&slot->lock);
		kfree(h);
		return ERR_PTR(-ENODEV);
	}
	h->seen = slot->event;
	h->id = ++slot->last_id;
	scard_slot_look(slot);
	spin_unlock(&slot->lock);
	get_device(&slot->dev);
	trace_scard_open(h);
	return h;
}

/**
 * scard_handle_close() - the last reference to the file is gone
 * @h: the handle
 *
 * Never waits and cannot fail: if the card has to be reset, that is written down
 * under the lock, before anything that anybody asks for later, and the worker does it.
 */
void scard_handle_close(struct scard_handle *h)
{
	struct scard_slot *slot = h->slot;
	bool unused = false;

	trace_scard_close(h);
	spin_lock(&slot->lock);
	if (h->pol.share != POL_UNCONNECTED) {
		pol_close(&slot->pol, &h->pol);
		unused = scard_slot_drop_user(slot);
		scard_slot_changed(slot);
	}
	scard_slot_unlock(slot);
	if (unused)
		scard_slot_unused(slot);
	scard_req_free(h->spare);
	kfree(h);
	put_device(&slot->dev);
}

/* ---- state ---- */

/**
 * scard_handle_info() - SCARD_IOC_GET_INFO
 * @h: the handle
 * @info: filled in
 */
void scard_handle_info(struct scard_handle *h, struct scard_info *info)
{
	const struct scard_slot *slot = h->slot;
	const struct scard_reader *r = slot->reader;
	const struct ccid_desc *desc = &r->desc;

	*info = (struct scard_info){
		.features = SCARD_FEATURE_CANCEL | SCARD_FEATURE_CLOSE_POLICY,
		.minor = MINOR(slot->dev.devt),
		.reader = r->index,
		.slot = slot->index,
		.slots = r->nslots,
		.busy_slots = desc->nbusy,
		.exchange_level = desc->level,
		.protocols = desc->protocols & (SCARD_PROTO_T0 | SCARD_PROTO_T1),
		.dw_features = desc->features,
		.mechanical = desc->mechanical,
		.max_message = desc->max_msg,
		.max_apdu = scard_slot_max_apdu(slot),
		.pin_support = desc->pin_support,
		.lcd_layout = desc->lcd_layout,
		.vendor_id = r->vendor_id,
		.product_id = r->product_id,
		.bcd_device = r->bcd_device,
		.bcd_ccid = desc->bcd_ccid,
		.bus = r->bus,
		.device = r->device,
		.interface = r->interface,
		.has_interrupt = r->has_interrupt,
		.quirks = r->quirks,
	};
	strscpy(info->name, slot->name, sizeof(info->name));
	strscpy(info->manufacturer, r->manufacturer, sizeof(info->manufacturer));
	strscpy(info->product, r->product, sizeof(info->product));
	strscpy(info->interface_name, r->interface_name, sizeof(info->interface_name));
	strscpy(info->serial, r->serial, sizeof(info->serial));
}

/**
 * scard_handle_status() - SCARD_IOC_GET_STATUS
 * @h: the handle
 * @st: flags going in, all else coming out
 * @nonblock: do not wait
 *
 * Return: 0 or a negative errno
 */
int scard_handle_status(struct scard_handle *h, struct scard_status *st, bool nonblock)
{
	struct scard_slot *slot = h->slot;
	struct scard_turn t;
	int ret;

	if (st->flags & SCARD_STATUS_GATED) {
		ret = scard_turn_take(h, &t, POL_OP_STATUS, 0, nonblock);
		if (ret)
			return ret;
	}
	spin_lock(&slot->lock);
	if (slot->pol.gone) {
		spin_unlock(&slot->lock);
		return -ENODEV;
	}
	scard_slot_look(slot);
	st->state = scard_slot_state(slot);
	st->protocol = slot->protocol;
	st->event = slot->event;
	st->card_event = slot->card_event;
	st->epoch = slot->pol.epoch;
	st->handles = slot->pol.connected;
	st->atr_len = slot->atr_len;
	memcpy(st->atr, slot->atr, slot->atr_len);
	if (!(st->flags & SCARD_STATUS_GATED))
		h->seen = slot->event;
	spin_unlock(&slot->lock);
	return 0;
}

/**
 * scard_handle_cancel() - SCARD_IOC_CANCEL
 * @h: the handle
 */
void scard_handle_cancel(struct scard_handle *h)
{
	spin_lock(&h->slot->lock);
	pol_cancel(&h->slot->pol, &h->pol);
	spin_unlock(&h->slot->lock);
}

/* ---- transactions ---- */

/**
 * scard_handle_begin() - SCARD_IOC_BEGIN
 * @h: the handle
 * @nonblock: do not wait
 *
 * Return: 0 or a negative errno
 */
int scard_handle_begin(struct scard_handle *h, bool nonblock)
{
	struct scard_turn t;

	return scard_turn_take(h, &t, POL_OP_BEGIN, 0, nonblock);
}

/* ---- exchanges ---- */

/**
 * scard_handle_transmit() - SCARD_IOC_TRANSMIT
 * @h: the handle
 * @reqp: the request, with the command at tx + CCID_HEADER_LEN; cleared if the caller
 *	was killed and the request is still on the wire
 * @len: bytes of the command
 * @room: bytes that the caller can take
 * @protocol: SCARD_PROTO_* or 0
 * @nonblock: do not wait for a turn
 *
 * Return: 0 and the answer in (*reqp)->data and ->len, or a negative errno
 */
int scard_handle_transmit(struct scard_handle *h, struct scard_req **reqp, u32 len, u32 room,
			  u32 protocol, bool nonblock)
{
	struct scard_slot *slot = h->slot;
	struct scard_turn t;
	int ret;

	if (apdu_may_be_extended((*reqp)->tx + CCID_HEADER_LEN, len)) {
		ret = scard_slot_grow_req(slot, *reqp, len, room);
		if (ret)
			return ret;
	}
	ret = scard_turn_take(h, &t, POL_OP_TRANSMIT, 0, nonblock);
	if (ret)
		return ret;
	ret = scard_slot_transmit(slot, *reqp, len, room, protocol);
	/* also if the exchange has failed: bytes may have reached the card */
	h->pol.spoke |= slot->sent;
	/* who hears -ENOMEM may send the same again */
	if (ret == -ENOMEM && slot->sent)
		ret = -EIO;
	scard_turn_done(h, &t, reqp, ret, POL_LEAVE);
	/* a card that is mute now answered its power-up: what failed is an exchange */
	return ret == -EREMOTEIO ? -EIO : ret;
}

/**
 * scard_handle_control() - SCARD_IOC_CONTROL
 * @h: the handle
 * @reqp: as scard_handle_transmit()
 * @code: control code
 * @len: bytes of input
 * @nonblock: do not wait for a turn
 *
 * Return: 0 and the output in (*reqp)->data and ->len, or a negative errno
 */
int scard_handle_control(struct scard_handle *h, struct scard_req **reqp, u32 code, u32 len,
			 bool nonblock)
{
	const struct scard_hw_ops *ops = h->slot->reader->ops;
	struct scard_turn t;
	bool awake;
	int ret;

	ret = scard_turn_take(h, &t, POL_OP_CONTROL, 0, nonblock);
	if (ret)
		return ret;
	/* another thread may disconnect the handle now, and the card need not have power */
	ret = ops->get(h->slot->reader);
	awake = !ret;
	/*
	 * Controls are not gated, but a PIN is for the card as the handle knows it, and what
	 * the PIN has opened is closed with the handle only if that is so: see pol_close().
	 */
	if (!ret && scard_control_enters_pin(code)) {
		spin_lock(&h->slot->lock);
		ret = pol_pending(&h->slot->pol, &h->pol);
		spin_unlock(&h->slot->lock);
	}
	if (!ret)
		ret = scard_slot_control(h->slot, *reqp, code, len);
	/* a PIN pad has spoken to the card for this handle */
	h->pol.spoke |= h->slot->to_card;
	scard_turn_done(h, &t, reqp, ret, POL_LEAVE);
	if (awake)
		ops->put(h->slot->reader);
	return ret;
}

/**
 * scard_handle_get_attr() - SCARD_IOC_GET_ATTR
 * @h: the handle
 * @id: attribute
 * @buf: SCARD_ATTR_MAX bytes for the value
 * @len: its length
 *
 * Return: 0 or a negative errno
 */
int scard_handle_get_attr(struct scard_handle *h, u32 id, u8 *buf, u32 *len)
{
	struct scard_turn t;
	int ret = scard_turn_take(h, &t, POL_OP_ATTR, 0, true);

	return ret ?: scard_attr_get(h->slot, id, buf, len);
}

/**
 * scard_handle_set_attr() - SCARD_IOC_SET_ATTR
 * @h: the handle
 * @id: attribute
 *
 * Return: a negative errno: no attribute of a CCID can be set
 */
int scard_handle_set_attr(struct scard_handle *h, u32 id)
{
	struct scard_turn t;
	int ret = scard_turn_take(h, &t, POL_OP_ATTR, 0, true);

	return ret ?: -EOPNOTSUPP;
}
