// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SCARD_IOC_TRANSMIT of a caller that waits for its turn: the caller itself sends its
 * command, once, whatever becomes of the handle before it and of the reader.
 */
#include <sched.h>
#include <sys/wait.h>
#include <time.h>

#include "queued.h"
#include "usb.h"

/* One behind the other, each served by the one before */
TEST_F(queued, queued_callers_send_in_turn)
{
	struct agent second;

	agent_start(&second);
	ASSERT_EQ(0, agent_do(&second, AGENT_OPEN, 0));
	ASSERT_EQ(0, sc_end(self->owner, SCARD_DISP_LEAVE));
	ASSERT_EQ(0, agent_do(&second, AGENT_CONNECT, SCARD_MODE_SHARED));
	ASSERT_EQ(0, sc_begin(self->owner));
	ASSERT_TRUE(agent_blocks(&self->agent, AGENT_COUNT, 0));
	ASSERT_TRUE(agent_blocks(&second, AGENT_COUNT, 0));
	EXPECT_EQ(0, sc_end(self->owner, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, agent_result(&self->agent, 10000));
	EXPECT_EQ(0, agent_result(&second, 10000));
	EXPECT_EQ(2, vr_card("counter"));
	agent_stop(&second);
}

/* END(RESET): the waiting caller gets ESTALE, and its command is not sent. */
TEST_F(queued, owner_reset_drops_waiting_command)
{
	ASSERT_TRUE(agent_blocks(&self->agent, AGENT_COUNT, 0));
	EXPECT_EQ(0, sc_end(self->owner, SCARD_DISP_RESET));
	EXPECT_EQ(-ESTALE, agent_result(&self->agent, 10000));
	EXPECT_EQ(0, vr_card("counter"));
	EXPECT_STREQ("warm", vr_trace());
}

/* The same, by a close without DISCONNECT */
TEST_F(queued, owner_close_drops_waiting_command)
{
	ASSERT_TRUE(agent_blocks(&self->agent, AGENT_COUNT, 0));
	EXPECT_EQ(0, close(self->owner));
	EXPECT_EQ(-ESTALE, agent_result(&self->agent, 10000));
	/* told at once, while the reset is on its way; the next call comes after it */
	EXPECT_EQ(0, sc_reconnect(self->fd, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, strncmp("warm", vr_trace(), 4));
	EXPECT_EQ(0, vr_card("counter"));
}

/* Killed while its command is on the wire */
TEST_F(queued, caller_killed_after_its_command_was_sent)
{
	ASSERT_TRUE(agent_blocks(&self->agent, AGENT_COUNT, 0));
	vr_do("fault on XfrBlock delay 3000");
	EXPECT_EQ(0, sc_end(self->owner, SCARD_DISP_LEAVE));
	pause_ms(100);
	agent_kill(&self->agent, SIGKILL);
	ASSERT_TRUE(agent_ended(&self->agent));
	/* it had not disconnected, and may have been cut in the middle */
	EXPECT_EQ(-ESTALE, sc_status(self->fd));
	EXPECT_EQ(0, sc_reconnect(self->fd, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_LEAVE));
	EXPECT_EQ(0x9000, sc_apdu(self->fd, APDU_STATE));
	EXPECT_GE(1, vr_card("counter"));
}

/* Killed before its turn, and kept from running since: nothing of it is sent. */
TEST_F(queued, caller_killed_before_its_command_was_sent)
{
	struct sched_param fifo = { .sched_priority = 1 };
	struct timespec start, now;
	cpu_set_t cpu;
	pid_t hog;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "two processors are wanted");
	clock_gettime(CLOCK_MONOTONIC, &start);
	CPU_ZERO(&cpu);
	CPU_SET(0, &cpu);
	ASSERT_EQ(0, sched_setaffinity(self->agent.pid, sizeof(cpu), &cpu));
	ASSERT_TRUE(agent_blocks(&self->agent, AGENT_COUNT, 0));
	hog = fork();
	if (!hog) {
		sched_setaffinity(0, sizeof(cpu), &cpu);
		sched_setscheduler(0, SCHED_FIFO, &fifo);
		/* no alarm(): with PREEMPT_RT, its thread would not run either */
		do {
			clock_gettime(CLOCK_MONOTONIC, &now);
		} while ((now.tv_sec - start.tv_sec) * 1000 +
			 (now.tv_nsec - start.tv_nsec) / 1000000 < 1000);
		_exit(0);
	}
	ASSERT_LT(0, hog);
	CPU_ZERO(&cpu);
	CPU_SET(1, &cpu);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(cpu), &cpu));
	pause_ms(100);
	agent_kill(&self->agent, SIGKILL);
	EXPECT_EQ(0, sc_end(self->owner, SCARD_DISP_LEAVE));
	ASSERT_EQ(hog, waitpid(hog, NULL, 0));
	ASSERT_TRUE(agent_ended(&self->agent));
	/* it had not disconnected */
	EXPECT_EQ(-ESTALE, sc_status(self->fd));
	EXPECT_EQ(0, vr_count("XfrBlock"));
	EXPECT_EQ(0, vr_card("counter"));
}

