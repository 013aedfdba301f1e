// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The set of file descriptors that the library has open.
 *
 * A forked child closes them: it must not use the parent's cards, and the kernel sees that
 * the parent has exited only when the last duplicate of a descriptor is closed. Opening and
 * adding, and closing and removing, happen under one lock, which fork() takes: a child always
 * finds the complete set.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "descriptors.h"

static struct {
	pthread_mutex_t lock;
	unsigned long *bits;	/* the set, indexed by descriptor number */
	size_t words;
	atomic_uint overtaken;	/* counts descriptors that the program closed and we got again */
	int cancel_state;	/* of the thread that holds the lock */
} descriptors = { .lock = PTHREAD_MUTEX_INITIALIZER };

#define WORD_BITS	(sizeof(unsigned long) * CHAR_BIT)

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

static bool add(int fd)
{
	size_t word = fd / WORD_BITS;

	if (word >= descriptors.words) {
		size_t words = word + 4;
		unsigned long *bits = realloc(descriptors.bits, words * sizeof(*bits));

		if (!bits)
			return false;
		memset(bits + descriptors.words, 0, (words - descriptors.words) * sizeof(*bits));
		descriptors.bits = bits;
		descriptors.words = words;
	}
	if (descriptors.bits[word] & 1UL << fd % WORD_BITS)
		atomic_fetch_add(&descriptors.overtaken, 1);
	descriptors.bits[word] |= 1UL << fd % WORD_BITS;
	return true;
}

/*
 * Add @fd, unless it is negative, and unlock. Return @fd; if out of memory, close it and
 * return -ENOMEM.
 */
int scard_descriptors_unlock(int fd)
{
	if (fd >= 0 && !add(fd)) {
		close(fd);
		fd = -ENOMEM;
	}
	unlock();
	return fd;
}

/*
 * Return a count that has changed if the program has closed one of our descriptors and the
 * kernel has given us its number again.
 */
unsigned int scard_descriptors_overtaken(void)
{
	return atomic_load(&descriptors.overtaken);
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

/*
 * The program may have closed our descriptor and opened its own with that number. Ours always
 * have close-on-exec. A descriptor without it is meant to be inherited: do not close it.
 */
static bool is_ours(int fd)
{
	int flags = fcntl(fd, F_GETFD);

	return flags >= 0 && flags & FD_CLOEXEC;
}

/*
 * With the lock, before closing: remove @fd from the set. Return false if it must not be
 * closed: in a forked child, or if the program has closed it.
 */
bool scard_descriptors_remove(int fd)
{
	size_t word = fd / WORD_BITS;
	unsigned long bit = 1UL << fd % WORD_BITS;

	if (word >= descriptors.words || !(descriptors.bits[word] & bit))
		return false;
	descriptors.bits[word] &= ~bit;
	return is_ours(fd);
}

void scard_descriptors_close(int fd)
{
	scard_descriptors_lock();
	if (scard_descriptors_remove(fd))
		close(fd);
	unlock();
}

/* Remove a descriptor that now belongs to the program; do not close it. */
void scard_descriptors_forget(int fd)
{
	scard_descriptors_lock();
	scard_descriptors_remove(fd);
	unlock();
}

/* In a forked child, with the lock: close all and unlock. */
void scard_descriptors_forked(void)
{
	size_t word, bit;

	for (word = 0; word < descriptors.words; word++) {
		for (bit = 0; descriptors.bits[word]; bit++) {
			int fd = word * WORD_BITS + bit;

			if (scard_descriptors_remove(fd))
				close(fd);
		}
	}
	unlock();
}
