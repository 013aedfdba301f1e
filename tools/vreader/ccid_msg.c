// SPDX-License-Identifier: GPL-2.0-or-later
#include "ccid_msg.h"

#include <errno.h>

#include "answer.h"
#include "ccid_cmd.h"
#include "event.h"
#include "fault.h"
#include "fault_answer.h"
#include "fault_arrival.h"
#include "replay.h"
#include "slot.h"
#include "trace.h"

unsigned int ccid_msg_busy_slots(const struct ccid *ccid)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < ccid->num_slots; i++)
		n += ccid->slots[i].busy;
	return n;
}

void ccid_msg_refuse(struct ccid *ccid, const uint8_t *msg, uint8_t error, const struct fault *f)
{
	const struct command_info *info = command_by_type(msg[0]);
	struct slot *s = msg[5] < ccid->num_slots ? &ccid->slots[msg[5]] : NULL;
	uint8_t h[CCID_HEADER] = {
		info ? info->reply : RDR_SLOTSTATUS, 0, 0, 0, 0, msg[5], msg[6],
		(uint8_t)(CMD_FAILED | (s ? answer_icc_status(s) : 2)), error, 0
	};

	slot_send(ccid, s, h, NULL, 0, f);
}

/*
 * The host cannot split a command at short APDU level or for T=0; real readers that claim less than
 * the specification demands accept it.
 */
static uint32_t max_message(const struct slot *s)
{
	const struct ccid *ccid = s->ccid;
	bool whole = ccid->features & FEAT_SHORT || (!reader_apdu_level(s->ccid) && !s->proto);

	return whole && ccid->max_message < MIN_MESSAGE ? MIN_MESSAGE : ccid->max_message;
}

/* Check the rules for all messages. Return the bError to refuse it with, or -1. */
static int check_message(struct ccid *ccid, struct slot *s, const struct command_info *info,
			 const uint8_t *msg, size_t len)
{
	size_t payload = len - CCID_HEADER;

	if (len > max_message(s)) {
		slot_violation(s, "%s of %zu bytes, dwMaxCCIDMessageLength is %u", info->name, len,
			       ccid->max_message);
		return 1;
	}
	if (info->length >= 0 && payload != (size_t)info->length) {
		slot_violation(s, "%s with dwLength %zu, which must be %d", info->name, payload,
			       info->length);
		return 1;
	}
	for (int i = 0; i < 3; i++)
		if (info->rfu & 1 << i && msg[7 + i])
			slot_violation(s, "%s with RFU byte %d not zero", info->name, 7 + i);
	if (s->seq_valid && ccid->last_slot == s->index && msg[6] == s->seq &&
	    info->type != PC_ABORT)
		slot_violation(s, "%s repeats bSeq %u of the command before", info->name, msg[6]);
	return -1;
}

/* Whether the message may become the slot's command; refuse it if not. */
static bool admit(struct ccid *ccid, struct slot *s, const struct command_info *info,
		  const uint8_t *msg, size_t len, const struct fault *f)
{
	int error = check_message(ccid, s, info, msg, len);

	if (error >= 0) {
		ccid_msg_refuse(ccid, msg, (uint8_t)error, f);
		return false;
	}
	if (s->abort_control) {
		ccid_msg_refuse(ccid, msg, ERR_CMD_ABORTED, f);
		return false;
	}
	if (s->busy) {
		slot_violation(s, "%s while %s (bSeq %u) is in progress", info->name,
			       command_by_type(s->type)->name, s->seq);
		ccid_msg_refuse(ccid, msg, ERR_SLOT_BUSY, f);
		return false;
	}
	if (ccid->max_busy && ccid_msg_busy_slots(ccid) >= ccid->max_busy) {
		slot_violation(s, "%s makes more than %u slots busy", info->name, ccid->max_busy);
		ccid_msg_refuse(ccid, msg, ERR_SLOT_BUSY, f);
		return false;
	}
	return true;
}

/*
 * The host has sent both halves of an abort: answer it instead of the command in progress, or
 * refuse it as the fault says.
 */
static void abort_finish(struct slot *s, const struct fault *f)
{
	slot_cancel(s);
	s->fault = f && f->action == FAULT_ERROR ? f : NULL;
	s->abort_control = false;
	s->abort_bulk = false;
	s->busy = true;
	s->type = PC_ABORT;
	s->seq = s->abort_seq;
	slot_ok(s, NULL, 0);
}

static void abort_message(struct slot *s, const uint8_t *msg, const struct fault *f)
{
	s->abort_bulk_seq = msg[6];
	if (!s->abort_control) {
		s->abort_bulk = true;
		return;
	}
	if (msg[6] != s->abort_seq)
		slot_violation(s, "Abort with bSeq %u, the ABORT request had %u", msg[6],
			       s->abort_seq);
	abort_finish(s, f);
}

int ccid_msg_abort_request(struct ccid *ccid, uint16_t value)
{
	uint8_t slot = (uint8_t)value, seq = (uint8_t)(value >> 8);
	struct slot *s;

	if (slot >= ccid->num_slots) {
		violation_add(ccid->index, -1, "ABORT request for slot %u", slot);
		return -EPIPE;
	}
	s = &ccid->slots[slot];
	trace_note("ABORT request slot %u bSeq %u", slot, seq);
	s->abort_control = true;
	s->abort_seq = seq;
	if (s->abort_bulk) {
		if (s->abort_bulk_seq != seq)
			slot_violation(s, "ABORT request with bSeq %u, the Abort message had %u",
				       seq, s->abort_bulk_seq);
		abort_finish(s, NULL);
	}
	return 0;
}

void ccid_msg_handle(struct ccid *ccid, const uint8_t *msg, size_t len)
{
	const struct command_info *info = command_by_type(msg[0]);
	const struct fault *f;
	struct slot *s;

	trace_message(ccid->index, '<', msg, len);
	if (replay_active()) {
		replay_command(msg, len);
		return;
	}
	if (msg[5] >= ccid->num_slots) {
		violation_add(ccid->index, -1, "message for slot %u of %u", msg[5],
			      ccid->num_slots);
		ccid_msg_refuse(ccid, msg, 5, NULL);
		return;
	}
	s = &ccid->slots[msg[5]];
	if (!info) {
		slot_violation(s, "message of type %02x, which does not exist", msg[0]);
		ccid_msg_refuse(ccid, msg, ERR_NOT_SUPPORTED, NULL);
		return;
	}
	s->count[command_index(info)]++;
	s->seen[command_index(info)]++;
	event_happened();
	f = fault_match(s, msg, len);
	if (f)
		fault_arrival(s, f);
	if (info->type == PC_ABORT) {
		if (check_message(ccid, s, info, msg, len) < 0)
			abort_message(s, msg, f);
		return;
	}
	if (!admit(ccid, s, info, msg, len, f))
		return;
	s->busy = true;
	s->type = info->type;
	s->seq = msg[6];
	s->seq_valid = true;
	ccid->last_slot = s->index;
	s->fault = f;
	if (f && f->action == FAULT_EXTEND)
		fault_answer_extend(s, f);
	ccid_cmd_run(s, msg, len);
}
