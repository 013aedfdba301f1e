/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An external card emulator, by the protocol of vsmartcard's vpcd. */
#ifndef VREADER_CARD_VPCD_H
#define VREADER_CARD_VPCD_H

#include <stdbool.h>
#include <stdint.h>

#define CARD_VPCD_MAX 112	/* slots of a device */

struct card_kind;

extern const struct card_kind card_vpcd;

/* An emulator has connected (false refuses it) or closed its connection. */
struct card_vpcd_slot {
	bool (*connected)(void *owner);
	bool (*gone)(void *owner);
};

/* Listen for the emulator of slot @number; @port 0: 35963 + @number. */
bool card_vpcd_listen(unsigned int number, uint16_t port, const struct card_vpcd_slot *slot,
		      void *owner);
/* Close the connection, if any, before a removal of the card. */
void card_vpcd_close(unsigned int number);

#endif
