// SPDX-License-Identifier: GPL-2.0
/*
 * CCID messages on the wire: send one, match answers by slot and sequence, follow
 * time extensions up to a ceiling.
 *
 * One command at a time per slot; up to bMaxCCIDBusySlots per reader. Each command on the
 * wire has a receive buffer armed; an answer may arrive in any of them, and the request that
 * it answers gets that buffer in exchange for its own.
 */
#include <linux/jiffies.h>
#include <linux/math.h>
#include <linux/sched.h>
#include <linux/timer.h>

#include "trace.h"
#include "wire.h"

/* Messages that are not the answer: passed over, up to this many per command */
#define WIRE_MAX_STRAYS		32

/* The rest of an answer in several transfers: a packet a millisecond, and a reserve */
#define WIRE_REST_MS		250
#define WIRE_REST_BYTES_PER_MS	64

/* Time for the right answer after one that may have been its */
#define WIRE_DOUBT_MS		5000

/* Time extensions per command; one a second up to the ceiling would be 300 */
#define WIRE_MAX_EXTENSIONS	5000

/**
 * ccid_wire_stopped() - is nothing sent any more?
 * @reader: the reader
 *
 * Return: false during the power-off at unbind (reader->powering_off), which may still send
 */
bool ccid_wire_stopped(const struct ccid_reader *reader)
{
	return scard_reader_gone(&reader->reader) && !READ_ONCE(reader->powering_off);
}

/* ---- time ---- */

/*
 * The timer of a slot is not stopped with each command: one that is due no later than the
 * deadline serves the next commands too, and moves itself. A timer that is started and
 * stopped for each command costs 400 of the 14,000 instructions of an APDU.
 */
static void wire_arm(struct ccid_req *req)
{
	struct scard_reader *reader = req->req.reader;
	struct timer_list *timer = &to_ccid_slot(reader->slots[req->slot])->deadline;

	lockdep_assert_held(&reader->lock);
	if (!timer_pending(timer) || time_after(timer->expires, req->deadline))
		mod_timer(timer, req->deadline);
}

static void wire_expired(struct timer_list *timer)
{
	struct ccid_slot *slot = container_of(timer, struct ccid_slot, deadline);
	struct ccid_reader *reader = ccid_slot_reader(slot);
	struct ccid_req *req;
	unsigned long flags;

	spin_lock_irqsave(&reader->reader.lock, flags);
	req = slot->cmd;
	if (req && req->state != CCID_REQ_DONE) {
		if (time_before(jiffies, req->deadline)) {
			mod_timer(timer, req->deadline);
		} else {
			scard_slot_due(&slot->slot, jiffies);
			wake_up(&req->wait);
		}
	}
	spin_unlock_irqrestore(&reader->reader.lock, flags);
}

/**
 * ccid_wire_init() - prepare the wire of a slot
 * @slot: the slot
 */
void ccid_wire_init(struct ccid_slot *slot)
{
	timer_setup(&slot->deadline, wire_expired, 0);
}

/**
 * ccid_wire_exit() - no command is sent any more
 * @slot: the slot
 */
void ccid_wire_exit(struct ccid_slot *slot)
{
	timer_delete_sync(&slot->deadline);
}

/**
 * ccid_wire_limits() - set how long a command may take
 * @req: the request, off the wire
 * @timeout_ms: time for one answer; a time extension multiplies it
 * @ceiling: time beyond which no extension reaches, jiffies
 */
void ccid_wire_limits(struct ccid_req *req, unsigned int timeout_ms, unsigned long ceiling)
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
void ccid_wire_limit(struct ccid_req *req, unsigned int timeout_ms)
{
	struct scard_reader *reader = req->req.reader;
	unsigned long flags;

	spin_lock_irqsave(&reader->lock, flags);
	ccid_wire_limits(req, timeout_ms, jiffies + msecs_to_jiffies(timeout_ms));
	if (req->state != CCID_REQ_OFF)
		wire_arm(req);
	spin_unlock_irqrestore(&reader->lock, flags);
}

