/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all processes of the library's soak share: the phase, calls in progress, counters. */
#ifndef SOAK_LIBRARY_H
#define SOAK_LIBRARY_H

#include "../soak.h"

#define WORKERS		8
#define WATCHES		64	/* threads that make calls at the same time, in all processes */
#define CODES		128	/* SCARD_* by their last 7 bits */

enum call {
	ESTABLISH, RELEASE, IS_VALID, CANCEL, LIST, CHANGE, CONNECT, RECONNECT, DISCONNECT, BEGIN,
	END, STATUS, TRANSMIT, ATTRIB, CALLS,
};

/* The call in progress of one thread, for the watchdog */
struct watch {
	atomic_bool used;
	atomic_int call;	/* enum call, or CALLS: none */
	atomic_bool endless;	/* it ends in the calm at the latest */
	atomic_long since;
	atomic_int process;
};

/* In memory that all processes share */
struct library {
	atomic_uint phase;		/* even: a burst; odd: the calm after it */
	atomic_uint measured;		/* the last calm in which the crew has measured itself */
	atomic_long calm_since;
	atomic_bool end;		/* the calm is the last one */
	atomic_int families;		/* processes beside the crew that have not ended */
	struct watch watches[WATCHES];
	atomic_ulong results[CALLS][CODES];
	atomic_long longest[CALLS];	/* ms */
	atomic_ulong wrong;		/* results that cannot be */
	atomic_ulong dead;		/* threads that did not reach a card in a calm */
	atomic_ulong left;		/* processes with descriptors that are left */
	atomic_ulong bad_ends;		/* processes that did not end with status 0 */
	atomic_ulong grown;		/* calms with a larger heap */
	atomic_long heap;		/* its growth since the first rounds, bytes */
	atomic_ulong forks, daemons, closed, cancelled, robbed, signals, echoes, verified;
};

extern struct library *library;

/*
 * The sanitizers of GCC 12 do not lock their allocator in fork(): the child of a process with
 * threads hangs in it. They lose track of the stack of a thread that is cancelled.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FORKS_WITH_THREADS	false
#define CANCELS_THREADS		false
#else
#define FORKS_WITH_THREADS	true
#define CANCELS_THREADS		true
#endif

static inline bool is_calm(void)
{
	return library->phase & 1;
}

/* Also while signals come */
static inline void rest_ms(long ms)
{
	long end = now_ms() + ms, left;

	while ((left = end - now_ms()) > 0) {
		struct timespec pause = { left / 1000, left % 1000 * 1000000 };

		nanosleep(&pause, NULL);
	}
}

#endif
