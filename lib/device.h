/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /dev/scardN: open, ioctl, and errno to SCARD_*. */
#ifndef SCARD_DEVICE_H
#define SCARD_DEVICE_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>

#include <linux/scard.h>

#include "PCSC/pcsclite.h"

/* The program may close all descriptors while one of ours is opened, but not each time */
#define OPEN_ATTEMPTS	3

bool scard_device_has_processes(void);
int scard_device_open(uint32_t minor, const char *kernel_name, int flags);
LONG scard_device_code(int error);
LONG scard_device_open_code(int error);
LONG scard_device_power_up_code(int error);

/* As ioctl(), but return 0 or a positive errno. */
static inline int scard_device_ioctl(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) < 0 ? errno : 0;
}

#endif /* SCARD_DEVICE_H */
