// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * idle_ms and autosuspend: an unused card is powered off after idle_ms, an unused reader is
 * suspended (power/runtime_status, remote wake-up); SCARD_IOC_CONNECT brings both back.
 */
#include <poll.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "agent.h"
#include "sc.h"
#include "usb.h"
#include "vr.h"

#define IDLE_MS		700
#define PATIENCE_MS	10000
#define CARD		VR_CARD ",hist=6964"
#define OTHER_CARD	VR_CARD ",hist=6F74686572"

static bool goes_off(void)
{
	return !vr_try("wait unpowered 0 %d", PATIENCE_MS);
}

/* As the handle sees it, which may be a moment after the reader. */
static bool becomes(int fd, uint32_t mask, uint32_t value)
{
	struct scard_status status;
	int i;

	for (i = 0; i < PATIENCE_MS; i += 10) {
		if (!sc_snapshot(fd, &status) && (status.state & mask) == value)
			return true;
		pause_ms(10);
	}
	printf("# state %x\n", status.state);
	return false;
}

FIXTURE(idle)
{
	struct scard_status before;
	struct agent agent;
	int fd;
	int watch;
};

FIXTURE_SETUP(idle)
{
	vr_prepare("--profile short", CARD);
	agent_start(&self->agent);
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_OPEN, 0));
	self->fd = sc_open(O_RDWR);
	ASSERT_LE(0, self->fd);
	self->watch = sc_open(O_RDONLY);
	ASSERT_LE(0, self->watch);
	ASSERT_EQ(0, sc_snapshot(self->watch, &self->before));
	ASSERT_TRUE(module_set("idle_ms", IDLE_MS));
}

/* In the parent, so that it is done whatever becomes of the test. */
FIXTURE_TEARDOWN_PARENT(idle)
{
	EXPECT_TRUE(module_set("idle_ms", 0));
}

TEST_F(idle, idle_ms_powers_off_and_connect_powers_on)
{
	struct pollfd pfd = { .fd = self->watch, .events = POLLPRI };
	struct scard_status after;

	ASSERT_EQ(0, sc_connect(self->fd, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0x9000, sc_apdu(self->fd, APDU_VERIFY));
	ASSERT_EQ(0, sc_snapshot(self->watch, &after));
	ASSERT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_LEAVE));
	ASSERT_TRUE(goes_off());
	EXPECT_TRUE(becomes(self->watch, SCARD_STATE_BIT_POWERED, 0));
	EXPECT_STREQ("apdu off", vr_trace());
	/* same card, same ATR and counters */
	EXPECT_EQ(0, poll(&pfd, 1, 0));
	EXPECT_EQ(0, sc_snapshot(self->watch, &after));
	EXPECT_EQ(SCARD_STATE_BIT_PRESENT, after.state);
	EXPECT_EQ(self->before.card_event, after.card_event);
	EXPECT_EQ(self->before.atr_len, after.atr_len);
	EXPECT_EQ(0, memcmp(self->before.atr, after.atr, after.atr_len));

	ASSERT_EQ(0, sc_connect(self->fd, SCARD_MODE_SHARED, SC_ANY));
	EXPECT_EQ(0x63c3, sc_apdu(self->fd, APDU_VERIFIED));
	EXPECT_STREQ("apdu off cold apdu", vr_trace());
	EXPECT_EQ(0, sc_snapshot(self->watch, &after));
	EXPECT_EQ(self->before.card_event, after.card_event);
	EXPECT_EQ(self->before.atr_len, after.atr_len);
}

TEST_F(idle, unused_card_is_powered_off)
{
	struct scard_status status;

	vr_do("remove 0");
	ASSERT_TRUE(becomes(self->watch, SCARD_STATE_BIT_PRESENT, 0));
	vr_clear();
	vr_do("insert 0 " OTHER_CARD);
	ASSERT_EQ(0, vr_try("wait powered 0 %d", PATIENCE_MS));
	ASSERT_TRUE(goes_off());
	EXPECT_EQ(1, vr_count("IccPowerOn"));
	EXPECT_EQ(1, vr_count("IccPowerOff"));
	EXPECT_EQ(0, sc_snapshot(self->watch, &status));
	EXPECT_LT(self->before.atr_len, status.atr_len);
}

