/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link.c: frames over a pair of descriptors, for forward and attach. */
#ifndef LINK_H
#define LINK_H

#include "frame.h"

struct link {
	int in;
	int out;
	size_t len;		/* bytes at @rx */
	size_t used;		/* those of the last frame */
	uint8_t rx[FRAME_MAX];
	uint8_t tx[FRAME_MAX];	/* of link_send() */
};

/* Read once: 1, 0 at the end, or a negative errno */
int link_read(struct link *link);
/* As frame_next(); the frame stays until the next call. */
int link_next(struct link *link, struct frame *frame);
/* Read until there is a frame: false if the connection ends, or it is none */
bool link_wait(struct link *link, struct frame *frame);
/* Write @len bytes of @tx, and clear them: false if the connection has ended */
bool link_send(struct link *link, size_t len);

#endif
