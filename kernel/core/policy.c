// SPDX-License-Identifier: GPL-2.0
/*
 * The policy of a slot; see policy.h for the words and the rules of calling.
 */
#include "policy.h"

/**
 * pol_init() - make a slot without card, handles or waiters
 * @s: the slot
 * @wake: see struct pol_slot
 */
void pol_init(struct pol_slot *s, void (*wake)(struct pol_turn *turn))
{
	memset(s, 0, sizeof(*s));
	s->wake = wake;
	s->tail = &s->head;
	s->worker.op = POL_OP_WORKER;
	s->card = POL_CARD_ABSENT;
}

/**
 * pol_pending() - what a gated call of a handle must be told first
 * @s: the slot
 * @h: a connected handle
 *
 * Return: 0, -ESTALE (SCARD_W_RESET_CARD) or -EIDRM (SCARD_W_REMOVED_CARD).  A
 * removal outlives a later reset: the card that the handle knew is not there.
 */
int pol_pending(const struct pol_slot *s, const struct pol_handle *h)
{
	if (h->epoch == s->epoch)
		return 0;
	/* signed distance, so that the counter may wrap */
	return (s32)(s->removed_epoch - h->epoch) > 0 ? -EIDRM : -ESTALE;
}

/* May this call be refused now, whether it is new or has been waiting? */
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
		return foreign ? -EBUSY : pol_pending(s, h);
	case POL_OP_BEGIN:
	case POL_OP_STATUS:
	case POL_OP_TRANSMIT:
		return pol_pending(s, h);
	case POL_OP_END:
		if (pol_pending(s, h))
			return pol_pending(s, h);
		if (foreign)
			return -EBUSY;
		return s->owner ? 0 : -ENOLCK;
	default:
		return 0;
	}
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
	/* as long as anything is owed that comes first, the worker is the actor */
	if (s->actor)
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
	s->actor = t;
	return 0;
}

/* Must what is owed be paid before anything else? */
static bool pol_owed_now(const struct pol_slot *s)
{
	return !s->gone && s->owed != POL_LEAVE && (s->cut || !s->owner);
}

/**
 * pol_worker_wanted() - is there anything for the worker to do?
 * @s: the slot
 *
 * Return: false if pol_worker_job() has nothing
 */
bool pol_worker_wanted(const struct pol_slot *s)
{
	return !s->gone && (s->settle || s->idle || pol_owed_now(s));
}

/*
 * Give the slot to whom it belongs now: the worker first, since what is owed to
 * the card comes before what anybody wants of it, then the queue, oldest first.
 */
