// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which descriptors are ours.
 *
 * A forked child closes them: it shall not speak to the parent's cards, and the
 * kernel shall see the parent's end at once, which it does when the last duplicate
 * of a descriptor is closed.  So none may exist that is not written down here, at any
 * moment at which another thread can fork: opening and writing down, and closing and
 * striking out, are one step under the lock, which fork() takes.
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
	unsigned long *bits;	/* one for each descriptor number */
	size_t words;
	atomic_uint overtaken;	/* times that an open one of ours was closed by others */
	int cancel_state;	/* of the thread that has the lock */
} descriptors = { .lock = PTHREAD_MUTEX_INITIALIZER };

#define WORD_BITS	(sizeof(unsigned long) * CHAR_BIT)

/* No thread may be cancelled while it has the lock: open() and close() are such points. */
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

static bool write_down(int fd)
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
 * Unlock after opening a descriptor, or not (then fd is negative, an errno). Returns
 * it, or a negative errno.
 */
int scard_descriptors_unlock(int fd)
{
	if (fd >= 0 && !write_down(fd)) {
		close(fd);
		fd = -ENOMEM;
	}
	unlock();
	return fd;
}

/*
 * Another number if since then the program has closed a descriptor of ours, and its number
 * has come back to us for something else.
 */
unsigned int scard_descriptors_overtaken(void)
{
	return atomic_load(&descriptors.overtaken);
}

/* As open(); returns a negative errno. */
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
 * The program may have closed it, and have one of its own under the number. Ours are closed by
 * exec(): what is not, was opened to be inherited, and is missed if it is closed.
 */
static bool is_ours(int fd)
{
	int flags = fcntl(fd, F_GETFD);

	return flags >= 0 && flags & FD_CLOEXEC;
}

/*
 * With the lock: the descriptor is about to be closed. False if it is not ours: in a
 * forked child, or when somebody else has closed it.
 */
bool scard_descriptors_strike_out(int fd)
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
	if (scard_descriptors_strike_out(fd))
		close(fd);
	unlock();
}

/* It is not ours, whatever it is. */
void scard_descriptors_forget(int fd)
{
	scard_descriptors_lock();
	scard_descriptors_strike_out(fd);
	unlock();
}

/* In the child, with the lock that fork() took: close all, unlock. */
void scard_descriptors_forked(void)
{
	size_t word, bit;

	for (word = 0; word < descriptors.words; word++) {
		for (bit = 0; descriptors.bits[word]; bit++) {
			int fd = word * WORD_BITS + bit;

			if (scard_descriptors_strike_out(fd))
				close(fd);
		}
	}
	unlock();
}
