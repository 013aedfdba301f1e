/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The device nodes of readers. */
#ifndef SCARD_NODES_H
#define SCARD_NODES_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "paths.h"

struct reader_list;
struct stat;

/* For poll(): inotify is never writable, a descriptor of the program in its place mostly is */
#define NODES_EVENTS	(POLLIN | POLLOUT)

/* Room for the path of a node */
#define NODE_PATH_SIZE	(sizeof(SCARD_DEV_DIR) + 256)

/**
 * struct nodes_events - what scard_nodes_read() has received
 * @changed: nodes of the usual names were created or removed
 * @permissions: those of such a node may have changed
 * @others: other entries of /dev have changed
 */
struct nodes_events {
	bool changed;
	bool permissions;
	bool others;
};

int scard_nodes_watch(void);
void scard_nodes_read(int fd, struct nodes_events *events);
bool scard_nodes_exist(void);
int scard_nodes_find(uint32_t minor, char *path, struct stat *st);
bool scard_nodes_filter(struct reader_list *list, bool *usual);
bool scard_nodes_scan(struct reader_list *list);

/* The usual name of a node */
static inline void scard_nodes_name(char *path, uint32_t minor)
{
	snprintf(path, NODE_PATH_SIZE, "%s/%s%u", SCARD_DEV_DIR, SCARD_DEV_NAME, minor);
}

#endif /* SCARD_NODES_H */
