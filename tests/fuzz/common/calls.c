// SPDX-License-Identifier: GPL-2.0-or-later
/* See calls.h. */
#include <linux/scard.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "calls.h"

#define PAGE		4096UL
#define ROOM		(17 * PAGE)	/* the longest data */
#define COUNT(table)	(sizeof(table) / sizeof((table)[0]))
#define PICK(table, a, b)	calls_pick(table, COUNT(table), a, b)

/* Bounds of lengths and numbers */
static const uint32_t bounds[] = {
	0, 1, 2, 4, 255, 256, 257, 258, 261, 262, 264, 265, 4095, 4096, 65535, 65536, 65538, 65544,
	65548, 65549, 66000, 0x7fffffff, 0x80000000, 0xffffffff,
};

static const uint32_t modes[] = { SCARD_MODE_SHARED, SCARD_MODE_EXCLUSIVE, SCARD_MODE_DIRECT };
static const uint32_t protocols[] = { 3, 1, 2, 4, 0, 7 };
static const uint32_t dispositions[] = {
	SCARD_DISP_LEAVE, SCARD_DISP_RESET, SCARD_DISP_UNPOWER, SCARD_DISP_EJECT,
};

static const uint32_t connect_flags[] = {
	0, SCARD_CONNECT_PROCESS, SCARD_CONNECT_CLOSE_TRANSACTION, SCARD_CONNECT_CLOSE_UNPOWER,
	SCARD_CONNECT_CLOSE_RESET, SCARD_CONNECT_PROCESS | SCARD_CONNECT_CLOSE_UNPOWER,
};

/* Features, escape, path on USB, PIN: verify, modify, properties, and others */
static const uint32_t controls[] = {
	0x42000d48, 0x42000001, 0x42000e11, 0x42330006, 0x42330007, 0x4233000a, 0x42330012,
	0x42330014, 0x42000000, 0x42330001,
};

/* Those of the core, a card's, a server's, and some that may not be set */
static const uint32_t attributes[] = {
	0x00010100, 0x00010101, 0x00010103, 0x00030120, 0x00080201, 0x00090300, 0x00090301,
	0x00090303, 0x00090304, 0x7fff0001, 0x7fff0002, 0x00010102, 0x00078000, 0x00080202,
};

/* Commands of vreader's card: VERIFY, is it verified, count, state, select, sleep, mute */
static const struct {
	uint8_t len;
	uint8_t bytes[10];
} apdus[] = {
	{ 5, { 0x80, 0xe2 } },
	{ 9, { 0x00, 0x20, 0x00, 0x01, 0x04, 0x31, 0x32, 0x33, 0x34 } },
	{ 5, { 0x00, 0x20, 0x00, 0x01 } },
	{ 5, { 0x80, 0xe4 } },
	{ 7, { 0x00, 0xa4, 0x00, 0x0c, 0x02, 0x2f, 0x00 } },
	{ 4, { 0x80, 0xe0, 0x00, 0x20 } },
	{ 4, { 0x80, 0xe8 } },
	{ 5, { 0x00, 0xb0 } },
};

static uint8_t *room;		/* ROOM bytes, then a page that is not there */
static uint8_t *read_only;

