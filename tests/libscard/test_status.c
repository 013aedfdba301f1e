// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SCardGetStatusChange: dwCurrentState, dwEventState and its event counter, timeouts, INFINITE,
 * SCardCancel, \\?PnP?\Notification, readers without permission.
 */
#include "discovery.h"
#include "test.h"

#define PNP	"\\\\?PnP?\\Notification"
#define OTHER	"Other Reader 01 00"

static SCARD_READERSTATE state_of(const char *reader, DWORD current)
{
	SCARD_READERSTATE rs = { .szReader = reader, .dwCurrentState = current };

	memset(rs.rgbAtr, 0x11, sizeof(rs.rgbAtr));
	return rs;
}

/* One call without waiting: the event state, and whether it has CHANGED. */
static DWORD look(SCARDCONTEXT ctx, const char *reader, DWORD current)
{
	SCARD_READERSTATE rs = state_of(reader, current);
	LONG ret = SCardGetStatusChange(ctx, 0, &rs, 1);

	CHECK_EQ(ret, rs.dwEventState & SCARD_STATE_CHANGED ? SCARD_S_SUCCESS : SCARD_E_TIMEOUT);
	return rs.dwEventState;
}

static void states(void)
{
	const DWORD empty = SCARD_STATE_EMPTY, present = SCARD_STATE_PRESENT;
	const DWORD changed = SCARD_STATE_CHANGED, inuse = SCARD_STATE_INUSE;
	const DWORD exclusive = SCARD_STATE_EXCLUSIVE, mute = SCARD_STATE_MUTE;
	SCARDCONTEXT ctx = establish();
	SCARD_READERSTATE rs;
	SCARDHANDLE card;

	plug_reader(false);
	CHECK_EQ(look(ctx, READER, SCARD_STATE_UNAWARE), changed | empty);
	CHECK_EQ(look(ctx, READER, empty), empty);
	CHECK_EQ(look(ctx, READER, present), changed | empty);
	fake_insert(0);
	CHECK_EQ(look(ctx, READER, empty), 0x10000 | changed | present);
	CHECK_EQ(look(ctx, READER, present), 0x10000 | present);
	CHECK_EQ(look(ctx, READER, 0x10000 | present), 0x10000 | present);
	CHECK_EQ(look(ctx, READER, 0x20000 | present), 0x10000 | changed | present);
	CHECK_EQ(look(ctx, READER, present | mute), 0x10000 | changed | present);
	CHECK_EQ(look(ctx, READER, SCARD_STATE_UNKNOWN), 0x10000 | changed | present);
	CHECK_EQ(look(ctx, READER, SCARD_STATE_UNAVAILABLE | present), 0x10000 | changed | present);
	rs = state_of(READER, present);
	CHECK_EQ(SCardGetStatusChange(ctx, 0, &rs, 1), SCARD_E_TIMEOUT);
	CHECK(rs.cbAtr == 4 && !memcmp(rs.rgbAtr, "\x3b\x02\x14\x50\x11", 5));

	/* the start of use is no event; its end is */
	card = connect_shared(ctx);
	CHECK_EQ(look(ctx, READER, present), 0x10000 | present | inuse);
	CHECK_EQ(look(ctx, READER, present | inuse), 0x10000 | present | inuse);
	CHECK_EQ(look(ctx, READER, present | exclusive), 0x10000 | changed | present | inuse);
	SCardDisconnect(card, SCARD_LEAVE_CARD);
	CHECK_EQ(look(ctx, READER, present | inuse), 0x10000 | changed | present);
	card = connect_to(ctx, READER, SCARD_SHARE_EXCLUSIVE);
	CHECK_EQ(look(ctx, READER, present), 0x10000 | present | exclusive);
	CHECK_EQ(look(ctx, READER, present | inuse), 0x10000 | changed | present | exclusive);
	SCardDisconnect(card, SCARD_LEAVE_CARD);
	CHECK_EQ(look(ctx, READER, present | exclusive), 0x10000 | changed | present);

	fake_remove(0);
	rs = state_of(READER, present);
	rs.cbAtr = 4;
	CHECK_EQ(SCardGetStatusChange(ctx, 0, &rs, 1), SCARD_S_SUCCESS);
	CHECK_EQ(rs.dwEventState, 0x20000 | changed | empty);
	CHECK(rs.cbAtr == 0 && rs.rgbAtr[0] == 0x11);
	/* a handle without a card does not count */
	card = connect_to(ctx, READER, SCARD_SHARE_DIRECT);
	CHECK_EQ(look(ctx, READER, empty), 0x20000 | empty);
	fake_insert_begin(0);
	fake_insert_end(0, true);
	CHECK_EQ(look(ctx, READER, present), 0x30000 | changed | present | mute | inuse);
	SCardReleaseContext(ctx);
}

