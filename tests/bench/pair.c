// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Cost of an APDU below any driver in user space: one bulk-OUT and one bulk-IN transfer with the
 * first CCID reader, by libusb. Prints lines as client.c does.
 *
 * usage: pair READER ROUNDS LENGTH...
 */
#include <libusb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apdu.h"
#include "measure.h"

#define HEADER		10

#define TIMEOUT_MS 0	/* none: time jumps ahead while the guest is idle */

static libusb_device_handle *dev;
static unsigned char ep_out, ep_in, seq;

static libusb_device_handle *find_reader(void)
{
	libusb_device **list;
	libusb_device_handle *found = NULL;
	ssize_t n = libusb_get_device_list(NULL, &list);

	for (ssize_t i = 0; i < n && !found; i++) {
		struct libusb_config_descriptor *config;
		const struct libusb_interface_descriptor *iface;

		if (libusb_get_config_descriptor(list[i], 0, &config))
			continue;
		iface = &config->interface[0].altsetting[0];
		if (iface->bInterfaceClass == LIBUSB_CLASS_SMART_CARD &&
		    !libusb_open(list[i], &found)) {
			for (int e = 0; e < iface->bNumEndpoints; e++) {
				const struct libusb_endpoint_descriptor *ep = &iface->endpoint[e];

				if ((ep->bmAttributes & 3) != LIBUSB_TRANSFER_TYPE_BULK)
					continue;
				*(ep->bEndpointAddress & LIBUSB_ENDPOINT_IN ? &ep_in : &ep_out) =
					ep->bEndpointAddress;
			}
		}
		libusb_free_config_descriptor(config);
	}
	libusb_free_device_list(list, 1);
	return found;
}

/* Return the length of the answer, -1 if it is invalid. */
static int exchange(unsigned char type, const unsigned char *data, int len, int room)
{
	static unsigned char msg[HEADER + APDU_MAX];
	int done = 0;

	memset(msg, 0, HEADER);
	msg[0] = type;
	msg[1] = (unsigned char)len;
	msg[2] = (unsigned char)(len >> 8);
	msg[3] = (unsigned char)(len >> 16);
	msg[6] = seq++;
	memcpy(msg + HEADER, data, (size_t)len);
	if (libusb_bulk_transfer(dev, ep_out, msg, HEADER + len, &done, TIMEOUT_MS) ||
	    done != HEADER + len)
		return -1;
	do {
		if (libusb_bulk_transfer(dev, ep_in, msg, room, &done, TIMEOUT_MS))
			return -1;
	} while (!done);
	if (msg[7] & 0x40)
		fprintf(stderr, "pair: bStatus %02x, bError %02x\n", msg[7], msg[8]);
	return msg[7] & 0x40 ? -1 : done;
}

static void measure(int len, int rounds)
{
	static unsigned char apdu[APDU_MAX];
	int room = len > 261 ? HEADER + APDU_MAX : 512;
	uint64_t *ns = calloc((size_t)rounds, sizeof(*ns));
	char name[32];

	if (!ns)
		die("out of memory");
	make_apdu(apdu, (size_t)len);
	for (int i = 0; i < rounds; i++) {
		uint64_t start = busy_ns();

		if (exchange(0x6f, apdu, len, room) < 0)
			die("exchange %d failed", i);
		ns[i] = busy_ns() - start;
	}
	snprintf(name, sizeof(name), "transmit-%d", len);
	report_busy(name, ns, (size_t)rounds);
	free(ns);
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	report_as("libusb", argv[1]);
	clock_open();
	if (libusb_init(NULL))
		die("no libusb");
	dev = find_reader();
	if (!dev || libusb_claim_interface(dev, 0) || exchange(0x62, NULL, 0, 512) < 0)
		die("no reader with a card");
	for (int i = 3; i < argc; i++)
		measure(atoi(argv[i]), atoi(argv[2]));
	libusb_release_interface(dev, 0);
	libusb_close(dev);
	libusb_exit(NULL);
	return 0;
}
