// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SCARD_IOC_DISCONNECT, SCARD_IOC_END: dispositions that depend on the reader or the card
 * (EJECT by Mechanical, RESET without a warm reset), idle_ms, and callers killed in a command
 * (Abort).
 */
#include <time.h>

#include "kselftest_harness.h"

#include "agent.h"
#include "sc.h"
#include "usb.h"
#include "vr.h"

static struct scard_status snapshot(int fd)
{
	struct scard_status status;

	if (sc_snapshot(fd, &status))
		memset(&status, 0xff, sizeof(status));
	return status;
}

static void connect_two(struct __test_metadata *_metadata, int *fd, int *other)
{
	*fd = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, *fd);
	*other = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, *other);
	vr_clear();
}

/* A reader that can eject: power off first, then Mechanical; the card stays where it is here. */
TEST(disconnect_eject_uses_Mechanical)
{
	int fd, other;

	vr_prepare("--profile mechanical", VR_CARD);
	connect_two(_metadata, &fd, &other);
	EXPECT_EQ(0, sc_disconnect(fd, SCARD_DISP_EJECT));
	EXPECT_STREQ("off eject", vr_trace());
	/* vreader throws the card out */
	EXPECT_EQ(0, vr_card("present"));
	EXPECT_EQ(-EIDRM, sc_status(other));
	EXPECT_EQ(-ENOMEDIUM, sc_connect(fd, SCARD_MODE_SHARED, SC_ANY));
}

TEST(end_transaction_eject_uses_Mechanical)
{
	int fd;

	vr_prepare("--profile mechanical", VR_CARD);
	fd = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, sc_begin(fd));
	vr_clear();
	EXPECT_EQ(0, sc_end(fd, SCARD_DISP_EJECT));
	EXPECT_STREQ("off eject", vr_trace());
	EXPECT_EQ(-EIDRM, sc_status(fd));
	EXPECT_EQ(0, sc_disconnect(fd, SCARD_DISP_LEAVE));
}

/* A reader that refuses a warm reset gets a cold one. */
TEST(refused_warm_reset_becomes_cold)
{
	int fd, other;

	vr_prepare("--profile short", VR_CARD);
	connect_two(_metadata, &fd, &other);
	/* bError 0: command not supported */
	vr_do("fault at 1 on IccPowerOn error 00");
	EXPECT_EQ(0, sc_disconnect(fd, SCARD_DISP_RESET));
	EXPECT_STREQ("warm off cold", vr_trace());
	EXPECT_EQ(-ESTALE, sc_status(other));
	EXPECT_EQ(0, sc_reconnect(other, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_LEAVE));
	EXPECT_EQ(0x9000, sc_apdu(other, APDU_STATE));
}

/* Without a connected handle the card loses its power after idle_ms; CONNECT powers it. */
TEST(idle_ms_powers_the_card_off)
{
	struct scard_status before;
	struct timespec pause = { .tv_nsec = 600000000 };
	int fd, watch;

	vr_prepare("--profile short", VR_CARD);
	watch = sc_open(O_RDONLY);
	ASSERT_LE(0, watch);
	ASSERT_TRUE(module_set("idle_ms", 200));
	fd = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, fd);
	vr_clear();
	before = snapshot(watch);
	/* a handle keeps it */
	nanosleep(&pause, NULL);
	EXPECT_STREQ("", vr_trace());
	EXPECT_EQ(0, sc_disconnect(fd, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, vr_try("wait count IccPowerOff 1 5000"));
	EXPECT_STREQ("off", vr_trace());
	/* it is still the same card, with the same ATR */
	EXPECT_EQ(SCARD_STATE_BIT_PRESENT, snapshot(watch).state & SCARD_STATE_BIT_PRESENT);
	EXPECT_EQ(before.atr_len, snapshot(watch).atr_len);
	EXPECT_EQ(before.card_event, snapshot(watch).card_event);
	EXPECT_EQ(0, sc_connect(fd, SCARD_MODE_SHARED, SC_ANY));
	EXPECT_STREQ("off cold", vr_trace());
	EXPECT_EQ(0x9000, sc_apdu(fd, APDU_STATE));
	EXPECT_EQ(0, sc_status(fd));
	EXPECT_EQ(0, sc_disconnect(fd, SCARD_DISP_LEAVE));
	EXPECT_TRUE(module_set("idle_ms", 0));
}

/*
 * SIGKILL inside every call that speaks to the card, while it is on the wire: whatever
 * was begun, the next one finds a card that was reset, and none is left without it.
 */
FIXTURE(killed_in_command)
{
	struct agent victim, next;
};

FIXTURE_VARIANT(killed_in_command)
{
	const char *fault;
	enum agent_op op;
	uint32_t value;
	bool transaction;
};

#define KILLED(name, f, o, v, t)						\
	FIXTURE_VARIANT_ADD(killed_in_command, name)				\
	{									\
		.fault = f, .op = o, .value = v, .transaction = t,		\
	};

