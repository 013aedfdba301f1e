/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Card emulators outside, over the protocol of vsmartcard's vpcd. */
#ifndef VREADER_VPCD_H
#define VREADER_VPCD_H

#include <stdbool.h>

struct slot;

/* Listens for the emulator of this slot (port 35963 + slot unless its spec says another). */
bool vpcd_listen(struct slot *s);
/* Closes the connection, if any: the card is about to be taken out. */
void vpcd_close(struct slot *s);

#endif
