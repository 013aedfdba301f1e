// SPDX-License-Identifier: GPL-2.0
/*
 * One CCID command: build the message, match the answer by slot and sequence,
 * follow time extensions up to a ceiling, end a command that nobody waits for or
 * that takes too long by the abort sequence (CCID 1.1 sections 5.3.1, 6.1.13).
 *
 * One command at a time per slot; up to bMaxCCIDBusySlots per reader. Each command
 * on the wire has a receive buffer armed; an answer may arrive in any of them and
 * is given to whom it belongs by swapping buffers.
 */
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/timer.h>

#include "trace.h"

/* Messages that are not the answer: passed over, up to this many per command */
#define CCID_MAX_STRAYS		32

/* Time extensions per command; one a second up to the ceiling would be 300 */
#define CCID_MAX_EXTENSIONS	5000

#define CCID_ABORT_REQUEST	0x01	/* class request ABORT, CCID 1.1 section 5.3.1 */
#define CCID_REQUEST_OUT	0x21	/* host to device, class, interface */
#define CCID_ABORT_TIMEOUT_MS	2000
#define CCID_STATUS_TIMEOUT_MS	1000
/* The same when the reader is about to be left: nobody needs it any more */
#define CCID_FAREWELL_ABORT_MS	500

/* Nothing is sent any more, but by who powers the cards off. */
static bool ccid_cmd_barred(const struct scard_reader *reader)
{
	return scard_reader_gone(reader) && !READ_ONCE(reader->farewell);
}

static unsigned int ccid_cmd_abort_ms(const struct scard_reader *reader)
{
	return READ_ONCE(reader->farewell) ? CCID_FAREWELL_ABORT_MS : CCID_ABORT_TIMEOUT_MS;
}

/* ---- time ---- */

/*
 * The timer of a slot is not stopped with each command: one that is due no later than the
 * deadline serves the next commands too, and moves itself. So a card that is spoken to
 * costs a timer now and then, not two operations on one for each APDU.
 */
static void ccid_cmd_arm(struct scard_req *req)
{
	struct timer_list *timer = &req->reader->slots[req->slot]->deadline;

	lockdep_assert_held(&req->reader->lock);
	if (!timer_pending(timer) || time_after(timer->expires, req->deadline))
		mod_timer(timer, req->deadline);
}

/**
 * ccid_cmd_expired() - the timer of a slot
 * @timer: slot->deadline
 */
void ccid_cmd_expired(struct timer_list *timer)
{
	struct scard_slot *slot = container_of(timer, struct scard_slot, deadline);
	struct scard_reader *reader = slot->reader;
	struct scard_req *req;
	unsigned long flags;

	spin_lock_irqsave(&reader->lock, flags);
	req = reader->cmd[slot->index];
	if (req && !req->done) {
		if (time_before(jiffies, req->deadline))
			mod_timer(timer, req->deadline);
		else if (req->waiter)
			wake_up_process(req->waiter);
	}
	spin_unlock_irqrestore(&reader->lock, flags);
}

/* One answer within @timeout_ms; no extension beyond @ceiling (jiffies) */
static void ccid_cmd_limits(struct scard_req *req, unsigned int timeout_ms, unsigned long ceiling)
{
	unsigned long step = msecs_to_jiffies(timeout_ms);
	unsigned long deadline = jiffies + step;

	if (time_after(deadline, ceiling))
		deadline = ceiling;
	req->step = step;
	req->ceiling = ceiling;
	WRITE_ONCE(req->deadline, deadline);
}

/* The same for commands that may not be extended */
static void ccid_cmd_limit(struct scard_req *req, unsigned int timeout_ms)
{
	ccid_cmd_limits(req, timeout_ms, jiffies + msecs_to_jiffies(timeout_ms));
}

/* ---- answers ---- */

static void ccid_cmd_check_done(struct scard_req *req)
{
	lockdep_assert_held(&req->reader->lock);
	if (!req->answered || req->sending)
		return;
	req->done = true;
	if (req->waiter)
		wake_up_process(req->waiter);
}

static void ccid_cmd_fail(struct scard_req *req, int status)
{
	lockdep_assert_held(&req->reader->lock);
	if (req->answered)
		return;
	trace_scard_ccid_fail(req->reader->slots[req->slot], req->seq, status);
	req->reader->count.transfer_errors++;
	req->status = status;
	req->answered = true;
	ccid_cmd_check_done(req);
}

