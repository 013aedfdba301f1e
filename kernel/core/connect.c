// SPDX-License-Identifier: GPL-2.0
/*
 * The calls that power, reset or release the card: Connect, Reconnect, Disconnect,
 * EndTransaction. Each is an operation of several exchanges; if its caller is killed
 * halfway, the worker brings the card to a defined state, see scard_turn_done().
 */
#include <linux/capability.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>

#include "card.h"
#include "connect.h"
#include "event.h"
#include "handles.h"
#include "power.h"
#include "presence.h"
#include "process.h"
#include "request.h"
#include "slot.h"
#include "turn.h"

#define CONNECT_MAX_HANDLES	1024	/* connected handles per slot */

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

/* ---- connect ---- */

static int connect_check_share(u32 share_mode, u32 protocols)
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

/* Choose the effect of an unannounced close; 0 if the caller may not ask for it. */
static enum pol_close connect_choose_close(u32 flags)
{
	/* a verified PIN survives; is forgotten; and the card loses its power, too */
	static const u8 strictness[] = {
		[POL_CLOSE_TRANSACTION] = 0,
		[POL_CLOSE_RESET] = 1,
		[POL_CLOSE_UNPOWER] = 2,
	};
	enum pol_close def = READ_ONCE(close_policy);
	enum pol_close want = flags & SCARD_CONNECT_CLOSE_MASK;

	if (want == SCARD_CONNECT_CLOSE_DEFAULT)
		return def;
	return strictness[want] < strictness[def] && !capable(CAP_SYS_RAWIO) ? 0 : want;
}

/* scard_turn_take() for a call that acts; with 0 connect_done() must follow */
static int connect_begin(struct scard_handle *h, struct scard_turn *t, struct scard_req **reqp,
			 enum pol_op op, enum pol_share share, bool nonblock)
{
	int ret = scard_turn_take(h, t, *reqp, op, share, nonblock);

	if (ret)
		return ret;
	ret = scard_power_get(h->slot);
	if (ret)
		ret = scard_turn_done(h, t, reqp, ret);
	return ret;
}

/* scard_turn_done() for it */
static int connect_done(struct scard_handle *h, struct scard_turn *t, struct scard_req **reqp,
			int ret)
{
	struct scard_slot *slot = h->slot;
	bool unused;

	ret = scard_turn_done(h, t, reqp, ret);
	spin_lock(&slot->lock);
	unused = scard_power_put_locked(slot);
	spin_unlock(&slot->lock);
	if (unused)
		scard_power_unused(slot);
	return ret;
}

/* Power and protocol, as share mode and protocols want it. */
static int connect_prepare_card(struct scard_slot *slot, struct scard_req *req, u32 share_mode,
				u32 protocols)
{
	int ret;

	if (share_mode == SCARD_MODE_DIRECT)
		return 0;
	ret = scard_card_activate(slot, req);
	return ret ?: scard_card_set_protocol(slot, req, protocols);
}

/* Has the slot as many connected handles as it may have? */
static bool connect_is_full(struct scard_slot *slot)
{
	bool full;

	spin_lock(&slot->lock);
	full = slot->pol.connected >= CONNECT_MAX_HANDLES;
	spin_unlock(&slot->lock);
	return full;
}

/**
 * scard_connect_connect() - SCARD_IOC_CONNECT
 * @h: the handle
 * @arg: in and out
 * @nonblock: do not wait for a turn
 *
 * Return: 0 or a negative errno
 */