/* A reader may tell of a removal and an insertion by one message: "changed, present". */
TEST_F(idle, exchange_without_power_is_noticed)
{
	struct pollfd pfd = { .fd = self->watch, .events = POLLPRI };
	struct scard_status after;

	ASSERT_TRUE(becomes(self->watch, SCARD_STATE_BIT_POWERED, SCARD_STATE_BIT_POWERED));
	ASSERT_EQ(0, sc_connect(self->fd, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_LEAVE));
	ASSERT_TRUE(goes_off());
	ASSERT_TRUE(becomes(self->watch, SCARD_STATE_BIT_POWERED, 0));
	vr_do("swap 0 " OTHER_CARD);
	EXPECT_EQ(1, poll(&pfd, 1, PATIENCE_MS));
	EXPECT_EQ(0, sc_snapshot(self->watch, &after));
	EXPECT_LT(self->before.card_event, after.card_event);
	EXPECT_LT(self->before.atr_len, after.atr_len);

	/* the same card again: looked at, and nothing has changed */
	ASSERT_TRUE(goes_off());
	ASSERT_TRUE(becomes(self->watch, SCARD_STATE_BIT_POWERED, 0));
	EXPECT_EQ(0, sc_snapshot(self->watch, &self->before));
	vr_do("swap 0 " OTHER_CARD);
	ASSERT_EQ(0, vr_try("wait powered 0 %d", PATIENCE_MS));
	EXPECT_TRUE(becomes(self->watch, SCARD_STATE_BIT_POWERED, SCARD_STATE_BIT_POWERED));
	EXPECT_EQ(0, sc_snapshot(self->watch, &after));
	EXPECT_EQ(self->before.card_event, after.card_event);
}

FIXTURE(idle_connected)
{
	int fd;
};

FIXTURE_VARIANT(idle_connected)
{
	uint32_t mode;
};

FIXTURE_VARIANT_ADD(idle_connected, SHARED)
{
	.mode = SCARD_MODE_SHARED,
};

FIXTURE_VARIANT_ADD(idle_connected, EXCLUSIVE)
{
	.mode = SCARD_MODE_EXCLUSIVE,
};

FIXTURE_VARIANT_ADD(idle_connected, DIRECT)
{
	.mode = SCARD_MODE_DIRECT,
};

FIXTURE_SETUP(idle_connected)
{
	vr_prepare("--profile short", CARD);
	self->fd = sc_open_connected(variant->mode);
	ASSERT_LE(0, self->fd);
	ASSERT_TRUE(module_set("idle_ms", IDLE_MS));
}

FIXTURE_TEARDOWN_PARENT(idle_connected)
{
	EXPECT_TRUE(module_set("idle_ms", 0));
}

TEST_F(idle_connected, connected_card_keeps_power)
{
	/* the time runs from the end of another handle */
	int other = sc_open_connected(variant->mode == SCARD_MODE_EXCLUSIVE ?
				      SCARD_MODE_DIRECT : SCARD_MODE_SHARED);

	EXPECT_EQ(variant->mode == SCARD_MODE_EXCLUSIVE, other == -EBUSY);
	if (other >= 0)
		EXPECT_EQ(0, sc_disconnect(other, SCARD_DISP_LEAVE));
	pause_ms(3 * IDLE_MS);
	EXPECT_EQ(0, vr_count("IccPowerOff"));
	EXPECT_EQ(0, vr_count("IccPowerOn"));
	EXPECT_EQ(0, sc_status(self->fd));
	EXPECT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_LEAVE));
	EXPECT_TRUE(goes_off());
}

TEST_F(idle, idle_ms_0_keeps_power)
{
	/* while it counts already */
	ASSERT_EQ(0, sc_connect(self->fd, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_LEAVE));
	ASSERT_TRUE(module_set("idle_ms", 0));
	pause_ms(2 * IDLE_MS);
	EXPECT_STREQ("", vr_trace());
	ASSERT_EQ(0, sc_connect(self->fd, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_LEAVE));
	pause_ms(2 * IDLE_MS);
	EXPECT_STREQ("", vr_trace());
	EXPECT_TRUE(becomes(self->watch, SCARD_STATE_BIT_POWERED, SCARD_STATE_BIT_POWERED));
}

