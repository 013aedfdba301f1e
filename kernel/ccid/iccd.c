// SPDX-License-Identifier: GPL-2.0
/*
 * USB tokens of the ICCD specification: no bulk pipes, everything by class requests on the
 * control pipe. To the files above they are a reader with one slot: this bus takes a CCID
 * message apart, performs it by requests, and makes the CCID answer.
 *
 * The card cannot be taken out. A request is never left on the wire: a killed caller takes
 * its transfer back, and the worker resets the card.
 */
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/wait.h>

#include "cmd.h"
#include "iccd.h"
#include "proto/iccd.h"
#include "proto/t0.h"
#include "req.h"
#include "trace.h"

#define ICCD_REQUEST_MS		5000

/* ICC_POWER_ON of version B: wValue selects 5 V */
#define ICCD_B_POWER_5V		1

/**
 * ccid_iccd_init() - make a reader of a token
 * @reader: the reader, with the descriptor that it gave
 * @version: ICCD_VERSION_*
 *
 * A card that is a USB device cannot be taken out, and has one slot.
 */
void ccid_iccd_init(struct ccid_reader *reader, u8 version)
{
	struct ccid_desc *desc = &reader->desc;

	reader->iccd_version = version;
	reader->rx_unit = 64;
	reader->reader.notifies = true;	/* nothing ever changes: no polling */
	desc->nslots = 1;
	desc->nbusy = 1;
	/* a message is one control transfer */
	desc->max_msg = min_t(u32, desc->max_msg, ICCD_TRANSFER_MAX);
	desc->max_part = min(desc->max_part, desc->max_msg);
	/*
	 * Version A takes the procedure bytes of T=0 for itself. Version B has
	 * wLevelParameter, and at this level the host deals with them.
	 */
	if (version == ICCD_VERSION_A && desc->level == CCID_LEVEL_CHARACTER)
		desc->level = CCID_LEVEL_TPDU;
	/* chaining is the token's business */
	if (version == ICCD_VERSION_B && desc->level == CCID_LEVEL_SHORT_APDU)
		desc->level = CCID_LEVEL_EXTENDED_APDU;
}

/**
 * struct iccd_time - how long an exchange goes on
 * @req: its request
 * @deadline: its end, jiffies
 * @stops: reader->stops when it began
 */
struct iccd_time {
	const struct scard_req *req;
	unsigned long deadline;
	u32 stops;
};

static struct iccd_time iccd_time(const struct ccid_slot *slot, unsigned int ms)
{
	return (struct iccd_time){
		.req = slot->slot.op.req,
		.deadline = jiffies + msecs_to_jiffies(ms),
		.stops = READ_ONCE(slot->slot.reader->stops),
	};
}

/*
 * Sleep before the next question; frozen in place when the system goes to sleep. -EINTR if
 * killed or if the turn was taken over, -ETIMEDOUT if there is no next; -EIO if the token has
 * slept too, or was reset: it knows nothing of the command any more.
 */
static int iccd_pause(struct ccid_slot *slot, unsigned int ms, const struct iccd_time *time)
{
	struct scard_reader *reader = slot->slot.reader;
	unsigned long timeout = msecs_to_jiffies(ms);
	DEFINE_WAIT(wait);
	bool owned;

	if (time_after(jiffies, time->deadline))
		return -ETIMEDOUT;
	spin_lock_irq(&reader->lock);
	/* its timer is late, by an eighth at most */
	scard_slot_sleeps(&slot->slot, jiffies + timeout + timeout / 4);
	spin_unlock_irq(&reader->lock);
	prepare_to_wait(&reader->resumed, &wait, TASK_KILLABLE | TASK_FREEZABLE);
	/* a suspend waits for the worker, and wakes only those that sleep already */
	if (!scard_reader_gone(reader) && READ_ONCE(reader->stops) == time->stops)
		schedule_timeout(timeout);
	finish_wait(&reader->resumed, &wait);
	spin_lock_irq(&reader->lock);
	owned = scard_slot_wakes(&slot->slot, time->req);
	spin_unlock_irq(&reader->lock);
	if (!owned || fatal_signal_pending(current))
		return -EINTR;
	if (scard_reader_gone(reader))
		return -ENODEV;
	return READ_ONCE(reader->stops) == time->stops ? 0 : -EIO;
}

/* Map the result of a transfer to those that iccd_run() and its callers know. */
static int iccd_result(int ret)
{
	switch (ret) {
	case -EINTR:
	case -ENODEV:
	case -ENOMEM:
	case -EOVERFLOW:
	case -EPIPE:
	case -EPROTO:
	case -ESHUTDOWN:
	case -ETIMEDOUT:
		return ret;
	default:
		return ret < 0 ? -EIO : ret;	/* a bad line, or ended by a reset or a sleep */
	}
}

