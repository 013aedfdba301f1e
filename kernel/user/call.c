// SPDX-License-Identifier: GPL-2.0
/*
 * Requests to the server: posted by the owner of the turn, read and answered by the server,
 * aborted when their caller is gone or their time is over.
 *
 * The server is not trusted: it may be slow, stopped or malicious. Each wait is killable and
 * ends; an answer counts only for the request that waits for it.
 */
#include <linux/jiffies.h>
#include <linux/poll.h>
#include <linux/ratelimit.h>
#include <linux/sched/signal.h>

#include "call.h"

/* A request is read in this time, and its abort is answered in that one */
#define CALL_READ_MS	5000
#define CALL_ABORT_MS	2000

/**
 * uscard_call_wake_server() - there is something to read
 * @reader: the reader
 */
void uscard_call_wake_server(struct uscard_reader *reader)
{
	wake_up_interruptible_poll(&reader->server, EPOLLIN | EPOLLRDNORM);
}

/* The request leaves the slot: no answer to it counts any more. */
static void call_retire(struct uscard_slot *slot, struct uscard_req *req)
{
	lockdep_assert_held(&slot->slot.reader->lock);
	WRITE_ONCE(slot->call, NULL);
	WRITE_ONCE(req->state, USCARD_OFF);
}

/* Tell the server to end a request that it has read. */
static void call_tell_abort(struct uscard_slot *slot, struct uscard_req *req)
{
	lockdep_assert_held(&slot->slot.reader->lock);
	if (req->state != USCARD_READ || req->aborted)
		return;
	req->aborted = true;
	slot->abort = req->id;
	slot->slot.reader->count.aborts++;
	uscard_call_wake_server(uscard_slot_reader(slot));
}

/* Does the server have a request to answer, so that others have to wait until it reads them? */
static bool call_server_works(const struct uscard_reader *reader)
{
	unsigned int i;

	for (i = 0; i < reader->reader.nslots; i++) {
		const struct uscard_slot *slot = to_uscard_slot(reader->reader.slots[i]);

		if (slot->call && slot->call->state == USCARD_READ)
			return true;
	}
	return false;
}

/* End a request without an answer. */
static void call_fail(struct uscard_slot *slot, struct uscard_req *req, int error)
{
	lockdep_assert_held(&slot->slot.reader->lock);
	call_tell_abort(slot, req);
	req->error = error;
	WRITE_ONCE(req->state, USCARD_DONE);
	scard_slot_due(&slot->slot, jiffies);
	wake_up(&req->wait);
}

/* Sleep until the request is answered, its time is over, or the caller is to leave. */
static void call_sleep(struct uscard_slot *slot, struct uscard_req *req)
{
	DEFINE_WAIT(wait);

	for (;;) {
		long left = READ_ONCE(req->deadline) - jiffies;

		prepare_to_wait(&req->wait, &wait, TASK_KILLABLE | TASK_FREEZABLE);
		if (READ_ONCE(req->state) == USCARD_DONE || left <= 0 ||
		    !scard_slot_is_owned(&slot->slot, &req->req) || fatal_signal_pending(current))
			break;
		schedule_timeout(left);
	}
	finish_wait(&req->wait, &wait);
}

/* Has a request more time? While the server works on one of another slot, it may stay unread. */
static bool call_waits_on(struct uscard_slot *slot, struct uscard_req *req)
{
	if (fatal_signal_pending(current))
		return false;
	/* it was given just now */
	if (time_before(jiffies, req->deadline))
		return true;
	if (req->state != USCARD_POSTED || !call_server_works(uscard_slot_reader(slot)) ||
	    time_after_eq(jiffies, slot->slot.op.ceiling))
		return false;
	req->read_by = jiffies + msecs_to_jiffies(CALL_READ_MS);
	WRITE_ONCE(req->deadline, req->read_by);
	scard_slot_due(&slot->slot, req->deadline);
	return true;
}

/*
 * Wait for the answer. Return: 0: @req->error is the result; -EINTR: the caller was killed, or
 * its turn was taken over; -ETIMEDOUT. With the last two, the request may still be open.
 */
