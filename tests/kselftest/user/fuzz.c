// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A server that writes anything: random and mutated messages to /dev/uscard while programs use its
 * reader. Whatever it writes, its programs can be killed, and the next reader works.
 *
 * The environment variable TEST_ROUNDS is the number of messages (20000).
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "sc.h"
#include "us.h"
#include "usb.h"

#define PROGRAMS	3
#define IDS		8

static uint64_t state = 88172645463325252ULL;
static uint64_t ids[IDS];
static unsigned int reads, taken, refused;

/* xorshift64: the same sequence each time */
static uint32_t any(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % below;
}

/* Uses the reader's slot in all ways, whatever they return. */
static void program(const struct uscard_create *arg, unsigned int slot)
{
	uint8_t buf[300];
	uint32_t len;

	for (;;) {
		int fd = us_open_node(arg, slot, O_RDWR);

		if (fd < 0)
			_exit(0);
		sc_connect(fd, slot ? SCARD_MODE_SHARED : SCARD_MODE_EXCLUSIVE, SC_ANY);
		sc_begin(fd);
		sc_apdu(fd, APDU_VERIFY);
		sc_features(fd);
		len = sizeof(buf);
		sc_get_attr(fd, 0x00010102, buf, &len);
		sc_reconnect(fd, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_RESET);
		sc_end(fd, SCARD_DISP_LEAVE);
		if (len & 1)
			sc_disconnect(fd, SCARD_DISP_EJECT);
		close(fd);
	}
}

/* Nothing waits for a read: a request may also stay where it is. */
static void read_some(int fd)
{
	static struct us_request req;

	while (any(4) && read(fd, &req, any(8) ? sizeof(req) : any(64)) > 0) {
		reads++;
		if (req.head.id)
			ids[any(IDS)] = req.head.id;
	}
}

static void message(struct uscard_message *msg)
{
	*msg = (struct uscard_message){
		.id = ids[any(IDS)] + (any(8) ? 0 : any(3) - 1),
		.type = any(16) ? any(4) + 1 : any(1 << 16),
	};
	switch (msg->type) {
	case USCARD_ANSWER:
		msg->error = any(4) ? 0 : any(140);
		msg->value = any(4) ? 0 : any(4);
		msg->len = any(4) ? any(40) : any(2000);
		break;
	case USCARD_MORE_TIME:
		msg->value = any(8) ? any(1000) : any(1U << 31) * 2;
		break;
	default:
		msg->id = any(16) ? 0 : msg->id;
		msg->slot = any(8) ? any(2) : any(1U << 31);
		msg->value = any(4) ? any(2) : 0x00010102;
		msg->len = msg->type == USCARD_ATTR ? any(300) : 0;
		msg->error = any(8) ? 0 : EOPNOTSUPP;
	}
	if (!any(64))
		msg->reserved[any(3)] = any(1U << 31);
}

/* The bytes of a message, some of them changed, and its length perhaps, too */
static void write_one(int fd)
{
	static uint8_t buf[sizeof(struct uscard_message) + 4096];
	struct uscard_message msg;
	size_t len;

	message(&msg);
	memcpy(buf, &msg, sizeof(msg));
	len = sizeof(msg) + msg.len;
	while (!any(4))
		buf[any((uint32_t)len)] ^= (uint8_t)(1U << any(8));
	if (!any(32))
		len = any(sizeof(buf));
	if (write(fd, buf, len) < 0)
		refused++;
	else
		taken++;
}

FIXTURE(server)
{
	struct uscard_create arg;
};

FIXTURE_SETUP(server)
{
	us_defaults(&self->arg);
	self->arg.slots = 2;
	self->arg.flags = USCARD_CREATE_EJECT;
	self->arg.pin_codes = 1;
	self->arg.pin_code[0] = SCARD_CTL_GET_FEATURE;
}

FIXTURE_TEARDOWN(server)
{
}

TEST_F_TIMEOUT(server, messages_of_any_kind, 20000)
{
	const char *text = getenv("TEST_ROUNDS");
	long rounds = text ? atol(text) : 20000, i;
	pid_t programs[PROGRAMS];
	int fd, status, n;

	fd = us_create_arg(&self->arg);
	ASSERT_LE(0, fd);
	for (n = 0; n < PROGRAMS; n++) {
		programs[n] = fork();
		if (!programs[n]) {
			close(fd);
			program(&self->arg, n & 1);
		}
	}
	for (i = 0; i < rounds; i++) {
		if (!any(8))
			read_some(fd);
		write_one(fd);
	}
	TH_LOG("%ld messages, %u taken, %u refused, %u requests", rounds, taken, refused, reads);
	EXPECT_LT(rounds / 100, taken);
	EXPECT_LT(rounds / 100, refused);
	EXPECT_LT(10, reads);
	for (n = 0; n < PROGRAMS; n++)
		kill(programs[n], SIGKILL);
	for (n = 0; n < PROGRAMS; n++) {
		for (i = 0; i < 3000 && !waitpid(programs[n], &status, WNOHANG); i += 10)
			pause_ms(10);
		EXPECT_GT(3000, i);
	}
	close(fd);

	/* the next one works */
	us_defaults(&self->arg);
	fd = us_create_arg(&self->arg);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, us_event(fd, 0, true));
	ASSERT_EQ(0, us_serve_op(fd, USCARD_POWER_ON));
	programs[0] = fork();
	if (!programs[0]) {
		close(fd);
		n = us_open_node(&self->arg, 0, O_RDWR);
		_exit(sc_connect(n, SCARD_MODE_SHARED, SC_ANY) ||
		      sc_apdu(n, APDU_VERIFY) != 0x9000);
	}
	EXPECT_EQ(0, us_serve_op(fd, USCARD_TRANSMIT));
	EXPECT_EQ(programs[0], waitpid(programs[0], &status, 0));
	EXPECT_EQ(0, status);
	close(fd);
}

TEST_HARNESS_MAIN
