/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The USB device: control requests, and transfers to its endpoints. */
#ifndef VREADER_USB_DEV_H
#define VREADER_USB_DEV_H

struct urb;

void usb_dev_submit(struct urb *urb);
/* The cable is out: fail the host's transfers and reset the device. */
void usb_dev_detached(void);

#endif
