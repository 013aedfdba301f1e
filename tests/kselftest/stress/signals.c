// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * EINTR, SA_RESTART: a storm of signals during SCARD_IOC_TRANSMIT. Every APDU reaches the card
 * exactly once if its call succeeds, and
 * not at all if it was interrupted. The card counts; a PIN try that was sent twice would
 * be two tries.
 */
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "kselftest_harness.h"

#include "sc.h"
#include "vr.h"

#define STORM_US	700
#define SECONDS		4
#define PATIENCE	40	/* on a slow machine, until there were as many as this */
#define LEAST		100
#define MAX_PROCESSES	4

struct shared {
	atomic_ulong succeeded;
	atomic_ulong interrupted;
	atomic_ulong failed;
	atomic_ulong signals;
	atomic_int error;
};

FIXTURE(signal_storm)
{
	struct shared *shared;
	pid_t processes[MAX_PROCESSES];
};

FIXTURE_VARIANT(signal_storm)
{
	int flags;		/* of sigaction() */
	unsigned int processes;
	bool transactions;
};

#define STORM(name, f, p, t)							\
	FIXTURE_VARIANT_ADD(signal_storm, name)					\
	{									\
		.flags = f, .processes = p, .transactions = t,			\
	};

STORM(one, 0, 1, false)
STORM(one_restarting, SA_RESTART, 1, false)
STORM(four, 0, MAX_PROCESSES, false)
STORM(four_restarting, SA_RESTART, MAX_PROCESSES, false)
STORM(four_in_transactions, 0, MAX_PROCESSES, true)
STORM(four_in_transactions_restarting, SA_RESTART, MAX_PROCESSES, true)

static struct shared *shared;

static void on_signal(int number)
{
	(void)number;
	shared->signals++;
}

static void storm(int flags)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags };
	struct itimerval interval = {
		.it_interval = { .tv_usec = STORM_US }, .it_value = { .tv_usec = STORM_US },
	};

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &interval, NULL);
}

static void calm(void)
{
	struct itimerval never = { 0 };

	setitimer(ITIMER_REAL, &never, NULL);
}

static void note(long result)
{
	if (result >= 0) {
		shared->succeeded++;
	} else if (result == -EINTR) {
		shared->interrupted++;
	} else {
		shared->error = (int)result;
		shared->failed++;
	}
}

static void work(int flags, bool transactions)
{
	int fd = sc_open_connected(SCARD_MODE_SHARED);
	struct timespec start, now;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	storm(flags);
	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		if (transactions) {
			int result = sc_begin(fd);

			if (result == -EINTR)
				continue;
			if (result) {
				note(result);
				break;
			}
		}
		note(sc_count(fd));
		if (transactions && sc_end(fd, SCARD_DISP_LEAVE))
			shared->failed++;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - start.tv_sec < SECONDS ||
		 ((shared->signals <= LEAST || shared->succeeded <= LEAST) &&
		  now.tv_sec - start.tv_sec < PATIENCE));
	calm();
	sc_disconnect(fd, SCARD_DISP_LEAVE);
	_exit(0);
}

FIXTURE_SETUP(signal_storm)
{
	vr_prepare("--profile short", VR_CARD);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	ASSERT_NE(MAP_FAILED, shared);
}

FIXTURE_TEARDOWN(signal_storm)
{
}

TEST_F_TIMEOUT(signal_storm, apdu_is_sent_once_or_not_at_all, 60)
{
	unsigned int i;
	int status;

	for (i = 0; i < variant->processes; i++) {
		self->processes[i] = fork();
		ASSERT_LE(0, self->processes[i]);
		if (!self->processes[i])
			work(variant->flags, variant->transactions);
	}
	for (i = 0; i < variant->processes; i++) {
		ASSERT_EQ(self->processes[i], waitpid(self->processes[i], &status, 0));
		EXPECT_EQ(0, status);
	}
	TH_LOG("%lu signals, %lu commands, %lu interrupted before they were sent",
	       shared->signals, shared->succeeded, shared->interrupted);
	EXPECT_EQ(shared->succeeded, vr_card("counter"));
	EXPECT_EQ(0, shared->failed) {
		TH_LOG("%d", shared->error);
	}
	/* restarted calls are not interrupted */
	if (variant->flags & SA_RESTART)
		EXPECT_EQ(0, shared->interrupted);
	EXPECT_LT(LEAST, shared->signals);
	EXPECT_LT(LEAST, shared->succeeded);
}

TEST_HARNESS_MAIN
