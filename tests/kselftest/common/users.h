/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The users of one reader that tests of removal, reset and sleep need, and what the ioctls
 * must return to them. After kselftest_harness.h.
 */
#ifndef KSELFTEST_USERS_H
#define KSELFTEST_USERS_H

#include <poll.h>
#include <unistd.h>

#include "agent.h"
#include "sc.h"

struct users {
	struct agent agent;
	struct agent waiter;
	int fd;			/* this process */
	int watch;		/* O_RDONLY */
};

/* All have the device open; none is connected. */
static inline void users_open(struct __test_metadata *_metadata, struct users *u)
{
	agent_start(&u->agent);
	agent_start(&u->waiter);
	u->fd = sc_open(O_RDWR);
	ASSERT_LE(0, u->fd);
	u->watch = sc_open(O_RDONLY);
	ASSERT_LE(0, u->watch);
	ASSERT_EQ(0, agent_do(&u->agent, AGENT_OPEN, 0));
	ASSERT_EQ(0, agent_do(&u->waiter, AGENT_OPEN, 0));
}

/* SCARD_IOC_CONNECT, SHARED: the agents and this process */
static inline void users_connect(struct __test_metadata *_metadata, struct users *u)
{
	ASSERT_EQ(0, agent_do(&u->agent, AGENT_CONNECT, SCARD_MODE_SHARED));
	ASSERT_EQ(0, agent_do(&u->waiter, AGENT_CONNECT, SCARD_MODE_SHARED));
	ASSERT_EQ(0, sc_connect(u->fd, SCARD_MODE_SHARED, SC_ANY));
}

static inline void users_close(struct users *u)
{
	agent_stop(&u->agent);
	agent_stop(&u->waiter);
	close(u->fd);
	close(u->watch);
}

/* Every gated ioctl returns @want. */
static inline void expect_gated(struct __test_metadata *_metadata, int fd, int want)
{
	size_t i;

	for (i = 0; i < SC_GATED; i++) {
		EXPECT_EQ(want, sc_gated[i].call(fd)) {
			TH_LOG("%s", sc_gated[i].name);
		}
	}
}

/*
 * One reset since @before: the epoch is one higher, gated ioctls return ESTALE until
 * SCARD_IOC_RECONNECT, and succeed afterwards. Waits @ms for the state to be known.
 */
static inline void expect_one_reset(struct __test_metadata *_metadata, struct users *u,
				    const struct scard_status *before, int ms)
{
	struct scard_status after;

	ASSERT_TRUE(sc_settled(u->watch, &after, ms));
	EXPECT_EQ(before->epoch + 1, after.epoch);
	EXPECT_EQ(before->card_event, after.card_event);
	EXPECT_EQ(before->atr_len, after.atr_len);
	expect_gated(_metadata, u->fd, -ESTALE);
	EXPECT_EQ(-ESTALE, agent_do(&u->agent, AGENT_STATUS, 0));
	EXPECT_EQ(0, sc_reconnect(u->fd, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, agent_do(&u->agent, AGENT_RECONNECT, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, sc_status(u->fd));
	EXPECT_EQ(0, agent_do(&u->agent, AGENT_STATUS, 0));
	EXPECT_EQ(0, sc_snapshot(u->watch, &after));
	EXPECT_EQ(before->epoch + 1, after.epoch);
}

/* poll() reports POLLHUP within @ms. */
static inline void expect_hangup(struct __test_metadata *_metadata, int fd, int ms)
{
	struct pollfd pfd = { .fd = fd };

	ASSERT_EQ(1, poll(&pfd, 1, ms));
	ASSERT_EQ(POLLHUP, pfd.revents & POLLHUP);
}

#endif
