// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Readers found by their device nodes, for processes that do not see the netlink family: in a
 * container that has only /dev/scard0, for example.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "descriptors.h"
#include "device.h"
#include "nodes.h"
#include "paths.h"
#include "reader_list.h"

/*
 * Return a descriptor that is readable when nodes were created, removed or got other
 * permissions; -1: no inotify.
 */
int scard_nodes_watch(void)
{
	int fd;

	scard_descriptors_lock();
	fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (scard_descriptors_unlock(fd < 0 ? -errno : fd) < 0)
		return -1;
	if (inotify_add_watch(fd, SCARD_DEV_DIR, IN_CREATE | IN_DELETE | IN_MOVED_FROM |
			      IN_MOVED_TO | IN_ATTRIB | IN_ONLYDIR) < 0) {
		scard_descriptors_close(fd);
		return -1;
	}
	return fd;
}

static bool is_node(const char *name)
{
	const char *digits = name + strlen(SCARD_DEV_NAME);

	if (strncmp(name, SCARD_DEV_NAME, strlen(SCARD_DEV_NAME)) || !*digits)
		return false;
	while (isdigit((unsigned char)*digits))
		digits++;
	return !*digits;
}

/*
 * Read the events of scard_nodes_watch(). Return true if nodes were created or removed; set
 * *permissions if those of a node may have changed.
 */
bool scard_nodes_read(int fd, bool *permissions)
{
	_Alignas(struct inotify_event) char buf[4096];
	const struct inotify_event *event;
	bool changed = false;
	ssize_t n, at;

	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (at = 0; at < n; at += sizeof(*event) + event->len) {
			event = (const struct inotify_event *)(buf + at);
			if (event->mask & IN_Q_OVERFLOW)
				changed = *permissions = true;
			if (!event->len || !is_node(event->name))
				continue;
			*permissions = true;
			if (!(event->mask & IN_ATTRIB))
				changed = true;
		}
	}
	return changed;
}

/* Out of resources: the node may exist. */
static bool exhausted(int error)
{
	return error == -EMFILE || error == -ENFILE || error == -ENOMEM;
}

/* Call f for each node until it returns false. Return false if out of descriptors or memory. */
static bool for_each_node(bool (*f)(const char *path, void *arg), void *arg)
{
	char path[sizeof(SCARD_DEV_DIR) + 256];
	struct dirent *entry;
	DIR *dir = NULL;
	int fd;

	/* opendir() would open a descriptor that descriptors.c does not know */
	fd = scard_descriptors_open(SCARD_DEV_DIR, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return !exhausted(fd);
	dir = fdopendir(fd);
	if (!dir) {
		scard_descriptors_close(fd);
		return false;
	}
	while ((entry = readdir(dir))) {
		if (!is_node(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "%s/%s", SCARD_DEV_DIR, entry->d_name);
		if (!f(path, arg))
			break;
	}
	scard_descriptors_lock();
	if (scard_descriptors_remove(fd))
		closedir(dir);
	scard_descriptors_unlock(-1);
	return true;
}

static bool found_one(const char *path, void *arg)
{
	(void)path;
	*(bool *)arg = true;
	return false;
}

bool scard_nodes_exist(void)
{
	bool found = false;

	for_each_node(found_one, &found);
	return found;
}

struct scan {
	struct reader_list *list;
	bool complete;
};

static bool scan_one(const char *path, void *arg)
{
	struct scan *scan = arg;
	struct scard_status status = { 0 };
	struct scard_info info;
	struct reader r = { 0 };
	int fd;

	fd = scard_descriptors_open(path, O_RDONLY | O_NONBLOCK);
	if (fd < 0) {
		scan->complete = !exhausted(fd);
		return scan->complete;
	}
	if (!scard_device_ioctl(fd, SCARD_IOC_GET_INFO, &info) &&
	    !scard_device_ioctl(fd, SCARD_IOC_GET_STATUS, &status)) {
		/* of the node: in a container it may differ from the kernel's */
		r.minor = strtoul(path + strlen(SCARD_DEV_DIR "/" SCARD_DEV_NAME), NULL, 10);
		r.index = info.reader;
		r.slot = info.slot;
		r.state = status.state;
		r.card_event = status.card_event;
		r.vendor = info.vendor_id;
		r.product = info.product_id;
		snprintf(r.kernel_name, sizeof(r.kernel_name), "%s", info.name);
		scan->complete = scard_reader_list_add(scan->list, &r);
	}
	scard_descriptors_close(fd);
	return scan->complete;
}

/* List the readers that can be opened; return false if out of descriptors or memory. */
bool scard_nodes_scan(struct reader_list *list)
{
	struct scan scan = { .list = list, .complete = true };

	return for_each_node(scan_one, &scan) && scan.complete;
}
