// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * USB/IP: transfers of the host come in over a stream socket, and go back over it.
 *
 * Everything read in one go is handled before anything is written, and all that it led to is
 * written in one go: the answer to a bulk-OUT transfer and the bulk-IN transfer queued behind it
 * cost one read and one write.
 */
#define _GNU_SOURCE
#include "usb.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop.h"
#include "trace.h"

#define VHCI "/sys/devices/platform/vhci_hcd.0/"
#define USBIP_CMD_SUBMIT 1
#define USBIP_CMD_UNLINK 2
#define USBIP_RET_SUBMIT 3
#define USBIP_RET_UNLINK 4
#define USBIP_DIR_IN 1
#define DEVID 0x00010002	/* any bus 1, device 2: vhci only echoes it */
#define RX_SIZE (256 * 1024)

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

_Static_assert(sizeof(struct usbip_header) == 48, "USB/IP headers have 48 bytes");

static void usbip_ready(struct watch *w, uint32_t events);

static struct watch conn = { .fd = -1, .ready = usbip_ready };
static int port = -1;
static uint8_t rx[RX_SIZE];
static size_t rx_len;
static uint8_t *tx;
static size_t tx_len, tx_size;
static bool tx_blocked;
static bool cut;		/* the cable is to be cut ... */
static size_t cut_after;	/* ... when so many bytes more are out */
static struct urb *free_urbs;

static struct urb *urb_get(void)
{
	struct urb *urb = free_urbs;

	if (urb)
		free_urbs = urb->next;
	else
		urb = malloc(sizeof(*urb));
	if (!urb) {
		fprintf(stderr, "vreader: out of memory\n");
		exit(1);
	}
	return urb;
}