static int call_wait(struct uscard_slot *slot, struct uscard_req *req)
{
	struct scard_reader *reader = slot->slot.reader;
	bool again;
	int ret;

	do {
		call_sleep(slot, req);
		/* the lock orders the writes of the answer before the reads of the caller */
		spin_lock_irq(&reader->lock);
		again = false;
		if (!scard_slot_is_owned(&slot->slot, &req->req)) {
			ret = -EINTR;
		} else if (req->state == USCARD_DONE) {
			call_retire(slot, req);
			ret = 0;
		} else {
			again = call_waits_on(slot, req);
			ret = fatal_signal_pending(current) ? -EINTR : -ETIMEDOUT;
		}
		if (!again)
			scard_slot_wakes(&slot->slot, &req->req);
		spin_unlock_irq(&reader->lock);
	} while (again);
	return ret;
}

/* Withdraw a request that the server has not read. Return: false if it has. */
static bool call_withdraw(struct uscard_slot *slot, struct uscard_req *req)
{
	struct scard_reader *reader = slot->slot.reader;
	bool unread = false;

	spin_lock_irq(&reader->lock);
	if (scard_slot_is_owned(&slot->slot, &req->req) && req->state == USCARD_POSTED) {
		call_retire(slot, req);
		unread = true;
	}
	spin_unlock_irq(&reader->lock);
	return unread;
}

/* Have the server end a request. Return: 0 or -EINTR as call_wait(); the request is off with 0. */
static int call_abort(struct uscard_slot *slot, struct uscard_req *req)
{
	struct scard_reader *reader = slot->slot.reader;
	int ret;

	spin_lock_irq(&reader->lock);
	call_tell_abort(slot, req);
	WRITE_ONCE(req->deadline, jiffies + msecs_to_jiffies(CALL_ABORT_MS));
	scard_slot_sleeps(&slot->slot, req->deadline);
	spin_unlock_irq(&reader->lock);
	ret = call_wait(slot, req);
	if (ret != -ETIMEDOUT)
		return ret;
	spin_lock_irq(&reader->lock);
	call_retire(slot, req);
	spin_unlock_irq(&reader->lock);
	return 0;
}

/**
 * uscard_call_enters_pin() - does a control have a PIN entered and sent to the card?
 * @reader: the reader
 * @code: the control code
 *
 * Return: true if the server has said so
 */
bool uscard_call_enters_pin(const struct uscard_reader *reader, u32 code)
{
	u32 i;

	for (i = 0; i < reader->pin_codes; i++)
		if (reader->pin_code[i] == code)
			return true;
	return false;
}

/* Does the card see it, so that it has to be the one that the core knows? */
static bool call_is_for_card(struct uscard_slot *slot, const struct uscard_req *req)
{
	return req->op == USCARD_TRANSMIT || req->op == USCARD_SET_PROTOCOL ||
	       (req->op == USCARD_CONTROL &&
		uscard_call_enters_pin(uscard_slot_reader(slot), req->arg));
}

static bool call_is_power_on(const struct uscard_req *req)
{
	return req->op == USCARD_POWER_ON || req->op == USCARD_RESET;
}

/* Can the request be sent? -EAGAIN: after the resume */
static int call_check(struct uscard_slot *slot, const struct uscard_req *req)
{
	lockdep_assert_held(&slot->slot.reader->lock);
	if (scard_reader_gone(slot->slot.reader))
		return -ENODEV;
	if (READ_ONCE(slot->slot.reader->paused))
		return -EAGAIN;
	if (call_is_power_on(req)) {
		/* the core is to take note of an exchange first */
		if (!slot->present || (slot->exchanged && !scard_slot_no_card(&slot->slot)))
			return -ENOMEDIUM;
		slot->exchanged = false;
		/* a card without power gets a cold reset, which tells whether it is the same */
		return req->op == USCARD_POWER_ON || slot->powered ? 0 : -EIO;
	}
	if (!call_is_for_card(slot, req))
		return 0;
	/* the card may have lost power and protocol while the caller waited */
	if (scard_slot_power_lost(&slot->slot))
		return -EIO;
	return slot->powered ? 0 : -ENOMEDIUM;
}

