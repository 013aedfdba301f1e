// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * SCardGetStatusChange: compare the states that the caller passes with the current ones, and
 * sleep until they may have changed. All compared values are levels or counters kept by the
 * kernel and discovery.c, so a change between two calls is not lost.
 *
 * Each reader is watched by a read-only descriptor of its device. If this process may not open
 * the device, it still gets the presence of a card from netlink.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>

#include "clock.h"
#include "context.h"
#include "descriptors.h"
#include "device.h"
#include "discovery.h"
#include "reader_list.h"
#include "status_change.h"
#include "waiter.h"

/* Refresh interval without netlink, where no event tells that a node has lost its reader, ms */
#define POLL_MS		1000

/* A device is never readable or writable, a descriptor of the program in its place mostly is */
#define WATCH_EVENTS	(POLLPRI | POLLIN | POLLOUT)

/* This name stands for the list of readers */
#define PNP_READER	"\\\\?PnP?\\Notification"

/* The meaning of an entry of the caller's array */
struct entry {
	enum { ENTRY_IGNORED, ENTRY_PNP, ENTRY_GONE, ENTRY_WATCHED, ENTRY_PRESENCE } kind;
	uint32_t minor;		/* ENTRY_WATCHED */
	struct reader reader;	/* ENTRY_PRESENCE */
	bool final;		/* ENTRY_PRESENCE: the permissions do not change any more */
};

/* One call */
struct change {
	struct context *ctx;
	struct waiter *w;
	int cancel_state;		/* of the caller's thread, restored in poll() */
	SCARD_READERSTATE *states;
	struct entry *entries;
	size_t n;
	unsigned int generation;	/* of the list of readers when @entries were resolved */
	unsigned int changes;		/* scard_discovery_changes() when the call began */
	int64_t settle_until;		/* wait for a settling reader until then; 0: none settles */
	bool list_matters;		/* a change of the list may end the call */
	bool retry;			/* try again to open a reader that EACCES refused */
};

/* ---- watches ---- */

/* Programs mostly pass the readers in the same order: start after the last one found. */
static struct watch *watch_find(struct waiter *w, uint32_t minor)
{
	size_t i, at = w->at;

	for (i = 0; i < w->nwatches; i++, at++) {
		if (at >= w->nwatches)
			at = 0;
		if (w->watches[at].minor == minor) {
			w->at = at + 1;
			return &w->watches[at];
		}
	}
	return NULL;
}

static void watch_drop(struct waiter *w, struct watch *watch)
{
	scard_descriptors_close(watch->fd);
	*watch = w->watches[--w->nwatches];
}

/* Read the state; return 0, ENODEV if the reader is gone, else the descriptor is not ours. */
static int watch_update(struct watch *watch)
{
	struct scard_status status = { 0 };
	int error = scard_device_ioctl(watch->fd, SCARD_IOC_GET_STATUS, &status);

	if (error)
		return error;
	watch->status = status;
	if (!(status.state & SCARD_STATE_BIT_SETTLING))
		watch->settle_until = 0;
	else if (!watch->settle_until)
		watch->settle_until = scard_clock_ms() + SETTLE_MS;
	return 0;
}

/* ENODEV: the reader is gone. Any other error: the program has closed the descriptor. */
static void watch_lost(struct waiter *w, struct watch *watch, int error)
{
	if (error == ENODEV)
		scard_discovery_gone(watch->minor, watch->kernel_name);
	watch_drop(w, watch);
}

/* Start watching; return 0 or a negative errno: see watch_open(). */
static int watch_open_once(struct waiter *w, const struct reader *reader)
{
	struct watch *watches, *watch;
	int fd = scard_device_open(reader->minor, reader->kernel_name, O_RDONLY), error;

	if (fd < 0)
		return fd;
	watches = realloc(w->watches, (w->nwatches + 1) * sizeof(*watches));
	if (!watches) {
		scard_descriptors_close(fd);
		return -ENOMEM;
	}
	w->watches = watches;
	watch = &watches[w->nwatches++];
	*watch = (struct watch){ .minor = reader->minor, .fd = fd, .used = true };
	memcpy(watch->kernel_name, reader->kernel_name, sizeof(watch->kernel_name));
	error = watch_update(watch);
	if (!error)
		return 0;
	watch_lost(w, watch, error);
	return error == ENODEV ? -ENXIO : -EBADF;
}

/*
 * Start watching; return 0 or a negative errno, -ENXIO if the reader is gone, -EBADF if the program
 * has closed the descriptor each time.
 */
static int watch_open(struct waiter *w, const struct reader *reader)
{
	int tries = OPEN_ATTEMPTS, error;

	do {
		error = watch_open_once(w, reader);
	} while (error == -EBADF && --tries);
	return error;
}

/* ---- entries ---- */