static void pol_schedule(struct pol_slot *s)
{
	struct pol_turn **link = &s->head;
	struct pol_turn *t;

	if (!s->actor && pol_worker_wanted(s)) {
		s->actor = &s->worker;
		s->wake(&s->worker);
	}
	/*
	 * The epoch of an owed reset begins as soon as only the worker can act, not
	 * when it comes to it: nobody may be told in between that all is well. It does
	 * not begin earlier, or a Connect that is under way would miss it.
	 */
	if (s->actor == &s->worker && pol_owed_now(s) && !s->counted) {
		s->epoch++;
		s->counted = true;
		s->rescan = true;
	}

	while ((t = *link)) {
		int result;

		if (s->actor && !s->rescan)
			return;		/* nobody below can be granted or refused */

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

/**
 * pol_ask() - ask for a turn
 * @s: the slot
 * @t: the turn; must stay where it is until it is over
 *
 * Return: 0: granted, and over at once for BEGIN, STATUS and ATTR; for the others
 * @t is the actor until pol_done() or pol_hand_over(). POL_WAIT: queued, wake()
 * will be called for it unless it is withdrawn. Negative: refused.
 */
int pol_ask(struct pol_slot *s, struct pol_turn *t)
{
	int result = pol_check(s, t);

	if (result)
		return result;
	/*
	 * First come, first served: whoever waits cannot go on now, or pol_schedule()
	 * would have let it, so a newcomer takes nothing away from it.
	 */
	if (pol_may_act(s, t))
		return pol_grant(s, t);

	t->next = NULL;
	t->queued = true;
	*s->tail = t;
	s->tail = &t->next;
	return POL_WAIT;
}

static void pol_unlink(struct pol_slot *s, struct pol_turn *t)
{
	struct pol_turn **link = &s->head;

	while (*link != t)
		link = &(*link)->next;
	*link = t->next;
	if (!*link)
		s->tail = link;
	t->queued = false;
}

/**
 * pol_withdraw() - stop waiting for a turn
 * @s: the slot
 * @t: a turn that pol_ask() had queued
 *
 * Return: true if it was still waiting; false if wake() was called for it
 */
bool pol_withdraw(struct pol_slot *s, struct pol_turn *t)
{
	if (!t->queued)
		return false;
	pol_unlink(s, t);
	return true;
}

/**
 * pol_cancel() - end every wait of a handle with -ECANCELED
 * @s: the slot
 * @h: the handle
 */
void pol_cancel(struct pol_slot *s, struct pol_handle *h)
{
	struct pol_turn *t, *next;

	for (t = s->head; t; t = next) {
		next = t->next;
		if (t->handle != h)
			continue;
		pol_unlink(s, t);
		t->result = -ECANCELED;
		s->wake(t);
	}
}

/**
 * pol_done() - the actor has finished
 * @s: the slot
 * @t: the actor
 */
void pol_done(struct pol_slot *s, struct pol_turn *t)
{
	if (s->actor != t)
		return;
	s->actor = NULL;
	pol_schedule(s);
}

/**
 * pol_hand_over() - the actor was killed: the worker is the actor now
 * @s: the slot
 * @redo: what the actor was doing to the card and has not finished
 */
void pol_hand_over(struct pol_slot *s, enum pol_disp redo)
{
	if (redo != POL_LEAVE) {
		s->owed = redo;
		s->cut = true;
	}
	s->actor = &s->worker;
	s->wake(&s->worker);
	pol_schedule(s);
}

/**
 * pol_connected() - the actor's Connect has succeeded
 * @s: the slot
 * @h: the handle
 * @share: its share mode
 * @close: what an unannounced close does
 */
void pol_connected(struct pol_slot *s, struct pol_handle *h, enum pol_share share,
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
 * pol_reconnected() - the actor's Reconnect has succeeded
 * @s: the slot
 * @h: the handle; a transaction of it goes on
 * @share: its new share mode
 */
void pol_reconnected(struct pol_slot *s, struct pol_handle *h, enum pol_share share)
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
 * pol_leave() - a handle ends, and the card is as it should be
 * @s: the slot
 * @h: the handle
 *
 * Disconnect(LEAVE), and the last step of Disconnect with any disposition. Waiting
 * calls of other threads on the handle end with -ENOTCONN.
 *
 * Return: 0, or -ENOTCONN
 */
int pol_leave(struct pol_slot *s, struct pol_handle *h)
{
	if (h->share == POL_UNCONNECTED)
		return -ENOTCONN;
	if (h->share == POL_EXCLUSIVE)
		s->exclusive = false;
	h->share = POL_UNCONNECTED;
	s->connected--;
	s->rescan = true;
	pol_drop_lock(s, h);
	pol_schedule(s);
	return 0;
}

/**
 * pol_end() - EndTransaction that leaves the card alone
 * @s: the slot
 * @h: the handle
 *
 * A pending event is returned, and the transaction is over all the same.
 *
 * Return: 0 or what pol_ask(POL_OP_END) would refuse with
 */
int pol_end(struct pol_slot *s, struct pol_handle *h)
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
 * pol_end_owned() - one level of a transaction ends
 * @s: the slot
 * @h: its owner; nothing happens if it has lost the transaction meanwhile
 */
void pol_end_owned(struct pol_slot *s, struct pol_handle *h)
{
	pol_drop_level(s, h);
	pol_schedule(s);
}

/**
 * pol_close() - the last close of an open file
 * @s: the slot
 * @h: the handle; the caller may free it afterwards
 *
 * This is SCardDisconnect's promise: if the handle was connected, the card is
 * reset before anybody else can speak to it. The reset is only owed here, the
 * worker pays it; everything that is asked for later comes after it. Nothing is
 * owed if the card was reset, powered off or removed since the handle connected,
 * or if the handle never touched it.
 *
 * No call of the handle can be waiting: each holds a reference to the file.
 */
void pol_close(struct pol_slot *s, struct pol_handle *h)
{
	bool held = s->owner == h || h->share == POL_EXCLUSIVE;

	if (h->share == POL_UNCONNECTED)
		return;
	if (!s->gone && h->spoke && !pol_pending(s, h) && s->card == POL_CARD_ON &&
	    (held || h->close != POL_CLOSE_TRANSACTION)) {
		enum pol_disp owed = h->close == POL_CLOSE_UNPOWER ? POL_UNPOWER : POL_RESET;

		/* the stricter of two debts, paid once */
		if (owed > s->owed)
			s->owed = owed;
	}
	pol_leave(s, h);
}

/**
 * pol_reset() - the actor begins to reset the card or to power it off
 * @s: the slot
 *
 * To be called before the first byte of it is sent: from now on every handle that
 * is connected has SCARD_W_RESET_CARD pending. Pays what was owed.
 */
void pol_reset(struct pol_slot *s)
{
	s->epoch++;
	s->owed = POL_LEAVE;
	s->counted = false;
	s->cut = false;
	s->rescan = true;
	pol_schedule(s);
}

/**
 * pol_lost_power() - the card has lost its power, of which nobody here is the cause
 * @s: the slot
 *
 * A reset for everybody who is connected. If nobody is, it is what it is when the worker
 * powers an unused card off: nothing that anybody has to hear of.
 */
void pol_lost_power(struct pol_slot *s)
{
	if (s->connected) {
		pol_reset(s);
		return;
	}
	s->owed = POL_LEAVE;
	s->counted = false;
	s->cut = false;
}

/**
 * pol_cut() - the state of the card is unknown: reset it before anything else
 * @s: the slot; the worker is the actor
 */
void pol_cut(struct pol_slot *s)
{
	if (s->card != POL_CARD_ON)
		return;
	if (s->owed == POL_LEAVE)
		s->owed = POL_RESET;
	s->cut = true;
	pol_schedule(s);
}

/**
 * pol_want_settle() - the worker must look whether a card is there
 * @s: the slot
 */
void pol_want_settle(struct pol_slot *s)
{
	s->settle = true;
	pol_schedule(s);
}

/**
 * pol_expire() - a transaction was idle for too long
 * @s: the slot
 *
 * It is over, and the card is reset before anybody acts; its owner is told like
 * everybody else.
 */
void pol_expire(struct pol_slot *s)
{
	if (!s->owner)
		return;
	pol_drop_lock(s, s->owner);
	if (s->card == POL_CARD_ON && s->owed < POL_RESET)
		s->owed = POL_RESET;
	pol_schedule(s);
}

/**
 * pol_want_idle() - the card has not been used for a while
 * @s: the slot
 */
void pol_want_idle(struct pol_slot *s)
{
	s->idle = true;
	pol_schedule(s);
}

/**
 * pol_removed() - the card, which was there, is out
 * @s: the slot
 *
 * Ends the transaction; nothing is owed to a card that is not there.
 */
void pol_removed(struct pol_slot *s)
{
	s->card = POL_CARD_ABSENT;
	s->epoch++;
	s->removed_epoch = s->epoch;
	s->owed = POL_LEAVE;
	s->counted = false;
	s->cut = false;
	if (s->owner)
		pol_drop_lock(s, s->owner);
	s->rescan = true;
	pol_schedule(s);
}

/**
 * pol_gone() - the reader is out
 * @s: the slot
 *
 * Every waiter ends with -ENODEV, now and for ever.
 */
void pol_gone(struct pol_slot *s)
{
	s->gone = true;
	s->owed = POL_LEAVE;
	s->settle = false;
	s->idle = false;
	s->cut = false;
	s->rescan = true;
	pol_schedule(s);
}

/**
 * pol_worker_job() - what the worker has to do next
 * @s: the slot; the worker is the actor
 *
 * Return: the job; after POL_JOB_NONE the worker is not the actor any more
 */
enum pol_job pol_worker_job(struct pol_slot *s)
{
	enum pol_disp owed = s->owed;

	if (pol_worker_wanted(s)) {
		if (pol_owed_now(s)) {
			s->owed = POL_LEAVE;
			s->counted = false;
			s->cut = false;
			return (enum pol_job)owed;
		}
		if (s->settle) {
			s->settle = false;
			return POL_JOB_SETTLE;
		}
		s->idle = false;
		if (!s->connected && s->card == POL_CARD_ON)
			return POL_JOB_IDLE;
	}
	pol_done(s, &s->worker);
	return POL_JOB_NONE;
}
