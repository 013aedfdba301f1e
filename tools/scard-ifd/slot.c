// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two threads for each slot: the worker has the driver do what the kernel asks for, the watcher
 * reports cards. A mutex of the slot, or one of all slots if the driver needs that, serialises
 * the driver's calls.
 *
 * A call of the driver cannot be ended. When the kernel gives a request up, its call goes on; the
 * request that follows waits for it.
 */
#include "slot.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "attr.h"
#include "driver.h"
#include "request.h"

#define WATCH_MS	400	/* between two looks for a card */
#define STOP_MS		3000	/* for the driver to come back */

/**
 * struct slot - a slot
 * @lock: of all that follows but @present and @card
 * @changed: there is something to do
 * @running: the request that the driver works on
 * @next: the one that follows
 * @suspend: power the card down first
 * @end: the threads are to end
 * @calls: held by a thread that calls the driver
 * @present: the kernel knows of a card; changes with @calls held
 * @card: used with @calls held
 */
struct slot {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t worker, watcher;
	struct uscard_job *running;
	struct uscard_job *next;
	bool suspend;
	bool end;

	pthread_mutex_t *calls;
	pthread_mutex_t own_calls;
	bool present;
	struct request_card card;
};

static struct slot *slots;
static unsigned int nslots;

static unsigned int index_of(const struct slot *s)
{
	return (unsigned int)(s - slots);
}

static struct timespec after(unsigned int ms, clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += ms % 1000 * 1000000L;
	if (t.tv_nsec >= 1000000000L) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000L;
	}
	return t;
}

/* ---- the worker ---- */

/* Wait for something to do. Return: false: the end. *@job may be NULL, with *@suspend */
static bool take(struct slot *s, struct uscard_job **job, bool *suspend)
{
	bool end;

	pthread_mutex_lock(&s->lock);
	while (!s->next && !s->suspend && !s->end)
		pthread_cond_wait(&s->changed, &s->lock);
	end = s->end;
	*suspend = s->suspend;
	s->suspend = false;
	*job = s->running = s->next;
	s->next = NULL;
	pthread_mutex_unlock(&s->lock);
	return !end;
}

static void done(struct slot *s)
{
	struct uscard_job *job;

	pthread_mutex_lock(&s->lock);
	job = s->running;
	s->running = NULL;
	pthread_mutex_unlock(&s->lock);
	uscard_free(job);
}

static void *work(void *arg)
{
	struct slot *s = arg;
	struct uscard_job *job;
	bool suspend;

	while (take(s, &job, &suspend)) {
		pthread_mutex_lock(s->calls);
		if (suspend)
			request_power_down(index_of(s));
		if (job && !request_run(&s->card, job))
			s->present = false;
		pthread_mutex_unlock(s->calls);
		done(s);
	}
	done(s);
	return NULL;
}

/* ---- the watcher ---- */

static bool ended(struct slot *s)
{
	bool end;

	pthread_mutex_lock(&s->lock);
	end = s->end;
	pthread_mutex_unlock(&s->lock);
	return end;
}

/* The event is written with the lock held, so that none overtakes an answer. */
static void look(struct slot *s)
{
	bool present;

	pthread_mutex_lock(s->calls);
	present = driver_present(index_of(s));
	if (present != s->present) {
		s->present = present;
		uscard_event(index_of(s), present);
	}
	pthread_mutex_unlock(s->calls);
}

static void rest(struct slot *s)
{
	const struct timespec until = after(WATCH_MS, CLOCK_MONOTONIC);

	pthread_mutex_lock(&s->lock);
	while (!s->end && !pthread_cond_timedwait(&s->changed, &s->lock, &until))
		;
	pthread_mutex_unlock(&s->lock);
}

static void *watch(void *arg)
{
	struct slot *s = arg;

	pthread_mutex_lock(s->calls);
	attr_push_reader(index_of(s));
	pthread_mutex_unlock(s->calls);
	while (!ended(s)) {
		look(s);
		if (!driver_waits(index_of(s)) || !driver_wait(index_of(s)))
			rest(s);
	}
	return NULL;
}