int scard_connect_connect(struct scard_handle *h, struct scard_connect *arg, bool nonblock)
{
	struct scard_slot *slot = h->slot;
	enum pol_close close = connect_choose_close(arg->flags);
	struct pid *before = NULL;
	struct scard_turn t;
	struct scard_req *req;
	bool unused = false;
	int ret;

	ret = connect_check_share(arg->share_mode, arg->protocols);
	if (ret)
		return ret;
	if (arg->initialization != SCARD_DISP_LEAVE ||
	    arg->flags & ~(SCARD_CONNECT_CLOSE_MASK | SCARD_CONNECT_PROCESS))
		return -EINVAL;
	if (!close)
		return -EPERM;
	/* set aside before the card is touched */
	req = scard_request_get(h, 0, 0);
	if (!req)
		return -ENOMEM;

	ret = scard_turn_take(h, &t, req, POL_OP_CONNECT, arg->share_mode, nonblock);
	if (ret)
		goto out;
	ret = scard_power_get(slot);
	if (ret)
		goto done;
	if (connect_is_full(slot))
		ret = -EMFILE;
	else
		ret = connect_prepare_card(slot, req, arg->share_mode, arg->protocols);
	spin_lock(&slot->lock);
	if (!ret) {
		/* taken out in the meantime: a DIRECT handle does not mind */
		if (arg->share_mode != SCARD_MODE_DIRECT && slot->pol.card != POL_CARD_ON)
			ret = slot->pol.gone ? -ENODEV : -ENOMEDIUM;
		else
			scard_pol_connected(&slot->pol, &h->pol, arg->share_mode, close);
		if (!ret) {
			before = scard_process_bind(h, arg->flags & SCARD_CONNECT_PROCESS);
			scard_handles_connected(h);
			/* a connected handle has to hear of a removal */
			scard_presence_watch(slot);
		}
		arg->protocol = slot->card.protocol;
		arg->epoch = h->pol.epoch;
		if (!ret)
			scard_event_changed(slot);
	}
	if (ret)
		unused = scard_power_put_locked(slot);
	scard_slot_unlock(slot);
done:
	ret = scard_turn_done(h, &t, &req, ret);
	if (unused)
		scard_power_unused(slot);
	put_pid(before);
out:
	scard_request_put(h, req);
	return ret;
}

/* Perform a disposition; the epoch begins with it. The worker finishes it if need be. */
static int connect_act(struct scard_slot *slot, struct scard_req *req, u32 disposition)
{
	enum pol_card card = scard_card_mark_reset(slot);

	if (card == POL_CARD_ABSENT)
		return -ENOMEDIUM;
	if (card == POL_CARD_ON)
		slot->op.redo = disposition;

	switch (disposition) {
	case SCARD_DISP_RESET:
		/* a card without power is as good as reset; one that may have kept it is not */
		if (card == POL_CARD_ON || READ_ONCE(slot->power.unsafe))
			return scard_card_reset(slot, req);
		return 0;
	case SCARD_DISP_UNPOWER:
		if (card == POL_CARD_ON || READ_ONCE(slot->power.unsafe))
			return scard_card_power_off(slot, req);
		return 0;
	case SCARD_DISP_EJECT:
		return scard_card_eject(slot, req);
	default:
		return 0;
	}
}

/**
 * scard_connect_reconnect() - SCARD_IOC_RECONNECT
 * @h: the handle
 * @arg: in and out
 * @nonblock: do not wait for a turn
 *
 * Return: 0 or a negative errno; a pending event stays pending on failure
 */
int scard_connect_reconnect(struct scard_handle *h, struct scard_connect *arg, bool nonblock)
{
	struct scard_slot *slot = h->slot;
	struct scard_turn t;
	struct scard_req *req;
	int ret;

	if (arg->initialization > SCARD_DISP_UNPOWER || arg->flags)
		return -EINVAL;
	ret = connect_check_share(arg->share_mode, arg->protocols);
	if (ret)
		return ret;
	req = scard_request_get(h, 0, 0);
	if (!req)
		return -ENOMEM;

	ret = connect_begin(h, &t, &req, POL_OP_RECONNECT, arg->share_mode, nonblock);
	if (ret)
		goto out;
	if (arg->initialization != SCARD_DISP_LEAVE) {
		ret = connect_act(slot, req, arg->initialization);
		/* off becomes on again; a card that did not answer gets another chance */
		if (!ret || ret == -EREMOTEIO)
			ret = scard_card_activate(slot, req);
	}
	if (!ret)
		ret = connect_prepare_card(slot, req, arg->share_mode, arg->protocols);
	if (!ret) {
		spin_lock(&slot->lock);
		if (h->pol.share == POL_UNCONNECTED)
			ret = -ENOTCONN;	/* disconnected by another thread */
		else if (slot->pol.gone)
			ret = -ENODEV;
		else if (arg->share_mode != SCARD_MODE_DIRECT && slot->pol.card != POL_CARD_ON)
			ret = -ENOMEDIUM;
		else
			scard_pol_reconnected(&slot->pol, &h->pol, arg->share_mode);
		arg->protocol = slot->card.protocol;
		arg->epoch = h->pol.epoch;
		if (!ret)
			scard_event_changed(slot);
		scard_slot_unlock(slot);
	}
	ret = connect_done(h, &t, &req, ret);
out:
	scard_request_put(h, req);
	return ret;
}

