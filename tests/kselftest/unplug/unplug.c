// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Unplug: every ioctl ends at once with ENODEV, poll() reports POLLHUP, SCARD_IOC_DISCONNECT
 * succeeds, no call hangs, and the reader works when it is plugged in again.
 */
#include <poll.h>
#include <sys/ioctl.h>
#include <time.h>

#include "kselftest_harness.h"

#include "agent.h"
#include "sc.h"
#include "users.h"
#include "vr.h"

/* How long a call may take to notice, with a debug kernel on a slow machine */
#define AT_ONCE_MS	3000

FIXTURE(unplug)
{
	struct users u;		/* none is connected */
};

FIXTURE_SETUP(unplug)
{
	vr_prepare("--profile short", VR_CARD);
	users_open(_metadata, &self->u);
}

/* Whatever happened: plug it in, and a new handle works. */
FIXTURE_TEARDOWN(unplug)
{
	users_close(&self->u);
	vr_prepare("--profile short", VR_CARD);
	EXPECT_TRUE(sc_works());
}

/* Everything that can be called on a handle to a reader that is gone */
static void all_gone(struct __test_metadata *_metadata, int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLPRI };
	struct scard_status status;
	uint8_t buf[64];
	uint32_t len = sizeof(buf);

	EXPECT_EQ(1, poll(&pfd, 1, AT_ONCE_MS));
	EXPECT_EQ(POLLHUP, pfd.revents & POLLHUP);
	EXPECT_EQ(-ENODEV, sc_snapshot(fd, &status));
	EXPECT_EQ(-ENODEV, sc_status(fd));
	EXPECT_EQ(-ENODEV, sc_begin(fd));
	EXPECT_EQ(-ENODEV, sc_end(fd, SCARD_DISP_LEAVE));
	EXPECT_EQ(-ENODEV, sc_end(fd, SCARD_DISP_RESET));
	EXPECT_EQ(-ENODEV, sc_apdu(fd, APDU_STATE));
	EXPECT_EQ(-ENODEV, sc_features(fd));
	EXPECT_EQ(-ENODEV, sc_reconnect(fd, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_LEAVE));
	EXPECT_EQ(-ENODEV, sc_reconnect(fd, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_RESET));
	EXPECT_EQ(-ENODEV, sc_get_attr(fd, SCARD_ATTR_ATR_STRING, buf, &len));
	EXPECT_EQ(-ENODEV, sc_set_attr(fd, SCARD_ATTR_SUPRESS_T1_IFS, buf, 1));
}

TEST_F(unplug, ioctls_get_ENODEV)
{
	vr_do("unplug");
	expect_hangup(_metadata, self->u.watch, AT_ONCE_MS);
	all_gone(_metadata, self->u.fd);
	EXPECT_EQ(-ENODEV, sc_connect(self->u.fd, SCARD_MODE_SHARED, SC_ANY));
	EXPECT_EQ(-ENODEV, sc_connect(self->u.fd, SCARD_MODE_DIRECT, 0));
	/* there is no node to open any more */
	EXPECT_GT(0, sc_open(O_RDONLY));
}

FIXTURE(unplug_connected)
{
	int fd;
	int watch;
};

FIXTURE_VARIANT(unplug_connected)
{
	uint32_t mode;
	uint32_t disposition;
	int levels;		/* of a transaction */
};

