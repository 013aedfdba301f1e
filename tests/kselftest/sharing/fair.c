// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fairness of the queue under signals: a caller whose SCARD_IOC_TRANSMIT a timer interrupts
 * again and again has as many turns as the others, with SA_RESTART and with a retry after EINTR.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "sc.h"
#include "usb.h"
#include "vr.h"

#define PEERS		3
#define TURN		APDU_SLEEP("0014")	/* 20 ms */
#define MEASURE_MS	6000

/*
 * While a signal is delivered and handled the caller is not in the queue, and a turn that begins
 * then is another's. In an emulator that is a tenth and more of 2 ms.
 */
FIXTURE(interrupted_caller)
{
	volatile unsigned int *turns;
};

FIXTURE_VARIANT(interrupted_caller)
{
	int flags;
	unsigned int period_ms;
	unsigned int percent;	/* of a fair share, at least */
};

FIXTURE_VARIANT_ADD(interrupted_caller, EINTR_2_ms)
{
	.period_ms = 2,
	.percent = 70,
};

FIXTURE_VARIANT_ADD(interrupted_caller, EINTR_50_ms)
{
	.period_ms = 50,
	.percent = 90,
};

FIXTURE_VARIANT_ADD(interrupted_caller, SA_RESTART_5_ms)
{
	.flags = SA_RESTART,
	.period_ms = 5,
	.percent = 80,
};

FIXTURE_SETUP(interrupted_caller)
{
	vr_prepare("", "iso");
	self->turns = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->turns);
}

FIXTURE_TEARDOWN(interrupted_caller)
{
	munmap((void *)self->turns, 4096);
}

static void on_alarm(int number)
{
	(void)number;
}

/* Take turns until killed; the last of the callers has a timer. */
static void take_turns(volatile unsigned int *turns, unsigned int period_ms, int flags)
{
	struct itimerval timer = {
		.it_interval.tv_usec = period_ms * 1000,
		.it_value.tv_usec = period_ms * 1000,
	};
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = flags };
	int fd = sc_open_slot(0), ret;

	if (fd < 0 || sc_connect(fd, SCARD_MODE_SHARED, SC_ANY))
		_exit(1);
	if (period_ms && (sigaction(SIGALRM, &action, NULL) ||
			  setitimer(ITIMER_REAL, &timer, NULL)))
		_exit(1);
	for (;;) {
		ret = sc_apdu(fd, TURN);
		if (ret == 0x9000)
			++*turns;
		else if (ret != -EINTR)
			_exit(1);
	}
}

TEST_F_TIMEOUT(interrupted_caller, has_its_share, 60)
{
	pid_t pids[PEERS + 1];
	unsigned int i, total = 0;

	for (i = 0; i <= PEERS; i++) {
		pids[i] = fork();
		ASSERT_LE(0, pids[i]);
		if (!pids[i])
			take_turns(self->turns + i, i == PEERS ? variant->period_ms : 0,
				   variant->flags);
	}
	pause_ms(MEASURE_MS);
	/* the first that ends makes the card be reset for the others */
	for (i = 0; i <= PEERS; i++)
		EXPECT_EQ(0, waitpid(pids[i], NULL, WNOHANG));
	for (i = 0; i <= PEERS; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
		total += self->turns[i];
	}
	TH_LOG("%u of %u turns", self->turns[PEERS], total);
	EXPECT_LT(0, total);
	EXPECT_LE(variant->percent * total, 100 * (PEERS + 1) * self->turns[PEERS]);
}

TEST_HARNESS_MAIN
