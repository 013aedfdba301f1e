// SPDX-License-Identifier: GPL-2.0
/*
 * One CCID command and all that can become of it: the abort sequence (CCID 1.1 sections
 * 5.3.1, 6.1.13) for a command that takes too long or whose caller was killed, and the
 * recovery after errors.
 */
#include <linux/jiffies.h>
#include <linux/sched/signal.h>

#include "cmd.h"
#include "token.h"
#include "trace.h"
#include "wire.h"

#define CMD_ABORT_REQUEST	0x01	/* class request ABORT, CCID 1.1 section 5.3.1 */
#define CMD_ABORT_TIMEOUT_MS	2000
#define CMD_STATUS_TIMEOUT_MS	1000
/* The same at unbind and at sleep */
#define CMD_LAST_ABORT_MS	500
/* The driver resets the port no more often, and not so soon after another reset */
#define CMD_RESET_INTERVAL	(60 * HZ)

const u8 ccid_cmd_no_params[3];

static unsigned int cmd_abort_ms(const struct ccid_reader *reader)
{
	return READ_ONCE(reader->powering_off) ? CMD_LAST_ABORT_MS : CMD_ABORT_TIMEOUT_MS;
}

/*
 * Clear both pipes. If another slot does so at this time, that will do: the next command of this
 * one begins with the abort sequence.
 */
static int cmd_unhalt(struct ccid_slot *slot)
{
	struct ccid_reader *reader = ccid_slot_reader(slot);
	int ret;

	if (!ccid_wire_recover(reader, true)) {
		slot->interrupted = true;
		return 0;
	}
	ret = reader->bulk->unhalt(reader);
	ccid_wire_recovered(reader);
	return ret;
}

/*
 * The message of an abort was stalled. A reader that knows no abort does so; one in the middle of
 * it that does so again has to be reset.
 */
static int cmd_unhalt_abort(struct ccid_slot *slot)
{
	int ret = cmd_unhalt(slot);

	if (ret || slot->interrupted)
		return ret;
	if (slot->stalled)
		return -EPIPE;
	slot->stalled = true;
	return 0;
}

/* The reader is not in the middle of an abort. */
static void cmd_executes(struct ccid_slot *slot)
{
	slot->half = false;
	slot->stalled = false;
}

/*
 * End a command: ABORT on the control pipe and PC_to_RDR_Abort with the same bSeq
 * on the bulk pipe; the reader drops the command and answers the second one.
 *
 * Return: 0, or a negative errno with the request off the wire in both cases;
 * -EINTR: killed, nothing is on the wire, the reader may still be busy; or taken over
 */
static int cmd_abort(struct ccid_slot *slot, struct ccid_req *req)
{
	struct ccid_reader *reader = ccid_slot_reader(slot);
	int ret;

	ccid_wire_cancel(slot, req);
	if (ccid_wire_stopped(reader))
		return -ENODEV;
	ccid_wire_abort_seq(req);
	slot->half = true;
	ret = reader->bus->control(reader, CCID_REQUEST_OUT, CMD_ABORT_REQUEST,
				   req->seq << 8 | slot->slot.index, NULL, 0,
				   cmd_abort_ms(reader));
	if (ret == -EINTR)
		goto killed;
	/* a reader that does not know the request may know the message */
	ccid_wire_limit(req, cmd_abort_ms(reader));
	ret = ccid_wire_post(slot, req, CCID_PC_TO_RDR_ABORT, ccid_cmd_no_params, 0);
	if (!ret) {
		ret = ccid_wire_wait(slot, req);
		if (!scard_slot_is_owned(&slot->slot, &req->req))
			return -EINTR;
		if (!ret)
			ret = req->status;
		ccid_wire_cancel(slot, req);
	}
	if (!ret)
		cmd_executes(slot);
	if (ret == -EPIPE)
		ret = cmd_unhalt_abort(slot);
	if (ret == -EBUSY || ret == -ECONNRESET) {
		/* another slot's recovery came in between: anew with the next command */
		slot->interrupted = true;
		return 0;
	}
	if (ret != -EINTR)
		return ret;
killed:
	slot->interrupted = true;	/* the worker aborts it anew */
	return ret;
}

/* The recovery has failed: the next command tries it again. */
static void cmd_wedge(struct ccid_reader *reader)
{
	WRITE_ONCE(reader->wedged, true);
	scard_reader_warn(&reader->reader, "answers no more: if this repeats, try another port or cable");
}

