/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transfers of the host. */
#ifndef VREADER_URB_H
#define VREADER_URB_H

#include <stdint.h>

#define USB_DIR_IN 0x80

/* A transfer that the host has submitted and that is not complete. */
struct urb {
	struct urb *next;
	uint32_t seqnum;
	uint32_t flags;
	uint32_t length;	/* of the host's buffer (IN) or data (OUT) */
	uint8_t ep;		/* endpoint address, with the direction bit */
	uint8_t setup[8];
	const uint8_t *data;	/* OUT only; valid until the handler returns ... */
	uint8_t *copy;		/* ... or, after urb_keep(), until urb_free() */
};

struct urb *urb_new(void);
void urb_free(struct urb *urb);
/* Copy the data, so that it stays valid. */
void urb_keep(struct urb *urb);
void urb_append(struct urb **queue, struct urb *urb);
/* Remove the first URB of the queue; NULL if the queue is empty. */
struct urb *urb_take(struct urb **queue);

#endif
