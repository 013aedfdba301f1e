// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A reader in a process, /dev/uscard: this program is the server, step by step, and an agent the
 * program that uses the card. Whatever the server does has a stated outcome, see linux/uscard.h.
 */
#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "agent.h"
#include "sc.h"
#include "us.h"
#include "usb.h"

#define AT_ONCE_MS	3000

FIXTURE(server)
{
	struct uscard_create arg;
	struct agent agent;
	int fd;
	int node;		/* O_RDONLY */
	int result;		/* of the agent's last call */
};

FIXTURE_SETUP(server)
{
	agent_start(&self->agent);	/* before there is a descriptor that it would inherit */
	us_defaults(&self->arg);
	self->arg.slots = 2;
	self->arg.busy_slots = 2;
	self->fd = us_create_arg(&self->arg);
	ASSERT_LE(0, self->fd);
	self->node = us_open_node(&self->arg, 0, O_RDONLY);
	ASSERT_LE(0, self->node);
	us_served();
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_OPEN, 0));
}

FIXTURE_TEARDOWN(server)
{
	close(self->fd);
	close(self->node);
	agent_stop(&self->agent);
}

static bool is_powered(void *arg)
{
	const FIXTURE_DATA(server) *self = arg;
	struct scard_status status;

	return !sc_snapshot(self->node, &status) && status.state & SCARD_STATE_BIT_POWERED &&
	       !(status.state & SCARD_STATE_BIT_SETTLING);
}

/* The server goes on until the card has power, and its ATR is known. */
static void serve_power(struct __test_metadata *_metadata, FIXTURE_DATA(server) *self)
{
	struct scard_status status;

	ASSERT_EQ(0, us_serve_until(self->fd, is_powered, self));
	ASSERT_EQ(0, sc_snapshot(self->node, &status));
	ASSERT_EQ(sizeof(us_atr), status.atr_len);
}

static void insert(struct __test_metadata *_metadata, FIXTURE_DATA(server) *self)
{
	ASSERT_EQ(0, us_event(self->fd, 0, true));
	serve_power(_metadata, self);
}

static bool has_returned(void *arg)
{
	FIXTURE_DATA(server) *self = arg;

	self->result = agent_result(&self->agent, 0);
	return self->result != AGENT_RUNNING;
}

/* The server goes on until the agent's call returns: its result */
static int serve_call(FIXTURE_DATA(server) *self, enum agent_op op, uint32_t value)
{
	agent_begin(&self->agent, op, value);
	return us_serve_until(self->fd, has_returned, self) ?: self->result;
}

/* A card, and the agent connected to it */
static void connect_agent(struct __test_metadata *_metadata, FIXTURE_DATA(server) *self)
{
	insert(_metadata, self);
	ASSERT_EQ(0, serve_call(self, AGENT_CONNECT, SCARD_MODE_SHARED));
	us_served();
}

/* The agent's command, which the server has read: its id */
static uint64_t transmit(struct __test_metadata *_metadata, FIXTURE_DATA(server) *self)
{
	uint64_t id;

	agent_begin_apdu(&self->agent, AGENT_APDU, APDU_VERIFY);
	id = us_expect(self->fd, USCARD_TRANSMIT);
	EXPECT_NE(0, id);
	return id;
}

TEST_F(server, card_is_powered_negotiated_and_used)
{
	struct scard_info info;
	int node = us_open_node(&self->arg, 0, O_RDWR);
	uint64_t id;

	connect_agent(_metadata, self);
	id = transmit(_metadata, self);
	EXPECT_EQ(0, us_answer(self->fd, id, "\x90\x00", 2));
	EXPECT_EQ(0x9000, agent_result(&self->agent, AT_ONCE_MS));
	ASSERT_EQ(0, sc_info(node, &info));
	EXPECT_EQ(SCARD_TRANSPORT_USER, info.transport);
	EXPECT_EQ(2, info.slots);
	EXPECT_EQ(0, strncmp(info.name, "Test Server ", 12));
	close(node);
}

