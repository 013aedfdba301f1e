// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SCARD_IOC_TRANSMIT of a caller that waits for its turn: the caller itself sends its
 * command, once, whatever becomes of the handle before it and of the reader.
 */
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "agent.h"
#include "job.h"
#include "sc.h"
#include "usb.h"
#include "vr.h"

#define TRACING	"/sys/kernel/tracing"

FIXTURE(queued)
{
	int owner;		/* in a transaction */
	int fd;			/* connected SHARED */
	struct agent agent;	/* connected SHARED */
};

FIXTURE_VARIANT(queued)
{
	const char *options, *card;
};

FIXTURE_VARIANT_ADD(queued, short_apdu)
{
	.options = "--profile short", .card = VR_CARD,
};

FIXTURE_VARIANT_ADD(queued, extended_apdu)
{
	.options = "--profile extended", .card = VR_CARD,
};

FIXTURE_VARIANT_ADD(queued, tpdu_t1)
{
	.options = "--profile tpdu", .card = VR_CARD,
};

/* bMaxCCIDBusySlots 1: the command may have to wait for a token */
FIXTURE_VARIANT_ADD(queued, multi_slot)
{
	.options = "--profile multi4-serial", .card = VR_CARD,
};

FIXTURE_SETUP(queued)
{
	vr_prepare(variant->options, variant->card);
	agent_start(&self->agent);
	self->owner = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, self->owner);
	self->fd = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_OPEN, 0));
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_CONNECT, SCARD_MODE_SHARED));
	ASSERT_EQ(0, sc_begin(self->owner));
	vr_clear();
}

FIXTURE_TEARDOWN(queued)
{
	agent_stop(&self->agent);
}

/* The thread that sent the last XfrBlock; 0: none */
static pid_t sender(void)
{
	FILE *trace = fopen(TRACING "/trace", "r");
	char line[512];
	pid_t pid = 0;

	if (!trace)
		return -1;
	/* "     comm-PID     [CPU] FLAGS TIME: scard_ccid_send: ... XfrBlock ..." */
	while (fgets(line, sizeof(line), trace)) {
		char *cpu = strstr(line, " [");

		if (!cpu || !strstr(line, "scard_ccid_send:") || !strstr(line, "XfrBlock"))
			continue;
		while (cpu > line && cpu[-1] == ' ')
			cpu--;
		while (cpu > line && cpu[-1] != '-')
			cpu--;
		pid = atoi(cpu);
	}
	fclose(trace);
	return pid;
}

static bool trace_senders(bool on)
{
	int fd;

	mount("tracefs", TRACING, "tracefs", 0, NULL);
	fd = open(TRACING "/trace", O_WRONLY | O_TRUNC);
	if (fd < 0)
		return false;
	close(fd);
	return !file_set(TRACING "/events/scard/scard_ccid_send/enable", on ? "1" : "0");
}

