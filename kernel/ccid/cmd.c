// SPDX-License-Identifier: GPL-2.0
/*
 * One CCID command with all that can become of it: end one that nobody waits for or
 * that takes too long by the abort sequence (CCID 1.1 sections 5.3.1, 6.1.13), and find
 * the way back after errors.
 */
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "wire.h"
#include "trace.h"

#define CCID_ABORT_REQUEST	0x01	/* class request ABORT, CCID 1.1 section 5.3.1 */
#define CCID_REQUEST_OUT	0x21	/* host to device, class, interface */
#define CCID_ABORT_TIMEOUT_MS	2000
#define CCID_STATUS_TIMEOUT_MS	1000
/* The same when the reader is about to be left: nobody needs it any more */
#define CCID_FAREWELL_ABORT_MS	500

static unsigned int ccid_cmd_abort_ms(const struct scard_reader *reader)
{
	return READ_ONCE(reader->farewell) ? CCID_FAREWELL_ABORT_MS : CCID_ABORT_TIMEOUT_MS;
}

/*
 * End a command: ABORT on the control pipe and PC_to_RDR_Abort with the same bSeq
 * on the bulk pipe; the reader drops what it does and answers the second one.
 *
 * Return: 0, or a negative errno with the request off the wire in both cases;
 * -EINTR: killed, nothing is on the wire, the reader may still be busy
 */
static int ccid_cmd_abort(struct scard_slot *slot, struct scard_req *req)
{
	struct scard_reader *reader = slot->reader;
	static const u8 none[3];
	int ret;

	ccid_wire_cancel(slot, req);
	if (ccid_wire_barred(reader))
		return -ENODEV;
	ccid_wire_abort_seq(req);
	ret = reader->ops->control(reader, CCID_REQUEST_OUT, CCID_ABORT_REQUEST,
				   req->seq << 8 | slot->index, NULL, 0,
				   ccid_cmd_abort_ms(reader));
	if (ret == -EINTR)
		goto killed;
	/* a reader that does not know the request may know the message */
	ccid_wire_limit(req, ccid_cmd_abort_ms(reader));
	ret = ccid_wire_post(slot, req, CCID_PC_TO_RDR_ABORT, none, 0);
	if (!ret) {
		ret = ccid_wire_wait(req);
		if (!ret)
			ret = req->status;
		ccid_wire_cancel(slot, req);
	}
	if (ret == -EPIPE)
		ret = reader->ops->unhalt(reader);
	if (ret != -EINTR)
		return ret;
killed:
	slot->interrupted = true;	/* the worker begins anew */
	return ret;
}

/* The way back was not found: the next command tries again. */
static void ccid_cmd_wedge(struct scard_reader *reader)
{
	WRITE_ONCE(reader->wedged, true);
	scard_reader_complain(reader, "answers no more: unplug it and plug it in again");
}

/*
 * The last command was cut on the wire by a suspend, a reset of the port or the end of
 * the driver, and the reader may be busy with it still.
 */
static int ccid_cmd_clean_up(struct scard_slot *slot, struct scard_req *req)
{
	int ret = ccid_cmd_abort(slot, req);

	if (ret == -EINTR || ret == -ENODEV)
		return ret;
	slot->interrupted = false;
	if (ret)
		ccid_cmd_wedge(slot->reader);
	return 0;
}

/* What a caller hears of a recovery that has failed with @ret: the status of a transfer is none. */
static int ccid_cmd_lost(const struct scard_reader *reader, int ret)
{
	if (ret == -EINTR || ret == -ENOMEM || ret == -ETIMEDOUT)
		return ret;
	return ret == -ENODEV || ret == -ESHUTDOWN || scard_reader_gone(reader) ? -ENODEV : -EIO;
}

/*
 * The last recovery failed, so the reader may be anywhere: a status request must
 * come through before anything else is sent, else the command fails quickly.
 */
static int ccid_cmd_unwedge(struct scard_slot *slot, struct scard_req *req)
{
	struct scard_reader *reader = slot->reader;
	static const u8 none[3];
	int ret;

	ret = reader->ops->unhalt(reader);
	if (ret == -EINTR || ret == -ENODEV)
		return ret;
	ccid_wire_limit(req, CCID_STATUS_TIMEOUT_MS);
	ret = ccid_wire_post(slot, req, CCID_PC_TO_RDR_GET_SLOT_STATUS, none, 0);
	if (ret)
		return ccid_cmd_lost(reader, ret);
	ret = ccid_wire_wait(req);
	if (!ret)
		ret = req->status;
	if (ret && ret != -EINTR)
		ret = ccid_cmd_abort(slot, req);
	if (ret == -EINTR && ccid_wire_in_flight(slot, req))
		ccid_wire_cancel(slot, req);
	if (ret)
		return ccid_cmd_lost(reader, ret);
	WRITE_ONCE(reader->wedged, false);
	return 0;
}

