// SPDX-License-Identifier: GPL-2.0-or-later
/* See changes.h. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "changes.h"

#define PNP	"\\\\?PnP?\\Notification"
#define NOBODY	65534

/* The view of an observer, in its own memory: entry 0 is the list of readers. */
struct knowledge {
	struct observer *o;
	SCARDCONTEXT ctx;
	SCARD_READERSTATE states[1 + MAX_READERS];
	char names[MAX_READERS][MAX_READERNAME];
	size_t n;
	unsigned int random;
};

static void __attribute__((format(printf, 2, 3))) complain(struct observer *o,
							   const char *format, ...)
{
	va_list ap;

	pthread_mutex_lock(&o->lock);
	if (!o->error[0]) {
		va_start(ap, format);
		vsnprintf(o->error, sizeof(o->error), format, ap);
		va_end(ap);
	}
	pthread_mutex_unlock(&o->lock);
}

static void publish(const struct knowledge *k)
{
	size_t i;

	pthread_mutex_lock(&k->o->lock);
	k->o->changes = k->states[0].dwCurrentState >> 16;
	k->o->n = k->n;
	for (i = 0; i < k->n; i++) {
		struct belief *b = &k->o->readers[i];

		strcpy(b->name, k->names[i]);
		b->state = k->states[1 + i].dwCurrentState;
		b->atr_len = k->states[1 + i].cbAtr;
	}
	pthread_mutex_unlock(&k->o->lock);
}

/*
 * The rule of the manual of SCardGetStatusChange: presence, the counter of cards and a mute card
 * are events; the start of use is none, unless the caller knew the other kind of use.
 */
enum news is_news(DWORD known, DWORD state)
{
	const DWORD use = SCARD_STATE_INUSE | SCARD_STATE_EXCLUSIVE;
	DWORD gone = SCARD_STATE_UNKNOWN | SCARD_STATE_UNAVAILABLE;

	known &= ~(DWORD)SCARD_STATE_CHANGED;
	state &= ~(DWORD)SCARD_STATE_CHANGED;
	if (state & gone)
		return known & SCARD_STATE_UNKNOWN ? NO_NEWS : NEWS;
	if (known == SCARD_STATE_UNAWARE || known & gone)
		return NEWS;
	if (known >> 16 && known >> 16 != state >> 16)
		return NEWS;
	if ((known ^ state) & (SCARD_STATE_PRESENT | SCARD_STATE_EMPTY))
		return NEWS;
	if (state & SCARD_STATE_PRESENT && (known ^ state) & SCARD_STATE_MUTE)
		return NEWS;
	/* the caller knew one kind of use, and now it is the other, or none */
	if (!(known & use) || !((known ^ state) & use) || state & known & use)
		return NO_NEWS;
	/* without a card no reader is shown as shared: it may still be in use */
	return state & SCARD_STATE_EMPTY ? MAYBE : NEWS;
}

/* List all readers; keep the view of known ones. */
static void list_readers(struct knowledge *k)
{
	SCARD_READERSTATE old[1 + MAX_READERS];
	char old_names[MAX_READERS][MAX_READERNAME];
	DWORD len = SCARD_AUTOALLOCATE;
	char *names = NULL, *name;
	size_t old_n = k->n, i;
	LONG ret;

	memcpy(old, k->states, sizeof(old));
	memcpy(old_names, k->names, sizeof(old_names));
	ret = SCardListReaders(k->ctx, NULL, (LPSTR)&names, &len);
	if (ret != SCARD_S_SUCCESS && ret != SCARD_E_NO_READERS_AVAILABLE)
		complain(k->o, "SCardListReaders: 0x%lx", ret);
	k->n = 0;
	for (name = names; name && *name && k->n < MAX_READERS; name += strlen(name) + 1) {
		SCARD_READERSTATE *rs = &k->states[1 + k->n];

		memset(rs, 0, sizeof(*rs));
		snprintf(k->names[k->n], MAX_READERNAME, "%s", name);
		rs->szReader = k->names[k->n++];
		for (i = 0; i < old_n; i++) {
			/* a reader that was gone is a new one */
			if (!strcmp(old_names[i], name) &&
			    !(old[1 + i].dwCurrentState & SCARD_STATE_UNKNOWN)) {
				rs->dwCurrentState = old[1 + i].dwCurrentState;
				rs->cbAtr = old[1 + i].cbAtr;
			}
		}
	}
	SCardFreeMemory(k->ctx, names);
	publish(k);
}