TEST_F(server, reset_is_owed_when_an_application_dies)
{
	struct scard_status before, after;

	connect_agent(_metadata, self);
	ASSERT_EQ(0, sc_snapshot(self->node, &before));
	agent_kill(&self->agent, SIGKILL);
	ASSERT_TRUE(agent_ended(&self->agent));
	ASSERT_EQ(0, us_serve_op(self->fd, USCARD_RESET));
	EXPECT_EQ(1U << USCARD_RESET, us_served());
	ASSERT_TRUE(sc_settled(self->node, &after, AT_ONCE_MS));
	EXPECT_EQ(before.epoch + 1, after.epoch);
}

/* ---- callers that are killed ---- */

TEST_F(server, killed_caller_is_aborted_and_its_card_reset)
{
	uint64_t id;

	connect_agent(_metadata, self);
	id = transmit(_metadata, self);
	agent_kill(&self->agent, SIGKILL);
	ASSERT_TRUE(agent_ended(&self->agent));
	EXPECT_EQ(id, us_expect(self->fd, USCARD_ABORT));
	EXPECT_EQ(0, us_answer_error(self->fd, id, ECANCELED));
	ASSERT_EQ(0, us_serve_op(self->fd, USCARD_RESET));
	EXPECT_EQ(1U << USCARD_RESET, us_served());
}

/* The answer to a killed caller's command comes in time: no abort, but the reset */
TEST_F(server, answer_after_the_kill_counts)
{
	uint64_t id;

	connect_agent(_metadata, self);
	id = transmit(_metadata, self);
	agent_kill(&self->agent, SIGKILL);
	EXPECT_EQ(0, us_answer(self->fd, id, "\x90\x00", 2));
	ASSERT_TRUE(agent_ended(&self->agent));
	ASSERT_EQ(0, us_serve_op(self->fd, USCARD_RESET));
	EXPECT_EQ(1U << USCARD_RESET, us_served());
}

/* A request that was not read is withdrawn with its caller: the card has seen nothing of it */
TEST_F(server, unread_request_is_withdrawn)
{
	struct us_request req;

	connect_agent(_metadata, self);
	agent_begin_apdu(&self->agent, AGENT_APDU, APDU_VERIFY);
	ASSERT_TRUE(agent_is_blocked(&self->agent));
	agent_kill(&self->agent, SIGKILL);
	ASSERT_TRUE(agent_ended(&self->agent));
	ASSERT_EQ(0, us_read(self->fd, &req, AT_ONCE_MS));
	EXPECT_EQ(USCARD_RESET, req.head.op);
}

/* ---- servers that are slow, or do not answer ---- */

TEST_F_TIMEOUT(server, stopped_server_times_out_and_the_slot_fails_closed, 90)
{
	struct scard_status status;
	int ms;

	connect_agent(_metadata, self);
	/* it reads nothing for 5 s */
	agent_begin_apdu(&self->agent, AGENT_APDU, APDU_VERIFY);
	EXPECT_EQ(-ETIMEDOUT, agent_result(&self->agent, 8000));
	agent_kill(&self->agent, SIGKILL);
	ASSERT_TRUE(agent_ended(&self->agent));
	/* RESET, POWER_OFF, POWER_ON, POWER_OFF are not read either, each for 5 s */
	for (ms = 0; ms < 60000; ms += 100) {
		ASSERT_EQ(0, sc_snapshot(self->node, &status));
		if (status.state & SCARD_STATE_BIT_MUTE)
			break;
		pause_ms(100);
	}
	EXPECT_EQ(SCARD_STATE_BIT_MUTE, status.state & (SCARD_STATE_BIT_MUTE |
							SCARD_STATE_BIT_POWERED));
	/* it goes on: the reset is made up for by a power-up */
	us_served();
	serve_power(_metadata, self);
	EXPECT_TRUE(us_served() & 1U << USCARD_POWER_ON);
}

/* The child @arg is its status then. */
static bool has_ended(void *arg)
{
	pid_t *child = arg;
	int status;

	if (waitpid(*child, &status, WNOHANG) != *child)
		return false;
	*child = status;
	return true;
}

