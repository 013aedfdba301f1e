// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Errors of bulk and control transfers (URB status, Abort, GetSlotStatus without an answer):
 * SCARD_IOC_TRANSMIT returns an errno of <linux/scard.h>, also during a port reset. One recovery
 * serves all slots (bMaxCCIDBusySlots); bError CMD_SLOT_BUSY is answered by an abort.
 */
#include <errno.h>
#include <signal.h>
#include <sys/klog.h>

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

/* From the next APDU on it answers nothing, and takes no abort. */
static void connect_to_silent(struct __test_metadata *_metadata, FIXTURE_DATA(recovery) *self)
{
	connect_to(_metadata, self, "--profile short");
	vr_do("fault every 1 on XfrBlock babble");
	vr_do("fault every 1 on Abort nak 0");
	vr_do("fault every 1 on GetSlotStatus no-answer");
}

/* How often the kernel has reset the port */
static int port_resets(void)
{
	static char log[1 << 20];
	int len = klogctl(3 /* SYSLOG_ACTION_READ_ALL */, log, sizeof(log) - 1), n = 0;
	char *at = log;

	log[len < 0 ? 0 : len] = 0;
	while ((at = strstr(at, "-speed USB device"))) {
		n += !strncmp(at - 10, "reset ", 6) || !strncmp(at - 11, "reset ", 6) ||
		     !strncmp(at - 9, "reset ", 6);
		at++;
	}
	return n;
}

/*
 * A reset of the port while the reader, which did not even abort, is asked for its state, or while
 * that is aborted. The driver asks for no other reset.
 */
static void port_reset_after(struct __test_metadata *_metadata, FIXTURE_DATA(recovery) *self,
			     long ms)
{
	int resets;

	connect_to_silent(_metadata, self);
	EXPECT_EQ(-EIO, agent_do(&self->agent, AGENT_COUNT, 0));
	resets = port_resets();
	agent_begin(&self->agent, AGENT_COUNT, 0);
	ASSERT_TRUE(agent_is_blocked(&self->agent));
	pause_ms(ms);
	EXPECT_EQ(0, usb_port_reset());
	EXPECT_EQ(-EIO, agent_result(&self->agent, AT_ONCE_MS));
	vr_do("fault clear");
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_RECONNECT, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_COUNT, 0));
	pause_ms(500);
	EXPECT_EQ(resets + 1, port_resets());
}

TEST_F(recovery, port_reset_in_GetSlotStatus_gets_EIO)
{
	port_reset_after(_metadata, self, 0);
}

TEST_F(recovery, port_reset_in_abort_gets_EIO)
{
	port_reset_after(_metadata, self, 1500);
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

/* bError CMD_SLOT_BUSY: the reader has not executed the command; abort, then the same again */
TEST_F(recovery, slot_busy_is_aborted_and_the_command_repeated)
{
	connect_to(_metadata, self, "--profile short");
	vr_clear();
	vr_do("fault at 1 on XfrBlock error e0");
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_COUNT, 0));
	EXPECT_EQ(2, strtoul(vr_do("count 0 XfrBlock"), NULL, 10));
	EXPECT_EQ(1, strtoul(vr_do("count 0 Abort"), NULL, 10));
	/* not without end */
	vr_do("fault every 1 on XfrBlock error e0");
	EXPECT_EQ(-EIO, agent_do(&self->agent, AGENT_COUNT, 0));
	vr_do("fault clear");
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_RECONNECT, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_COUNT, 0));
}

/* A reader that does not come back by an abort has its port reset, once a minute. */
TEST_F_TIMEOUT(recovery, port_is_reset_as_the_last_means, 60)
{
	int before = port_resets(), i;

	connect_to_silent(_metadata, self);
	for (i = 0; i < 3; i++)
		EXPECT_GT(0, agent_do(&self->agent, AGENT_COUNT, 0));
	for (i = 0; i < AT_ONCE_MS && port_resets() == before; i += 100)
		pause_ms(100);
	EXPECT_EQ(before + 1, port_resets());
	/* The log names a reset at its beginning; sysfs waits for its end. */
	EXPECT_TRUE(usb_is("bConfigurationValue", "1", AT_ONCE_MS));
	vr_do("fault clear");
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_RECONNECT, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_COUNT, 0));
}

static int result_of(struct agent *agent, int call, long value, int ms)
{
	agent_begin(agent, call, value);
	return agent_result(agent, ms);
}

