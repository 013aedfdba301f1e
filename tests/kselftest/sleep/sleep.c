// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * System sleep (/sys/power/state): connected handles see one reset (SCARD_IOC_GET_STATUS,
 * EIDRM or ESTALE), no call hangs, no APDU is sent twice, no card has power while the system
 * sleeps. Runs with QEMU's reader, which may lose its power, and the card of card.py.
 */
#include <stdio.h>
#include <sys/klog.h>

#include "kselftest_harness.h"

#include "../../demo/usbmon.h"
#include "agent.h"
#include "sc.h"
#include "usb.h"
#include "users.h"

/* How long a call may take to notice, with a debug kernel on a slow machine */
#define AT_ONCE_MS	8000

FIXTURE(system_sleep)
{
	struct users u;
};

/* How deep: /sys/power/pm_test wakes the system up after a second, on the way down. */
FIXTURE_VARIANT(system_sleep)
{
	const char *state;
	const char *until;
};

FIXTURE_VARIANT_ADD(system_sleep, to_idle)
{
	.state = "freeze",
	.until = "devices",
};

FIXTURE_VARIANT_ADD(system_sleep, to_ram)
{
	.state = "mem",
	.until = "core",
};

/* How often the kernel says that it did this to a USB device */
static int logged(const char *what)
{
	static char log[1 << 20];
	int len = klogctl(3 /* SYSLOG_ACTION_READ_ALL */, log, sizeof(log) - 1), n = 0;
	char *at = log;

	log[len < 0 ? 0 : len] = 0;
	while ((at = strstr(at, what))) {
		at++;
		n++;
	}
	return n;
}

#define PORT_RESETS	": reset full-speed USB device"

static void sleep_now(struct __test_metadata *_metadata,
		      const FIXTURE_VARIANT(system_sleep) *variant)
{
	int resets = logged(PORT_RESETS);

	ASSERT_EQ(0, file_set("/sys/power/pm_test", variant->until));
	ASSERT_EQ(0, file_set("/sys/power/state", variant->state));
	/* QEMU's host controller forgets its devices, however deep the sleep */
	EXPECT_EQ(resets + 1, logged(PORT_RESETS));
}

FIXTURE_SETUP(system_sleep)
{
	struct scard_status status;
	struct scard_info info;

	ASSERT_EQ(0, file_set("/sys/module/suspend/parameters/pm_test_delay", "1"));
	ASSERT_TRUE(module_set("idle_ms", 0));
	users_open(_metadata, &self->u);
	ASSERT_TRUE(sc_settled(self->u.watch, &status, AT_ONCE_MS));
	ASSERT_EQ(0, sc_info(self->u.watch, &info));
	ASSERT_TRUE(usbmon_open(info.bus, info.device));
	users_connect(_metadata, &self->u);
	ASSERT_TRUE(sc_settled(self->u.watch, &status, AT_ONCE_MS));
	usbmon_clear();
}

FIXTURE_TEARDOWN(system_sleep)
{
	int fd;

	users_close(&self->u);
	fd = sc_open_connected(SCARD_MODE_SHARED);
	EXPECT_LE(0, fd);
	EXPECT_LE(0, sc_count(fd));
	EXPECT_EQ(0, sc_disconnect(fd, SCARD_DISP_LEAVE));
	close(fd);
}

TEST_F_TIMEOUT(system_sleep, connected_handles_see_one_reset, 60)
{
	struct pollfd pfd = { .fd = self->u.watch, .events = POLLPRI };
	struct scard_status before;

	ASSERT_EQ(0, sc_snapshot(self->u.watch, &before));
	ASSERT_EQ(0, poll(&pfd, 1, 0));
	sleep_now(_metadata, variant);
	EXPECT_EQ(1, poll(&pfd, 1, AT_ONCE_MS));
	EXPECT_EQ(POLLPRI, pfd.revents);
	expect_one_reset(_metadata, &self->u, &before, AT_ONCE_MS);
	EXPECT_STREQ("IccPowerOff IccPowerOn", usbmon_print("# "));
}

