// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SCardListReaders (order, names, PCSCLITE_FILTER_*), lost netlink events, unloading of the
 * module (SCARD_E_NO_SERVICE), fork() and pthread_cancel().
 */
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static void expect_list(SCARDCONTEXT ctx, const char *names, size_t len)
{
	static char buf[65536];
	DWORD n = sizeof(buf);

	CHECK_EQ(SCardListReaders(ctx, NULL, buf, &n), SCARD_S_SUCCESS);
	CHECK_EQ(n, len);
	CHECK(!memcmp(buf, names, len));
}

#define EXPECT_LIST(ctx, literal) expect_list(ctx, literal "\0", sizeof(literal) + 1)

static void order(void)
{
	const struct fake_reader readers[] = {
		{ .minor = 0, .index = 2, .name = "C" },
		{ .minor = 1, .index = 1, .slot = 1, .name = "B" },
		{ .minor = 2, .index = 1, .slot = 0, .name = "B" },
		{ .minor = 12, .index = 0, .name = "A" },
	};
	SCARDCONTEXT ctx = establish();
	size_t i;

	for (i = 0; i < 4; i++)
		fake_plug(&readers[i]);
	EXPECT_LIST(ctx, "A 00 00\0B 01 00\0B 01 01\0C 02 00");
	fake_unplug(12);
	EXPECT_LIST(ctx, "B 01 00\0B 01 01\0C 02 00");
	fake_plug(&readers[3]);
	EXPECT_LIST(ctx, "A 00 00\0B 01 00\0B 01 01\0C 02 00");
	SCardReleaseContext(ctx);
}

static void names(void)
{
	const struct fake_reader readers[] = {
		{ .minor = 0, .index = 0, .vendor = 0x08e6, .product = 0x3437,
		  .name = "Gemplus USB SmartCard Reader [CCID Interface] (12345)" },
		{ .minor = 1, .index = 1, .vendor = 0x08e6, .product = 0x3437,
		  .name = "Gemalto USB SmartCard Reader" },
		{ .minor = 2, .index = 2, .vendor = 0x413c, .product = 0x2100,
		  .name = "Gemplus Dell (serial)" },
		{ .minor = 3, .index = 3, .vendor = 0x03eb, .product = 0x6010,
		  .name = "Atmel [if]" },
		{ .minor = 4, .index = 4, .vendor = 0x1050, .product = 0x0407,
		  .name = "Yubico YubiKey OTP+FIDO+CCID" },
	};
	SCARDCONTEXT ctx = establish();
	SCARDHANDLE card;
	char attr[128];
	DWORD n = sizeof(attr);
	size_t i;

	for (i = 0; i < 5; i++)
		fake_plug(&readers[i]);
	EXPECT_LIST(ctx, "Gemalto PC Twin Reader [CCID Interface] (12345) 00 00\0"
		    "Gemalto PC Twin Reader 01 00\0Dell keyboard SK-3106 (serial) 02 00\0"
		    "ATMEL AT90SCR100 [if] 03 00\0Yubico YubiKey OTP+FIDO+CCID 04 00");
	card = connect_to(ctx, "Gemalto PC Twin Reader 01 00", SCARD_SHARE_DIRECT);
	CHECK_EQ(SCardGetAttrib(card, SCARD_ATTR_DEVICE_FRIENDLY_NAME, (LPBYTE)attr, &n),
		 SCARD_S_SUCCESS);
	CHECK(!strcmp(attr, "Gemalto PC Twin Reader 01 00"));
	SCardReleaseContext(ctx);
}

static void name_filters(void)
{
	static char long_name[120];
	struct fake_reader readers[] = {
		{ .minor = 0, .name = "Reader One" },
		{ .minor = 1, .index = 1, .name = "Reader Two" },
		{ .minor = 2, .index = 2, .name = long_name },
	};
	SCARDCONTEXT ctx = establish();
	char buf[300];
	DWORD n = sizeof(buf);
	size_t i;

	memset(long_name, 'l', sizeof(long_name) - 1);
	for (i = 0; i < 3; i++)
		fake_plug(&readers[i]);
	setenv("PCSCLITE_FILTER_IGNORE_READER_NAMES", "Nobody::One", 1);
	setenv("PCSCLITE_FILTER_EXTEND_READER_NAMES", " at home", 1);
	CHECK_EQ(SCardListReaders(ctx, NULL, buf, &n), SCARD_S_SUCCESS);
	CHECK(!strcmp(buf, "Reader Two at home 01 00"));
	/* cut before the index, never in it */
	CHECK_EQ(n, strlen(buf) + 1 + MAX_READERNAME + 1);
	CHECK(!strcmp(buf + n - 1 - 7, " 02 00"));
	unsetenv("PCSCLITE_FILTER_IGNORE_READER_NAMES");
	unsetenv("PCSCLITE_FILTER_EXTEND_READER_NAMES");
	SCardReleaseContext(ctx);
}