/* Each command takes seconds to fail: CONNECT sends few, and waits for few of the worker. */
TEST_F_TIMEOUT(recovery, connect_to_a_silent_reader_ends_soon, 120)
{
	/* one whose port was not reset of late */
	vr_stop();
	connect_to_silent(_metadata, self);
	EXPECT_EQ(-EIO, result_of(&self->agent, AGENT_COUNT, 0, 20000));
	EXPECT_EQ(-EREMOTEIO,
		  result_of(&self->agent, AGENT_DISCONNECT, SCARD_DISP_RESET, 30000));
	EXPECT_EQ(-EREMOTEIO,
		  result_of(&self->agent, AGENT_CONNECT, SCARD_MODE_SHARED, 25000));
	vr_do("fault clear");
	EXPECT_EQ(0, result_of(&self->agent, AGENT_CONNECT, SCARD_MODE_SHARED, 30000));
}

/* The request has reached the reader, the message has not: it refuses all commands until then. */
TEST_F(recovery, half_an_abort_is_made_whole)
{
	connect_to(_metadata, self, "--profile short");
	vr_do("fault at 1 on XfrBlock babble");
	vr_do("fault at 1 on Abort nak 0");
	EXPECT_EQ(-EIO, agent_do(&self->agent, AGENT_COUNT, 0));
	vr_do("fault clear");
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_COUNT, 0));
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_COUNT, 0));
}

/*
 * Nor does the message come then: the port is reset after so many more commands that are refused,
 * and one that fails in seconds.
 */
static void half_an_abort_stays(struct __test_metadata *_metadata, FIXTURE_DATA(recovery) *self,
				const char *fault, int more)
{
	int before, i;

	/* a reader whose port was not reset in the last minute */
	vr_stop();
	connect_to(_metadata, self, "--profile short");
	before = port_resets();
	vr_do("fault at 1 on XfrBlock babble");
	vr_do("fault every 1 on Abort %s", fault);
	EXPECT_EQ(-EIO, agent_do(&self->agent, AGENT_COUNT, 0));
	for (i = 0; i < more; i++)
		EXPECT_EQ(-EIO, agent_do(&self->agent, AGENT_COUNT, 0));
	EXPECT_GT(0, result_of(&self->agent, AGENT_COUNT, 0, 10000));
	for (i = 0; i < AT_ONCE_MS && port_resets() == before; i += 100)
		pause_ms(100);
	EXPECT_EQ(before + 1, port_resets());
	vr_do("fault clear");
	EXPECT_TRUE(usb_is("bConfigurationValue", "1", AT_ONCE_MS));
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_RECONNECT, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_COUNT, 0));
}

TEST_F(recovery, half_an_abort_that_stays_half_fails_soon)
{
	half_an_abort_stays(_metadata, self, "nak 0", 0);
}

/* A stall may say that it knows no abort: it is told by what it answers then. */
TEST_F(recovery, half_an_abort_that_is_stalled_fails_soon)
{
	half_an_abort_stays(_metadata, self, "stall-out", 1);
}

/* Of a slot, while another one finds that the reader works */
TEST_F(recovery, half_an_abort_of_a_slot_is_made_whole)
{
	struct agent other;

	connect_to(_metadata, self, "--profile multi4 --card 1:iso");
	agent_start(&other);
	EXPECT_EQ(0, agent_do(&other, AGENT_OPEN, 1));
	EXPECT_EQ(0, agent_do(&other, AGENT_CONNECT, SCARD_MODE_SHARED));
	vr_do("fault at 1 on XfrBlock babble");
	vr_do("fault at 1 on Abort nak 0");
	EXPECT_EQ(-EIO, agent_do(&self->agent, AGENT_COUNT, 0));
	EXPECT_EQ(0, agent_do(&other, AGENT_COUNT, 0));
	EXPECT_EQ(-EIO, agent_do(&self->agent, AGENT_COUNT, 0));
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_COUNT, 0));
	/* a reset by CONNECT does not wait for a command that fails */
	vr_do("fault at 1 on XfrBlock babble");
	vr_do("fault at 1 on Abort nak 0");
	EXPECT_EQ(-EIO, agent_do(&self->agent, AGENT_COUNT, 0));
	EXPECT_EQ(0, agent_do(&other, AGENT_COUNT, 0));
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_RECONNECT, SCARD_DISP_RESET));
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_COUNT, 0));
	agent_stop(&other);
}

