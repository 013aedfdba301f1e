// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A child whose parent has exited, as after daemon(3), takes the parent's contexts and card
 * handles over; while the parent lives they are invalid (SCARD_E_INVALID_HANDLE).
 */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static SCARDCONTEXT ctx;
static SCARDHANDLE card;
static int report[2], leave[2];	/* pipes: the result; close the other end to let a process exit */

/* The result of the last child that says something; 0: all is well. */
static int result(void)
{
	unsigned char byte = 255;

	close(report[1]);
	if (read(report[0], &byte, 1) != 1)
		byte = 254;
	close(report[0]);
	return byte;
}

static void say(int number)
{
	unsigned char byte = (unsigned char)number;

	_exit(write(report[1], &byte, 1) != 1);
}

static void wait_to_leave(void)
{
	char byte;

	close(leave[1]);
	if (read(leave[0], &byte, 1))
		_exit(1);
}

/* Fork; the child has an alarm. */
static pid_t spawn(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		alarm(10);
	return pid;
}

/* Run a process with a context and a handle that makes others; what one of them says. */
static int result_of(void (*parent)(void))
{
	pid_t pid;

	if (pipe(report))
		return 253;
	pid = spawn();
	if (!pid) {
		ctx = establish();
		card = connect_shared(ctx);
		parent();
	}
	waitpid(pid, NULL, 0);
	return result();
}

static int (*child_does)(void);
static unsigned int generations;

/* Fork, exit, and so on. */
static void forks_and_exits(void)
{
	while (generations--) {
		if (spawn())
			_exit(0);
	}
	say(child_does());
}

static int in_child(int (*child)(void), unsigned int n)
{
	child_does = child;
	generations = n;
	return result_of(forks_and_exits);
}

/* ---- what the child does: the number of the failed check; 0: none ---- */

static int uses_card(void)
{
	SCARD_READERSTATE rs = { .szReader = READER };
	DWORD n;

	if (send_simple(card))
		return 1;
	if (SCardBeginTransaction(card) || SCardEndTransaction(card, SCARD_LEAVE_CARD))
		return 2;
	if (SCardStatus(card, NULL, NULL, NULL, NULL, NULL, NULL))
		return 3;
	if (SCardGetStatusChange(ctx, 0, &rs, 1) || SCardListReaders(ctx, NULL, NULL, &n))
		return 4;
	if (SCardDisconnect(card, SCARD_LEAVE_CARD) ||
	    SCardDisconnect(card, SCARD_LEAVE_CARD) != SCARD_E_INVALID_HANDLE)
		return 5;
	if (SCardConnect(ctx, READER, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, &card, &n) ||
	    send_simple(card))
		return 6;
	if (SCardReleaseContext(ctx) || SCardIsValidContext(ctx) != SCARD_E_INVALID_HANDLE)
		return 7;
	return fake_open_files() || fake_handles(0) ? 8 : 0;
}

static int releases(void)
{
	return SCardReleaseContext(ctx) || fake_open_files() || fake_handles(0);
}

static int connects_another(void)
{
	SCARDHANDLE another;
	DWORD n;

	return SCardConnect(ctx, READER, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, &another, &n) ||
	       another == card || send_simple(another) || send_simple(card) || releases();
}

static int cancels(void)
{
	return SCardCancel(ctx) || releases();
}

static int disconnects(void)
{
	return SCardDisconnect(card, SCARD_RESET_CARD) || fake_resets(0) != 1 || releases();
}

/* Its own contexts are independent of them. */
static int has_its_own(void)
{
	SCARDCONTEXT mine;

	if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &mine) || mine == ctx)
		return 1;
	if (send_simple(connect_shared(mine)) || send_simple(card) || fake_handles(0) != 2)
		return 2;
	/* which leaves a handle, and so resets the card */
	if (SCardReleaseContext(mine) || send_simple(card) != SCARD_W_RESET_CARD)
		return 3;
	return releases() ? 4 : 0;
}

/* A context that a child makes replaces what it could have taken over, for its own children. */
static int leaves_its_own(void)
{
	const SCARDCONTEXT old = ctx;
	const SCARDHANDLE old_card = card;
	DWORD n;

	ctx = establish();
	card = connect_shared(ctx);
	if (spawn())
		_exit(0);
	if (SCardIsValidContext(old) != SCARD_E_INVALID_HANDLE ||
	    send_simple(old_card) != SCARD_E_INVALID_HANDLE)
		return 20;
	/* the old handle has ended with the last process that had it */
	if (send_simple(card) != SCARD_W_RESET_CARD ||
	    SCardReconnect(card, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, SCARD_LEAVE_CARD, &n))
		return 21;
	return uses_card();
}

static int has_closed_descriptors(void)
{
	int fd;

	for (fd = 3; fd < 100; fd++) {
		if (fd != report[1])
			close(fd);
	}
	return SCardIsValidContext(ctx) != SCARD_E_INVALID_HANDLE ||
	       send_simple(card) != SCARD_E_INVALID_HANDLE;
}

