// SPDX-License-Identifier: GPL-2.0-or-later
/* See usb.h. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/usbdevice_fs.h>

#include "usb.h"

#define DEVICES		"/sys/bus/usb/devices/*-[0-9]*"
#define DRIVER		"/sys/bus/usb/drivers/scard/"
#define PARAMETERS	"/sys/module/scard/parameters/"

void pause_ms(long ms)
{
	struct timespec pause = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&pause, NULL);
}

int file_set(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, value, strlen(value)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* One line without its end; an empty one if there is none. */
static void get(const char *path, char *value, int size)
{
	FILE *file = fopen(path, "re");

	value[0] = 0;
	if (!file)
		return;
	if (!fgets(value, size, file))
		value[0] = 0;
	value[strcspn(value, "\n")] = 0;
	fclose(file);
}

/* There is one device, and its name has no colon, which interfaces' have. */
static int device(char *path, size_t size)
{
	glob_t found;
	size_t i;
	int ret = -ENODEV;

	if (glob(DEVICES, 0, NULL, &found))
		return -ENODEV;
	for (i = 0; i < found.gl_pathc && ret; i++) {
		if (strchr(strrchr(found.gl_pathv[i], '/'), ':'))
			continue;
		snprintf(path, size, "%s", found.gl_pathv[i]);
		ret = 0;
	}
	globfree(&found);
	return ret;
}

static int attribute_path(const char *attribute, char *path, size_t size)
{
	int ret = device(path, size);

	if (!ret)
		snprintf(path + strlen(path), size - strlen(path), "/%s", attribute);
	return ret;
}

int usb_set(const char *attribute, const char *value)
{
	char path[256];
	int ret = attribute_path(attribute, path, sizeof(path));

	return ret ? ret : file_set(path, value);
}

bool usb_is(const char *attribute, const char *value, int ms)
{
	char path[256], is[64];
	int i;

	for (i = 0; i <= ms; i += 10) {
		if (i)
			pause_ms(10);
		if (attribute_path(attribute, path, sizeof(path)))
			continue;
		get(path, is, sizeof(is));
		if (!strcmp(is, value))
			return true;
	}
	return false;
}

int usb_port_reset(void)
{
	char path[256], bus[16], number[16];
	int fd, ret;

	ret = attribute_path("busnum", path, sizeof(path));
	if (ret)
		return ret;
	get(path, bus, sizeof(bus));
	attribute_path("devnum", path, sizeof(path));
	get(path, number, sizeof(number));
	snprintf(path, sizeof(path), "/dev/bus/usb/%03d/%03d", atoi(bus), atoi(number));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = ioctl(fd, USBDEVFS_RESET, 0) ? -errno : 0;
	close(fd);
	return ret;
}

int usb_bind(bool bind)
{
	char path[256];
	int ret = device(path, sizeof(path) - sizeof(":1.0"));

	if (ret)
		return ret;
	strcat(path, ":1.0");
	return file_set(bind ? DRIVER "bind" : DRIVER "unbind", strrchr(path, '/') + 1);
}

bool module_set_text(const char *name, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), PARAMETERS "%s", name);
	return !file_set(path, value);
}

bool module_set(const char *name, unsigned int value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	return module_set_text(name, text);
}

int module_remove(void)
{
	return syscall(SYS_delete_module, "scard", O_NONBLOCK) ? -errno : 0;
}

int module_insert(void)
{
	char path[256] = "";
	FILE *file = popen(". /run/vm/config && echo \"$vm_module\"", "re");
	int fd, ret;

	if (!file)
		return -errno;
	/* quoted(), which has written it, ends with a blank */
	if (fgets(path, sizeof(path), file))
		path[strcspn(path, "\n ")] = 0;
	pclose(file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, "idle_ms=0", 0) ? -errno : 0;
	close(fd);
	return ret;
}