/*
 * Give the buffer that an answer arrived in to the request it answers, and that
 * request's own, which is still armed, to the other.
 */
static void ccid_cmd_swap_rx(struct scard_req *a, struct scard_req *b)
{
	struct scard_rx *rx = a->rx;

	a->rx = b->rx;
	b->rx = rx;
	a->rx->req = a;
	b->rx->req = b;
}

/*
 * Is this what the request waits for? Some readers refuse what they do not know by
 * RDR_to_PC_SlotStatus, whatever the type of the answer would be.
 */
static bool ccid_cmd_answers(const struct scard_req *req, const struct ccid_answer *ans)
{
	if (req->answered || req->seq != ans->seq)
		return false;
	return req->expect == ans->type || (ans->type == CCID_RDR_TO_PC_SLOT_STATUS &&
					    ans->cmd_status == CCID_CMD_FAILED);
}

/* Handle one message; true if the receive buffer must be armed again. */
static bool ccid_cmd_message(struct scard_req *req, struct scard_rx *rx, u32 len)
{
	struct scard_reader *reader = req->reader;
	struct scard_req *target = NULL;
	struct ccid_answer ans = { };

	lockdep_assert_held(&reader->lock);
	if (!ccid_msg_parse(&ans, rx->buf, len)) {
		if (ans.slot < reader->nslots)
			target = reader->cmd[ans.slot];
		/* a slot that does not exist is reported as it was asked for */
		if (target && !ccid_cmd_answers(target, &ans))
			target = NULL;
	}
	trace_scard_ccid_receive(reader->slots[target ? target->slot : req->slot], &ans, target);
	if (!target) {
		/* Zero-length transfers, leftovers of an aborted command, or worse. */
		reader->count.strays++;
		if (++req->strays < CCID_MAX_STRAYS)
			return true;
		ccid_cmd_fail(req, -EPROTO);
		return false;
	}
	if (ans.cmd_status == CCID_CMD_TIME_EXTENSION) {
		/* bError is the multiplier of the waiting time, CCID 1.1 section 6.2.6 */
		unsigned long deadline = jiffies + target->step * max_t(u8, ans.error, 1);

		if (time_after(deadline, target->ceiling))
			deadline = target->ceiling;
		WRITE_ONCE(target->deadline, deadline);
		ccid_cmd_arm(target);
		reader->count.time_extensions++;
		if (++target->extensions < CCID_MAX_EXTENSIONS)
			return true;
		ccid_cmd_fail(target, -EPROTO);
		return target != req;
	}
	if (target != req)
		ccid_cmd_swap_rx(target, req);
	target->ans = ans;
	target->status = 0;
	target->answered = true;
	ccid_cmd_check_done(target);
	return false;
}

/**
 * ccid_cmd_received() - a receive transfer has ended
 * @rx: its buffer
 * @status: 0 or a negative errno
 * @len: bytes received
 *
 * Called by the transport in any context.
 */
void ccid_cmd_received(struct scard_rx *rx, int status, u32 len)
{
	struct scard_reader *reader = rx->req->reader;
	struct scard_req *req;
	unsigned long flags;

	spin_lock_irqsave(&reader->lock, flags);
	req = rx->req;	/* stable only under the lock: buffers are swapped */
	rx->dirty = max(rx->dirty, len);
	if (!status && ccid_cmd_message(req, rx, len) && !req->answered)
		status = reader->ops->rearm(rx);
	if (status)
		ccid_cmd_fail(req, status);
	spin_unlock_irqrestore(&reader->lock, flags);
}

/**
 * ccid_cmd_sent() - a send transfer has ended
 * @req: its request
 * @status: 0 or a negative errno
 *
 * Called by the transport in any context.
 */
void ccid_cmd_sent(struct scard_req *req, int status)
{
	struct scard_reader *reader = req->reader;
	unsigned long flags;

	spin_lock_irqsave(&reader->lock, flags);
	req->sending = false;
	if (status)
		ccid_cmd_fail(req, status);
	else
		ccid_cmd_check_done(req);
	spin_unlock_irqrestore(&reader->lock, flags);
}

/**
 * ccid_cmd_in_flight() - is a request on the wire?
 * @slot: the slot
 * @req: the request
 *
 * For the actor: after -EINTR it tells whether @req may be touched.
 *
 * Return: true if it is
 */