/* It does not come back: the last means. */
static void cmd_reset_port(struct ccid_reader *reader)
{
	bool due;

	spin_lock_irq(&reader->reader.lock);
	due = !reader->reader.gone &&
	      (!reader->reset_at || time_after(jiffies, reader->reset_at + CMD_RESET_INTERVAL));
	if (due)
		reader->reset_at = jiffies ?: 1;
	spin_unlock_irq(&reader->reader.lock);
	if (!due)
		return;
	scard_reader_warn(&reader->reader,
			  "still answers no more, resetting its port: if this repeats, try another port or cable");
	reader->bus->reset(reader);
}

/*
 * A suspend, a reset of the port or the end of the driver has interrupted the last command,
 * and the reader may still be busy with it.
 */
static int cmd_clean_up(struct ccid_slot *slot, struct ccid_req *req)
{
	int ret;

	slot->interrupted = false;
	ret = cmd_abort(slot, req);
	if (ret == -ENODEV)
		slot->interrupted = true;	/* also for the power-off at unbind */
	if (ret == -EINTR || ret == -ENODEV)
		return ret;
	if (ret)
		cmd_wedge(ccid_slot_reader(slot));
	return 0;
}

static bool cmd_is_gone(const struct ccid_reader *reader, int ret)
{
	return ret == -ENODEV || ret == -ESHUTDOWN || scard_reader_gone(&reader->reader);
}

/* Map a failed recovery to an errno of the ABI: raw URB statuses must not reach user space. */
static int cmd_recovery_errno(const struct ccid_reader *reader, int ret)
{
	if (ret == -EINTR || ret == -ENOMEM || ret == -ETIMEDOUT)
		return ret;
	return cmd_is_gone(reader, ret) ? -ENODEV : -EIO;
}

/* Has the reader refused the command with this bError? An answer to an abort does not tell. */
static bool cmd_refused(const struct ccid_req *req, u8 error)
{
	return req->ans.type && req->tx[0] != CCID_PC_TO_RDR_ABORT &&
	       req->ans.cmd_status == CCID_CMD_FAILED && req->ans.error == error;
}

/*
 * Has it done so because of half an abort, of the driver or of a program before it? It executes
 * nothing after the request on the control pipe until the message on the bulk pipe has come
 * (CCID 1.1, 5.3.1). Some readers use this bError for other failures, too.
 */
static bool cmd_is_aborting(const struct ccid_slot *slot, const struct ccid_req *req)
{
	return (slot->half || !slot->asked) && cmd_refused(req, CCID_ERR_CMD_ABORTED);
}

/*
 * The last recovery failed, so the reader may be anywhere: a status request must
 * come through before anything else is sent, else the command fails quickly.
 */
static int cmd_unwedge(struct ccid_slot *slot, struct ccid_req *req)
{
	struct ccid_reader *reader = ccid_slot_reader(slot);
	int ret;

	ret = cmd_unhalt(slot);
	if (ret == -EINTR || ret == -ENODEV)
		return ret;
	ccid_wire_limit(req, CMD_STATUS_TIMEOUT_MS);
	ret = ccid_wire_post(slot, req, CCID_PC_TO_RDR_GET_SLOT_STATUS, ccid_cmd_no_params, 0);
	if (ret)
		return cmd_recovery_errno(reader, ret);
	ret = ccid_wire_wait(slot, req);
	if (!ret)
		ret = req->status;
	if (ret != -EINTR && (ret || cmd_is_aborting(slot, req)))
		ret = cmd_abort(slot, req);
	if (!scard_slot_is_owned(&slot->slot, &req->req))
		return -EINTR;
	if (ret == -EINTR && ccid_wire_in_flight(slot, req))
		ccid_wire_cancel(slot, req);
	if (ret && ret != -EINTR && !cmd_is_gone(reader, ret))
		cmd_reset_port(reader);
	if (ret)
		return cmd_recovery_errno(reader, ret);
	WRITE_ONCE(reader->wedged, false);
	return 0;
}

/**
 * ccid_cmd_verdict() - did the answer say yes?
 * @req: the request, answered
 *
 * Return: 0 or a negative errno of the ABI
 */
int ccid_cmd_verdict(const struct ccid_req *req)
{
	if (req->ans.cmd_status == CCID_CMD_OK)
		return 0;
	return ccid_error_to_errno(req->tx[0], req->ans.icc_status, req->ans.error);
}

