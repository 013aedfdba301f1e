/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The data of the USB device: identity, interfaces, endpoints. */
#ifndef VREADER_USB_H
#define VREADER_USB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ccid;
struct profile;
struct urb;

#define MAX_INTERFACES 7	/* each takes two endpoint numbers of 15 */

#define USB_SPEED_FULL 2
#define USB_SPEED_HIGH 3

/* Data for the host: one transfer, unless the host's buffers are smaller. */
struct xfer {
	struct xfer *next;
	size_t len, off;
	int status;		/* if not 0, the transfer fails with it */
	bool open;		/* ends with a full packet; append the next data */
	uint8_t data[];
};

struct endpoint {
	uint8_t addr;
	bool bulk;
	uint16_t max_packet;
	bool halted;
	bool broken;		/* stays halted until the next bus reset */
	struct urb *urbs;	/* of the host, in order */
	struct xfer *xfers;	/* for the host, in order */
	/* Takes the data instead of the host's transfers; NULL for a transfer that fails. */
	void (*sink)(struct endpoint *ep, const uint8_t *data, size_t len);
	struct ccid *ccid;
};

enum zlp_mode { ZLP_NORMAL, ZLP_SEPARATE, ZLP_NEVER };

struct usb_interface {
	uint8_t number;
	struct ccid *ccid;	/* NULL: fills a gap in the interface numbers */
	const struct profile *profile;
	uint8_t string;
	struct endpoint *out, *in, *intr;
};

struct usb_device {
	uint16_t vid, pid, bcd;
	char manufacturer[128], product[128], serial[128];
	int speed;
	enum zlp_mode zlp;
	bool wakeup_capable, wakeup_armed;
	bool wakeup_never;	/* claims it, and forgets what happens while it sleeps */
	bool lose_power;
	bool configured;
	int port;		/* of vhci_hcd; -1 if there is none */
	struct usb_interface ifs[256];
	int num_ifs;
	struct endpoint eps[3 * MAX_INTERFACES];
	int num_eps;
	uint8_t config[4096];
	size_t config_len;
};

extern struct usb_device usb;

#endif