#define CONNECTED(m, d, n)							\
	FIXTURE_VARIANT_ADD(unplug_connected, m##_##d##_##n)			\
	{									\
		.mode = SCARD_MODE_##m, .disposition = SCARD_DISP_##d, .levels = n,	\
	};

CONNECTED(SHARED, LEAVE, 0)
CONNECTED(SHARED, RESET, 0)
CONNECTED(SHARED, UNPOWER, 1)
CONNECTED(SHARED, EJECT, 2)
CONNECTED(EXCLUSIVE, LEAVE, 2)
CONNECTED(EXCLUSIVE, RESET, 1)
CONNECTED(EXCLUSIVE, UNPOWER, 0)
CONNECTED(DIRECT, RESET, 0)
CONNECTED(DIRECT, EJECT, 1)

FIXTURE_SETUP(unplug_connected)
{
	vr_prepare("--profile short", VR_CARD);
	self->fd = sc_open_connected(variant->mode);
	ASSERT_LE(0, self->fd);
	self->watch = sc_open(O_RDONLY);
	ASSERT_LE(0, self->watch);
}

FIXTURE_TEARDOWN(unplug_connected)
{
}

TEST_F(unplug_connected, DISCONNECT_succeeds_once)
{
	int i;

	for (i = 0; i < variant->levels; i++)
		ASSERT_EQ(0, sc_begin(self->fd));
	vr_do("unplug");
	expect_hangup(_metadata, self->watch, AT_ONCE_MS);
	all_gone(_metadata, self->fd);
	EXPECT_EQ(-EINVAL, sc_disconnect(self->fd, 4));
	EXPECT_EQ(0, sc_disconnect(self->fd, variant->disposition));
	EXPECT_EQ(-ENOTCONN, sc_disconnect(self->fd, variant->disposition));
}

/* Calls that are on the wire when it happens */
FIXTURE(unplug_in_command)
{
	struct agent agent;
	int watch;
};

FIXTURE_VARIANT(unplug_in_command)
{
	const char *fault;	/* what holds the call back */
	enum agent_op op;
	uint32_t value;
	bool connected;
	int result;
};

#define BUSY(name, f, o, v, c, r)						\
	FIXTURE_VARIANT_ADD(unplug_in_command, name)					\
	{									\
		.fault = f, .op = o, .value = v, .connected = c, .result = r,	\
	};

BUSY(transmit, "on XfrBlock no-answer", AGENT_COUNT, 0, true, -ENODEV)
BUSY(transmit_refused, "on XfrBlock nak 0", AGENT_COUNT, 0, true, -ENODEV)
BUSY(transmit_extended, "on XfrBlock extend 0", AGENT_COUNT, 0, true, -ENODEV)
BUSY(reconnect, "on IccPowerOn no-answer", AGENT_RECONNECT, SCARD_DISP_RESET, true, -ENODEV)
BUSY(reconnect_cold, "on IccPowerOff no-answer", AGENT_RECONNECT, SCARD_DISP_UNPOWER, true, -ENODEV)
BUSY(disconnect_reset, "on IccPowerOn no-answer", AGENT_DISCONNECT, SCARD_DISP_RESET, true, 0)
BUSY(disconnect_unpower, "on IccPowerOff no-answer", AGENT_DISCONNECT, SCARD_DISP_UNPOWER, true, 0)
BUSY(connect, "on IccPowerOn no-answer", AGENT_CONNECT, SCARD_MODE_SHARED, false, -ENODEV)

FIXTURE_SETUP(unplug_in_command)
{
	int fd;

	vr_prepare("--profile short", VR_CARD);
	agent_start(&self->agent);
	self->watch = sc_open(O_RDONLY);
	ASSERT_LE(0, self->watch);
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_OPEN, 0));
	if (variant->connected) {
		ASSERT_EQ(0, agent_do(&self->agent, AGENT_CONNECT, SCARD_MODE_SHARED));
		return;
	}
	/* so that CONNECT has to power it on */
	fd = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, sc_disconnect(fd, SCARD_DISP_UNPOWER));
	close(fd);
}

FIXTURE_TEARDOWN(unplug_in_command)
{
	agent_stop(&self->agent);
}

TEST_F(unplug_in_command, call_gets_ENODEV_at_once)
{
	vr_do("fault %s", variant->fault);
	ASSERT_TRUE(agent_blocks(&self->agent, variant->op, variant->value));
	vr_do("unplug");
	EXPECT_EQ(variant->result, agent_result(&self->agent, AT_ONCE_MS));
	expect_hangup(_metadata, self->watch, AT_ONCE_MS);
	EXPECT_EQ(variant->op == AGENT_DISCONNECT || !variant->connected ? -ENOTCONN : 0,
		  agent_do(&self->agent, AGENT_DISCONNECT, SCARD_DISP_RESET));
}

/* The process is killed in the same moment: it must go away. */
TEST_F(unplug_in_command, killed_process_ends)
{
	vr_do("fault %s", variant->fault);
	ASSERT_TRUE(agent_blocks(&self->agent, variant->op, variant->value));
	agent_kill(&self->agent, SIGKILL);
	vr_do("unplug");
	EXPECT_TRUE(agent_ended(&self->agent));
	expect_hangup(_metadata, self->watch, AT_ONCE_MS);
}