/* ---- tests ---- */

static void daemons(void)
{
	plug_reader(true);
	CHECK_EQ(in_child(uses_card, 1), 0);
	CHECK_EQ(in_child(releases, 1), 0);
	CHECK_EQ(in_child(connects_another, 1), 0);
	CHECK_EQ(in_child(cancels, 1), 0);
	CHECK_EQ(in_child(disconnects, 1), 0);
	CHECK_EQ(in_child(has_its_own, 1), 0);
	CHECK_EQ(in_child(has_closed_descriptors, 1), 0);
}

static void forks_twice(void)
{
	plug_reader(true);
	CHECK_EQ(in_child(uses_card, 2), 0);
	CHECK_EQ(in_child(has_its_own, 3), 0);
	CHECK_EQ(in_child(leaves_its_own, 1), 0);
}

static void parent_lives(void)
{
	double before;
	pid_t pid;

	plug_reader(true);
	if (pipe(report) || pipe(leave))
		abort();
	pid = spawn();
	if (!pid) {
		ctx = establish();
		card = connect_shared(ctx);
		if (spawn()) {
			wait_to_leave();
			_exit(0);
		}
		/* one call waits for the end of the parent, the others do not */
		if (send_simple(card) != SCARD_E_INVALID_HANDLE)
			say(101);
		before = test_seconds();
		if (SCardReleaseContext(ctx) != SCARD_E_INVALID_HANDLE ||
		    SCardDisconnect(card, SCARD_RESET_CARD) != SCARD_E_INVALID_HANDLE)
			say(102);
		if (test_seconds() - before > 0.5)
			say(103);
		close(leave[0]);
		close(leave[1]);
		while (SCardIsValidContext(ctx))
			test_pause();
		say(uses_card());
	}
	/* the child's checks take a second */
	sleep(2);
	close(leave[0]);
	close(leave[1]);
	waitpid(pid, NULL, 0);
	CHECK_EQ(result(), 0);
}

static LONG begin_and_end(struct call *c)
{
	LONG ret = SCardBeginTransaction(c->card);

	return ret ? ret : SCardEndTransaction(c->card, SCARD_LEAVE_CARD);
}

/* Its other threads wait in calls of the context and the handle. */
static void is_busy(void)
{
	struct call wait = { .f = call_change, .arg = 1 }, begin = { .f = begin_and_end };
	SCARDHANDLE other = connect_shared(ctx);

	if (SCardBeginTransaction(other))
		say(101);
	wait.ctx = ctx;
	wait.state[0].szReader = READER;
	wait.state[0].dwCurrentState = SCARD_STATE_PRESENT | SCARD_STATE_INUSE;
	begin.card = card;
	start(&wait);
	start(&begin);
	while (!fake_in_poll() || !fake_waiting(0))
		test_pause();
	if (spawn())
		_exit(0);
	if (SCardEndTransaction(other, SCARD_LEAVE_CARD) || SCardDisconnect(other, SCARD_LEAVE_CARD))
		say(102);
	say(SCardIsValidContext(ctx) || send_simple(card) ? 103 : 0);
}

static void busy_threads(void)
{
	plug_reader(true);
	CHECK_EQ(result_of(is_busy), 0);
}

/* ThreadSanitizer knows no threads of a forked child. */
#ifndef __SANITIZE_THREAD__
static LONG call_valid(struct call *c)
{
	return SCardIsValidContext(c->ctx);
}

/* Several threads of the child make its first calls, while the parent has not ended yet. */
static void has_child_with_threads(void)
{
	struct call calls[8] = { };
	int i, failed = 0;

	if (spawn()) {
		usleep(200000);
		_exit(0);
	}
	for (i = 0; i < 8; i++) {
		calls[i].f = i % 2 ? call_valid : call_transmit;
		calls[i].ctx = ctx;
		calls[i].card = card;
		start(&calls[i]);
	}
	for (i = 0; i < 8; i++)
		failed += finish(&calls[i]) != SCARD_S_SUCCESS;
	say(failed ? 100 + failed : uses_card());
}

static void threads_of_the_child(void)
{
	plug_reader(true);
	CHECK_EQ(result_of(has_child_with_threads), 0);
}
#endif

static int is_refused(void)
{
	return !SCardIsValidContext(ctx) || !send_simple(card) || fake_open_files();
}

static void old_kernel(void)
{
	fake_no_processes(true);
	plug_reader(true);
	CHECK_EQ(in_child(is_refused, 1), 0);
	fake_no_processes(false);
}

const struct test daemon_tests[] = {
	{ "a child whose parent has exited", daemons },
	{ "a child of a child", forks_twice },
	{ "a child whose parent lives", parent_lives },
	{ "a child whose parent had other threads", busy_threads },
#ifndef __SANITIZE_THREAD__
	{ "a child that has threads", threads_of_the_child },
#endif
	{ "a child: the kernel cannot tell processes apart", old_kernel },
	{ NULL, NULL }
};