/* Did the answer say yes? */
static int ccid_cmd_verdict(const struct scard_req *req)
{
	if (req->ans.cmd_status == CCID_CMD_OK)
		return 0;
	return ccid_error_to_errno(req->ans.icc_status, req->ans.error);
}

/* Turn a failed transfer into an errno of the ABI, and mend what can be mended. */
static int ccid_cmd_mend(struct scard_slot *slot, struct scard_req *req, int status)
{
	struct scard_reader *reader = slot->reader;
	int ret;

	if (scard_reader_gone(reader))
		return -ENODEV;
	switch (status) {
	case -ENODEV:
	case -ESHUTDOWN:
		return -ENODEV;
	case -EPERM:
	case -ENOENT:
		return -EIO;	/* ended by suspend or reset, there is nothing to mend */
	case -EPIPE:
		ret = reader->ops->unhalt(reader);
		break;
	default:
		/* lost in the stream of messages: find the way back now */
		ret = ccid_cmd_abort(slot, req);
		if (!ret)
			scard_reader_complain(reader,
					      "a transfer failed (%d): if this repeats, try another port or cable",
					      status);
		break;
	}
	if (ret == -EINTR)
		return ret;
	if (ret == -ENODEV || ret == -ESHUTDOWN || scard_reader_gone(reader))
		return -ENODEV;
	if (ret)
		ccid_cmd_wedge(reader);
	return -EIO;
}

static int ccid_cmd_end(struct scard_slot *slot, struct scard_req *req, int ret)
{
	if (ret == -EINTR)
		return ret;	/* stays on the wire, the worker takes over */
	if (ret == -ETIMEDOUT) {
		trace_scard_ccid_fail(slot, req->seq, ret);
		ccid_wire_count(slot->reader, &slot->reader->count.timeouts);
		ret = ccid_cmd_abort(slot, req);
		if (ret == -EINTR)
			return ret;
		if (ret == -ENODEV || ret == -ESHUTDOWN || scard_reader_gone(slot->reader))
			return -ENODEV;
		if (ret)
			ccid_cmd_wedge(slot->reader);
		else
			scard_reader_complain(slot->reader,
					      "a command was not answered in time: if this repeats, try another card, then another port");
		return -ETIMEDOUT;
	}
	if (req->status) {
		/* ccid_cmd_disown(): it has been seen to while we were frozen */
		if (ccid_wire_in_flight(slot, req) &&
		    (req->status == -ENOENT || req->status == -EPERM))
			slot->interrupted = true;
		ccid_wire_cancel(slot, req);
		return ccid_cmd_mend(slot, req, req->status);
	}
	return ccid_cmd_verdict(req);
}

/*
 * Whoever has the reader's last words sends one command at a time, and those who are
 * frozen keep their places.
 */
static bool ccid_cmd_needs_place(const struct scard_reader *reader)
{
	return reader->nslots > reader->desc.nbusy && !READ_ONCE(reader->farewell);
}

static void ccid_cmd_wake(struct scard_reader *reader, struct scard_place *p)
{
	if (p->task)
		wake_up_process(p->task);
	else
		queue_work(reader->wq, &container_of(p, struct scard_slot, place)->work);
}

static void ccid_cmd_put_place(struct scard_reader *reader)
{
	struct scard_place *p;

	if (!ccid_cmd_needs_place(reader))
		return;
	spin_lock_irq(&reader->lock);
	p = list_first_entry_or_null(&reader->queue, struct scard_place, node);
	if (p) {
		list_del(&p->node);
		WRITE_ONCE(p->served, true);
		ccid_cmd_wake(reader, p);
	} else {
		reader->places++;
	}
	spin_unlock_irq(&reader->lock);
}

/*
 * First come, first served; killably, and frozen in place when the system goes to sleep.
 * A semaphore cannot be waited for in that way.
 *
 * Return: 0, -EINTR or -ENODEV
 */
