/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VREADER_USB_WAKE_H
#define VREADER_USB_WAKE_H

/* Signal remote wake-up as soon as the bus sleeps, if the host has armed it. */
void usb_wake(void);

#endif