bool ccid_cmd_in_flight(struct scard_slot *slot, const struct scard_req *req)
{
	/* only the actor itself writes this entry */
	return READ_ONCE(slot->reader->cmd[slot->index]) == req;
}

/* A bSeq for an abort sequence */
static void ccid_cmd_abort_seq(struct scard_req *req)
{
	struct scard_reader *reader = req->reader;
	unsigned long flags;

	spin_lock_irqsave(&reader->lock, flags);
	req->seq = reader->seq++;
	reader->count.aborts++;
	spin_unlock_irqrestore(&reader->lock, flags);
}

static void ccid_cmd_set_waiter(struct scard_req *req, struct task_struct *task)
{
	unsigned long flags;

	spin_lock_irqsave(&req->reader->lock, flags);
	req->waiter = task;
	if (task)
		ccid_cmd_arm(req);	/* its limits may be new */
	spin_unlock_irqrestore(&req->reader->lock, flags);
}

static void ccid_cmd_count(struct scard_reader *reader, u64 *counter)
{
	unsigned long flags;

	spin_lock_irqsave(&reader->lock, flags);
	++*counter;
	spin_unlock_irqrestore(&reader->lock, flags);
}

/* The request is off the wire: nobody else touches it from here on. */
static void ccid_cmd_retire(struct scard_slot *slot)
{
	struct scard_reader *reader = slot->reader;
	unsigned long flags;

	spin_lock_irqsave(&reader->lock, flags);
	WRITE_ONCE(reader->cmd[slot->index], NULL);
	spin_unlock_irqrestore(&reader->lock, flags);
}

static void ccid_cmd_cancel(struct scard_slot *slot, struct scard_req *req)
{
	struct scard_reader *reader = slot->reader;
	unsigned long flags;

	/* no answer may be matched, and no buffer swapped in for it, from here on */
	spin_lock_irqsave(&reader->lock, flags);
	req->answered = true;
	spin_unlock_irqrestore(&reader->lock, flags);
	reader->ops->cancel(req);
	ccid_cmd_retire(slot);
}

/*
 * Send a command, whose limits are set. All in one under the lock: whoever stops the
 * transfers finds it on its way, or keeps it from leaving.
 */
static int ccid_cmd_post(struct scard_slot *slot, struct scard_req *req, u8 type,
			 const u8 params[3], u32 len, bool again)
{
	struct scard_reader *reader = slot->reader;
	unsigned long flags;
	int ret;

	spin_lock_irqsave(&reader->lock, flags);
	if (ccid_cmd_barred(reader)) {
		spin_unlock_irqrestore(&reader->lock, flags);
		return -ENODEV;
	}
	reader->count.commands++;
	if (!again)
		req->seq = reader->seq++;
	req->slot = slot->index;
	req->expect = ccid_expected_answer(type);
	req->strays = 0;
	req->extensions = 0;
	req->answered = false;
	req->done = false;
	req->sending = true;
	req->status = 0;
	req->ans = (struct ccid_answer){ };
	req->waiter = current;
	WRITE_ONCE(reader->cmd[slot->index], req);
	trace_scard_ccid_send(slot, type, req->seq, len);
	ccid_msg_put_header(req->tx, type, len, slot->index, req->seq, params);
	ret = reader->ops->submit(req, CCID_HEADER_LEN + len);
	if (!ret)
		ccid_cmd_arm(req);
	spin_unlock_irqrestore(&reader->lock, flags);
	if (ret) {
		/* an answer of another slot may have taken our buffer already */
		ccid_cmd_set_waiter(req, NULL);
		ccid_cmd_cancel(slot, req);
	}
	return ret;
}

/*
 * Wait until the request is answered: killably, and frozen in place when the system goes
 * to sleep. Return 0 (off the wire if it has no bad status), -EINTR (killed, still on
 * the wire) or -ETIMEDOUT (still on the wire).
 */
