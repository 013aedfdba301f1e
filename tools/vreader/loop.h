/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event loop: file descriptors and timers, one thread. */
#ifndef VREADER_LOOP_H
#define VREADER_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))

/* A descriptor the loop watches; embed it and use container_of(). */
struct watch {
	int fd;
	void (*ready)(struct watch *w, uint32_t events);
};

struct timer {
	struct timer *next;
	uint64_t at_us;
	bool armed;
	void (*fire)(struct timer *t);
};

int loop_init(void);
int loop_add(struct watch *w, uint32_t events);
int loop_change(struct watch *w, uint32_t events);
void loop_del(struct watch *w);

/* Microseconds since the program started, read once each time the loop wakes up. */
uint64_t loop_now(void);
/* The same, read from the clock now. */
uint64_t loop_clock(void);

void timer_arm(struct timer *t, uint64_t delay_us, void (*fire)(struct timer *t));
void timer_cancel(struct timer *t);

/* Runs until loop_stop(); @idle is called each time before the loop goes to sleep. */
void loop_run(void (*idle)(void));
void loop_stop(void);

#endif
