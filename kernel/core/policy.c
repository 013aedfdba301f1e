// SPDX-License-Identifier: GPL-2.0
/*
 * The policy of a slot; see policy.h for the terms and the rules of calling.
 *
 * The queue is a list of its own: the model explores copies of this state, and compares
 * them, by millions.
 */
#include "policy.h"

/**
 * scard_pol_init() - make a slot without card, handles or waiters
 * @s: the slot
 * @wake: see struct pol_slot
 */
void scard_pol_init(struct pol_slot *s, void (*wake)(struct pol_turn *turn))
{
	memset(s, 0, sizeof(*s));
	s->wake = wake;
	s->tail = &s->head;
	s->worker.op = POL_OP_WORKER;
	s->card = POL_CARD_ABSENT;
}

/**
 * scard_pol_pending() - is an event of the card pending for a handle?
 * @s: the slot
 * @h: a connected handle
 *
 * Return: 0, -ESTALE (SCARD_W_RESET_CARD) or -EIDRM (SCARD_W_REMOVED_CARD).  A
 * removal outlives a later reset: the card that the handle knew is not there.
 */
int scard_pol_pending(const struct pol_slot *s, const struct pol_handle *h)
{
	if (h->epoch == s->epoch)
		return 0;
	/* signed distance, so that the counter may wrap */
	return (s32)(s->removed_epoch - h->epoch) > 0 ? -EIDRM : -ESTALE;
}

/* A place in the queue without a call */
static bool pol_is_place(const struct pol_turn *t)
{
	return t == &t->handle->place;
}

/* Must this call be refused now, whether it is new or was waiting? */
static int pol_check(const struct pol_slot *s, const struct pol_turn *t)
{
	const struct pol_handle *h = t->handle;
	bool foreign = s->owner && s->owner != h;

	if (s->gone)
		return -ENODEV;
	if (t->op == POL_OP_CONNECT) {
		if (h->share != POL_UNCONNECTED)
			return -EISCONN;
		return s->exclusive ? -EBUSY : 0;
	}
	if (h->share == POL_UNCONNECTED)
		return -ENOTCONN;

	switch (t->op) {
	case POL_OP_CONTROL:
		return foreign ? -EBUSY : 0;
	case POL_OP_ATTR:
		return foreign ? -EBUSY : scard_pol_pending(s, h);
	case POL_OP_BEGIN:
	case POL_OP_STATUS:
	case POL_OP_TRANSMIT:
		return scard_pol_pending(s, h);
	case POL_OP_END:
		if (scard_pol_pending(s, h))
			return scard_pol_pending(s, h);
		if (foreign)
			return -EBUSY;
		return s->owner ? 0 : -ENOLCK;
	default:
		return 0;
	}
}

/**
 * scard_pol_refusal() - would a call be refused now?
 * @s: the slot
 * @h: the handle
 * @op: the call, but for CONNECT and RECONNECT
 *
 * Return: 0, or the negative errno of the refusal
 */
int scard_pol_refusal(const struct pol_slot *s, struct pol_handle *h, enum pol_op op)
{
	const struct pol_turn t = { .handle = h, .op = op };

	return pol_check(s, &t);
}

/* Would this call, which nothing refuses, have to wait now? */
static bool pol_may_act(const struct pol_slot *s, const struct pol_turn *t)
{
	if (t->op == POL_OP_ATTR)
		return true;
	if (s->owner) {
		if (s->owner != t->handle)
			return false;
		if (t->op == POL_OP_BEGIN)
			return true;	/* nesting touches no card */
	}
	if (t->op == POL_OP_STATUS)
		return true;
	/* as long as a reset is pending that comes first, the turn of the worker runs */
	if (s->running)
		return false;
	/* Reconnect to EXCLUSIVE waits until it is alone; Connect is refused */
	return t->op != POL_OP_RECONNECT || t->share != POL_EXCLUSIVE || s->connected == 1;
}

