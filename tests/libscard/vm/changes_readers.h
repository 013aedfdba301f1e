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

/* A device, played by vreader(1) */
struct device {
	const char *socket, *options, *product;
	size_t first, slots;	/* in slots[] */
	bool plugged;
	int control;
};

struct slot {
	/* the model */
	bool present;
	DWORD happened;		/* cards that came or went since the reader was plugged in */
	bool blurred;		/* some faster than the reader could tell */
	DWORD counted;		/* as the kernel has counted them: what is true for all others */
	unsigned int users;
	bool exclusive;
	/* the way to the real one */
	struct device *device;
	int fd;
	char name[MAX_READERNAME];
	SCARDHANDLE handles[HANDLES];
	DWORD modes[HANDLES];
};

extern struct device devices[DEVICES];
extern struct slot slots[SLOTS];

/* One command of vreader(1), which must succeed. Returns its answer. */
const char *tell(struct device *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
void start_vreader(struct device *d);
size_t index_of(const struct slot *s);
/* What the kernel says; false if the reader is gone. */
bool ask(const struct slot *s, struct scard_status *status);
void take_count(struct slot *s, DWORD count);
/* A card comes or goes, and the kernel knows. */
void flip(struct slot *s);
/* Find the device nodes of a reader that was plugged in. */
void find_slots(struct device *d);

/* changes_test.c: it has failed */
void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
