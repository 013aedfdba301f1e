// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The device nodes of readers. A reader's node is the one with its device number, whatever its
 * name: a container may have /dev/scard1 of the system as /dev/scard0. Usually it is
 * /dev/scardN, and only that is looked at.
 *
 * Processes that do not see the netlink family find the readers by the nodes.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "descriptors.h"
#include "device.h"
#include "nodes.h"
#include "paths.h"
#include "reader_list.h"

/* Where /dev cannot be listed: how many numbers without a node end the search */
#define PROBE_GAP	256

/*
 * Return a descriptor that is readable when nodes were created, removed or got other
 * permissions; -1: no inotify.
 */
int scard_nodes_watch(void)
{
	int fd;

	scard_descriptors_lock();
	fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	fd = scard_descriptors_unlock(fd < 0 ? -errno : fd);
	if (fd < 0)
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

/* Read the events of scard_nodes_watch(). */
void scard_nodes_read(int fd, struct nodes_events *events)
{
	_Alignas(struct inotify_event) char buf[4096];
	const struct inotify_event *event;
	ssize_t n, at;

	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (at = 0; at < n; at += sizeof(*event) + event->len) {
			event = (const struct inotify_event *)(buf + at);
			if (event->mask & IN_Q_OVERFLOW)
				events->changed = events->permissions = events->others = true;
			if (!event->len)
				continue;
			if (!is_node(event->name)) {
				events->others = true;
				continue;
			}
			events->permissions = true;
			if (!(event->mask & IN_ATTRIB))
				events->changed = true;
		}
	}
}

/* ---- all nodes ---- */

/* Out of resources: the node may exist. */
static bool exhausted(int error)
{
	return error == -EMFILE || error == -ENFILE || error == -ENOMEM;
}

/* access() and stat() of a node, by one name for the tests */
static bool stat_node(const char *path, struct stat *st, int flags)
{
	return !fstatat(AT_FDCWD, path, st, flags) && S_ISCHR(st->st_mode);
}

/* Return the major number of the devices, which tells a node of another name; 0: unknown. */
static unsigned int major_number(void)
{
	char buf[4096], name[16];
	unsigned int number;
	size_t len = 0;
	char *line;
	ssize_t n;
	int fd;

	fd = scard_descriptors_open(SCARD_PROC_DEVICES, O_RDONLY);
	if (fd < 0)
		return 0;
	while (scard_descriptors_ours(fd) &&
	       (n = read(fd, buf + len, sizeof(buf) - 1 - len)) > 0)
		len += n;
	scard_descriptors_close(fd);
	buf[len] = '\0';
	for (line = buf; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (sscanf(line, "%u %15s", &number, name) == 2 && !strcmp(name, SCARD_DEV_NAME))
			return number;
	}
	return 0;
}

/* An entry of getdents64(2), which no header declares */
struct linux_dirent64 {
	uint64_t d_ino;
	int64_t d_off;
	unsigned short d_reclen;
	unsigned char d_type;
	char d_name[];
};

/* May this entry of /dev be a node of a reader? */
static bool is_candidate(const struct linux_dirent64 *entry, const char *path, unsigned int *major)
{
	struct stat st;

	if (is_node(entry->d_name))
		return true;
	/* DT_REG: a node that is bound over a file */
	if (entry->d_type != DT_CHR && entry->d_type != DT_REG && entry->d_type != DT_UNKNOWN)
		return false;
	if (*major == UINT_MAX)
		*major = major_number();
	return *major && stat_node(path, &st, AT_SYMLINK_NOFOLLOW) && major(st.st_rdev) == *major;
}

typedef bool each_node(const char *path, void *arg);

/* /dev cannot be listed: try the usual names. */
static void probe(each_node *f, void *arg)
{
	char path[NODE_PATH_SIZE];
	unsigned int missing = 0;
	struct stat st;
	uint32_t minor;

	for (minor = 0; missing < PROBE_GAP; minor++) {
		scard_nodes_name(path, minor);
		if (!stat_node(path, &st, 0)) {
			missing++;
			continue;
		}
		missing = 0;
		if (!f(path, arg))
			break;
	}
}

/*
 * Call f for each entry of /dev that may be a node until it returns false; 0: all were listed.
 * A DIR could not be freed without closing its descriptor, whose number may be the program's.
 */
