// SPDX-License-Identifier: GPL-2.0-or-later
/* See calls.h. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "calls.h"

#define CALL_MS		20000	/* for any call that has an end: others may be in transactions */
#define GONE	SCARD_E_READER_UNAVAILABLE, SCARD_W_REMOVED_CARD, SCARD_W_RESET_CARD,	\
		SCARD_W_UNPOWERED_CARD, SCARD_E_NO_SMARTCARD, SCARD_W_UNRESPONSIVE_CARD

/*
 * The results beside success that a call may have on a reader that loses cards, power, cable and
 * driver; see explained() for those that other threads cause. NOT_TRANSACTED: the exchange failed.
 */
static const struct {
	const char *name;
	LONG codes[12];
} calls[CALLS] = {
	[ESTABLISH] = { "SCardEstablishContext", { 0 } },
	[RELEASE] = { "SCardReleaseContext", { 0 } },
	[IS_VALID] = { "SCardIsValidContext", { 0 } },
	[CANCEL] = { "SCardCancel", { 0 } },
	[LIST] = { "SCardListReaders", { SCARD_E_NO_READERS_AVAILABLE } },
	[CHANGE] = { "SCardGetStatusChange", { SCARD_E_TIMEOUT, SCARD_E_UNKNOWN_READER } },
	[CONNECT] = { "SCardConnect", { SCARD_E_UNKNOWN_READER, SCARD_E_SHARING_VIOLATION, GONE } },
	[RECONNECT] = { "SCardReconnect", { SCARD_E_SHARING_VIOLATION, GONE } },
	[DISCONNECT] = { "SCardDisconnect", { SCARD_W_UNRESPONSIVE_CARD } },
	[BEGIN] = { "SCardBeginTransaction", { GONE } },
	[END] = { "SCardEndTransaction", { SCARD_E_NOT_TRANSACTED, GONE } },
	[STATUS] = { "SCardStatus", { GONE } },
	[TRANSMIT] = { "SCardTransmit", { SCARD_E_NOT_TRANSACTED, GONE } },
	[ATTRIB] = { "SCardGetAttrib",
		     { SCARD_E_SHARING_VIOLATION, SCARD_E_UNSUPPORTED_FEATURE, GONE } },
};

const char *call_name(enum call call)
{
	return calls[call].name;
}

/* ---- users ---- */

void user_init(struct user *user, struct owner *owner, uint64_t seed)
{
	struct watch *watch = library->watches;

	memset(user, 0, sizeof(*user));
	user->owner = owner;
	rnd_seed(&user->rnd, seed);
	for (; watch < library->watches + WATCHES; watch++) {
		bool free = false;

		if (!atomic_compare_exchange_strong(&watch->used, &free, true))
			continue;
		watch->call = CALLS;
		watch->endless = false;
		user->watch = watch;
		return;
	}
	soak_note("more than %d threads", WATCHES);
	abort();
}

void user_end(struct user *user)
{
	user->watch->call = CALLS;
	user->watch->used = false;
}

/* ---- checks ---- */

void call_begin(struct user *user, enum call call)
{
	struct watch *watch = user->watch;

	user->cancels = user->owner->cancels_done;
	watch->process = getpid();
	watch->since = now_ms();
	watch->call = call;
}

/* Do other threads, or descriptors that the process has closed, explain the result? */
static bool explained(const struct user *user, enum call call, LONG ret)
{
	const struct owner *owner = user->owner;

	switch (ret) {
	case SCARD_E_CANCELLED:
		return call >= CHANGE && (owner->cancels_begun != user->cancels ||
					  owner->released || user->borrows);
	case SCARD_E_INVALID_HANDLE:
		return owner->released || user->borrows || (user->losing && call >= CONNECT);
	case SCARD_E_NO_MEMORY:
	case SCARD_E_UNKNOWN_READER:
		return user->losing && call >= LIST;
	}
	return false;
}

static bool possible(const struct user *user, enum call call, LONG ret)
{
	size_t i;

	if (ret == SCARD_S_SUCCESS || explained(user, call, ret))
		return true;
	for (i = 0; i < sizeof(calls[0].codes) / sizeof(calls[0].codes[0]); i++) {
		if (calls[call].codes[i] == ret)
			return true;
	}
	return false;
}

/* What call_end() and call_end_as() have in common: the call is over. */
static void over(struct user *user, enum call call, LONG ret)
{
	long ms = now_ms() - user->watch->since;

	user->watch->call = CALLS;
	library->results[call][ret & (CODES - 1)]++;
	if (!user->watch->endless && ms > library->longest[call])
		library->longest[call] = ms;
}