/* Calls that wait for their turn */
TEST_F(unplug, waiting_calls_get_ENODEV)
{
	static const enum agent_op ops[] = {
		AGENT_BEGIN, AGENT_STATUS, AGENT_COUNT, AGENT_RECONNECT, AGENT_DISCONNECT,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		bool disconnect = ops[i] == AGENT_DISCONNECT;

		ASSERT_EQ(0, sc_connect(self->u.fd, SCARD_MODE_SHARED, SC_ANY));
		ASSERT_EQ(0, agent_do(&self->u.agent, AGENT_CONNECT, SCARD_MODE_SHARED));
		ASSERT_EQ(0, sc_begin(self->u.fd));
		ASSERT_TRUE(agent_blocks(&self->u.agent, ops[i], disconnect ? SCARD_DISP_RESET : 0));
		ASSERT_TRUE(agent_blocks(&self->u.waiter, AGENT_CONNECT, SCARD_MODE_SHARED));
		vr_do("unplug");
		EXPECT_EQ(disconnect ? 0 : -ENODEV, agent_result(&self->u.agent, AT_ONCE_MS)) {
			TH_LOG("call %zu", i);
		}
		EXPECT_EQ(-ENODEV, agent_result(&self->u.waiter, AT_ONCE_MS));
		EXPECT_EQ(0, sc_disconnect(self->u.fd, SCARD_DISP_RESET));

		users_close(&self->u);
		vr_prepare("--profile short", VR_CARD);
		users_open(_metadata, &self->u);
	}
}

/* After so many bytes of the answer to an APDU, or to a power-up */
FIXTURE(unplug_at_byte)
{
	struct agent agent;
};

FIXTURE_VARIANT(unplug_at_byte)
{
	const char *message;
};

FIXTURE_VARIANT_ADD(unplug_at_byte, XfrBlock)
{
	.message = "XfrBlock",
};

FIXTURE_VARIANT_ADD(unplug_at_byte, IccPowerOn)
{
	.message = "IccPowerOn",
};

FIXTURE_SETUP(unplug_at_byte)
{
}

FIXTURE_TEARDOWN(unplug_at_byte)
{
	agent_stop(&self->agent);
}

TEST_F_TIMEOUT(unplug_at_byte, call_ends_at_every_byte, 120)
{
	unsigned int n;

	for (n = 0; n <= 12; n++) {
		vr_prepare("--profile short", VR_CARD);
		agent_start(&self->agent);
		ASSERT_EQ(0, agent_do(&self->agent, AGENT_OPEN, 0));
		ASSERT_EQ(0, agent_do(&self->agent, AGENT_CONNECT, SCARD_MODE_SHARED));
		vr_do("fault on %s unplug %u", variant->message, n);
		if (!strcmp(variant->message, "XfrBlock"))
			agent_begin(&self->agent, AGENT_COUNT, 0);
		else
			agent_begin(&self->agent, AGENT_RECONNECT, SCARD_DISP_RESET);
		EXPECT_EQ(-ENODEV, agent_result(&self->agent, AT_ONCE_MS)) {
			TH_LOG("after %u bytes", n);
		}
		EXPECT_EQ(0, agent_do(&self->agent, AGENT_DISCONNECT, SCARD_DISP_RESET));
		agent_stop(&self->agent);
	}
}

/* Over and over, while processes use it without mercy */
TEST_F_TIMEOUT(unplug, repeated_unplug_while_in_use, 120)
{
	int i;

	for (i = 0; i < 20; i++) {
		struct timespec pause = { .tv_nsec = (i * 7 % 20) * 1000000 };

		agent_begin(&self->u.agent, AGENT_HAMMER, 0);
		agent_begin(&self->u.waiter, AGENT_HAMMER, 0);
		nanosleep(&pause, NULL);
		vr_do("unplug");
		EXPECT_EQ(-ENODEV, agent_result(&self->u.agent, AT_ONCE_MS));
		EXPECT_EQ(-ENODEV, agent_result(&self->u.waiter, AT_ONCE_MS));
		vr_do("replug");
		ASSERT_EQ(0, vr_try("wait configured 10000")) {
			vr_explain();
		}
		vr_prepare("--profile short", VR_CARD);
		ASSERT_EQ(0, agent_do(&self->u.agent, AGENT_CLOSE, 0));
		ASSERT_EQ(0, agent_do(&self->u.waiter, AGENT_CLOSE, 0));
		ASSERT_EQ(0, agent_do(&self->u.agent, AGENT_OPEN, 0));
		ASSERT_EQ(0, agent_do(&self->u.waiter, AGENT_OPEN, 0));
	}
}

TEST_HARNESS_MAIN