TEST_F(server, other_slot_is_not_held_up)
{
	int other = us_open_node(&self->arg, 1, O_RDWR);
	uint64_t id;
	pid_t child;

	connect_agent(_metadata, self);
	id = transmit(_metadata, self);
	ASSERT_EQ(0, us_event(self->fd, 1, true));
	child = fork();
	if (!child)
		_exit(sc_connect(other, SCARD_MODE_SHARED, SC_ANY) ||
		      sc_apdu(other, APDU_SELECT_EF) != 0x9000);
	ASSERT_EQ(0, us_serve_until(self->fd, has_ended, &child));
	EXPECT_EQ(0, child);
	EXPECT_EQ(0, us_answer(self->fd, id, "\x90\x00", 2));
	EXPECT_EQ(0x9000, agent_result(&self->agent, AT_ONCE_MS));
	close(other);
}

TEST_F(server, more_time_is_given)
{
	uint64_t id;

	connect_agent(_metadata, self);
	id = transmit(_metadata, self);
	/* less than there was */
	EXPECT_EQ(0, us_more_time(self->fd, id, 1500));
	EXPECT_EQ(AGENT_RUNNING, agent_result(&self->agent, 500));
	EXPECT_EQ(0, us_more_time(self->fd, id, 4000));
	EXPECT_EQ(AGENT_RUNNING, agent_result(&self->agent, 2500));
	EXPECT_EQ(0, us_answer(self->fd, id, "\x90\x00", 2));
	EXPECT_EQ(0x9000, agent_result(&self->agent, AT_ONCE_MS));
	EXPECT_EQ(-ENOENT, us_more_time(self->fd, id, 1000));
}

TEST_F(server, late_answer_is_refused)
{
	uint64_t id;

	connect_agent(_metadata, self);
	id = transmit(_metadata, self);
	EXPECT_EQ(0, us_more_time(self->fd, id, 100));
	EXPECT_EQ(id, us_expect(self->fd, USCARD_ABORT));
	/* a request that is aborted gets no more time */
	EXPECT_EQ(0, us_more_time(self->fd, id, 60000));
	EXPECT_EQ(-ETIMEDOUT, agent_result(&self->agent, 5000));
	EXPECT_EQ(-ENOENT, us_answer(self->fd, id, "\x90\x00", 2));
	/* the next command has its own answer */
	id = transmit(_metadata, self);
	EXPECT_EQ(0, us_answer(self->fd, id, "\x63\xc2", 2));
	EXPECT_EQ(0x63c2, agent_result(&self->agent, AT_ONCE_MS));
}

/* ---- answers and reads that are wrong ---- */

TEST_F(server, second_answer_is_refused)
{
	uint64_t id;

	connect_agent(_metadata, self);
	id = transmit(_metadata, self);
	EXPECT_EQ(0, us_answer(self->fd, id, "\x90\x00", 2));
	EXPECT_EQ(-ENOENT, us_answer(self->fd, id, "\x6a\x82", 2));
	EXPECT_EQ(0x9000, agent_result(&self->agent, AT_ONCE_MS));
}

TEST_F(server, wrong_answers_change_nothing)
{
	static uint8_t large[USCARD_MAX_DATA + 1];
	void *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uscard_message msg = { .type = USCARD_ANSWER };
	uint64_t id;

	connect_agent(_metadata, self);
	id = transmit(_metadata, self);
	EXPECT_EQ(-ENOENT, us_answer(self->fd, id + 1, "\x90\x00", 2));
	EXPECT_EQ(-ENOENT, us_answer(self->fd, 0, "\x90\x00", 2));
	EXPECT_EQ(-EMSGSIZE, us_answer(self->fd, id, large, SCARD_ANSWER_MAX + 1));
	EXPECT_EQ(-EMSGSIZE, us_answer(self->fd, id, large, sizeof(large)));
	EXPECT_EQ(-EINVAL, us_answer_value(self->fd, id, 1));
	msg.id = id;
	msg.error = EIO;
	msg.len = 2;
	EXPECT_EQ(-EINVAL, us_write(self->fd, &msg, large));
	msg = (struct uscard_message){ .id = id, .type = USCARD_ANSWER, .reserved = { 0, 1 } };
	EXPECT_EQ(-EINVAL, us_write(self->fd, &msg, NULL));
	msg = (struct uscard_message){ .id = id, .type = 17 };
	EXPECT_EQ(-EINVAL, us_write(self->fd, &msg, NULL));
	msg = (struct uscard_message){ .id = id, .type = USCARD_ANSWER, .len = 5 };
	EXPECT_EQ(-1, write(self->fd, &msg, sizeof(msg)));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, write(self->fd, &msg, sizeof(msg) - 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, write(self->fd, page, sizeof(msg)));
	EXPECT_EQ(EFAULT, errno);
	munmap(page, 4096);
	EXPECT_EQ(-EINVAL, us_event(self->fd, 2, true));
	EXPECT_EQ(0, us_answer(self->fd, id, "\x90\x00", 2));
	EXPECT_EQ(0x9000, agent_result(&self->agent, AT_ONCE_MS));
	/* no SW1 SW2 */
	id = transmit(_metadata, self);
	EXPECT_EQ(0, us_answer(self->fd, id, "\x90", 1));
	EXPECT_EQ(-EIO, agent_result(&self->agent, AT_ONCE_MS));
}

