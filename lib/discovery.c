// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which readers there are: one list for the process, kept up to date by events, so
 * that looking up a name usually costs one system call that finds nothing new.
 *
 * The list comes from netlink, or where that cannot be seen from the device nodes.
 * Nothing is opened before somebody asks.  Whoever finds a change tells all listeners,
 * since reading an event takes it away from the others who poll the same descriptor.
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
	struct netlink *netlink;	/* NULL: the nodes are what there is */
	int nodes;			/* inotify, or -1 */
	bool valid;			/* the list has been made */
	bool stale;			/* it has to be made again */
	bool came;			/* readers came or went since it was made */
	struct reader_list list;	/* sorted, named, without the hidden ones */
	size_t at;			/* where the next name is looked for first */
	unsigned int generation;	/* counts whatever a listener may want to see */
	unsigned int changes;		/* counts readers that came or went */
	struct listener *listeners;
} readers = { .lock = PTHREAD_MUTEX_INITIALIZER, .nodes = -1 };

/* ---- changes; with the lock ---- */

static void tell_listeners(void)
{
	struct listener *l;

	readers.generation++;
	for (l = readers.listeners; l; l = l->next)
		eventfd_write(l->eventfd, 1);
}

/*
 * What is known of a reader beyond what the kernel tells. It has just been plugged in
 * if it was not there when we looked before; or if it settles at the first look, or
 * after readers came and went.
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
		if (old ? readers.came && settling && !old->settle_until :
			  readers.valid || settling)
			r->settle_until = until;
	}
}

/* Make the list anew. */
static void renew_list(void)
{
	struct reader_list list = { 0 };
	bool same;

	if (!(readers.netlink ? scard_netlink_dump(readers.netlink, &list) : scard_nodes_scan(&list))) {
		/* out of descriptors or memory, at worst: what we knew is the best guess */
		free(list.readers);
		readers.stale = true;
		return;
	}
	scard_reader_list_finish(&list);
	carry_over(&list);
	same = readers.valid && scard_reader_list_same(&list, &readers.list);
	/* unless the events have counted */
	if (readers.valid && !same && !readers.came)
		readers.changes++;
	free(readers.list.readers);
	readers.list = list;
	if (!same || readers.came)
		tell_listeners();
	readers.valid = true;
	readers.stale = false;
	readers.came = false;
}

static void on_added(uint32_t minor)
{
	(void)minor;
	readers.came = true;
	readers.changes++;
}

static void on_removed(uint32_t minor)
{
	struct reader *r = scard_reader_list_find(&readers.list, minor);

	readers.came = true;
	if (!r || !r->gone)	/* or it is no news any more */
		readers.changes++;
	if (r)
		*r = readers.list.readers[--readers.list.count];
}

static void on_changed(uint32_t minor, uint32_t state, uint32_t card_event)
{
	struct reader *r = scard_reader_list_find(&readers.list, minor);

	if (!r || (r->state == state && r->card_event == card_event))
		return;
	r->state = state;
	r->card_event = card_event;
	tell_listeners();
}

static void open_source(void)
{
	readers.netlink = scard_netlink_open();
	if (!readers.netlink && readers.nodes < 0)
		readers.nodes = scard_nodes_watch();
	readers.stale = true;
}

/* A reader that has left may be another one by now, under the same number. */
static void nobody_left(void)
{
	size_t i;

	for (i = 0; i < readers.list.count; i++)
		readers.list.readers[i].gone = false;
}

/* Take in what has happened since the last time. */
static void take_in_events(void)
{
	struct netlink_events events = {
		.added = on_added,
		.removed = on_removed,
		.changed = on_changed,
	};
	bool permissions = false, nodes = false;

	if (!readers.netlink && readers.nodes < 0)
		open_source();
	if (readers.netlink)
		scard_netlink_read(readers.netlink, &events);
	if (readers.nodes >= 0)
		nodes = scard_nodes_read(readers.nodes, &permissions);
	if (nodes && !readers.netlink) {
		open_source();	/* perhaps the module was loaded */
		readers.came = true;
		readers.changes++;
	}
	/* that the family went is a message, too; it has another number when it comes back */
	if (events.closed || events.lost) {
		scard_netlink_close(readers.netlink);
		open_source();
	}
	if (events.lost) {
		/* it may have been anything: everybody looks at everything */
		readers.came = true;
		readers.changes++;
		nobody_left();
	}
	if (permissions)
		tell_listeners();
	/* nothing tells of changes behind a node that stays where it is */
	if (!readers.netlink || readers.stale || events.stale || events.lost)
		renew_list();
}

/* ---- for the others ---- */

/* access() would ask for the real user, for whom the kernel makes credentials first */
static bool exists(const char *path)
{
	return !faccessat(AT_FDCWD, path, F_OK, AT_EACCESS);
}

/*
 * Is there a service? Cheap, since SCardEstablishContext asks: usually one system call. If
 * this process listens to the family already, that finds no news of its end; else the
 * first is the one whose path the kernel walks without a lock.
 */
bool scard_discovery_exist(void)
{
	struct netlink *nl;
	bool known;

	pthread_mutex_lock(&readers.lock);
	if (readers.netlink)
		take_in_events();
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
	take_in_events();
	known = readers.valid;
	empty = !readers.list.count && !readers.netlink;
	pthread_mutex_unlock(&readers.lock);
	if (!known)
		return SCARD_E_NO_MEMORY;
	return empty && !scard_discovery_exist() ? SCARD_E_NO_SERVICE : SCARD_S_SUCCESS;
}

