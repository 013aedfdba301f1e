// SPDX-License-Identifier: GPL-2.0-or-later
/* See wire.h. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "desc.h"
#include "usb.h"
#include "usbip_tx.h"
#include "wire.h"

#define CONTROLLERS	"/sys/devices/platform/vhci_hcd."
#define VHCI		CONTROLLERS "0/"	/* has the files for all of them */
#define CMD_SUBMIT	1
#define CMD_UNLINK	2
#define RET_SUBMIT	3
#define RET_UNLINK	4
#define DIR_IN		1
#define RX_SIZE		(256 * 1024)
#define WAITING		64
#define PARCELS		32
#define PORT_FREE	4
#define SPEED_FULL	2
#define SPEED_HIGH	3

static int sock = -1;
/* A port of the root hub of a host controller, both from 0 on, and its number for vhci_hcd */
static unsigned int controller, root_port, number;
static unsigned long last_ms;
static uint8_t rx[RX_SIZE];
static size_t rx_len;

/* IN transfers of the host, and OUT transfers whose reply comes later */
static struct {
	struct transfer t;
	bool due;			/* a reply at @at */
	int status;
	size_t len;
	unsigned long at;
} waiting[WAITING];
static unsigned int nwaiting;

/* What IN transfers get */
static struct parcel {
	uint8_t ep;
	int status;
	uint8_t *data;
	size_t len;
	unsigned long at;
} parcels[PARCELS];
static unsigned int nparcels;

static void drop_parcel(unsigned int i)
{
	free(parcels[i].data);
	nparcels--;
	memmove(&parcels[i], &parcels[i + 1], (nparcels - i) * sizeof(parcels[0]));
}

static void drop_waiting(unsigned int i)
{
	nwaiting--;
	memmove(&waiting[i], &waiting[i + 1], (nwaiting - i) * sizeof(waiting[0]));
}

void wire_forget(void)
{
	while (nparcels)
		drop_parcel(nparcels - 1);
}

void wire_unplug(void)
{
	if (sock >= 0) {
		/* a client has it, too */
		shutdown(sock, SHUT_RDWR);
		close(sock);
	}
	sock = -1;
	rx_len = 0;
	nwaiting = 0;
	wire_forget();
}

bool wire_plugged(void)
{
	return sock >= 0;
}

bool wire_device(char *path, size_t size)
{
	char pattern[128];
	bool found;
	glob_t g;

	snprintf(pattern, sizeof(pattern), CONTROLLERS "%u/usb[0-9]*/[0-9]*-%u", controller,
		 root_port + 1);
	found = !glob(pattern, 0, NULL, &g) && g.gl_pathc;
	if (found)
		snprintf(path, size, "%s", g.gl_pathv[0]);
	globfree(&g);
	return found;
}

static bool port_is_free(void)
{
	unsigned int port, state;
	char line[256], hub[8], path[64];
	bool is_free = false;
	FILE *file;

	snprintf(path, sizeof(path), controller ? VHCI "status.%u" : VHCI "status", controller);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%7s %u %u", hub, &port, &state) == 3 && port == number)
			is_free = state == PORT_FREE;
	if (file)
		fclose(file);
	return is_free;
}

bool wire_gone(unsigned int ms)
{
	unsigned long begin = now_ms();
	char path[256];

	while (wire_device(path, sizeof(path)) || !port_is_free()) {
		if (now_ms() - begin > ms)
			return false;
		pause_ms(5);
	}
	return true;
}

/* How many host controllers there are. One thread serves all ports of a root hub, one by one. */
static unsigned int controllers(void)
{
	unsigned int n = 0;
	glob_t g;

	if (!glob(CONTROLLERS "[0-9]*", 0, NULL, &g))
		n = (unsigned int)g.gl_pathc;
	globfree(&g);
	return n;
}