/* CONNECT while the card goes off: it has power afterwards. */
TEST_F_TIMEOUT(idle, connect_races_power_off, 60)
{
	int i;

	ASSERT_TRUE(module_set("idle_ms", 50));
	for (i = 0; i < 40; i++) {
		ASSERT_EQ(0, sc_connect(self->fd, SCARD_MODE_SHARED, SC_ANY));
		ASSERT_EQ(0x9000, sc_apdu(self->fd, APDU_STATE));
		ASSERT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_LEAVE));
		pause_ms(40 + i);
	}
	EXPECT_LT(5, vr_count("IccPowerOff"));
}

/* A process that is killed while it powers the card up leaves no card with power behind. */
TEST_F(idle, killed_connect_leaves_no_power)
{
	struct scard_status after;

	ASSERT_EQ(0, sc_connect(self->fd, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_LEAVE));
	ASSERT_TRUE(goes_off());
	ASSERT_TRUE(becomes(self->watch, SCARD_STATE_BIT_POWERED, 0));
	vr_do("fault on IccPowerOn delay 600");
	ASSERT_TRUE(agent_blocks(&self->agent, AGENT_CONNECT, SCARD_MODE_SHARED));
	ASSERT_EQ(0, vr_try("wait powered 0 %d", PATIENCE_MS));
	agent_kill(&self->agent, SIGKILL);
	ASSERT_TRUE(agent_ended(&self->agent));
	EXPECT_EQ(0, vr_try("wait count IccPowerOff 3 %d", PATIENCE_MS));
	EXPECT_TRUE(becomes(self->watch, ~0U, SCARD_STATE_BIT_PRESENT));
	/* it was known already, by the ATR that it has after a cold reset */
	EXPECT_STREQ("off cold abort off cold off", vr_trace());
	EXPECT_EQ(0, sc_snapshot(self->watch, &after));
	EXPECT_EQ(self->before.card_event, after.card_event);
}

/* A DIRECT handle that has powered the card, though its Reconnect failed, has touched it. */
TEST_F(idle, failed_reconnect_that_powered_card_owes_reset)
{
	ASSERT_EQ(0, sc_connect(self->fd, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_LEAVE));
	ASSERT_TRUE(goes_off());
	ASSERT_TRUE(becomes(self->watch, SCARD_STATE_BIT_POWERED, 0));
	ASSERT_EQ(0, sc_connect(self->fd, SCARD_MODE_DIRECT, 0));
	EXPECT_EQ(-EPROTONOSUPPORT,
		  sc_reconnect(self->fd, SCARD_MODE_SHARED, SCARD_PROTO_T0, SCARD_DISP_LEAVE));
	EXPECT_STREQ("off cold", vr_trace());
	ASSERT_EQ(0, close(self->fd));
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_CONNECT, SCARD_MODE_SHARED));
	EXPECT_STREQ("off cold warm", vr_trace());
}

/* ---- the reader sleeps ---- */

static bool asleep(void)
{
	return usb_is("power/runtime_status", "suspended", PATIENCE_MS);
}

static bool awake(void)
{
	return usb_is("power/runtime_status", "active", PATIENCE_MS);
}

/* All messages that the reader was sent */
static size_t messages(void)
{
	const char *at = vr_do("log");
	size_t n = 0;

	for (; *at; at++)
		n += *at == '\n';
	return n;
}

FIXTURE(autosuspend)
{
	struct agent agent;
	int fd;
	int watch;
};

/* Those of the profile, and: an insertion wakes it */
#define WAKES	"--profile short --desc dwFeatures=0x1200fe"

FIXTURE_SETUP(autosuspend)
{
	vr_prepare(WAKES, CARD);
	ASSERT_EQ(0, usb_set("power/autosuspend_delay_ms", "300"));
	agent_start(&self->agent);
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_OPEN, 0));
	self->fd = sc_open(O_RDWR);
	ASSERT_LE(0, self->fd);
	self->watch = sc_open(O_RDONLY);
	ASSERT_LE(0, self->watch);
	ASSERT_TRUE(module_set("idle_ms", IDLE_MS));
	ASSERT_EQ(0, sc_connect(self->fd, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_LEAVE));
}

