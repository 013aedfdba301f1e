// SPDX-License-Identifier: GPL-2.0-or-later
#include "ccid_notify.h"

#include "event.h"
#include "reader.h"
#include "trace.h"
#include "usb_ep.h"

/* Send a NotifySlotChange if a slot has changed. */
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
	trace_message(ccid->index, '!', m, 1 + (ccid->num_slots + 3) / 4);
	usb_ep_send(ep, m, 1 + (ccid->num_slots + 3) / 4);
	event_happened();
	return true;
}

void ccid_notify(struct ccid *ccid)
{
	struct endpoint *ep = ccid->iface->intr;

	while (ep && usb_ep_polled(ep) && usb_ep_idle(ep))
		if (!notify_once(ccid, ep))
			break;
}

void ccid_notify_bytes(struct ccid *ccid, const uint8_t *p, size_t len)
{
	if (!ccid->iface->intr)
		return;
	trace_message(ccid->index, '!', p, len);
	usb_ep_send(ccid->iface->intr, p, len);
}

bool ccid_notify_pending(const struct ccid *ccid)
{
	bool pending = false;

	for (unsigned int i = 0; ccid->iface->intr && i < ccid->num_slots; i++)
		pending = pending || ccid->slots[i].changed;
	return pending;
}