/* Let a turn begin. */
static int pol_grant(struct pol_slot *s, struct pol_turn *t)
{
	switch (t->op) {
	case POL_OP_ATTR:
	case POL_OP_STATUS:
		return 0;
	case POL_OP_BEGIN:
		if (t->handle->depth == U32_MAX)
			return -EINVAL;
		t->handle->depth++;
		if (!s->owner) {
			s->owner = t->handle;
			s->rescan = true;
		}
		return 0;
	case POL_OP_CONNECT:
		if (t->share == POL_EXCLUSIVE && s->connected)
			return -EBUSY;
		break;
	default:
		break;
	}
	s->running = t;
	return 0;
}

/* No reset is pending any more: it is done, or there is no card that needs it. */
static void pol_clear_reset(struct pol_slot *s)
{
	s->pending_reset = POL_LEAVE;
	s->reset_counted = false;
	s->reset_at_once = false;
}

/* Must a pending reset be done before any other turn runs? */
static bool pol_reset_is_due(const struct pol_slot *s)
{
	return !s->gone && s->pending_reset != POL_LEAVE && (s->reset_at_once || !s->owner);
}

/**
 * scard_pol_worker_wanted() - is there anything for the worker to do?
 * @s: the slot
 *
 * Return: false if scard_pol_worker_job() has nothing
 */
bool scard_pol_worker_wanted(const struct pol_slot *s)
{
	return !s->gone && (s->settle || s->idle || pol_reset_is_due(s));
}

/*
 * Let the next turn run: the worker's first, since a pending reset comes before any call,
 * then the queue, oldest first.
 */
static void pol_schedule(struct pol_slot *s)
{
	struct pol_turn **link = &s->head;
	struct pol_turn *t;

	if (!s->running && scard_pol_worker_wanted(s)) {
		s->running = &s->worker;
		s->wake(&s->worker);
	}
	/*
	 * The epoch of a pending reset begins as soon as only the worker can act, not with the
	 * reset itself: no call may succeed in between. It does not begin earlier, or a
	 * Connect that is under way would miss it.
	 */
	if (s->running == &s->worker && pol_reset_is_due(s) && !s->reset_counted) {
		s->epoch++;
		s->reset_counted = true;
		s->rescan = true;
	}

	while ((t = *link)) {
		int result;

		if (s->running && !s->rescan)
			return;		/* no turn below can be granted or refused */
		if (pol_is_place(t)) {
			link = &t->next;
			continue;
		}

		result = pol_check(s, t);
		if (!result) {
			if (!pol_may_act(s, t)) {
				link = &t->next;
				continue;
			}
			result = pol_grant(s, t);
		}
		*link = t->next;
		if (!*link)
			s->tail = link;
		t->queued = false;
		t->result = result;
		s->wake(t);
	}
	s->rescan = false;
}

static struct pol_turn **pol_find(struct pol_slot *s, const struct pol_turn *t)
{
	struct pol_turn **link = &s->head;

	while (*link != t)
		link = &(*link)->next;
	return link;
}

static void pol_unlink(struct pol_slot *s, struct pol_turn *t)
{
	struct pol_turn **link = pol_find(s, t);

	*link = t->next;
	if (!*link)
		s->tail = link;
	t->queued = false;
}

/* Put a turn into the queue where another is. */
static void pol_replace(struct pol_slot *s, struct pol_turn *old, struct pol_turn *t)
{
	t->next = old->next;
	*pol_find(s, old) = t;
	if (s->tail == &old->next)
		s->tail = &t->next;
	old->queued = false;
	t->queued = true;
}

/**
 * scard_pol_forget() - give up the place in the queue that a handle has without a call
 * @s: the slot
 * @h: the handle
 */
void scard_pol_forget(struct pol_slot *s, struct pol_handle *h)
{
	if (h->place.queued)
		pol_unlink(s, &h->place);
}

/**
 * scard_pol_is_awaited() - does a call wait for its turn?
 * @s: the slot
 *
 * Return: true if one does
 */
bool scard_pol_is_awaited(const struct pol_slot *s)
{
	const struct pol_turn *t;

	for (t = s->head; t; t = t->next)
		if (!pol_is_place(t))
			return true;
	return false;
}

