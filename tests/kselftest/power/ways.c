// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ways in which a reader is taken from its users and comes back: a reset of its
 * port, deauthorisation, unbinding, removal of the module. Whoever is connected is told
 * once, nobody hangs, and no card is left powered.
 */
#include <poll.h>

#include "kselftest_harness.h"

#include "agent.h"
#include "sc.h"
#include "usb.h"
#include "vr.h"

/* How long a call may take to notice, with a debug kernel on a slow machine */
#define AT_ONCE_MS	5000

FIXTURE(ways)
{
	struct agent agent;
	struct agent waiter;
	int fd;
	int watch;
};

FIXTURE_SETUP(ways)
{
	vr_prepare("--profile short", VR_CARD);
	agent_start(&self->agent);
	agent_start(&self->waiter);
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_OPEN, 0));
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_CONNECT, SCARD_MODE_SHARED));
	ASSERT_EQ(0, agent_do(&self->waiter, AGENT_OPEN, 0));
	ASSERT_EQ(0, agent_do(&self->waiter, AGENT_CONNECT, SCARD_MODE_SHARED));
	self->fd = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, self->fd);
	self->watch = sc_open(O_RDONLY);
	ASSERT_LE(0, self->watch);
	vr_clear();
}

/* Whatever happened: the reader is there, and works for a new handle. */
FIXTURE_TEARDOWN(ways)
{
	agent_stop(&self->agent);
	agent_stop(&self->waiter);
	close(self->fd);
	close(self->watch);
	vr_prepare("--profile short", VR_CARD);
	EXPECT_TRUE(sc_works());
}

/* ---- a reset of the port ---- */

/* One reset, which the handles hear of until they reconnect, and not again */
static void told_of_one_reset(struct __test_metadata *_metadata, FIXTURE_DATA(ways) *self,
			      const struct scard_status *before)
{
	struct scard_status after;
	size_t i;

	ASSERT_TRUE(sc_settled(self->watch, &after, AT_ONCE_MS));
	EXPECT_EQ(before->epoch + 1, after.epoch);
	EXPECT_EQ(before->card_event, after.card_event);
	EXPECT_EQ(before->atr_len, after.atr_len);
	for (i = 0; i < SC_GATED; i++) {
		EXPECT_EQ(-ESTALE, sc_gated[i].call(self->fd)) {
			TH_LOG("%s", sc_gated[i].name);
		}
	}
	EXPECT_EQ(-ESTALE, agent_do(&self->agent, AGENT_STATUS, 0));
	EXPECT_EQ(0, sc_reconnect(self->fd, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_RECONNECT, SCARD_DISP_LEAVE));
	for (i = 0; i < SC_GATED; i++) {
		EXPECT_EQ(0, sc_gated[i].call(self->fd)) {
			TH_LOG("%s", sc_gated[i].name);
		}
	}
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_STATUS, 0));
	EXPECT_EQ(0x63c3, sc_apdu(self->fd, APDU_VERIFIED));
	EXPECT_EQ(0, sc_snapshot(self->watch, &after));
	EXPECT_EQ(before->epoch + 1, after.epoch);
}

TEST_F(ways, port_reset_idle)
{
	struct pollfd pfd = { .fd = self->watch, .events = POLLPRI };
	struct scard_status before;

	ASSERT_EQ(0x9000, sc_apdu(self->fd, APDU_VERIFY));
	ASSERT_EQ(0, sc_snapshot(self->watch, &before));
	ASSERT_EQ(0, usb_port_reset());
	EXPECT_EQ(1, poll(&pfd, 1, AT_ONCE_MS));
	EXPECT_EQ(POLLPRI, pfd.revents);
	told_of_one_reset(_metadata, self, &before);
}

/* Its transfers are ended by the reset; those of the next commands are not. */
TEST_F_TIMEOUT(ways, port_reset_in_transmit, 60)
{
	struct scard_status before;
	int i;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0x9000, sc_apdu(self->fd, APDU_VERIFY));
		ASSERT_EQ(0, sc_snapshot(self->watch, &before));
		agent_begin_apdu(&self->agent, AGENT_APDU, APDU_SLEEP("4E20"));
		ASSERT_TRUE(agent_is_blocked(&self->agent));
		ASSERT_EQ(0, usb_port_reset());
		EXPECT_EQ(-EIO, agent_result(&self->agent, AT_ONCE_MS));
		told_of_one_reset(_metadata, self, &before);
		EXPECT_EQ(0, agent_do(&self->agent, AGENT_COUNT, 0));
		EXPECT_EQ(0, agent_do(&self->waiter, AGENT_RECONNECT, SCARD_DISP_LEAVE));
	}
	/* the command was sent once each time, and not again afterwards */
	EXPECT_EQ(3, vr_count("ins.E0"));
}

