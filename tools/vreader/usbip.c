// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All requests of one read are handled before one write sends all replies: the reply to a bulk-OUT
 * transfer and to the bulk-IN transfer queued behind it cost one read and one write.
 */
#define _GNU_SOURCE
#include "usbip.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture.h"
#include "loop.h"
#include "urb.h"
#include "usb.h"
#include "usb_dev.h"
#include "usb_ep.h"
#include "usb_sysfs.h"
#include "usbip_tx.h"

#define VHCI "/sys/devices/platform/vhci_hcd.0/"
#define USBIP_CMD_SUBMIT 1
#define USBIP_CMD_UNLINK 2
#define USBIP_DIR_IN 1
#define DEVID 0x00010002	/* bus 1, device 2; vhci only echoes it */
#define RX_SIZE (256 * 1024)

static void conn_ready(struct watch *w, uint32_t events);

static struct watch conn = { .fd = -1, .ready = conn_ready };
static uint8_t rx[RX_SIZE];
static size_t rx_len;
static bool tx_blocked;

static void conn_close(void)
{
	if (conn.fd < 0)
		return;
	loop_del(&conn);
	close(conn.fd);
	conn.fd = -1;
	usb.port = -1;
	rx_len = 0;
	tx_blocked = false;
	usbip_tx_close();
	usb_dev_detached();
}

void usbip_flush(void)
{
	if (conn.fd < 0 || tx_blocked)
		return;
	switch (usbip_tx_flush(conn.fd)) {
	case USBIP_TX_DONE:
		return;
	case USBIP_TX_BLOCKED:
		tx_blocked = true;
		loop_change(&conn, EPOLLIN | EPOLLOUT);
		return;
	case USBIP_TX_CLOSED:
		conn_close();
	}
}

void usbip_unplug(void)
{
	conn_close();
}

static void handle_unlink(const struct usbip_header *h)
{
	usbip_tx_unlinked(h->seqnum, usb_ep_unlink(be32toh(h->unlink.seqnum)));
}

static void handle_submit(const struct usbip_header *h, const uint8_t *data)
{
	struct urb *urb = urb_new();

	urb->seqnum = be32toh(h->seqnum);
	urb->flags = be32toh(h->submit.flags);
	urb->length = be32toh(h->submit.length);
	urb->ep = (uint8_t)(be32toh(h->ep) & 0x0f);
	if (be32toh(h->direction) == USBIP_DIR_IN)
		urb->ep |= USB_DIR_IN;
	memcpy(urb->setup, h->submit.setup, sizeof(urb->setup));
	urb->data = data;
	capture_submit(urb);
	usb_dev_submit(urb);
}

/* Handle the request at @p. Return its length, or 0 if it is not complete. */
static size_t parse(const uint8_t *p, size_t len)
{
	const struct usbip_header *h = (const struct usbip_header *)p;
	size_t need = sizeof(*h);

	if (len < need)
		return 0;
	if (be32toh(h->command) == USBIP_CMD_UNLINK) {
		handle_unlink(h);
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
	handle_submit(h, p + sizeof(*h));
	return need;
}

static void receive(void)
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
		used = parse(rx + at, rx_len - at);
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

static void conn_ready(struct watch *w, uint32_t events)
{
	(void)w;
	if (events & EPOLLOUT) {
		tx_blocked = false;
		loop_change(&conn, EPOLLIN);
		usbip_flush();
	}
	if (conn.fd >= 0 && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		receive();
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
	else
		usbip_tx_open();
	return err;
}

/* Fails if another vreader has taken the port meanwhile; the caller tries the next port. */
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
 * Attach to the first free port. With @noticed skip ports whose last device the host has not
 * removed: the host would take the new device for the old one and not enumerate it.
 */
static int vhci_attach(int fd, bool noticed)
{
	int candidate, state, err = -EBUSY;
	char line[256], hub[8];
	FILE *f = fopen(VHCI "status", "re");

	if (!f)
		return -errno;
	/* Full and high speed share the USB 2.0 root hub, "hs". */
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%7s %d %d", hub, &candidate, &state) != 3)
			continue;
		if (strcmp(hub, "hs") || state != 4)
			continue;
		if (noticed && usb_sysfs_present(candidate))
			continue;
		err = vhci_try(candidate, fd);
		if (!err)
			usb.port = candidate;
		if (err != -EBUSY && err != -EINVAL)
			break;
	}
	fclose(f);
	return err;
}

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