/* ---- answers ---- */

static bool wire_is_waiting(const struct ccid_req *req)
{
	return req->state == CCID_REQ_SENDING || req->state == CCID_REQ_SENT;
}

/* The waiter may go on. */
static void wire_done(struct ccid_req *req)
{
	WRITE_ONCE(req->state, CCID_REQ_DONE);
	scard_slot_due(req->req.reader->slots[req->slot], jiffies);
	wake_up(&req->wait);
}

/* The answer, or an error, is there. */
static void wire_answered(struct ccid_req *req, int status)
{
	lockdep_assert_held(&req->req.reader->lock);
	req->status = status;
	if (req->state == CCID_REQ_SENDING) {
		WRITE_ONCE(req->state, CCID_REQ_ANSWERED);
		return;
	}
	wire_done(req);
}

static void wire_fail(struct ccid_req *req, int status)
{
	struct ccid_reader *reader = ccid_req_reader(req);

	if (!wire_is_waiting(req))
		return;
	trace_scard_ccid_fail(reader->reader.slots[req->slot], req->seq, status);
	reader->reader.count.transfer_errors++;
	wire_answered(req, status);
}

/*
 * Give the buffer that an answer arrived in to the request it answers, and that
 * request's own, which is still armed, to the other.
 */
static void wire_swap_rx(struct ccid_req *a, struct ccid_req *b)
{
	swap(a->rx, b->rx);
	a->rx->req = a;
	b->rx->req = b;
}

/*
 * Can this answer such a command? Some readers refuse an unknown command by
 * RDR_to_PC_SlotStatus, also where the answer has another type.
 */
static bool wire_is_type(const struct ccid_req *req, const struct ccid_answer *ans)
{
	return req->expect == ans->type || (ans->type == CCID_RDR_TO_PC_SLOT_STATUS &&
					    ans->cmd_status == CCID_CMD_FAILED);
}

/* The bSeq that the reader will answer with */
static u8 wire_seq(const struct ccid_req *req)
{
	return req->seq - (ccid_req_reader(req)->lag != CCID_LAG_NONE);
}

static bool wire_matches(const struct ccid_req *req, const struct ccid_answer *ans)
{
	return wire_is_waiting(req) && wire_seq(req) == ans->seq && wire_is_type(req, ans);
}

/* Is this the only command on the wire? */
static bool wire_is_alone(const struct ccid_req *req)
{
	const struct ccid_reader *reader = ccid_req_reader(req);
	unsigned int i;

	for (i = 0; i < reader->reader.nslots; i++)
		if (ccid_slot_nr(reader, i)->cmd && ccid_slot_nr(reader, i)->cmd != req)
			return false;
	return ccid_slot_nr(reader, req->slot)->cmd == req;
}

/*
 * Some firmware answers with the bSeq of the command before. Taken for an answer at any time,
 * an APDU might get a repeated answer to the APDU before. So this is learnt only from the
 * first answer of all: the pipe was empty, and nothing was asked before. It is given up for good
 * if the first answer of another type, IccPowerOn's, does not confirm it: no APDU was sent yet.
 */
static bool wire_learn_lag(struct ccid_req *req, const struct ccid_answer *ans)
{
	struct ccid_reader *reader = ccid_req_reader(req);

	if (likely(reader->sync != CCID_SYNC_NONE) || reader->desc.nbusy > 1 ||
	    !wire_is_waiting(req) || req->tx[0] != CCID_PC_TO_RDR_GET_SLOT_STATUS ||
	    ans->type != CCID_RDR_TO_PC_SLOT_STATUS || ans->seq != (u8)(req->seq - 1))
		return false;
	reader->lag = CCID_LAG_GUESSED;
	return true;
}

/* Answers of a type of their own show that none of old commands is on its way any more. */
static void wire_sync(struct ccid_reader *reader, const struct ccid_req *req,
		      const struct ccid_answer *ans)
{
	if (req->expect == CCID_RDR_TO_PC_SLOT_STATUS) {
		reader->sync = CCID_SYNC_OLD;
		return;
	}
	if (reader->lag == CCID_LAG_GUESSED)
		reader->lag = ans->type == req->expect ? CCID_LAG_KNOWN : CCID_LAG_NONE;
	if (ans->type == req->expect)
		reader->sync = CCID_SYNC_GOOD;
}

