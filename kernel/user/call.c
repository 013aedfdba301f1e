// SPDX-License-Identifier: GPL-2.0
/*
 * Requests to the server: posted by the owner of the turn, read and answered by the server,
 * aborted when their caller is gone or their time is over.
 *
 * The server is not trusted: it may be slow, stopped or malicious. Each wait is killable and
 * ends; an answer counts only for the request that waits for it.
 */
#include <linux/freezer.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "call.h"

/* A request is read in this time, and its abort is answered in that one */
#define CALL_READ_MS	5000
#define CALL_ABORT_MS	2000

/* Longest answer to an operation, in bytes */
static u32 call_max_answer(u32 op)
{
	switch (op) {
	case USCARD_POWER_ON:
	case USCARD_RESET:
		return SCARD_MAX_ATR_SIZE;
	case USCARD_TRANSMIT:
		return SCARD_ANSWER_MAX;
	case USCARD_CONTROL:
		return SCARD_CONTROL_MAX;
	default:
		return 0;
	}
}

static void call_wake_server(struct uscard_reader *reader)
{
	wake_up_interruptible_poll(&reader->server, EPOLLIN | EPOLLRDNORM);
}

/* ---- for the owner of the turn ---- */

/* The request leaves the slot: no answer to it counts any more. */
static void call_retire(struct uscard_slot *slot, struct uscard_req *req)
{
	lockdep_assert_held(&slot->slot.reader->lock);
	slot->call = NULL;
	req->state = USCARD_OFF;
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

/* Has a request that was not read more time? While the server works on one of another slot. */
static bool call_waits_on(struct uscard_slot *slot, struct uscard_req *req)
{
	if (req->state != USCARD_POSTED || fatal_signal_pending(current) ||
	    !call_server_works(uscard_slot_reader(slot)) ||
	    time_after_eq(jiffies, slot->slot.op.ceiling))
		return false;
	WRITE_ONCE(req->deadline, jiffies + msecs_to_jiffies(CALL_READ_MS));
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
	call_wake_server(uscard_slot_reader(slot));
	ret = call_wait(slot, req);
	if (ret != -ETIMEDOUT)
		return ret;
	spin_lock_irq(&reader->lock);
	if (slot->call == req)
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
		return 0;
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
		WRITE_ONCE(req->deadline, jiffies + msecs_to_jiffies(CALL_READ_MS));
		WRITE_ONCE(req->state, USCARD_POSTED);
		WRITE_ONCE(slot->call, req);
		reader->reader.count.commands++;
		if (call_is_power_on(req))
			scard_slot_power_begins(&slot->slot);
		scard_slot_sleeps(&slot->slot, req->deadline);
	}
	spin_unlock_irq(&reader->reader.lock);
	if (!ret)
		call_wake_server(reader);
	return ret;
}

/* The time of a request is over. */
static int call_time_out(struct uscard_slot *slot, struct uscard_req *req,
			 enum scard_progress before)
{
	struct scard_reader *reader = slot->slot.reader;

	scard_reader_count(reader, &reader->count.timeouts);
	if (call_withdraw(slot, req)) {
		slot->slot.op.progress = before;
		scard_reader_warn(reader, "%s: its process reads no requests: restart it",
				  slot->slot.name);
		return -ETIMEDOUT;
	}
	scard_reader_warn(reader, "%s: a request was not answered in time: restart its process",
			  slot->slot.name);
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
	}
	spin_unlock_irq(&reader->lock);
	call_wake_server(uscard_slot_reader(slot));
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
	/* also those that wait for a request to read */
	wake_up_all(&reader->server);
}

/**
 * uscard_call_suspend() - tell the server that the system goes to sleep
 * @reader: the reader, which is paused
 */
void uscard_call_suspend(struct uscard_reader *reader)
{
	unsigned int i;

	spin_lock_irq(&reader->reader.lock);
	for (i = 0; i < reader->reader.nslots; i++)
		to_uscard_slot(reader->reader.slots[i])->powered = false;
	reader->suspend = true;
	spin_unlock_irq(&reader->reader.lock);
	call_wake_server(reader);
}

/* ---- for the server ---- */

static struct uscard_slot *call_slot(const struct uscard_reader *reader, unsigned int i)
{
	return to_uscard_slot(reader->reader.slots[i % reader->reader.nslots]);
}

/* The slot that has something to read, aborts first, or NULL */
static struct uscard_slot *call_next(struct uscard_reader *reader)
{
	unsigned int i;