/* A name that is too long with its suffix is not cut within a character. */
static void name_cut(void)
{
	static char name[118];
	const struct fake_reader reader = { .name = name };
	SCARDCONTEXT ctx = establish();
	char buf[300], want[300];
	DWORD n = sizeof(buf);
	size_t i;

	for (i = 0; i + 2 < sizeof(name); i += 2)
		memcpy(name + i, "\xc3\xa9", 2);
	fake_plug(&reader);
	setenv("PCSCLITE_FILTER_EXTEND_READER_NAMES", "--\xe2\x82\xac", 1);
	CHECK_EQ(SCardListReaders(ctx, NULL, buf, &n), SCARD_S_SUCCESS);
	snprintf(want, sizeof(want), "%s--\xe2\x82\xac 00 00", name);
	CHECK(!strcmp(buf, want));
	/* two bytes more: the last character does not fit */
	setenv("PCSCLITE_FILTER_EXTEND_READER_NAMES", "----\xe2\x82\xac", 1);
	SCardReleaseContext(ctx);
	ctx = establish();
	n = sizeof(buf);
	CHECK_EQ(SCardListReaders(ctx, NULL, buf, &n), SCARD_S_SUCCESS);
	snprintf(want, sizeof(want), "%s---- 00 00", name);
	CHECK(!strcmp(buf, want));
	unsetenv("PCSCLITE_FILTER_EXTEND_READER_NAMES");
	SCardReleaseContext(ctx);
}

static void many_readers(void)
{
	static char name[256][20];
	SCARDCONTEXT ctx = establish();
	SCARD_READERSTATE *rs = calloc(256, sizeof(*rs));
	SCARDHANDLE card;
	DWORD n;
	int i;

	for (i = 0; i < 256; i++) {
		const struct fake_reader r = { .minor = i, .index = i, .name = "R", .card = i % 2 };

		fake_plug(&r);
		sprintf(name[i], "R %02X 00", i);
		rs[i].szReader = name[i];
	}
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_S_SUCCESS);
	CHECK_EQ(n, 256 * 8 + 1);
	CHECK_EQ(SCardGetStatusChange(ctx, INFINITE, rs, 256), SCARD_S_SUCCESS);
	for (i = 0; i < 256; i++) {
		CHECK_EQ(rs[i].dwEventState, i % 2 ? 0x10022 : 0x12);
		rs[i].dwCurrentState = rs[i].dwEventState & ~(DWORD)SCARD_STATE_CHANGED;
	}
	fake_insert(254);
	/* the library asks only the changed reader */
	fake_ioctls();
	CHECK_EQ(SCardGetStatusChange(ctx, INFINITE, rs, 256), SCARD_S_SUCCESS);
	if (with_netlink)
		CHECK_EQ(fake_ioctls(), 1);
	CHECK_EQ(rs[254].dwEventState, 0x10022);
	card = connect_to(ctx, name[255], SCARD_SHARE_SHARED);
	CHECK_EQ(send_simple(card), SCARD_S_SUCCESS);
	free(rs);
	SCardReleaseContext(ctx);
}

static LONG call_list(struct call *c)
{
	DWORD n;

	return SCardListReaders(c->ctx, NULL, NULL, &n);
}

