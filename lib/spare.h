/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The spare card of a context. */
#ifndef SCARD_SPARE_H
#define SCARD_SPARE_H

#include <stdbool.h>

struct card;
struct context;

/* Call these two with scard_object_lock held; free the returned card without it. */
struct card *scard_spare_keep(struct context *ctx, struct card *card);
struct card *scard_spare_take(struct context *ctx, bool *usable);

void scard_spare_drop(struct context *ctx, bool fresh);
void scard_spare_close(struct card *card);

static inline void scard_spare_free(struct card *card)
{
	if (card)
		scard_spare_close(card);
}

#endif /* SCARD_SPARE_H */