/* Take over the results of a call; false if the list is out of date. */
static bool take_in(struct knowledge *k, size_t n, bool news)
{
	bool changed, any = false, valid = true;
	enum news wanted;
	size_t i;

	for (i = 0; i < n; i++) {
		SCARD_READERSTATE *rs = &k->states[i];

		changed = rs->dwEventState & SCARD_STATE_CHANGED;
		any |= changed;
		wanted = is_news(rs->dwCurrentState, rs->dwEventState);
		if (i && wanted != MAYBE && changed != (wanted == NEWS))
			complain(k->o, "%s: from 0x%lx to 0x%lx", rs->szReader,
				 rs->dwCurrentState, rs->dwEventState);
		if (i && rs->dwEventState & SCARD_STATE_PRESENT && !k->o->user && !rs->cbAtr)
			k->o->blind += changed;
		if (changed && (!i || rs->dwEventState & SCARD_STATE_UNKNOWN))
			valid = false;
		rs->dwCurrentState = rs->dwEventState & ~(DWORD)SCARD_STATE_CHANGED;
	}
	if (any != news)
		complain(k->o, "%s", news ? "success without news" : "a timeout with news");
	publish(k);
	return valid;
}

static void look(struct knowledge *k)
{
	size_t n = k->o->list_only ? 1 : 1 + k->n;
	DWORD patience = INFINITE;
	LONG ret;

	if (k->o->hasty)
		patience = rand_r(&k->random) % 30;
	k->o->waiting = true;
	ret = SCardGetStatusChange(k->ctx, patience, k->states, n);
	k->o->waiting = false;
	switch (ret) {
	case SCARD_S_SUCCESS:
		k->o->news++;
		if (!take_in(k, n, true))
			list_readers(k);
		break;
	case SCARD_E_TIMEOUT:
		k->o->timeouts++;
		if (!k->o->hasty)
			complain(k->o, "a timeout in a call that has none");
		take_in(k, n, false);
		break;
	case SCARD_E_CANCELLED:
		k->o->cancelled++;
		break;
	case SCARD_E_UNKNOWN_READER:
		/* the reader left between the list and this call */
		list_readers(k);
		break;
	default:
		complain(k->o, "SCardGetStatusChange: 0x%lx", ret);
		usleep(100000);
	}
	k->o->returns++;
}

static void observe(struct stage *stage, struct observer *o)
{
	struct knowledge k = { .o = o };

	k.random = (unsigned int)syscall(SYS_gettid);
	if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &k.ctx))
		complain(o, "SCardEstablishContext");
	/* first the counter of the list, then that list or a later one */
	k.states[0].szReader = PNP;
	SCardGetStatusChange(k.ctx, 0, k.states, 1);
	k.states[0].dwCurrentState = k.states[0].dwEventState & ~(DWORD)SCARD_STATE_CHANGED;
	list_readers(&k);
	o->ctx = k.ctx;
	o->id = (pid_t)syscall(SYS_gettid);
	while (!stage->stop)
		look(&k);
	SCardReleaseContext(k.ctx);
}

struct start {
	struct stage *stage;
	struct observer *o;
};

static void *observer_thread(void *arg)
{
	struct start *start = arg;

	observe(start->stage, start->o);
	free(start);
	return NULL;
}

void observer_start(struct stage *stage, struct observer *o)
{
	struct start *start;
	pthread_t thread;

	if (o->process) {
		fflush(stdout);
		if (fork())
			return;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (o->user && (setgid(NOBODY) || setuid(NOBODY)))
			complain(o, "setuid: %s", strerror(errno));
		/* setuid() clears this */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		observe(stage, o);
		_exit(0);
	}
	start = malloc(sizeof(*start));
	if (!start)
		abort();
	*start = (struct start){ stage, o };
	if (pthread_create(&thread, NULL, observer_thread, start))
		complain(o, "pthread_create");
	else
		pthread_detach(thread);
}