TEST_F(server, errnos_of_answers)
{
	static const struct { uint32_t from; int to; } errnos[] = {
		{ EREMOTEIO, -EIO }, { EOPNOTSUPP, -EOPNOTSUPP }, { ETIMEDOUT, -ETIMEDOUT },
		{ EIO, -EIO }, { ENOMEM, -EIO }, { EINTR, -EIO }, { 100000, -EIO }, { -1, -EIO },
	};
	uint64_t id;
	size_t i;

	connect_agent(_metadata, self);
	for (i = 0; i < sizeof(errnos) / sizeof(*errnos); i++) {
		id = transmit(_metadata, self);
		EXPECT_EQ(0, us_answer_error(self->fd, id, errnos[i].from));
		EXPECT_EQ(errnos[i].to, agent_result(&self->agent, AT_ONCE_MS)) {
			TH_LOG("errno %u", errnos[i].from);
		}
	}
}

TEST_F(server, small_read_leaves_the_request)
{
	uint8_t buf[sizeof(struct uscard_request) + 8];	/* the command has nine bytes */
	struct us_request req;
	void *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	connect_agent(_metadata, self);
	EXPECT_EQ(-1, read(self->fd, buf, sizeof(buf)));
	EXPECT_EQ(EAGAIN, errno);
	agent_begin_apdu(&self->agent, AGENT_APDU, APDU_VERIFY);
	ASSERT_TRUE(agent_is_blocked(&self->agent));
	EXPECT_EQ(-1, read(self->fd, buf, sizeof(buf)));
	EXPECT_EQ(EMSGSIZE, errno);
	EXPECT_EQ(-1, read(self->fd, buf, 5));
	EXPECT_EQ(EMSGSIZE, errno);
	EXPECT_EQ(-1, read(self->fd, page, 4096));
	EXPECT_EQ(EFAULT, errno);
	ASSERT_EQ(0, us_read(self->fd, &req, AT_ONCE_MS));
	EXPECT_EQ(9, req.head.len);
	EXPECT_EQ(0x20, req.data[1]);
	EXPECT_EQ(0, us_answer(self->fd, req.head.id, "\x90\x00", 2));
	EXPECT_EQ(0x9000, agent_result(&self->agent, AT_ONCE_MS));
	munmap(page, 4096);
}

/* Largest command and answer; an answer longer than the room tells its length */
TEST_F(server, large_command_and_answer)
{
	static uint8_t send[SCARD_COMMAND_MAX], recv[SCARD_ANSWER_MAX];
	static struct us_request req;
	int node = us_open_node(&self->arg, 0, O_RDWR);
	int i, status;
	pid_t child;

	connect_agent(_metadata, self);
	memset(send, 0x5a, sizeof(send));
	for (i = 0; i < 3; i++) {
		child = fork();
		if (!child) {
			int ret = sc_connect(node, SCARD_MODE_SHARED, SC_ANY) ?:
				  sc_transmit(node, send, sizeof(send), recv,
					      i ? sizeof(recv) : 100);
			bool well = i ? ret == sizeof(recv) && recv[0] == 0xa5 &&
					recv[sizeof(recv) - 1] == 0xa5 : ret == -EMSGSIZE;

			_exit(!well || sc_disconnect(node, 0));
		}
		ASSERT_EQ(0, us_read(self->fd, &req, AT_ONCE_MS));
		ASSERT_EQ(USCARD_TRANSMIT, req.head.op);
		EXPECT_EQ(sizeof(send), req.head.len);
		EXPECT_EQ(i ? sizeof(recv) : 100, req.head.room);
		EXPECT_EQ(0, memcmp(send, req.data, sizeof(send)));
		memset(req.data, 0xa5, sizeof(recv));
		EXPECT_EQ(0, us_answer(self->fd, req.head.id, req.data, sizeof(recv)));
		ASSERT_EQ(child, waitpid(child, &status, 0));
		EXPECT_EQ(0, status);
	}
	close(node);
}