/*
 * Waits for memory: an exchange is several requests, and an answer that is not fetched
 * would be taken for that of the next command.
 */
static int iccd_request(struct ccid_slot *slot, u8 type, u8 request, u16 value, u8 *data, u32 len)
{
	struct iccd_time time = iccd_time(slot, ICCD_REQUEST_MS);
	struct ccid_reader *reader = ccid_slot_reader(slot);
	int ret;

	for (;;) {
		ret = reader->bus->control(reader, type, request, value, data, len,
					   ICCD_REQUEST_MS);
		if (ret != -ENOMEM)
			return iccd_result(ret);
		ret = iccd_pause(slot, ICCD_POLL_MS, &time);
		if (ret)
			return ret;
	}
}

static int iccd_out(struct ccid_slot *slot, u8 request, u16 value, u8 *data, u32 len)
{
	if (len > ICCD_TRANSFER_MAX)
		return -EINVAL;
	return min(iccd_request(slot, CCID_REQUEST_OUT, request, value, data, len), 0);
}

static int iccd_in(struct ccid_slot *slot, u8 request, u8 *data, u32 room)
{
	return iccd_request(slot, CCID_REQUEST_IN, request, 0, data,
			    min_t(u32, room, ICCD_TRANSFER_MAX));
}

/* ---- version A ---- */

static int iccd_a_wait(struct ccid_slot *slot, const struct iccd_time *time,
		       enum iccd_state *state)
{
	u8 status;
	int ret;

	for (;;) {
		ret = iccd_in(slot, ICCD_GET_ICC_STATUS, &status, 1);
		if (ret != 1)
			return ret < 0 ? ret : -EIO;
		*state = ccid_iccd_a_status(status);
		if (*state != ICCD_BUSY)
			return *state == ICCD_FAILED ? -EREMOTEIO : 0;
		ret = iccd_pause(slot, ICCD_POLL_MS, time);
		if (ret)
			return ret;
	}
}

/*
 * A TPDU: the header, then data one way or the other, then the status word. Returns
 * the bytes received or a negative errno.
 */
static int iccd_a_xfr(struct ccid_slot *slot, u8 *tpdu, u32 len, u8 *buf, u32 room,
		      const struct iccd_time *time)
{
	u32 head = min_t(u32, len, T0_HEADER_LEN);
	enum iccd_state state;
	int ret, got = 0;

	ret = iccd_out(slot, ICCD_XFR_BLOCK, 0, tpdu, head);
	if (!ret)
		ret = iccd_a_wait(slot, time, &state);
	if (ret)
		return ret;
	if (state == ICCD_READY) {
		if (len > head) {
			ret = iccd_out(slot, ICCD_XFR_BLOCK, 0, tpdu + head, len - head);
		} else {
			got = iccd_in(slot, ICCD_DATA_BLOCK, buf, room - 2);
			ret = min(got, 0);
		}
		if (!ret)
			ret = iccd_a_wait(slot, time, &state);
		if (ret)
			return ret;
	}
	if (state != ICCD_STATUS_WORD)
		return -EIO;
	ret = iccd_in(slot, ICCD_DATA_BLOCK, buf + got, 2);
	if (ret != 2)
		return ret < 0 ? ret : -EIO;
	return got + 2;
}

static int iccd_a(struct ccid_slot *slot, struct ccid_req *req, u32 len, u8 *buf, u32 room,
		  const struct iccd_time *time)
{
	u8 *payload = ccid_req_payload(req);
	int ret;

	switch (req->tx[0]) {
	case CCID_PC_TO_RDR_ICC_POWER_ON:
		ret = iccd_in(slot, ICCD_ICC_POWER_ON, buf, min_t(u32, room, ATR_LEN_MAX));
		break;
	case CCID_PC_TO_RDR_ICC_POWER_OFF:
		ret = iccd_out(slot, ICCD_ICC_POWER_OFF, 0, NULL, 0);
		req->ans.icc_status = CCID_ICC_INACTIVE;
		break;
	case CCID_PC_TO_RDR_GET_SLOT_STATUS:
		ret = 0;	/* the card is always there; nothing tells whether it is on */
		break;
	case CCID_PC_TO_RDR_XFR_BLOCK:
		ret = iccd_a_xfr(slot, payload, len, buf, room, time);
		break;
	default:
		return -EOPNOTSUPP;
	}
	if (ret < 0)
		return ret;
	req->ans.data = buf;
	req->ans.len = ret;
	return 0;
}

/* ---- version B ---- */

