// SPDX-License-Identifier: GPL-2.0-or-later
/* See user.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/uscard.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "calls.h"
#include "server.h"
#include "us.h"
#include "user.h"

#define COUNT(table)	(sizeof(table) / sizeof((table)[0]))
#define SERVE_MS	40

static const uint32_t flags[] = { 0, 1, 4, 5, 2, 3 };
static const uint32_t slots[] = { 1, 2, 1, 16, 3 };
static const uint32_t nodes[] = { 0600, 0400, 0200, 0666, 0660 };
static const uint32_t types[] = { USCARD_ANSWER, USCARD_ANSWER, USCARD_MORE_TIME, USCARD_EVENT,
				  USCARD_ATTR };
static const uint32_t values[] = { 1, 0, 2, 0x00010102, 0x00010100, 300 };
static const uint32_t errors[] = {
	0, 0, 0, ENOMEDIUM, EREMOTEIO, EPROTONOSUPPORT, EOPNOTSUPP, ETIMEDOUT, ECANCELED, EINVAL,
	EIO,
};

static struct uscard_create last;	/* the last reader that was made */
static uint64_t last_id;		/* of the last request that was read */

int user_open(const struct fuzz_call *call)
{
	static const int modes[] = { O_RDWR | O_NONBLOCK, O_RDWR | O_NONBLOCK, O_RDWR, O_RDONLY };

	return open("/dev/uscard", modes[call->v[0] % COUNT(modes)] | O_CLOEXEC);
}

int user_node(const struct fuzz_call *call)
{
	return us_open_node(&last, call->v[0] % 8 ? 0 : call->v[1] % USCARD_MAX_SLOTS,
			    call->v[2] < 192 ? O_RDWR : call->v[2] % 4);
}

static int create(int fd, const uint8_t *v)
{
	struct uscard_create arg;
	void *at = &arg;
	int ret;

	us_defaults(&arg);
	arg.flags = calls_pick(flags, COUNT(flags), v[0], v[8]);
	arg.slots = calls_pick(slots, COUNT(slots), v[1], v[8]);
	arg.busy_slots = v[2] < 224 ? 1 : v[2] % 20;
	arg.protocols = v[3] < 224 ? 3 : v[3] % 8;
	arg.pin_codes = v[4] % 8 ? 0 : v[4] / 8 % 10;
	if (arg.pin_codes)
		arg.pin_code[0] = 0x42330006;
	if (arg.flags & USCARD_CREATE_NODE) {
		arg.uid = v[5] % 4 ? 0 : 65534;
		arg.gid = v[5] % 8 ? 0 : v[5];
		arg.mode = calls_pick(nodes, COUNT(nodes), v[6], v[8]);
	}
	if (v[7] >= 240)
		arg.max_apdu = calls_length(v[7], v[8]);
	if (v[9] >= 250)
		((uint8_t *)&arg)[v[8] * 2 % sizeof(arg)] ^= v[9];
	memset(arg.serial, v[9], v[9] % 4 ? 3 : sizeof(arg.serial) - 1 + (v[9] == 252));
	if (v[6] >= 250) {
		at = calls_buffer(v[6]);
		if (v[6] >= 254)	/* some of it can be read and written */
			memcpy(at, &arg, v[6] % 64);
	}
	ret = ioctl(fd, USCARD_IOC_CREATE, at);
	if (!ret)
		last = arg;
	return ret;
}

static int take(int fd, const uint8_t *v)
{
	static struct us_request req;
	struct iovec iov[2] = {
		{ &req.head, sizeof(req.head) },
		{ req.data, v[0] < 224 ? sizeof(req.data) : v[1] },
	};
	ssize_t n;

	if (v[2] >= 224)
		iov[v[2] % 2].iov_base = calls_buffer(v[2]);
	n = readv(fd, iov, v[3] % 8 ? 2 : 1);
	if (n >= (ssize_t)sizeof(req.head))
		last_id = req.head.op == USCARD_ABORT ? req.head.arg64 : req.head.id;
	return n < 0 ? -1 : 0;
}

static int say(int fd, const uint8_t *v)
{
	struct uscard_message msg = {
		.type = calls_pick(types, COUNT(types), v[0], v[8]),
		.error = v[2] < 64 ? 0 : calls_pick(errors, COUNT(errors), v[2], v[8]),
		.value = calls_pick(values, COUNT(values), v[3], v[8]),
		.len = v[4] < 128 ? v[4] % 6 : calls_length(v[4], v[8]) % 70000,
		.reserved = { 0, 0, v[9] < 250 ? 0 : v[9] },
	};
	struct iovec iov[2] = { { &msg, sizeof(msg) }, { calls_buffer(v[6]), msg.len } };

	switch (msg.type) {
	case USCARD_ANSWER:
	case USCARD_MORE_TIME:
		msg.id = last_id + (v[5] < 240 ? 0 : v[5]);
		msg.value = v[3] < 128 ? 0 : msg.value;
		break;
	case USCARD_EVENT:
		msg.error = 0;
		msg.len = v[4] < 240 ? 0 : v[4];
		msg.slot = v[7] < 224 ? v[7] % 2 : v[7];
		break;
	default:
		msg.slot = v[7] < 224 ? v[7] % 2 : v[7];
		msg.value = v[3] < 128 ? 0x00010102U + v[3] : msg.value;
	}
	iov[1].iov_len = v[9] < 240 ? msg.len : v[9];
	return writev(fd, iov, iov[1].iov_len ? 2 : 1) < 0 ? -1 : 0;
}

/* Some requests, the last of them by a mode of its own */
static int serve(int fd, const uint8_t *v)
{
	unsigned int n = v[0] % 8, i, mode = v[1] % 4 ? MODE_WELL : v[2] % MODES;

	for (i = 0; i < n; i++)
		if (!server_answer(fd, SERVE_MS, MODE_WELL, 0))
			return i ? 0 : -1;
	return server_answer(fd, SERVE_MS, mode, v[3] | v[4] << 8) ? 0 : -1;
}

int user_call(int fd, const struct fuzz_call *call)
{
	switch (call->op) {
	case OP_USER_CREATE:
		return create(fd, call->v);
	case OP_USER_TAKE:
		return take(fd, call->v);
	case OP_USER_SAY:
		return say(fd, call->v);
	default:
		return serve(fd, call->v);
	}
}
