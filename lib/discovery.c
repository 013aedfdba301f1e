// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The list of readers, one for the process. Events keep it up to date, so a refresh usually
 * costs one system call that finds no event.
 *
 * The list comes from netlink, or without the netlink family from the device nodes. The
 * first call opens them. All threads poll the same descriptors, and the first to read an
 * event takes it from the others: it wakes them by their listeners.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "clock.h"
#include "descriptors.h"
#include "device.h"
#include "discovery.h"
#include "netlink.h"
#include "nodes.h"
#include "paths.h"
#include "reader_list.h"

/* Polling interval for the permissions of a new reader's node, ms */
#define PERMISSIONS_MS	50

static struct {
	pthread_mutex_t lock;
	struct netlink *netlink;	/* NULL: use the nodes */
	int nodes;			/* inotify, or -1 */
	bool valid;			/* @list was made */
	bool stale;			/* @list must be made again */
	bool moved;			/* events: readers of @list went, or any may have */
	bool counted;			/* @changes includes the events that are being read */
	bool suspect;			/* the program has closed descriptors of ours */
	bool foreign;			/* netlink: a reader has no node of its name */
	struct reader_list list;	/* sorted, named, without hidden readers */
	size_t at;			/* index where the next search for a name starts */
	unsigned int generation;	/* counts all changes, for listeners */
	unsigned int changes;		/* counts readers that came or went */
	struct listener *listeners;
} readers = { .lock = PTHREAD_MUTEX_INITIALIZER, .nodes = -1 };

/* ---- changes; call these with the lock held ---- */

static void wake_listeners(void)
{
	struct listener *l;

	readers.generation++;
	for (l = readers.listeners; l; l = l->next) {
		if (scard_descriptors_ours(l->eventfd))
			eventfd_write(l->eventfd, 1);
	}
}

/*
 * Copy settle_until and gone from the old list to the new one. Set settle_until of readers that
 * were just plugged in: those not in the old list; with no old list, those that are settling;
 * and after readers came or went, those that are settling again.
 */
static void carry_over(struct reader_list *list)
{
	int64_t until = scard_clock_ms() + SETTLE_MS;
	size_t i;

	for (i = 0; i < list->count; i++) {
		struct reader *r = &list->readers[i];
		const struct reader *old = scard_reader_list_find(&readers.list, r->minor);
		bool settling = r->state & SCARD_STATE_BIT_SETTLING;

		if (old && strcmp(old->kernel_name, r->kernel_name))
			old = NULL;
		if (old) {
			r->settle_until = old->settle_until;
			r->gone = old->gone;
		}
		if (old ? readers.moved && settling && !old->settle_until :
			  readers.valid || settling)
			r->settle_until = until;
	}
}

/*
 * Get the readers that have a node. Netlink lists those of another namespace too, if this
 * process is in a container with the network of the system.
 */
static bool get_list(struct reader_list *list)
{
	bool usual = true;

	if (!readers.netlink)
		return scard_nodes_scan(list);
	if (!scard_netlink_dump(readers.netlink, list) || !scard_nodes_filter(list, &usual))
		return false;
	readers.foreign = !usual;
	return true;
}

/* Nodes may come while netlink says nothing: watch them, and look again after that. */
static void watch_nodes(void)
{
	if (!readers.foreign || readers.nodes >= 0)
		return;
	readers.nodes = scard_nodes_watch();
	readers.stale = readers.nodes >= 0;
}

/* Make the list again. */
static void renew_list(void)
{
	struct reader_list list = { 0 };
	bool same;

	if (!get_list(&list)) {
		/* perhaps out of descriptors or memory: keep the old list */
		free(list.readers);
		readers.stale = true;
		return;
	}
	scard_reader_list_finish(&list);
	carry_over(&list);
	same = readers.valid && scard_reader_list_same(&list, &readers.list);
	if (readers.valid && !same && !readers.counted)
		readers.changes++;
	free(readers.list.readers);
	readers.list = list;
	if (!same || readers.moved)
		wake_listeners();
	readers.valid = true;
	readers.stale = false;
	readers.moved = false;
	watch_nodes();
}

static void count_change(void)
{
	readers.changes++;
	readers.counted = true;
}

/*
 * A reader that the list does not show is private to another user, or has no node here, or came
 * and went: no caller learns of it. A new reader changes nothing either, until the dump shows it.
 */
static void on_removed(uint32_t minor)
{
	struct reader *r = scard_reader_list_find(&readers.list, minor);

	if (!r)
		return;
	readers.moved = true;
	if (!r->gone)	/* else scard_discovery_gone() has counted it */
		count_change();
	readers.list.count--;
	memmove(r, r + 1, (readers.list.readers + readers.list.count - r) * sizeof(*r));
}