static LONG entry_resolve(struct change *c, const SCARD_READERSTATE *rs, struct entry *e)
{
	bool ignored = rs->dwCurrentState & SCARD_STATE_IGNORE;
	struct reader reader;
	struct watch *watch;
	int error;

	if (!strcasecmp(rs->szReader, PNP_READER))
		e->kind = ENTRY_PNP;
	else if (!scard_discovery_find(rs->szReader, &reader))
		e->kind = ENTRY_GONE;
	else
		e->kind = ENTRY_WATCHED;
	/* an unknown reader is an error at the start of the call, even if ignored */
	if (ignored && e->kind != ENTRY_GONE)
		e->kind = ENTRY_IGNORED;
	if (e->kind != ENTRY_WATCHED) {
		c->list_matters |= !ignored;
		return SCARD_S_SUCCESS;
	}
	e->minor = reader.minor;
	watch = watch_find(c->w, reader.minor);
	if (watch) {
		watch->used = true;
		return SCARD_S_SUCCESS;
	}
	/* before the open: permissions that are final now are so for the open */
	e->final = !scard_discovery_settle_until(&reader);
	error = watch_open(c->w, &reader);
	switch (error) {
	case 0:
		break;
	case -ENXIO:
		e->kind = ENTRY_GONE;
		c->list_matters = true;
		break;
	case -ENOENT:
		scard_discovery_missing();
		/* fall through */
	case -EACCES:
	case -EPERM:
		e->kind = ENTRY_PRESENCE;
		e->reader = reader;
		c->list_matters = true;
		scard_discovery_watch_permissions();
		break;
	default:
		return scard_device_open_code(-error);
	}
	return SCARD_S_SUCCESS;
}

/* Find the readers of all entries; drop the watches that no entry uses. */
static LONG resolve(struct change *c)
{
	LONG ret = SCARD_S_SUCCESS;
	size_t i;

	c->generation = scard_discovery_generation();
	c->list_matters = false;
	for (i = 0; i < c->w->nwatches; i++)
		c->w->watches[i].used = false;
	for (i = 0; i < c->n && ret == SCARD_S_SUCCESS; i++)
		ret = entry_resolve(c, &c->states[i], &c->entries[i]);
	for (i = c->w->nwatches; i-- > 0;) {
		if (!c->w->watches[i].used)
			watch_drop(c->w, &c->w->watches[i]);
	}
	return ret;
}

/* ---- comparing ---- */

static void compare_pnp(const struct change *c, SCARD_READERSTATE *rs)
{
	DWORD known = rs->dwCurrentState >> 16 & 0xffff;
	unsigned int changes = scard_discovery_changes();

	rs->dwEventState = (DWORD)changes << 16;
	if (changes != c->changes || (known && known != changes))
		rs->dwEventState |= SCARD_STATE_CHANGED;
}

static void compare_gone(SCARD_READERSTATE *rs)
{
	rs->dwEventState = SCARD_STATE_UNKNOWN | SCARD_STATE_UNAVAILABLE;
	if (!(rs->dwCurrentState & SCARD_STATE_UNKNOWN))
		rs->dwEventState |= SCARD_STATE_CHANGED;
}

/* SCARD_STATE_BIT_* as SCARD_STATE_* */
static DWORD state_of(uint32_t bits)
{
	DWORD state = 0;

	if (bits & SCARD_STATE_BIT_PRESENT) {
		state = SCARD_STATE_PRESENT;
		if (bits & SCARD_STATE_BIT_MUTE)
			state |= SCARD_STATE_MUTE;
		/* handles connected without a card do not count */
		if (bits & SCARD_STATE_BIT_INUSE)
			state |= SCARD_STATE_INUSE;
	} else {
		state = SCARD_STATE_EMPTY;
	}
	if (bits & SCARD_STATE_BIT_EXCLUSIVE) {
		state &= ~(DWORD)SCARD_STATE_INUSE;
		state |= SCARD_STATE_EXCLUSIVE;
	}
	return state;
}

/*
 * Does the state contradict the one that the caller passed? Bits that the caller left out do not
 * count, nor does a reader that came into use.
 */
static bool contradicts(DWORD known, DWORD state, uint32_t bits)
{
	const DWORD use = SCARD_STATE_INUSE | SCARD_STATE_EXCLUSIVE;

	if (known == SCARD_STATE_UNAWARE)
		return true;
	if (known & (SCARD_STATE_UNKNOWN | SCARD_STATE_UNAVAILABLE))
		return true;
	if (state & SCARD_STATE_EMPTY && known & SCARD_STATE_PRESENT)
		return true;
	if (state & SCARD_STATE_PRESENT) {
		if (known & SCARD_STATE_EMPTY)
			return true;
		if ((known ^ state) & SCARD_STATE_MUTE)
			return true;
	}
	if (state & SCARD_STATE_EXCLUSIVE)
		return known & SCARD_STATE_INUSE;
	if (state & SCARD_STATE_INUSE)
		return known & SCARD_STATE_EXCLUSIVE;
	return !(bits & SCARD_STATE_BIT_INUSE) && known & use;
}