/* ---- for the thread that reads requests ---- */

int slot_init(unsigned int count, bool at_once)
{
	pthread_condattr_t monotonic;
	unsigned int i;

	slots = calloc(count, sizeof(*slots));
	if (!slots)
		return ENOMEM;
	nslots = count;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	for (i = 0; i < count; i++) {
		pthread_mutex_init(&slots[i].lock, NULL);
		pthread_mutex_init(&slots[i].own_calls, NULL);
		pthread_cond_init(&slots[i].changed, &monotonic);
		slots[i].calls = at_once ? &slots[i].own_calls : &slots[0].own_calls;
	}
	pthread_condattr_destroy(&monotonic);
	return 0;
}

unsigned int slot_pin_codes(uint32_t *codes, unsigned int max)
{
	return request_pin_codes(&slots[0].card, codes, max);
}

int slot_start(void)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < nslots && !ret; i++)
		ret = pthread_create(&slots[i].worker, NULL, work, &slots[i]) ?:
		      pthread_create(&slots[i].watcher, NULL, watch, &slots[i]);
	return ret;
}

/* The kernel gives a request up: one that waits is dropped, a call of the driver comes back. */
static void abort_request(uint64_t id)
{
	unsigned int i;

	for (i = 0; i < nslots; i++) {
		struct uscard_job *job = NULL;

		pthread_mutex_lock(&slots[i].lock);
		if (slots[i].next && slots[i].next->head.id == id) {
			job = slots[i].next;
			slots[i].next = NULL;
		}
		pthread_mutex_unlock(&slots[i].lock);
		if (job)
			uscard_answer_error(id, ECANCELED);
		uscard_free(job);
	}
}

static void suspend_all(void)
{
	unsigned int i;

	for (i = 0; i < nslots; i++) {
		pthread_mutex_lock(&slots[i].lock);
		slots[i].suspend = true;
		pthread_cond_broadcast(&slots[i].changed);
		pthread_mutex_unlock(&slots[i].lock);
	}
}

void slot_request(struct uscard_job *job)
{
	struct uscard_job *old;
	struct slot *s;

	if (job->head.op == USCARD_ABORT)
		abort_request(job->head.arg64);
	else if (job->head.op == USCARD_SUSPEND)
		suspend_all();
	if (!job->head.id || job->head.slot >= nslots) {
		uscard_free(job);
		return;
	}
	s = &slots[job->head.slot];
	pthread_mutex_lock(&s->lock);
	/* if one waits, the kernel has given it up */
	old = s->next;
	s->next = job;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	uscard_free(old);
}

bool slot_more_time(uint32_t ms)
{
	bool open = false;
	unsigned int i;

	for (i = 0; i < nslots; i++) {
		struct slot *s = &slots[i];

		pthread_mutex_lock(&s->lock);
		open |= s->running || s->next;
		if (ms && s->running)
			uscard_more_time(s->running->head.id, ms);
		if (ms && s->next)
			uscard_more_time(s->next->head.id, ms);
		pthread_mutex_unlock(&s->lock);
	}
	return open;
}

bool slot_stop(void)
{
	const struct timespec until = after(STOP_MS, CLOCK_REALTIME);
	bool all = true;
	unsigned int i;

	for (i = 0; i < nslots; i++) {
		pthread_mutex_lock(&slots[i].lock);
		slots[i].end = true;
		pthread_cond_broadcast(&slots[i].changed);
		pthread_mutex_unlock(&slots[i].lock);
	}
	for (i = 0; i < nslots; i++)
		driver_wait_end(i);
	for (i = 0; i < nslots; i++) {
		all &= !slots[i].worker || !pthread_timedjoin_np(slots[i].worker, NULL, &until);
		all &= !slots[i].watcher || !pthread_timedjoin_np(slots[i].watcher, NULL, &until);
	}
	for (i = 0; i < nslots && all; i++) {
		request_power_down(i);
		driver_close_slot(i);
	}
	return all;
}
