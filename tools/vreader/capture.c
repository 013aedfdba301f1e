// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "timer.h"
#include "urb.h"
#include "usb.h"

#define FLUSH_US 50000
#define USBMON_INTERRUPT 1
#define USBMON_CONTROL 2
#define USBMON_BULK 3

static FILE *file;
static struct timer flush_timer;

/* Link type 220: the header of usbmon's binary interface. */
struct usbmon {
	uint64_t id;
	uint8_t type, xfer_type, epnum, devnum;
	uint16_t busnum;
	char flag_setup, flag_data;
	int64_t ts_sec;
	int32_t ts_usec, status;
	uint32_t length, len_cap;
	uint8_t setup[8];
	int32_t interval, start_frame;
	uint32_t xfer_flags, ndesc;
};

_Static_assert(sizeof(struct usbmon) == 64, "usbmon's header has 64 bytes");

void capture_flush(void)
{
	if (file)
		fflush(file);
}

static void flush_fired(struct timer *t)
{
	(void)t;
	capture_flush();
}

bool capture_open(const char *name)
{
	/* in host byte order, which the magic number tells */
	const struct {
		uint32_t magic;
		uint16_t major, minor;
		uint32_t zone, accuracy, length, link_type;
	} header = { 0xa1b2c3d4, 2, 4, 0, 0, 262144, 220 };

	file = fopen(name, "we");
	return file && fwrite(&header, sizeof(header), 1, file) == 1;
}

static uint8_t transfer_type(uint8_t ep)
{
	if (!(ep & 0x0f))
		return USBMON_CONTROL;
	for (int i = 0; i < usb.num_eps; i++)
		if (usb.eps[i].addr == ep && !usb.eps[i].bulk)
			return USBMON_INTERRUPT;
	return USBMON_BULK;
}

static void add(const struct urb *urb, char type, int status, uint32_t length,
		const uint8_t *data, size_t len)
{
	bool in = urb->ep & USB_DIR_IN;
	struct usbmon u = {
		.id = urb->seqnum,
		.type = (uint8_t)type,
		.xfer_type = transfer_type(urb->ep),
		.epnum = urb->ep,
		.devnum = 2,
		.busnum = 1,
		.flag_setup = '-',
		.status = status,
		.length = length,
		.len_cap = (uint32_t)len,
		.xfer_flags = urb->flags,
	};
	struct timespec now;
	uint32_t header[4];

	clock_gettime(CLOCK_REALTIME, &now);
	u.ts_sec = now.tv_sec;
	u.ts_usec = (int32_t)(now.tv_nsec / 1000);
	if (!len)
		u.flag_data = in ? '<' : '>';
	if (type == 'S' && u.xfer_type == USBMON_CONTROL) {
		u.flag_setup = 0;
		memcpy(u.setup, urb->setup, sizeof(u.setup));
	}
	header[0] = (uint32_t)u.ts_sec;
	header[1] = (uint32_t)u.ts_usec;
	header[2] = (uint32_t)(sizeof(u) + len);
	header[3] = header[2];
	fwrite(header, sizeof(header), 1, file);
	fwrite(&u, sizeof(u), 1, file);
	if (len)
		fwrite(data, len, 1, file);
	if (!flush_timer.armed)
		timer_arm(&flush_timer, FLUSH_US, flush_fired);
}

void capture_submit(const struct urb *urb)
{
	bool in = urb->ep & USB_DIR_IN;

	if (file)
		add(urb, 'S', -EINPROGRESS, urb->length, urb->data, in ? 0 : urb->length);
}

void capture_complete(const struct urb *urb, int status, const uint8_t *data, size_t actual)
{
	bool in = urb->ep & USB_DIR_IN;

	if (file)
		add(urb, 'C', status, (uint32_t)actual, data, in ? actual : 0);
}

void capture_unlink(const struct urb *urb)
{
	if (file)
		add(urb, 'C', -ECONNRESET, 0, NULL, 0);
}