static void waits(void)
{
	SCARDCONTEXT ctx = establish();
	struct call c = { .f = call_change, .arg = 1 };
	SCARD_READERSTATE rs;
	double begin;

	plug_reader(false);
	rs = state_of(READER, SCARD_STATE_EMPTY);
	begin = test_seconds();
	CHECK_EQ(SCardGetStatusChange(ctx, 100, &rs, 1), SCARD_E_TIMEOUT);
	CHECK(test_seconds() - begin >= 0.1);

	c.ctx = ctx;
	c.state[0] = state_of(READER, SCARD_STATE_EMPTY);
	start(&c);
	EVENTUALLY(fake_in_poll());
	fake_insert(0);
	CHECK_EQ(finish(&c), SCARD_S_SUCCESS);
	CHECK_EQ(c.state[0].dwEventState, 0x10022);
	CHECK_EQ(c.state[0].cbAtr, 4);
	/* removed and inserted between two calls: the counter shows it */
	fake_remove(0);
	fake_insert(0);
	c.state[0].dwCurrentState = c.state[0].dwEventState & ~(DWORD)SCARD_STATE_CHANGED;
	CHECK_EQ(SCardGetStatusChange(ctx, INFINITE, c.state, 1), SCARD_S_SUCCESS);
	CHECK_EQ(c.state[0].dwEventState, 0x30022);
	SCardReleaseContext(ctx);
}

static void all_ones_is_for_ever(void)
{
	SCARDCONTEXT ctx = establish();
	SCARD_READERSTATE rs = state_of(PNP, 0);

	/* a long timeout does not overflow: the call still waits for the event */
	plug_reader(false);
	rs = state_of(READER, SCARD_STATE_PRESENT);
	CHECK_EQ(SCardGetStatusChange(ctx, (DWORD)-1, &rs, 1), SCARD_S_SUCCESS);
	rs = state_of(READER, SCARD_STATE_UNAWARE);
	CHECK_EQ(SCardGetStatusChange(ctx, (DWORD)-2, &rs, 1), SCARD_S_SUCCESS);
	SCardReleaseContext(ctx);
}

static void cancel(void)
{
	SCARDCONTEXT ctx = establish(), other = establish();
	struct call a = { .f = call_change, .arg = 1 }, b;
	SCARD_READERSTATE rs;
	int i;

	plug_reader(false);
	/* not sticky */
	SCardCancel(ctx);
	rs = state_of(READER, SCARD_STATE_EMPTY);
	CHECK_EQ(SCardGetStatusChange(ctx, 10, &rs, 1), SCARD_E_TIMEOUT);
	for (i = 0; i < 20; i++) {
		a.ctx = ctx;
		a.state[0] = state_of(READER, SCARD_STATE_EMPTY);
		b = a;
		start(&a);
		start(&b);
		EVENTUALLY(fake_in_poll());
		CHECK_EQ(SCardCancel(other), SCARD_S_SUCCESS);
		while (!is_done(&a) || !is_done(&b)) {
			CHECK_EQ(SCardCancel(ctx), SCARD_S_SUCCESS);
			test_pause();
		}
		CHECK_EQ(finish(&a), SCARD_E_CANCELLED);
		CHECK_EQ(finish(&b), SCARD_E_CANCELLED);
	}
	start(&a);
	EVENTUALLY(fake_in_poll());
	CHECK_EQ(SCardReleaseContext(ctx), SCARD_S_SUCCESS);
	CHECK_EQ(finish(&a), SCARD_E_CANCELLED);
	SCardReleaseContext(other);
}

/* Several calls at once, also in one context: each reports every event. */
static void many_waiters(void)
{
	SCARDCONTEXT ctx = establish();
	struct call c[8];
	int round, i;

	plug_reader(false);
	for (i = 0; i < 8; i++)
		c[i] = (struct call){ .f = call_change, .arg = 1, .ctx = ctx };
	for (round = 0; round < 10; round++) {
		for (i = 0; i < 8; i++) {
			c[i].state[0] = state_of(READER, round % 2 ? SCARD_STATE_PRESENT :
						 SCARD_STATE_EMPTY);
			start(&c[i]);
		}
		EVENTUALLY(fake_in_poll());
		if (round % 2)
			fake_remove(0);
		else
			fake_insert(0);
		for (i = 0; i < 8; i++)
			CHECK_EQ(finish(&c[i]), SCARD_S_SUCCESS);
	}
	SCardReleaseContext(ctx);
}

