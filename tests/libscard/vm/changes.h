/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SCardGetStatusChange under test: observers follow all readers as programs do, and publish their
 * view. changes_test.c has the model.
 */
#ifndef LIB_VM_CHANGES_H
#define LIB_VM_CHANGES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include <winscard.h>

#define MAX_READERS	8

struct belief {
	char name[MAX_READERNAME];
	DWORD state;		/* as of dwEventState, without CHANGED */
	DWORD atr_len;
};

struct observer {
	const char *name;
	/* kind */
	bool process;		/* its own process; else a thread */
	bool user;		/* has no permission to open the devices */
	bool list_only;		/* waits for the list of readers only */
	bool sluggish;		/* a process that is stopped from time to time */
	bool hasty;		/* waits a few milliseconds at most */
	/* identity */
	SCARDCONTEXT ctx;	/* of a thread, to cancel it */
	pid_t id;		/* of the thread or process */
	atomic_bool waiting;	/* is in SCardGetStatusChange */
	/* its view; with the lock, which processes share */
	pthread_mutex_t lock;
	size_t n;
	struct belief readers[MAX_READERS];
	DWORD changes;		/* high word of the list's state */
	char error[160];
	/* counters */
	atomic_ulong news;	/* returned SCARD_S_SUCCESS */
	atomic_ulong timeouts;
	atomic_ulong cancelled;
	atomic_ulong returns;	/* all returns */
	atomic_ulong blind;	/* cards whose ATR took longer than the library waits */
};

/* For all processes; in shared memory */
struct stage {
	atomic_bool stop;
	struct observer *observers;
};

void observer_start(struct stage *stage, struct observer *observer);
/* Must a call report @state to a caller that knows @known? */
enum news { NO_NEWS, NEWS, MAYBE } is_news(DWORD known, DWORD state);

double seconds(void);
bool receive_buffers(const char *size);
unsigned long netlink_drops(void);
bool thread_polls(pid_t thread);

#endif
