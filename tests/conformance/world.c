// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The reader and the card: vreaderctl commands, and a context and handles for a case.
 */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "conformance.h"

#define MAX_CONTEXTS	64

/* Default control socket of vreader */
#define VREADER_SOCKET	"/run/vreader.sock"

char reader[MAX_READERNAME];
DWORD first_event;

/* Contexts of this process, to release at the end */
static SCARDCONTEXT contexts[MAX_CONTEXTS];
static size_t ncontexts;
static bool stuck;

void pause_ms(int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
		;
}

long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/*
 * Move the card or the reader by a command, without a shell, which would first have to be loaded.
 */
static bool try_control(const char *command)
{
	char *program = getenv("CONFORMANCE_CONTROL"), line[200];
	char *argv[10] = { program };
	size_t n = 1;
	char *next = line;
	int status = 1;
	pid_t pid;

	if (!program)
		give_up("no CONFORMANCE_CONTROL in the environment");
	snprintf(line, sizeof(line), "%s", command);
	while (n + 1 < COUNT(argv) && (argv[n] = strsep(&next, " ")))
		n++;
	argv[n] = NULL;
	if (posix_spawn(&pid, program, NULL, NULL, argv, environ))
		give_up("%s: %s", program, strerror(errno));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return !status;
}

void control(const char *command)
{
	if (!try_control(command))
		give_up("%s failed", command);
}

/* The same for the second reader, which is unplugged at the start of a case. */
void control_second(const char *command)
{
	control(print("-s %s.second %s", VREADER_SOCKET, command));
}

/* ---- contexts and cards ---- */

SCARDCONTEXT context(void)
{
	SCARDCONTEXT ctx = 0;
	LONG ret = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &ctx);

	if (ret != SCARD_S_SUCCESS)
		give_up("SCardEstablishContext: %s", code(ret));
	if (ncontexts == MAX_CONTEXTS)
		give_up("too many contexts");
	contexts[ncontexts++] = ctx;
	return ctx;
}

static SCARDHANDLE connect_or_give_up(SCARDCONTEXT ctx, DWORD mode, DWORD protocols)
{
	SCARDHANDLE handle = 0;
	DWORD protocol;
	LONG ret = SCardConnect(ctx, reader, mode, protocols, &handle, &protocol);

	if (ret != SCARD_S_SUCCESS)
		give_up("SCardConnect %s %s: %s", share_name(mode), protocol_name(protocols),
			code(ret));
	return handle;
}

SCARDHANDLE card_of(SCARDCONTEXT ctx, DWORD mode)
{
	return connect_or_give_up(ctx, mode, SCARD_PROTOCOL_ANY);
}

/* Connect in a new context. */
SCARDHANDLE card_with(DWORD mode, DWORD protocols)
{
	return connect_or_give_up(context(), mode, protocols);
}

SCARDHANDLE card(DWORD mode)
{
	return card_with(mode, SCARD_PROTOCOL_ANY);
}

/* A call has not returned: keep its context. */
void context_is_stuck(void)
{
	stuck = true;
}

void clean_up(void)
{
	while (ncontexts && !stuck)
		SCardReleaseContext(contexts[--ncontexts]);
}

/* ---- the card ---- */

LONG apdu(SCARDHANDLE handle, const char *hex, BYTE *answer, DWORD *len)
{
	BYTE command[300];
	DWORD n = 0;
	unsigned int byte;
	DWORD protocol = 0;
	SCARD_IO_REQUEST pci = { 0, sizeof(pci) };
	LONG ret;

	for (; *hex && sscanf(hex, "%2x", &byte) == 1; hex += 2)
		command[n++] = byte;
	ret = SCardStatus(handle, NULL, NULL, NULL, &protocol, NULL, NULL);
	if (ret != SCARD_S_SUCCESS) {
		*len = 0;
		return ret;
	}
	pci.dwProtocol = protocol;
	return SCardTransmit(handle, &pci, command, n, NULL, answer, len);
}

/* Return the answer, or the error. */
const char *answer_to(SCARDHANDLE handle, const char *hex)
{
	BYTE answer[300];
	DWORD len = sizeof(answer);
	LONG ret = apdu(handle, hex, answer, &len);

	return ret == SCARD_S_SUCCESS ? bytes(answer, len) : code(ret);
}

struct life {
	bool verified;
	BYTE protocol;
	BYTE powered_on;
	BYTE warm;
};

static struct life first_life;

static LONG read_life(SCARDHANDLE handle, struct life *life)
{
	BYTE answer[300];
	DWORD len = sizeof(answer);
	LONG ret = apdu(handle, "80E400000C", answer, &len);

	if (ret == SCARD_S_SUCCESS && len == 14)
		*life = (struct life){ answer[0], answer[2], answer[3], answer[4] };
	return ret;
}

/*
 * Print the changes of the card since the start of the case: is the PIN verified, was the card
 * reset?
 */
