// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A call that waits for its turn: O_NONBLOCK (EAGAIN), SCARD_IOC_CANCEL (ECANCELED), signals
 * (EINTR, SA_RESTART), SIGKILL, SCARD_IOC_DISCONNECT and close() by another thread. None of
 * them changes the card or the queue.
 */
#include <pthread.h>

#include "kselftest_harness.h"

#include "agent.h"
#include "job.h"
#include "sc.h"
#include "usb.h"
#include "vr.h"

FIXTURE(waiting)
{
	int owner;		/* in a transaction */
	int fd;			/* connected SHARED */
	int idle;		/* not connected */
	struct agent agent;	/* connected SHARED */
};

FIXTURE_SETUP(waiting)
{
	vr_prepare("--profile short", VR_CARD);
	agent_start(&self->agent);
	self->owner = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, self->owner);
	self->fd = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, self->fd);
	self->idle = sc_open(O_RDWR);
	ASSERT_LE(0, self->idle);
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_OPEN, 0));
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_CONNECT, SCARD_MODE_SHARED));
	ASSERT_EQ(0, sc_begin(self->owner));
	vr_clear();
}

FIXTURE_TEARDOWN(waiting)
{
	agent_stop(&self->agent);
}

/* The calls that wait during another handle's transaction */
static int call_connect(int fd)
{
	return sc_connect(fd, SCARD_MODE_SHARED, SC_ANY);
}

static int call_reconnect(int fd)
{
	return sc_reconnect(fd, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_LEAVE);
}

static int call_disconnect(int fd)
{
	return sc_disconnect(fd, SCARD_DISP_RESET);
}

static int call_transmit(int fd)
{
	long count = sc_count(fd);

	return count < 0 ? (int)count : 0;
}

static const struct sc_call calls[] = {
	{ "CONNECT", call_connect },
	{ "RECONNECT", call_reconnect },
	{ "BEGIN", sc_begin },
	{ "GET_STATUS", sc_status },
	{ "TRANSMIT", call_transmit },
	{ "DISCONNECT", call_disconnect },
};

static int fd_for(const FIXTURE_DATA(waiting) *self, size_t i)
{
	return i ? self->fd : self->idle;
}

/* Everything works as if no call had waited. */
static void in_order(struct __test_metadata *_metadata, FIXTURE_DATA(waiting) *self)
{
	EXPECT_STREQ("", vr_trace());
	EXPECT_EQ(0, sc_status(self->owner));
	EXPECT_EQ(0, sc_end(self->owner, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, sc_begin(self->fd));
	EXPECT_EQ(0x9000, sc_apdu(self->fd, APDU_STATE));
	EXPECT_EQ(0, sc_end(self->fd, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, sc_connect(self->idle, SCARD_MODE_SHARED, SC_ANY));
	EXPECT_EQ(0, sc_disconnect(self->idle, SCARD_DISP_LEAVE));
}

TEST_F(waiting, O_NONBLOCK_gets_EAGAIN)
{
	size_t i;

	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	ASSERT_EQ(0, fcntl(self->idle, F_SETFL, O_NONBLOCK));
	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		EXPECT_EQ(-EAGAIN, calls[i].call(fd_for(self, i))) {
			TH_LOG("%s", calls[i].name);
		}
	}
	/* a call that does not wait is unaffected */
	EXPECT_EQ(-EBUSY, sc_features(self->fd));
	in_order(_metadata, self);
	/* and at its turn a call does reach the card */
	EXPECT_EQ(0x9000, sc_apdu(self->fd, APDU_STATE));
}

TEST_F(waiting, O_NONBLOCK_disconnect_leave_succeeds)
{
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_LEAVE));
	EXPECT_EQ(-ENOTCONN, sc_disconnect(self->fd, SCARD_DISP_LEAVE));
}

TEST_F(waiting, CANCEL_gets_ECANCELED)
{
	struct job job;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		/* one cancel before it begins must not count */
		ASSERT_EQ(0, sc_cancel(fd_for(self, i)));
		ASSERT_TRUE(job_blocks(&job, &calls[i], fd_for(self, i)))
			TH_LOG("%s", calls[i].name);
		ASSERT_EQ(0, sc_cancel(fd_for(self, i)));
		EXPECT_EQ(-ECANCELED, job_result(&job))
			TH_LOG("%s", calls[i].name);
	}
	in_order(_metadata, self);
}

/* CANCEL is for one handle: others wait on. */
TEST_F(waiting, CANCEL_spares_other_handles)
{
	ASSERT_TRUE(agent_blocks(&self->agent, AGENT_BEGIN, 0));
	ASSERT_EQ(0, sc_cancel(self->fd));
	ASSERT_EQ(0, sc_cancel(self->owner));
	EXPECT_TRUE(agent_is_blocked(&self->agent));
	EXPECT_EQ(0, sc_end(self->owner, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, agent_result(&self->agent, 10000));
}

/* An APDU on the wire is not cancelled. */
TEST_F(waiting, CANCEL_spares_sent_command)
{
	struct job job;

	ASSERT_EQ(0, sc_end(self->owner, SCARD_DISP_LEAVE));
	vr_do("fault on XfrBlock delay 200");
	ASSERT_TRUE(job_blocks(&job, &calls[4], self->fd));
	ASSERT_EQ(0, sc_cancel(self->fd));
	EXPECT_EQ(0, job_result(&job));
	EXPECT_EQ(1, vr_card("counter"));
}

TEST_F(waiting, signal_gets_EINTR)
{
	struct job job;
	size_t i;

	job_catch_signals(0);
	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		ASSERT_TRUE(job_blocks(&job, &calls[i], fd_for(self, i)))
			TH_LOG("%s", calls[i].name);
		ASSERT_EQ(0, pthread_kill(job.thread, SIGUSR1));
		EXPECT_EQ(-EINTR, job_result(&job))
			TH_LOG("%s", calls[i].name);
	}
	EXPECT_EQ(ARRAY_SIZE(calls), job_signals);
	in_order(_metadata, self);
}

