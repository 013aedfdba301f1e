/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between fake.c and fake_slot.c: slots and open files. All under one lock. */
#ifndef TESTS_LIB_FAKE_SLOT_H
#define TESTS_LIB_FAKE_SLOT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <linux/scard.h>

#include "policy.h"

#define MAX_FILES	8192
#define MAX_SLOTS	300

struct slot {
	struct slot *older;	/* had the same number; files of it may be open */
	struct pol_slot pol;
	struct scard_info info;
	uint32_t event;
	uint32_t card_event;
	uint32_t protocol;
	bool settling;
	bool atr_known;
	bool denied;
	bool held;
	bool verified;
	int power_error;
	unsigned int on_wire;
	unsigned int queued;
	unsigned int resets;
};

struct file {
	struct slot *slot;	/* NULL: not ours */
	struct pol_handle handle;
	uint32_t seen;
	bool writable;
	bool nonblock;
	bool closed;
	unsigned int duplicates;	/* descriptors besides one */
	unsigned int calls;
	pid_t process;		/* of SCARD_CONNECT_PROCESS, or 0 */
	int efd;
};

extern struct fake {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	struct slot *slots[MAX_SLOTS];
	struct file *files[MAX_FILES];
	unsigned int open_files;
	unsigned int opens;
	unsigned int ioctls;
	unsigned int interrupts;
	unsigned int polling;
	bool keep_nodes;
	bool no_random;
	bool no_processes;
	int list;	/* enum fake_list */
} fake;

uint32_t slot_state(const struct slot *s);
void slot_changed(struct slot *s);
void slot_wake(struct pol_turn *t);
void slot_run_worker(struct slot *s);
int slot_ioctl(struct file *f, unsigned long request, void *arg);

#endif /* TESTS_LIB_FAKE_SLOT_H */
