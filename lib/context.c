// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Contexts and card handles: what the caller's numbers mean.
 *
 * A call holds a reference to what it uses, and no lock.  Another thread may
 * disconnect or release it meanwhile: the number means nothing any more at once, and
 * the descriptor is closed when the last call that uses it returns.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "scard_lib.h"

#define FIRST_BUCKETS	64

/* A call that was just beginning when its context was released, see revoke() */
#define REVOKE_TRIES	5
#define REVOKE_WAIT_NS	1000000

/* All that has a number: a hash table; the numbers are scrambled already */
static struct {
	pthread_mutex_t lock;
	struct object **buckets;
	size_t nbuckets;	/* a power of two, or 0 */
	size_t count;
	size_t contexts;	/* that exist, released ones in use included */
	bool seeded;
	uint32_t next_number;
} objects = { .lock = PTHREAD_MUTEX_INITIALIZER };

static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

/* ---- the table; with the lock ---- */

static struct object **bucket_of(LONG id)
{
	return &objects.buckets[id & (objects.nbuckets - 1)];
}

static struct object *find_any(LONG id)
{
	struct object *obj;

	if (id <= 0 || !objects.nbuckets)
		return NULL;
	for (obj = *bucket_of(id); obj && obj->id != id; obj = obj->next)
		;
	return obj;
}

static struct object *find(LONG id, bool is_card)
{
	struct object *obj = find_any(id);

	return obj && obj->is_card == is_card ? obj : NULL;
}