static int ccid_cmd_get_place(struct scard_reader *reader)
{
	struct scard_place p = { .task = current };

	spin_lock_irq(&reader->lock);
	if (reader->places) {
		reader->places--;
		spin_unlock_irq(&reader->lock);
		return 0;
	}
	list_add_tail(&p.node, &reader->queue);
	spin_unlock_irq(&reader->lock);

	for (;;) {
		set_current_state(TASK_KILLABLE | TASK_FREEZABLE);
		if (READ_ONCE(p.served) || scard_reader_gone(reader) ||
		    fatal_signal_pending(current))
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	/* whoever serves us has the lock until it needs neither the entry nor this task */
	spin_lock_irq(&reader->lock);
	if (!p.served)
		list_del(&p.node);
	spin_unlock_irq(&reader->lock);
	if (p.served)
		return 0;
	return scard_reader_gone(reader) ? -ENODEV : -EINTR;
}

/**
 * ccid_cmd_gone() - the reader is gone: nobody waits for a place any more
 * @reader: the reader
 */
void ccid_cmd_gone(struct scard_reader *reader)
{
	struct scard_place *p, *next;

	spin_lock_irq(&reader->lock);
	list_for_each_entry_safe(p, next, &reader->queue, node) {
		/* threads do that themselves */
		if (!p->task)
			list_del(&p->node);
		ccid_cmd_wake(reader, p);
	}
	spin_unlock_irq(&reader->lock);
}

/**
 * ccid_cmd_take_place() - before a job of the worker: a place for all its commands
 * @slot: the slot, of which the worker is the actor
 *
 * Never sleeps: a work that sleeps cannot be frozen, and whoever has the place may be frozen
 * already, so that the system would not go to sleep.
 *
 * Return: true if it has one until ccid_cmd_give_place(), or needs none; false: slot->work
 * is queued when it has one, and is to do nothing until then
 */
bool ccid_cmd_take_place(struct scard_slot *slot)
{
	struct scard_reader *reader = slot->reader;
	struct scard_place *p = &slot->place;
	bool waits = false;

	if (!ccid_cmd_needs_place(reader) || p->served)
		return true;
	spin_lock_irq(&reader->lock);
	if (reader->places) {
		reader->places--;
		p->served = true;
	} else if (!reader->gone) {
		list_add_tail(&p->node, &reader->queue);
		waits = true;
	}
	spin_unlock_irq(&reader->lock);
	return !waits;
}

/**
 * ccid_cmd_give_place() - the job is done
 * @slot: the slot; for its worker
 */
void ccid_cmd_give_place(struct scard_slot *slot)
{
	if (!slot->place.served)
		return;
	slot->place.served = false;
	ccid_cmd_put_place(slot->reader);
}

/* Is this a command of a job that has a place? */
static bool ccid_cmd_has_place(const struct scard_slot *slot, const struct scard_req *req)
{
	return req == slot->req && slot->place.served;
}

/**
 * ccid_cmd_disown() - take a slot over from a caller that is frozen
 * @slot: the slot; all transfers have ended
 *
 * For suspend. A command that was cut is the business of the next one on this slot; the
 * caller finds out when it is thawed.
 *
 * Return: true if a command was cut
 */
bool ccid_cmd_disown(struct scard_slot *slot)
{
	if (READ_ONCE(slot->reader->cmd[slot->index])) {
		ccid_wire_retire(slot);
		slot->interrupted = true;
	}
	return slot->interrupted;
}

/* Wait for the answer to a command that was sent with the result @ret. */
static int ccid_cmd_answer(struct scard_slot *slot, struct scard_req *req, int ret)
{
	if (ret == -ENOMEM)
		return ret;	/* the reader has seen nothing of it: nothing to mend */
	if (ret)
		return ccid_cmd_mend(slot, req, ret);
	return ccid_cmd_end(slot, req, ccid_wire_wait(req));
}

static bool ccid_cmd_is_for_card(u8 type)
{
	return type == CCID_PC_TO_RDR_XFR_BLOCK || type == CCID_PC_TO_RDR_SECURE;
}

/*
 * Is a command for a card with the power and the protocol that it has lost since? Its caller
 * may have waited for a place, for the end of a reset, or for a CPU.
 */
static bool ccid_cmd_is_late(const struct scard_slot *slot, u8 type)
{
	return ccid_cmd_is_for_card(type) && slot->stops != READ_ONCE(slot->reader->stops);
}

/**
 * ccid_cmd() - send a command and wait for its answer
 * @slot: the slot, of which the caller is the actor
 * @req: the request; its payload stands at req->tx + CCID_HEADER_LEN
 * @type: bMessageType
 * @params: bytes 7 to 9 of the message
 * @len: bytes of payload
 * @timeout_ms: time for one answer; each time extension multiplies it
 *
 * Waits killably. With -EINTR the caller was killed, and it must ask
 * ccid_wire_in_flight() whether @req is still on the wire; if so, @req belongs to
 * the worker.
 *
 * Return: 0 and req->ans, or a negative errno of the ABI; req->ans is valid then
 * too if its type is not 0
 */
int ccid_cmd(struct scard_slot *slot, struct scard_req *req, u8 type, const u8 params[3], u32 len,
	     unsigned int timeout_ms)
{
	struct scard_reader *reader = slot->reader;
	bool sent;
	int ret;

	req->ans.type = 0;	/* what was answered before is not of this command */
	if (fatal_signal_pending(current))
		return -EINTR;
	if (WARN_ON_ONCE(CCID_HEADER_LEN + len > req->tx_size))
		return -EINVAL;	/* a bug of the caller, no device can cause it */
	if (ccid_cmd_needs_place(reader) && !ccid_cmd_has_place(slot, req)) {
		ret = ccid_cmd_get_place(reader);
		if (ret)
			return ret;
		/* the card that it is for has been taken out meanwhile, and another may be there */
		if (ccid_cmd_is_for_card(type) && READ_ONCE(slot->pol.card) == POL_CARD_ABSENT) {
			ret = -ENOMEDIUM;
			goto out;
		}
	}
	if (READ_ONCE(reader->paused) && !reader->farewell) {
		ret = scard_reader_wait_resumed(reader);
		if (ret)
			goto out;
	}
	if (ccid_cmd_is_late(slot, type)) {
		ret = -EIO;
		goto out;
	}
	if (slot->interrupted) {
		ret = ccid_cmd_clean_up(slot, req);
		if (ret)
			goto out;
	}
	if (READ_ONCE(reader->wedged)) {
		/* the payload in tx is not touched, only the header before it */
		ret = ccid_cmd_unwedge(slot, req);
		if (ret)
			goto out;
	}
	sent = slot->sent;
	slot->sent = true;
	if (type == CCID_PC_TO_RDR_ICC_POWER_ON)
		slot->stops = READ_ONCE(reader->stops);
	if (reader->ops->exchange) {
		ccid_msg_put_header(req->tx, type, len, slot->index, 0, params);
		trace_scard_ccid_send(slot, type, 0, len);
		ccid_wire_count(reader, &reader->count.commands);
		ret = reader->ops->exchange(slot, req, CCID_HEADER_LEN + len, timeout_ms);
		if (ret) {
			trace_scard_ccid_fail(slot, 0, ret);
			if (ret == -EIO || ret == -ETIMEDOUT)
				scard_reader_complain(reader,
						      "a command failed (%d): if this repeats, try another port",
						      ret);
		} else {
			trace_scard_ccid_receive(slot, &req->ans, true);
			ret = ccid_cmd_verdict(req);
		}
		goto out;
	}
	ccid_wire_limits(req, timeout_ms, slot->ceiling);
	ret = ccid_wire_post(slot, req, type, params, len);
	if (ret == -ENOMEM)
		slot->sent = sent;
	ret = ccid_cmd_answer(slot, req, ret);
out:
	/* a request left on the wire keeps its place until it is finished */
	if (!ccid_cmd_has_place(slot, req) && !ccid_wire_in_flight(slot, req))
		ccid_cmd_put_place(reader);
	return ret;
}

/**
 * ccid_cmd_answer_whole() - is the exchange over with this answer?
 * @req: an answered request
 *
 * Return: false if the reader has more parts of an APDU to send or to receive
 */
bool ccid_cmd_answer_whole(const struct scard_req *req)
{
	return req->ans.type != CCID_RDR_TO_PC_DATA_BLOCK || req->ans.param == CCID_CHAIN_WHOLE;
}

/**
 * ccid_cmd_finish() - end a command that nobody waits for any more
 * @slot: the slot
 * @req: the request, on the wire
 * @grace_ms: how long the card may take before the command is aborted
 *
 * For the worker, which signals do not reach.
 *
 * Return: 0 if the card has answered in time; otherwise what it was doing was cut
 */
int ccid_cmd_finish(struct scard_slot *slot, struct scard_req *req, unsigned int grace_ms)
{
	int ret;

	ccid_wire_limit(req, grace_ms);
	ccid_wire_set_waiter(req, current);
	ret = ccid_cmd_end(slot, req, ccid_wire_wait(req));
	ccid_cmd_put_place(slot->reader);
	return ret;
}