/* Listing the readers includes the card of a reader that was just plugged in. */
static void settling_reader(void)
{
	const struct fake_reader reader = { .name = "Test Reader", .settling = true };
	SCARDCONTEXT ctx = establish();
	struct call c = { .f = call_list };
	double begin;
	DWORD n;

	c.ctx = ctx;
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_E_NO_READERS_AVAILABLE);
	fake_plug(&reader);
	start(&c);
	EVENTUALLY(fake_in_poll());
	CHECK(!is_done(&c));
	fake_settled(0);
	CHECK_EQ(finish(&c), SCARD_S_SUCCESS);
	fake_unplug(0);
	fake_plug(&reader);
	begin = test_seconds();
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_S_SUCCESS);
	CHECK(test_seconds() - begin > 1.5 && test_seconds() - begin < 4);
	begin = test_seconds();
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_S_SUCCESS);
	CHECK(test_seconds() - begin < 1);
	/* a later card is not waited for */
	fake_settled(0);
	fake_insert_begin(0);
	begin = test_seconds();
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_S_SUCCESS);
	CHECK(test_seconds() - begin < 1);
	SCardReleaseContext(ctx);
}

static void lost_events(void)
{
	const struct fake_reader other = { .name = "Other Reader", .minor = 1, .index = 1 };
	SCARDCONTEXT ctx = establish();
	struct call c = { .f = call_change, .arg = 1 };

	plug_reader(false);
	EXPECT_LIST(ctx, READER);
	fake_lose_events();
	c.ctx = ctx;
	c.state[0].szReader = "\\\\?PnP?\\Notification";
	start(&c);
	EVENTUALLY(fake_in_poll());
	fake_plug(&other);
	CHECK_EQ(finish(&c), SCARD_S_SUCCESS);
	EXPECT_LIST(ctx, READER "\0Other Reader 01 00");
	SCardReleaseContext(ctx);
}

/* A removed reader comes back, and the event of its removal is lost. */
static void lost_departure(void)
{
	SCARDCONTEXT ctx = establish();
	struct call c = { .f = call_change, .arg = 1 };

	plug_reader(true);
	c.ctx = ctx;
	c.state[0].szReader = READER;
	c.state[0].dwCurrentState = SCARD_STATE_PRESENT;
	start(&c);
	EVENTUALLY(fake_in_poll());
	fake_unplug_begin(0);
	CHECK_EQ(finish(&c), SCARD_S_SUCCESS);
	fake_lose_events();
	fake_unplug_end(0);
	plug_reader(true);
	EXPECT_LIST(ctx, READER);
	send_simple(connect_shared(ctx));
	SCardReleaseContext(ctx);
}

/* The module is reloaded, and the event of its unloading is lost. */
static void lost_module(void)
{
	SCARDCONTEXT ctx = establish();

	plug_reader(false);
	EXPECT_LIST(ctx, READER);
	fake_unplug(0);
	fake_lose_events();
	fake_unload();
	fake_use_netlink(with_netlink);
	plug_reader(false);
	EXPECT_LIST(ctx, READER);
	/* later events arrive */
	fake_unplug(0);
	plug_reader(true);
	SCardDisconnect(connect_shared(ctx), SCARD_LEAVE_CARD);
	SCardReleaseContext(ctx);
}

/* The module is unloaded and loaded again during the life of a context. */
static void module_comes_back(void)
{
	SCARDCONTEXT ctx = establish();
	DWORD n;

	plug_reader(false);
	EXPECT_LIST(ctx, READER);
	fake_unplug(0);
	fake_unload();
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_E_NO_READERS_AVAILABLE);
	rmdir(FAKE_CLASS);
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_E_NO_SERVICE);
	mkdir(FAKE_CLASS, 0700);
	fake_use_netlink(with_netlink);
	plug_reader(false);
	EXPECT_LIST(ctx, READER);
	SCardReleaseContext(ctx);
}

static void no_service(void)
{
	SCARDCONTEXT ctx = 5;

	rmdir(FAKE_CLASS);
	fake_use_netlink(false);
	/* checked before the arguments */
	CHECK_EQ(SCardEstablishContext(9, NULL, NULL, NULL), SCARD_E_NO_SERVICE);
	CHECK_EQ(SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &ctx), SCARD_E_NO_SERVICE);
	/* a container with one node and nothing else */
	plug_reader(false);
	CHECK_EQ(SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &ctx), SCARD_S_SUCCESS);
	EXPECT_LIST(ctx, READER);
	CHECK_EQ(SCardReleaseContext(ctx), SCARD_S_SUCCESS);
	mkdir(FAKE_CLASS, 0700);
	fake_use_netlink(with_netlink);
}

