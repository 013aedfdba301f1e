// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Cost of calls of the SCard API. The same program runs on every stack; LD_LIBRARY_PATH selects
 * the library. Prints a line for each figure, see measure.h.
 *
 * usage: client [OPTION]... STACK READER FIGURE...
 *
 * STACK and READER are names for the output. FIGURE: a call of calls.c, or one of those below.
 */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options options = {
	.rounds = 500,
	.clients = 64,
	.control = "/run/vreader.sock",
};

void must(LONG ret, const char *what)
{
	if (ret != SCARD_S_SUCCESS)
		die("%s: 0x%08lx", what, (unsigned long)ret);
}

/* Return the name of the n-th reader, which stays valid. */
const char *reader_at(SCARDCONTEXT ctx, unsigned int n)
{
	static char names[65536];
	DWORD len = sizeof(names);
	const char *name = names;

	MUST(SCardListReaders(ctx, NULL, names, &len));
	while (*name && n--)
		name += strlen(name) + 1;
	if (!*name)
		die("too few readers");
	return name;
}

SCARDHANDLE connect_to(SCARDCONTEXT ctx, const char *reader)
{
	SCARDHANDLE card;
	DWORD protocol;

	MUST(SCardConnect(ctx, reader, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1,
			  &card, &protocol));
	return card;
}

void transmit(SCARDHANDLE card, const uint8_t *apdu, size_t len)
{
	static const SCARD_IO_REQUEST t0 = { SCARD_PROTOCOL_T0, sizeof(t0) };
	static const SCARD_IO_REQUEST t1 = { SCARD_PROTOCOL_T1, sizeof(t1) };
	static _Thread_local DWORD protocol;
	static uint8_t answer[APDU_MAX];
	DWORD answer_len = sizeof(answer);

	if (!protocol)
		MUST(SCardStatus(card, NULL, NULL, NULL, &protocol, NULL, NULL));
	MUST(SCardTransmit(card, protocol == SCARD_PROTOCOL_T0 ? &t0 : &t1, apdu, len, NULL,
			   answer, &answer_len));
	if (answer_len < 2)
		die("an answer of %lu bytes", (unsigned long)answer_len);
}

static const struct {
	const char *name;
	void (*run)(void);
} figures[] = {
	{ "handover", bench_handover },
	{ "clients", bench_clients },
	{ "slots", bench_slots },
	{ "idle", bench_idle },
	{ "memory", bench_memory },
	{ "events", bench_events },
	{ "card-events", bench_card_events },
	{ "readers", bench_readers },
};

static void run_figure(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		if (!strcmp(figures[i].name, name)) {
			figures[i].run();
			return;
		}
	}
	bench_call(name);
}

static void usage(void)
{
	fprintf(stderr,
		"usage: client [-p] [-r ROUNDS] [-c CLIENTS] [-v SOCKET] [-s SERVER] STACK READER FIGURE...\n");
	exit(2);
}

int main(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "pr:c:v:s:")) != -1) {
		switch (option) {
		case 'p':
			profile_open();
			break;
		case 'r':
			options.rounds = (unsigned int)atoi(optarg);
			break;
		case 'c':
			options.clients = (unsigned int)atoi(optarg);
			break;
		case 'v':
			options.control = optarg;
			break;
		case 's':
			options.server = optarg;
			break;
		default:
			usage();
		}
	}
	if (argc - optind < 3 || !options.rounds || !options.clients)
		usage();
	report_as(argv[optind], argv[optind + 1]);
	clock_open();
	for (optind += 2; optind < argc; optind++)
		run_figure(argv[optind]);
	return 0;
}
