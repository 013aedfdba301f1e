// SPDX-License-Identifier: GPL-2.0
/*
 * Turns: a call asks the policy, waits for its turn, acts on the card and gives the turn
 * back.
 *
 * A caller that is killed during its exchange leaves at once: the slot's worker owns the
 * turn then, finishes or aborts the exchange, and resets the card if the operation was
 * interrupted. The caller's request then belongs to the worker, and the caller's pointer
 * to it is cleared.
 *
 * A caller that sleeps in the transport may never run again: its cgroup is frozen, or it gets
 * no CPU. The worker takes the turn over if another caller waits for it, or if the reader goes;
 * the card is reset then, and the call fails when the thread runs again.
 */
#include <linux/sched/signal.h>
#include <linux/timekeeping.h>

#include "handles.h"
#include "process.h"
#include "request.h"
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
	struct scard_handle *h = container_of(t->pol.handle, struct scard_handle, pol);
	struct scard_slot *slot = h->slot;

	lockdep_assert_held(&slot->lock);
	if (!t->pol.result && t->pol.op == POL_OP_BEGIN) {
		/* the watchdog counts from here, not from when the caller runs */
		scard_watchdog_used(slot);
		scard_handles_began(h);
	}
	/* the turn stays until the caller has taken the lock */
	complete(&t->served);
}

/* ---- callers that do not run ---- */

/* How long a caller may take to run after it was woken */
#define TURN_STALL	HZ

/**
 * scard_turn_watch() - have the turn that runs taken over if its caller does not run
 * @slot: the slot, locked, for whose turn another call or the worker waits
 */
void scard_turn_watch(struct scard_slot *slot)
{
	lockdep_assert_held(&slot->lock);
	if (slot->pol.running && !slot->pol.gone && !delayed_work_pending(&slot->stall_work))
		queue_delayed_work(slot->reader->wq, &slot->stall_work, TURN_STALL);
}

/**
 * scard_turn_watch_all() - the same for all slots of a reader, of which one waits for another
 * @reader: the reader, not gone; reader->lock is held
 */
void scard_turn_watch_all(struct scard_reader *reader)
{
	unsigned int i;

	lockdep_assert_held(&reader->lock);
	for (i = 0; i < reader->nslots; i++)
		queue_delayed_work(reader->wq, &reader->slots[i]->stall_work, TURN_STALL);
}

/* Can the owner of the turn not come back, or not soon enough? Then the turn is not its own. */
static struct scard_req *turn_dispossess(struct scard_slot *slot, bool always)
{
	struct scard_reader *reader = slot->reader;
	struct scard_req *req = NULL;

	spin_lock_irq(&reader->lock);
	if (slot->op.asleep && (always || time_after(jiffies, slot->op.due + TURN_STALL))) {
		req = slot->op.req;
		slot->op.asleep = false;
		WRITE_ONCE(slot->op.req, NULL);
	}
	spin_unlock_irq(&reader->lock);
	return req;
}

/**
 * scard_turn_take_over() - take the turn from a caller that sleeps in the transport
 * @slot: the slot, locked
 * @always: also from one that is not to run yet
 *
 * The worker ends the exchange, and resets the card unless it has seen nothing.
 *
 * Return: true if the turn of no caller runs any more
 */
bool scard_turn_take_over(struct scard_slot *slot, bool always)
{
	struct scard_req *req;

	lockdep_assert_held(&slot->lock);
	if (!slot->pol.running || slot->pol.running == &slot->pol.worker)
		return true;
	req = turn_dispossess(slot, always);
	if (!req)
		return false;
	slot->count.failures++;
	/* the caller needs slot->lock to drop its own reference */
	if (slot->reader->ops->in_flight(slot, req)) {
		refcount_inc(&req->users);
		slot->worker.orphan = req;
		slot->worker.abandoned = true;
	}
	if (slot->op.progress != SCARD_NOTHING_SENT) {
		scard_pol_interrupted(&slot->pol);
		/* it may have been about to power the card up */
		scard_slot_recheck(slot);
		if (!slot->pol.gone)
			scard_pol_want_settle(&slot->pol);
	}
	scard_pol_hand_over(&slot->pol, slot->op.redo);
	return true;
}

/*
 * Does another call, or the worker, wait for the turn that runs? In its own transaction a
 * caller may take its time, unless the watchdog limits that.
 */
static bool turn_is_awaited(const struct scard_slot *slot)
{
	if (slot->reader->ops->is_awaited(slot))
		return true;
	if (slot->pol.owner == slot->pol.running->handle && !scard_watchdog_is_on())
		return false;
	return scard_pol_is_awaited(&slot->pol) || scard_pol_worker_wanted(&slot->pol);
}

static void turn_stall_work(struct work_struct *work)
{
	struct scard_slot *slot = container_of(to_delayed_work(work), struct scard_slot,
					       stall_work);
	const struct pol_turn *running;

	spin_lock(&slot->lock);
	running = slot->pol.running;
	if (running && running != &slot->pol.worker && turn_is_awaited(slot) &&
	    !scard_turn_take_over(slot, false))
		scard_turn_watch(slot);
	scard_slot_unlock(slot);
}

/**
 * scard_turn_init() - prepare the work of a slot
 * @slot: the slot
 */
void scard_turn_init(struct scard_slot *slot)
{
	INIT_DELAYED_WORK(&slot->stall_work, turn_stall_work);
}

/**
 * scard_turn_stop() - end the work of a slot
 * @slot: the slot of a reader that is gone: it is not queued again
 */
void scard_turn_stop(struct scard_slot *slot)
{
	cancel_delayed_work_sync(&slot->stall_work);
}

