// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SCardGetStatusChange: the events that end its waiting (card, reader, SCardCancel, timeout).
 */
#include <string.h>

#include "conformance.h"

/* Wait with this dwCurrentState, alone or together with the list of readers. */
struct watcher {
	SCARD_READERSTATE rs[2];
	struct call c;
};

static void watch(struct watcher *w, const char *name, DWORD current)
{
	memset(w, 0, sizeof(*w));
	w->rs[0].szReader = name;
	w->rs[0].dwCurrentState = current;
	w->c = (struct call){
		.op = OP_CHANGE,
		.ctx = context(),
		.timeout = HANGS_MS,
		.states = w->rs,
		.nstates = 1,
	};
	call_begin(&w->c);
}

static const char *cancelled(struct call *c)
{
	LONG ret = SCardCancel(c->ctx);

	return print("Cancel %s, then %s", code(ret), call_result(c));
}

/* Start a wait, then cause the event; does it end the wait? */
static void ends(const char *what, DWORD current, void (*happens)(void))
{
	static struct watcher w;

	watch(&w, reader, current);
	if (call_done(&w.c, WAITS_MS)) {
		say(what, "not waited, %s", w.c.result);
		happens();
		return;
	}
	happens();
	if (call_done(&w.c, 2 * WAITS_MS))
		say(what, "%s", w.c.result);
	else
		say(what, "waits on, %s", cancelled(&w.c));
}

static void take_out(void)
{
	control("remove");
	card_is(SCARD_STATE_EMPTY);
}

static void put_in(void)
{
	control("insert");
	card_is(SCARD_STATE_PRESENT);
}

static void removal(void)
{
	ends("removed", SCARD_STATE_PRESENT, take_out);
	ends("inserted", SCARD_STATE_EMPTY, put_in);
	ends("removed-in-use", SCARD_STATE_PRESENT | SCARD_STATE_INUSE | SCARD_STATE_MUTE,
	     take_out);
	put_in();
	ends("removed-unpowered", SCARD_STATE_PRESENT | SCARD_STATE_UNPOWERED, take_out);
}

static void swap(void)
{
	control("swap 0 iso,t=1");
}

static void swapped(void)
{
	ends("counter", SCARD_STATE_PRESENT | counter_of_reader() << 16, swap);
}

static void swapped_legacy(void)
{
	ends("no-counter", SCARD_STATE_PRESENT, swap);
}

static SCARDHANDLE user;

static void shared(void)
{
	user = card(SCARD_SHARE_SHARED);
}

static void exclusive(void)
{
	user = card(SCARD_SHARE_EXCLUSIVE);
}

static void direct(void)
{
	user = card_with(SCARD_SHARE_DIRECT, 0);
}

static void leaves(void)
{
	SCardDisconnect(user, SCARD_LEAVE_CARD);
}

static void resets(void)
{
	SCardDisconnect(user, SCARD_RESET_CARD);
}

static void unpowers(void)
{
	SCardDisconnect(user, SCARD_UNPOWER_CARD);
}

static void to_shared(void)
{
	DWORD protocol;

	SCardReconnect(user, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, SCARD_LEAVE_CARD, &protocol);
}

static void to_exclusive(void)
{
	DWORD protocol;

	SCardReconnect(user, SCARD_SHARE_EXCLUSIVE, SCARD_PROTOCOL_ANY, SCARD_LEAVE_CARD,
		       &protocol);
}

static void begins(void)
{
	SCardBeginTransaction(user);
}

static void ends_transaction(void)
{
	SCardEndTransaction(user, SCARD_LEAVE_CARD);
}

#define USED	(SCARD_STATE_PRESENT | SCARD_STATE_INUSE)
#define ALONE	(SCARD_STATE_PRESENT | SCARD_STATE_EXCLUSIVE)

static void use(void)
{
	ends("free-to-shared", SCARD_STATE_PRESENT, shared);
	ends("transaction", USED, begins);
	ends("transaction-end", USED, ends_transaction);
	ends("shared-to-free", USED, leaves);
	ends("free-to-exclusive", SCARD_STATE_PRESENT, exclusive);
	ends("exclusive-to-free", ALONE, leaves);
	ends("free-to-direct", SCARD_STATE_PRESENT, direct);
	ends("direct-to-shared", USED, to_shared);
	ends("shared-to-exclusive", USED, to_exclusive);
	ends("exclusive-to-shared", ALONE, to_shared);
	ends("shared-reset", USED, resets);
	shared();
	ends("shared-unpower", USED, unpowers);
	shared();
	ends("unaware-of-use", SCARD_STATE_PRESENT, leaves);
}

/* ---- the list of readers ---- */

static void both(const char *what, bool pnp, DWORD current, const char *command, DWORD readers)
{
	static struct watcher w;
	DWORD i;

	memset(&w, 0, sizeof(w));
	w.rs[0].szReader = reader;
	w.rs[0].dwCurrentState = current;
	w.rs[1].szReader = PNP_READER;
	w.c = (struct call){ .op = OP_CHANGE, .ctx = context(), .timeout = HANGS_MS,
			     .states = &w.rs[pnp && current == SCARD_STATE_IGNORE], .nstates = 1 };
	if (pnp && current != SCARD_STATE_IGNORE)
		w.c.nstates = 2;
	call_begin(&w.c);
	say(print("%s/before", what), "%s", call_done(&w.c, WAITS_MS) ? w.c.result : "waits");
	if (command)
		control(command);
	readers_are(readers);
	if (!call_done(&w.c, 2 * WAITS_MS))
		say(what, "waits on, %s", cancelled(&w.c));
	for (i = 0; i < w.c.nstates; i++)
		w.c.states[i].dwEventState &= 0xffff;
	say(print("%s/then", what), "%s", w.c.result);
}

static void unplugged(void)
{
	both("reader", false, SCARD_STATE_PRESENT, "unplug", 0);
}

static void unplugged_pnp(void)
{
	both("unplug", true, SCARD_STATE_IGNORE, "unplug", 0);
	both("replug", true, SCARD_STATE_IGNORE, "replug", 1);
}

static void unplugged_both(void)
{
	both("unplug", true, SCARD_STATE_PRESENT, "unplug", 0);
}

static const struct test_case news_cases[] = {
	{ "use", use, NULL, false },
	{ "card", removal, NULL, true },
	{ "swap", swapped, NULL, true },
	{ "swap-legacy", swapped_legacy, NULL, true },
	{ "unplug", unplugged, NULL, true },
	{ "pnp", unplugged_pnp, NULL, true },
	{ "both", unplugged_both, NULL, true },
};

SUBJECT(news);
