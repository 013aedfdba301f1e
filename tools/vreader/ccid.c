// SPDX-License-Identifier: GPL-2.0-or-later
/* The message layer of the reader: takes messages apart, checks them, sends answers. */
#define _GNU_SOURCE
#include "ccid.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "fault.h"
#include "trace.h"

const struct command_info commands[NUM_COMMANDS] = {
	{ PC_ICCPOWERON, RDR_DATABLOCK, "IccPowerOn", 0, 6, false },
	{ PC_ICCPOWEROFF, RDR_SLOTSTATUS, "IccPowerOff", 0, 7, false },
	{ PC_GETSLOTSTATUS, RDR_SLOTSTATUS, "GetSlotStatus", 0, 7, false },
	{ PC_XFRBLOCK, RDR_DATABLOCK, "XfrBlock", -1, 0, true },
	{ PC_GETPARAMETERS, RDR_PARAMETERS, "GetParameters", 0, 7, true },
	{ PC_RESETPARAMETERS, RDR_PARAMETERS, "ResetParameters", 0, 7, true },
	{ PC_SETPARAMETERS, RDR_PARAMETERS, "SetParameters", -1, 6, true },
	{ PC_ESCAPE, RDR_ESCAPE, "Escape", -1, 7, false },
	{ PC_ICCCLOCK, RDR_SLOTSTATUS, "IccClock", 0, 6, true },
	{ PC_T0APDU, RDR_SLOTSTATUS, "T0APDU", 0, 0, false },
	{ PC_SECURE, RDR_DATABLOCK, "Secure", -1, 0, true },
	{ PC_MECHANICAL, RDR_SLOTSTATUS, "Mechanical", 0, 6, false },
	{ PC_ABORT, RDR_SLOTSTATUS, "Abort", 0, 7, false },
	{ PC_SETDATARATE, RDR_DATARATE, "SetDataRateAndClockFrequency", 8, 7, false },
};

const struct command_info *command_info(uint8_t type)
{
	for (int i = 0; i < NUM_COMMANDS; i++)
		if (commands[i].type == type)
			return &commands[i];
	return NULL;
}

const struct command_info *command_by_name(const char *name)
{
	for (int i = 0; i < NUM_COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

int command_index(const struct command_info *info)
{
	return (int)(info - commands);
}

uint8_t slot_icc_status(const struct slot *s)
{
	if (!s->card)
		return 2;
	return s->powered ? 0 : 1;
}

unsigned int ccid_busy_slots(const struct ccid *ccid)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < ccid->num_slots; i++)
		n += ccid->slots[i].busy;
	return n;
}

/* Hands an answer to the transport, as it is. */
void ccid_send(struct ccid *ccid, const uint8_t *msg, size_t len)
{
	trace_message(ccid, '>', msg, len);
	if (ccid->profile.transport != TRANSPORT_BULK) {
		iccd_send(ccid, msg, len);
		return;
	}
	usb_in_send(ccid->iface->in, msg, len);
}

/*
 * Builds an answer in ccid->in and sends it, or gives it to the fault that waits for it. False if
 * that keeps it back.
 */
static bool answer(struct ccid *ccid, struct slot *s, const uint8_t header[CCID_HEADER],
		   const uint8_t *data, size_t len, const struct fault *f)
{
	uint8_t *m = ccid->in;
	bool sent = true;

	memcpy(m, header, CCID_HEADER);
	put_le32(m + 1, (uint32_t)len);
	if (len)
		memcpy(m + CCID_HEADER, data, len);
	if (f)
		sent = fault_answer(ccid, s, f, m, CCID_HEADER + len);
	else
		ccid_send(ccid, m, CCID_HEADER + len);
	if (fault_count()) {
		memcpy(ccid->last_in, m, CCID_HEADER + len);
		ccid->last_in_len = CCID_HEADER + len;
	}
	return sent;
}

