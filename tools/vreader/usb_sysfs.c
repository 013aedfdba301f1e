// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Suspend and remote wake-up, which USB/IP does not carry: looked up and done in the host's sysfs.
 */
#define _GNU_SOURCE
#include "usb.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "trace.h"

#define VHCI "/sys/devices/platform/vhci_hcd.0"

/*
 * The device's directory: VHCI/usbB/B-P with P = port + 1, on the bus that is the USB 2.0 root hub.
 */
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

bool sysfs_present(int port)
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

bool sysfs_suspended(int port)
{
	char status[32];

	return attribute(port, "power/runtime_status", status, sizeof(status)) &&
	       !strcmp(status, "suspended");
}

/*
 * Resumes the device as if it had signalled. The write blocks until the device has answered the
 * host's requests, so a child does it; it puts power/control back as it was.
 */
bool sysfs_resume(int port)
{
	pid_t pid;

	if (!sysfs_suspended(port))
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
