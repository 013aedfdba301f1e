// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bMaxSlotIndex, bMaxCCIDBusySlots: readers with several slots. As many commands in flight
 * as the reader allows, each answer reaches its slot, and a removal, reset or killed caller
 * in one slot does not disturb the others.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <time.h>

#include "kselftest_harness.h"

#include "agent.h"
#include "sc.h"
#include "usb.h"
#include "vr.h"

#define SLOTS	4
#define ROUNDS	200

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static int open_slot(unsigned int slot)
{
	return sc_connected(sc_open_slot(slot), SCARD_MODE_SHARED, SC_ANY);
}

struct client {
	pthread_t thread;
	int fd;
	unsigned int slot;
	const char *apdu;
	unsigned int rounds;
	unsigned int wrong;
};

static void *run_sleep(void *arg)
{
	struct client *c = arg;

	c->wrong = sc_apdu(c->fd, c->apdu) != 0x9000;
	return NULL;
}

/* Each answer has to be this slot's: the echo carries its number. */
static void *run_echo(void *arg)
{
	struct client *c = arg;
	unsigned int i;

	for (i = 0; i < c->rounds; i++) {
		unsigned char cmd[11] = {
			0x80, 0xee, 0, 0, 5, c->slot, i, i >> 8, c->slot ^ 0x5a, i ^ 0xa5, 0
		};
		unsigned char ans[16];
		int len = sc_transmit(c->fd, cmd, sizeof(cmd), ans, sizeof(ans));

		if (len != 7 || memcmp(ans, cmd + 5, 5))
			c->wrong++;
	}
	return NULL;
}

FIXTURE(slots)
{
	struct client client[SLOTS];
};

FIXTURE_VARIANT(slots)
{
	const char *options;
	bool parallel;
};

FIXTURE_VARIANT_ADD(slots, four_at_once) {
	.options = "--profile multi4 --card 1:iso --card 2:iso --card 3:iso", .parallel = true,
};

FIXTURE_VARIANT_ADD(slots, one_at_a_time) {
	.options = "--profile multi4-serial --card 1:iso --card 2:iso --card 3:iso",
};

FIXTURE_SETUP(slots)
{
	unsigned int i;

	vr_prepare(variant->options, "iso");
	for (i = 0; i < SLOTS; i++) {
		self->client[i].slot = i;
		self->client[i].fd = open_slot(i);
		ASSERT_LE(0, self->client[i].fd);
	}
}

FIXTURE_TEARDOWN(slots)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		close(self->client[i].fd);
}

static double run_all(FIXTURE_DATA(slots) *self, void *(*run)(void *), unsigned int count)
{
	double start = now();
	unsigned int i;

	for (i = 0; i < count; i++)
		pthread_create(&self->client[i].thread, NULL, run, &self->client[i]);
	for (i = 0; i < count; i++)
		pthread_join(self->client[i].thread, NULL);
	return now() - start;
}

/* Four slow cards take as long as one, where the reader lets them. */
TEST_F(slots, bMaxCCIDBusySlots_commands_in_parallel)
{
	double one, four;
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		self->client[i].apdu = APDU_SLEEP("0BB8");	/* 3 s */
	one = run_all(self, run_sleep, 1);
	four = run_all(self, run_sleep, SLOTS);
	for (i = 0; i < SLOTS; i++)
		EXPECT_EQ(0, self->client[i].wrong);
	TH_LOG("one client %.2f s, four clients %.2f s", one, four);
	if (variant->parallel) {
		EXPECT_GT(one * 1.5, four);
	} else {
		EXPECT_LT(one * 3.5, four);
	}
}

TEST_F(slots, answers_reach_their_own_slot)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		self->client[i].rounds = ROUNDS;
	run_all(self, run_echo, SLOTS);
	for (i = 0; i < SLOTS; i++)
		EXPECT_EQ(0, self->client[i].wrong);
}

/*
 * The answer of a fast card comes before that of a slow one which was asked earlier, and
 * so in the buffer that waits for the slow one's.
 */
TEST_F(slots, fast_answer_overtakes_slow_one)
{
	struct client *slow = &self->client[0], *fast = &self->client[1];
	double start;
	int i;

	slow->apdu = APDU_SLEEP("0BB8");
	slow->rounds = 3;
	fast->rounds = 3;
	vr_clear();
	pthread_create(&slow->thread, NULL, run_sleep, slow);
	for (i = 0; i < 10000 && !vr_count("XfrBlock"); i++)
		pause_ms(1);
	start = now();
	run_echo(fast);
	if (variant->parallel) {
		EXPECT_GT(2.5, now() - start);
	} else {
		EXPECT_LT(2.0, now() - start);
	}
	pthread_join(slow->thread, NULL);
	EXPECT_EQ(0, slow->wrong);
	EXPECT_EQ(0, fast->wrong);
	run_echo(slow);
	EXPECT_EQ(0, slow->wrong);
}

