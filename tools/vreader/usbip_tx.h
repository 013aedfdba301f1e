/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replies of USB/IP, collected until usbip.c writes them. */
#ifndef VREADER_USBIP_TX_H
#define VREADER_USBIP_TX_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct urb;

/* Of requests and replies; all fields are big-endian. */
struct usbip_header {
	uint32_t command, seqnum, devid, direction, ep;
	union {
		struct {
			uint32_t flags, length, start_frame, packets, interval;
			uint8_t setup[8];
		} submit;
		struct {
			uint32_t status, actual, start_frame, packets, errors;
		} ret_submit;
		struct {
			uint32_t seqnum;
		} unlink;
		struct {
			uint32_t status;
		} ret_unlink;
		uint8_t pad[28];
	};
} __attribute__((packed));

static_assert(sizeof(struct usbip_header) == 48, "USB/IP headers have 48 bytes");

enum usbip_tx_result { USBIP_TX_DONE, USBIP_TX_BLOCKED, USBIP_TX_CLOSED };

/* Without a connection replies are dropped. */
void usbip_tx_open(void);
void usbip_tx_close(void);
/* Complete a transfer and free it; @data only for IN. */
void usbip_tx_complete(struct urb *urb, int status, const uint8_t *data, size_t actual);
/* @seqnum is as in the request; @found: the URB was not complete. */
void usbip_tx_unlinked(uint32_t seqnum, bool found);
/* Close the connection after @bytes data bytes of the next reply; 0: before that reply. */
void usbip_tx_cut_after(size_t bytes);
bool usbip_tx_cutting(void);
/* Write to the socket what it takes. */
enum usbip_tx_result usbip_tx_flush(int fd);

#endif
