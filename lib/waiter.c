// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Waiters of SCardGetStatusChange. A context keeps one, with its descriptors, from one call to
 * the next; those of simultaneous calls are closed when these return.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "descriptors.h"
#include "waiter.h"

static int open_eventfd(void)
{
	int fd;

	scard_descriptors_lock();
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return scard_descriptors_unlock(fd < 0 ? -errno : fd);
}

static struct waiter *waiter_new(void)
{
	struct waiter *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->listener.eventfd = open_eventfd();
	if (w->listener.eventfd < 0) {
		free(w);
		return NULL;
	}
	return w;
}

static void waiter_cancel(struct waiter *w)
{
	atomic_store(&w->cancelled, true);
	if (scard_descriptors_ours(w->listener.eventfd))
		eventfd_write(w->listener.eventfd, 1);
}

/* @w may be NULL. */
void scard_waiter_free(struct waiter *w)
{
	size_t i;

	if (!w)
		return;
	for (i = 0; i < w->nwatches; i++)
		scard_descriptors_close(w->watches[i].fd);
	scard_descriptors_close(w->listener.eventfd);
	free(w->watches);
	free(w->fds);
	free(w);
}

/*
 * Take the idle waiter, or make one. Return NULL if out of memory or descriptors. In a closed
 * pool the waiter is cancelled already.
 */
struct waiter *scard_waiter_get(struct waiter_pool *pool)
{
	struct waiter *w;

	pthread_mutex_lock(pool->lock);
	w = pool->idle;
	pool->idle = NULL;
	pthread_mutex_unlock(pool->lock);
	if (!w)
		w = waiter_new();
	if (!w)
		return NULL;
	/* a wakeup of the previous call ends the first poll() early, which does not wait */
	atomic_store(&w->cancelled, false);
	pthread_mutex_lock(pool->lock);
	w->next = pool->busy;
	pool->busy = w;
	if (pool->closed)
		waiter_cancel(w);
	pthread_mutex_unlock(pool->lock);
	return w;
}

/*
 * Replace the eventfd of a busy waiter, which the program has closed; it does not listen now.
 * Return false if out of memory or descriptors.
 */
bool scard_waiter_reopen(struct waiter_pool *pool, struct waiter *w)
{
	int fd = open_eventfd(), old;

	if (fd < 0)
		return false;
	pthread_mutex_lock(pool->lock);
	old = w->listener.eventfd;
	w->listener.eventfd = fd;
	if (atomic_load(&w->cancelled))
		waiter_cancel(w);
	pthread_mutex_unlock(pool->lock);
	scard_descriptors_close(old);
	return true;
}

/* Return a waiter to its pool, which keeps the last one. */
void scard_waiter_put(struct waiter_pool *pool, struct waiter *w)
{
	struct waiter **p, *extra = w;

	pthread_mutex_lock(pool->lock);
	for (p = &pool->busy; *p != w; p = &(*p)->next)
		;
	*p = w->next;
	if (!pool->closed) {
		extra = pool->idle;
		pool->idle = w;
	}
	pthread_mutex_unlock(pool->lock);
	scard_waiter_free(extra);
}

/* Wake all calls in progress; they return SCARD_E_CANCELLED. */
void scard_waiter_cancel_all(struct waiter_pool *pool)
{
	struct waiter *w;

	for (w = pool->busy; w; w = w->next)
		waiter_cancel(w);
}

/* Keep no waiter from now on; the caller frees the returned one. */
struct waiter *scard_waiter_close(struct waiter_pool *pool)
{
	struct waiter *idle = pool->idle;

	pool->idle = NULL;
	pool->closed = true;
	return idle;
}
