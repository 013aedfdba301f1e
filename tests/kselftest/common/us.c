// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "us.h"

/* TS, T0: TD1 follows; TD1: T=0, TD2 follows; TD2: T=1; TCK */
const uint8_t us_atr[5] = { 0x3b, 0x80, 0x80, 0x01, 0x01 };

static uint32_t served;

void us_defaults(struct uscard_create *arg)
{
	*arg = (struct uscard_create){
		.slots = 1,
		.busy_slots = 1,
		.protocols = SCARD_PROTO_T0 | SCARD_PROTO_T1,
		.max_apdu = SCARD_COMMAND_MAX,
		.manufacturer = "Test",
		.product = "Server",
	};
}

int us_create_arg(struct uscard_create *arg)
{
	int fd = open("/dev/uscard", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	if (ioctl(fd, USCARD_IOC_CREATE, arg)) {
		int error = -errno;

		close(fd);
		return error;
	}
	return fd;
}

int us_create(unsigned int slots)
{
	struct uscard_create arg;

	us_defaults(&arg);
	arg.slots = slots;
	return us_create_arg(&arg);
}

int us_open_node(const struct uscard_create *arg, unsigned int slot, int flags)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/dev/scard%u", arg->minor[slot]);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int us_read(int fd, struct us_request *req, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n;

	if (poll(&p, 1, ms) <= 0)
		return -EAGAIN;
	n = read(fd, req, sizeof(*req));
	return n < 0 ? -errno : 0;
}

uint64_t us_expect(int fd, uint32_t op)
{
	static struct us_request req;
	int ret = us_read(fd, &req, 5000);

	if (ret || req.head.op != op || req.head.slot) {
		printf("# %d, operation %u instead of %u\n", ret, ret ? 0 : req.head.op, op);
		return 0;
	}
	return op == USCARD_ABORT ? req.head.arg64 : req.head.id;
}

int us_write(int fd, const struct uscard_message *msg, const void *data)
{
	struct iovec iov[2] = {
		{ (void *)msg, sizeof(*msg) },
		{ (void *)data, msg->len },
	};
	ssize_t n = writev(fd, iov, msg->len ? 2 : 1);

	return n < 0 ? -errno : 0;
}

int us_answer(int fd, uint64_t id, const void *data, uint32_t len)
{
	return us_write(fd, &(struct uscard_message){ .id = id, .type = USCARD_ANSWER, .len = len },
			data);
}

int us_answer_value(int fd, uint64_t id, uint32_t value)
{
	return us_write(fd, &(struct uscard_message){ .id = id, .type = USCARD_ANSWER,
						      .value = value }, NULL);
}

int us_answer_error(int fd, uint64_t id, uint32_t error)
{
	return us_write(fd, &(struct uscard_message){ .id = id, .type = USCARD_ANSWER,
						      .error = error }, NULL);
}

int us_more_time(int fd, uint64_t id, uint32_t ms)
{
	return us_write(fd, &(struct uscard_message){ .id = id, .type = USCARD_MORE_TIME,
						      .value = ms }, NULL);
}

int us_event(int fd, unsigned int slot, bool present)
{
	return us_write(fd, &(struct uscard_message){ .type = USCARD_EVENT, .slot = slot,
						      .value = present }, NULL);
}

int us_answer_to(int fd, const struct us_request *req)
{
	uint64_t id = req->head.id;

	switch (req->head.op) {
	case USCARD_POWER_ON:
	case USCARD_RESET:
		return us_answer(fd, id, us_atr, sizeof(us_atr));
	case USCARD_SET_PROTOCOL:
		return us_answer_value(fd, id, req->head.arg & SCARD_PROTO_T1 ?: SCARD_PROTO_T0);
	case USCARD_TRANSMIT:
		return us_answer(fd, id, "\x90\x00", 2);
	case USCARD_CONTROL:
		return us_answer_error(fd, id, EOPNOTSUPP);
	case USCARD_ABORT:
	case USCARD_SUSPEND:
		return 0;
	default:
		return us_answer(fd, id, NULL, 0);
	}
}

int us_serve(int fd, int ms)
{
	static struct us_request req;
	int ret;

	for (;;) {
		ret = us_read(fd, &req, ms);
		if (ret)
			return ret == -EAGAIN ? 0 : ret;
		served |= 1U << req.head.op;
		ret = us_answer_to(fd, &req);
		if (ret)
			return ret;
	}
}

int us_serve_until(int fd, bool (*over)(void *arg), void *arg)
{
	int ms, ret;

	for (ms = 0; ms < 10000; ms += 10) {
		ret = us_serve(fd, 10);
		if (ret || over(arg))
			return ret;
	}
	return -ETIMEDOUT;
}

static bool was_served(void *arg)
{
	return served & 1U << *(uint32_t *)arg;
}

int us_serve_op(int fd, uint32_t op)
{
	return us_serve_until(fd, was_served, &op) ?: us_serve(fd, 200);
}

uint32_t us_served(void)
{
	uint32_t was = served;

	served = 0;
	return was;
}