/**
 * scard_pol_ask() - ask for a turn
 * @s: the slot
 * @t: the turn; must stay where it is until it is over
 *
 * It comes last in the queue, or where the same call was before a signal interrupted it.
 *
 * Return: 0: granted, and over at once for BEGIN, STATUS and ATTR; the others
 * run until scard_pol_done() or scard_pol_hand_over(). POL_WAIT: queued, wake()
 * will be called for it unless it is withdrawn. Negative: refused.
 */
int scard_pol_ask(struct pol_slot *s, struct pol_turn *t)
{
	struct pol_turn *place = &t->handle->place;
	bool again = place->queued && place->op == t->op;
	int result = pol_check(s, t);

	/*
	 * First come, first served: a turn in the queue cannot go on now, or pol_schedule()
	 * would have granted it, so a new one takes nothing away from it.
	 */
	if (result || pol_may_act(s, t)) {
		if (again)
			pol_unlink(s, place);
		return result ?: pol_grant(s, t);
	}
	if (again) {
		pol_replace(s, place, t);
		return POL_WAIT;
	}
	t->next = NULL;
	t->queued = true;
	*s->tail = t;
	s->tail = &t->next;
	return POL_WAIT;
}

/**
 * scard_pol_withdraw() - stop waiting for a turn
 * @s: the slot
 * @t: a turn that scard_pol_ask() had queued
 *
 * Return: true if it was still waiting; false if wake() was called for it
 */
bool scard_pol_withdraw(struct pol_slot *s, struct pol_turn *t)
{
	if (!t->queued)
		return false;
	pol_unlink(s, t);
	return true;
}

/**
 * scard_pol_step_aside() - stop waiting for a turn, and keep the place in the queue
 * @s: the slot
 * @t: a turn that scard_pol_ask() had queued
 *
 * For a call that a signal has interrupted. The place is the handle's until it asks again for the
 * same, or until scard_pol_forget(). A handle has one; of several threads the first keeps it.
 *
 * Return: as scard_pol_withdraw()
 */
bool scard_pol_step_aside(struct pol_slot *s, struct pol_turn *t)
{
	struct pol_turn *place = &t->handle->place;

	if (!t->queued || place->queued)
		return scard_pol_withdraw(s, t);
	place->handle = t->handle;
	place->op = t->op;
	pol_replace(s, t, place);
	return true;
}

/**
 * scard_pol_cancel() - end every wait of a handle with -ECANCELED
 * @s: the slot
 * @h: the handle
 */
void scard_pol_cancel(struct pol_slot *s, struct pol_handle *h)
{
	struct pol_turn *t, *next;

	for (t = s->head; t; t = next) {
		next = t->next;
		if (t->handle != h)
			continue;
		pol_unlink(s, t);
		if (pol_is_place(t))
			continue;
		t->result = -ECANCELED;
		s->wake(t);
	}
}

/**
 * scard_pol_done() - end the running turn
 * @s: the slot
 * @t: the turn
 */
void scard_pol_done(struct pol_slot *s, struct pol_turn *t)
{
	if (s->running != t)
		return;
	s->running = NULL;
	pol_schedule(s);
}

/**
 * scard_pol_hand_over() - let the worker run in place of a caller that was killed
 * @s: the slot
 * @redo: disposition that the caller had begun and not finished
 */
void scard_pol_hand_over(struct pol_slot *s, enum pol_disp redo)
{
	if (redo != POL_LEAVE) {
		s->pending_reset = redo;
		s->reset_at_once = true;
	}
	s->running = &s->worker;
	s->wake(&s->worker);
	pol_schedule(s);
}

/**
 * scard_pol_connected() - a Connect, whose turn runs, has succeeded
 * @s: the slot
 * @h: the handle
 * @share: its share mode
 * @close: effect of an unannounced close
 */
void scard_pol_connected(struct pol_slot *s, struct pol_handle *h, enum pol_share share,
			 enum pol_close close)
{
	h->share = share;
	h->close = close;
	h->spoke = share != POL_DIRECT;
	h->epoch = s->epoch;
	h->depth = 0;
	s->connected++;
	s->exclusive = share == POL_EXCLUSIVE;
	s->rescan = true;
	pol_schedule(s);
}