static void compare_reader(SCARD_READERSTATE *rs, uint32_t bits, uint32_t card_event)
{
	DWORD counter = card_event & 0xffff;
	DWORD known_counter = rs->dwCurrentState >> 16 & 0xffff;
	DWORD state = state_of(bits);

	rs->dwEventState = state | counter << 16;
	if ((known_counter && known_counter != counter) ||
	    contradicts(rs->dwCurrentState, state, bits))
		rs->dwEventState |= SCARD_STATE_CHANGED;
}

static void must_settle(struct change *c, int64_t until)
{
	if (until > scard_clock_ms() && until > c->settle_until)
		c->settle_until = until;
}

static void compare_entry(struct change *c, const struct entry *e, SCARD_READERSTATE *rs)
{
	const struct watch *watch;
	int64_t until;

	switch (e->kind) {
	case ENTRY_IGNORED:
		break;
	case ENTRY_PNP:
		compare_pnp(c, rs);
		break;
	case ENTRY_GONE:
		compare_gone(rs);
		break;
	case ENTRY_PRESENCE:
		rs->cbAtr = 0;
		compare_reader(rs, e->reader.state, e->reader.card_event);
		if (!e->final) {
			until = scard_discovery_settle_until(&e->reader);
			must_settle(c, until ? until : scard_clock_ms() + 1);
			c->retry = true;
		}
		break;
	case ENTRY_WATCHED:
		watch = watch_find(c->w, e->minor);
		rs->cbAtr = 0;
		if (watch->status.state & SCARD_STATE_BIT_PRESENT) {
			rs->cbAtr = watch->status.atr_len;
			memcpy(rs->rgbAtr, watch->status.atr, watch->status.atr_len);
		}
		compare_reader(rs, watch->status.state, watch->status.card_event);
		must_settle(c, watch->settle_until);
		break;
	}
}

/* Fill in all event states; return true if any has changed. */
static bool compare(struct change *c)
{
	bool changed = false;
	size_t i;

	c->settle_until = 0;
	c->retry = false;
	for (i = 0; i < c->n; i++) {
		SCARD_READERSTATE *rs = &c->states[i];

		if (!(rs->dwCurrentState & SCARD_STATE_IGNORE))
			compare_entry(c, &c->entries[i], rs);
		changed |= (rs->dwEventState & SCARD_STATE_CHANGED) != 0;
	}
	return changed;
}

/* ---- waiting ---- */

static bool any_unknown(const struct change *c)
{
	size_t i;

	for (i = 0; i < c->n; i++) {
		if (c->entries[i].kind == ENTRY_GONE)
			return true;
	}
	return false;
}

static void end_call(struct change *c)
{
	scard_discovery_unlisten(&c->w->listener);
	scard_waiter_put(&c->ctx->waiters, c->w);
	free(c->entries);
}

/* The thread was cancelled in poll(): clean up for scard_status_change() and its caller. */
static void abandon(void *arg)
{
	struct change *c = arg;

	end_call(c);
	scard_context_put(c->ctx);
}

static int cancellable_poll(struct change *c, size_t n, int ms)
{
	int ret;

	pthread_cleanup_push(abandon, c);
	pthread_setcancelstate(c->cancel_state, NULL);
	ret = poll(c->w->fds, n, ms);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	pthread_cleanup_pop(0);
	return ret;
}

/* The program has closed a descriptor, and perhaps more: open all those anew. */
static LONG reopen_lost(struct change *c)
{
	struct waiter *w = c->w;
	bool reopened;
	size_t i;

	scard_discovery_suspect();
	if (!scard_descriptors_ours(w->listener.eventfd)) {
		scard_discovery_unlisten(&w->listener);
		reopened = scard_waiter_reopen(&c->ctx->waiters, w);
		scard_discovery_listen(&w->listener);
		if (!reopened)
			return SCARD_E_NO_MEMORY;
	}
	for (i = w->nwatches; i-- > 0;) {
		if (!scard_descriptors_ours(w->watches[i].fd))
			watch_drop(w, &w->watches[i]);
	}
	scard_discovery_refresh();
	return resolve(c);
}

/*
 * Wait up to @ms (-1: for ever; 0: do not wait) for a change, and update watches and entries.
 * Return SCARD_S_SUCCESS, or an error that ends the call.
 */