/*
 * A card that takes longer than tasks may take to freeze (20 s) does not keep the system
 * awake. Its command has been sent: it ends with an error, and is not sent again.
 */
TEST_F_TIMEOUT(system_sleep, transmit_gets_EIO_and_is_not_repeated, 120)
{
	struct scard_status before;
	long count = sc_count(self->u.fd);

	ASSERT_LE(0, count);
	ASSERT_EQ(0, sc_snapshot(self->u.watch, &before));
	agent_begin_apdu(&self->u.agent, AGENT_APDU, APDU_SLEEP("7530"));
	ASSERT_TRUE(agent_is_blocked(&self->u.agent));
	sleep_now(_metadata, variant);
	EXPECT_EQ(-EIO, agent_result(&self->u.agent, AT_ONCE_MS));
	expect_one_reset(_metadata, &self->u, &before, AT_ONCE_MS);
	/* that of expect_one_reset() failed with ESTALE */
	EXPECT_EQ(count + 2, sc_count(self->u.fd));
}

TEST_F_TIMEOUT(system_sleep, transaction_and_waiter_get_ESTALE, 60)
{
	struct scard_status before;

	ASSERT_EQ(0, agent_do(&self->u.agent, AGENT_BEGIN, 0));
	ASSERT_TRUE(agent_blocks(&self->u.waiter, AGENT_BEGIN, 0));
	ASSERT_EQ(0, sc_snapshot(self->u.watch, &before));
	sleep_now(_metadata, variant);
	EXPECT_EQ(-ESTALE, agent_result(&self->u.waiter, AT_ONCE_MS));
	EXPECT_EQ(-ESTALE, agent_do(&self->u.agent, AGENT_END, SCARD_DISP_LEAVE));
	expect_one_reset(_metadata, &self->u, &before, AT_ONCE_MS);
	EXPECT_EQ(-ENOLCK, agent_do(&self->u.agent, AGENT_END, SCARD_DISP_LEAVE));
}