	lockdep_assert_held(&reader->reader.lock);
	for (i = 0; i < reader->reader.nslots; i++)
		if (call_slot(reader, i)->abort)
			return call_slot(reader, i);
	for (i = reader->next; i < reader->next + reader->reader.nslots; i++) {
		struct uscard_slot *slot = call_slot(reader, i);

		if (slot->call && slot->call->state == USCARD_POSTED)
			return slot;
	}
	return NULL;
}

/**
 * uscard_call_pending() - has the server something to read?
 * @reader: the reader
 *
 * Return: true if it has
 */
bool uscard_call_pending(struct uscard_reader *reader)
{
	bool pending;

	spin_lock_irq(&reader->reader.lock);
	pending = reader->suspend || call_next(reader);
	spin_unlock_irq(&reader->reader.lock);
	return pending;
}

/* The server reads a request now. */
static int call_take(struct uscard_reader *reader, struct uscard_slot *slot,
		     struct uscard_request *head, u8 *data, u32 size, size_t count)
{
	struct uscard_req *req = slot->call;
	bool has_data = req->op == USCARD_TRANSMIT || req->op == USCARD_CONTROL;

	head->id = req->id;
	head->op = req->op;
	head->arg = req->arg;
	head->timeout_ms = req->timeout_ms;
	head->room = min(req->req.room, call_max_answer(req->op));
	head->len = has_data ? req->req.in_len : 0;
	if (sizeof(*head) + head->len > count)
		return -EMSGSIZE;
	if (head->len > size)
		return -ENOBUFS;
	memcpy(data, req->req.in, head->len);
	WRITE_ONCE(req->state, USCARD_READ);
	WRITE_ONCE(req->deadline, jiffies + msecs_to_jiffies(req->timeout_ms));
	scard_slot_due(&slot->slot, req->deadline);
	reader->next = slot->slot.index + 1;
	return 0;
}

/**
 * uscard_call_read() - the next thing that the server has to know
 * @reader: the reader
 * @head: filled in
 * @data: buffer for the data
 * @size: its size
 * @count: room of the server for @head and data
 *
 * Return: 0; -EAGAIN: there is nothing; -EMSGSIZE: @count is too small; -ENOBUFS: @data is too
 * small, @head->len bytes are needed
 */
int uscard_call_read(struct uscard_reader *reader, struct uscard_request *head, u8 *data,
		     u32 size, size_t count)
{
	struct uscard_slot *slot;
	int ret = 0;

	memset(head, 0, sizeof(*head));
	if (count < sizeof(*head))
		return -EMSGSIZE;
	spin_lock_irq(&reader->reader.lock);
	slot = call_next(reader);
	if (slot)
		head->slot = slot->slot.index;
	if (reader->suspend) {
		reader->suspend = false;
		head->slot = 0;
		head->op = USCARD_SUSPEND;
	} else if (!slot) {
		ret = -EAGAIN;
	} else if (slot->abort) {
		head->op = USCARD_ABORT;
		head->arg64 = slot->abort;
		slot->abort = 0;
	} else {
		ret = call_take(reader, slot, head, data, size, count);
	}
	spin_unlock_irq(&reader->reader.lock);
	return ret;
}

/**
 * uscard_call_unread() - the server could not take it after all
 * @reader: the reader
 * @head: from uscard_call_read()
 */
void uscard_call_unread(struct uscard_reader *reader, const struct uscard_request *head)
{
	struct uscard_slot *slot = call_slot(reader, head->slot);

	spin_lock_irq(&reader->reader.lock);
	if (head->op == USCARD_SUSPEND) {
		reader->suspend = true;
	} else if (head->op == USCARD_ABORT) {
		slot->abort = slot->abort ?: head->arg64;
	} else if (slot->call && slot->call->id == head->id && slot->call->state == USCARD_READ) {
		WRITE_ONCE(slot->call->state, USCARD_POSTED);
	}
	spin_unlock_irq(&reader->reader.lock);
}

/* The slot whose request the server has read and is to answer, or NULL */
static struct uscard_slot *call_find(struct uscard_reader *reader, u64 id)
{
	unsigned int i;

	lockdep_assert_held(&reader->reader.lock);
	for (i = 0; i < reader->reader.nslots; i++) {
		struct uscard_slot *slot = call_slot(reader, i);

		if (slot->call && slot->call->id == id && slot->call->state == USCARD_READ)
			return slot;
	}
	return NULL;
}

