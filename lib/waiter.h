/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* State of calls of SCardGetStatusChange, with the descriptors that they poll. */
#ifndef SCARD_WAITER_H
#define SCARD_WAITER_H

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/scard.h>

#include "discovery.h"

/**
 * struct watch - a reader that a waiter polls
 * @minor: N of /dev/scardN
 * @kernel_name: scard_info.name
 * @fd: read-only descriptor
 * @used: the current call asks for this reader
 * @status: result of the last GET_STATUS
 * @settle_until: deadline to wait while the kernel reports SETTLING; 0: it does not
 */
struct watch {
	uint32_t minor;
	char kernel_name[SCARD_NAME_SIZE];
	int fd;
	bool used;
	struct scard_status status;
	int64_t settle_until;
};

/**
 * struct waiter - used by one call of SCardGetStatusChange at a time
 * @next: next waiter in the list of the pool
 * @listener: its eventfd wakes the call: the list of readers has changed, or @cancelled
 * @cancelled: SCardCancel was called
 * @watches: the polled readers
 * @nwatches: number of @watches
 * @at: index in @watches where the next search starts
 * @fds: array for poll()
 * @nfds: size of @fds
 *
 * Calls do not share descriptors: GET_STATUS clears the event of its descriptor only.
 */
struct waiter {
	struct waiter *next;
	struct listener listener;
	atomic_bool cancelled;
	struct watch *watches;
	size_t nwatches;
	size_t at;
	struct pollfd *fds;
	size_t nfds;
};

/**
 * struct waiter_pool - the waiters of a context
 * @lock: protects the pool; belongs to the caller
 * @busy: waiters of calls in progress
 * @idle: waiter for a later call, or NULL
 * @closed: the context was released
 */
struct waiter_pool {
	pthread_mutex_t *lock;
	struct waiter *busy;
	struct waiter *idle;
	bool closed;
};

struct waiter *scard_waiter_get(struct waiter_pool *pool);
bool scard_waiter_reopen(struct waiter_pool *pool, struct waiter *w);
void scard_waiter_put(struct waiter_pool *pool, struct waiter *w);
void scard_waiter_free(struct waiter *w);

/* Call these two with pool->lock held. */
void scard_waiter_cancel_all(struct waiter_pool *pool);
struct waiter *scard_waiter_close(struct waiter_pool *pool);

#endif /* SCARD_WAITER_H */