TEST_F(queued, the_waiting_caller_sends_its_command)
{
	ASSERT_TRUE(trace_senders(true));
	ASSERT_TRUE(agent_blocks(&self->agent, AGENT_COUNT, 0));
	EXPECT_EQ(0, sender());
	EXPECT_EQ(0, sc_end(self->owner, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, agent_result(&self->agent, 10000));
	EXPECT_EQ(1, vr_card("counter"));
	EXPECT_EQ(self->agent.pid, sender());
	ASSERT_TRUE(trace_senders(false));
}

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
	cpu_set_t cpu;
	pid_t hog;

	CPU_ZERO(&cpu);
	CPU_SET(0, &cpu);
	ASSERT_EQ(0, sched_setaffinity(self->agent.pid, sizeof(cpu), &cpu));
	ASSERT_TRUE(agent_blocks(&self->agent, AGENT_COUNT, 0));
	hog = fork();
	if (!hog) {
		sched_setaffinity(0, sizeof(cpu), &cpu);
		sched_setscheduler(0, SCHED_FIFO, &fifo);
		alarm(1);
		for (;;)
			;
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

static int count(int fd)
{
	return sc_count(fd);
}

static const struct sc_call transmit = { "TRANSMIT", count };

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

/*
 * The port is reset while one command is on the wire and another waits: neither is executed
 * by a card that has lost its power since.
 */
TEST_F(queued, port_reset_fails_sent_and_waiting_commands)
{
	struct job job;

	ASSERT_TRUE(agent_blocks(&self->agent, AGENT_COUNT, 0));
	vr_do("fault on XfrBlock delay 3000");
	EXPECT_EQ(0, sc_end(self->owner, SCARD_DISP_LEAVE));
	ASSERT_TRUE(job_blocks(&job, &transmit, self->fd));
	ASSERT_EQ(0, usb_port_reset());
	EXPECT_EQ(-EIO, agent_result(&self->agent, 2000));
	ASSERT_EQ(0, pthread_join(job.thread, NULL));
	/* its turn may have come before the end of the reset or after it */
	EXPECT_TRUE(job.result == -EIO || job.result == -ESTALE) {
		TH_LOG("%d", job.result);
	}
	EXPECT_EQ(1, vr_count("XfrBlock"));
	EXPECT_EQ(0, sc_reconnect(self->fd, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_LEAVE));
	EXPECT_EQ(0x9000, sc_apdu(self->fd, APDU_STATE));
}

/* A command that is not sent has no answer: not that of before either, "no card". */
TEST_F(queued, port_reset_does_not_return_old_answer)
{
	struct job job;
	struct scard_status status;

	ASSERT_EQ(0, sc_end(self->owner, SCARD_DISP_LEAVE));
	vr_do("fault on XfrBlock delay 500");
	ASSERT_TRUE(job_blocks(&job, &transmit, self->fd));
	vr_do("remove 0");
	ASSERT_EQ(0, pthread_join(job.thread, NULL));
	EXPECT_GT(0, job.result);
	vr_do("insert 0 %s", variant->card);
	ASSERT_EQ(0, vr_try("wait powered 0 10000"));
	ASSERT_TRUE(sc_settled(self->owner, &status, 10000));
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_RECONNECT, SCARD_DISP_LEAVE));
	ASSERT_EQ(0, sc_reconnect(self->owner, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_LEAVE));
	ASSERT_EQ(0, sc_reconnect(self->fd, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_LEAVE));

	ASSERT_EQ(0, sc_begin(self->owner));
	ASSERT_TRUE(agent_blocks(&self->agent, AGENT_COUNT, 0));
	vr_do("fault on XfrBlock delay 3000");
	EXPECT_EQ(0, sc_end(self->owner, SCARD_DISP_LEAVE));
	ASSERT_TRUE(job_blocks(&job, &transmit, self->fd));
	ASSERT_EQ(0, usb_port_reset());
	EXPECT_EQ(-EIO, agent_result(&self->agent, 2000));
	ASSERT_EQ(0, pthread_join(job.thread, NULL));
	EXPECT_TRUE(job.result == -EIO || job.result == -ESTALE) {
		TH_LOG("%d", job.result);
	}
	EXPECT_EQ(-ESTALE, sc_status(self->fd));
}

TEST_F(queued, signal_does_not_send_twice)
{
	signalled(_metadata, self, 0);
}

TEST_F(queued, SA_RESTART_does_not_send_twice)
{
	signalled(_metadata, self, SA_RESTART);
}

/* A TPDU of T=0, here of an APDU that becomes another one, is one message too. */
TEST(queued_t0_case_1_tpdu)
{
	struct agent agent;
	int owner, i;

	vr_prepare("--profile tpdu", "iso,t=0");
	agent_start(&agent);
	owner = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, owner);
	ASSERT_EQ(0, agent_do(&agent, AGENT_OPEN, 0));
	ASSERT_EQ(0, agent_do(&agent, AGENT_CONNECT, SCARD_MODE_SHARED));
	ASSERT_EQ(0, sc_begin(owner));
	ASSERT_TRUE(trace_senders(true));
	/* case 1: four bytes, of which the TPDU has five */
	agent_begin_apdu(&agent, AGENT_APDU, "00200001");
	for (i = 0; i < 2000 && !agent_is_blocked(&agent); i++)
		pause_ms(1);
	ASSERT_GT(2000, i);
	vr_clear();
	EXPECT_EQ(0, sc_end(owner, SCARD_DISP_LEAVE));
	EXPECT_LT(0x6000, agent_result(&agent, 10000));
	EXPECT_STREQ("apdu", vr_trace());
	EXPECT_EQ(agent.pid, sender());
	ASSERT_TRUE(trace_senders(false));
	agent_stop(&agent);
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
