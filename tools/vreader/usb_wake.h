/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VREADER_USB_WAKE_H
#define VREADER_USB_WAKE_H

#include <stdbool.h>

/* Signal remote wake-up as soon as the bus sleeps, if the host has armed it. */
void usb_wake(void);

/* Does the reader forget what happens now: asleep, and of the kind that claims remote wake-up? */
bool usb_wake_forgets(void);

#endif