static bool grow(void)
{
	size_t old_n = objects.nbuckets, i;
	size_t n = old_n ? old_n * 2 : FIRST_BUCKETS;
	struct object **old = objects.buckets;
	struct object **buckets = calloc(n, sizeof(*buckets));

	if (!buckets)
		return false;
	objects.buckets = buckets;
	objects.nbuckets = n;
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

/* Each number to another one; two that follow each other have nothing in common. */
static uint32_t scramble(uint32_t x)
{
	x = (x ^ x >> 16) * 0x7feb352d;
	x = (x ^ x >> 15) * 0x846ca68b;
	return x ^ x >> 16;
}

/*
 * A number that nobody has, nor had a while ago: 31 bits, not 0; 0 if there is no
 * randomness. It is no secret; a program that takes another's number shall not find one.
 */
static LONG new_id(void)
{
	LONG id;

	if (!objects.seeded) {
		if (getrandom(&objects.next_number, sizeof(objects.next_number), 0) !=
		    sizeof(objects.next_number))
			return 0;
		objects.seeded = true;
	}
	do {
		id = scramble(objects.next_number++) & INT_MAX;
	} while (!id || find_any(id));
	return id;
}

static LONG insert(struct object *obj)
{
	if (objects.count >= objects.nbuckets && !grow())
		return SCARD_E_NO_MEMORY;
	obj->id = new_id();
	if (!obj->id)
		return SCARD_F_INTERNAL_ERROR;
	obj->next = *bucket_of(obj->id);
	*bucket_of(obj->id) = obj;
	objects.count++;
	return SCARD_S_SUCCESS;
}

/* True if it was there. */
static bool take_out(struct object *obj)
{
	struct object **p;

	if (!obj->id)
		return false;
	for (p = bucket_of(obj->id); *p != obj; p = &(*p)->next)
		;
	*p = obj->next;
	obj->id = 0;
	objects.count--;
	return true;
}

static struct object *get(LONG id, bool is_card)
{
	struct object *obj;

	pthread_mutex_lock(&objects.lock);
	obj = find(id, is_card);
	if (obj)
		atomic_fetch_add(&obj->refs, 1);
	pthread_mutex_unlock(&objects.lock);
	return obj;
}

/* True if that was the last reference. */
static bool put(struct object *obj)
{
	return atomic_fetch_sub(&obj->refs, 1) == 1;
}

/* ---- fork ---- */

static void fork_prepare(void)
{
	pthread_mutex_lock(&objects.lock);
	scard_discovery_fork_prepare();
	scard_descriptors_lock();
}

static void fork_parent(void)
{
	scard_descriptors_unlock(-1);
	scard_discovery_fork_parent();
	pthread_mutex_unlock(&objects.lock);
}

static void free_waiters(struct waiter *w)
{
	while (w) {
		struct waiter *next = w->next;

		scard_waiter_free(w);
		w = next;
	}
}

/*
 * A waiter in use is left alone: its thread may have been in the middle of a change, and is
 * not here. The descriptors are closed with all others.
 */
static void forget_context(struct context *ctx)
{
	while (ctx->cards) {
		struct card *card = ctx->cards;

		ctx->cards = card->next;
		free(card);
	}
	free_waiters(ctx->idle);
	free(ctx->spare);
	free(ctx);
}

/*
 * The child has none of the parent's contexts and handles. No other thread is here,
 * so nobody has a reference.
 */
static void fork_child(void)
{
	struct object *obj, *contexts = NULL;
	size_t i;

	scard_descriptors_forked();
	scard_discovery_fork_child();
	for (i = 0; i < objects.nbuckets; i++) {
		while ((obj = objects.buckets[i])) {
			objects.buckets[i] = obj->next;
			if (obj->is_card)
				continue;	/* its context has it */
			obj->next = contexts;
			contexts = obj;
		}
	}
	while ((obj = contexts)) {
		contexts = obj->next;
		forget_context((struct context *)obj);
	}
	free(objects.buckets);
	objects.buckets = NULL;
	objects.nbuckets = 0;
	objects.count = 0;
	objects.contexts = 0;
	objects.seeded = false;	/* the parent has the same numbers */
	pthread_mutex_unlock(&objects.lock);
}

static void fork_init(void)
{
	pthread_atfork(fork_prepare, fork_parent, fork_child);
}

/* Before anything is locked or opened: another thread may fork at that moment. */
void scard_context_init(void)
{
	pthread_once(&fork_once, fork_init);
}

/* ---- contexts ---- */

LONG scard_context_create(SCARDCONTEXT *id)
{
	struct context *ctx = calloc(1, sizeof(*ctx));
	LONG ret;

	if (!ctx)
		return SCARD_E_NO_MEMORY;
	atomic_init(&ctx->obj.refs, 1);
	ctx->no_blocking = scard_call_no_blocking_wanted();
	pthread_mutex_lock(&objects.lock);
	ret = insert(&ctx->obj);
	if (ret == SCARD_S_SUCCESS) {
		*id = ctx->obj.id;
		objects.contexts++;
	}
	pthread_mutex_unlock(&objects.lock);
	if (ret != SCARD_S_SUCCESS)
		free(ctx);
	return ret;
}

struct context *scard_context_get(SCARDCONTEXT id)
{
	return (struct context *)get(id, false);
}

void scard_context_put(struct context *ctx)
{
	if (!put(&ctx->obj))
		return;
	free_waiters(ctx->idle);
	scard_spare_drop(ctx, true);
	free(ctx);
	/* with the lock: the next one needs them open, and may be made at this moment */
	pthread_mutex_lock(&objects.lock);
	if (!--objects.contexts)
		scard_discovery_close();
	pthread_mutex_unlock(&objects.lock);
}

/* With the lock: end the waits of all calls that have begun. */
static void cancel_locked(struct context *ctx)
{
	struct waiter *w;
	struct card *card;

	atomic_fetch_add(&ctx->cancels, 1);
	for (w = ctx->waiting; w; w = w->next)
		scard_waiter_cancel(w);
	for (card = ctx->cards; card; card = card->next) {
		/* the table has one; more are calls in progress */
		if (atomic_load(&card->obj.refs) > 1)
			scard_device_ioctl(card->fd, SCARD_IOC_CANCEL, NULL);
	}
}

void scard_context_cancel(struct context *ctx)
{
	pthread_mutex_lock(&objects.lock);
	cancel_locked(ctx);
	pthread_mutex_unlock(&objects.lock);
}

/*
 * The card's context was released. Its calls that wait were cancelled; one that was
 * about to enter the kernel at that moment is still coming, however late its thread is
 * scheduled, and is not to begin to wait. One that is on the wire is not waited for: its
 * thread closes the card when it is done.
 */
static void revoke(struct card *card)
{
	const struct timespec wait = { .tv_nsec = REVOKE_WAIT_NS };
	int tries;

	if (atomic_load(&card->obj.refs) > 1)
		fcntl(card->fd, F_SETFL, O_NONBLOCK);
	for (tries = 0; tries < REVOKE_TRIES && atomic_load(&card->obj.refs) > 1; tries++) {
		scard_device_ioctl(card->fd, SCARD_IOC_CANCEL, NULL);
		nanosleep(&wait, NULL);
	}
	scard_card_put(card);
}

LONG scard_context_release(SCARDCONTEXT id)
{
	struct card *cards, *card;
	struct waiter *idle;
	struct context *ctx;

	pthread_mutex_lock(&objects.lock);
	ctx = (struct context *)find(id, false);
	if (!ctx) {
		pthread_mutex_unlock(&objects.lock);
		return SCARD_E_INVALID_HANDLE;
	}
	take_out(&ctx->obj);
	ctx->released = true;
	idle = ctx->idle;
	ctx->idle = NULL;
	for (card = ctx->cards; card; card = card->next) {
		atomic_store(&card->revoked, true);
		take_out(&card->obj);
		card->link = NULL;
	}
	cancel_locked(ctx);
	cards = ctx->cards;
	ctx->cards = NULL;
	pthread_mutex_unlock(&objects.lock);

	free_waiters(idle);
	scard_spare_drop(ctx, true);
	while (cards) {
		card = cards;
		cards = card->next;
		revoke(card);
	}
	scard_context_put(ctx);
	return SCARD_S_SUCCESS;
}

/*
 * A waiter for one call, with the descriptors of an earlier one if there was one;
 * NULL: out of memory or descriptors, or released.
 */
struct waiter *scard_waiter_get(struct context *ctx)
{
	struct waiter *w;

	pthread_mutex_lock(&objects.lock);
	w = ctx->idle;
	if (w)
		ctx->idle = w->next;
	pthread_mutex_unlock(&objects.lock);
	if (!w)
		w = scard_waiter_new();
	if (!w)
		return NULL;
	scard_waiter_begin(w);
	pthread_mutex_lock(&objects.lock);
	w->next = ctx->waiting;
	ctx->waiting = w;
	if (ctx->released)
		scard_waiter_cancel(w);
	pthread_mutex_unlock(&objects.lock);
	return w;
}

void scard_waiter_put(struct context *ctx, struct waiter *w)
{
	struct waiter **p;
	bool keep;

	pthread_mutex_lock(&objects.lock);
	for (p = &ctx->waiting; *p != w; p = &(*p)->next)
		;
	*p = w->next;
	keep = !ctx->released;
	if (keep) {
		w->next = ctx->idle;
		ctx->idle = w;
	}
	pthread_mutex_unlock(&objects.lock);
	if (!keep)
		scard_waiter_free(w);
}

/* ---- card handles ---- */

/*
 * A handle that was disconnected can connect again, which saves its making and the
 * opening of the device: the context keeps the last one. It holds no card and keeps no
 * reader awake. Who may open the device is not asked again for SPARE_MS, which gives
 * nobody more than he had: a process that could open it could as well have stayed
 * connected. But the module cannot be unloaded while a device is open. So the descriptor is
 * closed before anybody waits or lists, by the first poll after its time, and by the next
 * one that is kept; only a program that calls nothing at all has it for longer, as it
 * has the descriptors that it watches.
 */
static bool expired(const struct context *ctx)
{
	return scard_clock_coarse_ms() - ctx->spare_since >= SPARE_MS;
}

/*
 * A program may have closed all descriptors that it has: the number may be its own again, or
 * that of another card of ours.
 */
static bool overtaken(const struct card *card)
{
	return card->overtaken != scard_descriptors_overtaken();
}

static void free_spare(struct card *card)
{
	struct scard_info info;
	int error;

	if (!card)
		return;
	if (overtaken(card)) {
		free(card);
		return;
	}
	error = scard_device_ioctl(card->fd, SCARD_IOC_GET_INFO, &info);
	if (error && error != ENODEV)
		scard_descriptors_forget(card->fd);
	else
		scard_descriptors_close(card->fd);
	free(card);
}

/*
 * With the lock: the card, not connected yet, is one of the context's; a Connect that
 * waits can be cancelled. One reference is the context's, one the caller's.
 */
static bool link_card(struct context *ctx, struct card *card)
{
	if (ctx->released)
		return false;
	atomic_fetch_add(&ctx->obj.refs, 1);
	atomic_init(&card->obj.refs, 2);
	card->next = ctx->cards;
	if (card->next)
		card->next->link = &card->next;
	card->link = &ctx->cards;
	ctx->cards = card;
	return true;
}

/*
 * As scard_context_get(). @card: its spare handle, as a new one, if it is one of that reader and
 * fresh; or NULL.
 */
struct context *scard_card_reuse(SCARDCONTEXT id, const char *name, struct card **card)
{
	struct card *old = NULL;
	struct context *ctx;

	*card = NULL;
	pthread_mutex_lock(&objects.lock);
	ctx = (struct context *)find(id, false);
	if (ctx) {
		atomic_fetch_add(&ctx->obj.refs, 1);
		old = ctx->spare;
		ctx->spare = NULL;
	}
	if (old && !expired(ctx) && !overtaken(old) && !strcmp(old->name, name) &&
	    link_card(ctx, old)) {
		*card = old;
		old = NULL;
	}
	pthread_mutex_unlock(&objects.lock);
	free_spare(old);
	return ctx;
}

/* @fresh: also one whose time is not over */
void scard_spare_drop(struct context *ctx, bool fresh)
{
	struct card *card = NULL;

	pthread_mutex_lock(&objects.lock);
	if (ctx->spare && (fresh || expired(ctx))) {
		card = ctx->spare;
		ctx->spare = NULL;
	}
	pthread_mutex_unlock(&objects.lock);
	free_spare(card);
}

/* A card handle for an open descriptor, which it takes over. It has no number yet. */
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

	pthread_mutex_lock(&objects.lock);
	linked = link_card(ctx, card);
	pthread_mutex_unlock(&objects.lock);
	if (!linked) {
		scard_descriptors_close(fd);
		free(card);
		return SCARD_E_INVALID_HANDLE;
	}
	*new = card;
	return SCARD_S_SUCCESS;
}

