// SPDX-License-Identifier: GPL-2.0
/*
 * Calls on an open file: open and close, state, transactions, exchanges. Each takes its
 * turn (turn.c) where it acts. Touches no user memory.
 */
#include <linux/pid.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "attr.h"
#include "card.h"
#include "event.h"
#include "file.h"
#include "handles.h"
#include "power.h"
#include "presence.h"
#include "process.h"
#include "request.h"
#include "slot.h"
#include "trace.h"
#include "turn.h"

/* ---- open and close ---- */

/**
 * scard_file_open() - make a handle; touches no card
 * @slot: its slot
 *
 * Return: the handle or an error pointer
 */
struct scard_handle *scard_file_open(struct scard_slot *slot)
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
	h->seen = slot->events.all;
	h->id = ++slot->last_id;
	scard_presence_refresh(slot);
	spin_unlock(&slot->lock);
	get_device(&slot->dev);
	trace_scard_open(h);
	return h;
}

/**
 * scard_file_end() - end a handle without DISCONNECT
 * @h: the handle; its file may still be open elsewhere, and calls of it under way
 *
 * Never waits and cannot fail: the policy notes a reset of the card under the lock, before
 * any later call can have its turn, and the worker does it.
 */
void scard_file_end(struct scard_handle *h)
{
	struct scard_slot *slot = h->slot;
	bool unused = false, connected;

	trace_scard_close(h);
	spin_lock(&slot->lock);
	connected = h->pol.share != POL_UNCONNECTED;
	scard_pol_close(&slot->pol, &h->pol);
	if (connected) {
		scard_process_unbind(h);
		scard_handles_left(h);
		unused = scard_power_put_locked(slot);
		scard_event_changed(slot);
	}
	scard_slot_unlock(slot);
	if (unused)
		scard_power_unused(slot);
}

/**
 * scard_file_close() - end a handle whose last reference is gone
 * @h: the handle
 */
void scard_file_close(struct scard_handle *h)
{
	struct scard_slot *slot = h->slot;

	scard_file_end(h);
	scard_request_free(h->spare);
	put_pid(h->user.pid);
	kfree(h);
	put_device(&slot->dev);
}

/* ---- state ---- */

/**
 * scard_file_info() - SCARD_IOC_GET_INFO
 * @h: the handle
 * @info: filled in
 */
void scard_file_info(struct scard_handle *h, struct scard_info *info)
{
	const struct scard_slot *slot = h->slot;
	const struct scard_reader *r = slot->reader;

	*info = (struct scard_info){
		.features = SCARD_FEATURE_CANCEL | SCARD_FEATURE_CLOSE_POLICY |
			    SCARD_FEATURE_PROCESS | SCARD_FEATURE_HANDLES,
		.minor = MINOR(slot->dev.devt),
		.reader = r->index,
		.slot = slot->index,
		.slots = r->nslots,
		.busy_slots = r->nbusy,
		.protocols = r->protocols,
		.max_apdu = r->max_apdu,
		.vendor_id = r->vendor_id,
		.product_id = r->product_id,
		.has_interrupt = READ_ONCE(r->notifies),
	};
	r->ops->get_info(slot, info);
	strscpy(info->name, slot->name, sizeof(info->name));
	strscpy(info->manufacturer, r->manufacturer, sizeof(info->manufacturer));
	strscpy(info->product, r->product, sizeof(info->product));
	strscpy(info->interface_name, r->interface_name, sizeof(info->interface_name));
	strscpy(info->serial, r->serial, sizeof(info->serial));
}

/**
 * scard_file_status() - SCARD_IOC_GET_STATUS
 * @h: the handle
 * @st: flags going in, all else coming out
 * @nonblock: do not wait
 *
 * Return: 0 or a negative errno
 */
int scard_file_status(struct scard_handle *h, struct scard_status *st, bool nonblock)
{
	struct scard_slot *slot = h->slot;
	struct scard_turn t;
	int ret;

	if (st->flags & SCARD_STATUS_GATED) {
		ret = scard_turn_take(h, &t, NULL, POL_OP_STATUS, 0, nonblock);
		if (ret)
			return ret;
	}
	spin_lock(&slot->lock);
	if (slot->pol.gone) {
		spin_unlock(&slot->lock);
		return -ENODEV;
	}
	scard_presence_refresh(slot);
	st->state = scard_event_state(slot);
	st->protocol = slot->card.protocol;
	st->event = slot->events.all;
	st->card_event = slot->events.card;
	st->epoch = slot->pol.epoch;
	st->handles = slot->pol.connected;
	st->atr_len = slot->card.atr_len;
	memcpy(st->atr, slot->card.atr, slot->card.atr_len);
	/* a copy that another process has does not take the event from that of the handle */
	if (!(st->flags & SCARD_STATUS_GATED) && scard_process_may_use(h))
		h->seen = slot->events.all;
	spin_unlock(&slot->lock);
	return 0;
}

/**
 * scard_file_cancel() - SCARD_IOC_CANCEL
 * @h: the handle
 */
