// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: handler LIBRARY DEVICE
 *
 * libifdscard (IFDHCloseChannel, IFDHTransmitToICC) without pcscd: a channel is closed while a
 * call of another thread waits for a transaction, as pcscd does when the reader is removed from
 * its configuration. The call fails, and later calls find no channel.
 */
#include <dlfcn.h>
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <ifdhandler.h>

#include <linux/scard.h>

#define LUN	0x10000

static RESPONSECODE (*transmit)(DWORD, SCARD_IO_HEADER, PUCHAR, DWORD, PUCHAR, PDWORD,
				PSCARD_IO_HEADER);

static void *function(void *library, const char *name)
{
	void *f = dlsym(library, name);

	if (!f)
		errx(1, "%s", dlerror());
	return f;
}

static void *send_apdu(void *result)
{
	UCHAR count[] = { 0x80, 0xe2, 0, 0, 0 }, answer[258];
	SCARD_IO_HEADER pci = { .Protocol = 1 };
	DWORD len = sizeof(answer);

	*(RESPONSECODE *)result = transmit(LUN, pci, count, sizeof(count), answer, &len, NULL);
	return NULL;
}

int main(int argc, char **argv)
{
	struct scard_connect connect = { .share_mode = SCARD_MODE_SHARED, .protocols = SCARD_PROTO_T1 };
	RESPONSECODE (*create)(DWORD, LPSTR), (*shut)(DWORD), (*look)(DWORD), sent = IFD_SUCCESS;
	void *library;
	pthread_t thread;
	int fd;

	if (argc != 3)
		errx(2, "usage: handler LIBRARY DEVICE");
	library = dlopen(argv[1], RTLD_NOW);
	if (!library)
		errx(1, "%s", dlerror());
	create = function(library, "IFDHCreateChannelByName");
	shut = function(library, "IFDHCloseChannel");
	look = function(library, "IFDHICCPresence");
	transmit = function(library, "IFDHTransmitToICC");

	if (create(LUN, argv[2]) != IFD_SUCCESS || look(LUN) != IFD_SUCCESS)
		errx(1, "no card in %s", argv[2]);
	send_apdu(&sent);
	if (sent != IFD_SUCCESS)
		errx(1, "the first APDU: %ld", sent);
	/* ends its transaction after a pause without commands */
	sleep(1);
	look(LUN);
	fd = open(argv[2], O_RDWR | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, SCARD_IOC_CONNECT, &connect) || ioctl(fd, SCARD_IOC_BEGIN))
		err(1, "%s", argv[2]);
	if (pthread_create(&thread, NULL, send_apdu, &sent))
		errx(1, "no thread");
	sleep(1);
	alarm(10);
	if (shut(LUN) != IFD_SUCCESS)
		errx(1, "the channel cannot be closed");
	pthread_join(thread, NULL);
	if (sent == IFD_SUCCESS)
		errx(1, "the APDU went through");
	if (look(LUN) != IFD_NO_SUCH_DEVICE || shut(LUN) == IFD_SUCCESS)
		errx(1, "the channel is there still");
	return 0;
}