/* ---- cards that come and go ---- */

TEST_F(server, removal_ends_the_request)
{
	uint64_t id;

	connect_agent(_metadata, self);
	id = transmit(_metadata, self);
	EXPECT_EQ(0, us_event(self->fd, 0, false));
	EXPECT_EQ(-ENOMEDIUM, agent_result(&self->agent, AT_ONCE_MS));
	EXPECT_EQ(id, us_expect(self->fd, USCARD_ABORT));
	EXPECT_EQ(-ENOENT, us_answer(self->fd, id, "\x90\x00", 2));
	EXPECT_EQ(-EIDRM, agent_do(&self->agent, AGENT_STATUS, 0));
}

/* An exchanged card has not the old one's handles, and no command meant for that. */
TEST_F(server, exchanged_card_is_another_one)
{
	struct us_request req;
	int ret, n;

	connect_agent(_metadata, self);
	EXPECT_EQ(0, us_event(self->fd, 0, false));
	EXPECT_EQ(0, us_event(self->fd, 0, true));
	agent_begin_apdu(&self->agent, AGENT_APDU, APDU_VERIFY);
	for (n = 0; !us_read(self->fd, &req, 300); n++) {
		EXPECT_EQ(USCARD_POWER_ON, req.head.op);
		EXPECT_EQ(0, us_answer(self->fd, req.head.id, us_atr, sizeof(us_atr)));
	}
	EXPECT_LT(0, n);
	/* the core may not know of the exchange yet */
	ret = agent_result(&self->agent, AT_ONCE_MS);
	EXPECT_TRUE(ret == -EIDRM || ret == -ENOMEDIUM) {
		TH_LOG("%d", ret);
	}
	EXPECT_EQ(-EIDRM, agent_do(&self->agent, AGENT_STATUS, 0));
}

/* An answer that there is no card is a removal; a card after it is another one. */
TEST_F(server, no_card_in_an_answer_is_a_removal)
{
	int node = us_open_node(&self->arg, 0, O_RDWR);
	uint64_t id;
	int i;

	connect_agent(_metadata, self);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, sc_connect(node, SCARD_MODE_SHARED, SC_ANY));
		id = transmit(_metadata, self);
		EXPECT_EQ(0, us_answer_error(self->fd, id, ENOMEDIUM));
		EXPECT_EQ(0, us_event(self->fd, 0, true));
		EXPECT_EQ(-ENOMEDIUM, agent_result(&self->agent, AT_ONCE_MS));
		serve_power(_metadata, self);
		EXPECT_EQ(-EIDRM, sc_status(node));
		EXPECT_EQ(-EIDRM, agent_do(&self->agent, AGENT_STATUS, 0));
		ASSERT_EQ(0, serve_call(self, AGENT_RECONNECT, SCARD_DISP_LEAVE));
		ASSERT_EQ(0, sc_disconnect(node, SCARD_DISP_LEAVE));
	}
	close(node);
}

/* A server that cannot take a request has no more time for it than one that does not read. */
TEST_F(server, reads_that_fault_give_no_time)
{
	void *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int ms;

	connect_agent(_metadata, self);
	agent_begin_apdu(&self->agent, AGENT_APDU, APDU_VERIFY);
	for (ms = 0; ms < 20000 && agent_result(&self->agent, 0) == AGENT_RUNNING; ms += 100) {
		EXPECT_EQ(-1, read(self->fd, page, 4096));
		pause_ms(100);
	}
	EXPECT_GT(10000, ms);
	munmap(page, 4096);
}

