// SPDX-License-Identifier: GPL-2.0-or-later
/* The device: control requests, and the transfers of its endpoints. */
#define _GNU_SOURCE
#include "usb.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ccid.h"
#include "loop.h"
#include "profile.h"
#include "trace.h"

#define URB_ZERO_PACKET 0x0040

#define REQ_GET_STATUS 0
#define REQ_CLEAR_FEATURE 1
#define REQ_SET_FEATURE 3
#define REQ_SET_ADDRESS 5
#define REQ_GET_DESCRIPTOR 6
#define REQ_GET_CONFIGURATION 8
#define REQ_SET_CONFIGURATION 9
#define REQ_GET_INTERFACE 10
#define REQ_SET_INTERFACE 11
#define FEATURE_HALT 0
#define FEATURE_REMOTE_WAKEUP 1
#define WAKE_RETRY_US 10000
#define TYPE_MASK 0x60
#define TYPE_CLASS 0x20
#define RECIP_MASK 0x1f
#define RECIP_INTERFACE 1
#define RECIP_ENDPOINT 2

#define CONTROL_SIZE 65536

struct usb_device usb = {
	.vid = 0x08e6, .pid = 0x3437, .bcd = 0x0100,
	.manufacturer = "scard", .product = "Virtual Reader",
	.speed = USB_SPEED_FULL, .wakeup_capable = true,
};

struct endpoint *usb_endpoint_add(struct ccid *ccid, uint8_t addr, uint16_t max_packet)
{
	struct endpoint *ep = &usb.eps[usb.num_eps++];

	ep->addr = addr;
	ep->max_packet = max_packet;
	ep->ccid = ccid;
	return ep;
}

static struct endpoint *find_endpoint(uint8_t addr)
{
	for (int i = 0; i < usb.num_eps; i++)
		if (usb.eps[i].addr == addr)
			return &usb.eps[i];
	return NULL;
}

static struct usb_interface *find_interface(uint8_t number)
{
	for (int i = 0; i < usb.num_ifs; i++)
		if (usb.ifs[i].number == number)
			return &usb.ifs[i];
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
 * Fills the host's next transfer. As on the wire, a transfer ends with a short packet or when it is
 * full, and a packet that does not fit into the rest of it is babble.
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
	usbip_complete(urb, status, x->data + x->off, n);
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

void usb_in_send_zlp(struct endpoint *ep)
{
	xfer_add(ep, NULL, 0);
	deliver(ep);
}

void usb_in_send(struct endpoint *ep, const uint8_t *data, size_t len)
{
	struct urb *urb = ep->urbs;
	bool full = multiple(ep, len);

	/* The usual case needs no copy but the one to the socket. */
	if (urb && !ep->xfers && !ep->halted && len <= urb->length &&
	    !(full && usb.zlp == ZLP_NEVER)) {
		ep->urbs = urb->next;
		usbip_complete(urb, 0, data, len);
	} else {
		xfer_add(ep, data, len)->open = full && usb.zlp == ZLP_NEVER;
		deliver(ep);
	}
	if (full && usb.zlp == ZLP_SEPARATE)
		usb_in_send_zlp(ep);
}

void usb_in_fail(struct endpoint *ep, int status, size_t len)
{
	uint8_t *junk = calloc(1, len + 1);

	if (!junk)
		abort();
	xfer_add(ep, junk, len)->status = status;
	free(junk);
	deliver(ep);
}

bool usb_in_idle(const struct endpoint *ep)
{
	return !ep->xfers;
}

bool usb_in_polled(const struct endpoint *ep)
{
	return ep->urbs;
}

void usb_halt(struct endpoint *ep)
{
	ep->halted = true;
	drop_xfers(ep);
	while (ep->urbs) {
		struct urb *urb = ep->urbs;

		ep->urbs = urb->next;
		usbip_complete(urb, -EPIPE, NULL, 0);
	}
}

/* Leaves a bulk-OUT transfer unanswered for now, as an endpoint does that answers NAK. */
void usb_hold(struct endpoint *ep, struct urb *urb)
{
	struct urb **p = &ep->urbs;

	urb->copy = malloc(urb->length + 1);
	if (!urb->copy)
		abort();
	memcpy(urb->copy, urb->data, urb->length);
	urb->data = urb->copy;
	urb->next = NULL;
	while (*p)
		p = &(*p)->next;
	*p = urb;
}

struct urb *usb_held(struct endpoint *ep)
{
	struct urb *urb = ep->urbs;

