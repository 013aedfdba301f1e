// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SCARD_IOC_BEGIN with 64 waiters: first come, first served; no waiter starves or is lost; the
 * lock is handed over at once, not by a timer.
 */
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "kselftest_harness.h"

#include "agent.h"
#include "sc.h"
#include "usb.h"
#include "vr.h"

#define WAITERS		64
#define LOOPS		20

struct shared {
	atomic_uint grants;		/* how often the lock was granted */
	atomic_uint order[WAITERS];	/* to whom, in order */
	atomic_uint worst;		/* grants to others while one waited */
	atomic_uint failures;
	atomic_uint inside;		/* in the transaction now */
	atomic_uint ready;
	atomic_uint turn;
};

FIXTURE(transaction_queue)
{
	struct shared *shared;
	pid_t waiters[WAITERS];
	int owner;
};

FIXTURE_SETUP(transaction_queue)
{
	vr_prepare("--profile short", "echo");
	self->shared = mmap(NULL, sizeof(*self->shared), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->shared);
	self->owner = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, self->owner);
}

FIXTURE_TEARDOWN(transaction_queue)
{
	unsigned int i;

	for (i = 0; i < WAITERS; i++) {
		if (self->waiters[i] > 0) {
			kill(self->waiters[i], SIGKILL);
			waitpid(self->waiters[i], NULL, 0);
		}
	}
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool blocked(pid_t pid)
{
	int i, calm = 0;

	for (i = 0; i < 5000 && calm < 2; i++) {
		calm = agent_sleeping_in(pid) == SYS_ioctl ? calm + 1 : 0;
		if (!calm)
			pause_ms(1);
	}
	return calm == 2;
}

/* Connect, and begin a transaction when it is one's turn to ask. */
static void wait_once(struct shared *shared, unsigned int number)
{
	int fd = sc_open_connected(SCARD_MODE_SHARED);

	shared->ready++;
	while (shared->turn <= number)
		pause_ms(1);
	if (sc_begin(fd))
		shared->failures++;
	shared->order[shared->grants++] = number;
	if (sc_end(fd, SCARD_DISP_LEAVE) || sc_disconnect(fd, SCARD_DISP_LEAVE))
		shared->failures++;
}

/* Ask for the lock again and again; notice how many others get it meanwhile. */
static void loop(struct shared *shared, unsigned int number)
{
	int i, fd = sc_open_connected(SCARD_MODE_SHARED);

	(void)number;
	shared->ready++;
	while (!shared->turn)
		pause_ms(1);
	for (i = 0; i < LOOPS; i++) {
		unsigned int asked = shared->grants, waited, worst;

		if (sc_begin(fd))
			shared->failures++;
		if (shared->inside++)
			shared->failures++;
		waited = shared->grants++ - asked;
		for (worst = shared->worst; waited > worst;)
			if (atomic_compare_exchange_weak(&shared->worst, &worst, waited))
				break;
		if (sc_count(fd) != -EPROTO)	/* the echo card has no counter: an APDU all the same */
			shared->failures++;
		shared->inside--;
		if (sc_end(fd, SCARD_DISP_LEAVE))
			shared->failures++;
	}
	sc_disconnect(fd, SCARD_DISP_LEAVE);
}

static void start(FIXTURE_DATA(transaction_queue) *self, void (*body)(struct shared *shared, unsigned int n))
{
	unsigned int i;

	for (i = 0; i < WAITERS; i++) {
		self->waiters[i] = fork();
		if (!self->waiters[i]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			close(self->owner);
			body(self->shared, i);
			_exit(0);
		}
	}
	while (self->shared->ready < WAITERS)
		pause_ms(1);
}

static bool all_ended(FIXTURE_DATA(transaction_queue) *self)
{
	bool good = true;
	unsigned int i;
	int status;

	for (i = 0; i < WAITERS; i++) {
		good &= waitpid(self->waiters[i], &status, 0) == self->waiters[i] && !status;
		self->waiters[i] = 0;
	}
	return good;
}

TEST_F_TIMEOUT(transaction_queue, waiters_are_served_in_order, 120)
{
	unsigned int i;
	double begin;

	start(self, wait_once);
	ASSERT_EQ(0, sc_begin(self->owner));
	for (i = 0; i < WAITERS; i++) {
		self->shared->turn = i + 1;
		ASSERT_TRUE(blocked(self->waiters[i]));
	}
	ASSERT_EQ(0, self->shared->grants);
	begin = seconds();
	ASSERT_EQ(0, sc_end(self->owner, SCARD_DISP_LEAVE));
	EXPECT_TRUE(all_ended(self));
	/* by a timer of 100 ms it would be 6.4 s; the debug kernel needs two */
	EXPECT_GT(4.0, seconds() - begin);
	EXPECT_EQ(WAITERS, self->shared->grants);
	EXPECT_EQ(0, self->shared->failures);
	for (i = 0; i < WAITERS; i++)
		EXPECT_EQ(i, self->shared->order[i]);
}

/* Half of them are killed while they wait: the others do not notice, but for the resets. */
TEST_F_TIMEOUT(transaction_queue, killed_waiters_are_skipped, 120)
{
	unsigned int i;
	int status;

	start(self, wait_once);
	ASSERT_EQ(0, sc_begin(self->owner));
	for (i = 0; i < WAITERS; i++) {
		self->shared->turn = i + 1;
		ASSERT_TRUE(blocked(self->waiters[i]));
	}
	vr_clear();
	for (i = 0; i < WAITERS; i += 2) {
		kill(self->waiters[i], SIGKILL);
		ASSERT_EQ(self->waiters[i], waitpid(self->waiters[i], NULL, 0));
		self->waiters[i] = 0;
	}
	EXPECT_STREQ("", vr_trace());
	ASSERT_EQ(0, sc_end(self->owner, SCARD_DISP_LEAVE));
	/* all others are told, none hangs, and one reset was enough */
	for (i = 1; i < WAITERS; i += 2) {
		ASSERT_EQ(self->waiters[i], waitpid(self->waiters[i], &status, 0));
		self->waiters[i] = 0;
	}
	EXPECT_STREQ("warm", vr_trace());
	EXPECT_EQ(-ESTALE, sc_status(self->owner));
}

TEST_F_TIMEOUT(transaction_queue, no_waiter_starves, 300)
{
	double begin, took;

	start(self, loop);
	begin = seconds();
	self->shared->turn = 1;
	EXPECT_TRUE(all_ended(self));
	took = seconds() - begin;
	TH_LOG("%u transactions of %u processes in %.2f s, at most %u went before one that waited",
	       self->shared->grants, WAITERS, took, self->shared->worst);
	EXPECT_EQ(WAITERS * LOOPS, self->shared->grants);
	EXPECT_EQ(0, self->shared->failures);
	/*
	 * Every other waiter once, and those who got it between the moment one looked at the
	 * count and the moment one was in the queue.
	 */
	EXPECT_GE(2 * WAITERS, self->shared->worst);
	/* by a timer of 100 ms it would be 128 s; the debug kernel needs thirty */
	EXPECT_GT(90.0, took);
}

TEST_HARNESS_MAIN
