// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * USBDEVFS_RESET, authorized, unbind, rmmod: the reader is reset or taken from its users.
 * Connected handles see one reset (ESTALE) or ENODEV and POLLHUP, no call hangs, and no card
 * keeps its power.
 */
#include "kselftest_harness.h"

#include "agent.h"
#include "sc.h"
#include "usb.h"
#include "users.h"
#include "vr.h"

/* How long a call may take to notice, with a debug kernel on a slow machine */
#define AT_ONCE_MS	5000

FIXTURE(connected)
{
	struct users u;
};

FIXTURE_SETUP(connected)
{
	vr_prepare("--profile short", VR_CARD);
	users_open(_metadata, &self->u);
	users_connect(_metadata, &self->u);
	vr_clear();
}

/* Whatever happened: the reader is there, and works for a new handle. */
FIXTURE_TEARDOWN(connected)
{
	users_close(&self->u);
	vr_prepare("--profile short", VR_CARD);
	EXPECT_TRUE(sc_works());
}

/* ---- a reset of the port ---- */

static void expect_port_reset(struct __test_metadata *_metadata, struct users *u,
			      const struct scard_status *before)
{
	expect_one_reset(_metadata, u, before, AT_ONCE_MS);
	expect_gated(_metadata, u->fd, 0);
	EXPECT_EQ(0x63c3, sc_apdu(u->fd, APDU_VERIFIED));
}

TEST_F(connected, port_reset_reports_one_reset)
{
	struct pollfd pfd = { .fd = self->u.watch, .events = POLLPRI };
	struct scard_status before;

	ASSERT_EQ(0x9000, sc_apdu(self->u.fd, APDU_VERIFY));
	ASSERT_EQ(0, sc_snapshot(self->u.watch, &before));
	ASSERT_EQ(0, usb_port_reset());
	EXPECT_EQ(1, poll(&pfd, 1, AT_ONCE_MS));
	EXPECT_EQ(POLLPRI, pfd.revents);
	expect_port_reset(_metadata, &self->u, &before);
}

/* Its transfers are ended by the reset; those of the next commands are not. */
TEST_F_TIMEOUT(connected, port_reset_in_transmit_gets_EIO, 60)
{
	struct scard_status before;
	int i;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0x9000, sc_apdu(self->u.fd, APDU_VERIFY));
		ASSERT_EQ(0, sc_snapshot(self->u.watch, &before));
		agent_begin_apdu(&self->u.agent, AGENT_APDU, APDU_SLEEP("4E20"));
		ASSERT_TRUE(agent_is_blocked(&self->u.agent));
		ASSERT_EQ(0, usb_port_reset());
		EXPECT_EQ(-EIO, agent_result(&self->u.agent, AT_ONCE_MS));
		expect_port_reset(_metadata, &self->u, &before);
		EXPECT_EQ(0, agent_do(&self->u.agent, AGENT_COUNT, 0));
		EXPECT_EQ(0, agent_do(&self->u.waiter, AGENT_RECONNECT, SCARD_DISP_LEAVE));
	}
	/* the command was sent once each time, and not again afterwards */
	EXPECT_EQ(3, vr_count("ins.E0"));
}

/* The power-up is repeated; the card is not taken for a mute one. */
TEST_F(connected, port_reset_in_power_up_is_repeated)
{
	struct scard_status status;

	vr_do("remove 0");
	vr_do("fault on IccPowerOn delay 2000");
	vr_do("insert 0");
	ASSERT_EQ(0, vr_try("wait powered 0 10000"));
	ASSERT_EQ(0, usb_port_reset());
	ASSERT_TRUE(sc_settled(self->u.watch, &status, 10000));
	EXPECT_EQ(SCARD_STATE_BIT_PRESENT | SCARD_STATE_BIT_POWERED,
		  status.state & (SCARD_STATE_BIT_PRESENT | SCARD_STATE_BIT_POWERED |
				  SCARD_STATE_BIT_MUTE));
	EXPECT_LT(0, status.atr_len);
}

