/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel that uses the reader, over USB/IP or /dev/uscard. */
#ifndef VREADER_HOST_H
#define VREADER_HOST_H

#include <stdbool.h>

/* Plug the reader in. Return 0 or a negative errno. */
int host_attach(void);
void host_unplug(void);
bool host_attached(void);
/* Write the pending replies. */
void host_flush(void);

#endif