static void several_readers(void)
{
	const struct fake_reader other = {
		.name = "Other Reader", .minor = 1, .index = 1, .card = true,
	};
	SCARDCONTEXT ctx = establish();
	struct call c = { .f = call_change, .arg = 3 };

	plug_reader(false);
	fake_plug(&other);
	c.ctx = ctx;
	c.state[0] = state_of(READER, SCARD_STATE_EMPTY);
	c.state[1] = state_of(OTHER, SCARD_STATE_PRESENT);
	c.state[2] = state_of(READER, SCARD_STATE_EMPTY | SCARD_STATE_IGNORE);
	start(&c);
	EVENTUALLY(fake_in_poll());
	fake_remove(1);
	CHECK_EQ(finish(&c), SCARD_S_SUCCESS);
	CHECK_EQ(c.state[0].dwEventState, SCARD_STATE_EMPTY);
	CHECK_EQ(c.state[1].dwEventState, 0x20012);
	CHECK_EQ(c.state[2].dwEventState, 0);
	SCardReleaseContext(ctx);
}

static void unplug_and_back(void)
{
	SCARDCONTEXT ctx = establish();
	struct call c = { .f = call_change, .arg = 1 };

	plug_reader(true);
	c.ctx = ctx;
	c.state[0] = state_of(READER, SCARD_STATE_PRESENT);
	start(&c);
	EVENTUALLY(fake_in_poll());
	fake_unplug(0);
	CHECK_EQ(finish(&c), SCARD_S_SUCCESS);
	CHECK_EQ(c.state[0].dwEventState,
		 SCARD_STATE_CHANGED | SCARD_STATE_UNKNOWN | SCARD_STATE_UNAVAILABLE);
	/* a reader that is unknown at the start of the call is an error, not a state */
	CHECK_EQ(SCardGetStatusChange(ctx, 0, c.state, 1), SCARD_E_UNKNOWN_READER);
	plug_reader(true);
	CHECK_EQ(look(ctx, READER, SCARD_STATE_UNKNOWN), 0x10022);

	/* unplugged and replugged while a call waits that knew it as unplugged */
	c.state[0] = state_of(READER, SCARD_STATE_PRESENT | SCARD_STATE_IGNORE);
	c.state[1] = state_of(PNP, 0);
	c.arg = 2;
	start(&c);
	EVENTUALLY(fake_in_poll());
	fake_unplug(0);
	CHECK_EQ(finish(&c), SCARD_S_SUCCESS);
	CHECK(c.state[1].dwEventState & SCARD_STATE_CHANGED);
	SCardReleaseContext(ctx);
}

/* The device has the change before netlink does. */
static void unplug_in_steps(void)
{
	SCARDCONTEXT ctx = establish();
	struct call c = { .f = call_change, .arg = 1 };
	DWORD counter, n;

	plug_reader(true);
	counter = look(ctx, PNP, 0);
	c.ctx = ctx;
	c.state[0] = state_of(READER, SCARD_STATE_PRESENT);
	start(&c);
	EVENTUALLY(fake_in_poll());
	fake_unplug_begin(0);
	CHECK_EQ(finish(&c), SCARD_S_SUCCESS);
	CHECK(c.state[0].dwEventState & SCARD_STATE_UNKNOWN);
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_E_NO_READERS_AVAILABLE);
	counter = look(ctx, PNP, counter);
	CHECK(counter & SCARD_STATE_CHANGED);
	fake_unplug_end(0);
	/* that was one change */
	if (with_netlink)
		CHECK_EQ(look(ctx, PNP, counter), counter & ~(DWORD)SCARD_STATE_CHANGED);
	plug_reader(true);
	CHECK_EQ(look(ctx, READER, SCARD_STATE_UNAWARE), 0x10022);
	SCardReleaseContext(ctx);
}