/*
 * A container has a node that stays: only the device reports that the reader is gone, and nothing
 * reports that it is back.
 */
static void node_stays(void)
{
	SCARDCONTEXT ctx = establish();
	struct call c = { .f = call_change, .arg = 1 };
	DWORD n;
	int i;

	plug_reader(true);
	fake_keep_nodes(true);
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_S_SUCCESS);
	for (i = 0; i < 2; i++) {
		c.ctx = ctx;
		c.state[0].szReader = "\\\\?PnP?\\Notification";
		start(&c);
		EVENTUALLY(fake_in_poll());
		if (i)
			plug_reader(true);
		else
			fake_unplug(0);
		EVENTUALLY(is_done(&c));
		SCardCancel(ctx);
		CHECK_EQ(finish(&c), SCARD_S_SUCCESS);
		CHECK(c.state[0].dwEventState & SCARD_STATE_CHANGED);
	}
	EXPECT_LIST(ctx, READER);
	fake_keep_nodes(false);
	SCardReleaseContext(ctx);
}

static void take_descriptors(bool yes)
{
	struct rlimit limit;

	CHECK(!getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = yes ? 0 : limit.rlim_max;
	CHECK(!setrlimit(RLIMIT_NOFILE, &limit));
}

/* A process without free descriptors gets an error, not an empty list of readers. */
static void no_descriptors(void)
{
	SCARDCONTEXT ctx = establish();
	struct call c = { .f = call_change, .arg = 1 };
	SCARDHANDLE card;
	DWORD n;
	LONG ret;

	plug_reader(true);
	take_descriptors(true);
	ret = SCardListReaders(ctx, NULL, NULL, &n);
	take_descriptors(false);
	CHECK_EQ(ret, SCARD_E_NO_MEMORY);
	EXPECT_LIST(ctx, READER);
	/* known readers stay known */
	take_descriptors(true);
	ret = SCardListReaders(ctx, NULL, NULL, &n);
	CHECK_EQ(SCardConnect(ctx, READER, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, &card, &n),
		 SCARD_E_NO_MEMORY);
	take_descriptors(false);
	CHECK_EQ(ret, SCARD_S_SUCCESS);
	/* a watched reader stays known */
	c.ctx = ctx;
	c.state[0].szReader = READER;
	c.state[0].dwCurrentState = SCARD_STATE_PRESENT;
	start(&c);
	EVENTUALLY(fake_in_poll());
	take_descriptors(true);
	SCardListReaders(ctx, NULL, NULL, &n);
	fake_remove(0);
	ret = finish(&c);
	take_descriptors(false);
	CHECK_EQ(ret, SCARD_S_SUCCESS);
	CHECK_EQ(c.state[0].dwEventState, 0x20012);
	SCardReleaseContext(ctx);
}

/* poll() fails if RLIMIT_NOFILE is below its number of descriptors: an error, not a busy loop. */
static void no_poll(void)
{
	SCARDCONTEXT ctx = establish();
	struct call c = { .f = call_change, .arg = 1, .ctx = ctx };
	SCARD_READERSTATE rs = { .szReader = READER, .dwCurrentState = SCARD_STATE_PRESENT };

	plug_reader(true);
	/* keep all descriptors of the call open for the next one */
	CHECK_EQ(SCardGetStatusChange(ctx, 0, &rs, 1), SCARD_E_TIMEOUT);
	c.state[0] = rs;
	take_descriptors(true);
	start(&c);
	EVENTUALLY(is_done(&c));
	take_descriptors(false);
	SCardCancel(ctx);
	CHECK_EQ(finish(&c), SCARD_E_NO_MEMORY);
	CHECK_EQ(SCardGetStatusChange(ctx, 0, &rs, 1), SCARD_E_TIMEOUT);
	SCardReleaseContext(ctx);
}

/*
 * In the child: the number of the failed check; 0: none. It has the descriptors of @connected
 * cards, or 0: some, which it would take over if the parent exited. The first call with the parent's numbers
 * waits a second for that. 0 for @ctx: make no such call.
 */
static int child(SCARDCONTEXT ctx, SCARDHANDLE card, unsigned int connected)
{
	SCARDCONTEXT mine;
	SCARDHANDLE my_card;
	SCARD_READERSTATE rs = { .szReader = READER };
	unsigned int kept = fake_open_files();
	DWORD n;

	if (!kept || (connected && kept != connected))
		return 1;
	if (ctx && SCardIsValidContext(ctx) != SCARD_E_INVALID_HANDLE)
		return 2;
	if (ctx && send_simple(card) != SCARD_E_INVALID_HANDLE)
		return 3;
	if (ctx && SCardDisconnect(card, SCARD_RESET_CARD) != SCARD_E_INVALID_HANDLE)
		return 4;
	if (ctx && SCardReleaseContext(ctx) != SCARD_E_INVALID_HANDLE)
		return 5;
	if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &mine))
		return 6;
	if (SCardGetStatusChange(mine, 0, &rs, 1))
		return 7;
	if (SCardConnect(mine, READER, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, &my_card, &n))
		return 8;
	if (send_simple(my_card))
		return 9;
	/* the parent has the same random numbers, unless the fork handler drops them */
	if (mine == ctx || my_card == card)
		return 10;
	if (SCardReleaseContext(mine) || fake_open_files() != kept)
		return 11;
	return 0;
}