/* Each port has a root hub of its own as long as there are any. */
static bool find_port(unsigned int port)
{
	unsigned int n = controllers(), ports = 0;
	FILE *file = fopen(VHCI "nports", "re");

	if (file && fscanf(file, "%u", &ports) != 1)
		ports = 0;
	if (file)
		fclose(file);
	if (!n || !ports)
		return false;
	controller = port % n;
	root_port = port / n;
	number = controller * (ports / n) + root_port;
	return true;
}

unsigned int wire_bus(unsigned int port)
{
	unsigned int bus;

	if (!find_port(port) || root_port)
		return 0;
	for (bus = 1; bus < 64; bus++) {
		char path[64];

		snprintf(path, sizeof(path), CONTROLLERS "%u/usb%u", controller, bus);
		if (!access(path, F_OK))
			return bus;
	}
	return 0;
}

bool wire_plug(unsigned int port)
{
	int pair[2], attach, size = RX_SIZE;
	bool done = false;
	char line[64];

	if (!find_port(port) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return false;
	attach = open(VHCI "attach", O_WRONLY | O_CLOEXEC);
	if (attach >= 0) {
		int len = snprintf(line, sizeof(line), "%u %d %u %u", number, pair[1],
				   0x10002 + port, desc.high_speed ? SPEED_HIGH : SPEED_FULL);

		done = write(attach, line, (size_t)len) == len;
		close(attach);
	}
	close(pair[1]);
	if (!done) {
		close(pair[0]);
		return false;
	}
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	sock = pair[0];
	last_ms = now_ms();
	return true;
}

/* ---- replies ---- */

static void send_all(const void *p, size_t len)
{
	const uint8_t *at = p;
	ssize_t n;

	while (sock >= 0 && len) {
		n = send(sock, at, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			wire_unplug();
			return;
		}
		at += n;
		len -= (size_t)n;
	}
}

void wire_reply(const struct transfer *t, int status, const uint8_t *data, size_t len)
{
	struct usbip_header h = {
		.command = htobe32(RET_SUBMIT),
		.seqnum = htobe32(t->seqnum),
	};
	bool in = t->ep & 0x80;

	if (in && len > t->length) {
		status = -EOVERFLOW;
		len = t->length;
	}
	h.ret_submit.status = htobe32((uint32_t)status);
	h.ret_submit.actual = htobe32((uint32_t)len);
	send_all(&h, sizeof(h));
	if (in && len)
		send_all(data, len);
}

static void wait_for(const struct transfer *t)
{
	if (nwaiting == WAITING) {
		wire_unplug();
		return;
	}
	memset(&waiting[nwaiting], 0, sizeof(waiting[0]));
	waiting[nwaiting++].t = *t;
}

void wire_reply_later(const struct transfer *t, int status, size_t len, unsigned int ms)
{
	wait_for(t);
	if (!nwaiting)
		return;
	waiting[nwaiting - 1].due = true;
	waiting[nwaiting - 1].status = status;
	waiting[nwaiting - 1].len = len;
	waiting[nwaiting - 1].at = now_ms() + ms;
}

void wire_push(uint8_t ep, int status, const uint8_t *data, size_t len, unsigned int ms)
{
	struct parcel *p;

	if (sock < 0)
		return;
	if (nparcels == PARCELS)
		drop_parcel(0);
	p = &parcels[nparcels++];
	p->ep = ep;
	p->status = status;
	p->len = len;
	p->at = now_ms() + ms;
	p->data = malloc(len + 1);
	if (!p->data)
		abort();
	if (len)
		memcpy(p->data, data, len);
}

/* The first IN transfer that waits at an endpoint */
static int find_in(uint8_t ep)
{
	unsigned int i;

	for (i = 0; i < nwaiting; i++)
		if (waiting[i].t.ep == ep && !waiting[i].due)
			return (int)i;
	return -1;
}

/* What is due now; the time until something else is, at most @ms */
static unsigned int deliver(unsigned int ms)
{
	unsigned long now = now_ms();
	unsigned int i;
	int at;

	for (i = 0; i < nwaiting && sock >= 0;) {
		if (!waiting[i].due || waiting[i].at > now) {
			if (waiting[i].due && waiting[i].at - now < ms)
				ms = (unsigned int)(waiting[i].at - now);
			i++;
			continue;
		}
		wire_reply(&waiting[i].t, waiting[i].status, NULL, waiting[i].len);
		if (sock >= 0)
			drop_waiting(i);
	}
	for (i = 0; i < nparcels && sock >= 0;) {
		struct parcel *p = &parcels[i];

		if (p->at > now) {
			if (p->at - now < ms)
				ms = (unsigned int)(p->at - now);
			i++;
			continue;
		}
		at = find_in(p->ep);
		if (at < 0) {
			i++;
			continue;
		}
		wire_reply(&waiting[at].t, p->status, p->data, p->len);
		if (sock < 0)
			break;
		drop_waiting((unsigned int)at);
		drop_parcel(i);
	}
	return ms;
}

/* ---- requests ---- */

static void unlink_transfer(const struct usbip_header *request)
{
	struct usbip_header h = {
		.command = htobe32(RET_UNLINK),
		.seqnum = request->seqnum,
	};
	unsigned int i;

	for (i = 0; i < nwaiting; i++) {
		if (waiting[i].t.seqnum != be32toh(request->unlink.seqnum))
			continue;
		drop_waiting(i);
		h.ret_unlink.status = htobe32((uint32_t)-ECONNRESET);
		break;
	}
	send_all(&h, sizeof(h));
}

/* Handle the request at @p. Return its length, or 0 if it is not complete. */
static size_t parse(const uint8_t *p, size_t len)
{
	struct usbip_header h;
	struct transfer t;
	size_t need = sizeof(h);

	if (len < need)
		return 0;
	memcpy(&h, p, sizeof(h));
	if (be32toh(h.command) == CMD_UNLINK) {
		unlink_transfer(&h);
		return need;
	}
	t.seqnum = be32toh(h.seqnum);
	t.length = be32toh(h.submit.length);
	t.ep = (uint8_t)(be32toh(h.ep) | (be32toh(h.direction) == DIR_IN ? 0x80 : 0));
	t.data = p + sizeof(h);
	memcpy(t.setup, h.submit.setup, sizeof(t.setup));
	if (!(t.ep & 0x80))
		need += t.length;
	if (need > RX_SIZE) {
		wire_unplug();
		return 0;
	}
	if (len < need)
		return 0;
	if (t.ep & 0x80 && t.ep & 0x0f)
		wait_for(&t);
	else
		reader_transfer(&t);
	return need;
}

static void receive(void)
{
	size_t at = 0, used;
	ssize_t n = recv(sock, rx + rx_len, RX_SIZE - rx_len, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		wire_unplug();
		return;
	}
	last_ms = now_ms();
	rx_len += (size_t)n;
	while (sock >= 0) {
		used = parse(rx + at, rx_len - at);
		if (!used)
			break;
		at += used;
	}
	if (sock < 0)
		return;
	rx_len -= at;
	memmove(rx, rx + at, rx_len);
}

void wire_run(unsigned int ms, int fd)
{
	unsigned long end = now_ms() + ms, now;
	struct pollfd p[2];

	while (sock >= 0) {
		now = now_ms();
		if (now > end)
			break;
		p[0] = (struct pollfd){ .fd = sock, .events = POLLIN };
		p[1] = (struct pollfd){ .fd = fd, .events = POLLIN };
		ms = deliver((unsigned int)(end - now) + 1);
		if (sock < 0)
			break;
		p[0].fd = sock;
		if (poll(p, 2, (int)ms) <= 0)
			continue;
		if (p[0].revents)
			receive();
		if (p[1].revents)
			break;
	}
}

unsigned long wire_last_ms(void)
{
	return last_ms;
}