FIXTURE_TEARDOWN_PARENT(autosuspend)
{
	EXPECT_TRUE(module_set("idle_ms", 0));
}

/* Open files and poll() do not keep the reader active, nor does the driver itself. */
TEST_F(autosuspend, open_and_poll_keep_reader_suspended)
{
	struct pollfd pfd = { .fd = self->watch, .events = POLLPRI };
	struct scard_status status;

	ASSERT_TRUE(asleep());
	ASSERT_EQ(0, sc_snapshot(self->watch, &status));
	vr_clear();
	EXPECT_EQ(0, poll(&pfd, 1, 3000));
	EXPECT_TRUE(usb_is("power/runtime_status", "suspended", 0));
	EXPECT_EQ(0, messages());
	/* and its state can be asked without waking it */
	EXPECT_EQ(0, sc_snapshot(self->watch, &status));
	EXPECT_EQ(SCARD_STATE_BIT_PRESENT, status.state);
	EXPECT_LT(0, status.atr_len);
	EXPECT_TRUE(usb_is("power/runtime_status", "suspended", 0));
}

TEST_F(autosuspend, connect_keeps_reader_active)
{
	ASSERT_TRUE(asleep());
	ASSERT_EQ(0, sc_connect(self->fd, SCARD_MODE_DIRECT, 0));
	EXPECT_TRUE(awake());
	pause_ms(2 * IDLE_MS);
	EXPECT_TRUE(usb_is("power/runtime_status", "active", 0));
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_CONNECT, SCARD_MODE_SHARED));
	EXPECT_EQ(0x9000, agent_apdu(&self->agent, APDU_STATE));
	ASSERT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_LEAVE));
	pause_ms(2 * IDLE_MS);
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_STATUS, 0));
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_DISCONNECT, SCARD_DISP_LEAVE));
	EXPECT_TRUE(asleep());
	EXPECT_EQ(0, vr_card("powered"));
}

/* A command keeps it awake, also if its handle is disconnected by another thread. */
TEST_F_TIMEOUT(autosuspend, control_keeps_reader_active, 60)
{
	pid_t child;
	int i, ended;

	ASSERT_TRUE(goes_off());
	ASSERT_TRUE(becomes(self->watch, SCARD_STATE_BIT_POWERED, 0));
	ASSERT_EQ(0, sc_connect(self->fd, SCARD_MODE_DIRECT, 0));
	vr_do("fault every 1 on Escape delay 4000");
	child = fork();
	if (!child)
		_exit(-sc_escape(self->fd));
	ASSERT_LT(0, child);
	for (i = 0; i < PATIENCE_MS && !vr_count("Escape"); i += 10)
		pause_ms(10);
	ASSERT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_LEAVE));
	pause_ms(2 * IDLE_MS);
	EXPECT_TRUE(usb_is("power/runtime_status", "active", 0));
	ASSERT_EQ(child, waitpid(child, &ended, 0));
	EXPECT_EQ(0, WIFEXITED(ended) ? WEXITSTATUS(ended) : -1);
	EXPECT_EQ(1, vr_count("Escape"));
	EXPECT_TRUE(asleep());
	vr_do("fault clear");
}

/* So does a call of several commands: the second would wait for ever for it to wake up. */
TEST_F_TIMEOUT(autosuspend, reconnect_keeps_reader_active, 60)
{
	pid_t child;
	int i, ended;

	ASSERT_TRUE(goes_off());
	ASSERT_TRUE(becomes(self->watch, SCARD_STATE_BIT_POWERED, 0));
	ASSERT_EQ(0, sc_connect(self->fd, SCARD_MODE_DIRECT, 0));
	vr_clear();
	vr_do("fault on IccPowerOn delay 3000");
	child = fork();
	if (!child)
		_exit(-sc_reconnect(self->fd, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_LEAVE));
	ASSERT_LT(0, child);
	for (i = 0; i < PATIENCE_MS && !vr_count("IccPowerOn"); i += 10)
		pause_ms(10);
	ASSERT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_LEAVE));
	pause_ms(2 * IDLE_MS);
	EXPECT_TRUE(usb_is("power/runtime_status", "active", 0));
	for (i = 0; i < PATIENCE_MS && !waitpid(child, &ended, WNOHANG); i += 10)
		pause_ms(10);
	ASSERT_GT(PATIENCE_MS, i) {
		kill(child, SIGKILL);
	}
	EXPECT_EQ(ENOTCONN, WIFEXITED(ended) ? WEXITSTATUS(ended) : -1);
	EXPECT_EQ(1, vr_count("IccPowerOn"));
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_CONNECT, SCARD_MODE_SHARED));
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_DISCONNECT, SCARD_DISP_LEAVE));
	EXPECT_TRUE(asleep());
}