/* It is connected: give it a number. */
LONG scard_card_publish(struct card *card, SCARDHANDLE *id)
{
	LONG ret = SCARD_E_INVALID_HANDLE;

	pthread_mutex_lock(&objects.lock);
	if (card->link)
		ret = insert(&card->obj);
	if (ret == SCARD_S_SUCCESS)
		*id = card->obj.id;
	pthread_mutex_unlock(&objects.lock);
	return ret;
}

struct card *scard_card_get(SCARDHANDLE id)
{
	return (struct card *)get(id, true);
}

void scard_card_put(struct card *card)
{
	if (!put(&card->obj))
		return;
	scard_descriptors_close(card->fd);
	scard_context_put(card->context);
	free(card);
}

/* Does nobody use the card but the caller? One reference is the list's, one the caller's. */
bool scard_card_alone(const struct card *card)
{
	return atomic_load(&card->obj.refs) == 2;
}

/* With the lock: it is none of the context's any more; false if that is so already. */
static bool unlink_card(struct card *card)
{
	if (!card->link)
		return false;
	take_out(&card->obj);
	*card->link = card->next;
	if (card->next)
		card->next->link = card->link;
	card->link = NULL;
	return true;
}

/* The number means nothing any more; false if that is so already. */
bool scard_card_remove(struct card *card)
{
	bool mine;

	pthread_mutex_lock(&objects.lock);
	mine = unlink_card(card);
	pthread_mutex_unlock(&objects.lock);
	if (mine)
		scard_card_put(card);
	return mine;
}

