// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * closefrom(), close(): a program closes the library's descriptors, and files of its own get
 * their numbers. The library must not use those.
 */
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

/* The first that the library may have, and the one behind the last */
#define FIRST	3
#define END	20

/* All of the library's, and nothing else, get to be /dev/null; returns how many. */
static int replace(const bool *before, bool *mine)
{
	int fd, null = open("/dev/null", O_RDONLY), n = 0;

	for (fd = FIRST; fd < END; fd++) {
		mine[fd] = fd != null && !before[fd] && fcntl(fd, F_GETFD) >= 0;
		if (mine[fd]) {
			close(fd);
			CHECK_EQ(fcntl(null, F_DUPFD, fd), fd);
			n++;
		}
	}
	close(null);
	return n;
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

/* What a child is to inherit is not closed in it. */
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

/* A reader that was watched is still there, though its descriptor is not. */
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

const struct test foreign_tests[] = {
	{ "closed behind the library's back: what a child inherits", inherited },
	{ "closed behind the library's back: a reader that is watched", watched },
	{ NULL, NULL }
};