	if (urb)
		ep->urbs = urb->next;
	return urb;
}

/* Forgets everything that a bus reset or a new configuration forgets. */
static void reset_endpoints(void)
{
	for (int i = 0; i < usb.num_eps; i++) {
		struct endpoint *ep = &usb.eps[i];

		ep->halted = false;
		ep->broken = false;
		drop_xfers(ep);
	}
}

static void reset_device(void)
{
	usb.wakeup_armed = false;
	reset_endpoints();
	for (int i = 0; i < usb.num_ifs; i++)
		if (usb.ifs[i].ccid)
			ccid_bus_reset(usb.ifs[i].ccid);
}

void usb_detached(void)
{
	usb.configured = false;
	for (int i = 0; i < usb.num_eps; i++) {
		struct endpoint *ep = &usb.eps[i];

		while (ep->urbs) {
			struct urb *urb = ep->urbs;

			ep->urbs = urb->next;
			usbip_complete(urb, -ESHUTDOWN, NULL, 0);
		}
	}
	reset_device();
	trace_note("unplugged");
}

static int endpoint_request(uint8_t request, uint16_t value, uint8_t addr, uint8_t *buf)
{
	struct endpoint *ep = find_endpoint(addr);

	if (!ep && (addr & 0x0f))
		return -EPIPE;
	switch (request) {
	case REQ_GET_STATUS:
		buf[0] = ep && ep->halted;
		buf[1] = 0;
		return 2;
	case REQ_CLEAR_FEATURE:
		if (value != FEATURE_HALT)
			return -EPIPE;
		if (ep)
			ep->halted = ep->broken;
		return 0;
	case REQ_SET_FEATURE:
		if (value != FEATURE_HALT || !ep)
			return -EPIPE;
		usb_halt(ep);
		return 0;
	}
	return -EPIPE;
}

static int interface_request(uint8_t request, uint16_t value, uint8_t number, uint8_t *buf)
{
	if (!find_interface(number))
		return -EPIPE;
	switch (request) {
	case REQ_GET_STATUS:
		buf[0] = 0;
		buf[1] = 0;
		return 2;
	case REQ_GET_INTERFACE:
		buf[0] = 0;
		return 1;
	case REQ_SET_INTERFACE:
		return value ? -EPIPE : 0;
	}
	return -EPIPE;
}

/* The host arms remote wake-up first and lets the bus sleep a moment later. */
static void wake(struct timer *t)
{
	if (usb.wakeup_armed && !sysfs_resume(usbip_port()))
		timer_arm(t, WAKE_RETRY_US, wake);
}

void usb_wake(void)
{
	static struct timer timer;

	wake(&timer);
}

static int set_wakeup(uint16_t feature, bool on)
{
	bool untold = false;

	if (feature != FEATURE_REMOTE_WAKEUP || (on && !usb.wakeup_capable))
		return -EPIPE;
	usb.wakeup_armed = on;
	trace_note(on ? "remote wake-up armed" : "remote wake-up disarmed");
	for (int i = 0; i < usb.num_ifs; i++) {
		if (!usb.ifs[i].ccid)
			continue;
		if (!on)
			ccid_resumed(usb.ifs[i].ccid, usb.lose_power);
		else
			untold = untold || ccid_untold(usb.ifs[i].ccid);
	}
	/* what has happened since the host stopped listening */
	if (untold)
		usb_wake();
	return 0;
}

static int set_configuration(uint16_t value)
{
	if (value > 1)
		return -EPIPE;
	reset_device();
	usb.configured = value;
	if (value)
		for (int i = 0; i < usb.num_ifs; i++)
			if (usb.ifs[i].ccid)
				ccid_configured(usb.ifs[i].ccid);
	return 0;
}

static int device_request(uint8_t request, uint16_t value, uint8_t *buf)
{
	switch (request) {
	case REQ_GET_STATUS:
		buf[0] = usb.wakeup_armed ? 2 : 0;
		buf[1] = 0;
		return 2;
	case REQ_CLEAR_FEATURE:
		return set_wakeup(value, false);
	case REQ_SET_FEATURE:
		return set_wakeup(value, true);
	case REQ_SET_ADDRESS:
		return 0;
	case REQ_GET_DESCRIPTOR:
		value = (uint16_t)usb_descriptor((uint8_t)(value >> 8), (uint8_t)value, buf,
						 CONTROL_SIZE);
		return value == 0xffff ? -EPIPE : value;
	case REQ_GET_CONFIGURATION:
		buf[0] = usb.configured;
		return 1;
	case REQ_SET_CONFIGURATION:
		return set_configuration(value);
	}
	return -EPIPE;
}

static void control(struct urb *urb)
{
	static uint8_t buf[CONTROL_SIZE];
	const uint8_t *s = urb->setup;
	uint16_t value = get_le16(s + 2), index = get_le16(s + 4), length = get_le16(s + 6);
	int recipient = s[0] & RECIP_MASK;
	struct usb_interface *iface;
	int n = -EPIPE;

	if ((s[0] & TYPE_MASK) == TYPE_CLASS) {
		iface = recipient == RECIP_INTERFACE ? find_interface((uint8_t)index) : NULL;
		if (iface && iface->ccid)
			n = ccid_control(iface->ccid, urb, buf);
	} else if ((s[0] & TYPE_MASK) == 0) {
		if (recipient == RECIP_ENDPOINT)
			n = endpoint_request(s[1], value, (uint8_t)index, buf);
		else if (recipient == RECIP_INTERFACE)
			n = interface_request(s[1], value, (uint8_t)index, buf);
		else if (recipient == 0)
			n = device_request(s[1], value, buf);
	}
	if (n < 0) {
		usbip_complete(urb, n, NULL, 0);
		return;
	}
	if (s[0] & USB_DIR_IN) {
		if (n > length)
			n = length;
		if ((uint32_t)n > urb->length)
			n = (int)urb->length;
		usbip_complete(urb, 0, buf, (size_t)n);
	} else {
		usbip_complete(urb, 0, NULL, urb->length);
	}
}

void usb_submit(struct urb *urb)
{
	struct endpoint *ep;
	struct urb **p;

	if (!(urb->ep & 0x0f)) {
		control(urb);
		return;
	}
	ep = find_endpoint(urb->ep);
	if (!ep || !usb.configured) {
		ccid_violation(NULL, -1, "transfer to endpoint %02x, which is not there", urb->ep);
		usbip_complete(urb, -EPIPE, NULL, 0);
		return;
	}
	if (ep->halted) {
		usbip_complete(urb, -EPIPE, NULL, 0);
		return;
	}
	if (urb->ep & USB_DIR_IN) {
		for (p = &ep->urbs; *p; p = &(*p)->next)
			;
		*p = urb;
		urb->next = NULL;
		if (ep->xfers)
			deliver(ep);
		else if (!ep->bulk)
			ccid_polled(ep->ccid);
		return;
	}
	ccid_out(ep->ccid, urb, urb->length % ep->max_packet || urb->flags & URB_ZERO_PACKET);
}

bool usb_unlink(uint32_t seqnum)
{
	for (int i = 0; i < usb.num_eps; i++) {
		for (struct urb **p = &usb.eps[i].urbs; *p; p = &(*p)->next) {
			struct urb *urb = *p;

			if (urb->seqnum != seqnum)
				continue;
			*p = urb->next;
			trace_urb_unlink(urb);
			usbip_forget(urb);
			return true;
		}
	}
	return false;
}