static void wire_deadline(struct ccid_req *req, unsigned int ms)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(ms);

	if (!time_before(deadline, req->deadline))
		return;
	WRITE_ONCE(req->deadline, deadline);
	wire_arm(req);
}

/* One of the commands on the wire may have lost its answer. */
static void wire_doubt(struct ccid_reader *reader)
{
	unsigned int i;

	for (i = 0; i < reader->reader.nslots; i++)
		if (ccid_slot_nr(reader, i)->cmd && wire_is_waiting(ccid_slot_nr(reader, i)->cmd))
			wire_deadline(ccid_slot_nr(reader, i)->cmd, WIRE_DOUBT_MS);
}

/*
 * The answer has come in part, and its header says how much follows. Where several commands
 * are on the wire the rest would arrive in another buffer.
 */
static bool wire_wait_for_rest(struct ccid_req *req, struct ccid_rx *rx,
			       const struct ccid_answer *ans, u32 before, u32 len)
{
	u32 room = rounddown(rx->size - len, ccid_req_reader(req)->rx_unit);

	if (ans->slot != req->slot || !wire_matches(req, ans) || !wire_is_alone(req) ||
	    len <= before || ans->len > len - CCID_HEADER_LEN + room)
		return false;
	rx->got = len;
	if (!before)
		wire_deadline(req, WIRE_REST_MS + ans->len / WIRE_REST_BYTES_PER_MS);
	return true;
}

/*
 * A message that answers no command: is it a broken answer to @req? Then no other comes, and the
 * abort sequence finds the way back. Otherwise it is an old one:
 *
 * - of a command that was aborted, or from before the binding (ccid_reader.sync);
 * - a time extension, after which an answer has to come in any case;
 * - the last answer once more, which its header shows. The answers to two APDUs may have the
 *   same header; if the right one does not come it was the second, and lost.
 *
 * A broken answer is never taken: two APDUs must not be mixed up.
 */
static bool wire_is_broken(const struct ccid_req *req, const struct ccid_rx *rx,
			   const struct ccid_answer *ans, int parsed)
{
	struct ccid_reader *reader = ccid_req_reader(req);

	if (req->tx[0] == CCID_PC_TO_RDR_ABORT)
		return false;
	if (!wire_is_alone(req)) {
		if (parsed)
			wire_doubt(reader);
		return false;
	}
	if (parsed || ans->slot >= reader->reader.nslots || ans->seq == wire_seq(req))
		return true;
	if (ans->slot != req->slot || !wire_is_type(req, ans) ||
	    ans->cmd_status == CCID_CMD_TIME_EXTENSION)
		return false;
	if (reader->sync == CCID_SYNC_GOOD && memcmp(rx->buf, reader->last, CCID_HEADER_LEN))
		return true;
	wire_doubt(reader);
	return false;
}

/* A message that answers no command; true if the receive buffer must be armed again. */
static bool wire_stray(struct ccid_req *req, struct ccid_rx *rx, const struct ccid_answer *ans,
		       int parsed)
{
	struct ccid_reader *reader = ccid_req_reader(req);

	reader->reader.count.strays++;
	if (reader->lag == CCID_LAG_GUESSED)
		reader->lag = CCID_LAG_NONE;
	if (++req->strays < WIRE_MAX_STRAYS &&
	    (parsed == -EAGAIN || !wire_is_broken(req, rx, ans, parsed)))
		return true;
	wire_fail(req, -EPROTO);
	return false;
}

