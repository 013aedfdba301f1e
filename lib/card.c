// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Card handles.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "card.h"
#include "context.h"
#include "descriptors.h"
#include "device.h"
#include "spare.h"

/* Retries of SCARD_IOC_CANCEL, see revoke() */
#define REVOKE_TRIES	5
#define REVOKE_WAIT_NS	1000000

/*
 * With scard_object_lock: put a card that is not connected yet into the context's list, so that
 * SCardCancel reaches a Connect that waits. The list and the caller hold one reference each.
 */
static bool link_card(struct context *ctx, struct card *card)
{
	if (ctx->released)
		return false;
	scard_object_ref(&ctx->obj);
	atomic_init(&card->obj.refs, 2);
	card->next = ctx->cards;
	if (card->next)
		card->next->link = &card->next;
	card->link = &ctx->cards;
	ctx->cards = card;
	return true;
}

/* With scard_object_lock: undo link_card(); return false if another thread was faster. */
static bool unlink_card(struct card *card)
{
	if (!card->link)
		return false;
	scard_object_remove(&card->obj);
	*card->link = card->next;
	if (card->next)
		card->next->link = card->link;
	card->link = NULL;
	return true;
}

/* Make a card of an open descriptor, which it owns from now on. It has no number yet. */
LONG scard_card_create(struct context *ctx, int fd, const char *name, struct card **new)
{
	struct card *card = calloc(1, sizeof(*card));
	bool linked;

	if (!card) {
		scard_descriptors_close(fd);
		return SCARD_E_NO_MEMORY;
	}
	card->obj.is_card = true;
	card->fd = fd;
	card->context = ctx;
	pthread_mutex_init(&card->no_blocking, NULL);
	strncpy(card->name, name, sizeof(card->name) - 1);
	card->name_size = strlen(card->name) + 1;

	pthread_mutex_lock(&scard_object_lock);
	linked = link_card(ctx, card);
	pthread_mutex_unlock(&scard_object_lock);
	if (!linked) {
		scard_descriptors_close(fd);
		free(card);
		return SCARD_E_INVALID_HANDLE;
	}
	*new = card;
	return SCARD_S_SUCCESS;
}

/*
 * Find a context and take a reference, like scard_context_get(). @card: its spare, linked
 * again, if that is usable and of reader @name; else NULL.
 */
struct context *scard_card_reuse(SCARDCONTEXT id, const char *name, struct card **card)
{
	struct card *old = NULL;
	struct context *ctx;
	bool usable;

	*card = NULL;
	pthread_mutex_lock(&scard_object_lock);
	ctx = (struct context *)scard_object_find(id, false);
	if (ctx) {
		scard_object_ref(&ctx->obj);
		old = scard_spare_take(ctx, &usable);
		if (usable && !strcmp(old->name, name) && link_card(ctx, old)) {
			*card = old;
			old = NULL;
		}
	}
	pthread_mutex_unlock(&scard_object_lock);
	scard_spare_free(old);
	return ctx;
}

/* Give a connected card its number. */
LONG scard_card_publish(struct card *card, SCARDHANDLE *id)
{
	LONG ret = SCARD_E_INVALID_HANDLE;

	pthread_mutex_lock(&scard_object_lock);
	if (card->link)
		ret = scard_object_insert(&card->obj);
	if (ret == SCARD_S_SUCCESS)
		*id = card->obj.id;
	pthread_mutex_unlock(&scard_object_lock);
	return ret;
}

void scard_card_put(struct card *card)
{
	if (!scard_object_put(&card->obj))
		return;
	scard_descriptors_close(card->fd);
	scard_context_put(card->context);
	free(card);
}

/* Invalidate the number; return false if another thread was faster. */
bool scard_card_remove(struct card *card)
{
	bool mine;

	pthread_mutex_lock(&scard_object_lock);
	mine = unlink_card(card);
	pthread_mutex_unlock(&scard_object_lock);
	if (mine)
		scard_card_put(card);
	return mine;
}

/*
 * Remove and put a disconnected card that can connect again. It becomes the spare, unless
 * another thread is about to use it.
 */
bool scard_card_retire(struct card *card)
{
	struct context *ctx = card->context;
	struct card *before = NULL;
	bool mine, kept;

	pthread_mutex_lock(&scard_object_lock);
	mine = unlink_card(card);
	kept = mine && scard_card_alone(card) && !ctx->released;
	if (kept)
		before = scard_spare_keep(ctx, card);
	pthread_mutex_unlock(&scard_object_lock);
	if (kept) {
		scard_spare_free(before);
		scard_context_put(ctx);
		return true;
	}
	if (mine)
		scard_card_put(card);
	scard_card_put(card);
	return mine;
}

/*
 * The release has cancelled calls that were waiting. A call that was about to enter the
 * kernel must not wait either: set O_NONBLOCK and cancel again. Do not wait for a call
 * whose command is on the wire: its thread closes the card.
 */
static void revoke(struct card *card)
{
	const struct timespec wait = { .tv_nsec = REVOKE_WAIT_NS };
	int tries;

	if (scard_card_busy(card) && scard_descriptors_ours(card->fd))
		fcntl(card->fd, F_SETFL, O_NONBLOCK);
	for (tries = 0; tries < REVOKE_TRIES && scard_card_busy(card); tries++) {
		scard_device_ioctl(card->fd, SCARD_IOC_CANCEL, NULL);
		nanosleep(&wait, NULL);
	}
	scard_card_put(card);
}

/* Revoke and put the cards of a released context. */
void scard_card_revoke(struct card *cards)
{
	while (cards) {
		struct card *card = cards;

		cards = card->next;
		revoke(card);
	}
}
