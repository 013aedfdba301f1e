// SPDX-License-Identifier: GPL-2.0-or-later
#include "usb.h"

struct usb_device usb = {
	.vid = 0x08e6, .pid = 0x3437, .bcd = 0x0100,
	.manufacturer = "scard", .product = "Virtual Reader",
	.speed = USB_SPEED_FULL, .wakeup_capable = true,
	.port = -1,
};
