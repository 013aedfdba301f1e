// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The set of file descriptors that the library has open.
 *
 * A forked child closes them, but for those that it may take over (heritage.c). Opening and
 * adding, and closing and removing, happen under one lock, which fork() takes: a child always
 * finds the complete set.
 *
 * A program may close our descriptors, and its own may get their numbers. Each of ours has a
 * mark, which is checked before the descriptor is closed, read or written. A number stays in the
 * set until its owner in the library closes it, and no other owner gets it before.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "descriptors.h"

/* The mark: the signal for O_ASYNC, which is never set */
#define MARK	61

struct descriptor {
	bool used;
	bool kept;	/* a forked child does not close it */
	bool marked;	/* else close-on-exec is the mark: the kernel refused the signal */
};

static struct {
	pthread_mutex_t lock;
	struct descriptor *set;	/* indexed by descriptor number */
	size_t size;
	int cancel_state;	/* of the thread that holds the lock */
} descriptors = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* open() and close() are cancellation points: disable cancellation of the thread that locks. */
void scard_descriptors_lock(void)
{
	int state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	pthread_mutex_lock(&descriptors.lock);
	descriptors.cancel_state = state;
}

static void unlock(void)
{
	int state = descriptors.cancel_state;

	pthread_mutex_unlock(&descriptors.lock);
	pthread_setcancelstate(state, NULL);
}

static bool in_set(int fd)
{
	return fd >= 0 && (size_t)fd < descriptors.size && descriptors.set[fd].used;
}

static bool grow(size_t size)
{
	struct descriptor *set = realloc(descriptors.set, size * sizeof(*set));

	if (!set)
		return false;
	memset(set + descriptors.size, 0, (size - descriptors.size) * sizeof(*set));
	descriptors.set = set;
	descriptors.size = size;
	return true;
}

/*
 * With the lock: add @fd. Return 0, -ENOMEM, or -EEXIST if the program has closed our
 * descriptor of this number, whose owner does not know it yet.
 */
int scard_descriptors_add(int fd)
{
	struct descriptor *d;

	if (in_set(fd))
		return -EEXIST;
	if ((size_t)fd >= descriptors.size && !grow((size_t)fd + 16))
		return -ENOMEM;
	d = &descriptors.set[fd];
	d->marked = !fcntl(fd, F_SETSIG, MARK);
	d->kept = false;
	d->used = true;
	return 0;
}

/*
 * Add @fd, unless it is negative, and unlock. Return the descriptor, which may have got another
 * number; on failure close it and return a negative errno.
 */
int scard_descriptors_unlock(int fd)
{
	int error, other;

	while (fd >= 0) {
		error = scard_descriptors_add(fd);
		if (!error)
			break;
		other = error == -EEXIST ? fcntl(fd, F_DUPFD_CLOEXEC, fd + 1) : error;
		if (other == -1)
			other = -errno;
		close(fd);
		fd = other;
	}
	unlock();
	return fd;
}

/* As open(), but return a negative errno. */
int scard_descriptors_open(const char *path, int flags)
{
	int fd;

	scard_descriptors_lock();
	do {
		fd = open(path, flags | O_CLOEXEC);
	} while (fd < 0 && errno == EINTR);
	return scard_descriptors_unlock(fd < 0 ? -errno : fd);
}

static bool is_ours(int fd)
{
	int flags;

	if (descriptors.set[fd].marked)
		return fcntl(fd, F_GETSIG) == MARK;
	flags = fcntl(fd, F_GETFD);
	return flags >= 0 && flags & FD_CLOEXEC;
}

/* Is @fd still our descriptor? Ask before reading and writing, which may reach the program's. */
bool scard_descriptors_ours(int fd)
{
	bool ours;

	scard_descriptors_lock();
	ours = in_set(fd) && is_ours(fd);
	unlock();
	return ours;
}

/*
 * With the lock, before closing: remove @fd from the set. Return false if it must not be
 * closed: in a forked child, or if the program has closed it.
 */
bool scard_descriptors_remove(int fd)
{
	if (!in_set(fd))
		return false;
	descriptors.set[fd].used = false;
	return is_ours(fd);
}

void scard_descriptors_close(int fd)
{
	scard_descriptors_lock();
	if (scard_descriptors_remove(fd))
		close(fd);
	unlock();
}

static void close_all(void)
{
	size_t fd;

	for (fd = 0; fd < descriptors.size; fd++) {
		if (descriptors.set[fd].kept)
			descriptors.set[fd].kept = false;
		else if (scard_descriptors_remove(fd))
			close(fd);
	}
}

/* In a forked child, with the lock: scard_descriptors_forked() must not close @fd. */
void scard_descriptors_keep(int fd)
{
	if (in_set(fd))
		descriptors.set[fd].kept = true;
}

/* In a forked child, with the lock: close all others and unlock. */
void scard_descriptors_forked(void)
{
	close_all();
	unlock();
}

/* The library is unloaded: close all and free the set. */
void scard_descriptors_end(void)
{
	scard_descriptors_lock();
	close_all();
	free(descriptors.set);
	descriptors.set = NULL;
	descriptors.size = 0;
	unlock();
}
