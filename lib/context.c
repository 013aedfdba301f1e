// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Contexts, and what fork() does to them.
 *
 * A call holds references and no lock. If another thread disconnects or releases an
 * object, its number is invalid at once, and its descriptor is closed when the last call
 * that uses it returns.
 */
#include <pthread.h>
#include <stdlib.h>

#include "card.h"
#include "context.h"
#include "descriptors.h"
#include "device.h"
#include "discovery.h"
#include "heritage.h"
#include "spare.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;

static atomic_bool exiting;

/* ---- fork ---- */

static void fork_prepare(void)
{
	pthread_mutex_lock(&scard_object_lock);
	scard_discovery_fork_prepare();
	scard_descriptors_lock();
	scard_heritage_prepare();
}

static void fork_parent(void)
{
	scard_heritage_parent();
	scard_descriptors_unlock(-1);
	scard_discovery_fork_parent();
	pthread_mutex_unlock(&scard_object_lock);
}

/* The contexts and handles are those of the parent: see heritage.c. */
static void fork_child(void)
{
	scard_heritage_forked();
	scard_discovery_fork_child();
	scard_heritage_settle();
	pthread_mutex_unlock(&scard_object_lock);
}

/* ---- exit ---- */

/* Does the process end, and not dlclose() unload the library? For destructors. */
bool scard_context_exiting(void)
{
	return atomic_load(&exiting);
}

static void set_exiting(void)
{
	atomic_store(&exiting, true);
}

static void init(void)
{
	/* dlclose() removes both; it calls set_exiting() too, but after the destructors */
	pthread_atfork(fork_prepare, fork_parent, fork_child);
	atexit(set_exiting);
}

/* Call this before any lock or descriptor is taken: another thread may fork at any time. */
void scard_context_init(void)
{
	pthread_once(&once, init);
}

/* ---- contexts ---- */

LONG scard_context_create(SCARDCONTEXT *id)
{
	struct context *ctx = calloc(1, sizeof(*ctx));
	LONG ret;

	if (!ctx)
		return SCARD_E_NO_MEMORY;
	atomic_init(&ctx->obj.refs, 1);
	ctx->waiters.lock = &scard_object_lock;
	/* ignored in a setuid program */
	ctx->no_blocking = secure_getenv("PCSCLITE_NO_BLOCKING") != NULL;
	pthread_mutex_lock(&scard_object_lock);
	ret = scard_object_insert(&ctx->obj);
	if (ret == SCARD_S_SUCCESS) {
		*id = ctx->obj.id;
		scard_object_contexts++;
	}
	pthread_mutex_unlock(&scard_object_lock);
	if (ret != SCARD_S_SUCCESS)
		free(ctx);
	return ret;
}

void scard_context_put(struct context *ctx)
{
	if (!scard_object_put(&ctx->obj))
		return;
	scard_waiter_free(ctx->waiters.idle);
	scard_spare_drop(ctx, true);
	free(ctx);
	/* under the lock: another thread may be creating a context, which needs the list */
	pthread_mutex_lock(&scard_object_lock);
	if (!--scard_object_contexts)
		scard_discovery_close();
	pthread_mutex_unlock(&scard_object_lock);
}

/* End the waits of all calls in progress. */
static void cancel_locked(struct context *ctx)
{
	struct card *card;

	atomic_fetch_add(&ctx->cancels, 1);
	scard_waiter_cancel_all(&ctx->waiters);
	for (card = ctx->cards; card; card = card->next) {
		if (scard_card_busy(card))
			scard_device_ioctl(card->fd, SCARD_IOC_CANCEL, NULL);
	}
}

void scard_context_cancel(struct context *ctx)
{
	pthread_mutex_lock(&scard_object_lock);
	cancel_locked(ctx);
	pthread_mutex_unlock(&scard_object_lock);
}

/*
 * Invalidate the context and its handles, and cancel their calls. Return the context and
 * its cards: the caller has to revoke the cards and put the context. NULL: invalid number.
 */
struct context *scard_context_release(SCARDCONTEXT id, struct card **cards)
{
	struct waiter *idle;
	struct context *ctx;
	struct card *card;

	pthread_mutex_lock(&scard_object_lock);
	ctx = (struct context *)scard_object_find(id, false);
	if (!ctx) {
		pthread_mutex_unlock(&scard_object_lock);
		return NULL;
	}
	scard_object_remove(&ctx->obj);
	ctx->released = true;
	idle = scard_waiter_close(&ctx->waiters);
	for (card = ctx->cards; card; card = card->next) {
		atomic_store(&card->revoked, true);
		scard_object_remove(&card->obj);
		card->link = NULL;
	}
	cancel_locked(ctx);
	*cards = ctx->cards;
	ctx->cards = NULL;
	pthread_mutex_unlock(&scard_object_lock);

	scard_waiter_free(idle);
	scard_spare_drop(ctx, true);
	return ctx;
}
