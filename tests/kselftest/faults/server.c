// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The server of /dev/uscard without memory: each of its calls with fault injection at the first
 * thing that can fail, the second, and so on until it succeeds. It fails with ENOMEM or EFAULT,
 * changes nothing, and can be repeated. For the debug kernel, which looks for leaks at the end.
 */
#include <errno.h>
#include <poll.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "fail.h"
#include "sc.h"
#include "us.h"
#include "usb.h"

/* More than any call has; one that never gets through has failed. */
#define MOST_FAULTS	2000

static struct us_request req;

FIXTURE(server)
{
	struct uscard_create arg;
	int fd;
	int node;
	pid_t client;
};

FIXTURE_SETUP(server)
{
	us_defaults(&self->arg);
	ASSERT_EQ(0, fail_begin("N"));
	self->fd = us_create_arg(&self->arg);
	ASSERT_LE(0, self->fd);
	self->node = us_open_node(&self->arg, 0, O_RDWR);
	ASSERT_LE(0, self->node);
	ASSERT_EQ(0, us_event(self->fd, 0, true));
	ASSERT_EQ(0, us_serve_op(self->fd, USCARD_POWER_ON));
}

FIXTURE_TEARDOWN(server)
{
	close(self->node);
	close(self->fd);
	fail_end();
}

/* A client sends a command of @len bytes: its request is there to be read. */
static void transmit(struct __test_metadata *_metadata, FIXTURE_DATA(server) *self, uint32_t len)
{
	static uint8_t apdu[SCARD_COMMAND_MAX], answer[SCARD_ANSWER_MAX];
	int ms;

	self->client = fork();
	if (!self->client) {
		int ret = sc_connect(self->node, SCARD_MODE_SHARED, SC_ANY);

		_exit(ret || sc_transmit(self->node, apdu, len, answer, sizeof(answer)) < 2 ||
		      sc_disconnect(self->node, SCARD_DISP_LEAVE));
	}
	/* the card's power-up and protocol first; the command stays */
	for (ms = 0; ms < 10000; ms += 100) {
		if (!us_read(self->fd, &req, 0)) {
			if (req.head.op == USCARD_TRANSMIT)
				return;
			ASSERT_EQ(0, us_answer_to(self->fd, &req));
		}
		pause_ms(10);
	}
	ASSERT_TRUE(false);
}

static void expect_client_well(struct __test_metadata *_metadata, FIXTURE_DATA(server) *self)
{
	int status;

	ASSERT_EQ(self->client, waitpid(self->client, &status, 0));
	EXPECT_EQ(0, status);
}

static bool is_expected(int ret)
{
	return ret == -ENOMEM || ret == -EFAULT;
}

TEST_F_TIMEOUT(server, create, 600)
{
	bool failed = true;
	int nth, fd = -1;

	for (nth = 1; failed; nth++) {
		ASSERT_GE(MOST_FAULTS, nth);
		us_defaults(&self->arg);
		ASSERT_TRUE(fail_nth(nth));
		fd = us_create_arg(&self->arg);
		failed = fail_happened();
		if (fd >= 0) {
			close(fd);
		} else {
			ASSERT_TRUE(failed && is_expected(fd)) {
				TH_LOG("fault %d: %d", nth, fd);
			}
		}
	}
	TH_LOG("%d faults", nth - 2);
	EXPECT_LT(10, nth);
}

TEST_F_TIMEOUT(server, read_large, 600)
{
	bool failed = true;
	uint64_t id;
	int nth, ret;

	transmit(_metadata, self, SCARD_COMMAND_MAX);
	id = req.head.id;
	EXPECT_EQ(0, us_answer(self->fd, id, "\x90\x00", 2));
	expect_client_well(_metadata, self);
	for (nth = 1; failed; nth++) {
		static uint8_t apdu[SCARD_COMMAND_MAX], answer[2];

		ASSERT_GE(MOST_FAULTS, nth);
		self->client = fork();
		if (!self->client)
			_exit(sc_connect(self->node, SCARD_MODE_SHARED, SC_ANY) ||
			      sc_transmit(self->node, apdu, sizeof(apdu), answer, 2) != 2 ||
			      sc_disconnect(self->node, SCARD_DISP_LEAVE));
		ASSERT_EQ(1, poll(&(struct pollfd){ .fd = self->fd, .events = POLLIN }, 1, 5000));
		ASSERT_TRUE(fail_nth(nth));
		ret = read(self->fd, &req, sizeof(req)) < 0 ? -errno : 0;
		failed = fail_happened();
		if (ret) {
			ASSERT_TRUE(failed && is_expected(ret)) {
				TH_LOG("fault %d: %d", nth, ret);
			}
			ASSERT_EQ(0, us_read(self->fd, &req, 1000));
		}
		ASSERT_EQ(USCARD_TRANSMIT, req.head.op);
		ASSERT_EQ(0, us_answer(self->fd, req.head.id, "\x90\x00", 2));
		expect_client_well(_metadata, self);
	}
	TH_LOG("%d faults", nth - 2);
	EXPECT_LT(2, nth);
}

TEST_F_TIMEOUT(server, write_large, 600)
{
	static uint8_t answer[SCARD_ANSWER_MAX];
	bool failed = true;
	int nth, ret = -1;

	transmit(_metadata, self, 5);
	for (nth = 1; failed && ret; nth++) {
		ASSERT_GE(MOST_FAULTS, nth);
		ASSERT_TRUE(fail_nth(nth));
		ret = us_answer(self->fd, req.head.id, answer, sizeof(answer));
		failed = fail_happened();
		if (ret) {
			ASSERT_TRUE(failed && is_expected(ret)) {
				TH_LOG("fault %d: %d", nth, ret);
			}
		}
	}
	expect_client_well(_metadata, self);
	EXPECT_LT(2, nth);
}

TEST_F_TIMEOUT(server, attribute, 600)
{
	struct uscard_message msg = { .type = USCARD_ATTR, .value = 0x00010102, .len = 4 };
	bool failed = true;
	int nth, ret;

	for (nth = 1; failed; nth++) {
		ASSERT_GE(MOST_FAULTS, nth);
		ASSERT_TRUE(fail_nth(nth));
		ret = us_write(self->fd, &msg, "abcd");
		failed = fail_happened();
		if (ret) {
			ASSERT_TRUE(failed && is_expected(ret)) {
				TH_LOG("fault %d: %d", nth, ret);
			}
		}
	}
	EXPECT_LT(2, nth);
}

TEST_HARNESS_MAIN
