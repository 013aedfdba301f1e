// SPDX-License-Identifier: GPL-2.0-or-later
/* See sc.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "sc.h"
#include "usb.h"

#define MINORS	64

static int result(int ret)
{
	return ret < 0 ? -errno : ret;
}

static int open_minor(int minor, int flags)
{
	char path[32];

	snprintf(path, sizeof(path), "/dev/scard%d", minor);
	return open(path, flags | O_CLOEXEC);
}

int sc_open(int flags)
{
	int i, error = -ENOENT;

	for (i = 0; i < MINORS; i++) {
		int fd = open_minor(i, flags);
		struct scard_status status;

		if (fd < 0)
			continue;
		if (!sc_snapshot(fd, &status))
			return fd;
		error = -errno;
		close(fd);
	}
	return error;
}

int sc_open_slot(unsigned int slot)
{
	int i;

	for (i = 0; i < MINORS; i++) {
		int fd = open_minor(i, O_RDWR);
		struct scard_info info;

		if (fd < 0)
			continue;
		if (!sc_info(fd, &info) && info.slot == slot)
			return fd;
		close(fd);
	}
	return -ENOENT;
}

int sc_connected(int fd, uint32_t share_mode, uint32_t protocols)
{
	int ret;

	if (fd < 0)
		return fd;
	ret = sc_connect(fd, share_mode, protocols);
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

int sc_open_connected(uint32_t share_mode)
{
	return sc_connected(sc_open(O_RDWR), share_mode,
			    share_mode == SCARD_MODE_DIRECT ? 0 : SC_ANY);
}

bool sc_works(void)
{
	int fd = sc_open_connected(SCARD_MODE_SHARED);
	bool good;

	if (fd < 0)
		return false;
	good = sc_apdu(fd, APDU_STATE) == 0x9000;
	good = !sc_disconnect(fd, SCARD_DISP_LEAVE) && good;
	close(fd);
	return good;
}

int sc_info(int fd, struct scard_info *info)
{
	return result(ioctl(fd, SCARD_IOC_GET_INFO, info));
}

int sc_snapshot(int fd, struct scard_status *status)
{
	memset(status, 0, sizeof(*status));
	return result(ioctl(fd, SCARD_IOC_GET_STATUS, status));
}

bool sc_settled(int fd, struct scard_status *status, int ms)
{
	for (; ms > 0; ms -= 10) {
		if (!sc_snapshot(fd, status) && !(status->state & SCARD_STATE_BIT_SETTLING))
			return true;
		pause_ms(10);
	}
	return false;
}

int sc_status(int fd)
{
	struct scard_status status = { .flags = SCARD_STATUS_GATED };

	return result(ioctl(fd, SCARD_IOC_GET_STATUS, &status));
}

int sc_connect_flags(int fd, uint32_t share_mode, uint32_t protocols, uint32_t flags)
{
	struct scard_connect arg = {
		.share_mode = share_mode, .protocols = protocols, .flags = flags,
	};

	return result(ioctl(fd, SCARD_IOC_CONNECT, &arg));
}

int sc_connect(int fd, uint32_t share_mode, uint32_t protocols)
{
	return sc_connect_flags(fd, share_mode, protocols, SCARD_CONNECT_CLOSE_DEFAULT);
}

int sc_reconnect(int fd, uint32_t share_mode, uint32_t protocols, uint32_t initialization)
{
	struct scard_connect arg = {
		.share_mode = share_mode, .protocols = protocols, .initialization = initialization,
	};

	return result(ioctl(fd, SCARD_IOC_RECONNECT, &arg));
}

int sc_disconnect(int fd, uint32_t disposition)
{
	struct scard_disposition arg = { .disposition = disposition };

	return result(ioctl(fd, SCARD_IOC_DISCONNECT, &arg));
}

int sc_begin(int fd)
{
	return result(ioctl(fd, SCARD_IOC_BEGIN, 0));
}

int sc_end(int fd, uint32_t disposition)
{
	struct scard_disposition arg = { .disposition = disposition };

	return result(ioctl(fd, SCARD_IOC_END, &arg));
}

int sc_cancel(int fd)
{
	return result(ioctl(fd, SCARD_IOC_CANCEL, 0));
}

int sc_transmit(int fd, const void *send, uint32_t len, void *recv, uint32_t room)
{
	struct scard_transmit arg = {
		.send = (uintptr_t)send, .send_len = len,
		.recv = (uintptr_t)recv, .recv_len = room,
	};
	int ret = result(ioctl(fd, SCARD_IOC_TRANSMIT, &arg));

	return ret ? ret : (int)arg.recv_len;
}

static uint32_t from_hex(const char *hex, uint8_t *data, size_t size)
{
	unsigned int byte;
	uint32_t len = 0;

	for (; *hex && len < size && sscanf(hex, "%2x", &byte) == 1; hex += 2)
		data[len++] = (uint8_t)byte;
	return len;
}

static int exchange(int fd, const char *hex, uint8_t *answer, uint32_t room)
{
	uint8_t command[64];
	uint32_t len = from_hex(hex, command, sizeof(command));

	return sc_transmit(fd, command, len, answer, room);
}

int sc_apdu(int fd, const char *hex)
{
	/* valgrind does not know that the ioctl fills it */
	uint8_t answer[258] = { 0 };
	int len = exchange(fd, hex, answer, sizeof(answer));

	if (len < 0)
		return len;
	return len < 2 ? -EPROTO : answer[len - 2] << 8 | answer[len - 1];
}