void usbip_forget(struct urb *urb)
{
	free(urb->copy);
	urb->next = free_urbs;
	free_urbs = urb;
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

void usbip_complete(struct urb *urb, int status, const uint8_t *data, size_t actual)
{
	size_t payload = urb->ep & USB_DIR_IN ? actual : 0;
	struct usbip_header *h;

	trace_urb_complete(urb, status, data, actual);
	if (conn.fd >= 0) {
		h = (struct usbip_header *)tx_room(sizeof(*h) + payload);
		memset(h, 0, sizeof(*h));
		h->command = htobe32(USBIP_RET_SUBMIT);
		h->seqnum = htobe32(urb->seqnum);
		h->ret_submit.status = htobe32((uint32_t)status);
		h->ret_submit.actual = htobe32((uint32_t)actual);
		if (payload)
			memcpy(h + 1, data, payload);
	}
	usbip_forget(urb);
}

static void conn_close(void)
{
	if (conn.fd < 0)
		return;
	loop_del(&conn);
	close(conn.fd);
	conn.fd = -1;
	port = -1;
	rx_len = 0;
	tx_len = 0;
	tx_blocked = false;
	cut = false;
	usb_detached();
}

void usbip_flush(void)
{
	size_t want = cut && cut_after < tx_len ? cut_after : tx_len;
	ssize_t n;

	if (conn.fd < 0 || tx_blocked || (!tx_len && !cut))
		return;
	n = want ? send(conn.fd, tx, want, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		conn_close();
		return;
	}
	if (n < 0)
		n = 0;
	if (cut) {
		cut_after -= (size_t)n;
		if (!cut_after) {
			conn_close();
			return;
		}
	}
	tx_len -= (size_t)n;
	if (tx_len) {
		memmove(tx, tx + n, tx_len);
		tx_blocked = true;
		loop_change(&conn, EPOLLIN | EPOLLOUT);
	}
}

void usbip_unplug(void)
{
	conn_close();
}

void usbip_unplug_after(size_t bytes)
{
	cut = true;
	cut_after = tx_len + bytes;
}

static void usbip_unlink(const struct usbip_header *h)
{
	struct usbip_header *r;
	bool found = usb_unlink(be32toh(h->unlink.seqnum));

	r = (struct usbip_header *)tx_room(sizeof(*r));
	memset(r, 0, sizeof(*r));
	r->command = htobe32(USBIP_RET_UNLINK);
	r->seqnum = h->seqnum;
	r->ret_unlink.status = htobe32(found ? (uint32_t)-ECONNRESET : 0);
}

static void usbip_submit(const struct usbip_header *h, const uint8_t *data)
{
	struct urb *urb = urb_get();

	urb->next = NULL;
	urb->seqnum = be32toh(h->seqnum);
	urb->flags = be32toh(h->submit.flags);
	urb->length = be32toh(h->submit.length);
	urb->ep = (uint8_t)(be32toh(h->ep) & 0x0f);
	if (be32toh(h->direction) == USBIP_DIR_IN)
		urb->ep |= USB_DIR_IN;
	memcpy(urb->setup, h->submit.setup, sizeof(urb->setup));
	urb->data = data;
	urb->copy = NULL;
	trace_urb_submit(urb);
	usb_submit(urb);
}

/* One message of the host at @p, if it is there as a whole. Returns its length, 0 if not. */
static size_t usbip_parse(const uint8_t *p, size_t len)
{
	const struct usbip_header *h = (const struct usbip_header *)p;
	size_t need = sizeof(*h);

	if (len < need)
		return 0;
	if (be32toh(h->command) == USBIP_CMD_UNLINK) {
		usbip_unlink(h);
		return need;
	}
	if (be32toh(h->command) != USBIP_CMD_SUBMIT) {
		conn_close();
		return 0;
	}
	if (be32toh(h->direction) != USBIP_DIR_IN) {
		need += be32toh(h->submit.length);
		if (need > RX_SIZE) {
			conn_close();
			return 0;
		}
		if (len < need)
			return 0;
	}
	usbip_submit(h, p + sizeof(*h));
	return need;
}

static void usbip_receive(void)
{
	size_t at = 0, used;
	ssize_t n;

	n = recv(conn.fd, rx + rx_len, RX_SIZE - rx_len, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		conn_close();
		loop_stop();
		return;
	}
	rx_len += (size_t)n;
	while (conn.fd >= 0) {
		used = usbip_parse(rx + at, rx_len - at);
		if (!used)
			break;
		at += used;
	}
	if (conn.fd < 0)
		return;
	rx_len -= at;
	if (rx_len && at)
		memmove(rx, rx + at, rx_len);
}

static void usbip_ready(struct watch *w, uint32_t events)
{
	(void)w;
	if (events & EPOLLOUT) {
		tx_blocked = false;
		loop_change(&conn, EPOLLIN);
		usbip_flush();
	}
	if (conn.fd >= 0 && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		usbip_receive();
}

int usbip_use_socket(int fd)
{
	int size = RX_SIZE;
	int err;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	conn.fd = fd;
	err = loop_add(&conn, EPOLLIN);
	if (err)
		conn.fd = -1;
	return err;
}

/*
 * Another vreader may take the port between our look and our write: then the write fails, and the
 * next one is tried.
 */
static int vhci_try(int candidate, int fd)
{
	char line[64];
	int attach, len, err = 0;

	attach = open(VHCI "attach", O_WRONLY | O_CLOEXEC);
	if (attach < 0)
		return -errno;
	len = snprintf(line, sizeof(line), "%d %d %u %d", candidate, fd, DEVID, usb.speed);
	if (write(attach, line, (size_t)len) < 0)
		err = -errno;
	close(attach);
	return err;
}

/*
 * The first free port that takes the socket; with @noticed only one of which the host has noticed
 * that it is free. It takes a device that comes back before that for the one that was there, and
 * never asks it for anything.
 */
static int vhci_attach(int fd, bool noticed)
{
	const char *hub_wanted = "hs";	/* full and high speed share the USB 2.0 root hub */
	int candidate, state, err = -EBUSY;
	char line[256], hub[8];
	FILE *f = fopen(VHCI "status", "re");

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%7s %d %d", hub, &candidate, &state) != 3)
			continue;
		if (strcmp(hub, hub_wanted) || state != 4 || (noticed && sysfs_present(candidate)))
			continue;
		err = vhci_try(candidate, fd);
		if (!err)
			port = candidate;
		if (err != -EBUSY && err != -EINVAL)
			break;
	}
	fclose(f);
	return err;
}

/* Attaches to a free port of vhci_hcd. Returns a negative errno. */
int usbip_attach(void)
{
	int sv[2], err;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv))
		return -errno;
	err = vhci_attach(sv[1], true);
	if (err)
		err = vhci_attach(sv[1], false);
	close(sv[1]);
	if (!err)
		err = usbip_use_socket(sv[0]);
	if (err)
		close(sv[0]);
	return err;
}

bool usbip_attached(void)
{
	return conn.fd >= 0;
}

int usbip_port(void)
{
	return port;
}
