/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CCID function: transfers, class requests and bus events of an interface. */
#ifndef VREADER_CCID_H
#define VREADER_CCID_H

#include "reader.h"

struct urb;

struct ccid *ccid_new(const struct profile *profile, struct usb_interface *iface);
void ccid_free(struct ccid *ccid);
/* A bulk-OUT transfer; @ended: a short packet ended it. */
void ccid_out(struct ccid *ccid, struct urb *urb, bool ended);
/* The host polls the interrupt endpoint. */
void ccid_polled(struct ccid *ccid);
/* A class request. Return the number of bytes in @buf, or a negative errno for a stall. */
int ccid_control(struct ccid *ccid, struct urb *urb, uint8_t *buf);
void ccid_bus_reset(struct ccid *ccid);
void ccid_configured(struct ccid *ccid);
void ccid_resumed(struct ccid *ccid, bool power_lost);

#endif
