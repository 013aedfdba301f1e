// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The freezer: the worker of a slot, which waits for a busy slot (bMaxCCIDBusySlots) of a
 * frozen task, or for a slow card (IccPowerOn), does not keep the system from sleeping. Freezer
 * alone (/sys/power/pm_test), as USB/IP does not support system sleep.
 */
#include <time.h>

#include "kselftest_harness.h"

#include "agent.h"
#include "sc.h"
#include "usb.h"
#include "users.h"
#include "vr.h"

/* How long a call may take to notice, with a debug kernel on a slow machine */
#define AT_ONCE_MS	8000
/* How long the slow card takes, and how long its answer may take to get here */
#define SLOW		APDU_SLEEP("2710")
#define SLOW_MS		30000

/* One command at a time: the first slot's is on the wire, the second's worker waits. */
FIXTURE(slot_worker)
{
	struct agent agent;
	int watch;
};

static unsigned long messages(unsigned int slot, const char *name)
{
	return strtoul(vr_do("count %u %s", slot, name), NULL, 10);
}

static bool becomes(int fd, uint32_t state)
{
	struct scard_status status;
	int i;

	for (i = 0; i < AT_ONCE_MS; i += 10) {
		if (!sc_snapshot(fd, &status) && status.state == state)
			return true;
		pause_ms(10);
	}
	printf("# state %x\n", status.state);
	return false;
}

FIXTURE_SETUP(slot_worker)
{
	int i;

	ASSERT_EQ(0, file_set("/sys/power/pm_test", "freezer"));
	ASSERT_EQ(0, file_set("/sys/module/suspend/parameters/pm_test_delay", "1"));
	vr_prepare("--profile multi4-serial", "iso");
	self->watch = sc_open_slot(1);
	ASSERT_LE(0, self->watch);
	/* that of the test before */
	vr_try("remove 1");
	ASSERT_TRUE(becomes(self->watch, 0));
	agent_start(&self->agent);
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_OPEN, 0));
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_CONNECT, SCARD_MODE_SHARED));
	vr_clear();
	agent_begin_apdu(&self->agent, AGENT_APDU, SLOW);
	for (i = 0; i < AT_ONCE_MS && !messages(0, "XfrBlock"); i += 10)
		pause_ms(10);
	vr_do("insert 1 iso");
	ASSERT_TRUE(becomes(self->watch, SCARD_STATE_BIT_SETTLING));
	EXPECT_EQ(0, messages(1, "IccPowerOn"));
}

FIXTURE_TEARDOWN(slot_worker)
{
	agent_stop(&self->agent);
	close(self->watch);
	EXPECT_EQ(0, file_set("/sys/power/pm_test", "none"));
	vr_prepare("--profile multi4-serial", "iso");
	EXPECT_TRUE(sc_works());
}

/* The card is looked at once it can be. */
TEST_F_TIMEOUT(slot_worker, system_sleeps_while_worker_waits, 120)
{
	EXPECT_EQ(0, file_set("/sys/power/state", "freeze"));
	EXPECT_EQ(0x9000, agent_result(&self->agent, SLOW_MS));
	EXPECT_TRUE(becomes(self->watch, SCARD_STATE_BIT_PRESENT | SCARD_STATE_BIT_POWERED));
	EXPECT_EQ(1, messages(1, "IccPowerOn"));
	/* nor has it kept the place */
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_COUNT, 0));
}

/* It is gone with the reader, also if the place is not given back. */
TEST_F(slot_worker, worker_ends_when_reader_is_unplugged)
{
	struct scard_status status;

	vr_do("unplug");
	EXPECT_EQ(-ENODEV, agent_result(&self->agent, AT_ONCE_MS));
	/* the transfer of the agent fails before the driver hears of the unplug */
	expect_hangup(_metadata, self->watch, AT_ONCE_MS);
	EXPECT_EQ(-ENODEV, sc_snapshot(self->watch, &status));
}

/* The owner of the busy slot is killed: its command is aborted, the worker continues. */
TEST_F(slot_worker, worker_continues_when_owner_is_killed)
{
	agent_kill(&self->agent, SIGKILL);
	EXPECT_TRUE(agent_ended(&self->agent));
	EXPECT_TRUE(becomes(self->watch, SCARD_STATE_BIT_PRESENT | SCARD_STATE_BIT_POWERED));
	agent_start(&self->agent);
}

/* ---- a card that is slow to answer its power-up, or does not ---- */

FIXTURE(slow_power_up)
{
	int watch;
};

FIXTURE_VARIANT(slow_power_up)
{
	const char *fault;
};

FIXTURE_VARIANT_ADD(slow_power_up, late)
{
	.fault = "delay 20000",
};

FIXTURE_VARIANT_ADD(slow_power_up, no_answer)
{
	.fault = "no-answer",
};

FIXTURE_SETUP(slow_power_up)
{
	ASSERT_EQ(0, file_set("/sys/power/pm_test", "freezer"));
	ASSERT_EQ(0, file_set("/sys/module/suspend/parameters/pm_test_delay", "1"));
	vr_prepare("", "iso");
	self->watch = sc_open_slot(0);
	ASSERT_LE(0, self->watch);
	vr_do("remove 0");
	ASSERT_TRUE(becomes(self->watch, 0));
}

FIXTURE_TEARDOWN(slow_power_up)
{
	close(self->watch);
	EXPECT_EQ(0, file_set("/sys/power/pm_test", "none"));
	vr_prepare("", "iso");
	EXPECT_TRUE(sc_works());
}

/* The worker needs up to 15 s for the IccPowerOn; the system does not wait for that. */
TEST_F_TIMEOUT(slow_power_up, does_not_hold_up_system_sleep, 120)
{
	struct timespec before, after;
	int i;

	vr_clear();
	vr_do("fault at 1 on IccPowerOn %s", variant->fault);
	vr_do("insert 0 iso");
	for (i = 0; i < AT_ONCE_MS && !messages(0, "IccPowerOn"); i += 10)
		pause_ms(10);
	clock_gettime(CLOCK_MONOTONIC, &before);
	EXPECT_EQ(0, file_set("/sys/power/state", "freeze"));
	clock_gettime(CLOCK_MONOTONIC, &after);
	EXPECT_GT(AT_ONCE_MS / 1000, after.tv_sec - before.tv_sec);
}

TEST_HARNESS_MAIN