/* Handle one message; true if the receive buffer must be armed again. */
static bool wire_message(struct ccid_req *req, struct ccid_rx *rx, u32 len)
{
	struct ccid_reader *reader = ccid_req_reader(req);
	struct ccid_req *target = NULL;
	struct ccid_answer ans = { };
	u32 before = rx->got;
	int parsed;

	lockdep_assert_held(&reader->reader.lock);
	rx->got = 0;
	parsed = ccid_msg_parse(&ans, rx->buf, len);
	if (parsed == -ENODATA && wire_wait_for_rest(req, rx, &ans, before, len))
		return true;
	if (!parsed) {
		if (ans.slot < reader->reader.nslots)
			target = ccid_slot_nr(reader, ans.slot)->cmd;
		/* a slot that does not exist is reported as it was asked for */
		if (target && !wire_matches(target, &ans) && !wire_learn_lag(target, &ans))
			target = NULL;
	}
	trace_scard_ccid_receive(reader->reader.slots[target ? target->slot : req->slot], &ans,
				 target);
	if (!target)
		return wire_stray(req, rx, &ans, parsed);
	if (ans.cmd_status == CCID_CMD_TIME_EXTENSION) {
		/* bError is the multiplier of the waiting time, CCID 1.1 section 6.2.6 */
		unsigned long deadline = jiffies + target->step * max_t(u8, ans.error, 1);

		if (time_after(deadline, target->ceiling))
			deadline = target->ceiling;
		WRITE_ONCE(target->deadline, deadline);
		scard_slot_due(reader->reader.slots[target->slot], CCID_NOT_DUE);
		wire_arm(target);
		reader->reader.count.time_extensions++;
		if (++target->extensions < WIRE_MAX_EXTENSIONS)
			return true;
		wire_fail(target, -EPROTO);
		return target != req;
	}
	memcpy(reader->last, rx->buf, CCID_HEADER_LEN);
	if (unlikely(reader->sync != CCID_SYNC_GOOD))
		wire_sync(reader, target, &ans);
	if (target != req)
		wire_swap_rx(target, req);
	target->ans = ans;
	wire_answered(target, 0);
	return false;
}

/**
 * ccid_wire_received() - a receive transfer has ended
 * @rx: its buffer
 * @status: 0 or a negative errno
 * @len: bytes received
 */
void ccid_wire_received(struct ccid_rx *rx, int status, u32 len)
{
	struct ccid_reader *reader = rx->reader;
	struct ccid_req *req;
	unsigned long flags;

	spin_lock_irqsave(&reader->reader.lock, flags);
	req = rx->req;	/* swapped away by another answer, and freed, at any time but now */
	len += rx->got;
	rx->dirty = max(rx->dirty, len);
	/* one that was taken back when it had arrived may be another slot's answer */
	if ((!status || (status == -ENOENT && len > rx->got)) && wire_message(req, rx, len) &&
	    wire_is_waiting(req))
		status = reader->bulk->rearm(rx);
	if (status)
		wire_fail(req, status);
	spin_unlock_irqrestore(&reader->reader.lock, flags);
}

/**
 * ccid_wire_sent() - a send transfer has ended
 * @req: its request
 * @status: 0 or a negative errno
 */
void ccid_wire_sent(struct ccid_req *req, int status)
{
	struct scard_reader *reader = req->req.reader;
	unsigned long flags;

	spin_lock_irqsave(&reader->lock, flags);
	if (req->state == CCID_REQ_ANSWERED) {
		wire_done(req);
	} else if (req->state == CCID_REQ_SENDING) {
		WRITE_ONCE(req->state, CCID_REQ_SENT);
		if (status)
			wire_fail(req, status);
	}
	spin_unlock_irqrestore(&reader->lock, flags);
}

/* ---- commands ---- */

/**
 * ccid_wire_in_flight() - is a request on the wire?
 * @slot: the slot, of which the caller owns the turn
 * @req: the request; after -EINTR it must not be touched if it is
 *
 * Return: true if it is
 */
bool ccid_wire_in_flight(const struct ccid_slot *slot, const struct ccid_req *req)
{
	/* only the owner of the turn writes this entry */
	return READ_ONCE(slot->cmd) == req;
}

/**
 * ccid_wire_abort_seq() - take a bSeq for an abort sequence
 * @req: the request that is to be aborted, off the wire
 */