TEST_F(server, flood_of_events)
{
	int i;

	for (i = 0; i < 20000; i++)
		ASSERT_EQ(0, us_event(self->fd, i & 1, i & 2));
	ASSERT_EQ(0, us_event(self->fd, 0, true));
	serve_power(_metadata, self);
}

/* ---- attributes ---- */

TEST_F(server, attributes_are_read_without_the_server)
{
	struct uscard_message msg = { .type = USCARD_ATTR, .value = 0x00010102, .len = 4 };
	int node = us_open_node(&self->arg, 0, O_RDWR);
	uint8_t value[SCARD_MAX_ATTRIBUTE_SIZE + 1] = { 1, 2, 3, 4 }, got[300];
	uint32_t len = sizeof(got);
	int i;

	insert(_metadata, self);
	ASSERT_EQ(0, sc_connect(node, SCARD_MODE_DIRECT, 0));
	EXPECT_EQ(-EOPNOTSUPP, sc_get_attr(node, msg.value, got, &len));
	EXPECT_EQ(0, us_write(self->fd, &msg, value));
	len = sizeof(got);
	EXPECT_EQ(0, sc_get_attr(node, msg.value, got, &len));
	EXPECT_EQ(4, len);
	EXPECT_EQ(0, memcmp(got, value, 4));
	msg.len = 0;
	msg.error = EOPNOTSUPP;
	EXPECT_EQ(0, us_write(self->fd, &msg, NULL));
	EXPECT_EQ(-EOPNOTSUPP, sc_get_attr(node, msg.value, got, &len));
	msg.error = 0;
	msg.len = SCARD_MAX_ATTRIBUTE_SIZE + 1;
	EXPECT_EQ(-EINVAL, us_write(self->fd, &msg, value));
	msg.len = 1;
	for (i = 0; i < USCARD_MAX_ATTRS; i++) {
		msg.value = 0x7ff00000 + i;
		EXPECT_EQ(0, us_write(self->fd, &msg, value));
	}
	msg.value++;
	EXPECT_EQ(-ENOSPC, us_write(self->fd, &msg, value));
	msg.value--;
	EXPECT_EQ(0, us_write(self->fd, &msg, value));
	close(node);
}

/* ---- the sleep of the system ---- */

/* As far as the freezing of processes, and back at once */
static int sleep_and_wake(void)
{
	return file_set("/sys/module/suspend/parameters/pm_test_delay", "0") ?:
	       file_set("/sys/power/pm_test", "freezer") ?: file_set("/sys/power/state", "mem");
}

TEST_F(server, sleep_is_a_reset_and_the_server_is_told)
{
	struct us_request req;
	uint64_t id;

	connect_agent(_metadata, self);
	id = transmit(_metadata, self);
	ASSERT_EQ(0, sleep_and_wake());
	EXPECT_EQ(-EIO, agent_result(&self->agent, AT_ONCE_MS));
	ASSERT_EQ(0, us_read(self->fd, &req, AT_ONCE_MS));
	EXPECT_EQ(USCARD_SUSPEND, req.head.op);
	EXPECT_EQ(id, us_expect(self->fd, USCARD_ABORT));
	EXPECT_EQ(-ENOENT, us_answer(self->fd, id, "\x90\x00", 2));
	us_served();
	ASSERT_EQ(0, us_serve_op(self->fd, USCARD_POWER_ON));
	EXPECT_EQ(-ESTALE, agent_do(&self->agent, AGENT_STATUS, 0));
	EXPECT_EQ(0, serve_call(self, AGENT_RECONNECT, SCARD_DISP_LEAVE));
}

/* ---- the end of the server ---- */

TEST_F(server, last_close_is_unplug)
{
	int copy = dup(self->fd);

	connect_agent(_metadata, self);
	transmit(_metadata, self);
	close(self->fd);
	EXPECT_EQ(AGENT_RUNNING, agent_result(&self->agent, 300));
	close(copy);
	EXPECT_EQ(-ENODEV, agent_result(&self->agent, AT_ONCE_MS));
	EXPECT_EQ(-ENODEV, agent_do(&self->agent, AGENT_STATUS, 0));
	self->fd = us_create_arg(&(struct uscard_create){ });
	EXPECT_EQ(-EINVAL, self->fd);
}

TEST_HARNESS_MAIN
