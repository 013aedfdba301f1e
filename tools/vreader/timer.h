/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clock, and timers that fire from the event loop. */
#ifndef VREADER_TIMER_H
#define VREADER_TIMER_H

#include <stdbool.h>
#include <stdint.h>

/* Embed it and use container_of(). */
struct timer {
	struct timer *next;
	uint64_t at_us;
	bool armed;
	void (*fire)(struct timer *t);
};

/* Start the clock at 0. */
void timer_init(void);
/* Microseconds since timer_init(), as of the last timer_clock(). */
uint64_t timer_now(void);
/* Read the clock. */
uint64_t timer_clock(void);

void timer_arm(struct timer *t, uint64_t delay_us, void (*fire)(struct timer *t));
void timer_cancel(struct timer *t);
/* Milliseconds until the next timer fires, rounded up; -1 without timers. */
int timer_next_ms(void);
/* Fire the timers that are due. */
void timer_run(void);

#endif