LONG call_end(struct user *user, enum call call, LONG ret)
{
	over(user, call, ret);
	if (!possible(user, call, ret))
		WRONG("%s: %s (0x%lx)", calls[call].name, pcsc_stringify_error(ret), ret);
	return ret;
}

void call_end_as(struct user *user, enum call call, LONG ret, LONG want)
{
	over(user, call, ret);
	if (ret != want)
		WRONG("%s: 0x%lx, not 0x%lx", calls[call].name, ret, want);
}

int call_stuck(void)
{
	const struct watch *watch = library->watches;

	for (; watch < library->watches + WATCHES; watch++) {
		int call = watch->call;
		long since = watch->since;

		if (!watch->used || call == CALLS || (watch->endless && !is_calm()))
			continue;
		if (watch->endless && library->calm_since > since)
			since = library->calm_since;
		if (now_ms() - since < CALL_MS * (long)soak->scale || watch->call != call)
			continue;
		soak_note("process %d: %s takes %ld ms", watch->process, calls[call].name,
			  now_ms() - since);
		return watch->process;
	}
	return 0;
}

void calls_print(void)
{
	unsigned int call, code;

	for (call = 0; call < CALLS; call++) {
		printf("# %s, longest %ld ms:", calls[call].name, library->longest[call]);
		for (code = 0; code < CODES; code++) {
			if (library->results[call][code])
				printf(" %02x %lu", code, library->results[call][code]);
		}
		printf("\n");
	}
}

/* ---- contexts ---- */

void establish(struct user *user)
{
	user->owner->released = false;
	CALL(user, ESTABLISH, SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL,
						    &user->context));
	user->owner->context = user->context;
}

void release(struct user *user)
{
	user->owner->context = 0;
	user->owner->card = 0;
	if (user->context)
		CALL(user, RELEASE, SCardReleaseContext(user->context));
	user->context = 0;
}

/* The context of another thread may have ended. */
void cancel(struct user *user, struct owner *other)
{
	LONG ret;

	call_begin(user, CANCEL);
	other->cancels_begun++;
	ret = SCardCancel(other->context);
	other->cancels_done++;
	call_end(user, CANCEL, ret == SCARD_E_INVALID_HANDLE ? SCARD_S_SUCCESS : ret);
}

/* ---- cards ---- */

static LONG transmit(struct user *user, SCARDHANDLE card, const BYTE *command, DWORD len,
		     BYTE *answer, DWORD *room)
{
	return CALL(user, TRANSMIT, SCardTransmit(card, SCARD_PCI_T1, command, len, NULL, answer,
						  room));
}

/* The status word, or -1 */
static int apdu(struct user *user, SCARDHANDLE card, const char *command, DWORD len)
{
	BYTE answer[258] = { 0 };
	DWORD room = sizeof(answer);

	if (transmit(user, card, (const BYTE *)command, len, answer, &room))
		return -1;
	if (room < 2) {
		WRONG("an answer of %lu bytes", room);
		return -1;
	}
	return answer[room - 2] << 8 | answer[room - 1];
}

bool echo(struct user *user, SCARDHANDLE card)
{
	unsigned int n = 1 + rnd_below(&user->rnd, 200), i;
	BYTE command[6 + 200] = { 0x80, 0xee, 0, 0, (BYTE)n }, answer[258] = { 0 };
	DWORD room = sizeof(answer);

	for (i = 0; i < n; i++)
		command[5 + i] = (BYTE)rnd_below(&user->rnd, 256);
	if (transmit(user, card, command, 6 + n, answer, &room))
		return false;
	library->echoes++;
	if (room != n + 2 || memcmp(answer, command + 5, n) || answer[n] != 0x90 || answer[n + 1])
		WRONG("an echo of %u bytes has %lu, or other ones", n, room);
	return true;
}

bool ask(struct user *user, SCARDHANDLE card, bool verified)
{
	int sw = apdu(user, card, "\x00\x20\x00\x01\x00", 5);

	if (sw >= 0 && sw != (verified ? 0x9000 : 0x63c3))
		WRONG("%04x to a handle that %s verified", sw, verified ? "has" : "has not");
	return sw >= 0;
}

bool verify(struct user *user, SCARDHANDLE card)
{
	int sw = apdu(user, card, "\x00\x20\x00\x01\x04" "1234", 9);

	if (sw >= 0 && sw != 0x9000)
		WRONG("VERIFY: %04x", sw);
	library->verified += sw == 0x9000;
	return sw >= 0;
}
