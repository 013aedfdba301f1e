// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Races: another thread's call, a fork(), an event or SCardReleaseContext between any two steps
 * of a call of the library.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#define PNP	"\\\\?PnP?\\Notification"
#define OTHER	"Other Reader 01 00"

/* Limit in ms for a call that cannot run at this moment; it may at the next one */
#define PATIENCE	10

static struct call other;
static atomic_bool begun;

/* fork() of the other thread: has all locks of the library, is over */
static atomic_bool fork_begun, fork_over;

/* Start the other thread's call, and give it time. */
static void other_runs(LONG (*f)(struct call *c), bool (*there)(void))
{
	int i;

	if (!begun) {
		begun = true;
		other = (struct call){ .f = f, .arg = 1 };
		other.state[0].szReader = PNP;
		start(&other);
	}
	for (i = 0; i < PATIENCE && !there(); i++)
		test_pause();
}

static void at_moment(unsigned int n, void (*f)(void))
{
	begun = false;
	fork_begun = false;
	fork_over = false;
	fake_at_moment(n, f);
}

/* ---- fork ---- */

/* In the child: the number of the failed check; 0: none. */
static int use_library(void)
{
	SCARD_READERSTATE rs = { .szReader = PNP };
	SCARDCONTEXT ctx;

	if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &ctx))
		return 1;
	if (SCardGetStatusChange(ctx, 0, &rs, 1) != SCARD_E_TIMEOUT)
		return 2;
	return SCardReleaseContext(ctx) ? 3 : 0;
}

static LONG fork_child(struct call *c)
{
	int status = -1;
	pid_t pid;

	(void)c;
	pid = fork();
	if (!pid) {
		alarm(10);
		_exit(use_library());
	}
	waitpid(pid, &status, 0);
	return status;
}

static void begin_fork(void)
{
	fork_begun = true;
}

static void end_fork(void)
{
	fork_over = true;
}

/* Before the library's first call: of all these functions fork() calls begin_fork() last. */
void moments_init(void)
{
	pthread_atfork(begin_fork, end_fork, NULL);
}

static bool is_forking(void)
{
	return fork_begun;
}

/*
 * Only read flags while the other thread forks, and that it does unless it waits for a lock of
 * this one. ThreadSanitizer stores the stack of each lock and each sleep in memory that it may
 * have to map, and a fork() meanwhile copies its allocator locked: the child would hang in it.
 */
static void other_forks(void)
{
	other_runs(fork_child, is_forking);
	while ((fork_begun || !fake_locks) && !fork_over)
		test_pause();
}

/* Step over moments of the same kind: a scan of the nodes has many */
static unsigned int stride(void)
{
	return with_netlink ? 1 : 3;
}

/* All resources that a context can have */
static void some_calls(void)
{
	SCARD_READERSTATE rs[3] = {
		{ .szReader = READER }, { .szReader = OTHER }, { .szReader = PNP },
	};
	SCARDCONTEXT ctx = establish();

	CHECK_EQ(SCardGetStatusChange(ctx, 0, rs, 1), SCARD_S_SUCCESS);
	CHECK_EQ(SCardGetStatusChange(ctx, 0, rs, 3), SCARD_S_SUCCESS);
	SCardDisconnect(connect_shared(ctx), SCARD_LEAVE_CARD);
	SCardReleaseContext(ctx);
}

static void forks(void)
{
	const struct fake_reader reader = { .name = "Other Reader", .minor = 1, .index = 1 };
	unsigned int n;

	plug_reader(true);
	fake_plug(&reader);
	fflush(stdout);
	for (n = 1;; n += stride()) {
		at_moment(n, other_forks);
		some_calls();
		if (!fake_at_moment(0, NULL))
			break;
		CHECK_EQ(finish(&other), 0);
	}
	CHECK(n > 50);
}

/* The same in the first call of a process: 0, 1: the child hangs, 2: no such moment */
int first_moment(unsigned int n)
{
	SCARDCONTEXT ctx;

	fake_init();
	at_moment(n, other_forks);
	SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &ctx);
	if (!fake_at_moment(0, NULL))
		return 2;
	return finish(&other) ? 1 : 0;
}

static void forks_at_first(void)
{
	char number[12];
	unsigned int n;
	int status;
	pid_t pid;

	/* a container, where the library scans the nodes to find the service */
	const struct fake_reader reader = { .name = "Some Reader", .minor = 5 };

	rmdir(FAKE_CLASS);
	fake_plug(&reader);
	fflush(stdout);
	for (n = 1;; n++) {
		snprintf(number, sizeof(number), "%u", n);
		pid = fork();
		if (!pid) {
			execl("/proc/self/exe", "test", number, NULL);
			_exit(127);
		}
		waitpid(pid, &status, 0);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
			break;
		CHECK_EQ(status, 0);
	}
	CHECK(n > 5);
	mkdir(FAKE_CLASS, 0700);
}

