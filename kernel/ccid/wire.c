// SPDX-License-Identifier: GPL-2.0
/*
 * CCID messages on the wire: send one, match what comes by slot and sequence, follow
 * time extensions up to a ceiling.
 *
 * One command at a time per slot; up to bMaxCCIDBusySlots per reader. Each command
 * on the wire has a receive buffer armed; an answer may arrive in any of them and
 * is given to whom it belongs by swapping buffers.
 */
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/timer.h>

#include "wire.h"
#include "trace.h"

/* Messages that are not the answer: passed over, up to this many per command */
#define CCID_MAX_STRAYS		32

/* Time extensions per command; one a second up to the ceiling would be 300 */
#define CCID_MAX_EXTENSIONS	5000

/**
 * ccid_wire_barred() - is nothing sent any more?
 * @reader: the reader
 *
 * Who powers the cards off at the end still is: reader->farewell.
 *
 * Return: true if the reader is gone for whoever asks
 */
bool ccid_wire_barred(const struct scard_reader *reader)
{
	return scard_reader_gone(reader) && !READ_ONCE(reader->farewell);
}

/* ---- time ---- */

/*
 * The timer of a slot is not stopped with each command: one that is due no later than the
 * deadline serves the next commands too, and moves itself. So a card that is spoken to
 * costs a timer now and then, not two operations on one for each APDU.
 */
static void ccid_wire_arm(struct scard_req *req)
{
	struct timer_list *timer = &req->reader->slots[req->slot]->deadline;

	lockdep_assert_held(&req->reader->lock);
	if (!timer_pending(timer) || time_after(timer->expires, req->deadline))
		mod_timer(timer, req->deadline);
}

/**
 * ccid_wire_expired() - the timer of a slot
 * @timer: slot->deadline
 */
void ccid_wire_expired(struct timer_list *timer)
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

/**
 * ccid_wire_limits() - how long a command may take
 * @req: the request
 * @timeout_ms: time for one answer; a time extension multiplies it
 * @ceiling: jiffies beyond which no extension reaches
 *
 * For a request that is off the wire.
 */
void ccid_wire_limits(struct scard_req *req, unsigned int timeout_ms, unsigned long ceiling)
{
	unsigned long step = msecs_to_jiffies(timeout_ms);
	unsigned long deadline = jiffies + step;

	if (time_after(deadline, ceiling))
		deadline = ceiling;
	req->step = step;
	req->ceiling = ceiling;
	WRITE_ONCE(req->deadline, deadline);
}

/**
 * ccid_wire_limit() - the same for a command that may not be extended
 * @req: the request
 * @timeout_ms: time for its answer
 *
 * The request may be on the wire: a time extension that arrives at this moment must not
 * bring the old deadline back.
 */
void ccid_wire_limit(struct scard_req *req, unsigned int timeout_ms)
{
	unsigned long flags;

	spin_lock_irqsave(&req->reader->lock, flags);
	ccid_wire_limits(req, timeout_ms, jiffies + msecs_to_jiffies(timeout_ms));
	spin_unlock_irqrestore(&req->reader->lock, flags);
}

/* ---- answers ---- */

static void ccid_wire_check_done(struct scard_req *req)
{
	lockdep_assert_held(&req->reader->lock);
	if (!req->answered || req->sending)
		return;
	req->done = true;
	if (req->waiter)
		wake_up_process(req->waiter);
}

static void ccid_wire_fail(struct scard_req *req, int status)
{
	lockdep_assert_held(&req->reader->lock);
	if (req->answered)
		return;
	trace_scard_ccid_fail(req->reader->slots[req->slot], req->seq, status);
	req->reader->count.transfer_errors++;
	req->status = status;
	req->answered = true;
	ccid_wire_check_done(req);
}

/*
 * Give the buffer that an answer arrived in to the request it answers, and that
 * request's own, which is still armed, to the other.
 */
static void ccid_wire_swap_rx(struct scard_req *a, struct scard_req *b)
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
static bool ccid_wire_answers(const struct scard_req *req, const struct ccid_answer *ans)
{
	if (req->answered || req->seq != ans->seq)
		return false;
	return req->expect == ans->type || (ans->type == CCID_RDR_TO_PC_SLOT_STATUS &&
					    ans->cmd_status == CCID_CMD_FAILED);
}

