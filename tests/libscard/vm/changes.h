/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SCardGetStatusChange under test: observers that follow all readers as programs do, and
 * publish what they believe. changes_test.c knows what they should believe.
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
	/* how it works */
	bool process;		/* of its own; else a thread */
	bool user;		/* may not open the devices */
	bool list_only;		/* asks for the list of readers only */
	bool sluggish;		/* a process that is stopped now and then */
	bool hasty;		/* waits a few milliseconds at most */
	/* who it is */
	SCARDCONTEXT ctx;	/* of a thread, to cancel it */
	pid_t id;		/* of the thread or process */
	atomic_bool waiting;	/* is in SCardGetStatusChange */
	/* what it believes; with the lock, which processes share */
	pthread_mutex_t lock;
	size_t n;
	struct belief readers[MAX_READERS];
	DWORD changes;		/* high word of the list's state */
	char error[160];
	/* what it did */
	atomic_ulong news;	/* returned SCARD_S_SUCCESS */
	atomic_ulong timeouts;
	atomic_ulong cancelled;
	atomic_ulong returns;	/* all of them */
	atomic_ulong blind;	/* a card whose ATR took longer than the library waits */
};

/* For all processes; in shared memory. */
struct stage {
	atomic_bool stop;
	struct observer *observers;
};

void observer_start(struct stage *stage, struct observer *observer);
/* Is a reader whose state is @state news for somebody who knows @known? */
enum news { NO_NEWS, NEWS, MAYBE } is_news(DWORD known, DWORD state);

double seconds(void);
bool receive_buffers(const char *size);
unsigned long netlink_drops(void);
bool thread_polls(pid_t thread);

#endif
