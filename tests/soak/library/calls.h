/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SCard calls whose results are checked, and that the watchdog sees. */
#ifndef SOAK_CALLS_H
#define SOAK_CALLS_H

#include <winscard.h>

#include "library.h"

/* A context as other threads know it; what they do to it explains its results. */
struct owner {
	_Atomic SCARDCONTEXT context;
	_Atomic SCARDHANDLE card;
	atomic_uint cancels_begun, cancels_done;
	atomic_bool released;	/* by another thread */
};

/* A thread that makes calls */
struct user {
	struct rnd rnd;
	struct watch *watch;
	struct owner *owner;
	SCARDCONTEXT context;
	unsigned int cancels;	/* of the owner that were over when the call began */
	bool keeps_context;	/* until it ends, and waits without end are not for it */
	bool forks;		/* not beside a thread that may call daemon() */
	bool borrows;		/* the handle is another thread's, which may end it */
	atomic_bool losing;	/* the process closes descriptors during calls */
};

/* The watch is taken here, and given back by user_end(). */
void user_init(struct user *user, struct owner *owner, uint64_t seed);
void user_end(struct user *user);

void call_begin(struct user *user, enum call call);
/* Returns @ret, after it was found to be one of the results that this call may have. */
LONG call_end(struct user *user, enum call call, LONG ret);
/* The same for a call that can have one result only */
void call_end_as(struct user *user, enum call call, LONG ret, LONG want);

#define CALL(user, call, expression)	(call_begin(user, call), call_end(user, call, expression))
#define CALL_AS(user, call, expression, want) \
	(call_begin(user, call), call_end_as(user, call, expression, want))

/* A result that cannot be, for whatever reason */
#define WRONG(format, ...) do {						\
	library->wrong++;						\
	soak_note(format, ##__VA_ARGS__);				\
} while (0)

void establish(struct user *user);
void release(struct user *user);
void cancel(struct user *user, struct owner *other);

/* Sends data to the card, which must come back; false if the call failed. */
bool echo(struct user *user, SCARDHANDLE card);
/* Asks whether the PIN is verified, which must be as @verified says; false if the call failed. */
bool ask(struct user *user, SCARDHANDLE card, bool verified);
bool verify(struct user *user, SCARDHANDLE card);

const char *call_name(enum call call);
/* What the watchdog finds; the process of a call that takes too long, or 0 */
int call_stuck(void);
void calls_print(void);

#endif