static bool slot_answer(struct slot *s, uint8_t status, uint8_t error, uint8_t byte9,
			const uint8_t *data, size_t len, const struct fault *f)
{
	const struct command_info *info = command_info(s->type);
	uint8_t h[CCID_HEADER] = {
		info->reply, 0, 0, 0, 0, s->index, s->seq,
		(uint8_t)(status | slot_icc_status(s)), error, byte9
	};

	if (h[7] & 3)
		s->told_unpowered = true;
	return answer(s->ccid, s, h, data, len, f);
}

/* The byte-9 value of answers that have nothing to say there. */
static uint8_t default_byte9(const struct slot *s)
{
	const struct command_info *info = command_info(s->type);

	if (info->reply == RDR_SLOTSTATUS)
		return s->card && s->powered ? s->clock_stopped : 1;
	if (info->reply == RDR_PARAMETERS)
		return s->proto;
	return 0;
}

void slot_reply(struct slot *s, uint8_t status, uint8_t error, uint8_t byte9, const uint8_t *data,
		size_t len)
{
	const struct fault *f = s->fault;

	s->fault = NULL;
	s->busy = !slot_answer(s, status, error, byte9, data, len, f);
	control_event();
}

void slot_ok(struct slot *s, const uint8_t *data, size_t len)
{
	slot_reply(s, CMD_OK, 0, default_byte9(s), data, len);
}

void slot_fail(struct slot *s, uint8_t error)
{
	slot_reply(s, CMD_FAILED, error, default_byte9(s), NULL, 0);
}

void slot_extend(struct slot *s, uint8_t multiplier)
{
	slot_answer(s, CMD_TIME_EXTENSION, multiplier, default_byte9(s), NULL, 0, NULL);
}

/* Refuses a message that never becomes the slot's command. */
static void refuse(struct ccid *ccid, const uint8_t *msg, uint8_t error, const struct fault *f)
{
	const struct command_info *info = command_info(msg[0]);
	struct slot *s = msg[5] < ccid->num_slots ? &ccid->slots[msg[5]] : NULL;
	uint8_t h[CCID_HEADER] = {
		info ? info->reply : RDR_SLOTSTATUS, 0, 0, 0, 0, msg[5], msg[6],
		(uint8_t)(CMD_FAILED | (s ? slot_icc_status(s) : 2)), error, 0
	};

	answer(ccid, s, h, NULL, 0, f);
}

/*
 * Where a command cannot be cut (short APDU level, T=0), the host has no choice, and readers that
 * claim less than the specification demands take it all the same.
 */
static uint32_t max_message(const struct slot *s)
{
	const struct ccid *ccid = s->ccid;
	bool whole = ccid->features & FEAT_SHORT || (!level_apdu(s) && !s->proto);

	return whole && ccid->max_message < MIN_MESSAGE ? MIN_MESSAGE : ccid->max_message;
}

/*
 * The rules that hold for each message, whatever it asks for. Returns the error to refuse it with,
 * or -1.
 */
static int check_message(struct ccid *ccid, struct slot *s, const struct command_info *info,
			 const uint8_t *msg, size_t len)
{
	int slot = s->index;
	size_t payload = len - CCID_HEADER;

	if (len > max_message(s)) {
		ccid_violation(ccid, slot, "%s of %zu bytes, dwMaxCCIDMessageLength is %u",
			       info->name, len, ccid->max_message);
		return 1;
	}
	if (info->length >= 0 && payload != (size_t)info->length) {
		ccid_violation(ccid, slot, "%s with dwLength %zu, which must be %d", info->name,
			       payload, info->length);
		return 1;
	}
	for (int i = 0; i < 3; i++)
		if (info->rfu & 1 << i && msg[7 + i])
			ccid_violation(ccid, slot, "%s with RFU byte %d not zero", info->name,
				       7 + i);
	if (s->seq_valid && ccid->last_slot == s->index && msg[6] == s->seq &&
	    info->type != PC_ABORT)
		ccid_violation(ccid, slot, "%s repeats bSeq %u of the command before", info->name,
			       msg[6]);
	return -1;
}

