// SPDX-License-Identifier: GPL-2.0-or-later
/* See server.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"
#include "cover.h"
#include "random.h"
#include "fuzz.h"
#include "server.h"
#include "us.h"
#include "usb.h"

#define ATTR_USER	0x00010102
#define SLOW_MS		150

static pid_t server;
static int orders = -1;
static uint64_t silent_id;	/* the request that got no answer */

static void answer_long(int fd, uint64_t id, uint32_t len)
{
	static uint8_t bytes[USCARD_MAX_DATA + 1024];

	us_answer(fd, id, bytes, len % sizeof(bytes));
}

/* A message in which each member may be anything */
static void answer_random(int fd, uint64_t id)
{
	static uint8_t bytes[300];
	struct uscard_message msg = {
		.id = random_below(4) ? id : random_below(100),
		.type = random_below(4) ? USCARD_ANSWER : random_below(8),
		.error = random_below(3) ? 0 : random_below(140),
		.value = random_below(3) ? random_below(4) : random_below(1U << 31),
		.len = random_below(2) ? random_below(34) : random_below(sizeof(bytes)),
	};
	size_t i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)random_below(256);
	us_write(fd, &msg, bytes);
}

static void answer_badly(int fd, const struct us_request *req, unsigned int mode,
			 unsigned int value)
{
	uint64_t id = req->head.id;

	switch (mode) {
	case MODE_REFUSE:
		us_answer_error(fd, id, value % 134 ?: EIO);
		break;
	case MODE_SILENT:
		silent_id = id;
		break;
	case MODE_SLOW:
		pause_ms(value % SLOW_MS);
		us_answer_to(fd, req);
		break;
	case MODE_LONG:
		answer_long(fd, id, value);
		us_answer_to(fd, req);
		break;
	case MODE_SHORT:
		answer_long(fd, id, value % 3);
		us_answer_to(fd, req);
		break;
	case MODE_OTHER_ID:
		us_answer(fd, id + value, us_atr, sizeof(us_atr));
		us_answer_to(fd, req);
		break;
	case MODE_TWICE:
		us_answer_to(fd, req);
		us_answer_to(fd, req);
		break;
	case MODE_MORE_TIME:
		us_more_time(fd, id, value);
		pause_ms(value % SLOW_MS);
		us_answer_to(fd, req);
		break;
	case MODE_REMOVE:
		us_event(fd, req->head.slot, false);
		us_answer_error(fd, id, ENOMEDIUM);
		us_event(fd, req->head.slot, value & 1);
		break;
	case MODE_RANDOM:
		answer_random(fd, id);
		us_answer_to(fd, req);
		break;
	default:	/* MODE_UNPLUG: the caller closes the reader */
		break;
	}
}

bool server_answer(int fd, int ms, unsigned int mode, unsigned int value)
{
	static struct us_request req;

	if (us_read(fd, &req, ms))
		return false;
	shared->served++;
	if (req.head.op == USCARD_ABORT && req.head.arg64 == silent_id)
		us_answer_error(fd, silent_id, ECANCELED);
	else if (req.head.op == USCARD_CONTROL && mode == MODE_WELL)
		us_answer(fd, req.head.id, req.data, req.head.len);
	else if (mode == MODE_WELL || req.head.op >= USCARD_ABORT)
		us_answer_to(fd, &req);
	else
		answer_badly(fd, &req, mode, value);
	return true;
}

/* A new reader; @flags: 1 is listed for everybody, 2 has one slot, 4 is for short APDUs only */
static int plug(uint8_t flags)
{
	struct uscard_create arg;
	unsigned int i;
	int fd;

	us_defaults(&arg);
	arg.slots = flags & 2 ? 1 : SLOTS;
	arg.flags = USCARD_CREATE_EJECT | (flags & 1 ? USCARD_CREATE_PUBLIC : 0);
	arg.max_apdu = flags & 4 ? 261 : SCARD_COMMAND_MAX;
	arg.pin_codes = 1;
	arg.pin_code[0] = 0x42330006;
	fd = us_create_arg(&arg);
	if (fd < 0)
		return fd;
	for (i = 0; i < SLOTS; i++)
		shared->minor[i] = arg.minor[i % arg.slots];
	us_event(fd, 0, true);
	return fd;
}

static int obey(int fd, uint8_t order)
{
	unsigned int slot = order & ~ORDER_MASK;
	const struct uscard_message attr = {
		.type = USCARD_ATTR,
		.value = ATTR_USER + slot,
		.len = sizeof(us_atr),
	};

	switch (order & ORDER_MASK) {
	case ORDER_INSERT:
		us_event(fd, slot, true);
		break;
	case ORDER_REMOVE:
		us_event(fd, slot, false);
		break;
	case ORDER_PLUG:
		close(fd);
		return plug((uint8_t)slot);
	default:
		us_write(fd, &attr, us_atr);
	}
	return fd;
}

static unsigned int next_mode(void)
{
	unsigned int left = shared->left;

	if (!left)
		return MODE_WELL;
	shared->left = left - 1;
	return shared->mode % MODES;
}

static void __attribute__((noreturn)) serve(int order_fd, int ready)
{
	int fd = plug(0);
	char c = fd >= 0;

	if (write(ready, &c, 1) != 1)
		_exit(1);
	close(ready);
	for (;;) {
		struct pollfd p[2] = {
			{ .fd = order_fd, .events = POLLIN },
			{ .fd = fd, .events = POLLIN },
		};
		uint8_t order;

		if (fd < 0) {
			pause_ms(10);
			fd = plug(0);
			continue;
		}
		poll(p, 2, -1);
		if (p[0].revents) {
			if (read(order_fd, &order, 1) != 1)
				_exit(0);
			fd = obey(fd, order);
			continue;
		}
		if (p[1].revents) {
			unsigned int mode = next_mode();

			server_answer(fd, 0, mode, shared->value);
			if (mode == MODE_UNPLUG) {
				close(fd);
				fd = plug(0);
			}
		}
	}
}

bool server_start(void)
{
	int order_pipe[2], ready[2];
	char good = 0;

	if (pipe2(order_pipe, O_CLOEXEC) || pipe2(ready, O_CLOEXEC))
		return false;
	server = fork();
	if (!server) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(order_pipe[1]);
		close(ready[0]);
		cover_enable(0);
		serve(order_pipe[0], ready[1]);
	}
	setpgid(server, server);
	close(order_pipe[0]);
	close(ready[1]);
	orders = order_pipe[1];
	if (read(ready[0], &good, 1) != 1)
		good = 0;
	close(ready[0]);
	return good;
}

void server_order(uint8_t order)
{
	if (write(orders, &order, 1) != 1)
		return;
}

void server_calm(void)
{
	shared->left = 0;
	server_order(ORDER_INSERT);
}

void server_stop(void)
{
	close(orders);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}
