/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the parts of the client of the SCard API; each figure is one function. */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <stddef.h>
#include <stdint.h>
#include <winscard.h>

#include "apdu.h"
#include "measure.h"

struct options {
	unsigned int rounds;
	unsigned int clients;
	const char *control;	/* vreader's control socket */
	const char *server;	/* name of the server process, or NULL */
};

extern struct options options;

/* End the program unless the call succeeds. */
void must(LONG ret, const char *what);
#define MUST(call) must(call, #call)

const char *reader_at(SCARDCONTEXT ctx, unsigned int n);
SCARDHANDLE connect_to(SCARDCONTEXT ctx, const char *reader);
void transmit(SCARDHANDLE card, const uint8_t *apdu, size_t len);

/* calls.c */
void bench_call(const char *name);

/* together.c */
void bench_handover(void);
void bench_clients(void);
void bench_slots(void);

/* passive.c */
void bench_idle(void);
void bench_memory(void);
void bench_readers(void);

/* events.c */
void bench_events(void);
void bench_card_events(void);

#endif