/* ---- the last context ---- */

static LONG establish_and_wait(struct call *c)
{
	c->ctx = establish();
	return call_change(c);
}

static void other_waits(void)
{
	other_runs(establish_and_wait, fake_in_poll);
}

/*
 * The last context is released while another thread establishes the next one, and waits for a
 * reader.
 */
static void last_context(void)
{
	SCARDCONTEXT ctx;
	unsigned int n;
	DWORD len;

	for (n = 1;; n++) {
		ctx = establish();
		SCardListReaders(ctx, NULL, NULL, &len);
		at_moment(n, other_waits);
		SCardReleaseContext(ctx);
		if (!fake_at_moment(0, NULL))
			break;
		EVENTUALLY(fake_in_poll());
		plug_reader(false);
		EVENTUALLY(is_done(&other));
		SCardCancel(other.ctx);
		CHECK_EQ(finish(&other), SCARD_S_SUCCESS);
		fake_unplug(0);
		SCardReleaseContext(other.ctx);
	}
	CHECK(n > 5);
}

/* ---- events ---- */

static unsigned int nth;
static void (*event)(void);
static atomic_bool happened;

static void happens(void)
{
	if (!happened)
		event();
	happened = true;
}

static LONG change_with_event(struct call *c)
{
	LONG ret;

	fake_at_moment(nth, happens);
	ret = call_change(c);
	fake_at_moment(0, NULL);
	return ret;
}

static void insert(void)
{
	fake_insert(0);
}

static void unplug(void)
{
	fake_unplug(0);
}

static void replug(void)
{
	fake_unplug(0);
	plug_reader(false);
}

static void plug_other(void)
{
	const struct fake_reader reader = { .name = "Other Reader", .minor = 1, .index = 1 };

	fake_plug(&reader);
}

static void lose_other(void)
{
	fake_lose_events();
	plug_other();
}

/* An event at any moment of a call that waits for it: the call reports it. */
static void events(void)
{
	static void (*const all[])(void) = { insert, unplug, replug, plug_other, lose_other };
	SCARDCONTEXT ctx;
	struct call c;
	bool in_time;
	size_t i;
	LONG ret;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		event = all[i];
		for (nth = 1;; nth++) {
			plug_reader(false);
			ctx = establish();
			c = (struct call){ .f = change_with_event, .ctx = ctx, .arg = 2 };
			c.state[0].szReader = PNP;
			CHECK_EQ(SCardGetStatusChange(ctx, 0, c.state, 1), SCARD_E_TIMEOUT);
			c.state[0].dwCurrentState = c.state[0].dwEventState;
			c.state[1].szReader = READER;
			c.state[1].dwCurrentState = SCARD_STATE_EMPTY;
			happened = false;
			start(&c);
			EVENTUALLY(happened || fake_in_poll());
			in_time = happened;
			if (in_time)
				EVENTUALLY(is_done(&c));
			SCardCancel(ctx);
			ret = finish(&c);
			SCardReleaseContext(ctx);
			fake_reset();
			if (!in_time)
				break;
			/* the reader may have left before the call knew it */
			if (ret != SCARD_S_SUCCESS &&
			    (ret != SCARD_E_UNKNOWN_READER || (event != unplug && event != replug)))
				tap_fail(__FILE__, __LINE__, "event %zu, moment %u: 0x%lx", i,
					    nth, ret);
		}
		CHECK(nth > 10);
	}
}

/* A reader leaves in steps, and the event of its removal is lost */
static void lose_unplug(void)
{
	fake_unplug_begin(0);
	fake_lose_events();
	fake_unplug_end(0);
}

static void lose_replug(void)
{
	lose_unplug();
	plug_reader(false);
}

static bool is_there(SCARDCONTEXT ctx, const char *reader)
{
	char names[300] = "", *name;
	DWORD n = sizeof(names);

	SCardListReaders(ctx, NULL, names, &n);
	for (name = names; *name; name += strlen(name) + 1) {
		if (!strcmp(name, reader))
			return true;
	}
	return false;
}

static DWORD look(SCARDCONTEXT ctx, const char *reader, DWORD known)
{
	SCARD_READERSTATE rs = { .szReader = reader, .dwCurrentState = known };
	LONG ret = SCardGetStatusChange(ctx, 0, &rs, 1);

	return ret == SCARD_E_UNKNOWN_READER ? SCARD_STATE_UNKNOWN : rs.dwEventState;
}