void ccid_wire_abort_seq(struct ccid_req *req)
{
	struct ccid_reader *reader = ccid_req_reader(req);
	unsigned long flags;

	spin_lock_irqsave(&reader->reader.lock, flags);
	req->seq = reader->seq++;
	reader->sync = CCID_SYNC_OLD;
	reader->reader.count.aborts++;
	spin_unlock_irqrestore(&reader->reader.lock, flags);
}

/**
 * ccid_wire_retire() - a request is off the wire
 * @slot: its slot
 * @req: the request
 *
 * No completion handler touches the request from here on.
 */
void ccid_wire_retire(struct ccid_slot *slot, struct ccid_req *req)
{
	struct ccid_reader *reader = ccid_slot_reader(slot);
	unsigned long flags;

	spin_lock_irqsave(&reader->reader.lock, flags);
	if (slot->cmd == req)
		WRITE_ONCE(slot->cmd, NULL);
	spin_unlock_irqrestore(&reader->reader.lock, flags);
}

/**
 * ccid_wire_cancel() - take a request off the wire
 * @slot: its slot
 * @req: the request, whose transfers may have ended
 *
 * Waits for the completion handlers only.
 */
void ccid_wire_cancel(struct ccid_slot *slot, struct ccid_req *req)
{
	struct ccid_reader *reader = ccid_slot_reader(slot);
	unsigned long flags;

	/* no answer may be matched, and no buffer swapped in for it, from here on */
	spin_lock_irqsave(&reader->reader.lock, flags);
	WRITE_ONCE(req->state, CCID_REQ_OFF);
	spin_unlock_irqrestore(&reader->reader.lock, flags);
	reader->bulk->cancel(req);
	ccid_wire_retire(slot, req);
}

/**
 * ccid_wire_post() - send a command whose limits are set
 * @slot: the slot
 * @req: the request; with the bSeq that it has for PC_to_RDR_Abort
 * @type: bMessageType
 * @params: bytes 7 to 9 of the message
 * @len: bytes of payload
 *
 * All in one under the lock: a suspend or an unplug finds the command on its way, or keeps
 * it from leaving.
 *
 * Return: 0: to be waited for; or a negative errno with the request off the wire; -EBUSY: not
 * before ccid_wire_wait_recovered()
 */
int ccid_wire_post(struct ccid_slot *slot, struct ccid_req *req, u8 type, const u8 params[3],
		   u32 len)
{
	struct ccid_reader *reader = ccid_slot_reader(slot);
	unsigned long flags;
	int ret = 0;

	spin_lock_irqsave(&reader->reader.lock, flags);
	req->ans = (struct ccid_answer){ };
	if (ccid_wire_stopped(reader))
		ret = -ENODEV;
	else if (reader->recovering)
		ret = -EBUSY;
	else if (ccid_wire_is_for_card(type) && scard_slot_power_lost(&slot->slot))
		ret = -ENOENT;	/* ended by a suspend or a reset, like one that was on its way */
	if (ret) {
		spin_unlock_irqrestore(&reader->reader.lock, flags);
		return ret;
	}
	reader->reader.count.commands++;
	if (type != CCID_PC_TO_RDR_ABORT)
		req->seq = reader->seq++;
	req->slot = slot->slot.index;
	req->expect = ccid_expected_answer(type);
	req->strays = 0;
	req->extensions = 0;
	WRITE_ONCE(req->state, CCID_REQ_SENDING);
	req->status = 0;
	req->rx->got = 0;
	WRITE_ONCE(slot->cmd, req);
	trace_scard_ccid_send(&slot->slot, type, req->seq, len);
	ccid_msg_put_header(req->tx, type, len, slot->slot.index, req->seq, params);
	ret = reader->bulk->submit(req, CCID_HEADER_LEN + len);
	if (!ret) {
		wire_arm(req);
		scard_slot_sleeps(&slot->slot, CCID_NOT_DUE);
	}
	spin_unlock_irqrestore(&reader->reader.lock, flags);
	/* the receive buffer may be armed, and another slot's answer may have taken it */
	if (ret)
		ccid_wire_cancel(slot, req);
	return ret;
}

