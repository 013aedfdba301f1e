/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Card handles. */
#ifndef SCARD_CARD_H
#define SCARD_CARD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "heritage.h"
#include "object.h"

struct context;

/**
 * struct card - SCARDHANDLE: one open file of /dev/scardN
 * @obj: number, 0 while connecting, and references; the context's list holds one reference
 * @next: next card of the context
 * @link: the pointer to this card in the context's list; NULL if not in the list
 * @context: its context, referenced
 * @fd: the descriptor
 * @no_blocking: held by a call while it has O_NONBLOCK set
 * @revoked: the context was released: start no call
 * @name_size: bytes in @name, with its NUL
 * @name: name of the reader
 */
struct card {
	struct object obj;
	struct card *next;
	struct card **link;
	struct context *context;
	int fd;
	pthread_mutex_t no_blocking;
	atomic_bool revoked;
	size_t name_size;
	char name[MAX_READERNAME];
};

LONG scard_card_create(struct context *ctx, int fd, const char *name, struct card **new);
struct context *scard_card_reuse(SCARDCONTEXT id, const char *name, struct card **card);
LONG scard_card_publish(struct card *card, SCARDHANDLE *id);
void scard_card_put(struct card *card);
bool scard_card_remove(struct card *card);
bool scard_card_retire(struct card *card);
void scard_card_revoke(struct card *cards);

/* Find a card and take a reference. */
static inline struct card *scard_card_get(SCARDHANDLE id)
{
	struct object *obj = scard_object_get_card(id);

	return (struct card *)(obj ? obj : scard_heritage_get(id, true));
}

/* Is a call in progress? Every reference but that of the list belongs to a call. */
static inline bool scard_card_busy(const struct card *card)
{
	return atomic_load(&card->obj.refs) > 1;
}

/* Is the caller's call the only one? */
static inline bool scard_card_alone(const struct card *card)
{
	return atomic_load(&card->obj.refs) == 2;
}

#endif /* SCARD_CARD_H */