static void on_changed(uint32_t minor, uint32_t state, uint32_t card_event)
{
	struct reader *r = scard_reader_list_find(&readers.list, minor);

	if (!r || (r->state == state && r->card_event == card_event))
		return;
	r->state = state;
	r->card_event = card_event;
	wake_listeners();
}

static void open_source(void)
{
	readers.netlink = scard_netlink_open();
	if (!readers.netlink && readers.nodes < 0)
		readers.nodes = scard_nodes_watch();
	readers.stale = true;
}

/* After lost events: a number may belong to another reader now. */
static void clear_gone(void)
{
	size_t i;

	for (i = 0; i < readers.list.count; i++)
		readers.list.readers[i].gone = false;
}

static void read_netlink(struct netlink_events *events)
{
	if (readers.suspect && !scard_descriptors_ours(scard_netlink_fd(readers.netlink)))
		events->lost = true;
	else
		scard_netlink_read(readers.netlink, events);
	readers.suspect = false;
}

/* As scard_nodes_read(); open anew what the program has closed. */
static void read_nodes(struct nodes_events *events)
{
	struct pollfd fd = { .fd = readers.nodes, .events = NODES_EVENTS };

	if (poll(&fd, 1, 0) <= 0)
		return;
	if (scard_descriptors_ours(readers.nodes)) {
		scard_nodes_read(readers.nodes, events);
		return;
	}
	scard_descriptors_close(readers.nodes);
	readers.nodes = scard_nodes_watch();
	events->changed = events->permissions = true;
}

/* Read the pending events and update the list. */
static void read_events(void)
{
	struct netlink_events events = {
		.removed = on_removed,
		.changed = on_changed,
	};
	struct nodes_events nodes = { 0 };

	readers.counted = false;
	if (!readers.netlink && readers.nodes < 0)
		open_source();
	if (readers.netlink)
		read_netlink(&events);
	if (readers.nodes >= 0)
		read_nodes(&nodes);
	if (readers.foreign && (nodes.changed || nodes.others)) {
		readers.stale = true;
		nodes.permissions = true;
	}
	if (nodes.changed && !readers.netlink) {
		open_source();	/* perhaps the module was loaded */
		readers.moved = true;
		count_change();
	}
	/* the family has another number after the module was loaded again */
	if (events.closed || events.lost) {
		scard_netlink_close(readers.netlink);
		open_source();
	}
	if (events.lost) {
		/* assume every change */
		readers.moved = true;
		count_change();
		clear_gone();
	}
	if (nodes.permissions)
		wake_listeners();
	/* without netlink no event tells that a node got another reader */
	if (!readers.netlink || readers.stale || events.stale || events.lost)
		renew_list();
}

/* ---- interface ---- */

/* access() is slower: it checks for the real user, for which the kernel makes credentials */
static bool exists(const char *path)
{
	return !faccessat(AT_FDCWD, path, F_OK, AT_EACCESS);
}

/*
 * Is the module loaded, or a node visible? SCardEstablishContext calls this: usually it is
 * one system call, a read of the netlink socket if that is open, else a look at /dev/scard0,
 * whose path the kernel walks without a lock.
 */
bool scard_discovery_exist(void)
{
	struct netlink *nl;
	bool known;

	pthread_mutex_lock(&readers.lock);
	if (readers.netlink)
		read_events();
	known = readers.netlink;
	pthread_mutex_unlock(&readers.lock);
	if (known)
		return true;

	if (exists(SCARD_DEV_DIR "/" SCARD_DEV_NAME "0") || exists(SCARD_CLASS_DIR) ||
	    scard_nodes_exist())
		return true;
	nl = scard_netlink_open();
	if (!nl)
		return false;
	scard_netlink_close(nl);
	return true;
}

/* Bring the list up to date. */
LONG scard_discovery_refresh(void)
{
	bool known, empty;

	pthread_mutex_lock(&readers.lock);
	read_events();
	/* the program may have closed descriptors just now */
	if (!readers.valid)
		read_events();
	known = readers.valid;
	empty = !readers.list.count && !readers.netlink;
	pthread_mutex_unlock(&readers.lock);
	if (!known)
		return SCARD_E_NO_MEMORY;
	return empty && !scard_discovery_exist() ? SCARD_E_NO_SERVICE : SCARD_S_SUCCESS;
}

/* Copy the next reader that is settling into *r; *done: index where the search starts. */
static bool next_settling(struct reader *r, size_t *done)
{
	int64_t now = scard_clock_ms();
	bool found = false;

	pthread_mutex_lock(&readers.lock);
	for (; *done < readers.list.count && !found; ++*done) {
		*r = readers.list.readers[*done];
		found = r->settle_until > now && !r->gone;
	}
	pthread_mutex_unlock(&readers.lock);
	return found;
}

