// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SCARD_IOC_GET_STATUS (state, event, card_event, epoch), POLLPRI, and EIDRM after a removal,
 * until SCARD_IOC_RECONNECT.
 */
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>

#include "kselftest_harness.h"

#include "agent.h"
#include "sc.h"
#include "users.h"
#include "vr.h"

FIXTURE(events)
{
	int fd;			/* for the card */
	int watch;		/* read-only */
};

FIXTURE_SETUP(events)
{
	vr_prepare("--profile short", VR_CARD);
	self->fd = sc_open(O_RDWR);
	ASSERT_LE(0, self->fd);
	self->watch = sc_open(O_RDONLY);
	ASSERT_LE(0, self->watch);
}

FIXTURE_TEARDOWN(events)
{
}

static short polled(int fd, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLPRI | POLLIN | POLLOUT };

	return poll(&pfd, 1, ms) == 1 ? pfd.revents : 0;
}

static struct scard_status snapshot(int fd)
{
	struct scard_status status;

	if (sc_snapshot(fd, &status))
		memset(&status, 0xff, sizeof(status));
	return status;
}

/* Sleep in poll() until the state is as wanted; false after 5 s. */
static bool wait_state(int watch, uint32_t mask, uint32_t want)
{
	struct timespec start, now;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		struct scard_status status = snapshot(watch);

		if (!(status.state & SCARD_STATE_BIT_SETTLING) && (status.state & mask) == want)
			return true;
		polled(watch, 1000);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - start.tv_sec < 5);
	return false;
}

TEST_F(events, GET_STATUS_fields)
{
	struct scard_status s = snapshot(self->watch);

	EXPECT_EQ(SCARD_STATE_BIT_PRESENT | SCARD_STATE_BIT_POWERED, s.state);
	EXPECT_EQ(0, s.protocol);
	EXPECT_EQ(0, s.handles);
	EXPECT_LT(1, s.atr_len);
	EXPECT_EQ(0x3b, s.atr[0]);
	EXPECT_EQ(0, s.reserved[0] | s.reserved[1] | s.reserved[2] | s.reserved[3]);

	ASSERT_EQ(0, sc_connect(self->fd, SCARD_MODE_SHARED, SC_ANY));
	s = snapshot(self->watch);
	EXPECT_EQ(SCARD_STATE_BIT_PRESENT | SCARD_STATE_BIT_POWERED | SCARD_STATE_BIT_NEGOTIATED |
		  SCARD_STATE_BIT_INUSE, s.state);
	EXPECT_EQ(SCARD_PROTO_T1, s.protocol);
	EXPECT_EQ(1, s.handles);
}

TEST_F(events, POLLPRI_until_GET_STATUS)
{
	struct scard_status s;

	snapshot(self->watch);
	EXPECT_EQ(0, polled(self->watch, 0));
	ASSERT_EQ(0, sc_connect(self->fd, SCARD_MODE_SHARED, SC_ANY));
	/* level-triggered: it stays until the state is read */
	EXPECT_EQ(POLLPRI, polled(self->watch, 1000));
	EXPECT_EQ(POLLPRI, polled(self->watch, 0));
	s = snapshot(self->watch);
	EXPECT_EQ(0, polled(self->watch, 0));
	/* each open file has read for itself */
	EXPECT_EQ(POLLPRI, polled(self->fd, 0));
	ASSERT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_RESET));
	EXPECT_EQ(POLLPRI, polled(self->watch, 1000));
	EXPECT_NE(s.event, snapshot(self->watch).event);
}

