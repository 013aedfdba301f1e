/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CCID_USB_PIPE_H
#define CCID_USB_PIPE_H

#include <linux/usb.h>

#include "ccid.h"

#define USB_PIPE_INT_HALTED	0	/* bit numbers in ccid_usb.int_flags */
#define USB_PIPE_INT_STOPPED	1

/**
 * struct ccid_usb - one bound interface
 * @ccid: the reader
 * @udev: the device, referenced
 * @intf: the interface, referenced
 * @in: bulk-IN endpoint address
 * @out: bulk-OUT endpoint address
 * @anchor: control transfers on their way
 * @stopped: no bulk transfer may begin; becomes true under reader->lock
 * @autosuspend: the driver has enabled it
 * @refs: what keeps the interface awake (reader->lock); changes no more once the reader is gone
 * @wake_work: wakes the device for callers that wait in reader->resumed
 * @wakes: attempts to wake it that have ended (reader->lock)
 * @wake_ret: 0 or a negative errno of the last (reader->lock)
 * @int_urb: interrupt pipe, NULL if there is none
 * @int_buf: its buffer
 * @int_ep: its endpoint address
 * @int_flags: USB_PIPE_INT_*
 * @int_work: submits @int_urb again after errors and storms
 * @int_errors: errors in a row (completion handler)
 * @int_since: start of the current window (completion handler)
 * @int_count: notifications in it (completion handler)
 */
struct ccid_usb {
	struct ccid_reader ccid;
	struct usb_device *udev;
	struct usb_interface *intf;
	u8 in;
	u8 out;
	struct usb_anchor anchor;
	bool stopped;
	bool autosuspend;
	unsigned int refs;
	struct work_struct wake_work;
	unsigned int wakes;
	int wake_ret;
	struct urb *int_urb;
	u8 *int_buf;
	u8 int_ep;
	unsigned long int_flags;
	struct delayed_work int_work;
	unsigned int int_errors;
	unsigned long int_since;
	unsigned int int_count;
};

extern const struct ccid_bus_ops ccid_usb_pipe_bus;
extern const struct ccid_bus_ops ccid_usb_pipe_token_bus;
extern const struct ccid_bulk_ops ccid_usb_pipe_bulk;

void ccid_usb_pipe_init(struct ccid_usb *usb);
void ccid_usb_pipe_drain(struct ccid_usb *usb);
void ccid_usb_pipe_let_sleep(struct ccid_usb *usb);
void ccid_usb_pipe_free(struct ccid_usb *usb);
int ccid_usb_pipe_int_init(struct ccid_usb *usb, const struct usb_endpoint_descriptor *ep);
void ccid_usb_pipe_int_start(struct ccid_usb *usb);

#endif