/* The owner of a transaction and the waiters see the reset, too. */
TEST_F(connected, port_reset_in_transaction_gets_ESTALE)
{
	struct scard_status before;

	ASSERT_EQ(0, agent_do(&self->u.agent, AGENT_BEGIN, 0));
	ASSERT_EQ(0x9000, agent_apdu(&self->u.agent, APDU_VERIFY));
	ASSERT_TRUE(agent_blocks(&self->u.waiter, AGENT_BEGIN, 0));
	ASSERT_EQ(0, sc_snapshot(self->u.watch, &before));
	ASSERT_EQ(0, usb_port_reset());
	EXPECT_EQ(-ESTALE, agent_result(&self->u.waiter, AT_ONCE_MS));
	/* End reports it, and is over all the same */
	EXPECT_EQ(-ESTALE, agent_do(&self->u.agent, AGENT_END, SCARD_DISP_LEAVE));
	expect_port_reset(_metadata, &self->u, &before);
	EXPECT_EQ(-ENOLCK, agent_do(&self->u.agent, AGENT_END, SCARD_DISP_LEAVE));
}

/* Killed while the reset is under way: the card is reset all the same, once more. */
TEST_F(connected, port_reset_with_killed_process_resets_card)
{
	int i;

	for (i = 0; i < 5; i++) {
		agent_begin_apdu(&self->u.agent, AGENT_APDU, APDU_SLEEP("4E20"));
		ASSERT_TRUE(agent_is_blocked(&self->u.agent));
		agent_kill(&self->u.agent, SIGKILL);
		ASSERT_EQ(0, usb_port_reset());
		ASSERT_TRUE(agent_ended(&self->u.agent));
		EXPECT_EQ(0, sc_reconnect(self->u.fd, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_LEAVE));
		EXPECT_EQ(0x63c3, sc_apdu(self->u.fd, APDU_VERIFIED));
		ASSERT_EQ(0x9000, sc_apdu(self->u.fd, APDU_VERIFY));
		agent_start(&self->u.agent);
		ASSERT_EQ(0, agent_do(&self->u.agent, AGENT_OPEN, 0));
		ASSERT_EQ(0, agent_do(&self->u.agent, AGENT_CONNECT, SCARD_MODE_SHARED));
	}
}

/* ---- the driver loses the reader ---- */

static void expect_gone(struct __test_metadata *_metadata, struct users *u)
{
	struct scard_status status;

	expect_hangup(_metadata, u->watch, AT_ONCE_MS);
	EXPECT_EQ(-ENODEV, sc_snapshot(u->watch, &status));
	expect_gated(_metadata, u->fd, -ENODEV);
	EXPECT_EQ(-ENODEV, agent_do(&u->agent, AGENT_STATUS, 0));
	EXPECT_EQ(0, sc_disconnect(u->fd, SCARD_DISP_RESET));
	EXPECT_EQ(-ENOTCONN, sc_disconnect(u->fd, SCARD_DISP_RESET));
	EXPECT_GT(0, sc_open(O_RDONLY));
}

FIXTURE(detach)
{
	struct users u;
};

FIXTURE_VARIANT(detach)
{
	bool authorized;	/* the attribute; else the driver is unbound */
};

FIXTURE_VARIANT_ADD(detach, deauthorised)
{
	.authorized = true,
};

FIXTURE_VARIANT_ADD(detach, unbound)
{
	.authorized = false,
};

FIXTURE_SETUP(detach)
{
	vr_prepare("--profile short", VR_CARD);
	users_open(_metadata, &self->u);
	users_connect(_metadata, &self->u);
	vr_clear();
}

static int take(bool authorized, bool away)
{
	return authorized ? usb_set("authorized", away ? "0" : "1") : usb_bind(!away);
}