static void set_settled(const struct reader *r)
{
	struct reader *mine;

	pthread_mutex_lock(&readers.lock);
	mine = scard_reader_list_find(&readers.list, r->minor);
	if (mine)
		mine->settle_until = 0;
	pthread_mutex_unlock(&readers.lock);
}

/*
 * Has a new node got its final permissions? udev writes a file for each device that it has
 * handled, and its queue is empty after it has given the node to the user at the seat.
 * Without udev, or without a node, the permissions do not change.
 */
static bool permissions_final(uint32_t minor)
{
	char path[NODE_PATH_SIZE + sizeof(SCARD_UDEV_DIR)];
	struct stat st;

	if (!exists(SCARD_UDEV_DIR "/control") || scard_nodes_find(minor, path, &st))
		return true;
	snprintf(path, sizeof(path), SCARD_UDEV_DIR "/data/c%u:%u", major(st.st_rdev),
		 minor(st.st_rdev));
	return exists(path) && !exists(SCARD_UDEV_DIR "/queue");
}

/*
 * Return the time until which to wait for a reader that this process may not open, or 0 if
 * its state is final: while the kernel reports SETTLING, and while udev has not set the
 * permissions, for which there is no event.
 */
int64_t scard_discovery_settle_until(const struct reader *r)
{
	int64_t now = scard_clock_ms();

	if (r->settle_until <= now)
		return 0;
	if (r->state & SCARD_STATE_BIT_SETTLING)
		return r->settle_until;
	if (permissions_final(r->minor))
		return 0;
	return r->settle_until - now < PERMISSIONS_MS ? r->settle_until : now + PERMISSIONS_MS;
}

/* Wait until the card state of a reader that was just plugged in is known. */
static void settle_reader(struct reader *r)
{
	struct pollfd fds[1 + DISCOVERY_POLLFDS];
	struct scard_status status;
	struct reader still;
	int64_t left, until;
	int fd = -1;

	while ((left = r->settle_until - scard_clock_ms()) > 0) {
		/* before the open: permissions that are final now are so for the open */
		until = scard_discovery_settle_until(r);
		if (fd < 0)
			fd = scard_device_open(r->minor, r->kernel_name, O_RDONLY);
		if (fd == -ENXIO) {
			scard_discovery_gone(r->minor, r->kernel_name);
			break;
		}
		if (fd >= 0) {
			memset(&status, 0, sizeof(status));
			if (scard_device_ioctl(fd, SCARD_IOC_GET_STATUS, &status) ||
			    !(status.state & SCARD_STATE_BIT_SETTLING))
				break;
		} else {
			if (!until)
				break;
			left = until - scard_clock_ms();
			scard_discovery_watch_permissions();
		}
		fds[0] = (struct pollfd){ .fd = fd, .events = POLLPRI };
		scard_discovery_pollfds(fds + 1);
		if (poll(fds, 1 + DISCOVERY_POLLFDS, left > 0 ? left : 0) < 0 && errno != EINTR)
			break;	/* the state is as good as it gets */
		scard_discovery_refresh();
		if (!scard_discovery_find(r->name, &still) || still.minor != r->minor)
			break;
		r->state = still.state;
	}
	if (fd >= 0)
		scard_descriptors_close(fd);
	set_settled(r);
}

/* Wait up to SETTLE_MS for the card state of readers that were just plugged in. */
void scard_discovery_settle(void)
{
	size_t done = 0;
	struct reader r;

	while (next_settling(&r, &done))
		settle_reader(&r);
}

/* Find a reader by its name, in the list as of the last refresh. */
bool scard_discovery_find(const char *name, struct reader *found)
{
	bool there = false;
	size_t i, at;

	pthread_mutex_lock(&readers.lock);
	/* programs often look up all readers in order: start after the last one found */
	at = readers.at;
	for (i = 0; i < readers.list.count && !there; i++, at++) {
		const struct reader *r;

		if (at >= readers.list.count)
			at = 0;
		r = &readers.list.readers[at];
		there = !r->gone && !strcmp(r->name, name);
		if (there) {
			*found = *r;
			readers.at = at + 1;
		}
	}
	pthread_mutex_unlock(&readers.lock);
	return there;
}

/* Hide a reader whose device returned ENODEV, before the netlink event of its removal. */
void scard_discovery_gone(uint32_t minor, const char *kernel_name)
{
	struct reader *r;

	pthread_mutex_lock(&readers.lock);
	r = readers.netlink ? scard_reader_list_find(&readers.list, minor) : NULL;
	if (r && !r->gone && !strcmp(r->kernel_name, kernel_name)) {
		r->gone = true;
		readers.changes++;
		wake_listeners();
	}
	pthread_mutex_unlock(&readers.lock);
}

