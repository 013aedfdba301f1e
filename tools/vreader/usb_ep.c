// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "usb_ep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "urb.h"
#include "usb.h"
#include "usbip_tx.h"

struct endpoint *usb_ep_add(struct ccid *ccid, uint8_t addr, uint16_t max_packet)
{
	struct endpoint *ep = &usb.eps[usb.num_eps++];

	ep->addr = addr;
	ep->max_packet = max_packet;
	ep->ccid = ccid;
	return ep;
}

struct endpoint *usb_ep_find(uint8_t addr)
{
	for (int i = 0; i < usb.num_eps; i++)
		if (usb.eps[i].addr == addr)
			return &usb.eps[i];
	return NULL;
}

static void drop_xfers(struct endpoint *ep)
{
	while (ep->xfers) {
		struct xfer *x = ep->xfers;

		ep->xfers = x->next;
		free(x);
	}
}

/*
 * Fill the host's next transfer. As on the wire, a short packet or a full buffer ends the transfer,
 * and a packet that does not fit into the rest of the buffer is babble.
 */
static bool deliver_one(struct endpoint *ep)
{
	struct urb *urb = ep->urbs;
	struct xfer *x = ep->xfers;
	size_t left = x->len - x->off, n = left;
	int status = x->status;
	bool finished = true;

	if (x->open && left < urb->length)
		return false;
	if (left > urb->length) {
		n = urb->length;
		if (n % ep->max_packet)
			status = -EOVERFLOW;
		else
			finished = false;
	}
	ep->urbs = urb->next;
	if (n > urb->length)
		n = urb->length;
	usbip_tx_complete(urb, status, x->data + x->off, n);
	if (finished || status) {
		ep->xfers = x->next;
		free(x);
	} else {
		x->off += n;
	}
	return true;
}

static void deliver(struct endpoint *ep)
{
	while (ep->urbs && ep->xfers && !ep->halted)
		if (!deliver_one(ep))
			break;
}

static struct xfer *xfer_add(struct endpoint *ep, const uint8_t *data, size_t len)
{
	struct xfer **p = &ep->xfers;
	struct xfer *x;
	size_t old;

	while (*p && (*p)->next)
		p = &(*p)->next;
	if (*p && (*p)->open) {
		old = (*p)->len;
		x = realloc(*p, sizeof(*x) + old + len);
		if (!x)
			abort();
		memcpy(x->data + old, data, len);
		x->len = old + len;
		x->open = false;
		*p = x;
		return x;
	}
	x = calloc(1, sizeof(*x) + len);
	if (!x)
		abort();
	if (len)
		memcpy(x->data, data, len);
	x->len = len;
	if (*p)
		(*p)->next = x;
	else
		*p = x;
	return x;
}

static bool multiple(const struct endpoint *ep, size_t len)
{
	return ep->bulk && len && len % ep->max_packet == 0;
}

void usb_ep_send_zlp(struct endpoint *ep)
{
	if (ep->sink)
		return;
	xfer_add(ep, NULL, 0);
	deliver(ep);
}

void usb_ep_send(struct endpoint *ep, const uint8_t *data, size_t len)
{
	struct urb *urb = ep->urbs;
	bool full = multiple(ep, len);

	if (ep->sink) {
		ep->sink(ep, data, len);
		return;
	}
	/* The usual case: copy to the socket buffer only. */
	if (urb && !ep->xfers && !ep->halted && len <= urb->length &&
	    !(full && usb.zlp == ZLP_NEVER)) {
		ep->urbs = urb->next;
		usbip_tx_complete(urb, 0, data, len);
	} else {
		xfer_add(ep, data, len)->open = full && usb.zlp == ZLP_NEVER;
		deliver(ep);
	}
	if (full && usb.zlp == ZLP_SEPARATE)
		usb_ep_send_zlp(ep);
}

void usb_ep_fail(struct endpoint *ep, int status, size_t len)
{
	uint8_t *junk;

	if (ep->sink) {
		ep->sink(ep, NULL, 0);
		return;
	}
	junk = calloc(1, len + 1);
	if (!junk)
		abort();
	xfer_add(ep, junk, len)->status = status;
	free(junk);
	deliver(ep);
}

bool usb_ep_idle(const struct endpoint *ep)
{
	return !ep->xfers;
}

bool usb_ep_polled(const struct endpoint *ep)
{
	return ep->urbs || ep->sink;
}

static void fail_urbs(struct endpoint *ep, int status)
{
	struct urb *urb;

	while ((urb = urb_take(&ep->urbs)))
		usbip_tx_complete(urb, status, NULL, 0);
}

void usb_ep_halt(struct endpoint *ep)
{
	if (ep->sink) {
		ep->sink(ep, NULL, 0);
		return;
	}
	ep->halted = true;
	drop_xfers(ep);
	fail_urbs(ep, -EPIPE);
}

void usb_ep_hold(struct endpoint *ep, struct urb *urb)
{
	urb_keep(urb);
	urb_append(&ep->urbs, urb);
}

struct urb *usb_ep_held(struct endpoint *ep)
{
	return urb_take(&ep->urbs);
}

void usb_ep_offer(struct endpoint *ep, struct urb *urb)
{
	urb_append(&ep->urbs, urb);
	deliver(ep);
}

void usb_ep_reset_all(void)
{
	for (int i = 0; i < usb.num_eps; i++) {
		struct endpoint *ep = &usb.eps[i];

		ep->halted = false;
		ep->broken = false;
		drop_xfers(ep);
	}
}

void usb_ep_shutdown_all(void)
{
	for (int i = 0; i < usb.num_eps; i++)
		fail_urbs(&usb.eps[i], -ESHUTDOWN);
}

bool usb_ep_unlink(uint32_t seqnum)
{
	for (int i = 0; i < usb.num_eps; i++) {
		for (struct urb **p = &usb.eps[i].urbs; *p; p = &(*p)->next) {
			struct urb *urb = *p;

			if (urb->seqnum != seqnum)
				continue;
			*p = urb->next;
			capture_unlink(urb);
			urb_free(urb);
			return true;
		}
	}
	return false;
}