/* ---- a turn ---- */

/* How long a call that a signal has interrupted keeps its place in the queue */
#define TURN_ASIDE	HZ

/* Sleep until the turn has left the queue: its result, or -ERESTARTSYS; *@runs: it runs now. */
static int turn_wait(struct scard_handle *h, struct scard_turn *t, bool *runs)
{
	struct scard_slot *slot = h->slot;
	bool waiting;

	/* the lock below tells whether a signal or the turn came first */
	wait_for_completion_interruptible(&t->served);
	spin_lock(&slot->lock);
	waiting = scard_pol_step_aside(&slot->pol, &t->pol);
	if (waiting)
		h->aside = jiffies;
	*runs = slot->pol.running == &t->pol;
	if (slot->pol.head && *runs)
		scard_turn_watch(slot);
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
	ret = scard_pol_refusal(&slot->pol, &h->pol, op);
	if (ret) {
		slot->count.calls[op]++;
		if (slot->pol.owner == &h->pol)
			scard_watchdog_used(slot);
	}
	spin_unlock(&slot->lock);
	return ret;
}

/**
 * scard_turn_take() - wait for a turn
 * @h: the handle
 * @t: the turn
 * @req: the request of the operation; NULL for those that do not act on the card
 * @op: the call
 * @share: share mode, for CONNECT and RECONNECT
 * @nonblock: do not wait
 *
 * Return: 0 (for the operations that act: the caller owns the turn until
 * scard_turn_done()), or a negative errno: -EAGAIN, -ERESTARTSYS, or one of the
 * policy
 */
int scard_turn_take(struct scard_handle *h, struct scard_turn *t, struct scard_req *req,
		    enum pol_op op, enum pol_share share, bool nonblock)
{
	struct scard_slot *slot = h->slot;
	bool runs;
	int ret;

	t->pol = (struct pol_turn){ .handle = &h->pol, .op = op, .share = share };
	t->pid = task_tgid(current);
	t->since_ns = 0;

	spin_lock(&slot->lock);
	slot->count.calls[op]++;
	/* a call that was interrupted by a signal has its place again, if it comes back soon */
	if (h->pol.place.queued && time_after(jiffies, h->aside + TURN_ASIDE))
		scard_pol_forget(&slot->pol, &h->pol);
	if (op == POL_OP_CONNECT || scard_process_may_use(h))
		ret = scard_pol_ask(&slot->pol, &t->pol);
	else
		ret = -ENOTCONN;
	if (!ret && op == POL_OP_BEGIN)
		scard_handles_began(h);
	if (slot->pol.owner == &h->pol)
		scard_watchdog_used(slot);
	if (ret == POL_WAIT && nonblock) {
		scard_pol_withdraw(&slot->pol, &t->pol);
		ret = -EAGAIN;
	}
	if (ret == POL_WAIT) {
		init_completion(&t->served);
		slot->count.waits++;
		scard_watchdog_awaited(slot);
		trace_scard_wait(h, op, scard_trace_owner(slot));
	}
	runs = slot->pol.running == &t->pol;
	if (ret == POL_WAIT || runs)
		t->since_ns = ktime_get_coarse_boottime_ns();
	if (slot->pol.head)
		scard_turn_watch(slot);
	scard_slot_unlock(slot);

	if (ret == POL_WAIT)
		ret = turn_wait(h, t, &runs);
	if (!ret && runs)
		scard_slot_begin(slot, req);
	return ret;
}

/* Has the operation of a call made the card know its handle? */
static bool turn_spoke(const struct scard_turn *t, enum scard_progress progress)
{
	/* a PIN pad speaks to the card for the handle, other controls to the reader */
	if (t->pol.op == POL_OP_CONTROL)
		return progress == SCARD_SENT_TO_CARD;
	return progress != SCARD_NOTHING_SENT;
}

/**
 * scard_turn_done() - give the turn back, or leave it to the worker
 * @h: the handle
 * @t: its turn
 * @reqp: the request; cleared if its exchange is still under way
 * @ret: result; -EINTR if the caller was killed or its turn taken over
 *
 * Return: @ret; -EIO or -ENODEV if the turn was taken over
 */
int scard_turn_done(struct scard_handle *h, struct scard_turn *t, struct scard_req **reqp,
		    int ret)
{
	struct scard_slot *slot = h->slot;
	bool sent;

	spin_lock(&slot->lock);
	if (slot->pol.running != &t->pol) {
		ret = slot->pol.gone ? -ENODEV : -EIO;
		spin_unlock(&slot->lock);
		scard_request_free(*reqp);
		*reqp = NULL;
		return ret;
	}
	sent = slot->op.progress != SCARD_NOTHING_SENT;
	slot->count.failures += ret < 0;
	/* also if the exchange has failed: bytes may have reached the card */
	h->pol.spoke |= turn_spoke(t, slot->op.progress);
	if (ret != -EINTR || (!sent && slot->op.redo == POL_LEAVE)) {
		scard_pol_done(&slot->pol, &t->pol);
		if (slot->pol.owner == &h->pol)
			scard_watchdog_used(slot);
		if (slot->pol.gone)
			wake_up_all(&slot->events.wait);	/* scard_worker_stop() */
		scard_slot_unlock(slot);
		return ret;
	}
	if (slot->reader->ops->in_flight(slot, *reqp)) {
		slot->worker.orphan = *reqp;
		slot->worker.abandoned = false;
		*reqp = NULL;
	} else if (sent) {
		scard_pol_interrupted(&slot->pol);
	}
	scard_pol_hand_over(&slot->pol, slot->op.redo);
	scard_slot_unlock(slot);
	return ret;
}