/**
 * scard_pol_reconnected() - a Reconnect, whose turn runs, has succeeded
 * @s: the slot
 * @h: the handle; a transaction of it goes on
 * @share: its new share mode
 */
void scard_pol_reconnected(struct pol_slot *s, struct pol_handle *h, enum pol_share share)
{
	if (h->share == POL_EXCLUSIVE || share == POL_EXCLUSIVE) {
		s->exclusive = share == POL_EXCLUSIVE;
		s->rescan = true;
	}
	h->share = share;
	h->spoke |= share != POL_DIRECT;
	h->epoch = s->epoch;
	pol_schedule(s);
}

static void pol_drop_lock(struct pol_slot *s, struct pol_handle *h)
{
	h->depth = 0;
	if (s->owner == h) {
		s->owner = NULL;
		s->rescan = true;
	}
}

static void pol_drop_level(struct pol_slot *s, struct pol_handle *h)
{
	if (s->owner == h && !--h->depth)
		pol_drop_lock(s, h);
}

/**
 * scard_pol_leave() - end a handle; the card stays as it is
 * @s: the slot
 * @h: the handle
 *
 * Disconnect(LEAVE), and the last step of Disconnect with any disposition. Waiting
 * calls of other threads on the handle end with -ENOTCONN.
 *
 * Return: 0, or -ENOTCONN
 */
int scard_pol_leave(struct pol_slot *s, struct pol_handle *h)
{
	if (h->share == POL_UNCONNECTED)
		return -ENOTCONN;
	if (h->share == POL_EXCLUSIVE)
		s->exclusive = false;
	h->share = POL_UNCONNECTED;
	scard_pol_forget(s, h);
	s->connected--;
	s->rescan = true;
	pol_drop_lock(s, h);
	pol_schedule(s);
	return 0;
}

/**
 * scard_pol_end() - EndTransaction that does not act on the card
 * @s: the slot
 * @h: the handle
 *
 * A pending event is returned, and the transaction is over all the same.
 *
 * Return: 0, or the errno that scard_pol_ask() would refuse POL_OP_END with
 */
int scard_pol_end(struct pol_slot *s, struct pol_handle *h)
{
	struct pol_turn t = { .handle = h, .op = POL_OP_END };
	int result = pol_check(s, &t);

	if (result == -ESTALE || result == -EIDRM)
		pol_drop_lock(s, h);
	else if (!result)
		pol_drop_level(s, h);
	pol_schedule(s);
	return result;
}

/**
 * scard_pol_end_owned() - end one level of a transaction
 * @s: the slot
 * @h: its owner; nothing happens if it has lost the transaction meanwhile
 */
void scard_pol_end_owned(struct pol_slot *s, struct pol_handle *h)
{
	pol_drop_level(s, h);
	pol_schedule(s);
}

/**
 * scard_pol_close() - end a handle without Disconnect
 * @s: the slot
 * @h: the handle
 *
 * This is SCardDisconnect's promise: if the handle was connected, the card is reset before
 * another handle can speak to it. The reset is only noted here, and the worker does it;
 * every later call comes after it. No reset is needed if the card was reset, powered off or
 * removed since the handle connected, or if the handle never touched it.
 *
 * Calls of the handle may still be under way, unless this was the last close of its file: those
 * that wait end with -ENOTCONN, and the reset comes after the one that runs.
 */
void scard_pol_close(struct pol_slot *s, struct pol_handle *h)
{
	bool held = s->owner == h || h->share == POL_EXCLUSIVE;
	bool spoke = h->spoke || (s->running && s->running->handle == h);

	scard_pol_forget(s, h);
	if (h->share == POL_UNCONNECTED)
		return;
	if (!s->gone && spoke && !scard_pol_pending(s, h) && s->card == POL_CARD_ON &&
	    (held || h->close != POL_CLOSE_TRANSACTION)) {
		enum pol_disp disp = h->close == POL_CLOSE_UNPOWER ? POL_UNPOWER : POL_RESET;

		/* one reset serves two handles, the stricter one */
		if (disp > s->pending_reset)
			s->pending_reset = disp;
	}
	scard_pol_leave(s, h);
}

