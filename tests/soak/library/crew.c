// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See crew.h. The main thread cancels and restarts workers and sends them signals; in a calm it
 * waits until all workers have released their contexts, and measures.
 */
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "../../libscard/open_files.h"
#include "crew.h"
#include "work.h"

#define SETTLED_CALM	4	/* before that, tables of library and libc grow */
#define HEAP_ROOM	(64 * 1024L)

static struct worker {
	pthread_t id;
	uint64_t seed;
	struct user user;
	_Atomic unsigned int parked;	/* the calm that it has come to rest in */
} workers[WORKERS];

static struct owner owners[WORKERS];
static unsigned int descriptors;
static size_t heap;

/* A thread that was cancelled, in any call, leaves its context to this handler. */
static void clean_up(void *arg)
{
	struct worker *worker = arg;

	worker->user.watch->endless = false;
	worker->user.borrows = false;
	release(&worker->user);
	user_end(&worker->user);
}

static void *worker_run(void *arg)
{
	static const struct others others = { owners, WORKERS };
	struct worker *worker = arg;
	unsigned int phase;

	if (!CANCELS_THREADS)
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	pthread_cleanup_push(clean_up, worker);
	storm_block(false);
	do {
		while (!is_calm())
			work(&worker->user, &others);
		phase = library->phase;
		work_calm(&worker->user);
		worker->parked = phase;
		while (library->phase == phase && !library->end)
			rest_ms(10);
	} while (!library->end);
	pthread_cleanup_pop(1);
	return NULL;
}

static void start(unsigned int n)
{
	struct worker *worker = &workers[n];
	int error;

	user_init(&worker->user, &owners[n], worker->seed++);
	worker->user.forks = FORKS_WITH_THREADS;
	worker->parked = 0;
	error = pthread_create(&worker->id, NULL, worker_run, worker);
	if (error) {
		soak_note("no thread: error %d", error);
		exit(1);
	}
}

static void end(unsigned int n)
{
	pthread_join(workers[n].id, NULL);
}

/* Of a burst */
static void disturb(struct rnd *rnd)
{
	unsigned int n = rnd_below(rnd, WORKERS), i;

	rest_ms(20 + rnd_below(rnd, 200));
	if (rnd_below(rnd, 4)) {
		for (i = 0; i < 20; i++)
			pthread_kill(workers[n].id, SIGUSR1);
		return;
	}
	if (!CANCELS_THREADS)
		return;
	pthread_cancel(workers[n].id);
	end(n);
	library->cancelled++;
	start(n);
}

static bool all_parked(unsigned int phase)
{
	unsigned int n = 0;

	while (n < WORKERS && workers[n].parked == phase)
		n++;
	return n == WORKERS;
}

/* Waits without end end here. */
static void wait_parked(struct user *user, unsigned int phase)
{
	unsigned int n;

	while (!all_parked(phase)) {
		for (n = 0; n < WORKERS; n++) {
			if (workers[n].user.watch->endless)
				cancel(user, &owners[n]);
		}
		rest_ms(20);
	}
}

static void measure(unsigned int calm)
{
	unsigned int now = open_files();
	size_t bytes = mallinfo2().uordblks;
	long growth = (long)(bytes - heap);

	if (now != descriptors) {
		library->left++;
		soak_note("%u descriptors, not %u", now, descriptors);
	}
	if (calm <= SETTLED_CALM) {
		heap = bytes;
		return;
	}
	library->heap = growth;
	if (growth < HEAP_ROOM)
		return;
	library->grown++;
	soak_note("the heap has %ld bytes more", growth);
}

void crew_run(uint64_t seed)
{
	struct owner own = { 0 };
	unsigned int n, phase;
	struct user user;
	struct rnd rnd;

	descriptors = open_files();
	rnd_seed(&rnd, seed);
	user_init(&user, &own, seed);
	/* the others get those of the timer */
	storm_block(true);
	for (n = 0; n < WORKERS; n++) {
		workers[n].seed = seed + 1000 * n;
		start(n);
	}
	while (!library->end) {
		storm(true, rnd_below(&rnd, 6000));
		while (!is_calm())
			disturb(&rnd);
		phase = library->phase;
		wait_parked(&user, phase);
		storm(false, 0);
		measure(phase / 2);
		library->measured = phase;
		while (library->phase == phase && !library->end)
			rest_ms(10);
	}
	for (n = 0; n < WORKERS; n++)
		end(n);
	user_end(&user);
	exit(0);
}
