// SPDX-License-Identifier: GPL-2.0-or-later
/* SCardConnect after SCardDisconnect: the descriptor that a context keeps for reuse. */
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static void connect_and_leave(SCARDCONTEXT ctx)
{
	CHECK_EQ(SCardDisconnect(connect_shared(ctx), SCARD_LEAVE_CARD), SCARD_S_SUCCESS);
}

static LONG try_connect(SCARDCONTEXT ctx)
{
	struct call c = { .ctx = ctx, .arg = SCARD_SHARE_SHARED };

	return call_connect(&c);
}

/* Longer than SPARE_MS and a tick of the clock */
static void let_it_expire(void)
{
	usleep(1050000);
}

static void poll_once(SCARDCONTEXT ctx, DWORD timeout)
{
	SCARD_READERSTATE rs = { .szReader = "\\\\?PnP?\\Notification" };

	CHECK_EQ(SCardGetStatusChange(ctx, timeout, &rs, 1), SCARD_E_TIMEOUT);
}

static void reuse(void)
{
	SCARDCONTEXT ctx = establish();
	int i;

	plug_reader(true);
	connect_and_leave(ctx);
	fake_opens();
	for (i = 0; i < 10; i++)
		connect_and_leave(ctx);
	CHECK_EQ(fake_opens(), 0);
	CHECK_EQ(fake_handles(0), 0);
	CHECK_EQ(fake_open_files(), 1);
	/* two handles have two descriptors */
	SCardDisconnect(connect_shared(ctx), SCARD_RESET_CARD);
	CHECK_EQ(fake_resets(0), 1);
	CHECK(connect_shared(ctx) != connect_shared(ctx));
	CHECK_EQ(fake_opens(), 1);
	SCardReleaseContext(ctx);
}

/* Kept for a second at most: then opening checks the permissions again. */
static void expiry(void)
{
	SCARDCONTEXT ctx = establish();

	plug_reader(true);
	connect_and_leave(ctx);
	fake_deny(0, true);
	CHECK_EQ(try_connect(ctx), SCARD_S_SUCCESS);
	SCardReleaseContext(ctx);
	fake_deny(0, false);

	ctx = establish();
	connect_and_leave(ctx);
	fake_deny(0, true);
	let_it_expire();
	CHECK_EQ(try_connect(ctx), SCARD_W_SECURITY_VIOLATION);
	CHECK_EQ(fake_open_files(), 0);
	fake_deny(0, false);
	CHECK_EQ(try_connect(ctx), SCARD_S_SUCCESS);
	SCardReleaseContext(ctx);
}

/*
 * A call that waits or lists readers keeps nothing; a program that polls keeps it for a second.
 */
static void closed_by_others(void)
{
	SCARDCONTEXT ctx = establish();
	DWORD n;

	plug_reader(true);
	connect_and_leave(ctx);
	CHECK_EQ(fake_open_files(), 1);
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_S_SUCCESS);
	CHECK_EQ(fake_open_files(), 0);
	connect_and_leave(ctx);
	poll_once(ctx, 1);
	CHECK_EQ(fake_open_files(), 0);
	connect_and_leave(ctx);
	poll_once(ctx, 0);
	CHECK_EQ(fake_open_files(), 1);
	let_it_expire();
	poll_once(ctx, 0);
	CHECK_EQ(fake_open_files(), 0);
	connect_and_leave(ctx);
	SCardReleaseContext(ctx);
	CHECK_EQ(fake_open_files(), 0);
}

static void other_reader(void)
{
	const struct fake_reader other = { .name = "Other Reader", .minor = 1, .index = 1,
					   .card = true };
	SCARDCONTEXT ctx = establish();
	SCARDHANDLE card;

	plug_reader(true);
	fake_plug(&other);
	/* the last one is kept */
	card = connect_shared(ctx);
	SCardDisconnect(connect_to(ctx, "Other Reader 01 00", SCARD_SHARE_SHARED), SCARD_LEAVE_CARD);
	SCardDisconnect(card, SCARD_LEAVE_CARD);
	CHECK_EQ(fake_open_files(), 1);
	fake_opens();
	card = connect_shared(ctx);
	CHECK_EQ(fake_opens(), 0);
	CHECK_EQ(fake_handles(0), 1);
	CHECK_EQ(fake_handles(1), 0);
	SCardDisconnect(card, SCARD_LEAVE_CARD);
	/* and not for another name */
	card = connect_to(ctx, "Other Reader 01 00", SCARD_SHARE_SHARED);
	CHECK_EQ(fake_opens(), 1);
	CHECK_EQ(fake_handles(0), 0);
	CHECK_EQ(fake_handles(1), 1);
	CHECK_EQ(fake_open_files(), 1);
	SCardReleaseContext(ctx);
}

