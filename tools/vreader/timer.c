// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "timer.h"

#include <stddef.h>
#include <time.h>

#define MAX_WAIT_MS 60000

static uint64_t start_us;
static uint64_t cached_us;
static struct timer *timers;	/* the earliest first */

static uint64_t monotonic_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

void timer_init(void)
{
	start_us = monotonic_us();
}

uint64_t timer_now(void)
{
	return cached_us;
}

uint64_t timer_clock(void)
{
	cached_us = monotonic_us() - start_us;
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
	t->at_us = timer_clock() + delay_us;
	t->fire = fire;
	t->armed = true;
	while (*p && (*p)->at_us <= t->at_us)
		p = &(*p)->next;
	t->next = *p;
	*p = t;
}

int timer_next_ms(void)
{
	uint64_t now, ms;

	if (!timers)
		return -1;
	now = timer_clock();
	if (timers->at_us <= now)
		return 0;
	ms = (timers->at_us - now + 999) / 1000;
	return ms > MAX_WAIT_MS ? MAX_WAIT_MS : (int)ms;
}

void timer_run(void)
{
	while (timers && timers->at_us <= cached_us) {
		struct timer *t = timers;

		timers = t->next;
		t->armed = false;
		t->fire(t);
	}
}
