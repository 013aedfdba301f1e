// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Callers that wait for their turn, on USB and CCID: the thread that sends the message, and a
 * reset of the port.
 */
#include <sys/mount.h>

#include "queued.h"
#include "usb.h"

#define TRACING	"/sys/kernel/tracing"

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

/* The port is reset while one command is on the wire and another waits, after a transaction. */
static void reset_port(struct __test_metadata *_metadata, FIXTURE_DATA(queued) *self)
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
}

/* Neither command is executed by a card that has lost its power since. */
TEST_F(queued, port_reset_fails_sent_and_waiting_commands)
{
	reset_port(_metadata, self);
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
	reset_port(_metadata, self);
	EXPECT_EQ(-ESTALE, sc_status(self->fd));
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

TEST_HARNESS_MAIN
