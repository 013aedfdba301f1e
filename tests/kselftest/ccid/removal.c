// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * RDR_to_PC_NotifySlotChange reports removals that are none: handles keep their state if the reader
 * says that the card has kept its power. Any other answer, and none, is a removal.
 */
#include <errno.h>
#include <poll.h>
#include <sys/wait.h>
#include <time.h>

#include "kselftest_harness.h"

#include "agent.h"
#include "sc.h"
#include "users.h"
#include "vr.h"

/* "Slot 0 has changed, and is empty" */
#define ABSENT		"5002"
/* Without bit 2 of dwFeatures: the reader does not power cards up by itself */
#define NO_AUTO_POWER	"--desc dwFeatures=0x200fa"
/* Time for a removal that the reader can be asked about, and for one that it cannot be */
#define AT_ONCE_MS	1000
#define DOUBT_MS	3000

FIXTURE(removal)
{
	struct users u;
	struct scard_status before;
};

FIXTURE_VARIANT(removal)
{
	const char *options;
	bool patient;		/* the driver asks after the end of a command */
};

FIXTURE_VARIANT_ADD(removal, short_apdu)
{
	.options = "--profile short " NO_AUTO_POWER,
	.patient = true,
};

FIXTURE_VARIANT_ADD(removal, auto_power)
{
	.options = "--profile short",
};

FIXTURE_SETUP(removal)
{
	vr_prepare(variant->options, VR_CARD);
	users_open(_metadata, &self->u);
	users_connect(_metadata, &self->u);
	ASSERT_EQ(0x9000, sc_apdu(self->u.fd, APDU_VERIFY));
	ASSERT_EQ(0, sc_snapshot(self->u.watch, &self->before));
	vr_clear();
}