/* What is there to wait for? Fills in the first reader that settles, after @done. */
static bool next_arrival(struct reader *r, size_t *done)
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

static void arrived(const struct reader *r)
{
	struct reader *mine;

	pthread_mutex_lock(&readers.lock);
	mine = scard_reader_list_find(&readers.list, r->minor);
	if (mine)
		mine->settle_until = 0;
	pthread_mutex_unlock(&readers.lock);
}

/*
 * Has a device that has just come got its permissions? udev notes each device that it
 * knows, and runs what gives it to the user at the seat before its queue is empty. Where
 * there is no udev, or no node, nobody will give any.
 */
static bool permissions_final(uint32_t minor)
{
	char path[sizeof(SCARD_DEV_DIR "/" SCARD_DEV_NAME SCARD_UDEV_DIR) + 40];
	struct stat st;

	snprintf(path, sizeof(path), SCARD_DEV_DIR "/" SCARD_DEV_NAME "%u", minor);
	if (!exists(SCARD_UDEV_DIR "/control") || stat(path, &st))
		return true;
	snprintf(path, sizeof(path), SCARD_UDEV_DIR "/data/c%u:%u", major(st.st_rdev),
		 minor(st.st_rdev));
	return exists(path) && !exists(SCARD_UDEV_DIR "/queue");
}

/*
 * Until when to wait for a reader that may not be opened, or 0: as long as its card is
 * being found out, or its permissions are on their way, of which nothing tells.
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

/* Wait until the card in a reader that was plugged in just now is known. */
static void settle_reader(struct reader *r)
{
	struct pollfd fds[1 + DISCOVERY_POLLFDS];
	struct scard_status status;
	struct reader still;
	int64_t left, until;
	int fd = -1;

	while ((left = r->settle_until - scard_clock_ms()) > 0) {
		/* asked first: what is final then, is so for the attempt to open it */
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
		poll(fds, 1 + DISCOVERY_POLLFDS, left > 0 ? left : 0);
		scard_discovery_refresh();
		if (!scard_discovery_find(r->name, &still) || still.minor != r->minor)
			break;
		r->state = still.state;
	}
	if (fd >= 0)
		scard_descriptors_close(fd);
	arrived(r);
}

/* Wait, for a bounded time, until readers that were just plugged in know their card. */
void scard_discovery_settle(void)
{
	size_t done = 0;
	struct reader r;

	while (next_arrival(&r, &done))
		settle_reader(&r);
}

/* The reader of that name, as of the last refresh. */
bool scard_discovery_find(const char *name, struct reader *found)
{
	bool there = false;
	size_t i, at;

	pthread_mutex_lock(&readers.lock);
	/* who asks for all of them asks in this order: go on behind the one found last */
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

/*
 * Its device says that this reader is gone. Netlink says so a moment later, but it is
 * gone for us from now on.
 */
void scard_discovery_gone(uint32_t minor, const char *kernel_name)
{
	struct reader *r;

	pthread_mutex_lock(&readers.lock);
	r = readers.netlink ? scard_reader_list_find(&readers.list, minor) : NULL;
	if (r && !r->gone && !strcmp(r->kernel_name, kernel_name)) {
		r->gone = true;
		readers.changes++;
		tell_listeners();
	}
	pthread_mutex_unlock(&readers.lock);
}

/* All names, each with its NUL, and one more at the end; NULL: out of memory. */
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

/* Counts whatever somebody who waits may want to look at. */
unsigned int scard_discovery_generation(void)
{
	unsigned int generation;

	pthread_mutex_lock(&readers.lock);
	generation = readers.generation;
	pthread_mutex_unlock(&readers.lock);
	return generation;
}

/* Counts readers that came or went: 1 to 0xffff, for the high word of a state. */
unsigned int scard_discovery_changes(void)
{
	unsigned int changes;

	pthread_mutex_lock(&readers.lock);
	changes = readers.changes % 0xffff + 1;
	pthread_mutex_unlock(&readers.lock);
	return changes;
}

/* Somebody may not open a reader yet: notice when that changes. */
void scard_discovery_watch_permissions(void)
{
	pthread_mutex_lock(&readers.lock);
	if (readers.nodes < 0)
		readers.nodes = scard_nodes_watch();
	pthread_mutex_unlock(&readers.lock);
}

/*
 * What to poll for news; call scard_discovery_refresh() afterwards. False if that is not all: a node
 * may stay where it is when its reader leaves, as in a container that was given it, perhaps
 * there is no inotify to be had, or the last news could not be followed up.
 */
bool scard_discovery_pollfds(struct pollfd *fds)
{
	bool all;

	pthread_mutex_lock(&readers.lock);
	fds[0] = (struct pollfd){
		.fd = readers.netlink ? scard_netlink_fd(readers.netlink) : -1,
		.events = POLLIN,
	};
	fds[1] = (struct pollfd){ .fd = readers.nodes, .events = POLLIN };
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

/* With the lock: forget all; begin anew when somebody asks. */
static void forget(void)
{
	free(readers.list.readers);
	memset(&readers.list, 0, sizeof(readers.list));
	readers.netlink = NULL;
	readers.nodes = -1;
	readers.valid = false;
	readers.came = false;
}

/* Nobody needs the list any more. */
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
 * The descriptors are closed elsewhere. The netlink socket's memory is left alone:
 * libnl has a lock of its own that another thread of the parent may have held.
 */
void scard_discovery_fork_child(void)
{
	readers.listeners = NULL;
	forget();
	pthread_mutex_unlock(&readers.lock);
}
