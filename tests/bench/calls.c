// SPDX-License-Identifier: GPL-2.0-or-later
/* SCardTransmit, SCardStatus, SCardConnect and other calls of one client alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"

#define WARM_UP		20

static SCARDCONTEXT ctx;
static SCARDHANDLE card;
static const char *reader;
static uint8_t apdu[APDU_MAX];
static size_t apdu_len;

static void establish(void)
{
	SCARDCONTEXT new;

	MUST(SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &new));
	MUST(SCardReleaseContext(new));
}

static void exchange(void)
{
	transmit(card, apdu, apdu_len);
}

static void status(void)
{
	char name[MAX_READERNAME];
	uint8_t atr[MAX_ATR_SIZE];
	DWORD name_len = sizeof(name), atr_len = sizeof(atr), state, protocol;

	MUST(SCardStatus(card, name, &name_len, &state, &protocol, atr, &atr_len));
}

static void transaction(void)
{
	MUST(SCardBeginTransaction(card));
	MUST(SCardEndTransaction(card, SCARD_LEAVE_CARD));
}

static void reconnect(DWORD disposition)
{
	MUST(SCardDisconnect(connect_to(ctx, reader), disposition));
}

static void connect_leave(void)
{
	reconnect(SCARD_LEAVE_CARD);
}

static void connect_reset(void)
{
	reconnect(SCARD_RESET_CARD);
}

static void connect_unpower(void)
{
	reconnect(SCARD_UNPOWER_CARD);
}

static void list_readers(void)
{
	char names[4096];
	DWORD len = sizeof(names);

	MUST(SCardListReaders(ctx, NULL, names, &len));
}

static void status_change(void)
{
	SCARD_READERSTATE state = { .szReader = reader };

	MUST(SCardGetStatusChange(ctx, 0, &state, 1));
}

/* Keep a handle connected while the call is measured: the card is in use. */
enum { CARD_NONE, CARD_USED };

static const struct call {
	const char *name;
	void (*run)(void);
	int used;
	size_t apdu_len;
} calls[] = {
	{ "establish-release", establish, CARD_NONE, 0 },
	{ "transmit-5", exchange, CARD_USED, 5 },
	{ "transmit-260", exchange, CARD_USED, 260 },
	{ "transmit-65536", exchange, CARD_USED, 65536 },
	{ "status", status, CARD_USED, 0 },
	{ "begin-end", transaction, CARD_USED, 0 },
	{ "connect-leave", connect_leave, CARD_USED, 0 },
	{ "connect-reset", connect_reset, CARD_NONE, 0 },
	{ "connect-unpower", connect_unpower, CARD_NONE, 0 },
	{ "list-readers", list_readers, CARD_USED, 0 },
	{ "status-change", status_change, CARD_USED, 0 },
};

static void measure(const struct call *call)
{
	uint64_t *ns = calloc(options.rounds, sizeof(*ns));
	unsigned int i;

	if (!ns)
		die("out of memory");
	for (i = 0; i < WARM_UP; i++)
		call->run();
	profile_begin(call->name, options.rounds);
	for (i = 0; i < options.rounds; i++) {
		uint64_t start = busy_ns();

		call->run();
		ns[i] = busy_ns() - start;
	}
	profile_end();
	report_busy(call->name, ns, options.rounds);
	report_counts(call->name, call->run);
	free(ns);
}

void bench_call(const char *name)
{
	const struct call *call = calls;

	while (strcmp(call->name, name)) {
		if (++call == calls + sizeof(calls) / sizeof(calls[0]))
			die("no figure is called %s", name);
	}
	MUST(SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &ctx));
	reader = reader_at(ctx, 0);
	if (call->used == CARD_USED)
		card = connect_to(ctx, reader);
	if (call->apdu_len)
		apdu_len = make_apdu(apdu, call->apdu_len);
	measure(call);
	if (call->used == CARD_USED)
		MUST(SCardDisconnect(card, SCARD_LEAVE_CARD));
	MUST(SCardReleaseContext(ctx));
}
