/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of contexts and card handles. */
#ifndef SCARD_OBJECT_H
#define SCARD_OBJECT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "PCSC/pcsclite.h"

/**
 * struct object - base of struct context and struct card
 * @next: next object in the hash bucket
 * @id: number known to the caller, or 0
 * @is_card: a struct card, not a struct context
 * @refs: references
 */
struct object {
	struct object *next;
	LONG id;
	bool is_card;
	atomic_uint refs;
};

/* Protects the table, and lists and flags of contexts and cards */
extern pthread_mutex_t scard_object_lock;

/* Contexts that exist, released ones in use included; under scard_object_lock */
extern size_t scard_object_contexts;

/* Call these six with scard_object_lock held. */
struct object *scard_object_find(LONG id, bool is_card);
LONG scard_object_insert(struct object *obj);
bool scard_object_remove(struct object *obj);
bool scard_object_any(void);
void scard_object_adopt(struct object *obj);
struct object *scard_object_forked(void);

LONG scard_object_any_context(void);
void scard_object_end(void);
struct object *scard_object_get_context(LONG id);
struct object *scard_object_get_card(LONG id);

static inline void scard_object_ref(struct object *obj)
{
	atomic_fetch_add(&obj->refs, 1);
}

/* Drop a reference; return true if it was the last. */
static inline bool scard_object_put(struct object *obj)
{
	return atomic_fetch_sub(&obj->refs, 1) == 1;
}

#endif /* SCARD_OBJECT_H */