/*
 * The same, and scard_card_put(), for a card that was disconnected and can connect again: it is
 * the spare one now, unless another thread is still about to use it.
 */
bool scard_card_retire(struct card *card)
{
	struct context *ctx = card->context;
	struct card *before = NULL;
	bool mine, kept;

	pthread_mutex_lock(&objects.lock);
	mine = unlink_card(card);
	kept = mine && scard_card_alone(card) && !ctx->released;
	if (kept) {
		before = ctx->spare;
		ctx->spare = card;
		ctx->spare_since = scard_clock_coarse_ms();
		card->overtaken = scard_descriptors_overtaken();
	}
	pthread_mutex_unlock(&objects.lock);
	if (kept) {
		free_spare(before);
		scard_context_put(ctx);
		return true;
	}
	if (mine)
		scard_card_put(card);
	scard_card_put(card);
	return mine;
}

static inline int call(struct card *card, unsigned long request, void *arg)
{
	unsigned int cancels = atomic_load(&card->context->cancels);
	int error;

	do {
		if (atomic_load(&card->revoked))
			return ENOTCONN;	/* not EBADF: the descriptor is still ours */
		error = scard_device_ioctl(card->fd, request, arg);
	} while (error == EINTR && atomic_load(&card->context->cancels) == cancels);
	return error;
}

/*
 * A call on the card; returns 0 or a positive errno. A wait that a signal ended is
 * begun again, which is safe: the kernel says EINTR only if nothing was sent.
 */
int scard_call_once(struct card *card, unsigned long request, void *arg)
{
	return call(card, request, arg);
}

/* The same for a call that may wait for its turn. */
int scard_call(struct card *card, unsigned long request, void *arg)
{
	int error;

	while ((error = call(card, request, arg)) == EAGAIN)
		scard_call_no_blocking_wait(card);
	return error;
}