/*
 * An event at any moment of calls that look for readers: afterwards each reports the new state.
 */
static void readers(void)
{
	static const struct {
		void (*event)(void);
		bool reader;
		bool other;
	} all[] = {
		{ unplug, false, false }, { replug, true, false }, { plug_other, true, true },
		{ lose_other, true, true }, { lose_unplug, false, false },
		{ lose_replug, true, false },
	};
	SCARDCONTEXT ctx;
	SCARDHANDLE card;
	DWORD known, protocol;
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		event = all[i].event;
		happened = true;
		for (nth = 1; happened; nth += stride()) {
			plug_reader(false);
			ctx = establish();
			known = look(ctx, PNP, 0);
			happened = false;
			fake_at_moment(nth, happens);
			is_there(ctx, READER);
			if (!SCardConnect(ctx, READER, SCARD_SHARE_DIRECT, 0, &card, &protocol))
				SCardDisconnect(card, SCARD_LEAVE_CARD);
			look(ctx, READER, 0);
			fake_at_moment(0, NULL);
			if (happened) {
				if (is_there(ctx, READER) != all[i].reader ||
				    is_there(ctx, OTHER) != all[i].other ||
				    !(look(ctx, PNP, known) & SCARD_STATE_CHANGED) ||
				    (look(ctx, READER, 0) & ~(DWORD)SCARD_STATE_CHANGED) !=
				    (all[i].reader ? SCARD_STATE_EMPTY : SCARD_STATE_UNKNOWN))
					tap_fail(__FILE__, __LINE__, "event %zu, moment %u", i,
						    nth);
			}
			SCardReleaseContext(ctx);
			fake_reset();
		}
		CHECK(nth > 30);
	}
}

/* ---- other threads' calls on the same context ---- */

static SCARDCONTEXT shared;
static SCARDHANDLE shared_card;

static LONG call_cancel(struct call *c)
{
	(void)c;
	return SCardCancel(shared);
}

static LONG call_release(struct call *c)
{
	(void)c;
	return SCardReleaseContext(shared);
}

static LONG call_leave(struct call *c)
{
	(void)c;
	return SCardDisconnect(shared_card, SCARD_LEAVE_CARD);
}

static LONG call_send(struct call *c)
{
	(void)c;
	return send_simple(shared_card);
}

static LONG (*interfering)(struct call *c);

static bool has_interfered(void)
{
	return is_done(&other);
}

static void other_interferes(void)
{
	other_runs(interfering, has_interfered);
}

static bool expected(LONG ret)
{
	return ret == SCARD_S_SUCCESS || ret == SCARD_E_INVALID_HANDLE ||
	       ret == SCARD_E_CANCELLED || ret == SCARD_E_TIMEOUT;
}

static void interference(void)
{
	static LONG (*const all[])(struct call *c) = {
		call_cancel, call_release, call_leave, call_send,
	};
	SCARD_READERSTATE rs;
	unsigned int n, left;
	DWORD protocol;
	size_t i;
	bool more;

	plug_reader(true);
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		interfering = all[i];
		for (n = 1, more = true; more; n += stride()) {
			SCARDHANDLE card = 0;

			shared = establish();
			rs = (SCARD_READERSTATE){ .szReader = READER };
			at_moment(n, other_interferes);
			CHECK(expected(SCardGetStatusChange(shared, 0, &rs, 1)));
			CHECK(expected(SCardConnect(shared, READER, SCARD_SHARE_SHARED,
						    SCARD_PROTOCOL_ANY, &card, &protocol)));
			shared_card = card;
			CHECK(expected(SCardBeginTransaction(card)));
			CHECK(expected(send_simple(card)));
			CHECK(expected(SCardDisconnect(card, SCARD_LEAVE_CARD)));
			CHECK(expected(SCardConnect(shared, READER, SCARD_SHARE_SHARED,
						    SCARD_PROTOCOL_ANY, &card, &protocol)));
			CHECK(expected(SCardReleaseContext(shared)));
			more = fake_at_moment(0, NULL);
			if (more)
				CHECK(expected(finish(&other)));
			left = fake_handles(0) + fake_open_files();
			if (left) {
				tap_fail(__FILE__, __LINE__, "call %zu, moment %u: left open", i,
					    n);
				return;
			}
		}
		CHECK(n > 20);
	}
}

static unsigned int nth_of_call;
static LONG (*call_of_thread)(struct call *c);

static LONG released_call(struct call *c)
{
	LONG ret;

	at_moment(nth_of_call, other_interferes);
	ret = call_of_thread(c);
	fake_at_moment(0, NULL);
	return ret;
}

