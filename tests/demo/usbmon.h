/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CCID messages to a reader, from the kernel's USB monitor. */
#ifndef DEMO_USBMON_H
#define DEMO_USBMON_H

#include <stdbool.h>

/* Watch the device; on failure print the reason and return false. */
bool usbmon_open(unsigned int bus, unsigned int device);
/* Drop the recorded messages. */
void usbmon_clear(void);
/*
 * Print the messages recorded since, each with @indent before it, and return the names of those
 * that change the state of a card, separated by blanks and without PC_to_RDR_.
 */
const char *usbmon_print(const char *indent);

#endif