static LONG wait_once(struct change *c, int ms)
{
	struct waiter *w = c->w;
	bool lost = false, closed = false, polling = false;
	eventfd_t ignored;
	size_t n, i;
	int ready;

	n = 1 + DISCOVERY_POLLFDS + w->nwatches;
	if (n > w->nfds) {
		struct pollfd *fds = realloc(w->fds, n * sizeof(*fds));

		if (!fds)
			return SCARD_E_NO_MEMORY;
		w->fds = fds;
		w->nfds = n;
	}
	w->fds[0] = (struct pollfd){ .fd = w->listener.eventfd, .events = POLLIN };
	for (i = 0; i < w->nwatches; i++)
		w->fds[1 + i] = (struct pollfd){ .fd = w->watches[i].fd, .events = WATCH_EVENTS };
	if (c->list_matters)
		polling = !scard_discovery_pollfds(&w->fds[n - DISCOVERY_POLLFDS]);
	else
		n -= DISCOVERY_POLLFDS;
	if (polling && (ms < 0 || ms > POLL_MS))
		ms = POLL_MS;
	ready = cancellable_poll(c, n, ms);
	if (atomic_load(&w->cancelled))
		return SCARD_E_CANCELLED;
	/* EINVAL: more descriptors than RLIMIT_NOFILE allows; ENOMEM */
	if (ready < 0 && errno != EINTR)
		return SCARD_E_NO_MEMORY;
	if (ready <= 0) {
		if (polling && ms) {
			scard_discovery_refresh();
			c->retry |= scard_discovery_generation() != c->generation;
		}
		return c->retry ? resolve(c) : SCARD_S_SUCCESS;
	}

	if (w->fds[0].revents) {
		closed = !scard_descriptors_ours(w->listener.eventfd);
		if (!closed)
			eventfd_read(w->listener.eventfd, &ignored);
	}
	/* from the end: watch_lost() moves the last watch into the gap */
	for (i = w->nwatches; i-- > 0;) {
		int error = w->fds[1 + i].revents ? watch_update(&w->watches[i]) : 0;

		if (error) {
			watch_lost(w, &w->watches[i], error);
			lost = true;
			closed |= error != ENODEV;
		}
	}
	if (closed)
		return reopen_lost(c);
	if (lost || (c->list_matters && (w->fds[n - 1].revents | w->fds[n - 2].revents)))
		scard_discovery_refresh();
	if (lost || c->retry || scard_discovery_generation() != c->generation)
		return resolve(c);
	return SCARD_S_SUCCESS;
}

static int time_left(int64_t until)
{
	int64_t left = until - scard_clock_ms();

	return left <= 0 ? 0 : left > INT_MAX ? INT_MAX : left;
}

static LONG wait_for_change(struct change *c, DWORD timeout)
{
	bool for_ever = timeout >= INFINITE;
	/* + 1: the current millisecond has partly passed */
	int64_t deadline = for_ever || !timeout ? 0 : scard_clock_ms() + (int64_t)timeout + 1;
	int ms = 0;
	LONG ret;

	for (;;) {
		bool changed;

		/* the first time do not wait, only update */
		ret = wait_once(c, ms);
		if (ret != SCARD_S_SUCCESS)
			return ret;
		changed = compare(c);
		if (c->settle_until) {
			/* the state is incomplete: wait for the rest */
			ms = time_left(c->settle_until);
			continue;
		}
		if (changed)
			return SCARD_S_SUCCESS;
		ms = for_ever ? -1 : time_left(deadline);
		if (!ms)
			return SCARD_E_TIMEOUT;
	}
}

/*
 * SCardGetStatusChange; the arguments are valid. Thread cancellation is disabled;
 * @cancel_state is the state to restore while waiting.
 */
LONG scard_status_change(struct context *ctx, DWORD timeout, SCARD_READERSTATE *states, DWORD n,
		   int cancel_state)
{
	struct change c = { .ctx = ctx, .cancel_state = cancel_state, .states = states, .n = n };
	size_t i;
	LONG ret;

	c.entries = calloc(n, sizeof(*c.entries));
	if (!c.entries)
		return SCARD_E_NO_MEMORY;
	c.w = scard_waiter_get(&ctx->waiters);
	if (!c.w) {
		free(c.entries);
		return SCARD_E_NO_MEMORY;
	}
	scard_discovery_listen(&c.w->listener);
	ret = scard_discovery_refresh();
	if (ret == SCARD_S_SUCCESS) {
		c.changes = scard_discovery_changes();
		ret = resolve(&c);
	}
	if (ret == SCARD_S_SUCCESS && any_unknown(&c))
		ret = SCARD_E_UNKNOWN_READER;
	if (ret == SCARD_S_SUCCESS) {
		for (i = 0; i < n; i++)
			states[i].dwEventState = 0;
		ret = wait_for_change(&c, timeout);
	}
	end_call(&c);
	return ret;
}
