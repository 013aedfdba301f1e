// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "usbip_tx.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "capture.h"
#include "urb.h"

#define USBIP_RET_SUBMIT 3
#define USBIP_RET_UNLINK 4

static uint8_t *tx;
static size_t tx_len, tx_size;
static bool opened;
static bool cut;		/* unplug the cable ... */
static size_t cut_after;	/* ... after so many more bytes */

void usbip_tx_open(void)
{
	opened = true;
}

void usbip_tx_close(void)
{
	opened = false;
	tx_len = 0;
	cut = false;
}

static uint8_t *tx_room(size_t len)
{
	if (tx_len + len > tx_size) {
		size_t size = tx_len + len + 64 * 1024;
		uint8_t *bigger = realloc(tx, size);

		if (!bigger) {
			fprintf(stderr, "vreader: out of memory\n");
			exit(1);
		}
		tx = bigger;
		tx_size = size;
	}
	tx_len += len;
	return tx + tx_len - len;
}

void usbip_tx_complete(struct urb *urb, int status, const uint8_t *data, size_t actual)
{
	size_t payload = urb->ep & USB_DIR_IN ? actual : 0;
	struct usbip_header *h;

	capture_complete(urb, status, data, actual);
	if (opened) {
		h = (struct usbip_header *)tx_room(sizeof(*h) + payload);
		memset(h, 0, sizeof(*h));
		h->command = htobe32(USBIP_RET_SUBMIT);
		h->seqnum = htobe32(urb->seqnum);
		h->ret_submit.status = htobe32((uint32_t)status);
		h->ret_submit.actual = htobe32((uint32_t)actual);
		if (payload)
			memcpy(h + 1, data, payload);
	}
	urb_free(urb);
}

void usbip_tx_unlinked(uint32_t seqnum, bool found)
{
	struct usbip_header *h = (struct usbip_header *)tx_room(sizeof(*h));

	memset(h, 0, sizeof(*h));
	h->command = htobe32(USBIP_RET_UNLINK);
	h->seqnum = seqnum;
	h->ret_unlink.status = htobe32(found ? (uint32_t)-ECONNRESET : 0);
}

void usbip_tx_cut_after(size_t bytes)
{
	cut = true;
	cut_after = tx_len + (bytes ? sizeof(struct usbip_header) + bytes : 0);
}

bool usbip_tx_cutting(void)
{
	return cut;
}

enum usbip_tx_result usbip_tx_flush(int fd)
{
	size_t want = cut && cut_after < tx_len ? cut_after : tx_len;
	ssize_t n = want ? send(fd, tx, want, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return USBIP_TX_CLOSED;
	if (n < 0)
		n = 0;
	if (cut) {
		cut_after -= (size_t)n;
		if (!cut_after)
			return USBIP_TX_CLOSED;
	}
	tx_len -= (size_t)n;
	if (!tx_len)
		return USBIP_TX_DONE;
	memmove(tx, tx + n, tx_len);
	return USBIP_TX_BLOCKED;
}
