// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an APDU costs below any driver: one bulk-OUT and one bulk-IN transfer with the first CCID
 * reader, by libusb. Prints the median of the guest's time in microseconds. usage: pair [LENGTH
 * [ROUNDS]]
 */
#include <libusb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TIMEOUT_MS 0	/* counting instructions, time leaps while the guest is idle */

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

/* Returns the length of the answer, -1 if it is no good one. */
static int exchange(unsigned char type, const unsigned char *data, int len)
{
	static unsigned char msg[65556];
	int done = 0;

	memset(msg, 0, 10);
	msg[0] = type;
	msg[1] = (unsigned char)len;
	msg[2] = (unsigned char)(len >> 8);
	msg[6] = seq++;
	memcpy(msg + 10, data, (size_t)len);
	if (libusb_bulk_transfer(dev, ep_out, msg, 10 + len, &done, TIMEOUT_MS) || done != 10 + len)
		return -1;
	do {
		if (libusb_bulk_transfer(dev, ep_in, msg, 512, &done, TIMEOUT_MS))
			return -1;
	} while (!done);
	if (msg[7] & 0x40)
		fprintf(stderr, "pair: bStatus %02x, bError %02x\n", msg[7], msg[8]);
	return msg[7] & 0x40 ? -1 : done;
}

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	int len = argc > 1 ? atoi(argv[1]) : 5, rounds = argc > 2 ? atoi(argv[2]) : 2000;
	unsigned char apdu[261] = { 0x00, 0xb0, 0x00, 0x00, 0x02 };
	double *us = calloc((size_t)rounds, sizeof(*us));

	if (len > 5)
		apdu[4] = (unsigned char)(len - 5);
	if (!us || len < 5 || len > 260 || libusb_init(NULL))
		return 2;
	dev = find_reader();
	if (!dev || libusb_claim_interface(dev, 0) || exchange(0x62, NULL, 0) < 0) {
		fprintf(stderr, "pair: no reader with a card\n");
		return 1;
	}
	for (int i = 0; i < rounds; i++) {
		double start = now_us();

		if (exchange(0x6f, apdu, len) < 0) {
			fprintf(stderr, "pair: exchange %d failed\n", i);
			return 1;
		}
		us[i] = now_us() - start;
	}
	qsort(us, (size_t)rounds, sizeof(*us), by_value);
	printf("%.1f\n", us[rounds / 2]);
	return 0;
}