static int call_post(struct uscard_slot *slot, struct uscard_req *req)
{
	struct uscard_reader *reader = uscard_slot_reader(slot);
	int ret;

	spin_lock_irq(&reader->reader.lock);
	ret = call_check(slot, req);
	if (!ret && WARN_ON_ONCE(slot->call))
		ret = -EIO;	/* a bug of the core, no server can cause it */
	if (!ret) {
		req->id = ++reader->last_id;
		req->error = 0;
		req->value = 0;
		req->rx_len = 0;
		req->aborted = false;
		req->limited = false;
		req->read_by = jiffies + msecs_to_jiffies(CALL_READ_MS);
		WRITE_ONCE(req->deadline, req->read_by);
		WRITE_ONCE(req->state, USCARD_POSTED);
		WRITE_ONCE(slot->call, req);
		reader->reader.count.commands++;
		if (call_is_power_on(req))
			scard_slot_power_begins(&slot->slot);
		scard_slot_sleeps(&slot->slot, req->deadline);
	}
	spin_unlock_irq(&reader->reader.lock);
	if (!ret)
		uscard_call_wake_server(reader);
	return ret;
}

/* A user's servers, of which there may be many, do not fill the log. */
static void call_warn(struct uscard_slot *slot, const char *fault)
{
	static DEFINE_RATELIMIT_STATE(limit, 60 * HZ, 3);

	if (__ratelimit(&limit))
		scard_reader_warn(slot->slot.reader, "%s: its process %s: restart it",
				  slot->slot.name, fault);
}

/* The time of a request is over. */
static int call_time_out(struct uscard_slot *slot, struct uscard_req *req,
			 enum scard_progress before)
{
	struct scard_reader *reader = slot->slot.reader;

	scard_reader_count(reader, &reader->count.timeouts);
	if (call_withdraw(slot, req)) {
		slot->slot.op.progress = before;
		call_warn(slot, "reads no requests");
		return -ETIMEDOUT;
	}
	call_warn(slot, "did not answer in time");
	return call_abort(slot, req) ?: -ETIMEDOUT;
}

/**
 * uscard_call() - have the server do something, and wait for it
 * @slot: the slot, of which the caller owns the turn
 * @req: the request, with its data in @req->req.in
 * @op: USCARD_POWER_ON to USCARD_EJECT
 * @arg: uscard_request.arg
 * @timeout_ms: time for the answer, once the server has read the request
 *
 * Waits killably. With -EINTR the request may still be open: then it belongs to the worker. Or
 * the turn was taken over, and nothing of the slot may be touched.
 *
 * Return: 0 and the answer in @req, or a negative errno of the ABI
 */
int uscard_call(struct uscard_slot *slot, struct uscard_req *req, u32 op, u32 arg,
		unsigned int timeout_ms)
{
	struct scard_reader *reader = slot->slot.reader;
	enum scard_progress before;
	int ret;

	req->op = op;
	req->arg = arg;
	req->timeout_ms = timeout_ms;
	before = scard_slot_sent(&slot->slot, call_is_for_card(slot, req) ? SCARD_SENT_TO_CARD :
									    SCARD_SENT_TO_READER);
	do {
		ret = fatal_signal_pending(current) ? -EINTR : call_post(slot, req);
		if (ret != -EAGAIN)
			break;
		/* the worker goes on after the resume */
		ret = req->req.worker ? -EINTR : scard_reader_wait_resumed(reader);
	} while (!ret);
	if (ret) {
		slot->slot.op.progress = before;
		return ret;
	}
	ret = call_wait(slot, req);
	if (ret == -EINTR && call_withdraw(slot, req))
		slot->slot.op.progress = before;
	if (ret == -ETIMEDOUT)
		ret = call_time_out(slot, req, before);
	if (!ret)
		ret = req->error;
	/* the worker goes on after the resume */
	if (ret && req->req.worker && READ_ONCE(reader->paused))
		ret = -EINTR;
	return ret;
}

