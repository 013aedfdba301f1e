// SPDX-License-Identifier: GPL-2.0-or-later
/* transaction_ms, the watchdog: a transaction that is idle for longer ends with a reset. */
#include "kselftest_harness.h"

#include "agent.h"
#include "sc.h"
#include "usb.h"
#include "users.h"
#include "vr.h"

#define LIMIT_MS	1500

static bool set_limit(unsigned int ms)
{
	return module_set("transaction_ms", ms);
}

FIXTURE(transaction_ms)
{
	int owner;
	int watch;
	struct agent agent;
};

FIXTURE_SETUP(transaction_ms)
{
	vr_prepare("--profile short", VR_CARD);
	ASSERT_TRUE(set_limit(LIMIT_MS));
	agent_start(&self->agent);
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_OPEN, 0));
	self->owner = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, self->owner);
	self->watch = sc_open(O_RDONLY);
	ASSERT_LE(0, self->watch);
	vr_clear();
}

/* In the parent, so that it is done whatever becomes of the test; the agent dies with it. */
FIXTURE_TEARDOWN_PARENT(transaction_ms)
{
	EXPECT_TRUE(set_limit(0));
}

static bool in_transaction(int watch)
{
	struct scard_status status;

	return !sc_snapshot(watch, &status) && status.state & SCARD_STATE_BIT_TRANSACTION;
}

TEST_F(transaction_ms, idle_transaction_ends_with_reset)
{
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_CONNECT, SCARD_MODE_SHARED));
	ASSERT_EQ(0x9000, sc_apdu(self->owner, APDU_VERIFY));
	ASSERT_EQ(0, sc_begin(self->owner));
	ASSERT_EQ(0, sc_begin(self->owner));
	vr_clear();
	/* the waiter gets ESTALE, not before the limit */
	ASSERT_TRUE(agent_blocks(&self->agent, AGENT_BEGIN, 0));
	EXPECT_EQ(AGENT_RUNNING, agent_result(&self->agent, LIMIT_MS / 2));
	EXPECT_EQ(-ESTALE, agent_result(&self->agent, 10000));
	EXPECT_FALSE(in_transaction(self->watch));
	expect_gated(_metadata, self->owner, -ESTALE);
	EXPECT_EQ(0, sc_reconnect(self->owner, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_LEAVE));
	EXPECT_EQ(-ENOLCK, sc_end(self->owner, SCARD_DISP_LEAVE));
	EXPECT_EQ(0x63c3, sc_apdu(self->owner, APDU_VERIFIED));
	EXPECT_STREQ("warm apdu", vr_trace());
}

TEST_F(transaction_ms, waiting_CONNECT_succeeds)
{
	ASSERT_EQ(0, sc_begin(self->owner));
	ASSERT_TRUE(agent_blocks(&self->agent, AGENT_CONNECT, SCARD_MODE_SHARED));
	EXPECT_EQ(0, agent_result(&self->agent, 10000));
	EXPECT_STREQ("warm", vr_trace());
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_STATUS, 0));
}

/* Setting or shortening the limit applies to a transaction that is already idle. */
TEST_F(transaction_ms, change_applies_to_running_transaction)
{
	static const unsigned int before[] = { 0, 600000 };
	size_t i;

	ASSERT_EQ(0, agent_do(&self->agent, AGENT_CONNECT, SCARD_MODE_SHARED));
	for (i = 0; i < 2; i++) {
		ASSERT_TRUE(set_limit(before[i]));
		ASSERT_EQ(0, sc_begin(self->owner));
		ASSERT_TRUE(set_limit(LIMIT_MS));
		ASSERT_TRUE(agent_blocks(&self->agent, AGENT_BEGIN, 0));
		EXPECT_EQ(-ESTALE, agent_result(&self->agent, 10000));
		EXPECT_FALSE(in_transaction(self->watch));
		ASSERT_EQ(0, sc_reconnect(self->owner, SCARD_MODE_SHARED, SC_ANY,
					  SCARD_DISP_LEAVE));
		ASSERT_EQ(0, agent_do(&self->agent, AGENT_RECONNECT, SCARD_DISP_LEAVE));
	}
	EXPECT_STREQ("warm warm", vr_trace());
}

