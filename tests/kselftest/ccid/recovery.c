// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Errors of bulk and control transfers (URB status, Abort, GetSlotStatus without an answer):
 * SCARD_IOC_TRANSMIT returns an errno of <linux/scard.h>, also during a port reset.
 */
#include <errno.h>
#include <signal.h>

#include "kselftest_harness.h"

#include "agent.h"
#include "sc.h"
#include "usb.h"
#include "vr.h"

#define AT_ONCE_MS	5000

FIXTURE(recovery)
{
	struct agent agent;
};

FIXTURE_SETUP(recovery)
{
	agent_start(&self->agent);
}

FIXTURE_TEARDOWN(recovery)
{
	agent_stop(&self->agent);
}

static void connect_to(struct __test_metadata *_metadata, FIXTURE_DATA(recovery) *self,
		       const char *options)
{
	vr_prepare(options, "iso,t=1");
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_OPEN, 0));
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_CONNECT, SCARD_MODE_SHARED));
}

/* A reset of the port while the reader, which did not even abort, is asked for its state */
TEST_F(recovery, port_reset_in_GetSlotStatus_gets_EIO)
{
	connect_to(_metadata, self, "--profile short");
	vr_do("fault every 1 on XfrBlock babble");
	vr_do("fault every 1 on Abort nak 0");
	vr_do("fault every 1 on GetSlotStatus no-answer");
	EXPECT_EQ(-EIO, agent_do(&self->agent, AGENT_COUNT, 0));
	agent_begin(&self->agent, AGENT_COUNT, 0);
	ASSERT_TRUE(agent_is_blocked(&self->agent));
	EXPECT_EQ(0, usb_port_reset());
	EXPECT_EQ(-EIO, agent_result(&self->agent, AT_ONCE_MS));
	vr_do("fault clear");
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_RECONNECT, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_COUNT, 0));
}

/* The same while a token has not answered a request; it runs again before the reset needs it. */
TEST_F(recovery, port_reset_in_iccd_request_gets_EIO)
{
	pid_t vreader, helper;

	connect_to(_metadata, self, "--profile iccd-b");
	vreader = atoi(strstr(vr_do("info"), "pid=") + 4);
	ASSERT_EQ(0, kill(vreader, SIGSTOP));
	agent_begin(&self->agent, AGENT_COUNT, 0);
	ASSERT_TRUE(agent_is_blocked(&self->agent));
	helper = fork();
	if (!helper) {
		pause_ms(300);
		_exit(kill(vreader, SIGCONT));
	}
	EXPECT_EQ(0, usb_port_reset());
	EXPECT_EQ(-EIO, agent_result(&self->agent, AT_ONCE_MS));
	EXPECT_EQ(helper, waitpid(helper, NULL, 0));
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_RECONNECT, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_COUNT, 0));
}

TEST_HARNESS_MAIN