/* Another card after the sleep: handles connected to the first one get EIDRM. */
TEST_F_TIMEOUT(system_sleep, exchanged_card_gets_EIDRM, 60)
{
	struct scard_status before, after;
	int i;

	ASSERT_EQ(0, sc_snapshot(self->u.watch, &before));
	ASSERT_EQ(0x9000, sc_apdu(self->u.fd, "80F00320"));
	sleep_now(_metadata, variant);
	/* on a busy machine the exchange may come after the wake-up */
	for (i = 0; i < AT_ONCE_MS; i += 10) {
		ASSERT_TRUE(sc_settled(self->u.watch, &after, AT_ONCE_MS));
		if (after.card_event - before.card_event >= 2)
			break;
		pause_ms(10);
	}
	EXPECT_NE(0, memcmp(before.atr, after.atr, sizeof(before.atr)));
	EXPECT_EQ(before.card_event + 2, after.card_event);
	EXPECT_EQ(-EIDRM, sc_status(self->u.fd));
	EXPECT_EQ(-EIDRM, agent_do(&self->u.agent, AGENT_STATUS, 0));
	EXPECT_EQ(0, sc_disconnect(self->u.fd, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, sc_connect(self->u.fd, SCARD_MODE_SHARED, SC_ANY));
	EXPECT_EQ(0, sc_status(self->u.fd));
}

/*
 * The card is there and off, and stays so: QEMU's reader reports a change when it has been
 * told to power a card off, and the driver powers the card to look at it.
 */
static bool is_off(const FIXTURE_DATA(system_sleep) *self, struct scard_status *status)
{
	int i, since = 0;

	for (i = 0; i < AT_ONCE_MS; i += 10) {
		if (sc_snapshot(self->u.watch, status))
			return false;
		if (status->state != SCARD_STATE_BIT_PRESENT)
			since = i;
		if (i - since >= 300)
			return true;
		pause_ms(10);
	}
	return false;
}

static void switch_off(struct __test_metadata *_metadata, FIXTURE_DATA(system_sleep) *self,
		       struct scard_status *status)
{
	agent_stop(&self->u.agent);
	agent_stop(&self->u.waiter);
	ASSERT_TRUE(module_set("idle_ms", 50));
	ASSERT_EQ(0, sc_disconnect(self->u.fd, SCARD_DISP_UNPOWER));
	ASSERT_TRUE(is_off(self, status));
	usbmon_clear();
}

/* Looked at again, as it may be another one, and off again: there is nothing to tell. */
static void same_card(struct __test_metadata *_metadata, FIXTURE_DATA(system_sleep) *self,
		      const struct scard_status *before, struct scard_status *after)
{
	struct pollfd pfd = { .fd = self->u.watch, .events = POLLPRI };

	ASSERT_TRUE(is_off(self, after));
	EXPECT_EQ(before->card_event, after->card_event);
	EXPECT_EQ(before->atr_len, after->atr_len);
	EXPECT_EQ(0, memcmp(before->atr, after->atr, sizeof(before->atr)));
	EXPECT_EQ(0, poll(&pfd, 1, 0));
}

/* No handle is connected. */
TEST_F_TIMEOUT(system_sleep, card_without_power_changes_nothing, 60)
{
	struct scard_status before, after;

	switch_off(_metadata, self, &before);
	sleep_now(_metadata, variant);
	same_card(_metadata, self, &before, &after);
	EXPECT_EQ(before.epoch, after.epoch);
}

/* Handles were connected, and the card is still on: its power-off is no event. */
TEST_F_TIMEOUT(system_sleep, unused_card_is_powered_off_silently, 60)
{
	struct scard_status before, after;

	ASSERT_EQ(0, agent_do(&self->u.agent, AGENT_DISCONNECT, SCARD_DISP_LEAVE));
	ASSERT_EQ(0, agent_do(&self->u.waiter, AGENT_DISCONNECT, SCARD_DISP_LEAVE));
	ASSERT_EQ(0, sc_disconnect(self->u.fd, SCARD_DISP_LEAVE));
	ASSERT_TRUE(sc_settled(self->u.watch, &before, AT_ONCE_MS));
	ASSERT_EQ(SCARD_STATE_BIT_POWERED, before.state & SCARD_STATE_BIT_POWERED);
	usbmon_clear();
	sleep_now(_metadata, variant);
	ASSERT_TRUE(sc_settled(self->u.watch, &after, AT_ONCE_MS));
	EXPECT_EQ(before.epoch, after.epoch);
	EXPECT_EQ(before.card_event, after.card_event);
	EXPECT_EQ(before.atr_len, after.atr_len);
	EXPECT_STREQ("IccPowerOff IccPowerOn", usbmon_print("# "));
}

/*
 * The kernel wakes it up to let it sleep without remote wake-up. Whether the card has got
 * power again by then, and loses it, depends on timing; it is no event in any case.
 */
TEST_F_TIMEOUT(system_sleep, suspended_reader_changes_nothing, 60)
{
	struct scard_status before, after;

	ASSERT_EQ(0, usb_set("power/autosuspend_delay_ms", "300"));
	ASSERT_EQ(0, usb_set("power/control", "auto"));
	switch_off(_metadata, self, &before);
	ASSERT_TRUE(usb_is("power/runtime_status", "suspended", AT_ONCE_MS));
	sleep_now(_metadata, variant);
	same_card(_metadata, self, &before, &after);
	EXPECT_EQ(before.epoch, after.epoch);
	EXPECT_EQ(0, usb_set("power/autosuspend_delay_ms", "2000"));
	EXPECT_EQ(0, usb_set("power/control", "on"));
}

TEST_HARNESS_MAIN