/* One stall of an abort is not the end of it, nor are several, each made good. */
TEST_F(recovery, stalled_abort_that_is_made_good_keeps_the_port)
{
	int before, i;

	vr_stop();
	connect_to(_metadata, self, "--profile short");
	before = port_resets();
	for (i = 0; i < 3; i++) {
		vr_do("fault at 1 on XfrBlock babble");
		vr_do("fault at 1 on Abort stall-out");
		EXPECT_EQ(-EIO, agent_do(&self->agent, AGENT_COUNT, 0));
		/* refused, as it is in the middle of the abort */
		EXPECT_EQ(-EIO, agent_do(&self->agent, AGENT_COUNT, 0));
		EXPECT_EQ(0, agent_do(&self->agent, AGENT_COUNT, 0));
	}
	EXPECT_EQ(before, port_resets());
}

/* Some readers use the bError of an aborted command for other failures, and know no abort. */
TEST_F(recovery, command_that_the_reader_calls_aborted_is_not_aborted)
{
	connect_to(_metadata, self, "--profile short");
	vr_clear();
	vr_do("fault at 1 on XfrBlock error ff");
	EXPECT_EQ(-EIO, agent_do(&self->agent, AGENT_COUNT, 0));
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_COUNT, 0));
	EXPECT_EQ(0, vr_count("Abort"));
}

/* The driver powers the card off before it leaves the reader, which costs no more than that. */
TEST_F_TIMEOUT(recovery, half_an_abort_does_not_hold_up_unbind, 20)
{
	connect_to(_metadata, self, "--profile short");
	vr_do("fault at 1 on XfrBlock babble");
	vr_do("fault every 1 on Abort nak 0");
	EXPECT_EQ(-EIO, agent_do(&self->agent, AGENT_COUNT, 0));
	EXPECT_EQ(0, usb_bind(false));
	vr_do("fault clear");
	EXPECT_EQ(0, usb_bind(true));
}

/* That the reader refuses an abort as busy does not say that it has not executed the command. */
TEST_F(recovery, command_before_a_refused_abort_is_not_repeated)
{
	connect_to(_metadata, self, "--profile short");
	vr_clear();
	vr_do("fault at 1 on XfrBlock babble");
	vr_do("fault at 1 on Abort error e0");
	EXPECT_EQ(-EIO, agent_do(&self->agent, AGENT_COUNT, 0));
	vr_do("fault clear");
	EXPECT_EQ(1, vr_count("XfrBlock"));
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_COUNT, 0));
}

/* ---- several slots, one pair of pipes ---- */

FIXTURE(shared_pipes)
{
	struct agent slot[3];
};

FIXTURE_VARIANT(shared_pipes)
{
	const char *fault;
};

FIXTURE_VARIANT_ADD(shared_pipes, stall)
{
	.fault = "stall",
};

FIXTURE_VARIANT_ADD(shared_pipes, babble)
{
	.fault = "babble",
};

FIXTURE_VARIANT_ADD(shared_pipes, stall_out)
{
	.fault = "stall-out",
};

FIXTURE_SETUP(shared_pipes)
{
	unsigned int i;

	vr_prepare("--profile multi4 --card 1:iso --card 2:iso --card 3:iso", "iso");
	for (i = 0; i < 3; i++) {
		agent_start(&self->slot[i]);
		ASSERT_EQ(0, agent_do(&self->slot[i], AGENT_OPEN, i));
		ASSERT_EQ(0, agent_do(&self->slot[i], AGENT_CONNECT, SCARD_MODE_SHARED));
	}
}

FIXTURE_TEARDOWN(shared_pipes)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		agent_stop(&self->slot[i]);
}

/* The command of slot 1 fails while those of 0 and 2 are on the wire: no slot waits for long. */
TEST_F_TIMEOUT(shared_pipes, one_recovery_serves_all_slots, 60)
{
	int i, ret;

	vr_clear();
	agent_begin_apdu(&self->slot[0], AGENT_APDU, APDU_SLEEP("1770"));
	agent_begin_apdu(&self->slot[2], AGENT_APDU, APDU_SLEEP("1770"));
	for (i = 0; i < AT_ONCE_MS; i += 10) {
		if (strtoul(vr_do("count 0 XfrBlock"), NULL, 10) &&
		    strtoul(vr_do("count 2 XfrBlock"), NULL, 10))
			break;
		pause_ms(10);
	}
	vr_do("fault at 1 on XfrBlock %s", variant->fault);
	EXPECT_EQ(-EIO, agent_do(&self->slot[1], AGENT_COUNT, 0));
	for (i = 0; i < 3; i += 2) {
		ret = agent_result(&self->slot[i], AT_ONCE_MS);
		EXPECT_TRUE(ret == -EIO || ret == 0x9000);
	}
	/* every slot works again, without SCardReconnect */
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, agent_do(&self->slot[i], AGENT_COUNT, 0));
}

TEST_HARNESS_MAIN
