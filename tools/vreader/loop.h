/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event loop: one thread that waits for descriptors and timers. */
#ifndef VREADER_LOOP_H
#define VREADER_LOOP_H

#include <stdint.h>

/* A descriptor that the loop watches; embed it and use container_of(). */
struct watch {
	int fd;
	void (*ready)(struct watch *w, uint32_t events);
};

int loop_init(void);
int loop_add(struct watch *w, uint32_t events);
int loop_change(struct watch *w, uint32_t events);
void loop_del(struct watch *w);

/* Run until loop_stop(); call @idle each time before the loop goes to sleep. */
void loop_run(void (*idle)(void));
void loop_stop(void);

#endif