/* A card that is taken out of one slot is not missed in another. */
TEST_F(slots, removal_in_another_slot_changes_nothing)
{
	vr_do("remove 2");
	EXPECT_EQ(0, sc_status(self->client[0].fd));
	EXPECT_EQ(1, sc_count(self->client[3].fd));
	vr_do("insert 2 iso");
	EXPECT_EQ(1, sc_count(self->client[0].fd));
}

/* A reset in one slot is none in another. */
TEST_F(slots, reset_in_another_slot_changes_nothing)
{
	EXPECT_EQ(0x9000, sc_apdu(self->client[1].fd, APDU_VERIFY));
	close(self->client[0].fd);
	self->client[0].fd = open_slot(0);
	EXPECT_EQ(0x9000, sc_apdu(self->client[1].fd, APDU_VERIFIED));
}

/*
 * A command waits until the reader has done with another slot's, and meanwhile its card is
 * exchanged: the new card never gets it.
 */
TEST(waiting_command_is_not_sent_to_exchanged_card)
{
	struct client busy = { .slot = 1, .apdu = APDU_SLEEP("0BB8") };
	struct agent agent;

	vr_prepare("--profile multi4-serial --card 1:iso", "iso,pin=1234");
	busy.fd = open_slot(busy.slot);
	ASSERT_LE(0, busy.fd);
	agent_start(&agent);
	ASSERT_EQ(0, agent_do(&agent, AGENT_OPEN, 0));
	ASSERT_EQ(0, agent_do(&agent, AGENT_CONNECT, SCARD_MODE_SHARED));
	vr_clear();
	pthread_create(&busy.thread, NULL, run_sleep, &busy);
	vr_do("wait busy 1");
	agent_begin_apdu(&agent, AGENT_APDU, APDU_VERIFY);
	ASSERT_TRUE(agent_is_blocked(&agent));
	vr_do("remove 0");
	vr_do("wait notified");
	vr_do("insert 0 iso,pin=1234");
	vr_do("wait notified");
	EXPECT_EQ(0, vr_count("XfrBlock"));
	pthread_join(busy.thread, NULL);
	EXPECT_EQ(0, busy.wrong);
	EXPECT_EQ(-ENOMEDIUM, agent_result(&agent, 5000));
	EXPECT_EQ(0, vr_count("XfrBlock"));
	agent_stop(&agent);
	close(busy.fd);
}

/* One command after the other, with real-time priority on this CPU */
static void *run_at_once(void *arg)
{
	const struct sched_param first = { .sched_priority = 1 };
	struct client *c = arg;

	sched_setscheduler(0, SCHED_FIFO, &first);
	for (c->wrong = c->rounds; c->wrong && sc_apdu(c->fd, c->apdu) == 0x9000; c->wrong--)
		;
	return NULL;
}

/*
 * The buffer of a command that is given up is taken back while another slot's answer is on
 * its way into it: nothing of that is seen in the other slot, nor of the buffer later.
 */
TEST(answer_in_killed_urb_is_delivered)
{
	struct client other = { .slot = 1, .apdu = APDU_STATE, .rounds = 3 };
	struct timespec limit;
	struct agent agent;
	pid_t vreader;

	vr_prepare("--profile multi4 --card 1:iso", "iso");
	other.fd = open_slot(other.slot);
	ASSERT_LE(0, other.fd);
	agent_start(&agent);
	ASSERT_EQ(0, agent_do(&agent, AGENT_OPEN, 0));
	ASSERT_EQ(0, agent_do(&agent, AGENT_CONNECT, SCARD_MODE_SHARED));
	vr_do("fault on XfrBlock slot 0 no-answer");
	agent_begin(&agent, AGENT_COUNT, 0);
	vr_do("wait busy 0");
	vreader = atoi(strstr(vr_do("info"), "pid=") + 4);
	ASSERT_EQ(0, kill(vreader, SIGSTOP));
	pthread_create(&other.thread, NULL, run_at_once, &other);
	agent_kill(&agent, SIGKILL);
	/* the worker waits for 250 ms before it gives up */
	pause_ms(1500);
	ASSERT_EQ(0, kill(vreader, SIGCONT));
	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += 10;
	ASSERT_EQ(0, pthread_timedjoin_np(other.thread, NULL, &limit));
	EXPECT_EQ(0, other.wrong);
	EXPECT_TRUE(agent_ended(&agent));
	close(other.fd);
}

TEST_HARNESS_MAIN
