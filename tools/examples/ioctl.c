// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A card by ioctls alone, without a library: connect, one transaction with one APDU (SELECT
 * the master file), disconnect with a reset.
 *
 *	cc ioctl.c && ./a.out /dev/scard0
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/scard.h>

static int failed(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return 1;
}

static int exchange(int fd)
{
	static const uint8_t select_mf[] = { 0x00, 0xa4, 0x00, 0x00, 0x02, 0x3f, 0x00 };
	uint8_t answer[258];
	struct scard_transmit xfr = {
		.send = (uintptr_t)select_mf,
		.send_len = sizeof(select_mf),
		.recv = (uintptr_t)answer,
		.recv_len = sizeof(answer),
	};
	uint32_t i;

	if (ioctl(fd, SCARD_IOC_TRANSMIT, &xfr))
		return failed("SCARD_IOC_TRANSMIT");
	for (i = 0; i < xfr.recv_len; i++)
		printf("%02x%s", answer[i], i + 1 < xfr.recv_len ? " " : "\n");
	return 0;
}

int main(int argc, char **argv)
{
	const char *device = argc > 1 ? argv[1] : "/dev/scard0";
	struct scard_connect connect = {
		.share_mode = SCARD_MODE_SHARED,
		.protocols = SCARD_PROTO_T0 | SCARD_PROTO_T1,
	};
	/* reset the card: leave no verified PIN for the next program */
	struct scard_disposition reset = { .disposition = SCARD_DISP_RESET };
	struct scard_disposition leave = { .disposition = SCARD_DISP_LEAVE };
	int fd = open(device, O_RDWR | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return failed(device);
	if (ioctl(fd, SCARD_IOC_CONNECT, &connect))
		return failed("SCARD_IOC_CONNECT");
	printf("protocol T=%d\n", connect.protocol == SCARD_PROTO_T1);

	/* other handles wait from here to END; a crash in between resets the card */
	if (ioctl(fd, SCARD_IOC_BEGIN, 0))
		return failed("SCARD_IOC_BEGIN");
	ret = exchange(fd);
	if (ioctl(fd, SCARD_IOC_END, &leave))
		return failed("SCARD_IOC_END");
	if (ioctl(fd, SCARD_IOC_DISCONNECT, &reset))
		return failed("SCARD_IOC_DISCONNECT");
	close(fd);
	return ret;
}
