/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The readers of changes_test.c: events, their state in the model, and the state that
 * SCARD_IOC_GET_STATUS returns.
 */
#ifndef LIB_VM_CHANGES_READERS_H
#define LIB_VM_CHANGES_READERS_H

#include <stdbool.h>
#include <stddef.h>

#include <winscard.h>
#include <linux/scard.h>

#define PATIENCE_MS	60000	/* on a busy machine without hardware virtualisation */
#define HANDLES		3
#define DEVICES		2
#define SLOTS		3	/* of both */

/* A reader, emulated by vreader(1) */
struct device {
	const char *socket, *options, *product;
	size_t first, slots;	/* in slots[] */
	bool plugged;
	int control;
	bool known;		/* was plugged in when all observers agreed */
};

struct slot {
	/* the model */
	bool present;
	DWORD happened;		/* insertions and removals since the reader was plugged in */
	bool blurred;		/* some came faster than the reader could report */
	DWORD counted;		/* as counted by the kernel: true for all observers */
	unsigned int users;
	bool exclusive;
	/* paths to the real slot */
	struct device *device;
	int fd;
	char name[MAX_READERNAME];
	SCARDHANDLE handles[HANDLES];
	DWORD modes[HANDLES];
};

extern struct device devices[DEVICES];
extern struct slot slots[SLOTS];

/* Run a command of vreader(1), which must succeed; return its answer. */
const char *tell(struct device *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
void start_vreader(struct device *d);
size_t index_of(const struct slot *s);
/* Get the kernel's status; false if the reader is gone. */
bool ask(const struct slot *s, struct scard_status *status);
void take_count(struct slot *s, DWORD count);
/* Insert or remove the card, and wait until the kernel knows. */
void flip(struct slot *s);
/* Find the device nodes of a reader after it was plugged in. */
void find_slots(struct device *d);

/* changes_test.c: the test has failed */
void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
