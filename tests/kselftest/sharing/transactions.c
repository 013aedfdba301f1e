// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SCARD_IOC_BEGIN, SCARD_IOC_END and share modes (SHARED, EXCLUSIVE, DIRECT): which calls
 * succeed, wait, or fail with EBUSY in another handle's transaction.
 */
#include <poll.h>

#include "kselftest_harness.h"

#include "agent.h"
#include "sc.h"
#include "users.h"
#include "vr.h"

FIXTURE(sharing)
{
	int a, b;		/* two open files of this process */
	int watch;
	struct agent agent;
};

FIXTURE_SETUP(sharing)
{
	vr_prepare("--profile short", VR_CARD);
	agent_start(&self->agent);
	self->a = sc_open(O_RDWR);
	ASSERT_LE(0, self->a);
	self->b = sc_open(O_RDWR);
	ASSERT_LE(0, self->b);
	self->watch = sc_open(O_RDONLY);
	ASSERT_LE(0, self->watch);
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_OPEN, 0));
}

FIXTURE_TEARDOWN(sharing)
{
	agent_stop(&self->agent);
}

static uint32_t state(int watch)
{
	struct scard_status status;

	return sc_snapshot(watch, &status) ? 0 : status.state;
}

TEST_F(sharing, shared_with_shared)
{
	ASSERT_EQ(0, sc_connect(self->a, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0, sc_connect(self->b, SCARD_MODE_SHARED, SC_ANY));
	EXPECT_EQ(0x9000, sc_apdu(self->a, APDU_STATE));
	EXPECT_EQ(0x9000, sc_apdu(self->b, APDU_STATE));
	EXPECT_EQ(0, state(self->watch) & SCARD_STATE_BIT_EXCLUSIVE);
	EXPECT_NE(0, state(self->watch) & SCARD_STATE_BIT_INUSE);
	EXPECT_EQ(0, sc_disconnect(self->a, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, sc_disconnect(self->b, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, state(self->watch) & SCARD_STATE_BIT_INUSE);
}

TEST_F(sharing, exclusive_keeps_all_out)
{
	ASSERT_EQ(0, sc_connect(self->a, SCARD_MODE_EXCLUSIVE, SC_ANY));
	EXPECT_NE(0, state(self->watch) & SCARD_STATE_BIT_EXCLUSIVE);
	EXPECT_EQ(-EBUSY, sc_connect(self->b, SCARD_MODE_SHARED, SC_ANY));
	EXPECT_EQ(-EBUSY, sc_connect(self->b, SCARD_MODE_EXCLUSIVE, SC_ANY));
	EXPECT_EQ(-EBUSY, sc_connect(self->b, SCARD_MODE_DIRECT, 0));
	EXPECT_EQ(0, sc_disconnect(self->a, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, sc_connect(self->b, SCARD_MODE_SHARED, SC_ANY));
}

TEST_F(sharing, exclusive_needs_to_be_alone)
{
	ASSERT_EQ(0, sc_connect(self->a, SCARD_MODE_SHARED, SC_ANY));
	EXPECT_EQ(-EBUSY, sc_connect(self->b, SCARD_MODE_EXCLUSIVE, SC_ANY));
	ASSERT_EQ(0, sc_disconnect(self->a, SCARD_DISP_LEAVE));
	/* DIRECT counts as a use */
	ASSERT_EQ(0, sc_connect(self->a, SCARD_MODE_DIRECT, 0));
	EXPECT_EQ(-EBUSY, sc_connect(self->b, SCARD_MODE_EXCLUSIVE, SC_ANY));
}

/* An EXCLUSIVE handle has no transaction unless it begins one. */
TEST_F(sharing, exclusive_is_no_transaction)
{
	ASSERT_EQ(0, sc_connect(self->a, SCARD_MODE_EXCLUSIVE, SC_ANY));
	EXPECT_EQ(-ENOLCK, sc_end(self->a, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, sc_begin(self->a));
	EXPECT_EQ(0, sc_end(self->a, SCARD_DISP_LEAVE));
	EXPECT_EQ(-ENOLCK, sc_end(self->a, SCARD_DISP_LEAVE));
}

TEST_F(sharing, reconnect_exclusive_to_shared_lets_others_in)
{
	ASSERT_EQ(0, sc_connect(self->a, SCARD_MODE_EXCLUSIVE, SC_ANY));
	ASSERT_EQ(-EBUSY, sc_connect(self->b, SCARD_MODE_SHARED, SC_ANY));
	EXPECT_EQ(0, sc_reconnect(self->a, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, sc_connect(self->b, SCARD_MODE_SHARED, SC_ANY));
	EXPECT_EQ(0, sc_begin(self->b));
	EXPECT_EQ(0, sc_end(self->b, SCARD_DISP_LEAVE));
}

/* Asking EXCLUSIVE by Reconnect waits until the others have left. */
TEST_F(sharing, reconnect_to_exclusive_waits)
{
	ASSERT_EQ(0, sc_connect(self->a, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_CONNECT, SCARD_MODE_SHARED));
	EXPECT_EQ(-EBUSY, sc_connect(self->b, SCARD_MODE_EXCLUSIVE, SC_ANY));
	ASSERT_EQ(0, sc_disconnect(self->a, SCARD_DISP_LEAVE));
	ASSERT_EQ(0, sc_connect(self->a, SCARD_MODE_DIRECT, 0));
	ASSERT_EQ(0, sc_disconnect(self->a, SCARD_DISP_LEAVE));
	ASSERT_EQ(0, sc_connect(self->b, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_TRUE(agent_blocks(&self->agent, AGENT_RECONNECT_EXCLUSIVE, SCARD_DISP_LEAVE));
	/* a later handle neither starves it nor is refused for ever */
	EXPECT_EQ(0, sc_disconnect(self->b, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, agent_result(&self->agent, 10000));
	EXPECT_NE(0, state(self->watch) & SCARD_STATE_BIT_EXCLUSIVE);
	EXPECT_EQ(-EBUSY, sc_connect(self->b, SCARD_MODE_SHARED, SC_ANY));
}

TEST_F(sharing, transaction_makes_others_wait)
{
	static const struct {
		enum agent_op op;
		uint32_t value;
	} waiting[] = {
		{ AGENT_BEGIN, 0 },
		{ AGENT_STATUS, 0 },
		{ AGENT_RECONNECT, SCARD_DISP_LEAVE },
		{ AGENT_RECONNECT, SCARD_DISP_RESET },
		{ AGENT_COUNT, 0 },
		{ AGENT_DISCONNECT, SCARD_DISP_RESET },
	};
	size_t i;

	ASSERT_EQ(0, sc_connect(self->a, SCARD_MODE_SHARED, SC_ANY));
	for (i = 0; i < ARRAY_SIZE(waiting); i++) {
		ASSERT_EQ(0, agent_do(&self->agent, AGENT_CONNECT, SCARD_MODE_SHARED));
		ASSERT_EQ(0, sc_reconnect(self->a, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_LEAVE));
		ASSERT_EQ(0, sc_begin(self->a));
		vr_clear();
		EXPECT_TRUE(agent_blocks(&self->agent, waiting[i].op, waiting[i].value))
			TH_LOG("call %zu", i);
		EXPECT_STREQ("", vr_trace());
		EXPECT_EQ(0, sc_end(self->a, SCARD_DISP_LEAVE));
		EXPECT_EQ(0, agent_result(&self->agent, 10000))
			TH_LOG("call %zu", i);
		agent_do(&self->agent, AGENT_DISCONNECT, SCARD_DISP_LEAVE);
	}
	ASSERT_EQ(0, sc_reconnect(self->a, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_LEAVE));
	ASSERT_EQ(0, sc_begin(self->a));
	EXPECT_TRUE(agent_blocks(&self->agent, AGENT_CONNECT, SCARD_MODE_SHARED));
	EXPECT_EQ(0, sc_end(self->a, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, agent_result(&self->agent, 10000));
}

TEST_F(sharing, transaction_refuses_others)
{
	uint8_t atr[SCARD_MAX_ATR_SIZE], one = 1;
	uint32_t len = sizeof(atr);
	struct scard_status status;

	ASSERT_EQ(0, sc_connect(self->a, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0, sc_connect(self->b, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0, sc_begin(self->a));
	EXPECT_NE(0, state(self->watch) & SCARD_STATE_BIT_TRANSACTION);
	EXPECT_EQ(-EBUSY, sc_features(self->b));
	EXPECT_EQ(-EBUSY, sc_get_attr(self->b, SCARD_ATTR_ATR_STRING, atr, &len));
	EXPECT_EQ(-EBUSY, sc_set_attr(self->b, SCARD_ATTR_SUPRESS_T1_IFS, &one, 1));
	EXPECT_EQ(-EBUSY, sc_end(self->b, SCARD_DISP_LEAVE));
	EXPECT_EQ(-EBUSY, sc_end(self->b, SCARD_DISP_RESET));
	/* an ungated GET_STATUS and DISCONNECT(LEAVE) do not wait */
	EXPECT_EQ(0, sc_snapshot(self->b, &status));
	EXPECT_EQ(0, sc_disconnect(self->b, SCARD_DISP_LEAVE));
	/* the owner may do all that */
	EXPECT_EQ(0, sc_features(self->a));
	len = sizeof(atr);
	EXPECT_EQ(0, sc_get_attr(self->a, SCARD_ATTR_ATR_STRING, atr, &len));
	EXPECT_EQ(0x9000, sc_apdu(self->a, APDU_STATE));
	EXPECT_EQ(0, sc_status(self->a));
	EXPECT_EQ(0, sc_end(self->a, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, state(self->watch) & SCARD_STATE_BIT_TRANSACTION);
}

/* The owner is the handle: two handles of one process are two. */
TEST_F(sharing, nested_BEGIN_counts)
{
	int i;

	ASSERT_EQ(0, sc_connect(self->a, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_CONNECT, SCARD_MODE_SHARED));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, sc_begin(self->a));
	EXPECT_TRUE(agent_blocks(&self->agent, AGENT_BEGIN, 0));
	EXPECT_EQ(0, sc_end(self->a, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, sc_end(self->a, SCARD_DISP_LEAVE));
	EXPECT_TRUE(agent_is_blocked(&self->agent));
	EXPECT_EQ(0, sc_end(self->a, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, agent_result(&self->agent, 10000));
	EXPECT_EQ(-EBUSY, sc_end(self->a, SCARD_DISP_LEAVE));
}

/* END(RESET) resets at once, all handles get ESTALE, and the lock is free. */
TEST_F(sharing, END_reset_gets_ESTALE)
{
	ASSERT_EQ(0, sc_connect(self->a, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0, sc_connect(self->b, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0, sc_begin(self->a));
	vr_clear();
	EXPECT_EQ(0, sc_end(self->a, SCARD_DISP_RESET));
	EXPECT_STREQ("warm", vr_trace());
	expect_gated(_metadata, self->a, -ESTALE);
	expect_gated(_metadata, self->b, -ESTALE);
	EXPECT_EQ(0, sc_reconnect(self->b, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_LEAVE));
	expect_gated(_metadata, self->b, 0);
	EXPECT_EQ(0, sc_reconnect(self->a, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_LEAVE));
	expect_gated(_metadata, self->a, 0);
}

TEST_F(sharing, END_unpower_gets_ESTALE)
{
	ASSERT_EQ(0, sc_connect(self->a, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0, sc_begin(self->a));
	vr_clear();
	EXPECT_EQ(0, sc_end(self->a, SCARD_DISP_UNPOWER));
	/* the transaction ends, the handles stay: off and on again */
	EXPECT_STREQ("off cold", vr_trace());
	expect_gated(_metadata, self->a, -ESTALE);
	EXPECT_EQ(0, sc_reconnect(self->a, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_LEAVE));
	EXPECT_STREQ("off cold", vr_trace());
	expect_gated(_metadata, self->a, 0);
}

/* A pending reset is told by End, which ends the transaction all the same. */
TEST_F(sharing, END_with_pending_reset_releases_lock)
{
	ASSERT_EQ(0, sc_connect(self->a, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_CONNECT, SCARD_MODE_SHARED));
	ASSERT_EQ(0, sc_begin(self->a));
	ASSERT_EQ(0, sc_begin(self->a));
	/* the inner level resets: the caller has it pending now */
	EXPECT_EQ(0, sc_end(self->a, SCARD_DISP_RESET));
	EXPECT_EQ(-ESTALE, agent_do(&self->agent, AGENT_STATUS, 0));
	EXPECT_TRUE(agent_blocks(&self->agent, AGENT_RECONNECT, SCARD_DISP_LEAVE));
	EXPECT_EQ(-ESTALE, sc_end(self->a, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, agent_result(&self->agent, 10000));
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_BEGIN, 0));
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_END, SCARD_DISP_LEAVE));
}

/* Reconnect inside one's own transaction does not end it. */
TEST_F(sharing, reconnect_keeps_transaction)
{
	ASSERT_EQ(0, sc_connect(self->a, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0, sc_connect(self->b, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0, sc_begin(self->a));
	vr_clear();
	EXPECT_EQ(0, sc_reconnect(self->a, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_RESET));
	EXPECT_STREQ("warm", vr_trace());
	EXPECT_NE(0, state(self->watch) & SCARD_STATE_BIT_TRANSACTION);
	EXPECT_EQ(0, sc_status(self->a));
	EXPECT_EQ(-EBUSY, sc_features(self->b));
	EXPECT_EQ(0, sc_end(self->a, SCARD_DISP_LEAVE));
	expect_gated(_metadata, self->b, -ESTALE);
}

TEST_F(sharing, reconnect_unpower_is_cold)
{
	ASSERT_EQ(0, sc_connect(self->a, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0, sc_connect(self->b, SCARD_MODE_SHARED, SC_ANY));
	vr_clear();
	EXPECT_EQ(0, sc_reconnect(self->a, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_UNPOWER));
	EXPECT_STREQ("off cold", vr_trace());
	expect_gated(_metadata, self->a, 0);
	expect_gated(_metadata, self->b, -ESTALE);
	/* not gated */
	EXPECT_EQ(0, sc_features(self->b));
	EXPECT_EQ(0, sc_disconnect(self->b, SCARD_DISP_LEAVE));
}

/* Disconnect drops all levels of the transaction. */
TEST_F(sharing, disconnect_drops_nested)
{
	ASSERT_EQ(0, sc_connect(self->a, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_CONNECT, SCARD_MODE_SHARED));
	ASSERT_EQ(0, sc_begin(self->a));
	ASSERT_EQ(0, sc_begin(self->a));
	ASSERT_TRUE(agent_blocks(&self->agent, AGENT_BEGIN, 0));
	EXPECT_EQ(0, sc_disconnect(self->a, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, agent_result(&self->agent, 10000));
}

/* DIRECT: no card is needed, and nothing is done to it. */
TEST_F(sharing, direct_touches_nothing)
{
	vr_do("remove 0");
	vr_clear();
	ASSERT_EQ(0, sc_connect(self->a, SCARD_MODE_DIRECT, 0));
	EXPECT_EQ(0, sc_features(self->a));
	EXPECT_EQ(0, sc_disconnect(self->a, SCARD_DISP_LEAVE));
	EXPECT_STREQ("", vr_trace());
}

TEST_F(sharing, direct_becomes_shared)
{
	ASSERT_EQ(0, sc_connect(self->b, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0, sc_disconnect(self->b, SCARD_DISP_UNPOWER));
	vr_clear();
	ASSERT_EQ(0, sc_connect(self->a, SCARD_MODE_DIRECT, 0));
	EXPECT_STREQ("", vr_trace());
	EXPECT_EQ(0, sc_reconnect(self->a, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_LEAVE));
	/* the trace begins with a card that has power, which is not so here */
	EXPECT_EQ(1, vr_count("IccPowerOn"));
	EXPECT_EQ(0, vr_count("IccPowerOff"));
	expect_gated(_metadata, self->a, 0);
}

TEST_F(sharing, no_card_gets_ENOMEDIUM_unless_DIRECT)
{
	vr_prepare("--profile short", NULL);
	EXPECT_EQ(-ENOMEDIUM, sc_connect(self->a, SCARD_MODE_SHARED, SC_ANY));
	EXPECT_EQ(-ENOMEDIUM, sc_connect(self->a, SCARD_MODE_EXCLUSIVE, SC_ANY));
	EXPECT_EQ(-ENOTCONN, sc_disconnect(self->a, SCARD_DISP_LEAVE));
	/* a failed EXCLUSIVE leaves nothing behind */
	EXPECT_EQ(0, sc_connect(self->b, SCARD_MODE_DIRECT, 0));
}

TEST_F(sharing, mute_card)
{
	vr_prepare("--profile short", "mute");
	EXPECT_NE(0, state(self->watch) & SCARD_STATE_BIT_MUTE);
	EXPECT_EQ(-EREMOTEIO, sc_connect(self->a, SCARD_MODE_SHARED, SC_ANY));
	EXPECT_EQ(0, sc_connect(self->b, SCARD_MODE_DIRECT, 0));
	/* without power it is as good as reset */
	EXPECT_EQ(0, sc_disconnect(self->b, SCARD_DISP_RESET));
	EXPECT_EQ(-ENOTCONN, sc_disconnect(self->b, SCARD_DISP_RESET));
}

/* The last handle's state is the handle's: open file, not descriptor, not process. */
TEST_F(sharing, dup_is_the_same_handle)
{
	int twin;

	ASSERT_EQ(0, sc_connect(self->a, SCARD_MODE_SHARED, SC_ANY));
	twin = dup(self->a);
	ASSERT_LE(0, twin);
	EXPECT_EQ(-EISCONN, sc_connect(twin, SCARD_MODE_SHARED, SC_ANY));
	EXPECT_EQ(0, sc_begin(twin));
	EXPECT_EQ(0, sc_begin(self->a));
	EXPECT_EQ(0, sc_end(twin, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, sc_end(self->a, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, sc_disconnect(twin, SCARD_DISP_LEAVE));
	EXPECT_EQ(-ENOTCONN, sc_disconnect(self->a, SCARD_DISP_LEAVE));
}

TEST_HARNESS_MAIN