static int ccid_cmd_wait(struct scard_req *req)
{
	struct scard_reader *reader = req->reader;
	unsigned long flags;
	int ret = 0;

	for (;;) {
		set_current_state(TASK_KILLABLE | TASK_FREEZABLE);
		if (READ_ONCE(req->done))
			break;
		if (time_after_eq(jiffies, READ_ONCE(req->deadline)))
			ret = -ETIMEDOUT;
		else if (fatal_signal_pending(current))
			ret = -EINTR;
		if (ret)
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	/*
	 * The last look at the task: it may be gone when a late answer comes. The lock
	 * also orders what the answer has written before what the caller reads.
	 */
	spin_lock_irqsave(&reader->lock, flags);
	req->waiter = NULL;
	if (!ret && !req->status)
		WRITE_ONCE(reader->cmd[req->slot], NULL);
	spin_unlock_irqrestore(&reader->lock, flags);
	return ret;
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

	ccid_cmd_cancel(slot, req);
	if (ccid_cmd_barred(reader))
		return -ENODEV;
	ccid_cmd_abort_seq(req);
	ret = reader->ops->control(reader, CCID_REQUEST_OUT, CCID_ABORT_REQUEST,
				   req->seq << 8 | slot->index, NULL, 0,
				   ccid_cmd_abort_ms(reader));
	if (ret == -EINTR)
		return ret;
	/* a reader that does not know the request may know the message */
	ccid_cmd_limit(req, ccid_cmd_abort_ms(reader));
	ret = ccid_cmd_post(slot, req, CCID_PC_TO_RDR_ABORT, none, 0, true);
	if (!ret) {
		ret = ccid_cmd_wait(req);
		if (!ret)
			ret = req->status;
		ccid_cmd_cancel(slot, req);
	}
	if (ret == -EPIPE)
		ret = reader->ops->unhalt(reader);
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
	ccid_cmd_limit(req, CCID_STATUS_TIMEOUT_MS);
	ret = ccid_cmd_post(slot, req, CCID_PC_TO_RDR_GET_SLOT_STATUS, none, 0, false);
	if (ret)
		return ret;
	ret = ccid_cmd_wait(req);
	if (!ret)
		ret = req->status;
	if (ret && ret != -EINTR)
		ret = ccid_cmd_abort(slot, req);
	if (ret == -EINTR && ccid_cmd_in_flight(slot, req))
		ccid_cmd_cancel(slot, req);
	if (!ret)
		WRITE_ONCE(reader->wedged, false);
	return ret;
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
		ccid_cmd_count(slot->reader, &slot->reader->count.timeouts);
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
		if (ccid_cmd_in_flight(slot, req) &&
		    (req->status == -ENOENT || req->status == -EPERM))
			slot->interrupted = true;
		ccid_cmd_cancel(slot, req);
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

static void ccid_cmd_put_busy(struct scard_reader *reader)
{
	if (ccid_cmd_needs_place(reader))
		up(&reader->busy);
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
		ccid_cmd_retire(slot);
		slot->interrupted = true;
	}
	return slot->interrupted;
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
 * ccid_cmd_in_flight() whether @req is still on the wire; if so, @req belongs to
 * the worker.
 *
 * Return: 0 and req->ans, or a negative errno of the ABI; req->ans is valid then
 * too if its type is not 0
 */
int ccid_cmd(struct scard_slot *slot, struct scard_req *req, u8 type, const u8 params[3], u32 len,
	     unsigned int timeout_ms)
{
	struct scard_reader *reader = slot->reader;
	int ret;

	if (fatal_signal_pending(current))
		return -EINTR;
	if (WARN_ON_ONCE(CCID_HEADER_LEN + len > req->tx_size))
		return -EINVAL;	/* a bug of the caller, no device can cause it */
	if (ccid_cmd_needs_place(reader) && down_killable(&reader->busy))
		return -EINTR;
	if (READ_ONCE(reader->paused) && !reader->farewell) {
		ret = scard_reader_wait_resumed(reader);
		if (ret)
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
	slot->sent = true;
	if (reader->ops->exchange) {
		ccid_msg_put_header(req->tx, type, len, slot->index, 0, params);
		trace_scard_ccid_send(slot, type, 0, len);
		ccid_cmd_count(reader, &reader->count.commands);
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
	ccid_cmd_limits(req, timeout_ms, slot->ceiling);
	ret = ccid_cmd_post(slot, req, type, params, len, false);
	if (ret) {
		ret = ccid_cmd_mend(slot, req, ret);
		goto out;
	}
	ret = ccid_cmd_end(slot, req, ccid_cmd_wait(req));
out:
	/* a request left on the wire keeps its place until it is finished */
	if (!ccid_cmd_in_flight(slot, req))
		ccid_cmd_put_busy(reader);
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

	ccid_cmd_limit(req, grace_ms);
	ccid_cmd_set_waiter(req, current);
	ret = ccid_cmd_end(slot, req, ccid_cmd_wait(req));
	ccid_cmd_put_busy(slot->reader);
	return ret;
}