static void plug_and_play(void)
{
	const struct fake_reader other = { .name = "Other Reader", .minor = 1, .index = 1 };
	SCARDCONTEXT ctx = establish();
	struct call c = { .f = call_change, .arg = 1 };
	DWORD counter;

	plug_reader(false);
	counter = look(ctx, PNP, 0);
	CHECK(counter >> 16 && !(counter & SCARD_STATE_CHANGED));
	CHECK_EQ(look(ctx, PNP, counter), counter);
	c.ctx = ctx;
	c.state[0] = state_of(PNP, 0);
	start(&c);
	EVENTUALLY(fake_in_poll());
	fake_plug(&other);
	CHECK_EQ(finish(&c), SCARD_S_SUCCESS);
	CHECK(c.state[0].dwEventState & SCARD_STATE_CHANGED);
	CHECK(c.state[0].dwEventState >> 16 != counter >> 16);
	/* an event between two calls */
	CHECK(look(ctx, PNP, counter) & SCARD_STATE_CHANGED);
	counter = look(ctx, PNP, 0);
	fake_unplug(1);
	CHECK(look(ctx, PNP, counter) & SCARD_STATE_CHANGED);
	CHECK(!(look(ctx, PNP, 0) & SCARD_STATE_CHANGED));
	SCardReleaseContext(ctx);
}

/* Reading an event takes it from the other calls; each must still report it. */
static void many_listeners(void)
{
	const struct fake_reader other = { .name = "Other Reader", .minor = 1, .index = 1 };
	struct call c[8];
	SCARDCONTEXT ctx[8];
	int i, round;

	plug_reader(false);
	for (i = 0; i < 8; i++)
		ctx[i] = establish();
	for (round = 0; round < 10; round++) {
		for (i = 0; i < 8; i++) {
			c[i] = (struct call){ .f = call_change, .arg = 1, .ctx = ctx[i] };
			c[i].state[0] = state_of(PNP, look(ctx[i], PNP, 0));
			start(&c[i]);
		}
		if (round % 2)
			fake_unplug(1);
		else
			fake_plug(&other);
		for (i = 0; i < 8; i++) {
			CHECK_EQ(finish(&c[i]), SCARD_S_SUCCESS);
			CHECK(c[i].state[0].dwEventState & SCARD_STATE_CHANGED);
		}
	}
	for (i = 0; i < 8; i++)
		SCardReleaseContext(ctx[i]);
}

/* The first report of a card has its ATR, also in a call that does not wait. */
static void settling_card(void)
{
	SCARDCONTEXT ctx = establish();
	struct call c = { .f = call_change, .arg = 1 };
	SCARD_READERSTATE rs;
	double begin;

	plug_reader(false);
	c.ctx = ctx;
	c.state[0] = state_of(READER, SCARD_STATE_UNAWARE);
	fake_insert_begin(0);
	start(&c);
	EVENTUALLY(fake_in_poll());
	CHECK(!is_done(&c));
	fake_insert_end(0, false);
	CHECK_EQ(finish(&c), SCARD_S_SUCCESS);
	CHECK_EQ(c.state[0].dwEventState, 0x10022);
	CHECK_EQ(c.state[0].cbAtr, 4);

	/* but not for ever, and not twice */
	fake_remove(0);
	fake_insert_begin(0);
	begin = test_seconds();
	rs = state_of(READER, SCARD_STATE_EMPTY);
	CHECK_EQ(SCardGetStatusChange(ctx, 0, &rs, 1), SCARD_S_SUCCESS);
	CHECK_EQ(rs.dwEventState, 0x30022);
	CHECK_EQ(rs.cbAtr, 0);
	CHECK(test_seconds() - begin > 1.5 && test_seconds() - begin < 4);
	begin = test_seconds();
	CHECK_EQ(SCardGetStatusChange(ctx, 0, &rs, 1), SCARD_S_SUCCESS);
	CHECK(test_seconds() - begin < 1);
	fake_insert_end(0, true);
	CHECK_EQ(look(ctx, READER, 0x30020), 0x30222);
	SCardReleaseContext(ctx);
}