bool calls_init(void)
{
	room = mmap(NULL, ROOM + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	read_only = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return room != MAP_FAILED && read_only != MAP_FAILED && !munmap(room + ROOM, PAGE);
}

uint32_t calls_pick(const uint32_t *table, unsigned int n, uint8_t a, uint8_t b)
{
	if (a < 224)
		return table[a % n];
	if (a < 240)
		return bounds[b % COUNT(bounds)];
	return 1U << b % 32 | b;
}

uint32_t calls_length(uint8_t a, uint8_t b)
{
	if (a < 128)
		return b;
	if (a < 192)
		return bounds[b % 21];
	if (a < 240)
		return a * 256U + b;
	return bounds[b % COUNT(bounds)];
}

void *calls_buffer(uint8_t a)
{
	if (a < 224)
		return room;
	switch (a % 8) {
	case 0:
		return NULL;
	case 1:
		return room + ROOM - 1;
	case 2:
		return room + ROOM;
	case 3:
		return read_only;
	case 4:
		return (void *)0xffff888000100000UL;
	case 5:
		return (void *)-1UL;
	default:
		return room + ROOM - a % 64;
	}
}

/*
 * The argument of an ioctl: @data where all of it can be, or, by @where, partly in a page that is
 * not there, or at a bad address.
 */
static void *argument(uint8_t where, void *data, size_t size)
{
	uint8_t *at = calls_buffer(where);

	if (where < 240)
		return data;
	if (at >= room && at < room + ROOM) {
		size_t fits = (size_t)(room + ROOM - at);

		memcpy(at, data, size < fits ? size : fits);
	}
	return at;
}

/* A reserved word or a flag that is not zero, seldom */
static uint32_t reserved(uint8_t a)
{
	return a < 248 ? 0 : 1U << a % 8;
}

static int connect_card(int fd, unsigned long command, const uint8_t *v)
{
	struct scard_connect arg = {
		.share_mode = PICK(modes, v[0], v[8]),
		.protocols = PICK(protocols, v[1], v[8]),
		.reserved = { 0, reserved(v[5]) },
	};

	if (command == SCARD_IOC_CONNECT)
		arg.flags = PICK(connect_flags, v[2], v[8]);
	else
		arg.initialization = calls_pick(dispositions, 3, v[2], v[8]);
	return ioctl(fd, command, argument(v[6], &arg, sizeof(arg)));
}

static int dispose(int fd, unsigned long command, const uint8_t *v)
{
	struct scard_disposition arg = {
		.disposition = PICK(dispositions, v[0], v[8]),
		.flags = reserved(v[4]),
		.reserved = { reserved(v[5]) },
	};

	return ioctl(fd, command, argument(v[6], &arg, sizeof(arg)));
}

/* Commands of the card, or bytes of any length */
static uint32_t command_bytes(const uint8_t *v, void *to)
{
	const uint32_t i = v[0] % COUNT(apdus);

	if (v[2] < 160) {
		if (to == room)
			memcpy(to, apdus[i].bytes, apdus[i].len);
		return apdus[i].len;
	}
	if (to == room)
		memset(to, v[0], 64);
	return calls_length(v[2] < 192 ? v[0] : v[2], v[1]);
}

static int transmit(int fd, const uint8_t *v)
{
	struct scard_transmit arg = {
		.send = (uintptr_t)calls_buffer(v[3]),
		.recv = (uintptr_t)calls_buffer(v[4]),
		.send_len = command_bytes(v, calls_buffer(v[3])),
		.recv_len = v[5] < 128 ? 258 : calls_length(v[5], v[1]),
		.protocol = v[7] < 224 ? 0 : PICK(protocols, v[7], v[8]),
		.reserved = { reserved(v[9]) },
	};

	return ioctl(fd, SCARD_IOC_TRANSMIT, argument(v[6], &arg, sizeof(arg)));
}

static int control(int fd, const uint8_t *v)
{
	struct scard_control arg = {
		.in = (uintptr_t)calls_buffer(v[3]),
		.out = (uintptr_t)calls_buffer(v[4]),
		.in_len = v[2] < 64 ? 0 : calls_length(v[2], v[1]),
		.out_len = v[5] < 128 ? 264 : calls_length(v[5], v[1]),
		.code = PICK(controls, v[0], v[8]),
		.flags = reserved(v[7]),
		.reserved = { 0, reserved(v[9]) },
	};

	return ioctl(fd, SCARD_IOC_CONTROL, argument(v[6], &arg, sizeof(arg)));
}

static int attribute(int fd, unsigned long command, const uint8_t *v)
{
	struct scard_attr arg = {
		.buf = v[3] % 8 ? (uintptr_t)calls_buffer(v[3]) : 0,
		.id = PICK(attributes, v[0], v[8]),
		.len = v[2] < 128 ? 264 : calls_length(v[2], v[1]),
		.flags = reserved(v[4]),
		.reserved = reserved(v[5]),
	};

	return ioctl(fd, command, argument(v[6], &arg, sizeof(arg)));
}

static int status(int fd, const uint8_t *v)
{
	struct scard_status arg = {
		.flags = v[0] < 240 ? v[0] % 2 : v[0],
		.reserved8 = { (uint8_t)reserved(v[4]) },
		.reserved = { reserved(v[5]) },
	};

	return ioctl(fd, SCARD_IOC_GET_STATUS, argument(v[6], &arg, sizeof(arg)));
}

static int handles(int fd, const uint8_t *v)
{
	struct scard_handle_list arg = {
		.buf = v[0] % 4 ? (uintptr_t)calls_buffer(v[3]) : 0,
		.room = v[2] < 224 ? v[2] % 16 : calls_length(v[2], v[1]),
		.flags = reserved(v[4]),
		.reserved = reserved(v[5]),
	};

	return ioctl(fd, SCARD_IOC_GET_HANDLES, argument(v[6], &arg, sizeof(arg)));
}

int calls_card(int fd, const struct fuzz_call *call)
{
	const uint8_t *v = call->v;
	struct scard_info info;

	switch (call->op) {
	case OP_INFO:
		return ioctl(fd, SCARD_IOC_GET_INFO, argument(v[6], &info, sizeof(info)));
	case OP_STATUS:
		return status(fd, v);
	case OP_CONNECT:
		return connect_card(fd, SCARD_IOC_CONNECT, v);
	case OP_RECONNECT:
		return connect_card(fd, SCARD_IOC_RECONNECT, v);
	case OP_DISCONNECT:
		return dispose(fd, SCARD_IOC_DISCONNECT, v);
	case OP_BEGIN:
		return ioctl(fd, SCARD_IOC_BEGIN, reserved(v[4]));
	case OP_END:
		return dispose(fd, SCARD_IOC_END, v);
	case OP_TRANSMIT:
		return transmit(fd, v);
	case OP_CONTROL:
		return control(fd, v);
	case OP_GET_ATTR:
		return attribute(fd, SCARD_IOC_GET_ATTR, v);
	case OP_SET_ATTR:
		return attribute(fd, SCARD_IOC_SET_ATTR, v);
	case OP_CANCEL:
		return ioctl(fd, SCARD_IOC_CANCEL, reserved(v[4]));
	case OP_HANDLES:
		return handles(fd, v);
	default:	/* a command that is none, with the magic or without */
		return ioctl(fd, (unsigned long)(v[0] % 8 ? SCARD_IOC_MAGIC : v[1]) << 8 | v[2] |
			     (unsigned long)v[3] << 16 | (unsigned long)v[4] << 24,
			     calls_buffer(v[5]));
	}
}