/* Turn a failed transfer into an errno of the ABI, and recover from it. */
static int cmd_recover(struct ccid_slot *slot, struct ccid_req *req, int status)
{
	struct ccid_reader *reader = ccid_slot_reader(slot);
	int ret;

	if (scard_reader_gone(&reader->reader))
		return -ENODEV;
	switch (status) {
	case -ENODEV:
	case -ESHUTDOWN:
		return -ENODEV;
	case -EPERM:
	case -ENOENT:
	case -ECONNRESET:
		return -EIO;	/* ended by us, there is nothing to mend now */
	case -EPIPE:
		ret = cmd_unhalt(slot);
		break;
	default:
		ccid_wire_recover(reader, false);
		/* lost in the stream of messages: find the way back now */
		ret = cmd_abort(slot, req);
		if (!ret)
			scard_reader_warn(&reader->reader,
					  "a transfer failed (%d): if this repeats, try another port or cable",
					  status);
		break;
	}
	if (ret == -EINTR)
		return ret;
	if (cmd_is_gone(reader, ret))
		return -ENODEV;
	if (ret)
		cmd_wedge(reader);
	return -EIO;
}

/* The command was not answered in time. */
static int cmd_time_out(struct ccid_slot *slot, struct ccid_req *req)
{
	struct ccid_reader *reader = ccid_slot_reader(slot);
	int ret;

	trace_scard_ccid_fail(&slot->slot, req->seq, -ETIMEDOUT);
	scard_reader_count(&reader->reader, &reader->reader.count.timeouts);
	ret = cmd_abort(slot, req);
	if (ret == -EINTR)
		return ret;
	if (cmd_is_gone(reader, ret))
		return -ENODEV;
	if (ret)
		cmd_wedge(reader);
	else
		scard_reader_warn(&reader->reader,
				  "a command was not answered in time: if this repeats, try another card, then another port");
	return -ETIMEDOUT;
}

/*
 * A transfer has failed with @status: may the reader still be busy with the command? So it may if
 * the driver has ended the transfer, and after a stall if the reader works for several slots at
 * once: one that was meant for another slot's answer ends the transfer that was armed first.
 */
static bool cmd_may_last(const struct ccid_reader *reader, int status)
{
	switch (status) {
	case -EPERM:
	case -ENOENT:
	case -ECONNRESET:
		return true;
	case -EPIPE:
		return reader->desc.nbusy > 1;
	default:
		return false;
	}
}

/* The wait for the answer has ended with @ret. */
static int cmd_end(struct ccid_slot *slot, struct ccid_req *req, int ret)
{
	if (ret == -EINTR)
		return ret;	/* stays on the wire, the worker takes over */
	if (ret == -ETIMEDOUT)
		return cmd_time_out(slot, req);
	if (!req->status) {
		/* some answer this one in the middle of an abort */
		if (req->tx[0] != CCID_PC_TO_RDR_GET_SLOT_STATUS &&
		    !cmd_refused(req, CCID_ERR_CMD_ABORTED))
			cmd_executes(slot);
		return ccid_cmd_verdict(req);
	}
	if (ccid_wire_in_flight(slot, req) && cmd_may_last(ccid_slot_reader(slot), req->status))
		slot->interrupted = true;
	ccid_wire_cancel(slot, req);
	return cmd_recover(slot, req, req->status);
}

/**
 * ccid_cmd_port_reset() - the port is reset, by the driver or by another
 * @reader: the reader
 *
 * A command that waits through it needs no second one, which would cost the cards their power once
 * more.
 */
void ccid_cmd_port_reset(struct ccid_reader *reader)
{
	spin_lock_irq(&reader->reader.lock);
	reader->reset_at = jiffies ?: 1;
	spin_unlock_irq(&reader->reader.lock);
}

/**
 * ccid_cmd_take_over() - end the command of a slot
 * @slot: the slot; all transfers have ended, and no caller owns its turn
 *
 * For suspend and unbind. The next command on this slot deals with the interrupted one.
 *
 * Return: true if a command was interrupted
 */
bool ccid_cmd_take_over(struct ccid_slot *slot)
{
	struct ccid_req *req = READ_ONCE(slot->cmd);

	if (req)
		ccid_wire_retire(slot, req);
	if (req || slot->half)
		slot->interrupted = true;
	return slot->interrupted;
}

