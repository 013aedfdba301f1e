// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * closefrom(), close(): a program closes the library's descriptors, and its own files get their
 * numbers. The library must not use those.
 */
#include <fcntl.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

/* The lowest descriptor of the library, and the end of the range */
#define FIRST	3
#define END	20

/*
 * Replace all descriptors of the library, and no others, by @with, which is closed; return their
 * number.
 */
static int replace_by(int with, int command, const bool *before, bool *mine)
{
	int fd, n = 0;

	for (fd = FIRST; fd < END; fd++) {
		mine[fd] = fd != with && !before[fd] && fcntl(fd, F_GETFD) >= 0;
		if (mine[fd]) {
			close(fd);
			CHECK_EQ(fcntl(with, command, fd), fd);
			n++;
		}
	}
	close(with);
	return n;
}

static int replace(const bool *before, bool *mine)
{
	return replace_by(open("/dev/null", O_RDONLY), F_DUPFD, before, mine);
}

static void list_open(bool *open_now)
{
	int fd;

	for (fd = FIRST; fd < END; fd++)
		open_now[fd] = fcntl(fd, F_GETFD) >= 0;
}

static bool all_open(const bool *mine)
{
	int fd;

	for (fd = FIRST; fd < END; fd++) {
		if (mine[fd] && fcntl(fd, F_GETFD) < 0)
			return false;
	}
	return true;
}

static void close_all(const bool *mine)
{
	int fd;

	for (fd = FIRST; fd < END; fd++) {
		if (mine[fd])
			close(fd);
	}
}

/* The library does not close inherited descriptors in a child. */
static void inherited(void)
{
	bool before[END], mine[END];
	SCARDCONTEXT ctx;
	int status;
	pid_t pid;
	DWORD n;

	plug_reader(true);
	list_open(before);
	ctx = establish();
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_S_SUCCESS);
	CHECK(replace(before, mine) > 0);
	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(all_open(mine) ? 0 : 1);
	waitpid(pid, &status, 0);
	CHECK_EQ(status, 0);
	/* nor in the parent */
	CHECK_EQ(SCardReleaseContext(ctx), SCARD_S_SUCCESS);
	CHECK(all_open(mine));
	close_all(mine);
}

/* A watched reader still exists after its descriptor was closed. */
static void watched(void)
{
	bool before[END], mine[END];
	SCARD_READERSTATE rs = { .szReader = READER };
	SCARDCONTEXT ctx = establish();
	DWORD n;

	plug_reader(false);
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_S_SUCCESS);
	list_open(before);
	CHECK_EQ(SCardGetStatusChange(ctx, 0, &rs, 1), SCARD_S_SUCCESS);
	CHECK_EQ(replace(before, mine), 2);
	close_all(mine);
	rs.dwCurrentState = SCARD_STATE_EMPTY;
	CHECK_EQ(SCardGetStatusChange(ctx, 0, &rs, 1), SCARD_E_TIMEOUT);
	CHECK_EQ(rs.dwEventState, SCARD_STATE_EMPTY);
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_S_SUCCESS);
	CHECK_EQ(SCardReleaseContext(ctx), SCARD_S_SUCCESS);
}

/* A file with close-on-exec like the library's, of the same type, and readable */
static void close_on_exec(void)
{
	bool before[END], mine[END];
	SCARD_READERSTATE rs = { .szReader = READER };
	struct call c = { .f = call_change, .arg = 1 };
	BYTE out[8];
	SCARDHANDLE card;
	SCARDCONTEXT ctx;
	uint64_t value;
	int status, fd;
	DWORD n;
	pid_t pid;

	plug_reader(true);
	list_open(before);
	ctx = establish();
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_S_SUCCESS);
	CHECK_EQ(SCardGetStatusChange(ctx, 0, &rs, 1), SCARD_S_SUCCESS);
	card = connect_shared(ctx);
	CHECK(replace_by(eventfd(7, EFD_CLOEXEC | EFD_NONBLOCK), F_DUPFD_CLOEXEC, before,
			 mine) >= 3);
	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(all_open(mine) ? 0 : 1);
	waitpid(pid, &status, 0);
	CHECK_EQ(status, 0);

	/* the handle is lost, and its calls return that */
	CHECK_EQ(send_simple(card), SCARD_E_INVALID_HANDLE);
	n = sizeof(out);
	CHECK_EQ(SCardGetAttrib(card, SCARD_ATTR_ICC_PRESENCE, out, &n), SCARD_E_INVALID_HANDLE);
	CHECK_EQ(SCardDisconnect(card, SCARD_LEAVE_CARD), SCARD_S_SUCCESS);
	CHECK_EQ(SCardDisconnect(card, SCARD_LEAVE_CARD), SCARD_E_INVALID_HANDLE);
	/* the library opens the others again */
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_S_SUCCESS);
	CHECK_EQ(send_simple(connect_shared(ctx)), SCARD_S_SUCCESS);
	rs.dwCurrentState = SCARD_STATE_PRESENT;
	CHECK_EQ(SCardGetStatusChange(ctx, 0, &rs, 1), SCARD_E_TIMEOUT);
	c.ctx = ctx;
	c.state[0] = rs;
	start(&c);
	EVENTUALLY(fake_in_poll());
	fake_remove(0);
	CHECK_EQ(finish(&c), SCARD_S_SUCCESS);
	c.state[0].dwCurrentState = SCARD_STATE_EMPTY;
	start(&c);
	EVENTUALLY(fake_in_poll());
	CHECK_EQ(SCardCancel(ctx), SCARD_S_SUCCESS);
	CHECK_EQ(finish(&c), SCARD_E_CANCELLED);
	CHECK_EQ(SCardReleaseContext(ctx), SCARD_S_SUCCESS);

	CHECK(all_open(mine));
	for (fd = FIRST; !mine[fd]; fd++)
		;
	CHECK_EQ(read(fd, &value, sizeof(value)), sizeof(value));
	CHECK_EQ(value, 7);
	close_all(mine);
}

/* The watch of the nodes, opened anew, gets the number of a card whose descriptor was closed. */
static void watch_takes_number(void)
{
	bool before[END];
	SCARDHANDLE card;
	SCARDCONTEXT ctx;
	int fd, first;
	DWORD n;

	if (with_netlink)
		return;
	plug_reader(true);
	list_open(before);
	ctx = establish();
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_S_SUCCESS);
	card = connect_shared(ctx);
	for (fd = FIRST; fd < END; fd++) {
		if (!before[fd])
			close(fd);
	}
	first = open("/dev/null", O_RDONLY);
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_S_SUCCESS);
	CHECK_EQ(send_simple(card), SCARD_E_INVALID_HANDLE);
	CHECK_EQ(send_simple(connect_shared(ctx)), SCARD_S_SUCCESS);
	CHECK_EQ(send_simple(card), SCARD_E_INVALID_HANDLE);
	CHECK_EQ(SCardDisconnect(card, SCARD_LEAVE_CARD), SCARD_S_SUCCESS);
	CHECK_EQ(SCardReleaseContext(ctx), SCARD_S_SUCCESS);
	CHECK_EQ(close(first), 0);
}

const struct test foreign_tests[] = {
	{ "closed behind the library's back: the program's have close-on-exec", close_on_exec },
	{ "closed behind the library's back: what a child inherits", inherited },
	{ "closed behind the library's back: a reader that is watched", watched },
	{ "closed behind the library's back: a card whose number the watch of the nodes gets",
	  watch_takes_number },
	{ NULL, NULL }
};
