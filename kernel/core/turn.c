// SPDX-License-Identifier: GPL-2.0
/*
 * Turns: a call asks the policy, waits for its turn, acts on the card and gives the turn
 * back.
 *
 * A caller that is killed while its command is on the wire leaves at once: the slot's
 * worker becomes the actor in its place, finishes or aborts the command, and resets the
 * card if the operation was interrupted halfway. The caller's request then belongs to the
 * worker, and the caller's pointer to it is cleared.
 */
#include <linux/completion.h>

#include "trace.h"

/* Sleep until the turn has left the queue: its result, or -ERESTARTSYS. */
static int turn_wait(struct scard_slot *slot, struct scard_turn *t)
{
	bool waiting;

	/* the lock below tells whether a signal or the turn came first */
	wait_for_completion_interruptible(&t->served);
	spin_lock(&slot->lock);
	waiting = pol_withdraw(&slot->pol, &t->pol);
	scard_slot_unlock(slot);
	return waiting ? -ERESTARTSYS : t->pol.result;
}

/**
 * scard_turn_take() - wait for a turn
 * @h: the handle
 * @t: the turn
 * @op: the call
 * @share: share mode, for CONNECT and RECONNECT
 * @nonblock: do not wait
 *
 * Return: 0 (for the operations that act: the caller is the actor until
 * scard_turn_done()), or a negative errno: -EAGAIN, -ERESTARTSYS, or what the
 * policy says
 */
int scard_turn_take(struct scard_handle *h, struct scard_turn *t, enum pol_op op,
		    enum pol_share share, bool nonblock)
{
	struct scard_slot *slot = h->slot;
	int ret;

	t->pol = (struct pol_turn){ .handle = &h->pol, .op = op, .share = share };

	spin_lock(&slot->lock);
	slot->count.calls[op]++;
	ret = pol_ask(&slot->pol, &t->pol);
	if (slot->pol.owner == &h->pol)
		scard_slot_used(slot);
	if (ret == POL_WAIT && nonblock) {
		pol_withdraw(&slot->pol, &t->pol);
		ret = -EAGAIN;
	}
	if (ret == POL_WAIT) {
		init_completion(&t->served);
		slot->count.waits++;
		scard_slot_awaited(slot);
		trace_scard_wait(h, op, scard_slot_owner(slot));
	}
	scard_slot_unlock(slot);

	if (ret == POL_WAIT)
		ret = turn_wait(slot, t);
	if (!ret && READ_ONCE(slot->pol.actor) == &t->pol)
		scard_slot_begin(slot);
	return ret;
}

/**
 * scard_turn_done() - the actor has finished, or was killed
 * @h: the handle
 * @t: its turn
 * @reqp: the request; cleared if it stays on the wire
 * @ret: result; -EINTR if the actor was killed
 * @redo: what it had announced to do to the card (scard_slot_mark_reset()) and has
 *	not finished if it was killed: the worker will, also if not a byte was sent
 */
void scard_turn_done(struct scard_handle *h, struct scard_turn *t, struct scard_req **reqp,
		     int ret, enum pol_disp redo)
{
	struct scard_slot *slot = h->slot;

	if (ret != -EINTR || (!slot->sent && redo == POL_LEAVE)) {
		spin_lock(&slot->lock);
		slot->count.failures += ret < 0;
		pol_done(&slot->pol, &t->pol);
		if (slot->pol.owner == &h->pol)
			scard_slot_used(slot);
		if (slot->pol.gone)
			wake_up_all(&slot->wait);	/* scard_slot_quiesce() */
		scard_slot_unlock(slot);
		return;
	}

	if (ccid_wire_in_flight(slot, *reqp)) {
		slot->orphan = *reqp;
		slot->orphan_single = slot->single;
		*reqp = NULL;
	}
	spin_lock(&slot->lock);
	slot->count.failures++;
	if (!slot->orphan && slot->sent)
		pol_cut(&slot->pol);
	pol_hand_over(&slot->pol, redo);
	scard_slot_unlock(slot);
}