/* A process that is killed leaves a card that has to be reset, then off, then asleep. */
TEST_F(autosuspend, killed_process_reset_then_suspend)
{
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_CONNECT, SCARD_MODE_SHARED));
	vr_clear();
	agent_kill(&self->agent, SIGKILL);
	ASSERT_TRUE(agent_ended(&self->agent));
	EXPECT_TRUE(asleep());
	EXPECT_STREQ("warm off", vr_trace());
}

TEST_F(autosuspend, removal_and_insertion_wake_reader)
{
	struct pollfd pfd = { .fd = self->watch, .events = POLLPRI };
	struct scard_status before, status;

	ASSERT_TRUE(asleep());
	ASSERT_EQ(0, sc_snapshot(self->watch, &before));
	vr_do("remove 0");
	EXPECT_EQ(1, poll(&pfd, 1, PATIENCE_MS));
	ASSERT_TRUE(becomes(self->watch, SCARD_STATE_BIT_PRESENT | SCARD_STATE_BIT_SETTLING, 0));
	ASSERT_TRUE(asleep());
	ASSERT_EQ(0, sc_snapshot(self->watch, &status));
	EXPECT_EQ(before.card_event + 1, status.card_event);
	vr_clear();
	vr_do("insert 0 " OTHER_CARD);
	EXPECT_EQ(1, poll(&pfd, 1, PATIENCE_MS));
	ASSERT_TRUE(becomes(self->watch, SCARD_STATE_BIT_PRESENT | SCARD_STATE_BIT_SETTLING,
			    SCARD_STATE_BIT_PRESENT));
	ASSERT_TRUE(asleep());
	ASSERT_EQ(0, sc_snapshot(self->watch, &status));
	EXPECT_EQ(before.card_event + 2, status.card_event);
	EXPECT_LT(before.atr_len, status.atr_len);
	EXPECT_EQ(1, vr_count("IccPowerOn"));
	EXPECT_EQ(1, vr_count("IccPowerOff"));
}

