// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "usb_dev.h"

#include <errno.h>

#include "bytes.h"
#include "ccid.h"
#include "ccid_notify.h"
#include "trace.h"
#include "urb.h"
#include "usb.h"
#include "usb_desc.h"
#include "usb_ep.h"
#include "usb_wake.h"
#include "usbip_tx.h"
#include "violation.h"

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
#define TYPE_MASK 0x60
#define TYPE_CLASS 0x20
#define RECIP_MASK 0x1f
#define RECIP_INTERFACE 1
#define RECIP_ENDPOINT 2

#define CONTROL_SIZE 65536

static struct usb_interface *find_interface(uint8_t number)
{
	for (int i = 0; i < usb.num_ifs; i++)
		if (usb.ifs[i].number == number)
			return &usb.ifs[i];
	return NULL;
}

static void reset_device(void)
{
	usb.wakeup_armed = false;
	usb_ep_reset_all();
	for (int i = 0; i < usb.num_ifs; i++)
		if (usb.ifs[i].ccid)
			ccid_bus_reset(usb.ifs[i].ccid);
}

void usb_dev_detached(void)
{
	usb.configured = false;
	usb_ep_shutdown_all();
	reset_device();
	trace_note("unplugged");
}

static int endpoint_request(uint8_t request, uint16_t value, uint8_t addr, uint8_t *buf)
{
	struct endpoint *ep = usb_ep_find(addr);

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
		usb_ep_halt(ep);
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
			untold = untold || ccid_notify_pending(usb.ifs[i].ccid);
	}
	/* A slot has changed since the host stopped polling. */
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
		value = (uint16_t)usb_desc_get((uint8_t)(value >> 8), (uint8_t)value, buf,
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
		usbip_tx_complete(urb, n, NULL, 0);
		return;
	}
	if (s[0] & USB_DIR_IN) {
		if (n > length)
			n = length;
		if ((uint32_t)n > urb->length)
			n = (int)urb->length;
		usbip_tx_complete(urb, 0, buf, (size_t)n);
	} else {
		usbip_tx_complete(urb, 0, NULL, urb->length);
	}
}

void usb_dev_submit(struct urb *urb)
{
	struct endpoint *ep;
	bool idle;

	if (!(urb->ep & 0x0f)) {
		control(urb);
		return;
	}
	ep = usb_ep_find(urb->ep);
	if (!ep || !usb.configured) {
		violation_add(0, -1, "transfer to endpoint %02x, which is not there", urb->ep);
		usbip_tx_complete(urb, -EPIPE, NULL, 0);
		return;
	}
	if (ep->halted) {
		usbip_tx_complete(urb, -EPIPE, NULL, 0);
		return;
	}
	if (urb->ep & USB_DIR_IN) {
		idle = usb_ep_idle(ep);
		usb_ep_offer(ep, urb);
		if (idle && !ep->bulk)
			ccid_polled(ep->ccid);
		return;
	}
	ccid_out(ep->ccid, urb, urb->length % ep->max_packet || urb->flags & URB_ZERO_PACKET);
}