static int iccd_b_answer(struct ccid_slot *slot, struct ccid_req *req, u8 *buf, u32 room,
			 const struct iccd_time *time)
{
	unsigned int wait_ms = ICCD_POLL_MS;
	int ret;

	for (;;) {
		ret = iccd_in(slot, ICCD_DATA_BLOCK, buf, room);
		if (ret < 0)
			return ret;
		if (ret == min_t(u32, room, ICCD_TRANSFER_MAX)) {
			req->ans.type = 0;
			return -EIO;	/* longer than any message: its end may be missing */
		}
		switch (ccid_iccd_b_response(&req->ans, &wait_ms, buf, ret)) {
		case ICCD_ANSWER:
			return 0;
		case ICCD_FAILED:
			return ccid_error_to_errno(req->tx[0], req->ans.icc_status,
						   req->ans.error);
		case ICCD_BUSY:
			break;
		default:
			req->ans.type = 0;
			return -EIO;
		}
		ret = iccd_pause(slot, wait_ms, time);
		if (ret)
			return ret;
	}
}

static int iccd_b(struct ccid_slot *slot, struct ccid_req *req, u32 len, u8 *buf, u32 room,
		  const struct iccd_time *time)
{
	u8 *payload = ccid_req_payload(req);
	int ret;

	switch (req->tx[0]) {
	case CCID_PC_TO_RDR_ICC_POWER_ON:
		ret = iccd_out(slot, ICCD_ICC_POWER_ON, ICCD_B_POWER_5V, NULL, 0);
		break;
	case CCID_PC_TO_RDR_ICC_POWER_OFF:
		ret = iccd_out(slot, ICCD_ICC_POWER_OFF, 0, NULL, 0);
		req->ans.icc_status = CCID_ICC_INACTIVE;
		return ret;
	case CCID_PC_TO_RDR_GET_SLOT_STATUS:
		ret = iccd_in(slot, ICCD_SLOT_STATUS, buf, 3);
		if (ret != 3)
			return ret < 0 ? ret : -EIO;
		req->ans.icc_status = min_t(u8, buf[1] & 0x03, CCID_ICC_ABSENT);
		return 0;
	case CCID_PC_TO_RDR_XFR_BLOCK:
		/* wLevelParameter is the high byte of wValue here; 256 becomes 0 */
		ret = iccd_out(slot, ICCD_XFR_BLOCK, (u16)req->tx[8] << 8, payload, len);
		break;
	default:
		return -EOPNOTSUPP;
	}
	return ret ?: iccd_b_answer(slot, req, buf, room, time);
}

static int iccd_run(struct ccid_slot *slot, struct ccid_req *req, u32 len,
		    const struct iccd_time *time)
{
	struct ccid_reader *reader = ccid_slot_reader(slot);
	u8 *buf = req->rx->buf;
	u32 room = req->rx->size;
	int ret;

	req->ans = (struct ccid_answer){ .type = ccid_expected_answer(req->tx[0]) };
	req->rx->dirty = room;
	ret = reader->iccd_version == ICCD_VERSION_A ? iccd_a(slot, req, len, buf, room, time) :
						       iccd_b(slot, req, len, buf, room, time);
	if (ret == -EINTR)
		return ret;
	if (ret == -ENODEV || ret == -ESHUTDOWN || scard_reader_gone(&reader->reader))
		return -ENODEV;
	/* a stalled request is the token's way to say no */
	if (ret == -EPIPE || ret == -EPROTO || ret == -EOVERFLOW)
		return req->tx[0] == CCID_PC_TO_RDR_ICC_POWER_ON ? -EREMOTEIO : -EIO;
	return ret;
}

/**
 * ccid_iccd_exchange() - ccid_bus_ops.exchange for tokens
 * @slot: the slot
 * @req: the request
 * @type: bMessageType
 * @params: bytes 7 to 9 of the message
 * @len: bytes of payload
 * @timeout_ms: time for the answer
 *
 * Return: as ccid_cmd()
 */
int ccid_iccd_exchange(struct ccid_slot *slot, struct ccid_req *req, u8 type, const u8 params[3],
		       u32 len, unsigned int timeout_ms)
{
	struct ccid_reader *reader = ccid_slot_reader(slot);
	struct iccd_time time;
	int ret;

	ccid_cmd_begins(slot, type);
	time = iccd_time(slot, timeout_ms);
	if (time_after(time.deadline, slot->slot.op.ceiling))
		time.deadline = slot->slot.op.ceiling;
	ccid_msg_put_header(req->tx, type, len, slot->slot.index, 0, params);
	trace_scard_ccid_send(&slot->slot, type, 0, len);
	scard_reader_count(&reader->reader, &reader->reader.count.commands);
	ret = iccd_run(slot, req, len, &time);
	if (!ret) {
		trace_scard_ccid_receive(&slot->slot, &req->ans, true);
		return ccid_cmd_verdict(req);
	}
	trace_scard_ccid_fail(&slot->slot, 0, ret);
	if (ret == -EIO || ret == -ETIMEDOUT)
		scard_reader_warn(&reader->reader,
				  "a command failed (%d): if this repeats, try another port", ret);
	return ret;
}