/* Each call of the owner restarts the limit. */
TEST_F(transaction_ms, calls_restart_the_limit)
{
	int i;

	ASSERT_EQ(0, sc_begin(self->owner));
	for (i = 0; i < 2 * 4; i++) {
		pause_ms(LIMIT_MS / 4);
		EXPECT_EQ(0x9000, sc_apdu(self->owner, APDU_STATE));
	}
	EXPECT_TRUE(in_transaction(self->watch));
	EXPECT_EQ(0, sc_end(self->owner, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, vr_count("IccPowerOn"));
}

/* The time of the next owner begins with its turn, also if it waited before. */
TEST_F(transaction_ms, limit_begins_with_the_grant)
{
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_CONNECT, SCARD_MODE_SHARED));
	ASSERT_EQ(0, sc_begin(self->owner));
	ASSERT_TRUE(agent_blocks(&self->agent, AGENT_BEGIN, 0));
	pause_ms(LIMIT_MS / 2);
	ASSERT_EQ(0, sc_end(self->owner, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, agent_result(&self->agent, 10000));
	pause_ms(LIMIT_MS * 3 / 4);
	EXPECT_TRUE(in_transaction(self->watch));
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_COUNT, 0));
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_END, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, vr_count("IccPowerOn"));
}

/* A card that works is not idle, however long it takes. */
TEST_F(transaction_ms, long_command_is_not_idle)
{
	ASSERT_EQ(0, sc_begin(self->owner));
	EXPECT_EQ(0x9000, sc_apdu(self->owner, APDU_SLEEP("0BB8")));
	EXPECT_TRUE(in_transaction(self->watch));
	EXPECT_EQ(0, sc_end(self->owner, SCARD_DISP_LEAVE));
	EXPECT_STREQ("apdu", vr_trace());
}

/* EXCLUSIVE is no transaction. */
TEST_F(transaction_ms, EXCLUSIVE_is_not_ended)
{
	ASSERT_EQ(0, sc_disconnect(self->owner, SCARD_DISP_LEAVE));
	ASSERT_EQ(0, sc_connect(self->owner, SCARD_MODE_EXCLUSIVE, SC_ANY));
	pause_ms(2 * LIMIT_MS);
	EXPECT_EQ(0, sc_status(self->owner));
	EXPECT_STREQ("", vr_trace());
}

/* The reset that ends the transaction includes the pending one of a dead handle. */
TEST_F(transaction_ms, pending_reset_is_done_once)
{
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_CONNECT, SCARD_MODE_SHARED));
	ASSERT_EQ(0, sc_begin(self->owner));
	agent_kill(&self->agent, SIGKILL);
	ASSERT_TRUE(agent_ended(&self->agent));
	EXPECT_STREQ("", vr_trace());
	agent_start(&self->agent);
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_OPEN, 0));
	ASSERT_TRUE(agent_blocks(&self->agent, AGENT_CONNECT, SCARD_MODE_SHARED));
	EXPECT_EQ(0, agent_result(&self->agent, 10000));
	EXPECT_STREQ("warm", vr_trace());
	EXPECT_EQ(-ESTALE, sc_status(self->owner));
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_STATUS, 0));
}

TEST_F(transaction_ms, zero_is_the_default_and_ends_nothing)
{
	ASSERT_TRUE(set_limit(0));
	ASSERT_EQ(0, sc_begin(self->owner));
	pause_ms(2 * LIMIT_MS);
	EXPECT_TRUE(in_transaction(self->watch));
	EXPECT_EQ(0, sc_end(self->owner, SCARD_DISP_LEAVE));
	EXPECT_STREQ("", vr_trace());
}

TEST_HARNESS_MAIN
