// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /dev/scardN: open, and errno to SCARD_*.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "descriptors.h"
#include "device.h"
#include "nodes.h"

/* SCARD_FEATURE_PROCESS of the reader that was opened last */
static atomic_bool processes;

/* Does the kernel know SCARD_CONNECT_PROCESS? */
bool scard_device_has_processes(void)
{
	return atomic_load(&processes);
}

/*
 * Return a descriptor or a negative errno, -EBADF if the program has closed it. *other: the node
 * may be that of another device; else -ENXIO says that the device belongs to another reader now.
 */
static int open_node(const char *path, uint32_t minor, const char *kernel_name, int flags,
		     bool *other)
{
	struct scard_info info;
	int fd, error;

	*other = true;
	fd = scard_descriptors_open(path, flags);
	if (fd < 0)
		return fd == -ENODEV ? -ENXIO : fd;
	error = scard_device_ioctl(fd, SCARD_IOC_GET_INFO, &info);
	if (!error && info.minor == minor) {
		*other = false;
		atomic_store(&processes, info.features & SCARD_FEATURE_PROCESS);
		if (!strncmp(info.name, kernel_name, sizeof(info.name)))
			return fd;
	}
	if (error && !scard_descriptors_ours(fd))
		error = EBADF;
	scard_descriptors_close(fd);
	return error == EBADF ? -EBADF : -ENXIO;
}

static int open_once(uint32_t minor, const char *kernel_name, int flags)
{
	char usual[NODE_PATH_SIZE], path[NODE_PATH_SIZE];
	struct stat st;
	bool other;
	int fd, error;

	scard_nodes_name(usual, minor);
	fd = open_node(usual, minor, kernel_name, flags, &other);
	if (fd >= 0 || !other || fd == -EBADF)
		return fd;
	error = scard_nodes_find(minor, path, &st);
	if (error)
		return error;
	if (!strcmp(path, usual))
		return fd;
	return open_node(path, minor, kernel_name, flags, &other);
}

/*
 * Open a reader; return a descriptor or a negative errno. -ENXIO: the reader is gone, or its
 * number belongs to another reader now. -ENOENT: it has no node here, as in a container.
 */
int scard_device_open(uint32_t minor, const char *kernel_name, int flags)
{
	int tries = OPEN_ATTEMPTS, fd;

	do {
		fd = open_once(minor, kernel_name, flags);
	} while (fd == -EBADF && --tries);
	return fd;
}

/* The errors of <linux/scard.h> */
static const struct {
	int error;
	LONG code;
} codes[] = {
	{ 0, SCARD_S_SUCCESS },
	{ EFAULT, SCARD_E_INVALID_PARAMETER },
	{ EINVAL, SCARD_E_INVALID_VALUE },
	{ ENOTTY, SCARD_E_UNSUPPORTED_FEATURE },
	{ EBADF, SCARD_E_INVALID_HANDLE },
	/* as libccid answers forbidden escape commands */
	{ EPERM, SCARD_E_NOT_TRANSACTED },
	{ ENOMEM, SCARD_E_NO_MEMORY },
	{ EMFILE, SCARD_F_INTERNAL_ERROR },
	{ ENODEV, SCARD_E_READER_UNAVAILABLE },
	{ ENOTCONN, SCARD_E_INVALID_HANDLE },
	{ EISCONN, SCARD_F_INTERNAL_ERROR },
	{ EBUSY, SCARD_E_SHARING_VIOLATION },
	{ EAGAIN, SCARD_E_SHARING_VIOLATION },
	{ EINTR, SCARD_E_CANCELLED },
	{ ECANCELED, SCARD_E_CANCELLED },
	{ ENOMEDIUM, SCARD_E_NO_SMARTCARD },
	{ ESTALE, SCARD_W_RESET_CARD },
	{ EIDRM, SCARD_W_REMOVED_CARD },
	{ ENOLINK, SCARD_W_UNPOWERED_CARD },
	{ EREMOTEIO, SCARD_W_UNRESPONSIVE_CARD },
	{ EPROTONOSUPPORT, SCARD_E_PROTO_MISMATCH },
	{ ENOLCK, SCARD_E_NOT_TRANSACTED },
	{ EMSGSIZE, SCARD_E_INSUFFICIENT_BUFFER },
	{ EOPNOTSUPP, SCARD_E_UNSUPPORTED_FEATURE },
	{ EIO, SCARD_E_NOT_TRANSACTED },
	{ ETIMEDOUT, SCARD_E_NOT_TRANSACTED },
};

LONG scard_device_code(int error)
{
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (codes[i].error == error)
			return codes[i].code;
	}
	return SCARD_F_UNKNOWN_ERROR;
}

/* For calls that power up the card or negotiate: a failed exchange means a mute card. */
LONG scard_device_power_up_code(int error)
{
	return error == EIO || error == ETIMEDOUT ? SCARD_W_UNRESPONSIVE_CARD :
						    scard_device_code(error);
}

/* For open(), where some errors have another meaning. */
LONG scard_device_open_code(int error)
{
	switch (error) {
	case EACCES:
	case EPERM:	/* the device cgroup denies access */
		return SCARD_W_SECURITY_VIOLATION;
	case EMFILE:
	case ENFILE:
	case EBADF:	/* the program has closed it, again and again */
		return SCARD_E_NO_MEMORY;
	case ENXIO:
		return SCARD_E_UNKNOWN_READER;
	case ENOENT:
		return SCARD_E_READER_UNAVAILABLE;
	default:
		return scard_device_code(error);
	}
}
