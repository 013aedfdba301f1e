// SPDX-License-Identifier: LGPL-2.1-or-later
/* The ioctls of /dev/scardN, and their errors as IFD handler codes. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "channel.h"

/* Make @fd a descriptor of @path, atomically for other threads that use @fd. */
int device_change(int fd, const char *path)
{
	int error = 0, new = open(path, O_RDWR | O_CLOEXEC);

	if (new < 0)
		return errno;
	if (dup3(new, fd, O_CLOEXEC) < 0)
		error = errno;
	close(new);
	return error;
}

/* A signal ends only calls that wait for their turn: start these again. */
int device_call(int fd, unsigned long request, void *arg)
{
	int ret;

	do
		ret = ioctl(fd, request, arg);
	while (ret < 0 && errno == EINTR);
	return ret < 0 ? errno : 0;
}

int device_connect(int fd, uint32_t mode, uint32_t protocols, struct scard_connect *got)
{
	*got = (struct scard_connect){ .share_mode = mode, .protocols = protocols };
	return device_call(fd, SCARD_IOC_CONNECT, got);
}

int device_disconnect(int fd, uint32_t disposition)
{
	struct scard_disposition arg = { .disposition = disposition };

	return device_call(fd, SCARD_IOC_DISCONNECT, &arg);
}

RESPONSECODE device_error(int error)
{
	switch (error) {
	case 0:
		return IFD_SUCCESS;
	case ENODEV:
	case ENOMEDIUM:
	case ESTALE:
	case EIDRM:
		return IFD_ICC_NOT_PRESENT;
	case EPROTONOSUPPORT:
		return IFD_PROTOCOL_NOT_SUPPORTED;
	case EMSGSIZE:
		return IFD_ERROR_INSUFFICIENT_BUFFER;
	case EOPNOTSUPP:
		return IFD_ERROR_NOT_SUPPORTED;
	case ETIMEDOUT:
		return IFD_RESPONSE_TIMEOUT;
	case EREMOTEIO:
	case ENOLINK:
		return IFD_ERROR_POWER_ACTION;
	default:
		return IFD_COMMUNICATION_ERROR;
	}
}

int64_t device_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}
