// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The table of contexts and card handles, by the numbers that the caller knows.
 */
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "object.h"

#define FIRST_BUCKETS	64

pthread_mutex_t scard_object_lock = PTHREAD_MUTEX_INITIALIZER;
size_t scard_object_contexts;

/* A hash table; the numbers are scrambled already */
static struct {
	struct object **buckets;
	size_t nbuckets;	/* a power of two, or 0 */
	size_t count;
	bool seeded;
	uint32_t next_number;
} table;

static struct object **bucket_of(LONG id)
{
	return &table.buckets[id & (table.nbuckets - 1)];
}

static inline struct object *find_any(LONG id)
{
	struct object *obj;

	if (id <= 0 || !table.nbuckets)
		return NULL;
	for (obj = *bucket_of(id); obj && obj->id != id; obj = obj->next)
		;
	return obj;
}

static inline struct object *find(LONG id, bool is_card)
{
	struct object *obj = find_any(id);

	return obj && obj->is_card == is_card ? obj : NULL;
}

struct object *scard_object_find(LONG id, bool is_card)
{
	return find(id, is_card);
}

static bool grow(void)
{
	size_t old_n = table.nbuckets, i;
	size_t n = old_n ? old_n * 2 : FIRST_BUCKETS;
	struct object **old = table.buckets;
	struct object **buckets = calloc(n, sizeof(*buckets));

	if (!buckets)
		return false;
	table.buckets = buckets;
	table.nbuckets = n;
	for (i = 0; i < old_n; i++) {
		while (old[i]) {
			struct object *obj = old[i];

			old[i] = obj->next;
			obj->next = *bucket_of(obj->id);
			*bucket_of(obj->id) = obj;
		}
	}
	free(old);
	return true;
}

/* A bijection that spreads consecutive numbers */
static uint32_t scramble(uint32_t x)
{
	x = (x ^ x >> 16) * 0x7feb352d;
	x = (x ^ x >> 15) * 0x846ca68b;
	return x ^ x >> 16;
}

/* If a sandbox refuses getrandom(), or early in the boot, use the time. */
static uint32_t seed(void)
{
	struct timespec now;
	uint32_t random;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) == sizeof(random))
		return random;
	clock_gettime(CLOCK_REALTIME, &now);
	return scramble(now.tv_nsec) ^ scramble(now.tv_sec ^ (uint32_t)getpid() << 16);
}

/*
 * Return an unused number of 31 bits that was not in use recently. Numbers are not secret: the
 * seed only makes it unlikely that the number of another process is valid here.
 */
static LONG new_id(void)
{
	LONG id;

	if (!table.seeded) {
		table.next_number = seed();
		table.seeded = true;
	}
	do {
		id = scramble(table.next_number++) & INT_MAX;
	} while (!id || find_any(id));
	return id;
}

static void insert(struct object *obj, LONG id)
{
	obj->id = id;
	obj->next = *bucket_of(id);
	*bucket_of(id) = obj;
	table.count++;
}

/* Give the object a number. */
LONG scard_object_insert(struct object *obj)
{
	if (table.count >= table.nbuckets && !grow())
		return SCARD_E_NO_MEMORY;
	insert(obj, new_id());
	return SCARD_S_SUCCESS;
}

/* Insert an object with the number that it has; it loses that if this fails. */
void scard_object_adopt(struct object *obj)
{
	if (find_any(obj->id) || (table.count >= table.nbuckets && !grow()))
		obj->id = 0;
	else
		insert(obj, obj->id);
}

/* Is any object in the table? */
bool scard_object_any(void)
{
	return table.count;
}

/* Take the number back; return false if the object has none. */
bool scard_object_remove(struct object *obj)
{
	struct object **p;

	if (!obj->id)
		return false;
	for (p = bucket_of(obj->id); *p != obj; p = &(*p)->next)
		;
	*p = obj->next;
	obj->id = 0;
	table.count--;
	return true;
}

static inline struct object *get(LONG id, bool is_card)
{
	struct object *obj;

	pthread_mutex_lock(&scard_object_lock);
	obj = find(id, is_card);
	if (obj)
		scard_object_ref(obj);
	pthread_mutex_unlock(&scard_object_lock);
	return obj;
}

/* Find a context and take a reference. */
struct object *scard_object_get_context(LONG id)
{
	return get(id, false);
}

/* Find a card and take a reference. */
struct object *scard_object_get_card(LONG id)
{
	return get(id, true);
}

/* Return the number of a context; 0: there is none. */
LONG scard_object_any_context(void)
{
	struct object *obj;
	LONG id = 0;
	size_t i;

	pthread_mutex_lock(&scard_object_lock);
	for (i = 0; i < table.nbuckets && !id; i++) {
		for (obj = table.buckets[i]; obj && !id; obj = obj->next)
			id = obj->is_card ? 0 : obj->id;
	}
	pthread_mutex_unlock(&scard_object_lock);
	return id;
}

/* Free the empty table. */
void scard_object_end(void)
{
	pthread_mutex_lock(&scard_object_lock);
	free(table.buckets);
	table.buckets = NULL;
	table.nbuckets = 0;
	pthread_mutex_unlock(&scard_object_lock);
}

/*
 * In a forked child: empty the table and return its contexts, linked by next, with their
 * numbers.
 */
struct object *scard_object_forked(void)
{
	struct object *obj, *contexts = NULL;
	size_t i;

	for (i = 0; i < table.nbuckets; i++) {
		while ((obj = table.buckets[i])) {
			table.buckets[i] = obj->next;
			if (obj->is_card)
				continue;	/* in the list of its context */
			obj->next = contexts;
			contexts = obj;
		}
	}
	free(table.buckets);
	table.buckets = NULL;
	table.nbuckets = 0;
	table.count = 0;
	table.seeded = false;	/* do not use the parent's numbers */
	scard_object_contexts = 0;
	return contexts;
}
