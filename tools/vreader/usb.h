/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The USB side: transfers of the host, endpoints, the device. */
#ifndef VREADER_USB_H
#define VREADER_USB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ccid;
struct profile;

#define MAX_INTERFACES 7	/* each takes two endpoint numbers of 15 */

#define USB_DIR_IN 0x80
#define USB_SPEED_FULL 2
#define USB_SPEED_HIGH 3

/* A transfer the host has submitted and not yet got back. */
struct urb {
	struct urb *next;
	uint32_t seqnum;
	uint32_t flags;
	uint32_t length;	/* what the host offers (IN) or sends (OUT) */
	uint8_t ep;		/* endpoint address, with the direction bit */
	uint8_t setup[8];
	const uint8_t *data;	/* OUT only; gone when the handler returns ... */
	uint8_t *copy;		/* ... unless it is held here, by usb_hold() */
};

/* Something the device wants to send: one transfer, unless the host's buffers are smaller. */
struct xfer {
	struct xfer *next;
	size_t len, off;
	int status;		/* not 0: the transfer fails with it */
	bool open;		/* a full last packet and no end: what comes next is joined to it */
	uint8_t data[];
};

struct endpoint {
	uint8_t addr;
	bool bulk;
	uint16_t max_packet;
	bool halted;
	bool broken;		/* stays halted until the next bus reset */
	struct urb *urbs;	/* the host's, in order */
	struct xfer *xfers;	/* ours, in order */
	struct ccid *ccid;
};

enum zlp_mode { ZLP_NORMAL, ZLP_SEPARATE, ZLP_NEVER };

struct usb_interface {
	uint8_t number;
	struct ccid *ccid;	/* NULL: a filler for a number that nobody uses */
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
	bool lose_power;
	bool configured;
	struct usb_interface ifs[256];
	int num_ifs;
	struct endpoint eps[3 * MAX_INTERFACES];
	int num_eps;
	uint8_t config[4096];
	size_t config_len;
};

extern struct usb_device usb;

/* usb_desc.c */
bool usb_desc_build(void);
int usb_descriptor(uint8_t type, uint8_t index, uint8_t *buf, size_t size);

/* usb_dev.c: called by usbip.c */
void usb_submit(struct urb *urb);
bool usb_unlink(uint32_t seqnum);
void usb_detached(void);

/* usb_dev.c: called by the reader */
void usb_in_send(struct endpoint *ep, const uint8_t *data, size_t len);
void usb_in_send_zlp(struct endpoint *ep);
void usb_in_fail(struct endpoint *ep, int status, size_t len);
void usb_halt(struct endpoint *ep);
void usb_hold(struct endpoint *ep, struct urb *urb);
struct urb *usb_held(struct endpoint *ep);
bool usb_in_idle(const struct endpoint *ep);
bool usb_in_polled(const struct endpoint *ep);
struct endpoint *usb_endpoint_add(struct ccid *ccid, uint8_t addr, uint16_t max_packet);

/* usbip.c */
int usbip_attach(void);
int usbip_use_socket(int fd);
void usbip_unplug(void);
void usbip_unplug_after(size_t bytes);
bool usbip_attached(void);
int usbip_port(void);
void usbip_complete(struct urb *urb, int status, const uint8_t *data, size_t actual);
void usbip_forget(struct urb *urb);
void usbip_flush(void);

/* usb_sysfs.c: what USB/IP does not carry */
/* Is there a device at this port, or one that the host has not noticed to be gone? */
bool sysfs_present(int port);
bool sysfs_suspended(int port);
bool sysfs_resume(int port);

/* Signals remote wake-up, if the host has armed it, as soon as the bus sleeps. */
void usb_wake(void);

#endif