/* A child that looks at its copy does not take the event from the process of the handle. */
TEST_F(events, POLLPRI_is_for_the_process_of_the_handle)
{
	pid_t child;
	int status;

	ASSERT_EQ(0, sc_connect_flags(self->fd, SCARD_MODE_SHARED, SC_ANY, SCARD_CONNECT_PROCESS));
	EXPECT_EQ(POLLPRI, polled(self->fd, 0));
	child = fork();
	if (!child) {
		snapshot(self->fd);
		_exit(!polled(self->fd, 0));
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(POLLPRI, polled(self->fd, 0));
	snapshot(self->fd);
	EXPECT_EQ(0, polled(self->fd, 0));
}

TEST_F(events, card_event_counts_insertion_and_removal)
{
	struct scard_status before = snapshot(self->watch), after;

	vr_do("remove 0");
	EXPECT_EQ(POLLPRI, polled(self->watch, 5000));
	ASSERT_TRUE(wait_state(self->watch, SCARD_STATE_BIT_PRESENT, 0));
	after = snapshot(self->watch);
	EXPECT_EQ(0, after.state);
	EXPECT_EQ(before.card_event + 1, after.card_event);
	EXPECT_LT(before.epoch, after.epoch);
	EXPECT_EQ(0, polled(self->watch, 0));

	vr_do("insert 0 echo,t=0");
	EXPECT_EQ(POLLPRI, polled(self->watch, 5000));
	ASSERT_TRUE(wait_state(self->watch, SCARD_STATE_BIT_PRESENT, SCARD_STATE_BIT_PRESENT));
	after = snapshot(self->watch);
	EXPECT_EQ(SCARD_STATE_BIT_PRESENT | SCARD_STATE_BIT_POWERED, after.state);
	EXPECT_EQ(before.card_event + 2, after.card_event);
	EXPECT_NE(0, memcmp(before.atr, after.atr, before.atr_len));
}

/* In the time of one look another card has come: not one event is lost. */
TEST_F(events, exchange_counts_two_card_events)
{
	struct scard_status before = snapshot(self->watch);
	int i;

	ASSERT_EQ(0, sc_connect(self->fd, SCARD_MODE_SHARED, SC_ANY));
	vr_do("swap 0");
	for (i = 0; i < 50 && snapshot(self->watch).card_event != before.card_event + 2; i++)
		polled(self->watch, 100);
	EXPECT_EQ(before.card_event + 2, snapshot(self->watch).card_event);
	EXPECT_EQ(-EIDRM, sc_status(self->fd));
}

TEST_F(events, mute_card_sets_SCARD_STATE_MUTE)
{
	vr_do("remove 0");
	ASSERT_TRUE(wait_state(self->watch, SCARD_STATE_BIT_PRESENT, 0));
	vr_do("insert 0 mute");
	ASSERT_TRUE(wait_state(self->watch, SCARD_STATE_BIT_PRESENT, SCARD_STATE_BIT_PRESENT));
	EXPECT_EQ(SCARD_STATE_BIT_PRESENT | SCARD_STATE_BIT_MUTE, snapshot(self->watch).state);
}

/* W_REMOVED stays until Reconnect, whatever comes after it. */
TEST_F(events, EIDRM_until_RECONNECT)
{
	ASSERT_EQ(0, sc_connect(self->fd, SCARD_MODE_SHARED, SC_ANY));
	vr_do("remove 0");
	ASSERT_TRUE(wait_state(self->watch, SCARD_STATE_BIT_PRESENT, 0));
	expect_gated(_metadata, self->fd, -EIDRM);
	EXPECT_EQ(0, sc_features(self->fd));
	EXPECT_EQ(-ENOMEDIUM, sc_reconnect(self->fd, SCARD_MODE_SHARED, SC_ANY,
					   SCARD_DISP_LEAVE));
	EXPECT_EQ(-EIDRM, sc_status(self->fd));

	vr_do("insert 0");
	ASSERT_TRUE(wait_state(self->watch, SCARD_STATE_BIT_PRESENT, SCARD_STATE_BIT_PRESENT));
	expect_gated(_metadata, self->fd, -EIDRM);
	EXPECT_EQ(0, sc_reconnect(self->fd, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_LEAVE));
	expect_gated(_metadata, self->fd, 0);
}

/* A reset of the new card does not hide that the old one is gone. */
TEST_F(events, EIDRM_outlives_reset_of_new_card)
{
	struct scard_status before = snapshot(self->watch);
	int i, other;

	ASSERT_EQ(0, sc_connect(self->fd, SCARD_MODE_SHARED, SC_ANY));
	vr_do("swap 0");
	for (i = 0; i < 50 && snapshot(self->watch).card_event != before.card_event + 2; i++)
		polled(self->watch, 100);
	other = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, sc_disconnect(other, SCARD_DISP_RESET));
	EXPECT_EQ(-EIDRM, sc_status(self->fd));
	close(other);
}

