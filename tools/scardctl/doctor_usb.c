// SPDX-License-Identifier: GPL-2.0-or-later
/* doctor: the smart-card readers on USB, and the drivers and programs that hold them. */
#include <dirent.h>
#include <glob.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "scardctl.h"
#include "use.h"

#define SYSFS_USB	"/sys/bus/usb/devices"
#define CLASS_CCID	"0b"

/* Read the first line of a file, without its newline; false if there is none. */
bool doctor_read_line(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "re");
	bool done;

	if (!f)
		return false;
	done = fgets(buf, size, f);
	fclose(f);
	if (done)
		buf[strcspn(buf, "\n")] = '\0';
	return done;
}

static bool has_open(const char *pid, const char *file)
{
	char path[320], target[320];
	struct dirent *entry;
	bool found = false;
	ssize_t len;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	dir = opendir(path);
	if (!dir)
		return false;	/* a process of another user */
	while (!found && (entry = readdir(dir))) {
		len = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);
		if (len < 0)
			continue;
		target[len] = '\0';
		found = !strcmp(target, file);
	}
	closedir(dir);
	return found;
}

/*
 * Find the first process with the name @name (if not NULL) that has @file open (if not
 * NULL); @who becomes "name (process N)".
 */
bool doctor_find_process(const char *name, const char *file, char *who, size_t size)
{
	char path[320], comm[64];
	struct dirent *entry;
	DIR *proc = opendir("/proc");
	bool found = false;

	while (proc && !found && (entry = readdir(proc))) {
		if (entry->d_name[strspn(entry->d_name, "0123456789")])
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		if (!doctor_read_line(path, comm, sizeof(comm)) || (name && strcmp(name, comm)) ||
		    (file && !has_open(entry->d_name, file)))
			continue;
		use_process((int32_t)strtol(entry->d_name, NULL, 10), who, size);
		found = true;
	}
	if (proc)
		closedir(proc);
	return found;
}

/* Read an attribute of an interface ("bInterfaceClass") or of a device ("idVendor") */
static bool attribute(const char *interface, const char *name, char *buf, size_t size)
{
	char path[768];

	snprintf(path, sizeof(path), "%s/%s", interface, name);
	return doctor_read_line(path, buf, size);
}

/* Get the name of an interface's driver; false if it has none. */
static bool driver_of(const char *interface, char *name, size_t size)
{
	char path[512], target[512];
	ssize_t len;

	snprintf(path, sizeof(path), "%s/driver", interface);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return false;
	target[len] = '\0';
	snprintf(name, size, "%.*s", (int)size - 1,
		 strrchr(target, '/') ? strrchr(target, '/') + 1 : target);
	return true;
}

/* @device: path of the USB device in sysfs */
static void check_power(const char *device, const char *id, const char *bus_id)
{
	char advice[256], status[32];

	if (!attribute(device, "power/runtime_status", status, sizeof(status)) ||
	    strcmp(status, "error"))
		return;
	snprintf(advice, sizeof(advice),
		 "echo on | sudo tee %s/%s/power/control, then plug the reader in again",
		 SYSFS_USB, bus_id);
	doctor_finding(advice, "reader %s (%s) does not come back from USB autosuspend", bus_id, id);
}

/* Name the program that has the device open through libusb */
static void holder_of(const char *device, char *who, size_t size)
{
	char bus[16] = "", number[16] = "", node[64];

	attribute(device, "busnum", bus, sizeof(bus));
	attribute(device, "devnum", number, sizeof(number));
	snprintf(node, sizeof(node), "/dev/bus/usb/%03d/%03d", atoi(bus), atoi(number));
	if (!doctor_find_process(NULL, node, who, size))
		snprintf(who, size, "a program of another user (root can see which)");
}

static void check_holder(const char *device, const char *id, const char *interface)
{
	char who[128], advice[256];

	holder_of(device, who, sizeof(who));
	if (!strncmp(who, "pcscd ", 6))
		snprintf(advice, sizeof(advice), "sudo systemctl stop pcscd.socket pcscd.service, "
			 "then echo %s | sudo tee /sys/bus/usb/drivers/scard/bind", interface);
	else if (!strncmp(who, "scdaemon ", 9))
		snprintf(advice, sizeof(advice), "put disable-ccid into ~/.gnupg/scdaemon.conf, "
			 "gpgconf --kill scdaemon, and plug the reader in again");
	else
		snprintf(advice, sizeof(advice), "end that program, "
			 "then echo %s | sudo tee /sys/bus/usb/drivers/scard/bind", interface);
	doctor_finding(advice, "reader %s (%s) is held through libusb by %s", interface, id, who);
}

