// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "loop.h"

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "timer.h"

#define MAX_EVENTS 16

static int epoll_fd = -1;
static bool running;

/* The events being handled; loop_del() removes those of its descriptor. */
static struct epoll_event round_events[MAX_EVENTS];
static int round_count;

int loop_init(void)
{
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	timer_init();
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

void loop_run(void (*idle)(void))
{
	running = true;
	while (running) {
		idle();
		if (!running)
			break;
		round_count = epoll_wait(epoll_fd, round_events, MAX_EVENTS, timer_next_ms());
		timer_clock();
		for (int i = 0; i < round_count; i++) {
			struct watch *w = round_events[i].data.ptr;

			if (w)
				w->ready(w, round_events[i].events);
		}
		round_count = 0;
		timer_run();
	}
}

void loop_stop(void)
{
	running = false;
}
