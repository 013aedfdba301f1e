/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One bound interface: what the binding (ccid_usb.c) and the pipes (ccid_pipe.c) share.
 */
#ifndef SCARD_CCID_USB_H
#define SCARD_CCID_USB_H

#include <linux/usb.h>

#include "scard.h"

#define CCID_INT_HALTED		0	/* bit numbers in ccid_usb.int_flags */
#define CCID_INT_STOPPED	1

/**
 * struct ccid_usb - one bound interface
 * @reader: what the layers above see
 * @udev: the device, referenced
 * @intf: the interface, referenced
 * @in: bulk-IN endpoint address
 * @out: bulk-OUT endpoint address
 * @anchor: control transfers on their way
 * @stopped: no bulk transfer may begin; becomes true under reader.lock
 * @int_urb: interrupt pipe, NULL if there is none
 * @int_buf: its buffer
 * @int_ep: its endpoint address
 * @int_flags: CCID_INT_*
 * @int_work: submits @int_urb again after errors and storms
 * @int_errors: errors in a row (completion handler)
 * @int_since: start of the current window (completion handler)
 * @int_count: notifications in it (completion handler)
 */
struct ccid_usb {
	struct scard_reader reader;
	struct usb_device *udev;
	struct usb_interface *intf;
	u8 in;
	u8 out;
	struct usb_anchor anchor;
	bool stopped;
	struct urb *int_urb;
	u8 *int_buf;
	u8 int_ep;
	unsigned long int_flags;
	struct delayed_work int_work;
	unsigned int int_errors;
	unsigned long int_since;
	unsigned int int_count;
};

static inline struct ccid_usb *to_ccid(struct scard_reader *reader)
{
	return container_of(reader, struct ccid_usb, reader);
}

/* ccid_pipe.c */
extern const struct scard_hw_ops ccid_usb_ops;
extern const struct scard_hw_ops iccd_usb_ops;
void ccid_usb_pipes_init(struct ccid_usb *ccid);
void ccid_usb_pipes_free(struct ccid_usb *ccid);
int ccid_usb_int_init(struct ccid_usb *ccid, const struct usb_endpoint_descriptor *ep);
void ccid_usb_int_start(struct ccid_usb *ccid);

#endif