/* Handle one message; true if the receive buffer must be armed again. */
static bool ccid_wire_message(struct scard_req *req, struct scard_rx *rx, u32 len)
{
	struct scard_reader *reader = req->reader;
	struct scard_req *target = NULL;
	struct ccid_answer ans = { };

	lockdep_assert_held(&reader->lock);
	if (!ccid_msg_parse(&ans, rx->buf, len)) {
		if (ans.slot < reader->nslots)
			target = reader->cmd[ans.slot];
		/* a slot that does not exist is reported as it was asked for */
		if (target && !ccid_wire_answers(target, &ans))
			target = NULL;
	}
	trace_scard_ccid_receive(reader->slots[target ? target->slot : req->slot], &ans, target);
	if (!target) {
		/* Zero-length transfers, leftovers of an aborted command, or worse. */
		reader->count.strays++;
		if (++req->strays < CCID_MAX_STRAYS)
			return true;
		ccid_wire_fail(req, -EPROTO);
		return false;
	}
	if (ans.cmd_status == CCID_CMD_TIME_EXTENSION) {
		/* bError is the multiplier of the waiting time, CCID 1.1 section 6.2.6 */
		unsigned long deadline = jiffies + target->step * max_t(u8, ans.error, 1);

		if (time_after(deadline, target->ceiling))
			deadline = target->ceiling;
		WRITE_ONCE(target->deadline, deadline);
		ccid_wire_arm(target);
		reader->count.time_extensions++;
		if (++target->extensions < CCID_MAX_EXTENSIONS)
			return true;
		ccid_wire_fail(target, -EPROTO);
		return target != req;
	}
	if (target != req)
		ccid_wire_swap_rx(target, req);
	target->ans = ans;
	target->status = 0;
	target->answered = true;
	ccid_wire_check_done(target);
	return false;
}

/**
 * ccid_wire_received() - a receive transfer has ended
 * @rx: its buffer
 * @status: 0 or a negative errno
 * @len: bytes received
 *
 * Called by the transport in any context.
 */
void ccid_wire_received(struct scard_rx *rx, int status, u32 len)
{
	struct scard_reader *reader = rx->reader;
	struct scard_req *req;
	unsigned long flags;

	spin_lock_irqsave(&reader->lock, flags);
	req = rx->req;	/* swapped away by another answer, and freed, at any time but now */
	rx->dirty = max(rx->dirty, len);
	/* one that was taken back when it had arrived may be another slot's answer */
	if ((!status || (status == -ENOENT && len)) && ccid_wire_message(req, rx, len) &&
	    !req->answered)
		status = reader->ops->rearm(rx);
	if (status)
		ccid_wire_fail(req, status);
	spin_unlock_irqrestore(&reader->lock, flags);
}

/**
 * ccid_wire_sent() - a send transfer has ended
 * @req: its request
 * @status: 0 or a negative errno
 *
 * Called by the transport in any context.
 */
void ccid_wire_sent(struct scard_req *req, int status)
{
	struct scard_reader *reader = req->reader;
	unsigned long flags;

	spin_lock_irqsave(&reader->lock, flags);
	req->sending = false;
	if (status)
		ccid_wire_fail(req, status);
	else
		ccid_wire_check_done(req);
	spin_unlock_irqrestore(&reader->lock, flags);
}

/**
 * ccid_wire_in_flight() - is a request on the wire?
 * @slot: the slot
 * @req: the request
 *
 * For the actor: after -EINTR it tells whether @req may be touched.
 *
 * Return: true if it is
 */
bool ccid_wire_in_flight(struct scard_slot *slot, const struct scard_req *req)
{
	/* only the actor itself writes this entry */
	return READ_ONCE(slot->reader->cmd[slot->index]) == req;
}

/**
 * ccid_wire_abort_seq() - a bSeq for an abort sequence
 * @req: the request that is to be aborted, off the wire
 */
void ccid_wire_abort_seq(struct scard_req *req)
{
	struct scard_reader *reader = req->reader;
	unsigned long flags;

	spin_lock_irqsave(&reader->lock, flags);
	req->seq = reader->seq++;
	reader->count.aborts++;
	spin_unlock_irqrestore(&reader->lock, flags);
}

/**
 * ccid_wire_set_waiter() - who is woken by the answer
 * @req: the request
 * @task: the caller, or NULL
 */