/* True if the message may become the slot's command; answers it if not. */
static bool admit(struct ccid *ccid, struct slot *s, const struct command_info *info,
		  const uint8_t *msg, size_t len, const struct fault *f)
{
	int error = check_message(ccid, s, info, msg, len);

	if (error >= 0) {
		refuse(ccid, msg, (uint8_t)error, f);
		return false;
	}
	if (s->abort_control) {
		refuse(ccid, msg, ERR_CMD_ABORTED, f);
		return false;
	}
	if (s->busy) {
		ccid_violation(ccid, s->index, "%s while %s (bSeq %u) is in progress", info->name,
			       command_info(s->type)->name, s->seq);
		refuse(ccid, msg, ERR_SLOT_BUSY, f);
		return false;
	}
	if (ccid->max_busy && ccid_busy_slots(ccid) >= ccid->max_busy) {
		ccid_violation(ccid, s->index, "%s makes more than %u slots busy", info->name,
			       ccid->max_busy);
		refuse(ccid, msg, ERR_SLOT_BUSY, f);
		return false;
	}
	return true;
}

/* Both halves of an abort are there: the command in progress ends without an answer of its own. */
static void abort_finish(struct slot *s)
{
	slot_cancel(s);
	s->abort_control = false;
	s->abort_bulk = false;
	s->busy = true;
	s->type = PC_ABORT;
	s->seq = s->abort_seq;
	slot_ok(s, NULL, 0);
}

static void abort_message(struct slot *s, const uint8_t *msg)
{
	s->abort_bulk_seq = msg[6];
	if (!s->abort_control) {
		s->abort_bulk = true;
		return;
	}
	if (msg[6] != s->abort_seq)
		ccid_violation(s->ccid, s->index, "Abort with bSeq %u, the ABORT request had %u",
			       msg[6], s->abort_seq);
	abort_finish(s);
}

static int abort_request(struct ccid *ccid, uint16_t value)
{
	uint8_t slot = (uint8_t)value, seq = (uint8_t)(value >> 8);
	struct slot *s;

	if (slot >= ccid->num_slots) {
		ccid_violation(ccid, -1, "ABORT request for slot %u", slot);
		return -EPIPE;
	}
	s = &ccid->slots[slot];
	trace_note("ABORT request slot %u bSeq %u", slot, seq);
	s->abort_control = true;
	s->abort_seq = seq;
	if (s->abort_bulk) {
		if (s->abort_bulk_seq != seq)
			ccid_violation(ccid, slot,
				       "ABORT request with bSeq %u, the Abort message had %u", seq,
				       s->abort_bulk_seq);
		abort_finish(s);
	}
	return 0;
}