static bool waits(void)
{
	return fake_in_poll() || fake_waiting(0);
}

/* SCardReleaseContext at any moment of a call that would wait without end. */
static void released(void)
{
	static LONG (*const all[])(struct call *c) = {
		call_change, call_connect, call_begin, call_status, call_transmit, call_reconnect,
	};
	SCARDCONTEXT owner_ctx = establish();
	SCARDHANDLE owner;
	struct call c;
	size_t i;
	bool more;

	plug_reader(true);
	interfering = call_release;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		call_of_thread = all[i];
		for (nth_of_call = 1, more = true; more; nth_of_call++) {
			shared = establish();
			c = (struct call){ .f = released_call, .ctx = shared };
			c.arg = call_of_thread == call_change ? 1 : SCARD_SHARE_SHARED;
			c.state[0].szReader = READER;
			c.state[0].dwCurrentState = SCARD_STATE_PRESENT;
			c.card = connect_shared(shared);
			owner = connect_shared(owner_ctx);
			CHECK_EQ(SCardBeginTransaction(owner), SCARD_S_SUCCESS);
			begun = false;
			start(&c);
			EVENTUALLY(begun || waits());
			more = begun;
			if (!more)
				SCardReleaseContext(shared);
			EVENTUALLY(is_done(&c));
			SCardDisconnect(owner, SCARD_LEAVE_CARD);
			CHECK(expected(finish(&c)));
			if (more)
				CHECK(expected(finish(&other)));
		}
		CHECK(nth_of_call > 3);
	}
	SCardReleaseContext(owner_ctx);
}

/* ---- closed descriptors ---- */

#define FILES	64	/* more than are open here */

static bool of_others[FILES];

static void list_files(void)
{
	int fd;

	for (fd = 0; fd < FILES; fd++)
		of_others[fd] = fcntl(fd, F_GETFD) >= 0;
}

/* The program closes all descriptors of the library. */
static void close_files(void)
{
	int fd;

	for (fd = 0; fd < FILES; fd++) {
		if (!of_others[fd])
			close(fd);
	}
}

static LONG list_readers(SCARDCONTEXT ctx)
{
	DWORD n;

	return SCardListReaders(ctx, NULL, NULL, &n);
}

static LONG get_change(SCARDCONTEXT ctx)
{
	SCARD_READERSTATE rs = { .szReader = READER };

	return SCardGetStatusChange(ctx, 0, &rs, 1);
}

static LONG connect_and_leave(SCARDCONTEXT ctx)
{
	SCARDHANDLE card;
	DWORD protocol;
	LONG ret = SCardConnect(ctx, READER, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, &card,
				&protocol);

	if (!ret)
		SCardDisconnect(card, SCARD_LEAVE_CARD);
	return ret;
}

/* Closed at any moment of a call, the first or a later one: the context is valid all the same. */
static void closed(void)
{
	static LONG (*const all[])(SCARDCONTEXT ctx) = {
		list_readers, get_change, connect_and_leave,
	};
	SCARDCONTEXT ctx;
	unsigned int n;
	size_t i;
	LONG ret;

	event = close_files;
	for (i = 0; i < 2 * sizeof(all) / sizeof(all[0]); i++) {
		for (n = 1, happened = true; happened; n++) {
			plug_reader(true);
			list_files();
			ctx = establish();
			if (i % 2)
				CHECK_EQ(all[i / 2](ctx), SCARD_S_SUCCESS);
			happened = false;
			fake_at_moment(n, happens);
			ret = all[i / 2](ctx);
			fake_at_moment(0, NULL);
			if (ret)
				tap_fail(__FILE__, __LINE__, "call %zu, moment %u: 0x%lx", i / 2, n,
					 ret);
			ret = all[i / 2](ctx);
			if (ret)
				tap_fail(__FILE__, __LINE__, "call %zu after moment %u: 0x%lx",
					 i / 2, n, ret);
			CHECK_EQ(SCardReleaseContext(ctx), SCARD_S_SUCCESS);
			fake_reset();
		}
		CHECK(n > 5);
	}
}

const struct test moment_tests[] = {
	{ "fork at any moment of a call", forks },
	{ "fork at any moment of the first call", forks_at_first },
	{ "an event at any moment of SCardGetStatusChange", events },
	{ "an event at any moment of calls that look for readers", readers },
	{ "a call of another thread at any moment of a call", interference },
	{ "the end of its context at any moment of a call that waits", released },
	{ "closed descriptors at any moment of a call", closed },
	{ "a first context at any moment of the end of the last", last_context },
	{ NULL, NULL }
};
