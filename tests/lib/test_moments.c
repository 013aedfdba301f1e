// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What another thread does in the middle of a call: between any two steps of it at which
 * others can get in.
 */
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#define PNP	"\\\\?PnP?\\Notification"
#define OTHER	"Other Reader 01 00"

/* For who cannot get in at this moment, in ms; he may at the next */
#define PATIENCE	10

static struct call other;
static bool begun;

/* Begin the other thread's call, and give it its time. */
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
	fake_at_moment(n, f);
}

/* ---- fork ---- */

/* In the child: what is wrong, as a number; 0: nothing. */
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

static bool has_forked(void)
{
	return is_done(&other);
}

static void other_forks(void)
{
	other_runs(fork_child, has_forked);
}

/* All that a context can have */
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
	for (n = 1;; n++) {
		at_moment(n, other_forks);
		some_calls();
		if (!fake_at_moment(0, NULL))
			break;
		CHECK_EQ(finish(&other), 0);
	}
	CHECK(n > 50);
}

/* The same in the first call of a process: 0, 1: the child was stopped, 2: no such moment */
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

	/* a container, where it takes a look at the nodes to know that there is a service */
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

/* The last context goes while another thread makes the next one, and waits for a reader. */
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

const struct test moment_tests[] = {
	{ "fork at any moment of a call", forks },
	{ "fork at any moment of the first call", forks_at_first },
	{ "a first context at any moment of the end of the last", last_context },
	{ NULL, NULL }
};
