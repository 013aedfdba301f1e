/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The descriptors of the device. */
#ifndef VREADER_USB_DESC_H
#define VREADER_USB_DESC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Build usb.config from the interfaces; false if it does not fit. */
bool usb_desc_build(void);
/*
 * Copy a descriptor to @buf, which holds at least sizeof(usb.config) bytes. Return its length, or
 * -1 if there is no such descriptor.
 */
int usb_desc_get(uint8_t type, uint8_t index, uint8_t *buf, size_t size);

#endif
