// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See family.h. Each has two threads beside its own, which are in calls when it becomes a daemon
 * or closes the descriptors. Its end is checked as that of the crew: no descriptor is left.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../libscard/open_files.h"
#include "family.h"
#include "work.h"

#define HELPERS		2
#define ADOPT_MS	10000	/* for the parent of a daemon to end */
#define OWN_FILES	6	/* take the numbers of the library's descriptors */

static const struct others none = { NULL, 0 };

static struct helper {
	pthread_t id;
	struct user user;
	struct owner owner;
	atomic_bool resting;
} helpers[HELPERS];

static unsigned int nhelpers;
static atomic_bool hold, stop;

static void *helper_run(void *arg)
{
	struct helper *helper = arg;

	while (!stop) {
		helper->resting = hold;
		if (hold)
			rest_ms(1);
		else
			work(&helper->user, &none);
	}
	return NULL;
}

/* Their contexts are there before the threads: a child can release what has a number only. */
static void start_helpers(struct rnd *rnd, unsigned int n)
{
	struct helper *helper = helpers;

	for (nhelpers = n; helper < helpers + n; helper++) {
		user_init(&helper->user, &helper->owner, rnd_below(rnd, 1U << 31));
		helper->user.keeps_context = true;
		establish(&helper->user);
		if (pthread_create(&helper->id, NULL, helper_run, helper))
			abort();
	}
}

static void hold_helpers(bool on)
{
	unsigned int i;

	hold = on;
	for (i = 0; on && i < nhelpers; i++) {
		while (!helpers[i].resting)
			rest_ms(1);
	}
}

static void end_helpers(bool threads)
{
	unsigned int i;

	stop = true;
	for (i = 0; i < nhelpers; i++) {
		if (threads)
			pthread_join(helpers[i].id, NULL);
		release(&helpers[i].user);
		user_end(&helpers[i].user);
	}
}

static void work_on(struct user *user, long ms)
{
	long until = now_ms() + ms;

	while (!is_calm() && now_ms() < until)
		work(user, &none);
}

static void __attribute__((noreturn)) leave(struct user *user, bool threads, unsigned int before)
{
	unsigned int after;

	end_helpers(threads);
	if (is_calm())
		work_calm(user);
	release(user);
	user_end(user);
	after = open_files();
	if (after != before) {
		library->left++;
		soak_note("process %d has %u descriptors, not %u", getpid(), after, before);
	}
	fflush(stdout);
	library->families--;
	_exit(0);
}

/* A handle of any reader, connected; 0: the calm has come before. */
static SCARDHANDLE connect_any(struct user *user)
{
	char names[4096];
	SCARDHANDLE card = 0;
	DWORD len, protocol;

	while (!card && !is_calm()) {
		len = sizeof(names);
		if (!CALL(user, LIST, SCardListReaders(user->context, NULL, names, &len)))
			CALL(user, CONNECT, SCardConnect(user->context, names, SCARD_SHARE_SHARED,
							 SCARD_PROTOCOL_ANY, &card, &protocol));
		if (!card)
			rest_ms(20);
	}
	return card;
}

/* ---- daemons ---- */

/* In the child: the context becomes its own once the parent has ended. */
static void adopt(struct user *user)
{
	long begin = now_ms();
	unsigned int i;

	while (SCardIsValidContext(user->context) &&
	       now_ms() - begin < ADOPT_MS * (long)soak->scale)
		rest_ms(10);
	CALL_AS(user, IS_VALID, SCardIsValidContext(user->context), SCARD_S_SUCCESS);
	for (i = 0; i < nhelpers; i++)
		CALL_AS(user, IS_VALID, SCardIsValidContext(helpers[i].user.context),
			SCARD_S_SUCCESS);
}