/* A card that was being looked at is looked at again, and not taken for one that is mute. */
TEST_F(ways, port_reset_in_power_up)
{
	struct scard_status status;

	vr_do("remove 0");
	vr_do("fault on IccPowerOn delay 2000");
	vr_do("insert 0");
	ASSERT_EQ(0, vr_try("wait powered 0 10000"));
	ASSERT_EQ(0, usb_port_reset());
	ASSERT_TRUE(sc_settled(self->watch, &status, 10000));
	EXPECT_EQ(SCARD_STATE_BIT_PRESENT | SCARD_STATE_BIT_POWERED,
		  status.state & (SCARD_STATE_BIT_PRESENT | SCARD_STATE_BIT_POWERED |
				  SCARD_STATE_BIT_MUTE));
	EXPECT_LT(0, status.atr_len);
}

/* The owner of a transaction and those who wait for its end are told, too. */
TEST_F(ways, port_reset_in_transaction)
{
	struct scard_status before;

	ASSERT_EQ(0, agent_do(&self->agent, AGENT_BEGIN, 0));
	ASSERT_EQ(0x9000, agent_apdu(&self->agent, APDU_VERIFY));
	ASSERT_TRUE(agent_blocks(&self->waiter, AGENT_BEGIN, 0));
	ASSERT_EQ(0, sc_snapshot(self->watch, &before));
	ASSERT_EQ(0, usb_port_reset());
	EXPECT_EQ(-ESTALE, agent_result(&self->waiter, AT_ONCE_MS));
	/* End reports it, and is over all the same */
	EXPECT_EQ(-ESTALE, agent_do(&self->agent, AGENT_END, SCARD_DISP_LEAVE));
	told_of_one_reset(_metadata, self, &before);
	EXPECT_EQ(-ENOLCK, agent_do(&self->agent, AGENT_END, SCARD_DISP_LEAVE));
}

/* Killed while the reset is under way: the card is reset all the same, once more. */
TEST_F(ways, port_reset_of_a_killed_process)
{
	int i;

	for (i = 0; i < 5; i++) {
		agent_begin_apdu(&self->agent, AGENT_APDU, APDU_SLEEP("4E20"));
		ASSERT_TRUE(agent_is_blocked(&self->agent));
		agent_kill(&self->agent, SIGKILL);
		ASSERT_EQ(0, usb_port_reset());
		ASSERT_TRUE(agent_ended(&self->agent));
		EXPECT_EQ(0, sc_reconnect(self->fd, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_LEAVE));
		EXPECT_EQ(0x63c3, sc_apdu(self->fd, APDU_VERIFIED));
		ASSERT_EQ(0x9000, sc_apdu(self->fd, APDU_VERIFY));
		agent_start(&self->agent);
		ASSERT_EQ(0, agent_do(&self->agent, AGENT_OPEN, 0));
		ASSERT_EQ(0, agent_do(&self->agent, AGENT_CONNECT, SCARD_MODE_SHARED));
	}
}

/* ---- the driver loses the reader ---- */

static void told_that_it_is_gone(struct __test_metadata *_metadata, FIXTURE_DATA(ways) *self)
{
	struct pollfd pfd = { .fd = self->watch, .events = POLLPRI };
	struct scard_status status;
	size_t i;

	EXPECT_EQ(1, poll(&pfd, 1, AT_ONCE_MS));
	EXPECT_EQ(POLLHUP, pfd.revents & POLLHUP);
	EXPECT_EQ(-ENODEV, sc_snapshot(self->watch, &status));
	for (i = 0; i < SC_GATED; i++) {
		EXPECT_EQ(-ENODEV, sc_gated[i].call(self->fd)) {
			TH_LOG("%s", sc_gated[i].name);
		}
	}
	EXPECT_EQ(-ENODEV, agent_do(&self->agent, AGENT_STATUS, 0));
	EXPECT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_RESET));
	EXPECT_EQ(-ENOTCONN, sc_disconnect(self->fd, SCARD_DISP_RESET));
	EXPECT_GT(0, sc_open(O_RDONLY));
}

FIXTURE(taken)
{
	FIXTURE_DATA(ways) ways;
};

