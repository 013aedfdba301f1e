/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the tests of the library: checks, readers, calls in other threads. */
#ifndef TESTS_LIB_TEST_H
#define TESTS_LIB_TEST_H

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "PCSC/reader.h"
#include "PCSC/winscard.h"

#include "../tap.h"
#include "fake.h"

struct test {
	const char *name;
	void (*run)(void);
};

/* Each file's tests, ended by an empty one */
extern const struct test argument_tests[], card_tests[], status_tests[], life_tests[],
	spare_tests[], no_blocking_tests[], moment_tests[], foreign_tests[], process_tests[],
	node_tests[], daemon_tests[];

extern bool with_netlink;	/* this pass has the netlink family */

/* Wait for something that must happen soon */
#define EVENTUALLY(condition) do {					\
	int tries_ = 5000;						\
									\
	while (!(condition) && tries_--)				\
		test_pause();						\
	if (tries_ < 0)							\
		tap_fail(__FILE__, __LINE__, "never: %s", #condition); \
} while (0)

void test_pause(void);		/* 1 ms */
double test_seconds(void);

/* A reader "Test Reader 00 00" with number 0, with or without a card */
#define READER		"Test Reader 00 00"
void plug_reader(bool card);

SCARDCONTEXT establish(void);
SCARDHANDLE connect_to(SCARDCONTEXT ctx, const char *reader, DWORD mode);
#define connect_shared(ctx) connect_to(ctx, READER, SCARD_SHARE_SHARED)

/* A call in another thread */
struct call {
	pthread_t thread;
	LONG (*f)(struct call *c);
	SCARDCONTEXT ctx;
	SCARDHANDLE card;
	DWORD arg;
	SCARD_READERSTATE state[3];
	LONG result;
	bool done;
};

void start(struct call *c);
bool is_done(struct call *c);
LONG finish(struct call *c);

LONG call_begin(struct call *c);
LONG call_status(struct call *c);
LONG call_transmit(struct call *c);
LONG call_connect(struct call *c);	/* arg: share mode; sets card */
LONG call_reconnect(struct call *c);	/* arg: share mode */
LONG call_disconnect(struct call *c);	/* arg: disposition */
LONG call_change(struct call *c);	/* state[0 .. arg - 1], without end */

LONG transmit(SCARDHANDLE card, const void *command, DWORD len, void *response, DWORD *n);
LONG send_simple(SCARDHANDLE card);	/* 00 A4 */

void moments_init(void);
int first_moment(unsigned int n);	/* in a process of its own: its status */

#endif /* TESTS_LIB_TEST_H */
