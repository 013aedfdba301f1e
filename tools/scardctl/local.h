/* SPDX-License-Identifier: GPL-2.0-or-later */
/* local.c: the card that forward forwards; requests become calls of /dev/scardN. */
#ifndef LOCAL_H
#define LOCAL_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/uscard.h>

struct local {
	int fd;
	unsigned int mode;	/* SCARD_MODE_SHARED or SCARD_MODE_EXCLUSIVE */
	bool connected;
};

/* What an attached reader has to know of this one; 0 or an errno */
int local_describe(struct local *local, struct uscard_create *reader);

/*
 * Do what the request wants: the answer is in @msg, and its data at @answer, which has
 * USCARD_MAX_DATA bytes. True if another program has reset the card since the last request:
 * the far end has to power up what is another card to it.
 */
bool local_run(struct local *local, const struct uscard_request *req, const uint8_t *data,
	       struct uscard_message *msg, uint8_t *answer);

/* End the wait for a turn; any thread may call it. What the card is doing goes on. */
void local_cancel(const struct local *local);

#endif