KILLED(transmit, "on XfrBlock delay 400", AGENT_COUNT, 0, false)
KILLED(transmit_no_answer, "on XfrBlock no-answer", AGENT_COUNT, 0, false)
KILLED(transmit_extended, "on XfrBlock extend 0", AGENT_COUNT, 0, false)
KILLED(transmit_transaction, "on XfrBlock delay 400", AGENT_COUNT, 0, true)
KILLED(reconnect_reset, "on IccPowerOn delay 400", AGENT_RECONNECT, SCARD_DISP_RESET, false)
KILLED(reconnect_unpower, "on IccPowerOff delay 400", AGENT_RECONNECT, SCARD_DISP_UNPOWER, false)
KILLED(reconnect_transaction, "on IccPowerOn delay 400", AGENT_RECONNECT, SCARD_DISP_RESET, true)
KILLED(disconnect_reset, "on IccPowerOn delay 400", AGENT_DISCONNECT, SCARD_DISP_RESET, false)
KILLED(disconnect_reset_mute, "on IccPowerOn no-answer", AGENT_DISCONNECT, SCARD_DISP_RESET, false)
KILLED(disconnect_unpower, "on IccPowerOff delay 400", AGENT_DISCONNECT, SCARD_DISP_UNPOWER, true)
KILLED(end_reset, "on IccPowerOn delay 400", AGENT_END, SCARD_DISP_RESET, true)
KILLED(end_unpower, "on IccPowerOff delay 400", AGENT_END, SCARD_DISP_UNPOWER, true)

FIXTURE_SETUP(killed_in_command)
{
	vr_prepare("--profile short", VR_CARD);
	agent_start(&self->victim);
	agent_start(&self->next);
	ASSERT_EQ(0, agent_do(&self->next, AGENT_OPEN, 0));
	ASSERT_EQ(0, agent_do(&self->victim, AGENT_OPEN, 0));
	ASSERT_EQ(0, agent_do(&self->victim, AGENT_CONNECT, SCARD_MODE_SHARED));
	ASSERT_EQ(0x9000, agent_apdu(&self->victim, APDU_VERIFY));
	if (variant->transaction)
		ASSERT_EQ(0, agent_do(&self->victim, AGENT_BEGIN, 0));
}

FIXTURE_TEARDOWN(killed_in_command)
{
	agent_stop(&self->victim);
	agent_stop(&self->next);
}

TEST_F(killed_in_command, next_user_gets_reset_card)
{
	vr_do("fault %s", variant->fault);
	ASSERT_TRUE(agent_blocks(&self->victim, variant->op, variant->value));
	agent_begin(&self->next, AGENT_CONNECT, SCARD_MODE_SHARED);
	agent_kill(&self->victim, SIGKILL);
	EXPECT_TRUE(agent_ended(&self->victim));
	EXPECT_EQ(0, agent_result(&self->next, 10000));
	EXPECT_EQ(0x63c3, agent_apdu(&self->next, APDU_VERIFIED));
	EXPECT_EQ(0, vr_card("verified"));
	EXPECT_EQ(0, agent_do(&self->next, AGENT_BEGIN, 0));
	EXPECT_EQ(0, agent_do(&self->next, AGENT_END, SCARD_DISP_LEAVE));
}

/*
 * The command that a killed caller leaves behind does not end by itself: the ABORT request
 * on the control pipe and the Abort message end it. vreader answers only to both of them,
 * and complains if they do not have the same bSeq.
 */
FIXTURE(abort)
{
	struct agent victim, next;
};

FIXTURE_VARIANT(abort)
{
	const char *fault;
};

FIXTURE_VARIANT_ADD(abort, silent) { .fault = "on XfrBlock no-answer" };
FIXTURE_VARIANT_ADD(abort, extended) { .fault = "on XfrBlock extend 0" };

FIXTURE_SETUP(abort)
{
	vr_prepare("--profile short", VR_CARD);
	agent_start(&self->victim);
	agent_start(&self->next);
	ASSERT_EQ(0, agent_do(&self->next, AGENT_OPEN, 0));
	ASSERT_EQ(0, agent_do(&self->victim, AGENT_OPEN, 0));
	ASSERT_EQ(0, agent_do(&self->victim, AGENT_CONNECT, SCARD_MODE_SHARED));
}

FIXTURE_TEARDOWN(abort)
{
	agent_stop(&self->victim);
	agent_stop(&self->next);
}

TEST_F(abort, command_of_killed_caller_is_aborted)
{
	unsigned long counter;

	vr_do("fault %s", variant->fault);
	vr_clear();
	ASSERT_TRUE(agent_blocks(&self->victim, AGENT_COUNT, 0));
	vr_do("wait busy 0 5000");
	EXPECT_STREQ("apdu", vr_trace());
	agent_kill(&self->victim, SIGKILL);
	EXPECT_TRUE(agent_ended(&self->victim));
	EXPECT_EQ(0, agent_do(&self->next, AGENT_CONNECT, SCARD_MODE_SHARED));
	EXPECT_STREQ("apdu abort warm", vr_trace());
	EXPECT_EQ(1, vr_count("Abort"));
	EXPECT_STREQ("", vr_do("violations"));
	/* and the card works, with the protocol negotiated anew */
	counter = vr_card("counter");
	EXPECT_EQ(0, agent_do(&self->next, AGENT_COUNT, 0));
	EXPECT_EQ(counter + 1, vr_card("counter"));
}

TEST_HARNESS_MAIN