const char *card_life(SCARDHANDLE handle)
{
	struct life life = first_life;
	LONG ret = read_life(handle, &life);

	if (ret != SCARD_S_SUCCESS)
		return code(ret);
	return print("%s, T=%u, %u powered on, %u warm resets",
		     life.verified ? "verified" : "not verified", life.protocol,
		     (BYTE)(life.powered_on - first_life.powered_on),
		     (BYTE)(life.warm - first_life.warm));
}

/* ---- wait for the reader and the card; the stack notices a change after some time ---- */

static DWORD list(SCARDCONTEXT ctx)
{
	char names[20 * MAX_READERNAME] = "", *name;
	DWORD len = sizeof(names), n = 0;

	if (SCardListReaders(ctx, NULL, names, &len) != SCARD_S_SUCCESS)
		return 0;
	for (name = names; *name; name += strlen(name) + 1) {
		if (!n++)
			snprintf(reader, sizeof(reader), "%.*s", MAX_READERNAME - 1, name);
	}
	return n;
}

static SCARDCONTEXT context_to_watch(void)
{
	SCARDCONTEXT ctx = 0;
	LONG ret = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &ctx);

	if (ret != SCARD_S_SUCCESS)
		give_up("SCardEstablishContext: %s", code(ret));
	return ctx;
}

void readers_are(DWORD n)
{
	SCARDCONTEXT ctx = context_to_watch();
	long long until = now_ms() + MOVES_MS;

	while (list(ctx) != n) {
		if (now_ms() > until)
			give_up("no %lu readers", n);
		pause_ms(20);
	}
	SCardReleaseContext(ctx);
}

static DWORD number_of_readers(void)
{
	SCARDCONTEXT ctx = context_to_watch();
	DWORD n = list(ctx);

	SCardReleaseContext(ctx);
	return n;
}

/* @state: PRESENT with an ATR, PRESENT|MUTE, EMPTY, or 0: any; return the event counter. */
static DWORD wait_for(DWORD state)
{
	SCARD_READERSTATE rs = { .szReader = reader };
	SCARDCONTEXT ctx = context_to_watch();
	long long until = now_ms() + MOVES_MS;
	LONG ret;

	for (;;) {
		rs.dwCurrentState = SCARD_STATE_UNAWARE;
		ret = SCardGetStatusChange(ctx, 0, &rs, 1);
		if (ret == SCARD_S_SUCCESS && (rs.dwEventState & state) == state &&
		    (state != SCARD_STATE_PRESENT || rs.cbAtr))
			break;
		if (now_ms() > until)
			give_up("the reader is not %s but %s, %s", state_name(state), code(ret),
				state_name(rs.dwEventState));
		pause_ms(20);
	}
	SCardReleaseContext(ctx);
	return rs.dwEventState >> 16;
}

void card_is(DWORD state)
{
	wait_for(state);
}

DWORD counter_of_reader(void)
{
	return wait_for(0);
}

static DWORD state_with(const char *card_spec)
{
	if (!strcmp(card_spec, NO_CARD))
		return SCARD_STATE_EMPTY;
	if (!strncmp(card_spec, "mute", 4))
		return SCARD_STATE_PRESENT | SCARD_STATE_MUTE;
	return SCARD_STATE_PRESENT;
}

/* Remove the card in the reader, if any, and insert this one. */
static void put_in(const char *spec)
{
	char line[200];

	try_control("remove");
	card_is(SCARD_STATE_EMPTY);
	if (!strcmp(spec, NO_CARD))
		return;
	snprintf(line, sizeof(line), "insert 0 %s", spec);
	control(line);
	card_is(state_with(spec));
}

/*
 * Wait until no other handle uses the card and it is off, so that nothing of an earlier case is
 * left. Reinsert a card that the earlier case has made unusable.
 */
static void card_is_free(const char *spec)
{
	SCARDCONTEXT ctx = context_to_watch();
	long long until = now_ms() + MOVES_MS;
	SCARDHANDLE handle;
	DWORD protocol;
	LONG ret;

	for (;;) {
		ret = SCardConnect(ctx, reader, SCARD_SHARE_EXCLUSIVE, SCARD_PROTOCOL_ANY, &handle,
				   &protocol);
		if (ret == SCARD_S_SUCCESS)
			break;
		if (now_ms() > until)
			give_up("the card is not free: %s", code(ret));
		if (ret == SCARD_W_UNPOWERED_CARD || ret == SCARD_W_UNRESPONSIVE_CARD)
			put_in(spec);
		pause_ms(20);
	}
	read_life(handle, &first_life);
	SCardDisconnect(handle, SCARD_UNPOWER_CARD);
	SCardReleaseContext(ctx);
}

/* Prepare a case, in its process. @c->moves: of the earlier case: insert the card anew? */
void prepare(const struct test_case *c)
{
	const char *spec = c->card ? c->card : DEFAULT_CARD;

	if (c->moves) {
		try_control(print("-s %s.second unplug", VREADER_SOCKET));
		if (!number_of_readers())
			control("replug");
	}
	readers_are(1);
	if (c->moves)
		put_in(spec);
	card_is(state_with(spec));
	if (state_with(spec) == SCARD_STATE_PRESENT)
		card_is_free(spec);
	first_event = counter_of_reader();
}

