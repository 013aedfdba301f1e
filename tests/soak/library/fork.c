// SPDX-License-Identifier: GPL-2.0-or-later
/* The storm of signals, and what a child of a thread does; see work.h. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "work.h"

static void on_signal(int signal)
{
	(void)signal;
	library->signals++;
}

void storm(bool on, unsigned int draw)
{
	long slower = soak->scale > 4 ? soak->scale / 4 : 1;
	struct itimerval timer = { 0 };
	struct sigaction action = { .sa_handler = on_signal };

	action.sa_flags = draw % 2 ? 0 : SA_RESTART;
	if (on) {
		sigaction(SIGALRM, &action, NULL);
		sigaction(SIGUSR1, &action, NULL);
		timer.it_interval.tv_usec = (2000 + draw % 3000) * slower;
		timer.it_value = timer.it_interval;
	}
	setitimer(ITIMER_REAL, &timer, NULL);
}

void storm_block(bool block)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(block ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

/* Nothing of the parent is the child's while the parent lives. */
static void is_stranger(struct user *user, SCARDHANDLE card)
{
	SCARDCONTEXT context = user->context;
	DWORD n = 0, room = 258;
	BYTE answer[258];

	CALL_AS(user, IS_VALID, SCardIsValidContext(context), SCARD_E_INVALID_HANDLE);
	CALL_AS(user, LIST, SCardListReaders(context, NULL, NULL, &n), SCARD_E_INVALID_HANDLE);
	CALL_AS(user, CANCEL, SCardCancel(context), SCARD_E_INVALID_HANDLE);
	CALL_AS(user, RELEASE, SCardReleaseContext(context), SCARD_E_INVALID_HANDLE);
	if (!card)
		return;
	CALL_AS(user, STATUS, SCardStatus(card, NULL, NULL, NULL, NULL, NULL, NULL),
		SCARD_E_INVALID_HANDLE);
	CALL_AS(user, TRANSMIT, SCardTransmit(card, SCARD_PCI_T1, (const BYTE *)"\0\xa4\0\0", 4,
					      NULL, answer, &room), SCARD_E_INVALID_HANDLE);
	CALL_AS(user, END, SCardEndTransaction(card, SCARD_RESET_CARD), SCARD_E_INVALID_HANDLE);
	CALL_AS(user, DISCONNECT, SCardDisconnect(card, SCARD_UNPOWER_CARD),
		SCARD_E_INVALID_HANDLE);
}

static void __attribute__((noreturn)) child(struct user *user, SCARDHANDLE card, bool holds_card)
{
	static const struct others none = { NULL, 0 };
	unsigned int way = rnd_below(&user->rnd, 16), n = 1 + rnd_below(&user->rnd, 4);
	struct owner own = { 0 };

	/* what others do to the parent does not matter here */
	user->owner = &own;
	user->keeps_context = true;
	if (way < 2)
		_exit(0);
	if (way < 6)
		close_range(3, ~0U, 0);
	if (way < 10)
		is_stranger(user, card);
	if (way == 9)
		work_fork(user, card, holds_card);
	/* the parent waits for this child, which may not wait for the parent's transaction */
	if (holds_card)
		_exit(0);
	user->context = 0;
	while (n-- && !is_calm())
		work(user, &none);
	if (rnd_below(&user->rnd, 2))
		release(user);
	_exit(0);
}

void work_fork(struct user *user, SCARDHANDLE card, bool holds_card)
{
	int status = 0, state;
	pid_t pid;

	/* waitpid() is a cancellation point */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	/* else the timer would restart a slow fork() for ever */
	storm_block(true);
	fflush(stdout);
	pid = fork();
	if (!pid)
		child(user, card, holds_card);
	storm_block(false);
	library->forks++;
	rnd_below(&user->rnd, 2);	/* not the numbers of the child */
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	pthread_setcancelstate(state, NULL);
	if (!status)
		return;
	library->bad_ends++;
	soak_note("child %d ended with 0x%x", pid, status);
}
