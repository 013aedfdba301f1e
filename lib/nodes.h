/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Readers by their device nodes. */
#ifndef SCARD_NODES_H
#define SCARD_NODES_H

#include <poll.h>
#include <stdbool.h>

struct reader_list;

/* For poll(): inotify is never writable, a descriptor of the program in its place mostly is */
#define NODES_EVENTS	(POLLIN | POLLOUT)

int scard_nodes_watch(void);
bool scard_nodes_read(int fd, bool *permissions);
bool scard_nodes_exist(void);
bool scard_nodes_scan(struct reader_list *list);

#endif /* SCARD_NODES_H */