static void no_permission(void)
{
	const DWORD present = 0x10000 | SCARD_STATE_PRESENT;
	SCARDCONTEXT ctx = establish();
	struct call c = { .f = call_change, .arg = 1 };
	SCARDHANDLE card;
	DWORD n;

	plug_reader(true);
	fake_deny(0, true);
	if (!with_netlink) {
		/* its name is not readable */
		CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_E_NO_READERS_AVAILABLE);
		fake_deny(0, false);
		CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_S_SUCCESS);
		SCardReleaseContext(ctx);
		return;
	}
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_S_SUCCESS);
	CHECK_EQ(SCardConnect(ctx, READER, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, &card, &n),
		 SCARD_W_SECURITY_VIOLATION);
	/* presence is not secret */
	CHECK_EQ(look(ctx, READER, SCARD_STATE_UNAWARE), present | SCARD_STATE_CHANGED);
	CHECK_EQ(look(ctx, READER, present), present);
	c.ctx = ctx;
	c.state[0] = state_of(READER, present);
	start(&c);
	EVENTUALLY(fake_in_poll());
	fake_remove(0);
	CHECK_EQ(finish(&c), SCARD_S_SUCCESS);
	CHECK_EQ(c.state[0].dwEventState, 0x20012);
	/* the permission comes while a call waits */
	c.state[0] = state_of(READER, 0x20010);
	start(&c);
	EVENTUALLY(fake_in_poll());
	fake_deny(0, false);
	EVENTUALLY(fake_open_files() == 1);
	fake_insert(0);
	CHECK_EQ(finish(&c), SCARD_S_SUCCESS);
	CHECK_EQ(c.state[0].cbAtr, 4);
	SCardReleaseContext(ctx);
}

/*
 * A private reader of another user comes and goes: netlink multicasts that, and does not list
 * it. No call learns of it, until the administrator shows it.
 */
static void private_reader(void)
{
	const struct fake_reader other = { .name = "Other Reader", .minor = 1, .index = 1 };
	struct call c = { .f = call_change, .arg = 1 };
	SCARDCONTEXT ctx = establish();
	unsigned int generation;
	SCARD_READERSTATE rs;
	DWORD before, names;
	int i;

	if (!with_netlink) {
		SCardReleaseContext(ctx);
		return;
	}
	plug_reader(false);
	before = look(ctx, PNP, 0) & ~0xffffU;
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &names), SCARD_S_SUCCESS);
	CHECK_EQ(names, sizeof(READER) + 1);
	c.ctx = ctx;
	c.state[0] = state_of(PNP, before);
	start(&c);
	EVENTUALLY(fake_in_poll());
	generation = scard_discovery_generation();
	fake_hide(1, true);
	for (i = 0; i < 3; i++) {
		fake_plug(&other);
		CHECK_EQ(look(ctx, PNP, before), before);
		CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &names), SCARD_S_SUCCESS);
		CHECK_EQ(names, sizeof(READER) + 1);
		rs = state_of(OTHER, 0);
		CHECK_EQ(SCardGetStatusChange(ctx, 0, &rs, 1), SCARD_E_UNKNOWN_READER);
		fake_unplug(1);
		CHECK_EQ(look(ctx, PNP, before), before);
	}
	fake_plug(&other);
	CHECK_EQ(look(ctx, PNP, before), before);
	CHECK_EQ(scard_discovery_generation(), generation);
	CHECK(!is_done(&c));
	fake_hide(1, false);
	CHECK_EQ(finish(&c), SCARD_S_SUCCESS);
	CHECK_EQ(look(ctx, OTHER, 0) & SCARD_STATE_EMPTY, SCARD_STATE_EMPTY);
	/* a reader that is replaced by one of the same name and number is another one */
	before = look(ctx, PNP, 0) & ~0xffffU;
	c.state[0] = state_of(PNP, before);
	start(&c);
	EVENTUALLY(fake_in_poll());
	fake_unplug(0);
	plug_reader(false);
	CHECK_EQ(finish(&c), SCARD_S_SUCCESS);
	CHECK(look(ctx, PNP, 0) >> 16 != before >> 16);
	SCardReleaseContext(ctx);
}

const struct test status_tests[] = {
	{ "SCardGetStatusChange: states, counters, what is news", states },
	{ "SCardGetStatusChange: timeout, wake-up, between calls", waits },
	{ "SCardGetStatusChange: long timeouts", all_ones_is_for_ever },
	{ "SCardGetStatusChange: SCardCancel, SCardReleaseContext", cancel },
	{ "SCardGetStatusChange: eight calls in one context", many_waiters },
	{ "SCardGetStatusChange: several readers", several_readers },
	{ "SCardGetStatusChange: a reader goes and comes", unplug_and_back },
	{ "SCardGetStatusChange: a reader goes step by step", unplug_in_steps },
	{ "SCardGetStatusChange: plug and play", plug_and_play },
	{ "SCardGetStatusChange: plug and play in eight contexts", many_listeners },
	{ "SCardGetStatusChange: a card that settles", settling_card },
	{ "a reader that may not be opened", no_permission },
	{ "a private reader of another user", private_reader },
	{ NULL, NULL }
};