/**
 * uscard_call_finish() - end the request of a killed caller
 * @slot: the slot, whose worker calls
 * @req: the request
 * @grace_ms: time for the answer before the request is aborted
 *
 * Return: 0 if it was answered in time; otherwise the card was interrupted
 */
int uscard_call_finish(struct uscard_slot *slot, struct uscard_req *req, unsigned int grace_ms)
{
	struct scard_reader *reader = slot->slot.reader;
	int ret;

	spin_lock_irq(&reader->lock);
	req->limited = true;
	WRITE_ONCE(req->deadline, jiffies + msecs_to_jiffies(grace_ms));
	spin_unlock_irq(&reader->lock);
	ret = call_wait(slot, req);
	if (!ret)
		return req->error;
	call_abort(slot, req);
	spin_lock_irq(&reader->lock);
	if (slot->call == req)
		call_retire(slot, req);
	spin_unlock_irq(&reader->lock);
	return -ETIMEDOUT;
}

/**
 * uscard_call_abandon() - end the request of a caller whose turn was taken over
 * @slot: the slot, whose worker calls
 * @req: the request; its caller may still sleep on it
 */
void uscard_call_abandon(struct uscard_slot *slot, struct uscard_req *req)
{
	struct scard_reader *reader = slot->slot.reader;

	spin_lock_irq(&reader->lock);
	if (slot->call == req) {
		call_tell_abort(slot, req);
		call_retire(slot, req);
		wake_up(&req->wait);	/* it has nothing to wait for any more */
	}
	spin_unlock_irq(&reader->lock);
}

/**
 * uscard_call_stop() - end all requests
 * @reader: the reader, which is gone or paused, so that no request follows
 * @error: their result, a negative errno
 */
void uscard_call_stop(struct uscard_reader *reader, int error)
{
	unsigned int i;

	spin_lock_irq(&reader->reader.lock);
	for (i = 0; i < reader->reader.nslots; i++) {
		struct uscard_slot *slot = to_uscard_slot(reader->reader.slots[i]);
		struct uscard_req *req = slot->call;

		if (req && req->state != USCARD_DONE)
			call_fail(slot, req, error);
	}
	spin_unlock_irq(&reader->reader.lock);
}

/**
 * uscard_call_power_lost() - the cards count as without power
 * @reader: the reader, which is paused
 */
void uscard_call_power_lost(struct uscard_reader *reader)
{
	unsigned int i;

	spin_lock_irq(&reader->reader.lock);
	for (i = 0; i < reader->reader.nslots; i++)
		to_uscard_slot(reader->reader.slots[i])->powered = false;
	spin_unlock_irq(&reader->reader.lock);
}

/**
 * uscard_call_removed() - a card is out: end the open request of its slot, if it is for the card
 * @slot: the slot; reader.lock is held
 */
void uscard_call_removed(struct uscard_slot *slot)
{
	struct uscard_req *req = slot->call;

	lockdep_assert_held(&slot->slot.reader->lock);
	slot->present = false;
	slot->exchanged |= slot->powered;
	slot->powered = false;
	if (req && req->state != USCARD_DONE &&
	    (call_is_power_on(req) || call_is_for_card(slot, req)))
		call_fail(slot, req, -ENOMEDIUM);
	scard_presence_notify(&slot->slot, false);
}

/**
 * uscard_call_icc() - the card as the server has reported it
 * @slot: the slot
 * @asked: the core asks: it knows of an exchange from now on
 *
 * Return: the state; SCARD_ICC_UNKNOWN if the core has yet to ask about an exchanged card
 */
enum scard_icc uscard_call_icc(struct uscard_slot *slot, bool asked)
{
	struct scard_reader *reader = slot->slot.reader;
	enum scard_icc icc;

	spin_lock_irq(&reader->lock);
	if (asked)
		slot->exchanged = false;
	if (!slot->present)
		icc = SCARD_ICC_ABSENT;
	else if (slot->exchanged)
		icc = SCARD_ICC_UNKNOWN;
	else
		icc = slot->powered ? SCARD_ICC_ACTIVE : SCARD_ICC_INACTIVE;
	spin_unlock_irq(&reader->lock);
	return icc;
}
