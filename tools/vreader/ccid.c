// SPDX-License-Identifier: GPL-2.0-or-later
#include "ccid.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "ccid_msg.h"
#include "ccid_notify.h"
#include "event.h"
#include "fault.h"
#include "iccd.h"
#include "replay.h"
#include "slot.h"
#include "slot_card.h"
#include "slot_list.h"
#include "trace.h"
#include "urb.h"
#include "usb_ep.h"
#include "usbip_tx.h"

static void drop_out(struct ccid *ccid, const char *why)
{
	violation_add(ccid->index, -1, "%s (%zu bytes, dwLength %u)", why, ccid->out_len,
		      ccid->out_len >= 5 ? get_le32(ccid->out + 1) : 0);
	if (ccid->out_len >= CCID_HEADER) {
		trace_message(ccid->index, '<', ccid->out, ccid->out_len);
		ccid_msg_refuse(ccid, ccid->out, 1, NULL);
	}
	ccid->out_len = 0;
}

/* Collect a message; @ended: a short packet ended the transfer. */
static void take_out(struct ccid *ccid, const uint8_t *data, size_t len, bool ended)
{
	size_t need;

	if (!ccid->out_len && !len)
		return;
	if (!ccid->out_len && ended && len >= CCID_HEADER &&
	    len == CCID_HEADER + (size_t)get_le32(data + 1)) {
		ccid_msg_handle(ccid, data, len);
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
	ccid_msg_handle(ccid, ccid->out, need);
}

static void nak_over(struct timer *t)
{
	struct ccid *ccid = container_of(t, struct ccid, nak);
	struct urb *urb;

	while ((urb = usb_ep_held(ccid->iface->out))) {
		take_out(ccid, urb->data, urb->length, urb->length % ccid->iface->out->max_packet);
		usbip_tx_complete(urb, 0, NULL, urb->length);
	}
}

void ccid_out(struct ccid *ccid, struct urb *urb, bool ended)
{
	const uint8_t *data = urb->data;
	size_t len = urb->length;
	const struct fault *f = NULL;

	if (len >= CCID_HEADER && !ccid->out_len && data[5] < ccid->num_slots)
		f = fault_match_transfer(&ccid->slots[data[5]], data, len);
	if (f && f->action == FAULT_STALL_OUT) {
		usbip_tx_complete(urb, -EPIPE, NULL, 0);
		usb_ep_halt(ccid->iface->out);
		return;
	}
	if (f || usb_ep_polled(ccid->iface->out)) {
		usb_ep_hold(ccid->iface->out, urb);
		if (f && f->arg)
			timer_arm(&ccid->nak, (uint64_t)f->arg * 1000, nak_over);
		return;
	}
	usbip_tx_complete(urb, 0, NULL, len);
	take_out(ccid, data, len, ended);
}

void ccid_polled(struct ccid *ccid)
{
	ccid_notify(ccid);
	event_happened();
}

static int table_request(const uint32_t *table, int n, uint8_t *buf)
{
	for (int i = 0; i < n; i++)
		put_le32(buf + 4 * i, table[i]);
	return n ? 4 * n : -EPIPE;
}

int ccid_control(struct ccid *ccid, struct urb *urb, uint8_t *buf)
{
	uint8_t request = urb->setup[1];
	bool in = urb->setup[0] & USB_DIR_IN;

	if (ccid->profile.transport != TRANSPORT_BULK)
		return iccd_control(ccid, urb, buf);
	switch (request) {
	case 1:
		return in ? -EPIPE : ccid_msg_abort_request(ccid, get_le16(urb->setup + 2));
	case 2:
		return in ? table_request(ccid->profile.clocks, ccid->profile.num_clocks, buf)
			  : -EPIPE;
	case 3:
		return in ? table_request(ccid->profile.rates, ccid->profile.num_rates, buf)
			  : -EPIPE;
	}
	violation_add(ccid->index, -1, "class request %02x, which does not exist", request);
	return -EPIPE;
}

void ccid_bus_reset(struct ccid *ccid)
{
	ccid->out_len = 0;
	ccid->storm = 0;
	ccid->storm_endless = false;
	ccid->iccd_ready = false;
	timer_cancel(&ccid->nak);
	replay_cancel();
	for (unsigned int i = 0; i < ccid->num_slots; i++) {
		struct slot *s = &ccid->slots[i];

		slot_cancel(s);
		s->abort_control = false;
		s->abort_bulk = false;
		s->seq_valid = false;
		s->locked = false;
		slot_card_power_lost(s);
	}
}

void ccid_configured(struct ccid *ccid)
{
	for (unsigned int i = 0; i < ccid->num_slots; i++)
		ccid->slots[i].changed = ccid->slots[i].card;
	if (replay_active())
		replay_begin();
	event_happened();
}

void ccid_resumed(struct ccid *ccid, bool power_lost)
{
	for (unsigned int i = 0; i < ccid->num_slots; i++)
		if (power_lost)
			slot_card_power_lost(&ccid->slots[i]);
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
	/* Tokens of version B always chain blocks. */
	if (profile->transport == TRANSPORT_ICCD_B && ccid->features & FEAT_SHORT)
		ccid->features |= FEAT_EXTENDED;
	ccid->max_message = profile_le32(profile, CCID_DWMAXMSG);
	for (unsigned int i = 0; i < ccid->num_slots; i++) {
		struct slot *s = &ccid->slots[i];

		s->ccid = ccid;
		s->index = (uint8_t)i;
		s->number = slot_list_add(s);
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
