// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each request becomes the message that a CCID driver would send at an APDU level, so that cards,
 * faults, counters and the log are the same as with USB; uscard_answer.c takes the answer.
 */
#define _GNU_SOURCE
#include "uscard.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/uscard.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "capture.h"
#include "ccid.h"
#include "ccid_msg.h"
#include "loop.h"
#include "trace.h"
#include "urb.h"
#include "usb_dev.h"
#include "usb_ep.h"
#include "usbip_tx.h"
#include "uscard_answer.h"
#include "uscard_pin.h"

#define EJECT			2		/* bFunction, and dwMechanical bit 1 */

static void conn_ready(struct watch *w, uint32_t events);

static struct watch conn = { .fd = -1, .ready = conn_ready };
static const char *path;
static struct ccid *ccid;

void uscard_use(const char *device)
{
	path = device;
}

bool uscard_used(void)
{
	return path;
}

bool uscard_profile(struct profile *p)
{
	uint32_t features = profile_le32(p, CCID_DWFEATURES);

	if (p->transport != TRANSPORT_BULK)
		return false;
	/* Of blocks, bytes and pieces the kernel knows nothing, and it does not poll. */
	if (!(features & FEAT_SHORT)) {
		features = (features & ~FEAT_LEVEL) | FEAT_EXTENDED;
		put_le32(p->desc + CCID_DWMAXMSG, MAX_MESSAGE);
	}
	features |= FEAT_AUTO_PARAM_ATR | FEAT_AUTO_VOLTAGE | FEAT_AUTO_CLOCK | FEAT_AUTO_BAUD |
		    FEAT_AUTO_PPS_CUR;
	put_le32(p->desc + CCID_DWFEATURES, features);
	p->interrupt = true;
	return true;
}

/* Send a message for the request of this slot. */
static void message(unsigned int slot, uint8_t type, uint8_t byte7, const uint8_t *data, size_t len)
{
	static uint8_t m[MAX_MESSAGE], seq;
	static uint32_t seqnum;
	struct uscard_job *j = uscard_answer_job(slot);
	struct endpoint *out = ccid->iface->out;
	struct urb *urb = urb_new();

	memset(m, 0, CCID_HEADER);
	m[0] = type;
	put_le32(m + 1, (uint32_t)len);
	m[5] = (uint8_t)slot;
	m[6] = type == PC_ABORT ? j->seq : ++seq;
	m[7] = byte7;
	if (len)
		memcpy(m + CCID_HEADER, data, len);
	urb->seqnum = ++seqnum;
	urb->ep = out->addr;
	urb->length = (uint32_t)(CCID_HEADER + len);
	urb->data = m;
	j->type = type;
	j->seq = m[6];
	j->urb = urb->seqnum;
	capture_submit(urb);
	ccid_out(ccid, urb, true);
	if (out->halted) {
		out->halted = false;
		if (j->id)
			uscard_answer(slot, EIO, 0, NULL, 0);
	}
}

/* End the request of this slot: it is answered with ECANCELED. */
static void abort_job(unsigned int slot)
{
	struct uscard_job *j = uscard_answer_job(slot);

	if (j->next || usb_ep_unlink(j->urb)) {
		uscard_answer(slot, ECANCELED, 0, NULL, 0);
		return;
	}
	j->aborted = true;
	ccid_msg_abort_request(ccid, (uint16_t)(j->seq << 8 | slot));
	message(slot, PC_ABORT, 0, NULL, 0);
}

static void abort_request(const struct uscard_request *r)
{
	for (unsigned int i = 0; i < ccid->num_slots; i++) {
		const struct uscard_job *j = uscard_answer_job(i);

		if (r->arg64 && j->id == r->arg64 && !j->aborted)
			abort_job(i);
	}
}

static void suspend(void)
{
	for (unsigned int i = 0; i < ccid->num_slots; i++)
		if (ccid->slots[i].powered && !ccid->slots[i].busy)
			message(i, PC_ICCPOWEROFF, 0, NULL, 0);
}