/**
 * scard_pol_reset() - note that the running turn resets the card or powers it off
 * @s: the slot
 *
 * To be called before the first byte of it is sent: from now on every connected handle has
 * SCARD_W_RESET_CARD pending. A pending reset is done with it.
 */
void scard_pol_reset(struct pol_slot *s)
{
	s->epoch++;
	pol_clear_reset(s);
	s->rescan = true;
	pol_schedule(s);
}

/**
 * scard_pol_lost_power() - note that the card lost its power by itself
 * @s: the slot
 *
 * A reset for all connected handles. Without one the epoch does not advance, as it does not
 * when the worker powers an unused card off; nor if the epoch of a pending reset, which is done
 * by this, has begun.
 */
void scard_pol_lost_power(struct pol_slot *s)
{
	if (s->reset_counted) {
		pol_clear_reset(s);
		return;
	}
	if (s->connected) {
		scard_pol_reset(s);
		return;
	}
	pol_clear_reset(s);
}

/**
 * scard_pol_interrupted() - have the card reset at once: an operation was interrupted
 * @s: the slot; the turn of the worker runs, or is about to
 */
void scard_pol_interrupted(struct pol_slot *s)
{
	if (s->card != POL_CARD_ON)
		return;
	if (s->pending_reset == POL_LEAVE)
		s->pending_reset = POL_RESET;
	s->reset_at_once = true;
	pol_schedule(s);
}

/**
 * scard_pol_want_settle() - have the worker find out whether a card is there
 * @s: the slot
 */
void scard_pol_want_settle(struct pol_slot *s)
{
	s->settle = true;
	pol_schedule(s);
}

/**
 * scard_pol_expire() - end a transaction that was idle for too long
 * @s: the slot
 *
 * The card is reset before another call acts; the owner sees the reset like all others.
 */
void scard_pol_expire(struct pol_slot *s)
{
	if (!s->owner)
		return;
	pol_drop_lock(s, s->owner);
	if (s->card == POL_CARD_ON && s->pending_reset < POL_RESET)
		s->pending_reset = POL_RESET;
	pol_schedule(s);
}

/**
 * scard_pol_want_idle() - have the worker power off a card that is not used
 * @s: the slot
 */
void scard_pol_want_idle(struct pol_slot *s)
{
	s->idle = true;
	pol_schedule(s);
}

/**
 * scard_pol_removed() - note that the card, which was there, is out
 * @s: the slot
 *
 * Ends the transaction, and a pending reset.
 */
void scard_pol_removed(struct pol_slot *s)
{
	s->card = POL_CARD_ABSENT;
	s->epoch++;
	s->removed_epoch = s->epoch;
	pol_clear_reset(s);
	if (s->owner)
		pol_drop_lock(s, s->owner);
	s->rescan = true;
	pol_schedule(s);
}

/**
 * scard_pol_gone() - note that the reader is gone
 * @s: the slot
 *
 * Every turn in the queue, and every later one, ends with -ENODEV.
 */
void scard_pol_gone(struct pol_slot *s)
{
	s->gone = true;
	pol_clear_reset(s);
	s->settle = false;
	s->idle = false;
	s->rescan = true;
	pol_schedule(s);
}

/**
 * scard_pol_worker_job() - take the next job of the worker
 * @s: the slot; the turn of the worker runs
 *
 * Return: the job; POL_JOB_NONE ends the turn
 */
enum pol_job scard_pol_worker_job(struct pol_slot *s)
{
	enum pol_disp disp = s->pending_reset;

	if (scard_pol_worker_wanted(s)) {
		if (pol_reset_is_due(s)) {
			pol_clear_reset(s);
			return (enum pol_job)disp;
		}
		if (s->settle) {
			s->settle = false;
			return POL_JOB_SETTLE;
		}
		s->idle = false;
		if (!s->connected && s->card == POL_CARD_ON)
			return POL_JOB_IDLE;
	}
	scard_pol_done(s, &s->worker);
	return POL_JOB_NONE;
}