static void reader_left(void)
{
	SCARDCONTEXT ctx = establish();

	plug_reader(true);
	connect_and_leave(ctx);
	fake_unplug(0);
	CHECK_EQ(try_connect(ctx), SCARD_E_UNKNOWN_READER);
	CHECK_EQ(fake_open_files(), 0);
	/* another reader of the same name */
	plug_reader(true);
	connect_and_leave(ctx);
	fake_unplug(0);
	plug_reader(true);
	CHECK_EQ(try_connect(ctx), SCARD_S_SUCCESS);
	CHECK_EQ(fake_handles(0), 1);
	SCardReleaseContext(ctx);
}

/* The next free descriptor of this process */
static int next_number(void)
{
	int fd = open("/dev/null", O_RDONLY);

	close(fd);
	return fd;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/*
 * A program closes all descriptors, as a daemon does, and opens its own files under the same
 * numbers.
 */
static void foreign(void)
{
	SCARDCONTEXT ctx = establish();
	DWORD n;
	int fd;

	plug_reader(true);
	/* close the other descriptors of the library: then the next number is the card's */
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_S_SUCCESS);
	fd = next_number();
	connect_and_leave(ctx);
	close(fd);
	CHECK_EQ(fake_open_files(), 0);
	CHECK_EQ(open("/dev/null", O_RDONLY), fd);
	CHECK_EQ(try_connect(ctx), SCARD_S_SUCCESS);
	CHECK_EQ(fake_handles(0), 1);
	CHECK(is_open(fd));
	SCardReleaseContext(ctx);
	CHECK(is_open(fd));
	close(fd);

	/* the number is free */
	ctx = establish();
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_S_SUCCESS);
	fd = next_number();
	connect_and_leave(ctx);
	close(fd);
	CHECK_EQ(try_connect(ctx), SCARD_S_SUCCESS);
	SCardReleaseContext(ctx);

	/* and the library does not close the program's file */
	ctx = establish();
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_S_SUCCESS);
	fd = next_number();
	connect_and_leave(ctx);
	close(fd);
	CHECK_EQ(open("/dev/null", O_RDONLY), fd);
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_S_SUCCESS);
	CHECK(is_open(fd));
	SCardReleaseContext(ctx);
	CHECK(is_open(fd));
	close(fd);
}

/* The same with a number that the library itself could get again, for another reader. */
static void overtaken(void)
{
	const struct fake_reader other = { .name = "Other Reader", .minor = 1, .index = 1,
					   .card = true };
	SCARDCONTEXT ctx = establish(), other_ctx = establish();
	SCARDHANDLE other_card, card;
	DWORD n;
	int fd;

	plug_reader(true);
	fake_plug(&other);
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_S_SUCCESS);
	fd = next_number();
	connect_and_leave(ctx);
	close(fd);
	other_card = connect_to(other_ctx, "Other Reader 01 00", SCARD_SHARE_SHARED);
	/* the library does not reuse a number that one of its cards has */
	CHECK_EQ(next_number(), fd);
	card = connect_shared(ctx);
	CHECK_EQ(fake_handles(0), 1);
	CHECK_EQ(fake_handles(1), 1);
	CHECK_EQ(send_simple(card), SCARD_S_SUCCESS);
	CHECK_EQ(send_simple(other_card), SCARD_S_SUCCESS);
	SCardReleaseContext(ctx);
	CHECK_EQ(send_simple(other_card), SCARD_S_SUCCESS);
	SCardReleaseContext(other_ctx);
}

static void forked(void)
{
	SCARDCONTEXT ctx = establish();
	int status;
	pid_t pid;

	plug_reader(true);
	connect_and_leave(ctx);
	CHECK_EQ(fake_open_files(), 1);
	fake_opens();
	fflush(stdout);
	pid = fork();
	if (!pid) {
		SCARDCONTEXT mine;

		alarm(10);
		if (fake_open_files())
			_exit(1);
		if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &mine) ||
		    try_connect(mine) || !fake_opens() || SCardReleaseContext(mine))
			_exit(2);
		_exit(fake_open_files() ? 3 : 0);
	}
	waitpid(pid, &status, 0);
	CHECK_EQ(status, 0);
	/* the parent's is still valid */
	connect_and_leave(ctx);
	CHECK_EQ(fake_opens(), 0);
	SCardReleaseContext(ctx);
}

const struct test spare_tests[] = {
	{ "connect again by the same descriptor", reuse },
	{ "a kept descriptor: for a second", expiry },
	{ "a kept descriptor: closed by calls that wait or list", closed_by_others },
	{ "a kept descriptor: of the last reader only", other_reader },
	{ "a kept descriptor: the reader has left", reader_left },
	{ "a kept descriptor: closed behind the library's back", foreign },
	{ "a kept descriptor: its number is not given to another reader", overtaken },
	{ "a kept descriptor: fork", forked },
	{ NULL, NULL }
};