static void set_parameters(unsigned int slot, uint8_t proto)
{
	const struct atr_info *a = &ccid->slots[slot].card->info;
	uint8_t inverse = a->inverse ? 2 : 0;
	const uint8_t t0[5] = { a->ta1, inverse, a->tc1, a->wi, 0 };
	const uint8_t t1[7] = { a->ta1, (uint8_t)(0x10 | inverse | a->crc), a->tc1,
				(uint8_t)(a->bwi << 4 | a->cwi), 0, a->ifsc, 0 };

	message(slot, PC_SETPARAMETERS, proto, proto ? t1 : t0, proto ? sizeof(t1) : sizeof(t0));
}

/* The protocol in use if it is wanted; else, before the first command, another of the ATR. */
static void set_protocol(unsigned int slot, uint32_t wanted)
{
	const struct slot *s = &ccid->slots[slot];
	uint32_t others, offered = profile_le32(&ccid->profile, CCID_DWPROTOCOLS) & 3;

	if (!s->card || !s->powered) {
		uscard_answer(slot, s->card ? EREMOTEIO : ENOMEDIUM, 0, NULL, 0);
		return;
	}
	if (wanted & 1U << s->card->proto) {
		uscard_answer(slot, 0, 1U << s->card->proto, NULL, 0);
		return;
	}
	others = s->card->info.protocols & wanted & (offered ? offered : 3);
	if (s->card->negotiable && others)
		set_parameters(slot, others & SCARD_PROTO_T0 ? 0 : 1);
	else
		uscard_answer(slot, EPROTONOSUPPORT, 0, NULL, 0);
}

static void enter_pin(const struct uscard_request *r, const uint8_t *data)
{
	static uint8_t secure[MAX_APDU];
	size_t len = uscard_pin_secure(r->arg, data, r->len, secure);

	if (!len) {
		uscard_answer(r->slot, EINVAL, 0, NULL, 0);
		return;
	}
	/* bTimeOut, and a moment for the card */
	if (secure[1])
		uscard_answer_more_time(r->slot, (secure[1] + 10) * 1000U);
	message(r->slot, PC_SECURE, 0, secure, len);
}

static void control(const struct uscard_request *r, const uint8_t *data)
{
	const struct profile *p = &ccid->profile;
	uint8_t info[USCARD_PIN_INFO];
	size_t len;

	if (r->len > MAX_APDU) {
		uscard_answer(r->slot, EINVAL, 0, NULL, 0);
	} else if (r->arg == CONTROL_ESCAPE) {
		message(r->slot, PC_ESCAPE, 0, data, r->len);
	} else if (uscard_pin_is_entry(p, r->arg)) {
		enter_pin(r, data);
	} else {
		len = uscard_pin_info(p, r->arg, info);
		uscard_answer(r->slot, len ? 0 : EOPNOTSUPP, 0, info, len);
	}
}

static void run(const struct uscard_request *r, const uint8_t *data)
{
	switch (r->op) {
	case USCARD_POWER_ON:
		message(r->slot, ccid->slots[r->slot].powered ? PC_ICCPOWEROFF : PC_ICCPOWERON, 0,
			NULL, 0);
		return;
	case USCARD_RESET:
		message(r->slot, PC_ICCPOWERON, 0, NULL, 0);
		return;
	case USCARD_POWER_OFF:
		message(r->slot, PC_ICCPOWEROFF, 0, NULL, 0);
		return;
	case USCARD_SET_PROTOCOL:
		set_protocol(r->slot, r->arg);
		return;
	case USCARD_TRANSMIT:
		message(r->slot, PC_XFRBLOCK, 0, data, r->len);
		return;
	case USCARD_CONTROL:
		control(r, data);
		return;
	case USCARD_EJECT:
		message(r->slot, PC_MECHANICAL, EJECT, NULL, 0);
		return;
	}
	uscard_answer(r->slot, EOPNOTSUPP, 0, NULL, 0);
}

