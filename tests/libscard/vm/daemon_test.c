// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fork() with the real module: daemon(3) with a verified card in a transaction, a parent that is
 * killed while its child lives, a parent that executes another program. Prints TAP; needs root
 * and a running vreader with an ISO card.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <winscard.h>

#include "../../tap.h"

#define READER		"Gemalto PC Twin Reader 00 00"
#define VERIFY		"\x00\x20\x00\x01\x04" "1234"
#define IS_VERIFIED	"\x00\x20\x00\x01"

static SCARDCONTEXT ctx;
static SCARDHANDLE card;
static int report[2];

/* The status word; 0: no answer */
static unsigned int apdu(const char *command, DWORD len)
{
	BYTE buf[258];
	DWORD n = sizeof(buf);

	if (SCardTransmit(card, SCARD_PCI_T1, (LPCBYTE)command, len, NULL, buf, &n) || n < 2)
		return 0;
	return buf[n - 2] << 8 | buf[n - 1];
}

static bool connect_card(void)
{
	DWORD protocol;

	return !SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &ctx) &&
	       !SCardConnect(ctx, READER, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, &card, &protocol);
}

static bool is_verified(void)
{
	return apdu(IS_VERIFIED "\0", 5) == 0x9000;
}

static void say(int number)
{
	unsigned char byte = (unsigned char)number;

	_exit(write(report[1], &byte, 1) != 1);
}

/* Run a process that makes others; the number that one of them says. */
static int result_of(void (*process)(void))
{
	unsigned char byte = 255;
	pid_t pid;

	if (pipe(report))
		return 254;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		alarm(30);
		process();
		_exit(0);
	}
	close(report[1]);
	waitpid(pid, NULL, 0);
	if (read(report[0], &byte, 1) != 1)
		byte = 253;
	close(report[0]);
	return byte;
}

/* Is the card as a stranger must find it? He leaves it so. */
static void card_is_reset(void)
{
	CHECK(connect_card());
	CHECK(!is_verified());
	CHECK_EQ(SCardDisconnect(card, SCARD_LEAVE_CARD), SCARD_S_SUCCESS);
	CHECK_EQ(SCardReleaseContext(ctx), SCARD_S_SUCCESS);
}

static void becomes_daemon(void)
{
	SCARD_READERSTATE rs = { .szReader = READER };

	if (!connect_card() || apdu(VERIFY, 9) != 0x9000 || SCardBeginTransaction(card))
		say(1);
	if (daemon(1, 1))
		say(2);
	alarm(30);
	if (!is_verified())
		say(3);
	if (SCardEndTransaction(card, SCARD_LEAVE_CARD) || SCardGetStatusChange(ctx, 0, &rs, 1))
		say(4);
	if (!is_verified())
		say(5);
	/* and dies as a daemon does */
	say(0);
}

static void daemons(void)
{
	CHECK_EQ(result_of(becomes_daemon), 0);
	while (wait(NULL) > 0)	/* the daemon: this process is the subreaper */
		;
	card_is_reset();
}

/* The child finds the card reset, and its handle invalid. */
static void outlives(void)
{
	DWORD protocol;

	/* its first call waits for the end of the parent */
	if (SCardBeginTransaction(card) != SCARD_E_INVALID_HANDLE)
		say(11);
	if (SCardConnect(ctx, READER, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, &card, &protocol) &&
	    !connect_card())
		say(12);
	say(is_verified() ? 13 : 0);
}

static void is_killed(void)
{
	if (!connect_card() || apdu(VERIFY, 9) != 0x9000 || SCardBeginTransaction(card))
		say(1);
	if (!fork())
		outlives();
	kill(getpid(), SIGKILL);
}

static void killed(void)
{
	CHECK_EQ(result_of(is_killed), 0);
	card_is_reset();
}

static void executes(void)
{
	if (!connect_card() || apdu(VERIFY, 9) != 0x9000)
		say(1);
	if (!fork())
		outlives();
	execl("/bin/sleep", "sleep", "3", (char *)NULL);
}

static void executed(void)
{
	CHECK_EQ(result_of(executes), 0);
	card_is_reset();
}

int main(void)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} tests[] = {
		{ "daemon() with a verified card, in a transaction", daemons },
		{ "a process with a child is killed", killed },
		{ "a process with a child executes another program", executed },
	};
	size_t i;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		tap_test("%s", tests[i].name);
		alarm(60);
		tests[i].run();
		alarm(0);
		tap_test_end();
	}
	return tap_end();
}
