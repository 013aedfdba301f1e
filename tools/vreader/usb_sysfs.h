/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Suspend and remote wake-up by the host's sysfs: USB/IP does not carry them. */
#ifndef VREADER_USB_SYSFS_H
#define VREADER_USB_SYSFS_H

#include <stdbool.h>

/* The host has a device at this port, maybe one that is unplugged already. */
bool usb_sysfs_present(int port);
bool usb_sysfs_suspended(int port);
/* Resume the device as if it had signalled remote wake-up; false if it is not suspended. */
bool usb_sysfs_resume(int port);

#endif