static void become_daemon(struct user *user, SCARDHANDLE card, unsigned int before)
{
	bool holds = !CALL(user, BEGIN, SCardBeginTransaction(card)) &&
		     ask(user, card, false) && verify(user, card);
	unsigned int i;

	storm_block(true);
	fflush(stdout);
	if (daemon(1, 1)) {
		WRONG("daemon() failed");
		return;
	}
	library->daemons++;
	storm_block(false);
	adopt(user);
	/* the other threads were the parent's, in the midst of calls */
	for (i = 0; i < nhelpers; i++)
		helpers[i].user.watch->call = CALLS;
	if (holds && ask(user, card, true) && echo(user, card))
		CALL(user, END, SCardEndTransaction(card, SCARD_RESET_CARD));
	CALL(user, DISCONNECT, SCardDisconnect(card, SCARD_RESET_CARD));
	storm(true, rnd_below(&user->rnd, 6000));
	work_on(user, 500 + rnd_below(&user->rnd, 2000));
	leave(user, false, before);
}

/* ---- programs that close what is not theirs ---- */

static int own_files[OWN_FILES];

static void take_numbers(void)
{
	unsigned int i;

	for (i = 0; i < OWN_FILES; i++)
		own_files[i] = open("/dev/null", O_RDONLY);
}

/* The library may not have closed them. */
static void give_numbers(void)
{
	struct stat null, own;
	unsigned int i;

	if (stat("/dev/null", &null))
		abort();
	for (i = 0; i < OWN_FILES; i++) {
		if (fstat(own_files[i], &own) || own.st_rdev != null.st_rdev)
			WRONG("descriptor %d is not the program's any more", own_files[i]);
		close(own_files[i]);
	}
}

static void set_losing(struct user *user, bool losing)
{
	unsigned int i;

	user->losing = losing;
	for (i = 0; i < nhelpers; i++)
		helpers[i].user.losing = losing;
}

/* Between calls of the other threads, or during them */
static void close_all(struct user *user, SCARDHANDLE card)
{
	bool quiet = rnd_below(&user->rnd, 2);
	DWORD room = 258;
	BYTE answer[258];

	if (quiet)
		hold_helpers(true);
	else
		set_losing(user, true);
	close_range(3, ~0U, 0);
	library->closed++;
	hold_helpers(true);
	set_losing(user, false);
	take_numbers();
	hold_helpers(false);
	CALL_AS(user, TRANSMIT, SCardTransmit(card, SCARD_PCI_T1, (const BYTE *)"\0\xa4\0\0", 4,
					      NULL, answer, &room), SCARD_E_INVALID_HANDLE);
	CALL_AS(user, DISCONNECT, SCardDisconnect(card, SCARD_RESET_CARD), SCARD_S_SUCCESS);
	work_on(user, 200 + rnd_below(&user->rnd, 1000));
	hold_helpers(true);
	give_numbers();
	hold_helpers(false);
}

/* ---- both ---- */

/* Without them a child takes nothing over. */
static bool has_pidfds(void)
{
	int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void __attribute__((noreturn)) family_run(uint64_t seed)
{
	unsigned int before, n;
	struct owner owner = { 0 };
	struct user user;
	bool daemon;

	close_range(3, ~0U, 0);
	before = open_files();
	user_init(&user, &owner, seed);
	user.keeps_context = true;
	daemon = rnd_below(&user.rnd, 2) && has_pidfds();
	establish(&user);
	storm(true, rnd_below(&user.rnd, 6000));
	start_helpers(&user.rnd, daemon && !FORKS_WITH_THREADS ? 0 : HELPERS);
	for (n = daemon ? 1 : 1 + rnd_below(&user.rnd, 3); n; n--) {
		SCARDHANDLE card = connect_any(&user);

		if (!card)
			break;
		if (daemon)
			become_daemon(&user, card, before);
		else
			close_all(&user, card);
	}
	leave(&user, true, before);
}

void family_start(struct rnd *rnd)
{
	uint64_t seed = (uint64_t)rnd_below(rnd, 1U << 31) << 8 | rnd_below(rnd, 256);

	fflush(stdout);
	library->families++;
	if (!fork())
		family_run(seed);
}