static int fork_child(SCARDCONTEXT ctx, SCARDHANDLE card, unsigned int connected)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		alarm(10);
		_exit(child(ctx, card, connected));
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status;
}

static void forks(void)
{
	SCARDCONTEXT ctx = establish();
	struct call c = { .f = call_change, .arg = 1 };
	SCARD_READERSTATE rs = { .szReader = READER };
	SCARDHANDLE card;

	plug_reader(true);
	card = connect_shared(ctx);
	CHECK_EQ(SCardGetStatusChange(ctx, 0, &rs, 1), SCARD_S_SUCCESS);
	CHECK_EQ(fork_child(ctx, card, 1), 0);
	CHECK_EQ(send_simple(card), SCARD_S_SUCCESS);
	/* while another thread is in the library */
	c.ctx = ctx;
	c.state[0].szReader = READER;
	c.state[0].dwCurrentState = SCARD_STATE_PRESENT;
	start(&c);
	EVENTUALLY(fake_in_poll());
	CHECK_EQ(fork_child(ctx, card, 1), 0);
	CHECK_EQ(send_simple(card), SCARD_S_SUCCESS);
	fake_remove(0);
	CHECK_EQ(finish(&c), SCARD_S_SUCCESS);
	SCardReleaseContext(ctx);
}

/* Threads that are always inside a call. */
static LONG busy(struct call *c)
{
	SCARD_READERSTATE rs = { .szReader = READER };
	SCARDCONTEXT ctx;
	SCARDHANDLE card;
	DWORD n;
	int i;

	for (i = 0; i < 300 && !c->arg; i++) {
		ctx = establish();
		SCardListReaders(ctx, NULL, NULL, &n);
		SCardGetStatusChange(ctx, 0, &rs, 1);
		if (!SCardConnect(ctx, READER, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, &card, &n))
			SCardDisconnect(card, SCARD_LEAVE_CARD);
		SCardReleaseContext(ctx);
	}
	return SCARD_S_SUCCESS;
}

static void forks_under_load(void)
{
	struct call c[3] = { { .f = busy }, { .f = busy }, { .f = busy } };
	SCARDCONTEXT ctx = establish();
	SCARDHANDLE card;
	int i;

	plug_reader(true);
	card = connect_shared(ctx);
	for (i = 0; i < 3; i++)
		start(&c[i]);
	for (i = 0; i < 30; i++)
		CHECK_EQ(fork_child(i % 10 ? 0 : ctx, card, 0), 0);
	for (i = 0; i < 3; i++)
		finish(&c[i]);
	SCardReleaseContext(ctx);
}