/* Unplug: a caller whose command is on the wire gets ENODEV at once. */
TEST_F(queued, unplug_gets_ENODEV_at_once)
{
	ASSERT_TRUE(agent_blocks(&self->agent, AGENT_COUNT, 0));
	vr_do("fault on XfrBlock delay 3000");
	EXPECT_EQ(0, sc_end(self->owner, SCARD_DISP_LEAVE));
	pause_ms(100);
	vr_do("unplug");
	EXPECT_EQ(-ENODEV, agent_result(&self->agent, 2000));
}

/* A stalled answer fails as it does for a command of the caller's own. */
TEST_F(queued, stalled_answer_fails_as_usual)
{
	ASSERT_TRUE(agent_blocks(&self->agent, AGENT_COUNT, 0));
	vr_do("fault on XfrBlock stall");
	EXPECT_EQ(0, sc_end(self->owner, SCARD_DISP_LEAVE));
	EXPECT_GT(0, agent_result(&self->agent, 10000));
	EXPECT_EQ(0x9000, sc_apdu(self->fd, APDU_STATE));
}

/* A signal that does not kill: the command is not sent again, and its answer not lost. */
static void signalled(struct __test_metadata *_metadata, FIXTURE_DATA(queued) *self, int flags)
{
	struct job job;
	int i;

	job_catch_signals(flags);
	ASSERT_TRUE(job_blocks(&job, &transmit, self->fd));
	vr_do("fault on XfrBlock delay 300");
	EXPECT_EQ(0, sc_end(self->owner, SCARD_DISP_LEAVE));
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, pthread_kill(job.thread, SIGUSR1));
		pause_ms(2);
	}
	ASSERT_EQ(0, pthread_join(job.thread, NULL));
	EXPECT_EQ(1, job.result);
	EXPECT_LT(0, job_signals);
	EXPECT_EQ(1, vr_card("counter"));
}

TEST_F(queued, signal_does_not_send_twice)
{
	signalled(_metadata, self, 0);
}

TEST_F(queued, SA_RESTART_does_not_send_twice)
{
	signalled(_metadata, self, SA_RESTART);
}

/* An extended APDU is turned into a TPDU once, by either thread. */
TEST(queued_t0_extended_apdu)
{
	static const char * const readers[] = {
		"--profile tpdu",
		"--profile character",
		/* a place among the busy slots may have to be waited for */
		"--profile tpdu --slots 2",
	};
	/* VERIFY; case 2 with Le 1: two bytes of it might be taken for data and Le */
	static const char * const apdus[] = { "0020000100000431323334", "80E20000000001" };
	struct agent agent;
	int owner, i;
	size_t r, a;

	for (r = 0; r < ARRAY_SIZE(readers); r++) {
		vr_prepare(readers[r], "iso,t=0,pin=1234");
		agent_start(&agent);
		owner = sc_open_connected(SCARD_MODE_SHARED);
		ASSERT_LE(0, owner);
		ASSERT_EQ(0, agent_do(&agent, AGENT_OPEN, 0));
		ASSERT_EQ(0, agent_do(&agent, AGENT_CONNECT, SCARD_MODE_SHARED));
		for (a = 0; a < ARRAY_SIZE(apdus); a++) {
			int alone = sc_apdu(owner, apdus[a]);

			EXPECT_LT(0x6000, alone);
			ASSERT_EQ(0, sc_begin(owner));
			agent_begin_apdu(&agent, AGENT_APDU, apdus[a]);
			for (i = 0; i < 2000 && !agent_is_blocked(&agent); i++)
				pause_ms(1);
			ASSERT_GT(2000, i);
			EXPECT_EQ(0, sc_end(owner, SCARD_DISP_LEAVE));
			EXPECT_EQ(alone, agent_result(&agent, 10000)) {
				TH_LOG("%s: %s", readers[r], apdus[a]);
			}
		}
		agent_stop(&agent);
		close(owner);
	}
}

TEST_HARNESS_MAIN