void scard_file_cancel(struct scard_handle *h)
{
	spin_lock(&h->slot->lock);
	if (scard_process_may_use(h))
		scard_pol_cancel(&h->slot->pol, &h->pol);
	spin_unlock(&h->slot->lock);
}

/* ---- transactions ---- */

/**
 * scard_file_begin() - SCARD_IOC_BEGIN
 * @h: the handle
 * @nonblock: do not wait
 *
 * Return: 0 or a negative errno
 */
int scard_file_begin(struct scard_handle *h, bool nonblock)
{
	struct scard_turn t;

	return scard_turn_take(h, &t, NULL, POL_OP_BEGIN, 0, nonblock);
}

/* ---- exchanges ---- */

/* Can the card take a command in @protocol? Then the request has the active one. */
static int file_check_card(struct scard_slot *slot, struct scard_req *req, u32 protocol)
{
	u32 active;
	int ret;

	spin_lock(&slot->lock);
	ret = scard_slot_no_card(slot);
	active = slot->card.protocol;
	spin_unlock(&slot->lock);
	if (ret)
		return ret;
	if (protocol && protocol != SCARD_PROTO_RAW && protocol != active)
		return -EPROTONOSUPPORT;
	req->protocol = protocol == SCARD_PROTO_RAW ? protocol : active;
	return 0;
}

/**
 * scard_file_transmit() - SCARD_IOC_TRANSMIT
 * @h: the handle
 * @reqp: the request, with the command; cleared if the caller was killed and the exchange is
 *	still under way
 * @protocol: SCARD_PROTO_* that the caller believes active; 0: whichever is
 * @nonblock: do not wait for a turn
 *
 * Return: 0 and the answer in the request, or a negative errno
 */
int scard_file_transmit(struct scard_handle *h, struct scard_req **reqp, u32 protocol,
			bool nonblock)
{
	struct scard_slot *slot = h->slot;
	const struct scard_reader_ops *ops = slot->reader->ops;
	struct scard_turn t;
	int ret;

	ret = ops->transmit_prepare(slot, *reqp);
	if (ret)
		return ret;
	ret = scard_turn_take(h, &t, *reqp, POL_OP_TRANSMIT, 0, nonblock);
	if (ret)
		return ret;
	ret = file_check_card(slot, *reqp, protocol);
	if (!ret)
		ret = ops->transmit(slot, *reqp);
	/* -ENOMEM promises that nothing was sent and that a retry is safe */
	if (ret == -ENOMEM && slot->op.progress != SCARD_NOTHING_SENT)
		ret = -EIO;
	ret = scard_turn_done(h, &t, reqp, ret);
	/* a card that is mute now answered its power-up: the exchange failed */
	return ret == -EREMOTEIO ? -EIO : ret;
}

/**
 * scard_file_control() - SCARD_IOC_CONTROL
 * @h: the handle
 * @reqp: as scard_file_transmit()
 * @code: control code
 * @nonblock: do not wait for a turn
 *
 * Return: 0 and the output in the request, or a negative errno
 */
int scard_file_control(struct scard_handle *h, struct scard_req **reqp, u32 code, bool nonblock)
{
	struct scard_slot *slot = h->slot;
	const struct scard_reader_ops *ops = slot->reader->ops;
	struct scard_turn t;
	bool awake;
	int ret;

	ret = scard_turn_take(h, &t, *reqp, POL_OP_CONTROL, 0, nonblock);
	if (ret)
		return ret;
	/* another thread may disconnect the handle now, and the card need not have power */
	ret = ops->get(slot->reader);
	awake = !ret;
	/*
	 * Controls are not gated, but a PIN is for the card that the handle knows: only then
	 * does the end of the handle make the card forget it, see scard_pol_close().
	 */
	spin_lock(&slot->lock);
	if (!ret && ops->control_is_gated(slot, code))
		ret = scard_pol_pending(&slot->pol, &h->pol);
	(*reqp)->protocol = slot->card.protocol;
	spin_unlock(&slot->lock);
	if (!ret)
		ret = ops->control(slot, *reqp, code);
	ret = scard_turn_done(h, &t, reqp, ret);
	if (awake)
		ops->put(slot->reader);
	return ret;
}

/**
 * scard_file_get_attr() - SCARD_IOC_GET_ATTR
 * @h: the handle
 * @id: attribute
 * @buf: SCARD_MAX_ATTRIBUTE_SIZE bytes for the value
 * @len: its length
 *
 * Return: 0 or a negative errno
 */
int scard_file_get_attr(struct scard_handle *h, u32 id, u8 *buf, u32 *len)
{
	struct scard_turn t;
	int ret = scard_turn_take(h, &t, NULL, POL_OP_ATTR, 0, true);

	return ret ?: scard_attr_get(h->slot, id, buf, len);
}

/**
 * scard_file_set_attr() - SCARD_IOC_SET_ATTR
 * @h: the handle
 * @id: attribute
 *
 * Return: a negative errno: no attribute of a reader can be set
 */
int scard_file_set_attr(struct scard_handle *h, u32 id)
{
	struct scard_turn t;
	int ret = scard_turn_take(h, &t, NULL, POL_OP_ATTR, 0, true);

	return ret ?: -EOPNOTSUPP;
}
