// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "usb_sysfs.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "trace.h"

#define VHCI "/sys/devices/platform/vhci_hcd.0"

/* The device is VHCI/usbB/B-P with P = port + 1, on the bus B of the USB 2.0 root hub. */
static bool device_dir(int port, char *path, size_t size)
{
	DIR *dir = opendir(VHCI);
	struct dirent *e;
	bool found = false;
	int bus;

	if (!dir)
		return false;
	while (!found && (e = readdir(dir))) {
		if (sscanf(e->d_name, "usb%d", &bus) != 1)
			continue;
		snprintf(path, size, VHCI "/usb%d/%d-%d", bus, bus, port + 1);
		found = !access(path, F_OK);
	}
	closedir(dir);
	return found;
}

bool usb_sysfs_present(int port)
{
	char path[128];

	return device_dir(port, path, sizeof(path));
}

static bool attribute(int port, const char *name, char *buf, size_t size)
{
	char dir[128], path[192];
	ssize_t n = -1;
	int fd;

	if (port < 0 || !device_dir(port, dir, sizeof(dir)))
		return false;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, buf, size - 1);
		close(fd);
	}
	if (n < 0)
		return false;
	buf[n] = 0;
	buf[strcspn(buf, "\n")] = 0;
	return true;
}

static bool set_attribute(int port, const char *name, const char *value)
{
	char dir[128], path[192];
	bool ok;
	int fd;

	if (!device_dir(port, dir, sizeof(dir)))
		return false;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ok = write(fd, value, strlen(value)) == (ssize_t)strlen(value);
	close(fd);
	return ok;
}

bool usb_sysfs_suspended(int port)
{
	char status[32];

	return attribute(port, "power/runtime_status", status, sizeof(status)) &&
	       !strcmp(status, "suspended");
}

/*
 * The write blocks until the device has answered the host's requests, so a child writes; it then
 * restores power/control.
 */
bool usb_sysfs_resume(int port)
{
	pid_t pid;

	if (!usb_sysfs_suspended(port))
		return false;
	trace_note("remote wake-up");
	pid = fork();
	if (pid == 0) {
		bool ok = set_attribute(port, "power/control", "on") &&
			  set_attribute(port, "power/control", "auto");

		_exit(!ok);
	}
	return pid > 0;
}