/* A reader of the list has no node any more: the next refresh makes the list again. */
void scard_discovery_missing(void)
{
	pthread_mutex_lock(&readers.lock);
	readers.stale = true;
	pthread_mutex_unlock(&readers.lock);
}

/*
 * The program has closed a descriptor of ours: the next refresh looks whether the netlink socket
 * is still ours. A quiet socket of the program in its place does not show otherwise.
 */
void scard_discovery_suspect(void)
{
	pthread_mutex_lock(&readers.lock);
	readers.suspect = true;
	pthread_mutex_unlock(&readers.lock);
}

/* Return all names, each with its NUL, and a final NUL; NULL if out of memory. */
char *scard_discovery_names(size_t *len)
{
	char *names, *p;
	size_t i;

	pthread_mutex_lock(&readers.lock);
	p = names = malloc(readers.list.count * sizeof(readers.list.readers->name) + 1);
	if (names) {
		for (i = 0; i < readers.list.count; i++) {
			if (!readers.list.readers[i].gone)
				p = stpcpy(p, readers.list.readers[i].name) + 1;
		}
		*p++ = '\0';
		*len = p - names;
	}
	pthread_mutex_unlock(&readers.lock);
	return names;
}

/* Return the count of all changes: readers, states, permissions. */
unsigned int scard_discovery_generation(void)
{
	unsigned int generation;

	pthread_mutex_lock(&readers.lock);
	generation = readers.generation;
	pthread_mutex_unlock(&readers.lock);
	return generation;
}

/* Return the count of readers that came or went, 1 to 0xffff, for the high word of a state. */
unsigned int scard_discovery_changes(void)
{
	unsigned int changes;

	pthread_mutex_lock(&readers.lock);
	changes = readers.changes % 0xffff + 1;
	pthread_mutex_unlock(&readers.lock);
	return changes;
}

/* Watch the nodes for changed permissions, since a reader may not be opened yet. */
void scard_discovery_watch_permissions(void)
{
	pthread_mutex_lock(&readers.lock);
	if (readers.nodes < 0)
		readers.nodes = scard_nodes_watch();
	pthread_mutex_unlock(&readers.lock);
}

/*
 * Fill in the descriptors to poll for changes; the caller then calls
 * scard_discovery_refresh(). Return false if the caller must also refresh at intervals: without
 * netlink, as a node in a container can outlive its reader and inotify may fail, or if the
 * last try to make the list failed.
 */
bool scard_discovery_pollfds(struct pollfd *fds)
{
	bool all;

	pthread_mutex_lock(&readers.lock);
	fds[0] = (struct pollfd){
		.fd = readers.netlink ? scard_netlink_fd(readers.netlink) : -1,
		.events = POLLIN,
	};
	fds[1] = (struct pollfd){ .fd = readers.nodes, .events = NODES_EVENTS };
	all = readers.netlink && !readers.stale;
	pthread_mutex_unlock(&readers.lock);
	return all;
}

void scard_discovery_listen(struct listener *l)
{
	pthread_mutex_lock(&readers.lock);
	l->next = readers.listeners;
	readers.listeners = l;
	pthread_mutex_unlock(&readers.lock);
}

void scard_discovery_unlisten(struct listener *l)
{
	struct listener **p;

	pthread_mutex_lock(&readers.lock);
	for (p = &readers.listeners; *p != l; p = &(*p)->next)
		;
	*p = l->next;
	pthread_mutex_unlock(&readers.lock);
}

/* With the lock: forget all; the next call opens netlink again. */
static void forget(void)
{
	free(readers.list.readers);
	memset(&readers.list, 0, sizeof(readers.list));
	readers.netlink = NULL;
	readers.nodes = -1;
	readers.valid = false;
	readers.moved = false;
	readers.foreign = false;
}

/* The last context is gone: close all. */
void scard_discovery_close(void)
{
	pthread_mutex_lock(&readers.lock);
	if (readers.netlink)
		scard_netlink_close(readers.netlink);
	if (readers.nodes >= 0)
		scard_descriptors_close(readers.nodes);
	forget();
	pthread_mutex_unlock(&readers.lock);
}

/* ---- fork ---- */

void scard_discovery_fork_prepare(void)
{
	pthread_mutex_lock(&readers.lock);
}

void scard_discovery_fork_parent(void)
{
	pthread_mutex_unlock(&readers.lock);
}

/*
 * descriptors.c closes the descriptors. The memory of the netlink socket leaks: another thread
 * of the parent may have held a lock of libnl.
 */
void scard_discovery_fork_child(void)
{
	readers.listeners = NULL;
	forget();
	pthread_mutex_unlock(&readers.lock);
}