static void handle(const struct uscard_request *r, const uint8_t *data)
{
	struct uscard_job *j;

	if (r->op == USCARD_ABORT) {
		abort_request(r);
	} else if (r->op == USCARD_SUSPEND) {
		suspend();
	} else if (r->slot < ccid->num_slots) {
		j = uscard_answer_job(r->slot);
		/* The kernel has withdrawn the one before. */
		if (j->id && !j->aborted)
			abort_job(r->slot);
		*j = (struct uscard_job) {
			.id = r->id, .op = r->op, .arg = r->arg, .timeout_ms = r->timeout_ms,
			.seq = j->seq,
		};
		run(r, data);
	}
}

static void detach(void)
{
	if (conn.fd < 0)
		return;
	loop_del(&conn);
	close(conn.fd);
	conn.fd = -1;
	uscard_answer_close();
	usbip_tx_close();
	usb_dev_detached();
}

static void conn_ready(struct watch *w, uint32_t events)
{
	static uint8_t rx[sizeof(struct uscard_request) + USCARD_MAX_DATA];
	struct uscard_request r;
	ssize_t n = read(w->fd, rx, sizeof(rx));

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < (ssize_t)sizeof(r)) {
		detach();
		loop_stop();
		return;
	}
	memcpy(&r, rx, sizeof(r));
	if (r.len == (size_t)n - sizeof(r))
		handle(&r, rx + sizeof(r));
	else
		trace_note("uscard: a request of %zd bytes with len %u", n, r.len);
}

void uscard_flush(void)
{
	if (conn.fd < 0)
		return;
	for (unsigned int i = 0; i < ccid->num_slots; i++) {
		struct uscard_job *j = uscard_answer_job(i);

		if (!j->next)
			continue;
		j->next = false;
		message(i, PC_ICCPOWERON, 0, NULL, 0);
	}
	if (uscard_answer_broken())
		detach();
}

static void string(char *to, const char *from)
{
	snprintf(to, SCARD_STRING_SIZE, "%.*s", SCARD_STRING_SIZE - 1, from);
}

static int create(int fd)
{
	const struct profile *p = &ccid->profile;
	uint32_t protocols = profile_le32(p, CCID_DWPROTOCOLS) & 3;
	struct uscard_create c = {
		.slots = ccid->num_slots,
		.busy_slots = ccid->max_busy,
		.protocols = protocols ? protocols : 3,
		.max_apdu = ccid->max_message - CCID_HEADER,
		.vendor_id = usb.vid,
		.product_id = usb.pid,
	};

	c.pin_codes = uscard_pin_codes(p, c.pin_code);
	if (profile_le32(p, CCID_DWMECHANICAL) & EJECT)
		c.flags |= USCARD_CREATE_EJECT;
	if (!geteuid())
		c.flags |= USCARD_CREATE_PUBLIC;
	if (!c.busy_slots || c.busy_slots > c.slots)
		c.busy_slots = c.slots;
	if (c.max_apdu < 261)
		c.max_apdu = 261;
	string(c.manufacturer, usb.manufacturer);
	string(c.product, usb.product);
	string(c.interface_name, p->string);
	string(c.serial, usb.serial);
	return ioctl(fd, USCARD_IOC_CREATE, &c) ? -errno : 0;
}

/* The descriptor of the reader, or a negative errno. */
static int open_reader(void)
{
	int fd, err;

	if (sscanf(path, "fd:%d", &fd) == 1)
		return fcntl(fd, F_SETFL, O_NONBLOCK) ? -errno : fd;
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = create(fd);
	if (!err)
		return fd;
	close(fd);
	return err;
}

int uscard_attach(void)
{
	int fd, err;

	ccid = usb.ifs[0].ccid;
	fd = open_reader();
	if (fd < 0)
		return fd;
	conn.fd = fd;
	err = loop_add(&conn, EPOLLIN);
	if (err) {
		close(fd);
		conn.fd = -1;
		return err;
	}
	uscard_answer_open(fd, ccid);
	usb.configured = true;
	ccid_configured(ccid);
	ccid_polled(ccid);
	return 0;
}

void uscard_unplug(void)
{
	detach();
}

bool uscard_attached(void)
{
	return conn.fd >= 0;
}