/* ThreadSanitizer loses track of a thread that is cancelled inside poll(). */
#ifndef __SANITIZE_THREAD__
static void thread_cancelled(void)
{
	SCARDCONTEXT ctx = establish();
	struct call c = { .f = call_change, .arg = 2 };
	SCARD_READERSTATE rs = { .szReader = READER, .dwCurrentState = SCARD_STATE_EMPTY };
	void *result;
	int i;

	plug_reader(false);
	for (i = 0; i < 20; i++) {
		c.ctx = ctx;
		c.state[0] = c.state[1] = rs;
		c.state[1].szReader = "\\\\?PnP?\\Notification";
		start(&c);
		EVENTUALLY(fake_in_poll());
		pthread_cancel(c.thread);
		pthread_join(c.thread, &result);
		CHECK(result == PTHREAD_CANCELED);
		/* no lock is held, nothing leaks */
		CHECK_EQ(SCardGetStatusChange(ctx, 0, &rs, 1), SCARD_E_TIMEOUT);
	}
	CHECK_EQ(fake_open_files(), 1);
	SCardReleaseContext(ctx);
}

/* In the child, which counts contexts from the start: the first context of a cancelled thread. */
static void *establish_cancelled(void *arg)
{
	pthread_cancel(pthread_self());
	SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, arg);
	pthread_testcancel();
	return NULL;
}

static LONG cancel_cancelled(struct call *c)
{
	pthread_cancel(pthread_self());
	SCardCancel(c->ctx);
	pthread_testcancel();
	return SCARD_S_SUCCESS;
}

/* A thread cancelled before a call that does not wait: the call must not leave a lock held. */
static void thread_cancelled_before(void)
{
	SCARDCONTEXT ctx = establish();
	struct call change = { .f = call_change, .arg = 1, .ctx = ctx };
	struct call cancel = { .f = cancel_cancelled, .ctx = ctx };
	void *result;
	int status;
	pid_t pid;

	plug_reader(false);
	change.state[0].szReader = READER;
	change.state[0].dwCurrentState = SCARD_STATE_EMPTY;
	start(&change);
	EVENTUALLY(fake_in_poll());
	start(&cancel);
	pthread_join(cancel.thread, &result);
	CHECK(result == PTHREAD_CANCELED);
	CHECK_EQ(finish(&change), SCARD_E_CANCELLED);
	CHECK_EQ(SCardIsValidContext(ctx), SCARD_S_SUCCESS);

	fflush(stdout);
	pid = fork();
	if (!pid) {
		SCARDCONTEXT mine = 0;
		pthread_t thread;

		alarm(10);
		pthread_create(&thread, NULL, establish_cancelled, &mine);
		pthread_join(thread, &result);
		_exit(result != PTHREAD_CANCELED || SCardReleaseContext(mine));
	}
	waitpid(pid, &status, 0);
	CHECK_EQ(status, 0);
	SCardReleaseContext(ctx);
}
#endif

static LONG release_last(struct call *c)
{
	int i;

	for (i = 0; i < 300; i++) {
		DWORD n;

		SCARDCONTEXT ctx = establish();

		SCardListReaders(ctx, NULL, NULL, &n);
		SCardReleaseContext(ctx);
	}
	return c->arg;
}

/* The last context closes the shared files; the next one opens them again. */
static void last_context(void)
{
	struct call c[4] = { { 0 } };
	int i;

	plug_reader(false);
	for (i = 0; i < 4; i++) {
		c[i].f = release_last;
		start(&c[i]);
	}
	for (i = 0; i < 4; i++)
		finish(&c[i]);
}

const struct test life_tests[] = {
	{ "order of readers", order },
	{ "names that people know", names },
	{ "PCSCLITE_FILTER_*", name_filters },
	{ "names of other alphabets are not cut within a character", name_cut },
	{ "256 readers", many_readers },
	{ "a reader that settles", settling_reader },
	{ "events that are lost", lost_events },
	{ "events that are lost: a reader left", lost_departure },
	{ "events that are lost: the module was unloaded", lost_module },
	{ "the module goes and comes", module_comes_back },
	{ "no service", no_service },
	{ "no descriptor is left", no_descriptors },
	{ "poll() fails", no_poll },
	{ "a node that stays when its reader leaves", node_stays },
	{ "fork", forks },
	{ "fork with busy threads", forks_under_load },
#ifndef __SANITIZE_THREAD__
	{ "pthread_cancel in SCardGetStatusChange", thread_cancelled },
	{ "pthread_cancel before SCardCancel and SCardEstablishContext", thread_cancelled_before },
#endif
	{ "threads that establish and release", last_context },
	{ NULL, NULL }
};
