// SPDX-License-Identifier: GPL-2.0
/*
 * Turns: a call asks the policy, waits for its turn, acts on the card and gives the turn
 * back.
 *
 * A caller that is killed during its exchange leaves at once: the slot's worker owns the
 * turn then, finishes or aborts the exchange, and resets the card if the operation was
 * interrupted. The caller's request then belongs to the worker, and the caller's pointer
 * to it is cleared.
 */
#include "slot.h"
#include "trace.h"
#include "turn.h"
#include "watchdog.h"

/**
 * scard_turn_served() - the policy has granted or refused the turn of a caller that sleeps
 * @t: the turn; slot->lock is held
 */
void scard_turn_served(struct scard_turn *t)
{
	struct scard_slot *slot = container_of(t->pol.handle, struct scard_handle, pol)->slot;

	lockdep_assert_held(&slot->lock);
	/* the watchdog counts from here, not from when the caller runs */
	if (!t->pol.result && t->pol.op == POL_OP_BEGIN)
		scard_watchdog_used(slot);
	/* the turn stays until the caller has taken the lock */
	complete(&t->served);
}

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
 * scard_turn_check() - would a call be refused at once?
 * @h: the handle
 * @op: the call
 *
 * For calls that allocate memory before they can have a turn.
 *
 * Return: 0, or the negative errno that the policy refuses it with
 */
int scard_turn_check(struct scard_handle *h, enum pol_op op)
{
	struct scard_slot *slot = h->slot;
	int ret;

	spin_lock(&slot->lock);
	ret = pol_refusal(&slot->pol, &h->pol, op);
	if (ret)
		slot->count.calls[op]++;
	spin_unlock(&slot->lock);
	return ret;
}

/**
 * scard_turn_take() - wait for a turn
 * @h: the handle
 * @t: the turn
 * @op: the call
 * @share: share mode, for CONNECT and RECONNECT
 * @nonblock: do not wait
 *
 * Return: 0 (for the operations that act: the caller owns the turn until
 * scard_turn_done()), or a negative errno: -EAGAIN, -ERESTARTSYS, or one of the
 * policy
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
		scard_watchdog_used(slot);
	if (ret == POL_WAIT && nonblock) {
		pol_withdraw(&slot->pol, &t->pol);
		ret = -EAGAIN;
	}
	if (ret == POL_WAIT) {
		init_completion(&t->served);
		slot->count.waits++;
		scard_watchdog_awaited(slot);
		trace_scard_wait(h, op, scard_trace_owner(slot));
	}
	scard_slot_unlock(slot);

	if (ret == POL_WAIT)
		ret = turn_wait(slot, t);
	if (!ret && READ_ONCE(slot->pol.running) == &t->pol)
		scard_slot_begin(slot);
	return ret;
}

/**
 * scard_turn_done() - give the turn back, or leave it to the worker
 * @h: the handle
 * @t: its turn
 * @reqp: the request; cleared if its exchange is still under way
 * @ret: result; -EINTR if the caller was killed
 * @redo: disposition that the caller had announced by scard_card_mark_reset() and has not
 *	finished if it was killed: the worker finishes it, also if not a byte was sent
 */
void scard_turn_done(struct scard_handle *h, struct scard_turn *t, struct scard_req **reqp,
		     int ret, enum pol_disp redo)
{
	struct scard_slot *slot = h->slot;
	bool sent = slot->op.progress != SCARD_NOTHING_SENT;

	if (ret != -EINTR || (!sent && redo == POL_LEAVE)) {
		spin_lock(&slot->lock);
		slot->count.failures += ret < 0;
		pol_done(&slot->pol, &t->pol);
		if (slot->pol.owner == &h->pol)
			scard_watchdog_used(slot);
		if (slot->pol.gone)
			wake_up_all(&slot->events.wait);	/* scard_worker_stop() */
		scard_slot_unlock(slot);
		return;
	}

	if (slot->reader->ops->in_flight(slot, *reqp)) {
		slot->worker.orphan = *reqp;
		*reqp = NULL;
	}
	spin_lock(&slot->lock);
	slot->count.failures++;
	if (!slot->worker.orphan && sent)
		pol_interrupted(&slot->pol);
	pol_hand_over(&slot->pol, redo);
	scard_slot_unlock(slot);
}
