// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The spare card: a context keeps the card that was disconnected last, with its open
 * descriptor, so that the next SCardConnect need not open the device again.
 *
 * A spare is not connected and keeps no reader awake. Permissions are not checked again for
 * SPARE_MS, which gives a process no new rights: it could have stayed connected. But an open
 * device blocks the unloading of the module. So the next call that waits or lists readers
 * closes the spare, as does the first poll after SPARE_MS, and the next disconnect
 * replaces it. A program that makes no calls keeps the descriptor open.
 */
#include <stdlib.h>

#include "card.h"
#include "clock.h"
#include "context.h"
#include "descriptors.h"
#include "spare.h"

/* Lifetime of a spare */
#define SPARE_MS	1000

static bool expired(const struct context *ctx)
{
	return scard_clock_coarse_ms() - ctx->spare_since >= SPARE_MS;
}

/* Make the card the spare one; return the previous spare. */
struct card *scard_spare_keep(struct context *ctx, struct card *card)
{
	struct card *before = ctx->spare;

	ctx->spare = card;
	ctx->spare_since = scard_clock_coarse_ms();
	return before;
}

/* Take the spare away. */
struct card *scard_spare_take(struct context *ctx, bool *usable)
{
	struct card *card = ctx->spare;

	ctx->spare = NULL;
	*usable = card && !expired(ctx);
	return card;
}

void scard_spare_close(struct card *card)
{
	scard_descriptors_close(card->fd);
	free(card);
}

/* Close the spare if it has expired; @fresh: in any case. */
void scard_spare_drop(struct context *ctx, bool fresh)
{
	struct card *card = NULL;

	pthread_mutex_lock(&scard_object_lock);
	if (ctx->spare && (fresh || expired(ctx))) {
		card = ctx->spare;
		ctx->spare = NULL;
	}
	pthread_mutex_unlock(&scard_object_lock);
	scard_spare_free(card);
}
