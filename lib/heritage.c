// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Contexts and card handles that a forked child may take over.
 *
 * They belong to the process that made them, and while that lives its child gets
 * SCARD_E_INVALID_HANDLE. A program that calls daemon(3) goes on in the child, though, and its
 * parent exits: then the child takes them over, with its first call that names one. For card
 * handles the kernel decides (SCARD_CONNECT_PROCESS): those of a parent that was killed are
 * disconnected.
 *
 * fork() leaves the child the numbers, the descriptors of connected cards, and a descriptor
 * that tells the end of the parent. A child that forks before it has taken them over, and has
 * made no context itself, leaves them to its own child.
 */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "card.h"
#include "clock.h"
#include "context.h"
#include "descriptors.h"
#include "device.h"
#include "heritage.h"

/* Limit in ms to wait for the end of the parent, which exits while the child goes on; once */
#define PATIENCE	1000

/* With scard_object_lock */
static struct {
	int parent;		/* pidfd of the process that made the contexts, or -1 */
	struct object *contexts;
	int64_t until;		/* no call waits longer for the end of the parent; 0: none has yet */
} heritage = { .parent = -1 };

/* In the parent, during fork(): its own pidfd, for the child */
static int myself = -1;

/* Before fork(): nothing is left to a child if the kernel cannot tell processes apart. */
void scard_heritage_prepare(void)
{
	int saved_errno = errno;

	if (!scard_object_any() || !scard_device_has_processes())
		return;
	myself = syscall(SYS_pidfd_open, getpid(), 0);
	if (myself >= 0 && scard_descriptors_add(myself)) {
		close(myself);
		myself = -1;
	}
	errno = saved_errno;
}

/* After fork(), in the parent */
void scard_heritage_parent(void)
{
	if (myself >= 0 && scard_descriptors_remove(myself))
		close(myself);
	myself = -1;
}

static void forget(struct object *contexts)
{
	while (contexts) {
		struct context *ctx = (struct context *)contexts;

		contexts = contexts->next;
		while (ctx->cards) {
			struct card *card = ctx->cards;

			ctx->cards = card->next;
			free(card);
		}
		free(ctx);
	}
}

/*
 * After fork(), in the child, which has no other threads: empty the table, and close all
 * descriptors but those of the heritage.
 */
void scard_heritage_forked(void)
{
	struct object *obj, *contexts = scard_object_forked();
	struct card *card;

	if (contexts) {
		forget(heritage.contexts);
		heritage.contexts = contexts;
		heritage.parent = myself;
	}
	myself = -1;
	heritage.until = 0;
	if (heritage.parent >= 0) {
		scard_descriptors_keep(heritage.parent);
		for (obj = heritage.contexts; obj; obj = obj->next) {
			for (card = ((struct context *)obj)->cards; card; card = card->next) {
				if (card->obj.id)
					scard_descriptors_keep(card->fd);
			}
		}
	}
	scard_descriptors_forked();
}

/*
 * Make the context as it is between two calls. Busy waiters leak: their threads do not exist in
 * the child and may have been changing them. The locks of cards may be held by such threads.
 */
static void settle(struct context *ctx)
{
	struct card *card, **link = &ctx->cards;

	scard_waiter_free(ctx->waiters.idle);
	ctx->waiters.idle = NULL;
	ctx->waiters.busy = NULL;
	free(ctx->spare);
	ctx->spare = NULL;
	atomic_store(&ctx->obj.refs, 1);
	while ((card = *link)) {
		if (!card->obj.id) {	/* a Connect of another thread */
			*link = card->next;
			free(card);
			continue;
		}
		atomic_store(&card->obj.refs, 1);
		scard_object_ref(&ctx->obj);
		pthread_mutex_init(&card->no_blocking, NULL);
		card->link = link;
		link = &card->next;
	}
}

/* In the child, once it can close descriptors and unlisten again */
void scard_heritage_settle(void)
{
	struct object *obj;

	for (obj = heritage.contexts; obj; obj = obj->next)
		settle((struct context *)obj);
	if (heritage.parent < 0) {
		forget(heritage.contexts);
		heritage.contexts = NULL;
	}
}

static bool contains(LONG id)
{
	struct object *obj;
	struct card *card;

	for (obj = heritage.contexts; obj; obj = obj->next) {
		if (obj->id == id)
			return true;
		for (card = ((struct context *)obj)->cards; card; card = card->next) {
			if (card->obj.id == id)
				return true;
		}
	}
	return false;
}

/* Has the process ended, or does it until then? */
static bool has_ended(int process, int64_t until)
{
	struct pollfd pfd = { .fd = process, .events = POLLIN };
	int state, ready;
	int64_t left;

	if (!scard_descriptors_ours(process))
		return false;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	do {
		left = until - scard_clock_ms();
		ready = poll(&pfd, 1, left > 0 ? (int)left : 0);
	} while (ready < 0 && errno == EINTR && left > 0);
	pthread_setcancelstate(state, NULL);
	return ready == 1 && pfd.revents & POLLIN;
}

/* With the lock: all objects become those of this process. */
static void take_over(void)
{
	struct object *contexts = heritage.contexts, *next;

	heritage.contexts = NULL;
	scard_descriptors_close(heritage.parent);
	heritage.parent = -1;
	for (; contexts; contexts = next) {
		struct context *ctx = (struct context *)contexts;
		struct card *card;

		next = contexts->next;
		scard_object_adopt(&ctx->obj);
		scard_object_contexts++;
		for (card = ctx->cards; card; card = card->next)
			scard_object_adopt(&card->obj);
	}
}

/* Take all over if the number is that of one of them, and the parent has ended. */
static void claim(LONG id)
{
	int process = -1;
	int64_t until;

	pthread_mutex_lock(&scard_object_lock);
	if (contains(id)) {
		process = heritage.parent;
		if (!heritage.until)
			heritage.until = scard_clock_ms() + PATIENCE;
	}
	until = heritage.until;
	pthread_mutex_unlock(&scard_object_lock);

	if (process < 0 || !has_ended(process, until))
		return;

	pthread_mutex_lock(&scard_object_lock);
	if (contains(id))
		take_over();
	pthread_mutex_unlock(&scard_object_lock);
}

/*
 * Find an object that is not in the table, and take a reference. It is there if this call has
 * taken it over, or another thread meanwhile.
 */
struct object *scard_heritage_get(LONG id, bool is_card)
{
	claim(id);
	return is_card ? scard_object_get_card(id) : scard_object_get_context(id);
}

/* The library is unloaded: its descriptors are closed with all others. */
void scard_heritage_end(void)
{
	forget(heritage.contexts);
	heritage.contexts = NULL;
	heritage.parent = -1;
}
