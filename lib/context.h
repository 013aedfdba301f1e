/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Contexts. */
#ifndef SCARD_CONTEXT_H
#define SCARD_CONTEXT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "heritage.h"
#include "object.h"
#include "waiter.h"

struct card;

/**
 * struct context - SCARDCONTEXT
 * @obj: number and references; the table holds one reference
 * @cards: card handles, connecting ones included
 * @waiters: of SCardGetStatusChange
 * @spare: the last disconnected card, its descriptor still open; or NULL
 * @spare_since: when @spare was disconnected, scard_clock_coarse_ms()
 * @no_blocking: PCSCLITE_NO_BLOCKING was set when the context was made
 * @cancels: counts SCardCancel and the release; a call that a signal interrupted compares it
 * @released: SCardReleaseContext was called
 */
struct context {
	struct object obj;
	struct card *cards;
	struct waiter_pool waiters;
	struct card *spare;
	int64_t spare_since;
	bool no_blocking;
	atomic_uint cancels;
	bool released;
};

void scard_context_init(void);
bool scard_context_exiting(void);
LONG scard_context_create(SCARDCONTEXT *id);
struct context *scard_context_release(SCARDCONTEXT id, struct card **cards);
void scard_context_put(struct context *ctx);
void scard_context_cancel(struct context *ctx);

/* Find a context and take a reference. */
static inline struct context *scard_context_get(SCARDCONTEXT id)
{
	struct object *obj = scard_object_get_context(id);

	return (struct context *)(obj ? obj : scard_heritage_get(id, false));
}

#endif /* SCARD_CONTEXT_H */
