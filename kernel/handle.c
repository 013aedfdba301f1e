// SPDX-License-Identifier: GPL-2.0
/*
 * What a call on an open file means: ask the policy for a turn, wait for it, act,
 * give it back. Touches no user memory and knows no CCID.
 *
 * Killed callers. A caller that is killed while its command is on the wire leaves
 * at once: the slot's worker becomes the actor in its place, finishes or aborts the
 * command and resets the card if an operation was cut in the middle. The caller's
 * request then belongs to the worker, and the caller's pointer to it is cleared.
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/capability.h>
#include <linux/jiffies.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "scard.h"

static const char * const close_policies[] = {
	[POL_CLOSE_RESET] = "reset",
	[POL_CLOSE_TRANSACTION] = "transaction",
	[POL_CLOSE_UNPOWER] = "unpower",
};

static enum pol_close close_policy = POL_CLOSE_RESET;

static int close_policy_set(const char *val, const struct kernel_param *kp)
{
	unsigned int i;

	for (i = POL_CLOSE_RESET; i < ARRAY_SIZE(close_policies); i++) {
		if (sysfs_streq(val, close_policies[i])) {
			WRITE_ONCE(close_policy, i);
			return 0;
		}
	}
	return -EINVAL;
}

static int close_policy_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", close_policies[READ_ONCE(close_policy)]);
}

static const struct kernel_param_ops close_policy_ops = {
	.set = close_policy_set,
	.get = close_policy_get,
};
module_param_cb(close_policy, &close_policy_ops, NULL, 0644);
MODULE_PARM_DESC(close_policy,
		 "a close without SCardDisconnect: reset the card (default), power it off (unpower), or reset it only after a transaction or EXCLUSIVE (transaction)");

/* ---- turns ---- */

/*
 * Wait for a turn. Return 0 (for the operations that act: the caller is the actor),
 * or a negative errno: -EAGAIN, -ERESTARTSYS, or what the policy says.
 */
static int turn_take(struct scard_handle *h, struct scard_turn *t, enum pol_op op,
		     enum pol_share share, bool nonblock)
{
	struct scard_slot *slot = h->slot;
	int ret;

	t->pol = (struct pol_turn){ .handle = &h->pol, .op = op, .share = share };
	init_completion(&t->woken);

	spin_lock(&slot->lock);
	ret = pol_ask(&slot->pol, &t->pol);
	if (ret == POL_WAIT && nonblock) {
		pol_withdraw(&slot->pol, &t->pol);
		ret = -EAGAIN;
	}
	spin_unlock(&slot->lock);

	if (ret == POL_WAIT) {
		if (wait_for_completion_interruptible(&t->woken)) {
			bool waiting;

			spin_lock(&slot->lock);
			waiting = pol_withdraw(&slot->pol, &t->pol);
			spin_unlock(&slot->lock);
			if (waiting)
				return -ERESTARTSYS;
			/* served at the same moment: go on, nothing is lost */
		}
		ret = t->pol.result;
	}
	if (!ret && slot->pol.actor == &t->pol) {
		slot->sent = false;
		slot->single = false;
		slot->ceiling = jiffies + msecs_to_jiffies(SCARD_CEILING_MS);
	}
	return ret;
}

/*
 * The actor has finished, or was killed (ret is -EINTR). @redo: what it was doing to
 * the card, in case it was not finished. Clears *@reqp if the request stays on the
 * wire.
 */