FIXTURE_TEARDOWN(detach)
{
	EXPECT_EQ(0, take(variant->authorized, false));
	users_close(&self->u);
	vr_prepare("--profile short", VR_CARD);
	EXPECT_TRUE(sc_works());
}

TEST_F(detach, handles_get_ENODEV_and_card_loses_power)
{
	ASSERT_EQ(0x9000, sc_apdu(self->u.fd, APDU_VERIFY));
	ASSERT_EQ(0, take(variant->authorized, true));
	expect_gone(_metadata, &self->u);
	EXPECT_STREQ("apdu off", vr_trace());
	EXPECT_EQ(0, vr_card("powered"));
}

/* The command on the wire ends at once, then the card is powered off. */
TEST_F(detach, transmit_gets_ENODEV_at_once)
{
	agent_begin_apdu(&self->u.agent, AGENT_APDU, APDU_SLEEP("4E20"));
	ASSERT_TRUE(agent_is_blocked(&self->u.agent));
	ASSERT_EQ(0, take(variant->authorized, true));
	EXPECT_EQ(-ENODEV, agent_result(&self->u.agent, AT_ONCE_MS));
	expect_gone(_metadata, &self->u);
	EXPECT_EQ(0, vr_card("powered"));
	EXPECT_EQ(1, vr_count("ins.E0"));
}

TEST_F(detach, transaction_and_waiter_get_ENODEV)
{
	ASSERT_EQ(0, agent_do(&self->u.agent, AGENT_BEGIN, 0));
	ASSERT_TRUE(agent_blocks(&self->u.waiter, AGENT_COUNT, 0));
	ASSERT_EQ(0, take(variant->authorized, true));
	EXPECT_EQ(-ENODEV, agent_result(&self->u.waiter, AT_ONCE_MS));
	EXPECT_EQ(-ENODEV, agent_do(&self->u.agent, AGENT_END, SCARD_DISP_RESET));
	expect_gone(_metadata, &self->u);
	EXPECT_STREQ("off", vr_trace());
}

/* Open files outlive the binding, and do not disturb the next one. */
TEST_F(detach, stale_handles_do_not_disturb_new_binding)
{
	int i;

	for (i = 0; i < 5; i++) {
		int fd;

		ASSERT_EQ(0, take(variant->authorized, true));
		ASSERT_EQ(0, take(variant->authorized, false));
		fd = sc_open_connected(SCARD_MODE_SHARED);
		ASSERT_LE(0, fd);
		EXPECT_EQ(0x9000, sc_apdu(fd, APDU_STATE));
		EXPECT_EQ(-ENODEV, sc_status(self->u.fd));
		/* stays open and connected */
	}
	EXPECT_EQ(0, take(variant->authorized, true));
	EXPECT_EQ(0, vr_card("powered"));
}

/* ---- the module goes ---- */

TEST_F(connected, rmmod_is_refused_while_device_is_open)
{
	struct pollfd pfd = { .fd = self->u.watch, .events = POLLPRI };

	EXPECT_EQ(-EAGAIN, module_remove());
	EXPECT_EQ(0x9000, sc_apdu(self->u.fd, APDU_VERIFY));
	agent_stop(&self->u.agent);
	agent_stop(&self->u.waiter);
	EXPECT_EQ(-EAGAIN, module_remove());
	close(self->u.fd);
	/* as long as one is open, also to a reader that is gone */
	ASSERT_EQ(0, usb_bind(false));
	EXPECT_EQ(1, poll(&pfd, 1, AT_ONCE_MS));
	EXPECT_EQ(-EAGAIN, module_remove());
	ASSERT_EQ(0, usb_bind(true));
	close(self->u.watch);
	vr_prepare("--profile short", VR_CARD);
	ASSERT_EQ(0, module_remove());
	EXPECT_STREQ("off", vr_trace());
	EXPECT_EQ(0, vr_card("powered"));
	EXPECT_GT(0, sc_open(O_RDONLY));
	ASSERT_EQ(0, module_insert());
}

TEST_HARNESS_MAIN