/* Does one of the reader's strings contain @piece? */
static bool has_piece(const char *device, const char *interface, const char *piece)
{
	static const char * const strings[] = { "manufacturer", "product", "serial" };
	char text[256];
	size_t i;

	for (i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		if (attribute(device, strings[i], text, sizeof(text)) && strstr(text, piece))
			return true;
	return attribute(interface, "interface", text, sizeof(text)) && strstr(text, piece);
}

/* Find the entry of the module's parameter "ignore" for this reader, or NULL; see scard(4). */
static const char *ignored(const char *device, const char *interface, const char *id, char *list,
			   size_t size)
{
	char *entry, *piece;
	bool fits;

	if (!doctor_read_line("/sys/module/scard/parameters/ignore", list, size))
		return NULL;
	while ((entry = strsep(&list, ","))) {
		piece = strchr(entry, '=');
		if (!*entry || (piece != entry && strncasecmp(entry, id, strlen(id))))
			continue;
		fits = !piece || has_piece(device, interface, piece + 1);
		if (fits)
			return entry;
	}
	return NULL;
}

static void check_ignored(const char *device, const char *id, const char *interface,
			  const char *entry, bool held)
{
	char who[128] = "no program", advice[256];

	if (held)
		holder_of(device, who, sizeof(who));
	snprintf(advice, sizeof(advice),
		 "if scard is to drive it: remove that entry from /sys/module/scard/parameters/ignore and /etc/modprobe.d, "
		 "then echo %s | sudo tee /sys/bus/usb/drivers/scard/bind", interface);
	doctor_finding(advice, "reader %s (%s) is left to other programs (parameter ignore: %s); %s has it now",
		       interface, id, entry, who);
}

static void check_reader(const char *path, bool loaded)
{
	const char *interface = strrchr(path, '/') + 1;
	char device[512], id[32], vendor[8] = "", product[8] = "", driver[64], advice[768];
	char bus_id[64], list[4096];
	const char *entry;
	bool driven;

	snprintf(bus_id, sizeof(bus_id), "%.*s", (int)strcspn(interface, ":"), interface);
	snprintf(device, sizeof(device), "%s/%s", SYSFS_USB, bus_id);
	attribute(device, "idVendor", vendor, sizeof(vendor));
	attribute(device, "idProduct", product, sizeof(product));
	snprintf(id, sizeof(id), "%s:%s", vendor, product);
	check_power(device, id, bus_id);
	driven = driver_of(path, driver, sizeof(driver));
	entry = driven && strcmp(driver, "usbfs") ? NULL :
		ignored(device, path, id, list, sizeof(list));
	if (entry) {
		check_ignored(device, id, interface, entry, driven);
	} else if (!driven) {
		if (!loaded)
			return;		/* doctor_module() reported it */
		snprintf(advice, sizeof(advice), "echo %s | sudo tee /sys/bus/usb/drivers/scard/bind; "
			 "if that fails, dmesg says why", interface);
		doctor_finding(advice, "reader %s (%s) has no driver: it was handed back, or refused",
			       interface, id);
	} else if (!strcmp(driver, "usbfs")) {
		check_holder(device, id, interface);
	} else if (strcmp(driver, "scard")) {
		snprintf(advice, sizeof(advice),
			 "echo %s | sudo tee /sys/bus/usb/drivers/%s/unbind, the same into "
			 "/sys/bus/usb/drivers/scard/bind; to keep it away: blacklist %s in /etc/modprobe.d",
			 interface, driver, driver);
		doctor_finding(advice, "reader %s (%s) was taken by the driver %s", interface, id, driver);
	}
}

/* Does the module list a reader, such as one in a process? */
static bool has_reader(void)
{
	struct readers readers;
	bool has;

	reader_list(&readers);
	has = readers.count;
	reader_list_free(&readers);
	return has;
}

/* Check each interface on USB that has the class, or that scard drives without it. */
void doctor_usb(bool loaded)
{
	char class[8], driver[64];
	size_t i, found = 0;
	glob_t interfaces;

	if (glob(SYSFS_USB "/*:*", 0, NULL, &interfaces))
		interfaces.gl_pathc = 0;
	for (i = 0; i < interfaces.gl_pathc; i++) {
		const char *path = interfaces.gl_pathv[i];

		if ((!attribute(path, "bInterfaceClass", class, sizeof(class)) ||
		     strcmp(class, CLASS_CCID)) &&
		    (!driver_of(path, driver, sizeof(driver)) || strcmp(driver, "scard")))
			continue;
		found++;
		check_reader(path, loaded);
	}
	globfree(&interfaces);
	if (!found && !(loaded && has_reader()))
		doctor_finding("plug one in, try another port or cable; lsusb shows what is there",
			       "no smart-card reader on USB");
}
