/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process's list of readers. */
#ifndef SCARD_DISCOVERY_H
#define SCARD_DISCOVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "PCSC/pcsclite.h"

struct pollfd;
struct reader;

/* How long to wait for a new reader to settle, or for its card, ms */
#define SETTLE_MS		2000

/* Entries that scard_discovery_pollfds() fills in */
#define DISCOVERY_POLLFDS	2

/* A call that waits; its eventfd is signalled when the list changes */
struct listener {
	struct listener *next;
	int eventfd;
};

bool scard_discovery_exist(void);
LONG scard_discovery_refresh(void);
void scard_discovery_settle(void);
int64_t scard_discovery_settle_until(const struct reader *r);
bool scard_discovery_find(const char *name, struct reader *found);
void scard_discovery_gone(uint32_t minor, const char *kernel_name);
void scard_discovery_missing(void);
void scard_discovery_suspect(void);
char *scard_discovery_names(size_t *len);
unsigned int scard_discovery_generation(void);
unsigned int scard_discovery_changes(void);
void scard_discovery_watch_permissions(void);
bool scard_discovery_pollfds(struct pollfd *fds);
void scard_discovery_listen(struct listener *l);
void scard_discovery_unlisten(struct listener *l);
void scard_discovery_close(void);
void scard_discovery_fork_prepare(void);
void scard_discovery_fork_parent(void);
void scard_discovery_fork_child(void);

#endif /* SCARD_DISCOVERY_H */