long sc_count(int fd)
{
	uint8_t a[258];
	int len = exchange(fd, APDU_COUNT, a, sizeof(a));

	if (len < 0)
		return len;
	if (len != 6 || a[4] != 0x90)
		return -EPROTO;
	return (long)a[0] << 24 | a[1] << 16 | a[2] << 8 | a[3];
}

int sc_features(int fd)
{
	uint8_t list[256];
	struct scard_control arg = {
		.out = (uintptr_t)list, .out_len = sizeof(list), .code = SCARD_CTL_GET_FEATURE,
	};

	return result(ioctl(fd, SCARD_IOC_CONTROL, &arg));
}

int sc_escape(int fd)
{
	uint8_t message[] = { 0x1f, 0x02 };
	struct scard_control arg = {
		.in = (uintptr_t)message, .in_len = sizeof(message), .code = SCARD_CTL_ESCAPE,
		.out = (uintptr_t)message, .out_len = sizeof(message),
	};

	return result(ioctl(fd, SCARD_IOC_CONTROL, &arg));
}

int sc_get_attr(int fd, uint32_t id, void *buf, uint32_t *len)
{
	struct scard_attr arg = { .buf = (uintptr_t)buf, .id = id, .len = *len };
	int ret = result(ioctl(fd, SCARD_IOC_GET_ATTR, &arg));

	*len = arg.len;
	return ret;
}

int sc_set_attr(int fd, uint32_t id, const void *buf, uint32_t len)
{
	struct scard_attr arg = { .buf = (uintptr_t)buf, .id = id, .len = len };

	return result(ioctl(fd, SCARD_IOC_SET_ATTR, &arg));
}

int sc_handles(int fd, struct scard_handle_entry *list, uint32_t room, uint32_t *count)
{
	struct scard_handle_list arg = { .buf = (uintptr_t)list, .room = room };
	int ret = result(ioctl(fd, SCARD_IOC_GET_HANDLES, &arg));

	*count = arg.count;
	return ret;
}

static int gated_begin(int fd)
{
	int ret = sc_begin(fd);

	return ret ? ret : sc_end(fd, SCARD_DISP_LEAVE);
}

/* END without a transaction: a handle without a pending event gets ENOLCK. */
static int gated_end(int fd)
{
	int ret = sc_end(fd, SCARD_DISP_LEAVE);

	return ret == -ENOLCK ? 0 : ret;
}

static int gated_transmit(int fd)
{
	int sw = sc_apdu(fd, APDU_STATE);

	return sw == 0x9000 ? 0 : sw < 0 ? sw : -EPROTO;
}

static int gated_get_attr(int fd)
{
	uint8_t atr[SCARD_MAX_ATTRIBUTE_SIZE];
	uint32_t len = sizeof(atr);

	return sc_get_attr(fd, SCARD_ATTR_ATR_STRING, atr, &len);
}

/* No attribute can be set: a handle without a pending event gets EOPNOTSUPP. */
static int gated_set_attr(int fd)
{
	uint8_t one = 1;
	int ret = sc_set_attr(fd, SCARD_ATTR_SUPRESS_T1_IFS, &one, 1);

	return ret == -EOPNOTSUPP ? 0 : ret;
}

const struct sc_call sc_gated[SC_GATED] = {
	{ "BEGIN", gated_begin },
	{ "END", gated_end },
	{ "GET_STATUS", sc_status },
	{ "TRANSMIT", gated_transmit },
	{ "GET_ATTR", gated_get_attr },
	{ "SET_ATTR", gated_set_attr },
};