FIXTURE_TEARDOWN(removal)
{
	users_close(&self->u);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* The state once the driver has asked the reader for the last time, or after @ms */
static struct scard_status state_after(const struct users *u, uint32_t card_event, int ms)
{
	double end = now() + ms / 1000.0;
	struct scard_status status = { };

	do {
		struct pollfd pfd = { .fd = u->watch, .events = POLLPRI };

		poll(&pfd, 1, 50);
		if (sc_snapshot(u->watch, &status))
			break;
	} while (now() < end && ((status.state & SCARD_STATE_BIT_SETTLING) ||
				 status.card_event != card_event));
	return status;
}

/* No handle, and no program that watches, has noticed anything. */
static void expect_nothing(struct __test_metadata *_metadata, struct users *u,
			   const struct scard_status *before)
{
	struct scard_status after;

	ASSERT_EQ(0, sc_snapshot(u->watch, &after));
	EXPECT_EQ(before->card_event, after.card_event);
	EXPECT_EQ(before->epoch, after.epoch);
	EXPECT_EQ(before->state & ~SCARD_STATE_BIT_TRANSACTION,
		  after.state & ~SCARD_STATE_BIT_TRANSACTION);
	EXPECT_EQ(0x9000, sc_apdu(u->fd, APDU_VERIFIED));
	EXPECT_EQ(0, vr_count("cold") + vr_count("warm") + vr_count("IccPowerOff"));
}

/* The card that the handles knew is gone, and no command of theirs reaches another. */
static void expect_removed(struct __test_metadata *_metadata, struct users *u)
{
	unsigned long apdus = vr_count("apdu");

	expect_gated(_metadata, u->fd, -EIDRM);
	EXPECT_EQ(-EIDRM, agent_do(&u->agent, AGENT_STATUS, 0));
	EXPECT_EQ(-EIDRM, sc_apdu(u->fd, APDU_VERIFIED));
	EXPECT_EQ(apdus, vr_count("apdu"));
}

/* So many insertions and removals within @ms, the first a removal */
static void expect_events(struct __test_metadata *_metadata, FIXTURE_DATA(removal) *self,
			  uint32_t events, int ms)
{
	uint32_t want = self->before.card_event + events;

	EXPECT_EQ(want, state_after(&self->u, want, ms).card_event);
	expect_removed(_metadata, &self->u);
}

TEST_F(removal, false_report_changes_nothing)
{
	struct pollfd pfd = { .fd = self->u.watch, .events = POLLPRI };

	ASSERT_EQ(0, sc_begin(self->u.fd));
	ASSERT_EQ(0, sc_snapshot(self->u.watch, &self->before));
	vr_do("notify " ABSENT);
	vr_do("wait count GetSlotStatus 1 0 5000");
	EXPECT_EQ(0, poll(&pfd, 1, 1500));
	expect_nothing(_metadata, &self->u, &self->before);
	EXPECT_EQ(1, vr_count("GetSlotStatus"));
	EXPECT_EQ(0, sc_end(self->u.fd, SCARD_DISP_LEAVE));
}

/* Each report, and each call in doubt, costs one command at most; calls go on between reports. */
TEST_F(removal, false_reports_in_a_row_change_nothing)
{
	unsigned long calls = 1;	/* of the agent */
	int i;

	for (i = 0; i < 100; i++) {
		vr_do("notify " ABSENT);
		if (variant->patient && !(i % 4)) {
			EXPECT_EQ(0x9000, sc_apdu(self->u.fd, APDU_VERIFIED));
			calls++;
		}
	}
	/* A report during a call is a removal where the driver does not ask after it. */
	if (!variant->patient)
		vr_do("wait polled 5000");
	EXPECT_EQ(0, agent_do(&self->u.agent, AGENT_COUNT, 0));
	vr_do("wait count GetSlotStatus 1 0 5000");
	sleep(2);
	expect_nothing(_metadata, &self->u, &self->before);
	EXPECT_GE(100 + calls, vr_count("GetSlotStatus"));
}

/* The reader is asked when the command has ended; one that powers cards up by itself is not. */
TEST_F(removal, false_report_in_TRANSMIT)
{
	agent_begin_apdu(&self->u.agent, AGENT_APDU, APDU_SLEEP("01F4"));
	vr_do("wait busy 0 5000");
	vr_do("notify " ABSENT);
	EXPECT_EQ(0x9000, agent_result(&self->u.agent, 5000));
	if (variant->patient) {
		vr_do("wait count GetSlotStatus 1 0 5000");
		expect_nothing(_metadata, &self->u, &self->before);
		return;
	}
	expect_events(_metadata, self, 2, 5000);
}

/* A command that does not end hides no removal. */
TEST_F(removal, report_in_TRANSMIT_without_end)
{
	struct scard_status after;

	vr_do("fault on XfrBlock no-answer");
	agent_begin(&self->u.agent, AGENT_COUNT, 0);
	vr_do("wait busy 0 5000");
	vr_do("notify " ABSENT);
	after = state_after(&self->u, self->before.card_event + 1, DOUBT_MS);
	EXPECT_EQ(self->before.card_event + 1, after.card_event);
	EXPECT_EQ(-EIDRM, sc_status(self->u.fd));
	agent_kill(&self->u.agent, SIGKILL);
	EXPECT_TRUE(agent_ended(&self->u.agent));
	agent_start(&self->u.agent);
}

/* A card that is reset before the reader could be asked may be another one. */
TEST_F(removal, report_in_RECONNECT)
{
	struct scard_status after;

	vr_do("fault on IccPowerOn delay 500");
	agent_begin(&self->u.agent, AGENT_RECONNECT, SCARD_DISP_RESET);
	vr_do("wait count IccPowerOn 1 0 5000");
	vr_do("notify " ABSENT);
	agent_result(&self->u.agent, 10000);
	after = state_after(&self->u, self->before.card_event + 2, 5000);
	EXPECT_EQ(self->before.card_event + 2, after.card_event);
	expect_gated(_metadata, self->u.fd, -EIDRM);
}

TEST_F(removal, removal_is_told_at_once)
{
	double start = now();
	struct scard_status after;

	vr_do("remove 0");
	after = state_after(&self->u, self->before.card_event + 1, 5000);
	TH_LOG("told after %.1f ms", (now() - start) * 1000);
	EXPECT_GT(AT_ONCE_MS / 1000.0, now() - start);
	EXPECT_EQ(self->before.card_event + 1, after.card_event);
	EXPECT_EQ(0, after.state & SCARD_STATE_BIT_PRESENT);
	expect_removed(_metadata, &self->u);
}

TEST_F(removal, removal_ends_TRANSMIT_at_once)
{
	int ret;

	agent_begin_apdu(&self->u.agent, AGENT_APDU, APDU_SLEEP("1388"));
	vr_do("wait busy 0 5000");
	vr_do("remove 0");
	ret = agent_result(&self->u.agent, AT_ONCE_MS);
	EXPECT_TRUE(ret == -ENOMEDIUM || ret == -EIDRM) {
		TH_LOG("%d", ret);
	}
	EXPECT_EQ(-EIDRM, sc_status(self->u.fd));
	expect_removed(_metadata, &self->u);
}

TEST_F(removal, exchanged_card_is_another_one)
{
	vr_do("remove 0");
	vr_do("insert 0 " VR_CARD);
	expect_events(_metadata, self, 2, 5000);
}

TEST_F(removal, exchanged_card_during_TRANSMIT_is_another_one)
{
	agent_begin_apdu(&self->u.agent, AGENT_APDU, APDU_SLEEP("1388"));
	vr_do("wait busy 0 5000");
	vr_do("remove 0");
	vr_do("insert 0 " VR_CARD);
	EXPECT_GT(0, agent_result(&self->u.agent, AT_ONCE_MS));
	expect_events(_metadata, self, 2, 5000);
}

/* The answer, not the report, is about another card. */
TEST_F(removal, card_exchanged_while_reader_is_asked)
{
	vr_do("fault on GetSlotStatus swap");
	vr_do("notify " ABSENT);
	expect_events(_metadata, self, 2, 5000);
}

TEST_F(removal, reader_that_does_not_answer_is_believed)
{
	struct scard_status after;

	vr_do("fault from 1 on GetSlotStatus no-answer");
	vr_do("notify " ABSENT);
	after = state_after(&self->u, self->before.card_event + 1, DOUBT_MS);
	EXPECT_EQ(self->before.card_event + 1, after.card_event);
	EXPECT_EQ(-EIDRM, sc_status(self->u.fd));
}

/*
 * A command that waits for another slot's is sent only if the reader says, when it has time, that
 * the card is the one that the handle knows.
 */
static int apdu_behind_another_slot(struct __test_metadata *_metadata, const char *exchange)
{
	struct agent agent;
	int fd, ret;

	vr_prepare("--profile multi4-serial --card 1:iso " NO_AUTO_POWER, VR_CARD);
	fd = sc_connected(sc_open_slot(1), SCARD_MODE_SHARED, SC_ANY);
	EXPECT_LE(0, fd);
	agent_start(&agent);
	EXPECT_EQ(0, agent_do(&agent, AGENT_OPEN, 0));
	EXPECT_EQ(0, agent_do(&agent, AGENT_CONNECT, SCARD_MODE_SHARED));
	vr_clear();
	vr_do("fault on XfrBlock slot 1 delay 600");
	if (!fork()) {
		sc_apdu(fd, APDU_STATE);
		_exit(0);
	}
	vr_do("wait busy 1 5000");
	agent_begin_apdu(&agent, AGENT_APDU, APDU_VERIFY);
	EXPECT_TRUE(agent_is_blocked(&agent));
	if (exchange) {
		vr_do("remove 0");
		vr_do("insert 0 %s", exchange);
	} else {
		vr_do("notify " ABSENT);
	}
	ret = agent_result(&agent, 5000);
	wait(NULL);
	agent_stop(&agent);
	close(fd);
	return ret;
}

TEST(false_report_while_another_slot_is_busy)
{
	EXPECT_EQ(0x9000, apdu_behind_another_slot(_metadata, NULL));
}

TEST(exchange_while_another_slot_is_busy)
{
	EXPECT_EQ(-ENOMEDIUM, apdu_behind_another_slot(_metadata, VR_CARD));
	EXPECT_EQ(0, vr_count("XfrBlock"));
}

/*
 * A reader that has powered up another card during an exchange of several blocks: no further block
 * is sent, since it would reach that card.
 */
TEST(report_between_blocks)
{
	unsigned char apdu[5 + 255] = { 0x00, 0xd6, 0x00, 0x00, 255 }, answer[258];
	int fd, status;
	pid_t child;

	vr_prepare("--profile tpdu --desc dwFeatures=0x100be", VR_CARD);
	fd = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, fd);
	vr_clear();
	vr_do("fault on XfrBlock delay 500");
	child = fork();
	if (!child)
		_exit(-sc_transmit(fd, apdu, sizeof(apdu), answer, sizeof(answer)));
	vr_do("wait busy 0 5000");
	vr_do("notify " ABSENT);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(ENOMEDIUM, WEXITSTATUS(status));
	EXPECT_EQ(1, vr_count("XfrBlock"));
	EXPECT_EQ(-EIDRM, sc_status(fd));
	close(fd);
}

TEST_HARNESS_MAIN
