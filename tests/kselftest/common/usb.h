/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reader, which is the one USB device but for hubs, as the USB core of this kernel sees
 * it: its directory in sysfs, its port, its driver. Needs root.
 */
#ifndef KSELFTEST_USB_H
#define KSELFTEST_USB_H

#include <stdbool.h>

/* Functions that do something return 0 or -errno. */
int usb_set(const char *attribute, const char *value);
/* Has the attribute of the device this value, or gets it within @ms? */
bool usb_is(const char *attribute, const char *value, int ms);
int usb_port_reset(void);
int usb_bind(bool bind);

/* A parameter of the module */
bool module_set(const char *name, unsigned int value);
bool module_set_text(const char *name, const char *value);
int module_remove(void);
/* The module that the guest was started with; idle_ms is 0 as the tests expect it. */
int module_insert(void);

/* Any file of sysfs and the like: 0 or -errno */
int file_set(const char *path, const char *value);
void pause_ms(long ms);

#endif