/* A refused power-off is tried again, also if the reader has fallen asleep, and calls go on. */
TEST_F_TIMEOUT(autosuspend, retry_of_refused_power_off_wakes_reader, 60)
{
	ASSERT_TRUE(asleep());
	vr_do("fault from 1 on IccPowerOff error f0");
	ASSERT_EQ(0, sc_connect(self->fd, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, vr_try("wait count IccPowerOff 1 5000"));
	vr_do("fault from 1 on IccPowerOn error f0");
	/* after 1, 2, 4 s: each begins with GetSlotStatus */
	ASSERT_TRUE(asleep());
	vr_clear();
	EXPECT_EQ(0, vr_try("wait count GetSlotStatus 1 20000"));
	ASSERT_TRUE(asleep());
	vr_do("fault clear");
	vr_clear();
	EXPECT_EQ(0, vr_try("wait count IccPowerOn 1 20000"));
	agent_begin(&self->agent, AGENT_CONNECT, SCARD_MODE_SHARED);
	EXPECT_EQ(0, agent_result(&self->agent, PATIENCE_MS));
}

/* usbcore asks a device that wakes up for its status for 5 s. Its caller can be killed. */
TEST_F_TIMEOUT(autosuspend, caller_of_a_reader_that_does_not_wake_up_is_killed, 60)
{
	pid_t vreader = atoi(strstr(vr_do("info"), "pid=") + 4);

	ASSERT_TRUE(asleep());
	ASSERT_EQ(0, kill(vreader, SIGSTOP));
	agent_begin(&self->agent, AGENT_CONNECT, SCARD_MODE_SHARED);
	ASSERT_TRUE(agent_is_blocked(&self->agent));
	agent_kill(&self->agent, SIGKILL);
	EXPECT_TRUE(agent_ended(&self->agent));
	ASSERT_EQ(0, kill(vreader, SIGCONT));
	EXPECT_EQ(0, sc_connect(self->fd, SCARD_MODE_SHARED, SC_ANY));
	EXPECT_EQ(0x9000, sc_apdu(self->fd, APDU_STATE));
}

/* A reader that cannot wake us would not tell of an insertion. */
TEST_F(autosuspend, no_autosuspend_without_remote_wakeup)
{
	vr_prepare(WAKES " --remote-wakeup 0", CARD);
	EXPECT_EQ(0, usb_set("power/autosuspend_delay_ms", "300"));
	EXPECT_TRUE(usb_is("power/control", "on", 0));
	/* nor if the administrator wishes */
	EXPECT_EQ(0, usb_set("power/control", "auto"));
	pause_ms(3 * IDLE_MS);
	EXPECT_TRUE(usb_is("power/runtime_status", "active", 0));
}

/* Remote wake-up may be for something else; dwFeatures tells. */
TEST(no_autosuspend_unless_insertion_wakes_reader)
{
	vr_prepare("--profile short", CARD);
	EXPECT_TRUE(usb_is("power/control", "on", 0));
	vr_prepare(WAKES, CARD);
	EXPECT_TRUE(usb_is("power/control", "auto", 0));
	/* the next driver decides for itself */
	EXPECT_EQ(0, usb_bind(false));
	EXPECT_TRUE(usb_is("power/control", "on", 0));
	EXPECT_EQ(0, usb_bind(true));
	EXPECT_TRUE(usb_is("power/control", "auto", 0));
}

/* A connected handle keeps the reader awake until the driver is unbound, not under the next one. */
TEST_F(autosuspend, unbind_of_a_reader_in_use_lets_it_sleep_later)
{
	ASSERT_EQ(0, sc_connect(self->fd, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0, usb_bind(false));
	ASSERT_EQ(0, close(self->fd));
	ASSERT_EQ(0, usb_bind(true));
	self->fd = sc_open(O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, sc_connect(self->fd, SCARD_MODE_SHARED, SC_ANY));
	EXPECT_EQ(0x63c3, sc_apdu(self->fd, APDU_VERIFIED));
	ASSERT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_LEAVE));
	EXPECT_TRUE(asleep());
}

/* The administrator lets a reader sleep that does not tell of an insertion: CONNECT looks first. */
TEST_F(autosuspend, connect_finds_card_that_came_unnoticed)
{
	vr_prepare("--profile short --remote-wakeup 2", CARD);
	vr_do("remove 0");
	ASSERT_EQ(0, usb_set("power/autosuspend_delay_ms", "300"));
	ASSERT_EQ(0, usb_set("power/control", "auto"));
	ASSERT_TRUE(asleep());
	vr_do("insert 0 " CARD);
	pause_ms(IDLE_MS);
	ASSERT_TRUE(asleep());
	EXPECT_LE(0, sc_open_connected(SCARD_MODE_SHARED));
}

/* A reader that loses the first message after its sleep, as after plug-in, and knows no abort */
TEST_F_TIMEOUT(autosuspend, card_is_found_though_the_first_message_was_lost, 60)
{
	struct scard_status status = { 0 };
	int fd, i;

	vr_prepare("--profile short --remote-wakeup 2", CARD);
	vr_do("remove 0");
	fd = sc_open(O_RDONLY);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, usb_set("power/autosuspend_delay_ms", "300"));
	ASSERT_EQ(0, usb_set("power/control", "auto"));
	ASSERT_TRUE(asleep());
	vr_do("insert 0 " CARD);
	vr_do("fault at 1 on GetSlotStatus no-answer");
	vr_do("fault at 1 on Abort nak 0");
	ASSERT_EQ(0, usb_set("power/control", "on"));
	for (i = 0; i < 20000 && !(status.state & SCARD_STATE_BIT_PRESENT); i += 100) {
		pause_ms(100);
		ASSERT_EQ(0, sc_snapshot(fd, &status));
	}
	EXPECT_NE(0, status.state & SCARD_STATE_BIT_PRESENT);
}

TEST_HARNESS_MAIN
