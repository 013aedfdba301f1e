// SPDX-License-Identifier: GPL-2.0
/*
 * The server's side of a reader: the requests that it reads, its answers and its reports.
 *
 * The server is not trusted: an answer counts only for the request that it has read and that
 * waits for it, and no more of it than the operation allows.
 */
#include <linux/jiffies.h>
#include <linux/string.h>

#include "call.h"
#include "server.h"

/* Longest answer to an operation, in bytes */
static u32 server_max_answer(u32 op)
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

static struct uscard_slot *server_slot(const struct uscard_reader *reader, unsigned int i)
{
	return to_uscard_slot(reader->reader.slots[i % reader->reader.nslots]);
}

/* The slot that has something to read, aborts first, or NULL */
static struct uscard_slot *server_next(struct uscard_reader *reader)
{
	unsigned int i;

	lockdep_assert_held(&reader->reader.lock);
	for (i = 0; i < reader->reader.nslots; i++)
		if (server_slot(reader, i)->abort)
			return server_slot(reader, i);
	for (i = reader->next; i < reader->next + reader->reader.nslots; i++) {
		struct uscard_slot *slot = server_slot(reader, i);

		if (slot->call && slot->call->state == USCARD_POSTED)
			return slot;
	}
	return NULL;
}

/**
 * uscard_server_pending() - has the server something to read?
 * @reader: the reader
 *
 * Return: true if it has
 */
bool uscard_server_pending(struct uscard_reader *reader)
{
	bool pending;

	spin_lock_irq(&reader->reader.lock);
	pending = reader->suspend || server_next(reader);
	spin_unlock_irq(&reader->reader.lock);
	return pending;
}

/* The server gets @ms for a request: not after the end of the operation, nor one that is to end. */
static void server_set_deadline(struct uscard_slot *slot, struct uscard_req *req, u32 ms)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(min_t(u32, ms, SCARD_CEILING_MS));

	if (req->aborted || req->limited)
		return;
	if (time_after(deadline, slot->slot.op.ceiling))
		deadline = slot->slot.op.ceiling;
	WRITE_ONCE(req->deadline, deadline);
	scard_slot_due(&slot->slot, deadline);
}

/* The server reads a request now. */
static int server_take(struct uscard_reader *reader, struct uscard_slot *slot,
		       struct uscard_request *head, u8 *data, u32 size, size_t count)
{
	struct uscard_req *req = slot->call;
	bool has_data = req->op == USCARD_TRANSMIT || req->op == USCARD_CONTROL;

	head->id = req->id;
	head->op = req->op;
	head->arg = req->arg;
	head->timeout_ms = req->timeout_ms;
	head->room = min(req->req.room, server_max_answer(req->op));
	head->len = has_data ? req->req.in_len : 0;
	if (sizeof(*head) + head->len > count)
		return -EMSGSIZE;
	if (head->len > size)
		return -ENOBUFS;
	memcpy(data, req->req.in, head->len);
	WRITE_ONCE(req->state, USCARD_READ);
	server_set_deadline(slot, req, req->timeout_ms);
	reader->next = slot->slot.index + 1;
	return 0;
}

/**
 * uscard_server_read() - take the next request for the server
 * @reader: the reader
 * @head: filled in
 * @data: buffer for the data
 * @size: its size
 * @count: room of the server for @head and data
 *
 * Return: 0; -EAGAIN: there is nothing; -EMSGSIZE: @count is too small; -ENOBUFS: @data is too
 * small, @head->len bytes are needed
 */
int uscard_server_read(struct uscard_reader *reader, struct uscard_request *head, u8 *data,
		       u32 size, size_t count)
{
	struct uscard_slot *slot;
	int ret = 0;

	memset(head, 0, sizeof(*head));
	if (count < sizeof(*head))
		return -EMSGSIZE;
	spin_lock_irq(&reader->reader.lock);
	slot = server_next(reader);
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
		ret = server_take(reader, slot, head, data, size, count);
	}
	spin_unlock_irq(&reader->reader.lock);
	return ret;
}

/* The slot whose request the server has read and is to answer, or NULL */
static struct uscard_slot *server_find(struct uscard_reader *reader, u64 id)
{
	unsigned int i;

	lockdep_assert_held(&reader->reader.lock);
	for (i = 0; i < reader->reader.nslots; i++) {
		struct uscard_slot *slot = server_slot(reader, i);

		if (slot->call && slot->call->id == id && slot->call->state == USCARD_READ)
			return slot;
	}
	return NULL;
}

/**
 * uscard_server_unread() - put back a request that could not be copied
 * @reader: the reader
 * @head: from uscard_server_read()
 */