static int list_nodes(int dir, each_node *f, void *arg)
{
	_Alignas(struct linux_dirent64) char buf[4096];
	const struct linux_dirent64 *entry;
	unsigned int major = UINT_MAX;
	char path[NODE_PATH_SIZE];
	long n, at;

	do {
		if (!scard_descriptors_ours(dir))
			return -EBADF;
		n = syscall(SYS_getdents64, dir, buf, sizeof(buf));
		for (at = 0; at < n; at += entry->d_reclen) {
			entry = (const struct linux_dirent64 *)(buf + at);
			snprintf(path, sizeof(path), "%s/%s", SCARD_DEV_DIR, entry->d_name);
			if (is_candidate(entry, path, &major) && !f(path, arg))
				return 0;
		}
	} while (n > 0);
	return n ? -errno : 0;
}

/* Call f for each node until it returns false. Return 0, or an error if out of resources. */
static int for_each_node(each_node *f, void *arg)
{
	int fd, error;

	fd = scard_descriptors_open(SCARD_DEV_DIR, O_RDONLY | O_DIRECTORY);
	if (exhausted(fd))
		return fd;
	error = fd < 0 ? fd : list_nodes(fd, f, arg);
	if (fd >= 0)
		scard_descriptors_close(fd);
	if (error)
		probe(f, arg);
	return 0;
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

/* ---- the node of a reader ---- */

/* Is this the node of a reader? Of the usual name, do not ask for the major number. */
static bool is_node_of(const char *path, uint32_t minor, struct stat *st)
{
	return stat_node(path, st, 0) && minor(st->st_rdev) == minor;
}

struct search {
	uint32_t minor;
	char *path;
	struct stat *st;
	bool found;
};

static bool search_one(const char *path, void *arg)
{
	struct search *search = arg;

	search->found = is_node_of(path, search->minor, search->st);
	if (search->found)
		strcpy(search->path, path);
	return !search->found;
}

/*
 * Find the node of a reader; @path has room for NODE_PATH_SIZE. Return 0, -ENOENT if there
 * is none, or an error if out of resources.
 */
int scard_nodes_find(uint32_t minor, char *path, struct stat *st)
{
	struct search search = { .minor = minor, .path = path, .st = st };
	int error;

	scard_nodes_name(path, minor);
	if (is_node_of(path, minor, st))
		return 0;
	error = for_each_node(search_one, &search);
	return search.found ? 0 : error ? error : -ENOENT;
}

static bool mark_one(const char *path, void *arg)
{
	const struct reader_list *list = arg;
	struct reader *r;
	struct stat st;

	if (stat_node(path, &st, 0)) {
		r = scard_reader_list_find(list, minor(st.st_rdev));
		if (r)
			r->node = true;
	}
	return true;
}

/*
 * Remove the readers without a node from the list. *usual: each reader was there, under its
 * usual name. Return false if out of descriptors or memory.
 */
bool scard_nodes_filter(struct reader_list *list, bool *usual)
{
	char path[NODE_PATH_SIZE];
	size_t i, kept = 0;
	struct stat st;

	*usual = true;
	for (i = 0; i < list->count; i++) {
		scard_nodes_name(path, list->readers[i].minor);
		list->readers[i].node = is_node_of(path, list->readers[i].minor, &st);
		*usual &= list->readers[i].node;
	}
	if (*usual)
		return true;
	if (for_each_node(mark_one, list))
		return false;
	for (i = 0; i < list->count; i++) {
		if (list->readers[i].node)
			list->readers[kept++] = list->readers[i];
	}
	list->count = kept;
	return true;
}

/* ---- the list of readers without netlink ---- */

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
		r.minor = info.minor;
		r.index = info.reader;
		r.slot = info.slot;
		r.state = status.state;
		r.card_event = status.card_event;
		r.vendor = info.vendor_id;
		r.product = info.product_id;
		snprintf(r.kernel_name, sizeof(r.kernel_name), "%s", info.name);
		if (!scard_reader_list_find(scan->list, r.minor))	/* else a second node */
			scan->complete = scard_reader_list_add(scan->list, &r);
	}
	scard_descriptors_close(fd);
	return scan->complete;
}

/* List the readers that can be opened; return false if out of descriptors or memory. */
bool scard_nodes_scan(struct reader_list *list)
{
	struct scan scan = { .list = list, .complete = true };

	return !for_each_node(scan_one, &scan) && scan.complete;
}
