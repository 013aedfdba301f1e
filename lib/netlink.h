/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Readers and their events, by the kernel's generic netlink family "scard". */
#ifndef SCARD_LIB_NETLINK_H
#define SCARD_LIB_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct netlink;
struct reader_list;

/**
 * struct netlink_events - what scard_netlink_read() has received
 * @stale: readers were added or removed: dump again
 * @lost: events were lost: reopen and dump again
 * @closed: the family was unregistered: reopen
 * @removed: called for each removed reader
 * @changed: called for each change of a reader's state
 */
struct netlink_events {
	bool stale;
	bool lost;
	bool closed;
	void (*removed)(uint32_t minor);
	void (*changed)(uint32_t minor, uint32_t state, uint32_t card_event);
};

#ifndef SCARD_NO_NETLINK

struct netlink *scard_netlink_open(void);
void scard_netlink_close(struct netlink *nl);
int scard_netlink_fd(const struct netlink *nl);
void scard_netlink_read(struct netlink *nl, struct netlink_events *events);
bool scard_netlink_dump(struct netlink *nl, struct reader_list *list);

#else	/* make NETLINK=0: as if the family were never registered */

static inline struct netlink *scard_netlink_open(void)
{
	return NULL;
}

static inline void scard_netlink_close(struct netlink *nl)
{
	(void)nl;
}

static inline int scard_netlink_fd(const struct netlink *nl)
{
	(void)nl;
	return -1;
}

static inline void scard_netlink_read(struct netlink *nl, struct netlink_events *events)
{
	(void)nl;
	(void)events;
}

static inline bool scard_netlink_dump(struct netlink *nl, struct reader_list *list)
{
	(void)nl;
	(void)list;
	return false;
}

#endif

#endif /* SCARD_LIB_NETLINK_H */