void uscard_server_unread(struct uscard_reader *reader, const struct uscard_request *head)
{
	struct uscard_slot *slot = server_slot(reader, head->slot);

	spin_lock_irq(&reader->reader.lock);
	if (head->op == USCARD_SUSPEND) {
		reader->suspend = true;
	} else if (head->op == USCARD_ABORT) {
		slot->abort = slot->abort ?: head->arg64;
	} else {
		slot = server_find(reader, head->id);
		if (slot) {
			struct uscard_req *req = slot->call;

			WRITE_ONCE(req->state, USCARD_POSTED);
			/* it has no more time than if it had not been read */
			if (!req->aborted && !req->limited) {
				WRITE_ONCE(req->deadline, req->read_by);
				scard_slot_due(&slot->slot, req->deadline);
				wake_up(&req->wait);
			}
		}
	}
	spin_unlock_irq(&reader->reader.lock);
	uscard_call_wake_server(reader);
}

/* The errnos that a server may answer; see linux/uscard.h */
static int server_errno(u32 op, u32 error)
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
	case EINVAL:
		return op == USCARD_CONTROL ? -EINVAL : -EIO;
	default:
		return -EIO;
	}
}

/* What an answer tells of the card */
static void server_learn(struct uscard_slot *slot, const struct uscard_req *req)
{
	if (!req->error && (req->op == USCARD_POWER_ON || req->op == USCARD_RESET))
		slot->powered = true;
	if (!req->error && req->op == USCARD_POWER_OFF)
		slot->powered = false;
	/* as if it had reported that */
	if (req->error == -ENOMEDIUM && slot->present)
		uscard_call_removed(slot);
}

/**
 * uscard_server_answer() - the server answers a request
 * @reader: the reader
 * @msg: the answer, of which type and reserved words are checked
 * @data: its data; a large answer takes the buffer, and leaves the one of the request
 * @size: bytes at @data
 *
 * Return: 0 or a negative errno of linux/uscard.h
 */
int uscard_server_answer(struct uscard_reader *reader, const struct uscard_message *msg,
			 u8 **data, u32 *size)
{
	struct uscard_slot *slot;
	struct uscard_req *req;
	int ret = -ENOENT;

	if (msg->slot || (msg->error && (msg->len || msg->value)))
		return -EINVAL;
	spin_lock_irq(&reader->reader.lock);
	slot = server_find(reader, msg->id);
	if (!slot)
		goto out;
	req = slot->call;
	ret = -EMSGSIZE;
	if (msg->len > server_max_answer(req->op))
		goto out;
	ret = -EINVAL;
	if (msg->value && req->op != USCARD_SET_PROTOCOL)
		goto out;
	req->rx_len = msg->len;
	if (msg->len <= req->rx_size) {
		memcpy(req->rx, *data, msg->len);
	} else {
		/* longer than USCARD_SHORT, so @data is not on the caller's stack */
		swap(req->rx, *data);
		swap(req->rx_size, *size);
	}
	req->value = msg->value;
	req->error = server_errno(req->op, msg->error);
	server_learn(slot, req);
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
 * uscard_server_more_time() - the server needs more time for a request
 * @reader: the reader
 * @msg: the message, of which type and reserved words are checked
 *
 * Return: 0 or a negative errno of linux/uscard.h
 */
int uscard_server_more_time(struct uscard_reader *reader, const struct uscard_message *msg)
{
	struct uscard_slot *slot;

	if (msg->slot || msg->error || msg->len || !msg->value)
		return -EINVAL;
	spin_lock_irq(&reader->reader.lock);
	slot = server_find(reader, msg->id);
	if (slot) {
		reader->reader.count.time_extensions++;
		server_set_deadline(slot, slot->call, msg->value);
		wake_up(&slot->call->wait);
	}
	spin_unlock_irq(&reader->reader.lock);
	return slot ? 0 : -ENOENT;
}

/**
 * uscard_server_event() - the server reports a card, or that it is out
 * @slot: the slot
 * @present: a card is in it
 *
 * A report of what is known changes nothing. A removal ends the request that is open, if it is
 * for the card.
 */
void uscard_server_event(struct uscard_slot *slot, bool present)
{
	struct scard_reader *reader = slot->slot.reader;

	spin_lock_irq(&reader->lock);
	if (slot->present && !present) {
		uscard_call_removed(slot);
	} else if (!slot->present && present) {
		slot->present = true;
		scard_presence_notify(&slot->slot, true);
	}
	spin_unlock_irq(&reader->lock);
}

/**
 * uscard_server_suspend() - tell the server that the system goes to sleep
 * @reader: the reader
 */
void uscard_server_suspend(struct uscard_reader *reader)
{
	spin_lock_irq(&reader->reader.lock);
	reader->suspend = true;
	spin_unlock_irq(&reader->reader.lock);
	uscard_call_wake_server(reader);
}
