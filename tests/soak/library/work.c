// SPDX-License-Identifier: GPL-2.0-or-later
/* See work.h. */
#include <string.h>

#include <reader.h>

#include "work.h"

#define ROOM	4096
#define CALM_MS	20000	/* for a thread to reach a card after the last order */
#define KNOWN_EVENTS	(SCARD_STATE_CHANGED | SCARD_STATE_UNKNOWN | SCARD_STATE_UNAVAILABLE |	\
			 SCARD_STATE_EMPTY | SCARD_STATE_PRESENT | SCARD_STATE_EXCLUSIVE |	\
			 SCARD_STATE_INUSE | SCARD_STATE_MUTE)

static const char pnp[] = "\\\\?PnP?\\Notification";

/* One of the readers that are there; false if there is none. */
static bool draw_reader(struct user *user, char *reader)
{
	char names[ROOM], *name = names;
	DWORD len = sizeof(names);
	unsigned int n = 0, drawn = rnd_below(&user->rnd, 16);

	if (CALL(user, LIST, SCardListReaders(user->context, NULL, names, &len)))
		return false;
	for (; *name; name += strlen(name) + 1)
		n++;
	if (!n || name + 1 != names + len) {
		WRONG("a list of %lu bytes with %u readers", len, n);
		return false;
	}
	for (name = names, drawn %= n; drawn--; name += strlen(name) + 1)
		;
	memcpy(reader, name, strnlen(name, MAX_READERNAME - 1) + 1);
	return true;
}

/* ---- cards ---- */

static LONG connect_card(struct user *user, const char *reader, DWORD mode, SCARDHANDLE *card)
{
	DWORD protocol = 0;
	LONG ret = CALL(user, CONNECT, SCardConnect(user->context, reader, mode, SCARD_PROTOCOL_ANY,
						    card, &protocol));

	if (!ret != !!*card)
		WRONG("SCardConnect: 0x%lx with the handle %lx", ret, *card);
	if (!ret && mode != SCARD_SHARE_DIRECT && protocol != SCARD_PROTOCOL_T1)
		WRONG("SCardConnect: protocol %lu", protocol);
	return ret;
}

static bool reconnect(struct user *user, SCARDHANDLE card, DWORD mode, DWORD initialization)
{
	DWORD protocol;

	return !CALL(user, RECONNECT, SCardReconnect(card, mode, SCARD_PROTOCOL_ANY, initialization,
						     &protocol));
}

static bool check_status(struct user *user, SCARDHANDLE card, const char *reader)
{
	DWORD len = MAX_READERNAME, atr_len = MAX_ATR_SIZE, state, protocol;
	char name[MAX_READERNAME] = "";
	BYTE atr[MAX_ATR_SIZE];

	if (CALL(user, STATUS, SCardStatus(card, name, &len, &state, &protocol, atr, &atr_len)))
		return false;
	if (strcmp(name, reader) || len != strlen(reader) + 1)
		WRONG("SCardStatus: the name %s, not %s", name, reader);
	if (state & SCARD_POWERED && (atr_len < 2 || atr[0] != 0x3b))
		WRONG("SCardStatus: an ATR of %lu bytes, 0x%02x", atr_len, atr[0]);
	return true;
}

static bool check_attribute(struct user *user, SCARDHANDLE card)
{
	BYTE value[MAX_ATR_SIZE];
	DWORD len = sizeof(value);

	return !CALL(user, ATTRIB, SCardGetAttrib(card, SCARD_ATTR_ATR_STRING, value, &len));
}

/*
 * With a verified PIN, which a reset ends: so no other handle finds the card verified. The handle
 * needs SCardReconnect after it; false if that failed.
 */
static bool transact(struct user *user, SCARDHANDLE card, DWORD mode)
{
	unsigned int n = rnd_below(&user->rnd, 3);
	bool good;

	if (CALL(user, BEGIN, SCardBeginTransaction(card)))
		return false;
	good = ask(user, card, false) && verify(user, card);
	while (good && n--)
		good = echo(user, card);
	if (good && user->forks && !rnd_below(&user->rnd, 16))
		work_fork(user, card, true);
	if (good)
		ask(user, card, true);
	if (CALL(user, END, SCardEndTransaction(card, SCARD_RESET_CARD)))
		return false;
	return reconnect(user, card, mode, SCARD_LEAVE_CARD);
}

/* false: the handle is of no more use. */
static bool use_once(struct user *user, SCARDHANDLE card, const char *reader, DWORD mode)
{
	unsigned int draw = rnd_below(&user->rnd, 16);

	if (mode == SCARD_SHARE_DIRECT)
		return draw < 12 ? check_status(user, card, reader) : check_attribute(user, card);
	if (draw < 8)
		return echo(user, card);
	if (draw < 10)
		return transact(user, card, mode);
	if (draw < 12)
		return check_status(user, card, reader);
	if (draw < 13)
		return check_attribute(user, card);
	if (draw < 14)
		return ask(user, card, false);
	if (draw < 15 || !user->forks || rnd_below(&user->rnd, 2))
		return reconnect(user, card, mode, rnd_below(&user->rnd, 3));
	work_fork(user, card, mode == SCARD_SHARE_EXCLUSIVE);
	return true;
}