/**
 * ccid_cmd_abandon() - end the command of a caller whose turn was taken over
 * @slot: the slot, whose worker calls
 * @req: the request; its caller may still sleep on it
 *
 * The next command deals with the interrupted one.
 */
void ccid_cmd_abandon(struct ccid_slot *slot, struct ccid_req *req)
{
	if (!ccid_wire_in_flight(slot, req))
		return;		/* ended by a suspend meanwhile */
	ccid_wire_cancel(slot, req);
	slot->interrupted = true;
}

/**
 * ccid_cmd_begins() - the reader may see a command from now on
 * @slot: the slot
 * @type: bMessageType
 *
 * Return: the progress of the operation before
 */
enum scard_progress ccid_cmd_begins(struct ccid_slot *slot, u8 type)
{
	if (type == CCID_PC_TO_RDR_ICC_POWER_ON)
		scard_slot_power_begins(&slot->slot);
	return scard_slot_sent(&slot->slot, ccid_wire_is_for_card(type) ? SCARD_SENT_TO_CARD :
								    SCARD_SENT_TO_READER);
}

/*
 * Before a command: wait for the recovery of the reader, or make up for one that is missing.
 * -EBUSY: to be called again.
 */
static int cmd_prepare(struct ccid_slot *slot, struct ccid_req *req)
{
	struct ccid_reader *reader = ccid_slot_reader(slot);
	int ret = 0;

	if (READ_ONCE(reader->recovering))
		ret = ccid_wire_wait_recovered(reader);
	if (!ret && slot->interrupted)
		ret = cmd_clean_up(slot, req);
	/* the payload in tx is not touched, only the header before it */
	if (!ret && READ_ONCE(reader->wedged))
		ret = cmd_unwedge(slot, req);
	/* another slot's recovery has ended the abort sequence */
	if (!ret && slot->interrupted)
		ret = -EBUSY;
	return ret;
}

/* Send a command and wait for its answer; -EBUSY: it has not left. */
static int cmd_send(struct ccid_slot *slot, struct ccid_req *req, u8 type, const u8 params[3],
		    u32 len, unsigned int timeout_ms)
{
	enum scard_progress before = ccid_cmd_begins(slot, type);
	int ret;

	ccid_wire_limits(req, timeout_ms, slot->slot.op.ceiling);
	ret = ccid_wire_post(slot, req, type, params, len);
	if (ret == -ENOMEM || ret == -EBUSY) {
		/* the reader has seen nothing of it: nothing to mend */
		slot->slot.op.progress = before;
		return ret;
	}
	return ret ? cmd_recover(slot, req, ret) : cmd_end(slot, req, ccid_wire_wait(slot, req));
}

/*
 * Has the reader refused the command because of one before, of which an abort rids it, and may the
 * command be sent again? What bError CMD_ABORTED says for sure is not known.
 */
static bool cmd_is_to_repeat(struct ccid_slot *slot, const struct ccid_req *req, u8 type)
{
	if (cmd_refused(req, CCID_ERR_CMD_SLOT_BUSY))
		return true;
	if (!cmd_is_aborting(slot, req))
		return false;
	/* the next command makes the abort whole */
	slot->interrupted = true;
	return type != CCID_PC_TO_RDR_XFR_BLOCK && type != CCID_PC_TO_RDR_SECURE &&
	       type != CCID_PC_TO_RDR_ESCAPE;
}

/**
 * ccid_cmd_exchange() - ccid_bus_ops.exchange for readers with bulk pipes
 * @slot: the slot
 * @req: the request
 * @type: bMessageType
 * @params: bytes 7 to 9 of the message
 * @len: bytes of payload
 * @timeout_ms: time for one answer
 *
 * Return: as ccid_cmd()
 */
int ccid_cmd_exchange(struct ccid_slot *slot, struct ccid_req *req, u8 type, const u8 params[3],
		      u32 len, unsigned int timeout_ms)
{
	bool aborted = false;
	int ret;

	for (;;) {
		ret = cmd_prepare(slot, req);
		if (!ret)
			ret = cmd_send(slot, req, type, params, len, timeout_ms);
		else if (ret != -EBUSY)
			return ret;
		if (ret == -EBUSY) {
			/* another slot recovers the reader */
			if (time_before(jiffies, slot->slot.op.ceiling))
				continue;
			return -ETIMEDOUT;
		}
		if (!ret || ret == -EINTR || !cmd_is_to_repeat(slot, req, type) || aborted)
			return ret;
		/* the command was not executed: abort the one before, and once again */
		slot->interrupted = true;
		aborted = true;
	}
}

