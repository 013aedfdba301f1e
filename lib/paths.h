/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths; the tests replace them. */
#ifndef SCARD_PATHS_H
#define SCARD_PATHS_H

#ifndef SCARD_DEV_DIR
#define SCARD_DEV_DIR	"/dev"
#endif
#ifndef SCARD_CLASS_DIR
#define SCARD_CLASS_DIR	"/sys/class/scard"
#endif
#ifndef SCARD_UDEV_DIR
#define SCARD_UDEV_DIR	"/run/udev"
#endif
#ifndef SCARD_PROC_DEVICES
#define SCARD_PROC_DEVICES	"/proc/devices"
#endif
/* Of nodes, and of their major number */
#define SCARD_DEV_NAME	"scard"

#endif /* SCARD_PATHS_H */
