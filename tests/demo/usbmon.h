/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CCID messages that go to a reader, as the kernel's USB monitor sees them. */
#ifndef DEMO_USBMON_H
#define DEMO_USBMON_H

#include <stdbool.h>

/* Watch the device at this place; false, with the reason printed, if that fails. */
bool usbmon_open(unsigned int bus, unsigned int device);
/* Forget what was seen until now. */
void usbmon_clear(void);
/*
 * Print the messages seen since, each with @indent before it, and return their names,
 * one blank between, without PC_to_RDR_ and without questions that change nothing.
 */
const char *usbmon_print(const char *indent);

#endif