static void use_card(struct user *user, const char *reader)
{
	static const DWORD modes[] = {
		SCARD_SHARE_EXCLUSIVE, SCARD_SHARE_DIRECT, SCARD_SHARE_SHARED,
	};
	unsigned int draw = rnd_below(&user->rnd, 16), n = 1 + rnd_below(&user->rnd, 6);
	DWORD mode = modes[draw < 2 ? draw : 2];
	SCARDHANDLE card;

	if (connect_card(user, reader, mode, &card))
		return;
	user->owner->card = card;
	while (n-- && use_once(user, card, reader, mode) && !is_calm())
		;
	if (!user->keeps_context && !rnd_below(&user->rnd, 8)) {
		release(user);
		return;
	}
	user->owner->card = 0;
	/* a reset, for a transaction may not have ended */
	CALL(user, DISCONNECT, SCardDisconnect(card, 1 + rnd_below(&user->rnd, 2)));
}

/* A handle of another thread, which may disconnect it at any time. */
static void borrow_card(struct user *user, struct owner *other)
{
	SCARDHANDLE card = other->card;
	unsigned int n = 1 + rnd_below(&user->rnd, 3);

	if (!card)
		return;
	user->borrows = true;
	while (n-- && echo(user, card))
		;
	user->borrows = false;
}

/* ---- changes ---- */

static LONG change(struct user *user, DWORD timeout, SCARD_READERSTATE *states, DWORD n)
{
	bool changed = false;
	long ms = now_ms();
	LONG ret;
	DWORD i;

	user->watch->endless = timeout == INFINITE;
	ret = CALL(user, CHANGE, SCardGetStatusChange(user->context, timeout, states, n));
	user->watch->endless = false;
	ms = now_ms() - ms;
	if (ret == SCARD_E_TIMEOUT && ms < (long)timeout)
		WRONG("SCardGetStatusChange: TIMEOUT after %ld ms, not %lu", ms, timeout);
	if (ret && ret != SCARD_E_TIMEOUT)
		return ret;
	for (i = 0; i < n; i++) {
		DWORD event = states[i].dwEventState;

		changed |= (event & SCARD_STATE_CHANGED) != 0;
		if (event & 0xffff & ~(DWORD)KNOWN_EVENTS || states[i].cbAtr > MAX_ATR_SIZE)
			WRONG("SCardGetStatusChange: the state 0x%lx", event);
	}
	if (changed != !ret)
		WRONG("SCardGetStatusChange: 0x%lx, %s change", ret, changed ? "a" : "no");
	return ret;
}

static void wait_change(struct user *user, const char *reader)
{
	SCARD_READERSTATE states[2] = { { .szReader = reader }, { .szReader = pnp } };
	DWORD n = 1 + rnd_below(&user->rnd, 2), i;
	bool endless = !user->keeps_context && !rnd_below(&user->rnd, 8);
	LONG ret = change(user, 0, states, n);

	if (ret && ret != SCARD_E_TIMEOUT)
		return;
	for (i = 0; i < n; i++)
		states[i].dwCurrentState = states[i].dwEventState & ~(DWORD)SCARD_STATE_CHANGED;
	change(user, endless ? INFINITE : 10 + rnd_below(&user->rnd, 300), states, n);
}

/* ---- the work ---- */

static void disturb(struct user *user, const struct others *others)
{
	struct owner *other = &others->owners[rnd_below(&user->rnd, others->n)];
	unsigned int draw = rnd_below(&user->rnd, 16);

	if (draw < 8) {
		cancel(user, other);
	} else if (draw < 15) {
		borrow_card(user, other);
	} else {
		SCARDCONTEXT context = other->context;

		if (other == user->owner)
			return;
		other->released = true;
		user->borrows = true;
		if (!CALL(user, RELEASE, SCardReleaseContext(context)))
			library->robbed++;
		user->borrows = false;
	}
}

static bool has_context(struct user *user)
{
	if (user->context && user->owner->released)
		release(user);
	if (!user->context)
		establish(user);
	return user->context;
}

void work(struct user *user, const struct others *others)
{
	unsigned int draw = rnd_below(&user->rnd, 32);
	char reader[MAX_READERNAME];

	if (!has_context(user))
		return;
	if (draw < 6 && others->n)
		disturb(user, others);
	else if (draw < 7 && user->forks)
		work_fork(user, 0, false);
	else if (!draw_reader(user, reader))
		change(user, 10 + rnd_below(&user->rnd, 100),
		       &(SCARD_READERSTATE){ .szReader = pnp }, 1);
	else if (draw < 24)
		use_card(user, reader);
	else
		wait_change(user, reader);
}

static bool reach_card(struct user *user)
{
	char reader[MAX_READERNAME];
	SCARDHANDLE card;
	bool good;

	if (!has_context(user) || !draw_reader(user, reader) ||
	    connect_card(user, reader, SCARD_SHARE_SHARED, &card))
		return false;
	good = echo(user, card);
	CALL(user, DISCONNECT, SCardDisconnect(card, SCARD_LEAVE_CARD));
	return good;
}

void work_calm(struct user *user)
{
	long begin = now_ms();
	bool good;

	while (!(good = reach_card(user)) && now_ms() - begin < CALM_MS * (long)soak->scale)
		rest_ms(20);
	if (!good) {
		library->dead++;
		soak_note("no card after %ld ms of calm", now_ms() - begin);
	}
	release(user);
}