/* ---- recovery ---- */

/**
 * ccid_wire_recover() - begin the recovery of the reader
 * @reader: the reader; the caller's request is off the wire
 * @pipes: the pipes are to be cleared: send nothing until ccid_wire_recovered()
 *
 * The slots share the pipes, and an error does not tell whose command it has cost: the commands
 * of the other slots fail with -ECONNRESET, and are aborted before their slot's next one.
 *
 * Return: true; false if another slot clears the pipes at this time
 */
bool ccid_wire_recover(struct ccid_reader *reader, bool pipes)
{
	unsigned long flags;
	unsigned int i;
	bool mine;

	spin_lock_irqsave(&reader->reader.lock, flags);
	mine = !reader->recovering;
	if (mine) {
		WRITE_ONCE(reader->recovering, pipes);
		for (i = 0; i < reader->reader.nslots; i++)
			if (ccid_slot_nr(reader, i)->cmd)
				wire_fail(ccid_slot_nr(reader, i)->cmd, -ECONNRESET);
	}
	spin_unlock_irqrestore(&reader->reader.lock, flags);
	return mine;
}

/**
 * ccid_wire_recovered() - commands may be sent again
 * @reader: the reader
 */
void ccid_wire_recovered(struct ccid_reader *reader)
{
	unsigned long flags;

	spin_lock_irqsave(&reader->reader.lock, flags);
	WRITE_ONCE(reader->recovering, false);
	spin_unlock_irqrestore(&reader->reader.lock, flags);
	wake_up_all(&reader->reader.resumed);
}

/**
 * ccid_wire_wait_recovered() - wait until another slot has cleared the pipes
 * @reader: the reader
 *
 * That takes as long as two control transfers may take.
 *
 * Return: 0 or -EINTR
 */
int ccid_wire_wait_recovered(struct ccid_reader *reader)
{
	return wait_event_killable(reader->reader.resumed, !READ_ONCE(reader->recovering)) ?
	       -EINTR : 0;
}

/* May the waiter go on? */
static bool wire_is_over(const struct ccid_slot *slot, const struct ccid_req *req)
{
	return READ_ONCE(req->state) == CCID_REQ_DONE ||
	       time_after_eq(jiffies, READ_ONCE(req->deadline)) ||
	       !scard_slot_is_owned(&slot->slot, &req->req);
}

/**
 * ccid_wire_wait() - wait until the request is answered
 * @slot: its slot
 * @req: the request
 *
 * Killably, and frozen in place when the system goes to sleep.
 *
 * Return: 0 (off the wire if it has no bad status; -EPROTO: the rest of an answer did not
 * come), -EINTR (killed, still on the wire; or the turn was taken over) or -ETIMEDOUT (still on
 * the wire)
 */
int ccid_wire_wait(struct ccid_slot *slot, struct ccid_req *req)
{
	struct ccid_reader *reader = ccid_slot_reader(slot);
	unsigned long flags;
	int ret;

	ret = wait_event_state(req->wait, wire_is_over(slot, req),
			       (TASK_KILLABLE | TASK_FREEZABLE));
	/* the lock orders the writes of the answer before the reads of the caller */
	spin_lock_irqsave(&reader->reader.lock, flags);
	if (!scard_slot_wakes(&slot->slot, &req->req)) {
		spin_unlock_irqrestore(&reader->reader.lock, flags);
		return -EINTR;
	}
	if (req->state == CCID_REQ_DONE)
		ret = 0;
	else
		ret = ret ? -EINTR : -ETIMEDOUT;
	if (ret == -ETIMEDOUT && req->rx->got) {
		wire_fail(req, -EPROTO);
		ret = 0;
	}
	if (!ret && !req->status) {
		WRITE_ONCE(slot->cmd, NULL);
		WRITE_ONCE(req->state, CCID_REQ_OFF);
	}
	spin_unlock_irqrestore(&reader->reader.lock, flags);
	return ret;
}