/* The errnos that a server may answer; see uscard.h */
static int call_errno(u32 error)
{
	switch (error) {
	case 0:
	case ENOMEDIUM:
	case EREMOTEIO:
	case EPROTONOSUPPORT:
	case EOPNOTSUPP:
	case ETIMEDOUT:
	case ECANCELED:
		return -(int)error;
	default:
		return -EIO;
	}
}

/* What an answer tells of the card */
static void call_learn(struct uscard_slot *slot, const struct uscard_req *req)
{
	if (!req->error && call_is_power_on(req))
		slot->powered = true;
	if (!req->error && req->op == USCARD_POWER_OFF)
		slot->powered = false;
	if (req->error == -ENOMEDIUM) {
		slot->present = false;
		slot->powered = false;
	}
}

/**
 * uscard_call_answer() - the server answers a request
 * @reader: the reader
 * @msg: the answer, of which type and reserved words are checked
 * @data: its data; a large answer takes the buffer, and leaves the one of the request
 * @size: bytes at @data
 *
 * Return: 0 or a negative errno of uscard.h
 */
int uscard_call_answer(struct uscard_reader *reader, const struct uscard_message *msg, u8 **data,
		       u32 *size)
{
	struct uscard_slot *slot;
	struct uscard_req *req;
	int ret = -ENOENT;

	if (msg->slot || (msg->error && (msg->len || msg->value)))
		return -EINVAL;
	spin_lock_irq(&reader->reader.lock);
	slot = call_find(reader, msg->id);
	if (!slot)
		goto out;
	req = slot->call;
	ret = -EMSGSIZE;
	if (msg->len > call_max_answer(req->op))
		goto out;
	ret = -EINVAL;
	if (msg->value && req->op != USCARD_SET_PROTOCOL)
		goto out;
	req->rx_len = msg->len;
	if (msg->len <= req->rx_size) {
		memcpy(req->rx, *data, msg->len);
	} else {
		swap(req->rx, *data);
		swap(req->rx_size, *size);
	}
	req->value = msg->value;
	req->error = call_errno(msg->error);
	call_learn(slot, req);
	if (slot->abort == req->id)
		slot->abort = 0;
	WRITE_ONCE(req->state, USCARD_DONE);
	scard_slot_due(&slot->slot, jiffies);
	wake_up(&req->wait);
	ret = 0;
out:
	spin_unlock_irq(&reader->reader.lock);
	return ret;
}

/**
 * uscard_call_more_time() - the server needs more time for a request
 * @reader: the reader
 * @msg: the message, of which type and reserved words are checked
 *
 * Return: 0 or a negative errno of uscard.h
 */
int uscard_call_more_time(struct uscard_reader *reader, const struct uscard_message *msg)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(min(msg->value, SCARD_CEILING_MS));
	struct uscard_slot *slot;

	if (msg->slot || msg->error || msg->len || !msg->value)
		return -EINVAL;
	spin_lock_irq(&reader->reader.lock);
	slot = call_find(reader, msg->id);
	if (slot) {
		struct uscard_req *req = slot->call;

		reader->reader.count.time_extensions++;
		/* a request that is being aborted, or whose caller is gone, has no more time */
		if (!req->aborted && !req->limited) {
			if (time_after(deadline, slot->slot.op.ceiling))
				deadline = slot->slot.op.ceiling;
			WRITE_ONCE(req->deadline, deadline);
			scard_slot_due(&slot->slot, deadline);
			wake_up(&req->wait);
		}
	}
	spin_unlock_irq(&reader->reader.lock);
	return slot ? 0 : -ENOENT;
}

/**
 * uscard_call_event() - the server reports a card, or that it is out
 * @slot: the slot
 * @present: a card is in it
 *
 * A report of what is known changes nothing. A removal ends the request that is open, if it is
 * for the card.
 */
void uscard_call_event(struct uscard_slot *slot, bool present)
{
	struct scard_reader *reader = slot->slot.reader;
	struct uscard_req *req;
	bool news;

	spin_lock_irq(&reader->lock);
	news = slot->present != present && !reader->gone;
	if (news) {
		slot->present = present;
		slot->exchanged |= slot->powered;
		slot->powered = false;
		req = slot->call;
		if (!present && req && req->state != USCARD_DONE &&
		    (call_is_power_on(req) || call_is_for_card(slot, req)))
			call_fail(slot, req, -ENOMEDIUM);
	}
	spin_unlock_irq(&reader->lock);
	if (!news)
		return;
	scard_presence_notify(&slot->slot, present);
	call_wake_server(uscard_slot_reader(slot));
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