/* A transaction ends with the card it was about. */
TEST_F(events, removal_ends_transaction)
{
	struct agent waiter;

	agent_start(&waiter);
	ASSERT_EQ(0, agent_do(&waiter, AGENT_OPEN, 0));
	ASSERT_EQ(0, agent_do(&waiter, AGENT_CONNECT, SCARD_MODE_SHARED));
	ASSERT_EQ(0, sc_connect(self->fd, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0, sc_begin(self->fd));
	ASSERT_TRUE(agent_blocks(&waiter, AGENT_BEGIN, 0));
	vr_do("remove 0");
	EXPECT_EQ(-EIDRM, agent_result(&waiter, 10000));
	EXPECT_EQ(0, snapshot(self->watch).state & SCARD_STATE_BIT_TRANSACTION);
	EXPECT_EQ(-EIDRM, sc_end(self->fd, SCARD_DISP_LEAVE));
	agent_stop(&waiter);
}

/* A waiter in Connect learns that the card has gone. */
TEST_F(events, removal_wakes_waiting_CONNECT)
{
	struct agent waiter;

	agent_start(&waiter);
	ASSERT_EQ(0, agent_do(&waiter, AGENT_OPEN, 0));
	ASSERT_EQ(0, sc_connect(self->fd, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0, sc_begin(self->fd));
	ASSERT_TRUE(agent_blocks(&waiter, AGENT_CONNECT, SCARD_MODE_SHARED));
	vr_do("remove 0");
	EXPECT_EQ(-ENOMEDIUM, agent_result(&waiter, 10000));
	agent_stop(&waiter);
}

/* The card is pulled while it works. */
TEST_F(events, removal_in_TRANSMIT)
{
	int result;

	ASSERT_EQ(0, sc_connect(self->fd, SCARD_MODE_SHARED, SC_ANY));
	vr_do("fault on XfrBlock remove");
	result = sc_apdu(self->fd, APDU_STATE);
	EXPECT_TRUE(result == -ENOMEDIUM || result == -EIDRM) {
		TH_LOG("%d", result);
	}
	ASSERT_TRUE(wait_state(self->watch, SCARD_STATE_BIT_PRESENT, 0));
	EXPECT_EQ(-EIDRM, sc_status(self->fd));
	EXPECT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_RESET));
	EXPECT_EQ(-ENOTCONN, sc_disconnect(self->fd, SCARD_DISP_RESET));
}

/* epoch counts resets and power-offs; a handle gets the one it belongs to */
TEST_F(events, epoch_counts_resets_and_power_offs)
{
	struct scard_connect arg = { .share_mode = SCARD_MODE_SHARED, .protocols = SC_ANY };
	struct scard_status before = snapshot(self->watch);

	ASSERT_EQ(0, ioctl(self->fd, SCARD_IOC_CONNECT, &arg));
	EXPECT_EQ(before.epoch, arg.epoch);
	EXPECT_EQ(SCARD_PROTO_T1, arg.protocol);
	EXPECT_EQ(before.epoch, snapshot(self->watch).epoch);
	ASSERT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_RESET));
	EXPECT_EQ(before.epoch + 1, snapshot(self->watch).epoch);
	ASSERT_EQ(0, sc_connect(self->fd, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_LEAVE));
	EXPECT_EQ(before.epoch + 1, snapshot(self->watch).epoch);
	ASSERT_EQ(0, sc_connect(self->fd, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_UNPOWER));
	EXPECT_EQ(before.epoch + 2, snapshot(self->watch).epoch);
	/* the ATR of a card without power is still known */
	EXPECT_EQ(before.atr_len, snapshot(self->watch).atr_len);
	EXPECT_EQ(SCARD_STATE_BIT_PRESENT, snapshot(self->watch).state);
}

/* Others may connect only after an EXCLUSIVE handle has become SHARED: they hear of it. */
TEST_F(events, RECONNECT_tells_share_mode_protocol_and_epoch)
{
	struct scard_connect arg = {
		.share_mode = SCARD_MODE_SHARED,
		.protocols = SC_ANY,
		.initialization = SCARD_DISP_RESET,
	};
	struct scard_status before, after;

	ASSERT_EQ(0, sc_connect(self->fd, SCARD_MODE_EXCLUSIVE, SC_ANY));
	before = snapshot(self->watch);
	EXPECT_TRUE(before.state & SCARD_STATE_BIT_EXCLUSIVE);
	ASSERT_EQ(0, ioctl(self->fd, SCARD_IOC_RECONNECT, &arg));
	after = snapshot(self->watch);
	EXPECT_EQ(SCARD_PROTO_T1, arg.protocol);
	EXPECT_EQ(before.epoch + 1, arg.epoch);
	EXPECT_EQ(before.epoch + 1, after.epoch);
	EXPECT_FALSE(after.state & SCARD_STATE_BIT_EXCLUSIVE);
	/* also where the card was not touched */
	ASSERT_EQ(0, sc_reconnect(self->fd, SCARD_MODE_EXCLUSIVE, SC_ANY, SCARD_DISP_LEAVE));
	EXPECT_EQ(POLLPRI, polled(self->watch, 1000));
	EXPECT_TRUE(snapshot(self->watch).state & SCARD_STATE_BIT_EXCLUSIVE);
}

TEST_HARNESS_MAIN