static void turn_done(struct scard_handle *h, struct scard_turn *t, struct scard_req **reqp,
		      int ret, enum pol_disp redo)
{
	struct scard_slot *slot = h->slot;

	if (ret != -EINTR || !slot->sent) {
		spin_lock(&slot->lock);
		pol_done(&slot->pol, &t->pol);
		if (slot->pol.gone)
			wake_up_all(&slot->wait);	/* scard_slot_quiesce() */
		spin_unlock(&slot->lock);
		return;
	}

	if (ccid_cmd_in_flight(slot, *reqp)) {
		slot->orphan = *reqp;
		slot->orphan_single = slot->single;
		*reqp = NULL;
	}
	spin_lock(&slot->lock);
	if (!slot->orphan)
		pol_cut(&slot->pol);
	pol_hand_over(&slot->pol, redo);
	spin_unlock(&slot->lock);
}

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
	u32 rx = scard_slot_rx_size(h->slot, room);
	u32 tx = CCID_HEADER_LEN + max(send_len, SCARD_SHORT_TX);
	struct scard_req *req = xchg(&h->spare, NULL);

	if (!req)
		return scard_req_alloc(reader, tx, rx, GFP_KERNEL_ACCOUNT);
	if (scard_req_grow(req, tx, rx)) {
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

/* A handle is not connected any more. */
static void left(struct scard_slot *slot)
{
	slot->reader->ops->put(slot->reader);
	if (!READ_ONCE(slot->pol.connected))
		scard_slot_idle(slot);
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
	if (!slot->opens++)
		scard_slot_watch(slot);
	spin_unlock(&slot->lock);
	get_device(&slot->dev);
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
	bool connected;

	spin_lock(&slot->lock);
	slot->opens--;
	connected = h->pol.share != POL_UNCONNECTED;
	if (connected) {
		pol_close(&slot->pol, &h->pol);
		scard_slot_changed(slot);
	}
	spin_unlock(&slot->lock);
	if (connected)
		left(slot);
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
		ret = turn_take(h, &t, POL_OP_STATUS, 0, nonblock);
		if (ret)
			return ret;
	}
	spin_lock(&slot->lock);
	if (slot->pol.gone) {
		spin_unlock(&slot->lock);
		return -ENODEV;
	}
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

/* ---- connect ---- */

static int check_share(u32 share_mode, u32 protocols)
{
	const u32 known = SCARD_PROTO_T0 | SCARD_PROTO_T1 | SCARD_PROTO_RAW;

	if (protocols & ~known)
		return -EINVAL;
	/* in this order: pcsc-lite's clients see a bad mode without protocols this way */
	if (share_mode != SCARD_MODE_DIRECT && !protocols)
		return -EPROTONOSUPPORT;
	if (share_mode < SCARD_MODE_EXCLUSIVE || share_mode > SCARD_MODE_DIRECT)
		return -EINVAL;
	return 0;
}

/* What this handle's unannounced close shall do; 0 if the caller may not ask for it. */
static enum pol_close choose_close(u32 flags)
{
	enum pol_close def = READ_ONCE(close_policy);
	enum pol_close want = flags & SCARD_CONNECT_CLOSE_MASK;

	if (want == SCARD_CONNECT_CLOSE_DEFAULT)
		return def;
	/* UNPOWER and RESET both clear what was verified; TRANSACTION may not */
	if (want == POL_CLOSE_TRANSACTION && def != POL_CLOSE_TRANSACTION &&
	    !capable(CAP_SYS_RAWIO))
		return 0;
	return want;
}

/* Power and protocol, as share mode and protocols want it. */
static int prepare_card(struct scard_slot *slot, struct scard_req *req, u32 share_mode,
			u32 protocols)
{
	int ret;

	if (share_mode == SCARD_MODE_DIRECT)
		return 0;
	ret = scard_slot_activate(slot, req);
	return ret ?: scard_slot_negotiate(slot, req, protocols);
}

/**
 * scard_handle_connect() - SCARD_IOC_CONNECT
 * @h: the handle
 * @arg: in and out
 * @nonblock: do not wait for a turn
 *
 * Return: 0 or a negative errno
 */
int scard_handle_connect(struct scard_handle *h, struct scard_connect *arg, bool nonblock)
{
	struct scard_slot *slot = h->slot;
	enum pol_close close = choose_close(arg->flags);
	struct scard_turn t;
	struct scard_req *req;
	bool awake;
	int ret;

	ret = check_share(arg->share_mode, arg->protocols);
	if (ret)
		return ret;
	if (arg->initialization != SCARD_DISP_LEAVE || arg->flags & ~SCARD_CONNECT_CLOSE_MASK)
		return -EINVAL;
	if (!close)
		return -EPERM;
	/* set aside before the card is touched */
	req = scard_handle_get_req(h, SCARD_WORKER_TX, 0);
	if (!req)
		return -ENOMEM;

	ret = turn_take(h, &t, POL_OP_CONNECT, arg->share_mode, nonblock);
	if (ret)
		goto out;
	/* the reader stays awake while anybody is connected */
	ret = slot->reader->ops->get(slot->reader);
	awake = !ret;
	if (READ_ONCE(slot->pol.connected) >= SCARD_MAX_HANDLES)
		ret = -EMFILE;
	if (!ret)
		ret = prepare_card(slot, req, arg->share_mode, arg->protocols);
	if (!ret) {
		spin_lock(&slot->lock);
		/* taken out in the meantime: a DIRECT handle does not mind */
		if (arg->share_mode != SCARD_MODE_DIRECT && slot->pol.card != POL_CARD_ON)
			ret = slot->pol.gone ? -ENODEV : -ENOMEDIUM;
		else
			pol_connected(&slot->pol, &h->pol, arg->share_mode, close);
		arg->protocol = slot->protocol;
		arg->epoch = h->pol.epoch;
		if (!ret)
			scard_slot_changed(slot);
		spin_unlock(&slot->lock);
	}
	turn_done(h, &t, &req, ret, POL_LEAVE);
	if (ret && awake)
		slot->reader->ops->put(slot->reader);
out:
	scard_handle_put_req(h, req);
	return ret;
}

/* Do to the card what a disposition says; the epoch begins with it. */
static int act(struct scard_slot *slot, struct scard_req *req, u32 disposition)
{
	enum pol_card card = scard_slot_mark_reset(slot);

	if (card == POL_CARD_ABSENT)
		return -ENOMEDIUM;

	switch (disposition) {
	case SCARD_DISP_RESET:
		/* a card without power is as good as reset */
		return card == POL_CARD_ON ? scard_slot_reset(slot, req) : 0;
	case SCARD_DISP_UNPOWER:
		return card == POL_CARD_ON ? scard_slot_power_off(slot, req) : 0;
	case SCARD_DISP_EJECT:
		return scard_slot_eject(slot, req);
	default:
		return 0;
	}
}

/**
 * scard_handle_reconnect() - SCARD_IOC_RECONNECT
 * @h: the handle
 * @arg: in and out
 * @nonblock: do not wait for a turn
 *
 * Return: 0 or a negative errno; what was pending stays pending on failure
 */
int scard_handle_reconnect(struct scard_handle *h, struct scard_connect *arg, bool nonblock)
{
	struct scard_slot *slot = h->slot;
	enum pol_disp redo = POL_LEAVE;
	struct scard_turn t;
	struct scard_req *req;
	int ret;

	if (arg->initialization > SCARD_DISP_UNPOWER || arg->flags)
		return -EINVAL;
	ret = check_share(arg->share_mode, arg->protocols);
	if (ret)
		return ret;
	req = scard_handle_get_req(h, SCARD_WORKER_TX, 0);
	if (!req)
		return -ENOMEM;

	ret = turn_take(h, &t, POL_OP_RECONNECT, arg->share_mode, nonblock);
	if (ret)
		goto out;
	if (arg->initialization != SCARD_DISP_LEAVE) {
		redo = POL_RESET;
		ret = act(slot, req, arg->initialization);
		/* off becomes on again; what did not answer gets another chance */
		if (!ret || ret == -EREMOTEIO)
			ret = scard_slot_activate(slot, req);
		h->pol.spoke = true;
	}
	if (!ret)
		ret = prepare_card(slot, req, arg->share_mode, arg->protocols);
	if (ret == -ENOLINK)
		ret = -EREMOTEIO;
	if (!ret) {
		spin_lock(&slot->lock);
		if (h->pol.share == POL_UNCONNECTED)
			ret = -ENOTCONN;	/* disconnected by another thread */
		else if (slot->pol.gone)
			ret = -ENODEV;
		else if (arg->share_mode != SCARD_MODE_DIRECT && slot->pol.card != POL_CARD_ON)
			ret = -ENOMEDIUM;
		else
			pol_reconnected(&slot->pol, &h->pol, arg->share_mode);
		arg->protocol = slot->protocol;
		arg->epoch = h->pol.epoch;
		if (!ret)
			scard_slot_changed(slot);
		spin_unlock(&slot->lock);
	}
	turn_done(h, &t, &req, ret, redo);
out:
	scard_handle_put_req(h, req);
	return ret;
}

/* ---- disconnect ---- */

static int leave(struct scard_handle *h)
{
	struct scard_slot *slot = h->slot;
	int ret;

	spin_lock(&slot->lock);
	ret = pol_leave(&slot->pol, &h->pol);
	if (!ret)
		scard_slot_changed(slot);
	spin_unlock(&slot->lock);
	if (!ret)
		left(slot);
	return ret;
}

/**
 * scard_handle_disconnect() - SCARD_IOC_DISCONNECT
 * @h: the handle
 * @disposition: SCARD_DISP_*
 * @nonblock: do not wait for a turn
 *
 * Return: 0; -EREMOTEIO: the handle is disconnected, the card did not do what was
 * asked; other negative errno: the handle is still connected
 */
int scard_handle_disconnect(struct scard_handle *h, u32 disposition, bool nonblock)
{
	struct scard_slot *slot = h->slot;
	struct scard_turn t;
	struct scard_req *req;
	int ret;

	if (disposition > SCARD_DISP_EJECT)
		return -EINVAL;
	if (disposition == SCARD_DISP_LEAVE)
		return leave(h);
	req = scard_handle_get_req(h, SCARD_WORKER_TX, 0);
	if (!req)
		return -ENOMEM;

	ret = turn_take(h, &t, POL_OP_DISCONNECT, 0, nonblock);
	if (ret == -ENODEV) {
		/* any handle can be disconnected, whatever became of the reader */
		ret = leave(h);
		goto out;
	}
	if (ret)
		goto out;
	/*
	 * The disposition acts on the card as it is now, also if somebody has reset
	 * it meanwhile: the caller asked for it explicitly.
	 */
	ret = act(slot, req, disposition);
	leave(h);
	turn_done(h, &t, &req, ret, disposition);
	if (ret == -ENOMEDIUM || ret == -ENODEV)
		ret = 0;	/* nothing left to act on */
	else if (ret && ret != -EINTR)
		ret = -EREMOTEIO;
out:
	scard_handle_put_req(h, req);
	return ret;
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

	return turn_take(h, &t, POL_OP_BEGIN, 0, nonblock);
}

/**
 * scard_handle_end() - SCARD_IOC_END
 * @h: the handle
 * @disposition: SCARD_DISP_*; what acts on the card does so also at an inner level,
 *	and the caller too has to RECONNECT afterwards
 * @nonblock: do not wait for a turn
 *
 * Return: 0 or a negative errno
 */
int scard_handle_end(struct scard_handle *h, u32 disposition, bool nonblock)
{
	struct scard_slot *slot = h->slot;
	struct scard_turn t;
	struct scard_req *req;
	int ret;

	if (disposition > SCARD_DISP_EJECT)
		return -EINVAL;
	if (disposition == SCARD_DISP_LEAVE) {
		spin_lock(&slot->lock);
		ret = pol_end(&slot->pol, &h->pol);
		spin_unlock(&slot->lock);
		return ret;
	}
	req = scard_handle_get_req(h, SCARD_WORKER_TX, 0);
	if (!req)
		return -ENOMEM;

	ret = turn_take(h, &t, POL_OP_END, 0, nonblock);
	if (ret) {
		if (ret == -ESTALE || ret == -EIDRM) {
			spin_lock(&slot->lock);
			pol_end(&slot->pol, &h->pol);
			spin_unlock(&slot->lock);
		}
		goto out;
	}
	ret = act(slot, req, disposition);
	/* as pcsc-lite: UNPOWER is off and on again here, nobody has disconnected */
	if (!ret && disposition == SCARD_DISP_UNPOWER)
		ret = scard_slot_activate(slot, req);
	spin_lock(&slot->lock);
	pol_end_owned(&slot->pol, &h->pol);
	spin_unlock(&slot->lock);
	turn_done(h, &t, &req, ret, disposition);
	if (ret && ret != -EINTR && ret != -ENODEV && ret != -ENOMEDIUM)
		ret = -EREMOTEIO;
out:
	scard_handle_put_req(h, req);
	return ret;
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

	ret = scard_slot_grow_req(slot, *reqp, len);
	if (ret)
		return ret;
	ret = turn_take(h, &t, POL_OP_TRANSMIT, 0, nonblock);
	if (ret)
		return ret;
	/* stays true if the exchange fails: bytes may have reached the card */
	h->pol.spoke = true;
	ret = scard_slot_transmit(slot, *reqp, len, room, protocol);
	turn_done(h, &t, reqp, ret, POL_LEAVE);
	return ret;
}

/**
 * scard_handle_control() - SCARD_IOC_CONTROL
 * @h: the handle
 * @reqp: as scard_handle_transmit()
 * @code: control code
 * @len: bytes of input
 * @room: bytes that the caller can take
 * @nonblock: do not wait for a turn
 *
 * Return: 0 and the output in (*reqp)->data and ->len, or a negative errno
 */
int scard_handle_control(struct scard_handle *h, struct scard_req **reqp, u32 code, u32 len,
			 u32 room, bool nonblock)
{
	struct scard_turn t;
	int ret;

	ret = turn_take(h, &t, POL_OP_CONTROL, 0, nonblock);
	if (ret)
		return ret;
	ret = scard_slot_control(h->slot, *reqp, code, len, room);
	/* a PIN pad has spoken to the card for this handle */
	if (h->slot->sent && h->slot->single)
		h->pol.spoke = true;
	turn_done(h, &t, reqp, ret, POL_LEAVE);
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
	int ret = turn_take(h, &t, POL_OP_ATTR, 0, true);

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
	int ret = turn_take(h, &t, POL_OP_ATTR, 0, true);

	return ret ?: -EOPNOTSUPP;
}