/* ---- disconnect ---- */

static int connect_leave(struct scard_handle *h)
{
	struct scard_slot *slot = h->slot;
	bool unused = false;
	int ret;

	spin_lock(&slot->lock);
	ret = scard_process_may_use(h) ? scard_pol_leave(&slot->pol, &h->pol) : -ENOTCONN;
	if (!ret) {
		scard_process_unbind(h);
		scard_handles_left(h);
		unused = scard_power_put_locked(slot);
		scard_event_changed(slot);
	}
	scard_slot_unlock(slot);
	if (unused)
		scard_power_unused(slot);
	return ret;
}

/**
 * scard_connect_disconnect() - SCARD_IOC_DISCONNECT
 * @h: the handle
 * @disposition: SCARD_DISP_*
 * @nonblock: do not wait for a turn
 *
 * Return: 0; -EREMOTEIO: the handle is disconnected, the card did not follow;
 * other negative errno: the handle is still connected
 */
int scard_connect_disconnect(struct scard_handle *h, u32 disposition, bool nonblock)
{
	struct scard_slot *slot = h->slot;
	struct scard_turn t;
	struct scard_req *req;
	int ret;

	if (disposition > SCARD_DISP_EJECT)
		return -EINVAL;
	if (disposition == SCARD_DISP_LEAVE)
		return connect_leave(h);
	req = scard_request_get(h, 0, 0);
	if (!req)
		return -ENOMEM;

	ret = connect_begin(h, &t, &req, POL_OP_DISCONNECT, 0, nonblock);
	if (ret == -ENODEV) {
		/* a handle can be disconnected also if the reader is gone */
		ret = connect_leave(h);
		goto out;
	}
	if (ret)
		goto out;
	/*
	 * The disposition acts on the card as it is now, also if it was reset meanwhile:
	 * the caller asked for it explicitly.
	 */
	ret = connect_act(slot, req, disposition);
	connect_leave(h);
	ret = connect_done(h, &t, &req, ret);
	if (ret == -ENOMEDIUM || ret == -ENODEV)
		ret = 0;	/* nothing left to act on */
	else if (ret && ret != -EINTR)
		ret = -EREMOTEIO;
out:
	scard_request_put(h, req);
	return ret;
}

/**
 * scard_connect_end() - SCARD_IOC_END
 * @h: the handle
 * @disposition: SCARD_DISP_*; all but LEAVE act on the card also at an inner level, and the
 *	caller, too, has to RECONNECT afterwards
 * @nonblock: do not wait for a turn
 *
 * Return: 0 or a negative errno
 */
int scard_connect_end(struct scard_handle *h, u32 disposition, bool nonblock)
{
	struct scard_slot *slot = h->slot;
	struct scard_turn t;
	struct scard_req *req;
	int ret;

	if (disposition > SCARD_DISP_EJECT)
		return -EINVAL;
	if (disposition == SCARD_DISP_LEAVE) {
		spin_lock(&slot->lock);
		ret = scard_process_may_use(h) ? scard_pol_end(&slot->pol, &h->pol) : -ENOTCONN;
		scard_slot_unlock(slot);
		return ret;
	}
	req = scard_request_get(h, 0, 0);
	if (!req)
		return -ENOMEM;

	ret = connect_begin(h, &t, &req, POL_OP_END, 0, nonblock);
	if (ret) {
		if (ret == -ESTALE || ret == -EIDRM) {
			spin_lock(&slot->lock);
			scard_pol_end(&slot->pol, &h->pol);
			scard_slot_unlock(slot);
		}
		goto out;
	}
	ret = connect_act(slot, req, disposition);
	/* as pcsc-lite: UNPOWER is off and on again here, the handle stays connected */
	if (!ret && disposition == SCARD_DISP_UNPOWER)
		ret = scard_card_activate(slot, req);
	spin_lock(&slot->lock);
	scard_pol_end_owned(&slot->pol, &h->pol);
	scard_slot_unlock(slot);
	ret = connect_done(h, &t, &req, ret);
	if (ret && ret != -EINTR && ret != -ENODEV && ret != -ENOMEDIUM)
		ret = -EREMOTEIO;
out:
	scard_request_put(h, req);
	return ret;
}