void ccid_wire_set_waiter(struct scard_req *req, struct task_struct *task)
{
	unsigned long flags;

	spin_lock_irqsave(&req->reader->lock, flags);
	req->waiter = task;
	if (task)
		ccid_wire_arm(req);	/* its limits may be new */
	spin_unlock_irqrestore(&req->reader->lock, flags);
}

/**
 * ccid_wire_count() - one more of something
 * @reader: the reader
 * @counter: one of @reader->count
 */
void ccid_wire_count(struct scard_reader *reader, u64 *counter)
{
	unsigned long flags;

	spin_lock_irqsave(&reader->lock, flags);
	++*counter;
	spin_unlock_irqrestore(&reader->lock, flags);
}

/**
 * ccid_wire_retire() - the request of a slot is off the wire
 * @slot: the slot
 *
 * Nobody else touches the request from here on.
 */
void ccid_wire_retire(struct scard_slot *slot)
{
	struct scard_reader *reader = slot->reader;
	unsigned long flags;

	spin_lock_irqsave(&reader->lock, flags);
	WRITE_ONCE(reader->cmd[slot->index], NULL);
	spin_unlock_irqrestore(&reader->lock, flags);
}

/**
 * ccid_wire_cancel() - take a request off the wire
 * @slot: its slot
 * @req: the request, whose transfers may have ended
 *
 * Waits for the completion handlers only.
 */
void ccid_wire_cancel(struct scard_slot *slot, struct scard_req *req)
{
	struct scard_reader *reader = slot->reader;
	unsigned long flags;

	/* no answer may be matched, and no buffer swapped in for it, from here on */
	spin_lock_irqsave(&reader->lock, flags);
	req->answered = true;
	spin_unlock_irqrestore(&reader->lock, flags);
	reader->ops->cancel(req);
	ccid_wire_retire(slot);
}

/**
 * ccid_wire_send() - send a command, whose limits are set
 * @slot: the slot
 * @req: the request; with the bSeq that it has for PC_to_RDR_Abort
 * @type: bMessageType
 * @params: bytes 7 to 9 of the message
 * @len: bytes of payload
 * @waiter: who will wait for the answer
 *
 * All in one under the lock: whoever stops the transfers finds it on its way, or keeps
 * it from leaving. Never sleeps.
 *
 * Return: 0: to be waited for; or a negative errno and ccid_wire_unsend() must follow
 */
int ccid_wire_send(struct scard_slot *slot, struct scard_req *req, u8 type, const u8 params[3],
		   u32 len, struct task_struct *waiter)
{
	struct scard_reader *reader = slot->reader;
	unsigned long flags;
	int ret;

	spin_lock_irqsave(&reader->lock, flags);
	if (ccid_wire_barred(reader)) {
		spin_unlock_irqrestore(&reader->lock, flags);
		return -ENODEV;
	}
	reader->count.commands++;
	if (type != CCID_PC_TO_RDR_ABORT)
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
	req->waiter = waiter;
	WRITE_ONCE(reader->cmd[slot->index], req);
	trace_scard_ccid_send(slot, type, req->seq, len);
	ccid_msg_put_header(req->tx, type, len, slot->index, req->seq, params);
	ret = reader->ops->submit(req, CCID_HEADER_LEN + len);
	if (!ret)
		ccid_wire_arm(req);
	spin_unlock_irqrestore(&reader->lock, flags);
	return ret;
}

/**
 * ccid_wire_unsend() - take back what ccid_wire_send() has begun in vain
 * @slot: the slot
 * @req: the request
 *
 * Its receive buffer may be armed, and an answer of another slot may have taken it.
 */
void ccid_wire_unsend(struct scard_slot *slot, struct scard_req *req)
{
	if (!ccid_wire_in_flight(slot, req))
		return;
	ccid_wire_set_waiter(req, NULL);
	ccid_wire_cancel(slot, req);
}

/**
 * ccid_wire_wait() - wait until the request is answered
 * @req: the request
 *
 * Killably, and frozen in place when the system goes to sleep.
 *
 * Return: 0 (off the wire if it has no bad status), -EINTR (killed, still on the wire)
 * or -ETIMEDOUT (still on the wire)
 */
int ccid_wire_wait(struct scard_req *req)
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
