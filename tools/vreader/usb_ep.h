/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Endpoints: queues of data for the host and of the host's transfers. */
#ifndef VREADER_USB_EP_H
#define VREADER_USB_EP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ccid;
struct endpoint;
struct urb;

struct endpoint *usb_ep_add(struct ccid *ccid, uint8_t addr, uint16_t max_packet);
struct endpoint *usb_ep_find(uint8_t addr);

/* Queue data for the host. */
void usb_ep_send(struct endpoint *ep, const uint8_t *data, size_t len);
void usb_ep_send_zlp(struct endpoint *ep);
/* Fail the host's transfer with @status, after @len bytes of it. */
void usb_ep_fail(struct endpoint *ep, int status, size_t len);
/* No data is queued. */
bool usb_ep_idle(const struct endpoint *ep);
/* A transfer of the host waits. */
bool usb_ep_polled(const struct endpoint *ep);
/* An IN transfer of the host: fill it now or when there is data. */
void usb_ep_offer(struct endpoint *ep, struct urb *urb);

/* Keep a bulk-OUT transfer incomplete, like an endpoint that answers NAK. */
void usb_ep_hold(struct endpoint *ep, struct urb *urb);
/* Take the first transfer that usb_ep_hold() kept; NULL if there is none. */
struct urb *usb_ep_held(struct endpoint *ep);

void usb_ep_halt(struct endpoint *ep);
/* Clear halts and queued data, on a bus reset or a new configuration. */
void usb_ep_reset_all(void);
/* Fail all transfers of the host: the device is unplugged. */
void usb_ep_shutdown_all(void);
/* Drop a transfer of the host; false if it is complete. */
bool usb_ep_unlink(uint32_t seqnum);

#endif