TEST_F(waiting, SA_RESTART_keeps_waiting)
{
	struct job job;
	int i;

	job_catch_signals(SA_RESTART);
	ASSERT_TRUE(job_blocks(&job, &calls[4], self->fd));
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, pthread_kill(job.thread, SIGUSR1));
		pause_ms(2);
	}
	EXPECT_LT(0, job_signals);
	EXPECT_FALSE(job.over);
	EXPECT_EQ(0, vr_card("counter"));
	EXPECT_EQ(0, sc_end(self->owner, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, job_result(&job));
	EXPECT_EQ(1, vr_card("counter"));
}

/* Once bytes may have reached the card, a signal that does not kill waits. */
TEST_F(waiting, signal_spares_sent_command)
{
	struct job job;

	job_catch_signals(0);
	ASSERT_EQ(0, sc_end(self->owner, SCARD_DISP_LEAVE));
	vr_do("fault on XfrBlock delay 200");
	ASSERT_TRUE(job_blocks(&job, &calls[4], self->fd));
	ASSERT_EQ(0, pthread_kill(job.thread, SIGUSR1));
	EXPECT_EQ(0, job_result(&job));
	EXPECT_EQ(1, job_signals);
	EXPECT_EQ(1, vr_card("counter"));
}

/* The one in the middle of the queue dies: the one behind it gets its turn. */
TEST_F(waiting, killed_waiter_is_skipped)
{
	static const enum agent_op ops[] = {
		AGENT_BEGIN, AGENT_STATUS, AGENT_COUNT, AGENT_RECONNECT,
	};
	struct job job;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		ASSERT_TRUE(agent_blocks(&self->agent, ops[i], SCARD_DISP_LEAVE));
		ASSERT_TRUE(job_blocks(&job, &calls[2], self->fd));
		agent_kill(&self->agent, SIGKILL);
		ASSERT_TRUE(agent_ended(&self->agent));
		/* the reset that it left behind is not paid during a transaction */
		EXPECT_EQ(0, sc_status(self->owner));
		EXPECT_STREQ("", vr_trace());
		EXPECT_EQ(0, sc_end(self->owner, SCARD_DISP_LEAVE));
		EXPECT_EQ(-ESTALE, job_result(&job));
		/* told at once, while the reset is on its way; the next call comes after it */
		ASSERT_EQ(0, call_reconnect(self->fd));
		EXPECT_STREQ("warm", vr_trace());
		ASSERT_EQ(0, call_reconnect(self->owner));
		agent_start(&self->agent);
		ASSERT_EQ(0, agent_do(&self->agent, AGENT_OPEN, 0));
		ASSERT_EQ(0, agent_do(&self->agent, AGENT_CONNECT, SCARD_MODE_SHARED));
		ASSERT_EQ(0, sc_begin(self->owner));
		vr_clear();
	}
}

/* A handle is disconnected by another thread while a call on it waits. */
TEST_F(waiting, DISCONNECT_by_other_thread_gets_ENOTCONN)
{
	struct job job;

	ASSERT_TRUE(job_blocks(&job, &calls[2], self->fd));
	EXPECT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_LEAVE));
	EXPECT_EQ(-ENOTCONN, job_result(&job));
	EXPECT_EQ(0, sc_end(self->owner, SCARD_DISP_LEAVE));
}

/* Two handles of one process block each other; another thread ends the owner. */
TEST_F(waiting, own_handles_block_each_other)
{
	struct job job;

	ASSERT_TRUE(job_blocks(&job, &calls[2], self->fd));
	EXPECT_EQ(0, close(self->owner));
	/* the owner had not said goodbye: the card is reset */
	EXPECT_EQ(-ESTALE, job_result(&job));
	/* told at once, while the reset is on its way; the next call comes after it */
	EXPECT_EQ(0, call_reconnect(self->fd));
	EXPECT_STREQ("warm", vr_trace());
}

/* close() in one thread while a call of another is under way: the call keeps the file. */
TEST_F(waiting, close_by_other_thread_keeps_call)
{
	struct job job;

	ASSERT_TRUE(job_blocks(&job, &calls[2], self->fd));
	EXPECT_EQ(0, close(self->fd));
	EXPECT_FALSE(job.over);
	EXPECT_EQ(0, sc_end(self->owner, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, job_result(&job));
	/* its result is the last that is heard of the handle: released, it owes a reset */
	EXPECT_EQ(0, vr_try("wait count warm 1 5000"));
	EXPECT_STREQ("warm", vr_trace());
}

/* A later call does not overtake one that waits. */
TEST_F(waiting, newcomer_does_not_overtake)
{
	struct job job;

	ASSERT_TRUE(agent_blocks(&self->agent, AGENT_BEGIN, 0));
	ASSERT_TRUE(job_blocks(&job, &calls[4], self->fd));
	EXPECT_EQ(0, sc_end(self->owner, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, agent_result(&self->agent, 10000));
	pause_ms(20);
	EXPECT_FALSE(job.over);
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_END, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, job_result(&job));
}

TEST_HARNESS_MAIN