/* A whole message of the host. */
void ccid_message(struct ccid *ccid, const uint8_t *msg, size_t len)
{
	const struct command_info *info = command_info(msg[0]);
	const struct fault *f = NULL;
	struct slot *s;

	trace_message(ccid, '<', msg, len);
	if (msg[5] >= ccid->num_slots) {
		ccid_violation(ccid, -1, "message for slot %u of %u", msg[5], ccid->num_slots);
		refuse(ccid, msg, 5, NULL);
		return;
	}
	s = &ccid->slots[msg[5]];
	if (!info) {
		ccid_violation(ccid, s->index, "message of type %02x, which does not exist",
			       msg[0]);
		refuse(ccid, msg, ERR_NOT_SUPPORTED, NULL);
		return;
	}
	s->count[command_index(info)]++;
	control_message(s->number, info);
	if (fault_count()) {
		f = fault_match(msg, len, s->number);
		if (f && !fault_arrival(ccid, s, f))
			return;
	}
	if (info->type == PC_ABORT) {
		if (check_message(ccid, s, info, msg, len) < 0)
			abort_message(s, msg);
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
		fault_extend_start(s, f);
	ccid_execute(s, msg, len);
}

static void drop_out(struct ccid *ccid, const char *why)
{
	ccid_violation(ccid, -1, "%s (%zu bytes, dwLength %u)", why, ccid->out_len,
		       ccid->out_len >= 5 ? get_le32(ccid->out + 1) : 0);
	if (ccid->out_len >= CCID_HEADER) {
		trace_message(ccid, '<', ccid->out, ccid->out_len);
		refuse(ccid, ccid->out, 1, NULL);
	}
	ccid->out_len = 0;
}

/* @ended: a short packet ended the transfer, and with it the message. */
static void take_out(struct ccid *ccid, const uint8_t *data, size_t len, bool ended)
{
	size_t need;

	if (!ccid->out_len && !len)
		return;
	if (!ccid->out_len && ended && len >= CCID_HEADER &&
	    len == CCID_HEADER + (size_t)get_le32(data + 1)) {
		ccid_message(ccid, data, len);
		return;
	}
	if (ccid->out_len + len > sizeof(ccid->out)) {
		drop_out(ccid, "message longer than any message");
		return;
	}
	memcpy(ccid->out + ccid->out_len, data, len);
	ccid->out_len += len;
	if (ccid->out_len < CCID_HEADER) {
		if (ended)
			drop_out(ccid, "message shorter than its header");
		return;
	}
	need = CCID_HEADER + (size_t)get_le32(ccid->out + 1);
	if (ccid->out_len > need || (ended && ccid->out_len < need)) {
		drop_out(ccid, "dwLength does not fit the transfer");
		return;
	}
	if (ccid->out_len < need)
		return;
	ccid->out_len = 0;
	ccid_message(ccid, ccid->out, need);
}

static void nak_over(struct timer *t)
{
	struct ccid *ccid = container_of(t, struct ccid, nak);
	struct urb *urb;

	while ((urb = usb_held(ccid->iface->out))) {
		take_out(ccid, urb->data, urb->length, urb->length % ccid->iface->out->max_packet);
		usbip_complete(urb, 0, NULL, urb->length);
	}
}

/* A bulk-OUT transfer. Faults that refuse it strike before it is taken. */
void ccid_out(struct ccid *ccid, struct urb *urb, bool ended)
{
	const uint8_t *data = urb->data;
	size_t len = urb->length;
	const struct fault *f = NULL;

	if (fault_count() && len >= CCID_HEADER && !ccid->out_len)
		f = fault_peek_out(data, len, ccid);
	if (f && f->action == FAULT_STALL_OUT) {
		usbip_complete(urb, -EPIPE, NULL, 0);
		usb_halt(ccid->iface->out);
		return;
	}
	if (f || usb_in_polled(ccid->iface->out)) {
		usb_hold(ccid->iface->out, urb);
		if (f && f->arg)
			timer_arm(&ccid->nak, (uint64_t)f->arg * 1000, nak_over);
		return;
	}
	usbip_complete(urb, 0, NULL, len);
	take_out(ccid, data, len, ended);
}

/* One NotifySlotChange, if there is something to tell. */
static bool notify_once(struct ccid *ccid, struct endpoint *ep)
{
	uint8_t m[1 + MAX_SLOTS / 4] = { RDR_NOTIFYSLOTCHANGE };
	bool any = ccid->storm_endless || ccid->storm;

	for (unsigned int i = 0; i < ccid->num_slots; i++) {
		struct slot *s = &ccid->slots[i];

		if (s->card)
			m[1 + i / 4] |= (uint8_t)(1 << i % 4 * 2);
		if (s->changed || ccid->storm || ccid->storm_endless)
			m[1 + i / 4] |= (uint8_t)(2 << i % 4 * 2);
		any = any || s->changed;
		s->changed = false;
	}
	if (!any)
		return false;
	if (ccid->storm)
		ccid->storm--;
	trace_message(ccid, '!', m, 1 + (ccid->num_slots + 3) / 4);
	usb_in_send(ep, m, 1 + (ccid->num_slots + 3) / 4);
	control_event();
	return true;
}

/* Interrupt endpoint: what has changed since the host was told, as often as it asks. */
void ccid_notify(struct ccid *ccid)
{
	struct endpoint *ep = ccid->iface->intr;

	while (ep && usb_in_polled(ep) && usb_in_idle(ep))
		if (!notify_once(ccid, ep))
			break;
}

/* Is there something that the host would hear of if it listened? */
bool ccid_untold(const struct ccid *ccid)
{
	bool untold = false;

	for (unsigned int i = 0; ccid->iface->intr && i < ccid->num_slots; i++)
		untold = untold || ccid->slots[i].changed;
	return untold;
}

void ccid_polled(struct ccid *ccid)
{
	ccid_notify(ccid);
	control_event();
}

static int table_request(const uint32_t *table, int n, uint8_t *buf)
{
	for (int i = 0; i < n; i++)
		put_le32(buf + 4 * i, table[i]);
	return n ? 4 * n : -EPIPE;
}

/* Class requests. Returns the number of bytes in @buf, or a negative errno for a stall. */
int ccid_control(struct ccid *ccid, struct urb *urb, uint8_t *buf)
{
	uint8_t request = urb->setup[1];
	bool in = urb->setup[0] & USB_DIR_IN;

	if (ccid->profile.transport != TRANSPORT_BULK)
		return iccd_control(ccid, urb, buf);
	switch (request) {
	case 1:
		return in ? -EPIPE : abort_request(ccid, get_le16(urb->setup + 2));
	case 2:
		return in ? table_request(ccid->profile.clocks, ccid->profile.num_clocks, buf)
			  : -EPIPE;
	case 3:
		return in ? table_request(ccid->profile.rates, ccid->profile.num_rates, buf)
			  : -EPIPE;
	}
	ccid_violation(ccid, -1, "class request %02x, which does not exist", request);
	return -EPIPE;
}

void ccid_bus_reset(struct ccid *ccid)
{
	ccid->out_len = 0;
	ccid->storm = 0;
	ccid->storm_endless = false;
	ccid->iccd_ready = false;
	timer_cancel(&ccid->nak);
	for (unsigned int i = 0; i < ccid->num_slots; i++) {
		struct slot *s = &ccid->slots[i];

		slot_cancel(s);
		s->abort_control = false;
		s->abort_bulk = false;
		s->seq_valid = false;
		s->locked = false;
		slot_power_lost(s);
	}
}

void ccid_configured(struct ccid *ccid)
{
	for (unsigned int i = 0; i < ccid->num_slots; i++)
		ccid->slots[i].changed = ccid->slots[i].card;
	control_event();
}

void ccid_resumed(struct ccid *ccid, bool power_lost)
{
	for (unsigned int i = 0; i < ccid->num_slots; i++)
		if (power_lost)
			slot_power_lost(&ccid->slots[i]);
}

struct ccid *ccid_new(const struct profile *profile, struct usb_interface *iface)
{
	static unsigned int interfaces;
	struct ccid *ccid = calloc(1, sizeof(*ccid));

	if (!ccid)
		return NULL;
	ccid->profile = *profile;
	ccid->iface = iface;
	ccid->index = interfaces++;
	ccid->num_slots = profile->desc[CCID_BMAXSLOTINDEX] + 1U;
	if (ccid->num_slots > MAX_SLOTS)
		ccid->num_slots = MAX_SLOTS;
	ccid->max_busy = profile->desc[CCID_BMAXBUSY];
	ccid->features = profile_le32(profile, CCID_DWFEATURES);
	/* Tokens of version B chain blocks, whatever level they claim. */
	if (profile->transport == TRANSPORT_ICCD_B && ccid->features & FEAT_SHORT)
		ccid->features |= FEAT_EXTENDED;
	ccid->max_message = profile_le32(profile, CCID_DWMAXMSG);
	for (unsigned int i = 0; i < ccid->num_slots; i++) {
		struct slot *s = &ccid->slots[i];

		s->ccid = ccid;
		s->index = (uint8_t)i;
		slot_register(s);
	}
	return ccid;
}

void ccid_free(struct ccid *ccid)
{
	for (unsigned int i = 0; i < ccid->num_slots; i++) {
		slot_cancel(&ccid->slots[i]);
		card_free(ccid->slots[i].card);
	}
	timer_cancel(&ccid->nak);
	free(ccid);
}