FIXTURE_VARIANT(taken)
{
	bool authorized;	/* the attribute; else the driver is unbound */
};

FIXTURE_VARIANT_ADD(taken, deauthorised)
{
	.authorized = true,
};

FIXTURE_VARIANT_ADD(taken, unbound)
{
	.authorized = false,
};

FIXTURE_SETUP(taken)
{
	ways_setup(_metadata, &self->ways, NULL);
}

static int take(bool authorized, bool away)
{
	return authorized ? usb_set("authorized", away ? "0" : "1") : usb_bind(!away);
}

FIXTURE_TEARDOWN(taken)
{
	EXPECT_EQ(0, take(variant->authorized, false));
	ways_teardown(_metadata, &self->ways, NULL);
}

TEST_F(taken, idle)
{
	ASSERT_EQ(0x9000, sc_apdu(self->ways.fd, APDU_VERIFY));
	ASSERT_EQ(0, take(variant->authorized, true));
	told_that_it_is_gone(_metadata, &self->ways);
	EXPECT_STREQ("apdu off", vr_trace());
	EXPECT_EQ(0, vr_card("powered"));
}

/* What is on the wire ends at once, and then the card is powered off. */
TEST_F(taken, in_transmit)
{
	agent_begin_apdu(&self->ways.agent, AGENT_APDU, APDU_SLEEP("4E20"));
	ASSERT_TRUE(agent_is_blocked(&self->ways.agent));
	ASSERT_EQ(0, take(variant->authorized, true));
	EXPECT_EQ(-ENODEV, agent_result(&self->ways.agent, AT_ONCE_MS));
	told_that_it_is_gone(_metadata, &self->ways);
	EXPECT_EQ(0, vr_card("powered"));
	EXPECT_EQ(1, vr_count("ins.E0"));
}

TEST_F(taken, in_transaction)
{
	ASSERT_EQ(0, agent_do(&self->ways.agent, AGENT_BEGIN, 0));
	ASSERT_TRUE(agent_blocks(&self->ways.waiter, AGENT_COUNT, 0));
	ASSERT_EQ(0, take(variant->authorized, true));
	EXPECT_EQ(-ENODEV, agent_result(&self->ways.waiter, AT_ONCE_MS));
	EXPECT_EQ(-ENODEV, agent_do(&self->ways.agent, AGENT_END, SCARD_DISP_RESET));
	told_that_it_is_gone(_metadata, &self->ways);
	EXPECT_STREQ("off", vr_trace());
}

/* Open files outlive the binding, and do not disturb the next one. */
TEST_F(taken, over_and_over)
{
	int i;

	for (i = 0; i < 5; i++) {
		int fd;

		ASSERT_EQ(0, take(variant->authorized, true));
		ASSERT_EQ(0, take(variant->authorized, false));
		fd = sc_open_connected(SCARD_MODE_SHARED);
		ASSERT_LE(0, fd);
		EXPECT_EQ(0x9000, sc_apdu(fd, APDU_STATE));
		EXPECT_EQ(-ENODEV, sc_status(self->ways.fd));
		/* stays open and connected */
	}
	EXPECT_EQ(0, take(variant->authorized, true));
	EXPECT_EQ(0, vr_card("powered"));
}

/* ---- the module goes ---- */

TEST_F(ways, module_in_use)
{
	struct pollfd pfd = { .fd = self->watch, .events = POLLPRI };

	EXPECT_EQ(-EAGAIN, module_remove());
	EXPECT_EQ(0x9000, sc_apdu(self->fd, APDU_VERIFY));
	agent_stop(&self->agent);
	agent_stop(&self->waiter);
	EXPECT_EQ(-EAGAIN, module_remove());
	close(self->fd);
	/* as long as one is open, also to a reader that is gone */
	ASSERT_EQ(0, usb_bind(false));
	EXPECT_EQ(1, poll(&pfd, 1, AT_ONCE_MS));
	EXPECT_EQ(-EAGAIN, module_remove());
	ASSERT_EQ(0, usb_bind(true));
	close(self->watch);
	vr_prepare("--profile short", VR_CARD);
	ASSERT_EQ(0, module_remove());
	EXPECT_STREQ("off", vr_trace());
	EXPECT_EQ(0, vr_card("powered"));
	EXPECT_GT(0, sc_open(O_RDONLY));
	ASSERT_EQ(0, module_insert());
}

TEST_HARNESS_MAIN
