// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "loop.h"

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define MAX_EVENTS 16

static int epoll_fd = -1;
static bool running;
static uint64_t start_us;
static uint64_t cached_us;
static struct timer *timers;	/* the earliest first */

/* The events of the round being handled: loop_del() takes a descriptor out of it. */
static struct epoll_event round_events[MAX_EVENTS];
static int round_count;

static uint64_t clock_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

int loop_init(void)
{
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	start_us = clock_us();
	return epoll_fd < 0 ? -errno : 0;
}

static int loop_ctl(int op, struct watch *w, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };

	return epoll_ctl(epoll_fd, op, w->fd, &ev) ? -errno : 0;
}

int loop_add(struct watch *w, uint32_t events)
{
	return loop_ctl(EPOLL_CTL_ADD, w, events);
}

int loop_change(struct watch *w, uint32_t events)
{
	return loop_ctl(EPOLL_CTL_MOD, w, events);
}

void loop_del(struct watch *w)
{
	loop_ctl(EPOLL_CTL_DEL, w, 0);
	for (int i = 0; i < round_count; i++)
		if (round_events[i].data.ptr == w)
			round_events[i].data.ptr = NULL;
}

uint64_t loop_now(void)
{
	return cached_us;
}

uint64_t loop_clock(void)
{
	cached_us = clock_us() - start_us;
	return cached_us;
}

void timer_cancel(struct timer *t)
{
	if (!t->armed)
		return;
	for (struct timer **p = &timers; *p; p = &(*p)->next) {
		if (*p == t) {
			*p = t->next;
			break;
		}
	}
	t->armed = false;
}

void timer_arm(struct timer *t, uint64_t delay_us, void (*fire)(struct timer *t))
{
	struct timer **p = &timers;

	timer_cancel(t);
	t->at_us = loop_clock() + delay_us;
	t->fire = fire;
	t->armed = true;
	while (*p && (*p)->at_us <= t->at_us)
		p = &(*p)->next;
	t->next = *p;
	*p = t;
}

static void timers_run(void)
{
	while (timers && timers->at_us <= cached_us) {
		struct timer *t = timers;

		timers = t->next;
		t->armed = false;
		t->fire(t);
	}
}

/* Milliseconds to the next timer, rounded up so that the loop does not wake before it. */
static int next_timeout(void)
{
	uint64_t now, ms;

	if (!timers)
		return -1;
	now = loop_clock();
	if (timers->at_us <= now)
		return 0;
	ms = (timers->at_us - now + 999) / 1000;
	return ms > 60000 ? 60000 : (int)ms;
}

void loop_run(void (*idle)(void))
{
	running = true;
	while (running) {
		idle();
		if (!running)
			break;
		round_count = epoll_wait(epoll_fd, round_events, MAX_EVENTS, next_timeout());
		loop_clock();
		for (int i = 0; i < round_count; i++) {
			struct watch *w = round_events[i].data.ptr;

			if (w)
				w->ready(w, round_events[i].events);
		}
		round_count = 0;
		timers_run();
	}
}

void loop_stop(void)
{
	running = false;
}