/*
 * The card may have been taken out since the last block of an exchange, or while the command waited
 * for its turn, and another may be there. If the reader has reported that only a moment ago, it is
 * asked; no answer but "active" is good.
 */
static int cmd_same_card(struct ccid_slot *slot, struct ccid_req *req)
{
	const struct ccid_bus_ops *bus = ccid_slot_reader(slot)->bus;
	int ret;

	if (READ_ONCE(slot->slot.presence.doubted)) {
		/* the payload in tx is not touched, only the header before it */
		ret = bus->exchange(slot, req, CCID_PC_TO_RDR_GET_SLOT_STATUS, ccid_cmd_no_params,
				    0, CMD_STATUS_TIMEOUT_MS);
		if (ret == -EINTR || ret == -ENODEV)
			return ret;
		if (ret || req->ans.icc_status != CCID_ICC_ACTIVE)
			return -ENOMEDIUM;
	}
	return scard_slot_no_card(&slot->slot) == -ENOMEDIUM ? -ENOMEDIUM : 0;
}

static bool cmd_is_paused(const struct ccid_reader *reader)
{
	return READ_ONCE(reader->reader.paused) && !READ_ONCE(reader->powering_off);
}

/**
 * ccid_cmd() - send a command and wait for its answer
 * @slot: the slot, of which the caller owns the turn
 * @req: the request, with the payload behind the header in its send buffer
 * @type: bMessageType
 * @params: bytes 7 to 9 of the message
 * @len: bytes of payload
 * @timeout_ms: time for one answer; each time extension multiplies it
 *
 * Waits killably. With -EINTR the caller was killed, and must ask ccid_wire_in_flight()
 * whether @req is still on the wire; if so, @req belongs to the worker. Or its turn was taken
 * over while it slept: then nothing of the slot may be touched, see scard_slot_is_owned().
 * The worker itself has -EINTR from a suspend, which waits for it.
 *
 * Return: 0 and req->ans, or a negative errno of the ABI; req->ans is valid then
 * too if its type is not 0
 */
int ccid_cmd(struct ccid_slot *slot, struct ccid_req *req, u8 type, const u8 params[3], u32 len,
	     unsigned int timeout_ms)
{
	struct ccid_reader *reader = ccid_slot_reader(slot);
	/* the worker has one for all commands of its job */
	bool token = ccid_token_needed(reader) && !slot->token.held;
	int ret = 0;

	req->ans.type = 0;	/* an older answer is not one to this command */
	if (fatal_signal_pending(current))
		return -EINTR;
	if (WARN_ON_ONCE(CCID_HEADER_LEN + len > req->tx_size))
		return -EINVAL;	/* a bug of the caller, no device can cause it */
	if (token) {
		ret = ccid_token_get(slot, req);
		if (ret)
			return ret;
	}
	if (cmd_is_paused(reader))
		ret = req->req.worker ? -EINTR : scard_reader_wait_resumed(&reader->reader);
	if (!ret && ccid_wire_is_for_card(type))
		ret = cmd_same_card(slot, req);
	/* the card may have lost power and protocol while the caller waited */
	if (!ret && ccid_wire_is_for_card(type) && scard_slot_power_lost(&slot->slot))
		ret = -EIO;
	if (!ret)
		ret = reader->bus->exchange(slot, req, type, params, len, timeout_ms);
	/* the card loses its power now: there is nothing left to do for the worker */
	if (ret && req->req.worker && cmd_is_paused(reader))
		ret = -EINTR;
	/* a request left on the wire keeps its token: the worker gives it back */
	if (token && scard_slot_is_owned(&slot->slot, &req->req) && !ccid_wire_in_flight(slot, req))
		ccid_token_release(&slot->slot);
	return ret;
}

/**
 * ccid_cmd_finish() - end the command of a killed caller
 * @slot: the slot, whose worker calls
 * @req: the request, on the wire
 * @grace_ms: time for the card to answer before the command is aborted
 *
 * Return: 0 if the card has answered in time; otherwise the command was interrupted
 */
int ccid_cmd_finish(struct ccid_slot *slot, struct ccid_req *req, unsigned int grace_ms)
{
	ccid_wire_limit(req, grace_ms);
	return cmd_end(slot, req, ccid_wire_wait(slot, req));
}
