// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See client.h. Eight threads with a context each, signals from an interval timer, threads that
 * are cancelled, SCardCancel from other threads, and forked children that use the library or
 * close all descriptors. VERIFY is as in client.c: in a transaction that ends with a reset.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <winscard.h>

#include "client.h"
#include "death.h"
#include "usb.h"

#define THREADS		8
#define ROOM		4096

static struct {
	pthread_t id;
	uint64_t seed;
	_Atomic SCARDCONTEXT context;
} threads[THREADS];

static void on_alarm(int signal)
{
	(void)signal;
}

static int apdu(SCARDHANDLE card, DWORD protocol, const char *command, DWORD len)
{
	const SCARD_IO_REQUEST *request = protocol == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0 :
					  SCARD_PCI_T1;
	BYTE answer[258];
	DWORD room = sizeof(answer);

	soak->apdus++;
	if (SCardTransmit(card, request, (const BYTE *)command, len, NULL, answer, &room) ||
	    room < 2)
		return -1;
	return answer[room - 2] << 8 | answer[room - 1];
}

static void ask(SCARDHANDLE card, DWORD protocol, const char *when)
{
	if (apdu(card, protocol, "\x00\x20\x00\x01\x00", 5) != 0x9000)
		return;
	soak->strangers++;
	soak_note("libscard: verified for a stranger, %s", when);
}

/* One of the readers that are there; false if there is none. */
static bool draw_reader(SCARDCONTEXT context, struct rnd *rnd, char *reader, size_t size)
{
	char names[ROOM], *name = names;
	DWORD len = sizeof(names);
	unsigned int n = 0, drawn = rnd_below(rnd, 16);

	if (SCardListReaders(context, NULL, names, &len))
		return false;
	for (; *name; name += strlen(name) + 1)
		n++;
	if (!n)
		return false;
	for (name = names, drawn %= n; drawn--; name += strlen(name) + 1)
		;
	snprintf(reader, size, "%s", name);
	return true;
}

static void use_card(SCARDCONTEXT context, struct rnd *rnd, const char *reader)
{
	DWORD leave = rnd_below(rnd, 2) ? SCARD_LEAVE_CARD : SCARD_RESET_CARD, protocol;
	SCARDHANDLE card;

	if (SCardConnect(context, reader, SCARD_SHARE_SHARED,
			 SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &card, &protocol))
		return;
	soak->connects++;
	ask(card, protocol, "after SCardConnect");
	if (!SCardBeginTransaction(card)) {
		if (rnd_below(rnd, 2) &&
		    apdu(card, protocol, "\x00\x20\x00\x01\x04" "1234", 9) == 0x9000)
			soak->verified++;
		if (SCardEndTransaction(card, SCARD_RESET_CARD))
			leave = SCARD_RESET_CARD;	/* it may not have ended */
	}
	if (rnd_below(rnd, 4))
		SCardDisconnect(card, leave);
}

static void wait_change(SCARDCONTEXT context, struct rnd *rnd, const char *reader)
{
	SCARD_READERSTATE states[2] = {
		{ .szReader = reader }, { .szReader = "\\\\?PnP?\\Notification" },
	};
	DWORD n = 1 + rnd_below(rnd, 2), i;

	SCardGetStatusChange(context, 0, states, n);
	for (i = 0; i < n; i++)
		states[i].dwCurrentState = states[i].dwEventState;
	SCardGetStatusChange(context, 10 + rnd_below(rnd, 500), states, n);
}

static void fork_child(struct rnd *rnd)
{
	unsigned int way = rnd_below(rnd, 3);
	uint64_t seed = rnd_below(rnd, 1 << 30);
	struct rnd own;
	SCARDCONTEXT context;
	char reader[ROOM];

	if (fork())
		return;
	if (way == 0)
		_exit(0);
	if (way == 1)
		close_range(3, ~0U, 0);
	rnd_seed(&own, seed);
	if (!SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context) &&
	    draw_reader(context, &own, reader, sizeof(reader)))
		use_card(context, &own, reader);
	_exit(0);
}

static void *thread_run(void *number)
{
	unsigned long me = (unsigned long)number;
	SCARDCONTEXT context;
	char reader[ROOM];
	struct rnd rnd;

	rnd_seed(&rnd, threads[me].seed++);
	if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context))
		return NULL;
	threads[me].context = context;
	for (;;) {
		unsigned int order = rnd_below(&rnd, 16);

		if (!draw_reader(context, &rnd, reader, sizeof(reader)))
			pause_ms(5);
		else if (order < 6)
			use_card(context, &rnd, reader);
		else if (order < 12)
			wait_change(context, &rnd, reader);
		else if (order < 15)
			SCardCancel(threads[rnd_below(&rnd, THREADS)].context);
		else
			fork_child(&rnd);
	}
	return NULL;
}

static void start(unsigned long number)
{
	if (pthread_create(&threads[number].id, NULL, thread_run, (void *)number))
		_exit(1);
}

void client_lib_run(uint64_t seed)
{
	unsigned int n, us;
	struct itimerval timer = { 0 };
	struct sigaction action = { .sa_handler = on_alarm };
	struct rnd rnd;
	unsigned long i;

	rnd_seed(&rnd, seed);
	us = 2000 + rnd_below(&rnd, 20000);
	timer.it_interval.tv_usec = timer.it_value.tv_usec = us;
	action.sa_flags = rnd_below(&rnd, 2) ? SA_RESTART : 0;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	for (i = 0; i < THREADS; i++) {
		threads[i].seed = seed + i * 1000;
		start(i);
	}
	for (n = rnd_below(&rnd, 8); n; n--) {
		pause_ms(100);
		i = rnd_below(&rnd, THREADS);
		pthread_cancel(threads[i].id);
		pthread_join(threads[i].id, NULL);
		start(i);
	}
	death(&rnd, -1);
}
