/* SPDX-License-Identifier: GPL-2.0-or-later */
/* USB/IP: requests of the host come over a stream socket, and replies go back. */
#ifndef VREADER_USBIP_H
#define VREADER_USBIP_H

#include <stdbool.h>

/* Attach to a free port of vhci_hcd. Return 0 or a negative errno. */
int usbip_attach(void);
/* Use a connected socket instead. */
int usbip_use_socket(int fd);
void usbip_unplug(void);
bool usbip_attached(void);
/* Write the pending replies. */
void usbip_flush(void);

#endif
