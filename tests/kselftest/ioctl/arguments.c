// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bad arguments to every SCARD_IOC_* ioctl: EFAULT, EINVAL, ENOTTY, EBADF, ENOTCONN and the
 * others of <linux/scard.h>; slot state and card are unchanged.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "sc.h"
#include "vr.h"

#define PAGE		4096
#define KERNEL_ADDRESS	0xffff888000000000ULL

FIXTURE(ioctl_args)
{
	int fd;			/* connected SHARED */
	int idle;		/* open, not connected */
	void *none;		/* a page that cannot be read or written */
	void *readable;		/* a page that cannot be written */
	struct scard_status before;
};

FIXTURE_SETUP(ioctl_args)
{
	vr_prepare("--profile short", VR_CARD);
	self->fd = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, self->fd);
	self->idle = sc_open(O_RDWR);
	ASSERT_LE(0, self->idle);
	self->none = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->none);
	self->readable = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->readable);
	vr_clear();
	ASSERT_EQ(0, sc_snapshot(self->idle, &self->before));
}

/* Nothing may have changed, and the connected handle works. */
FIXTURE_TEARDOWN(ioctl_args)
{
	struct scard_status after;

	ASSERT_EQ(0, sc_snapshot(self->idle, &after));
	EXPECT_EQ(0, memcmp(&self->before, &after, sizeof(after))) {
		TH_LOG("state %x/%x event %u/%u epoch %u/%u handles %u/%u", self->before.state,
		       after.state, self->before.event, after.event, self->before.epoch,
		       after.epoch, self->before.handles, after.handles);
	}
	EXPECT_STREQ("", vr_trace());
	EXPECT_EQ(0, sc_status(self->fd));
	EXPECT_EQ(0x9000, sc_apdu(self->fd, APDU_STATE));
}

static int call(int fd, unsigned long command, const void *arg)
{
	return ioctl(fd, command, arg) < 0 ? -errno : 0;
}

/*
 * Each command that takes a structure, with a good value of it. The calls that would
 * succeed are never made with it as it is.
 */
struct good {
	const char *name;
	unsigned long command;
	size_t size;
	size_t reserved;	/* offset of the reserved words at the end */
	bool idle;		/* for a descriptor that is not connected */
	union {
		struct scard_status status;
		struct scard_connect connect;
		struct scard_disposition disposition;
		struct scard_transmit transmit;
		struct scard_control control;
		struct scard_attr attr;
		struct scard_handle_list handles;
	};
};

static uint8_t command_bytes[4] = { 0x80, 0xe4, 0, 0 };
static uint8_t answer_bytes[SCARD_MAX_ATTRIBUTE_SIZE];

#define ALL_GOOD	11

static void all_good(struct good list[ALL_GOOD])
{
	const struct good table[ALL_GOOD] = {
		{
			.name = "GET_STATUS", .command = SCARD_IOC_GET_STATUS,
			.size = sizeof(struct scard_status),
			.reserved = offsetof(struct scard_status, reserved),
			.status = { .flags = SCARD_STATUS_GATED },
		}, {
			.name = "CONNECT", .command = SCARD_IOC_CONNECT,
			.size = sizeof(struct scard_connect), .idle = true,
			.reserved = offsetof(struct scard_connect, reserved),
			.connect = { .share_mode = SCARD_MODE_SHARED, .protocols = SC_ANY },
		}, {
			.name = "RECONNECT", .command = SCARD_IOC_RECONNECT,
			.size = sizeof(struct scard_connect),
			.reserved = offsetof(struct scard_connect, reserved),
			.connect = { .share_mode = SCARD_MODE_SHARED, .protocols = SC_ANY },
		}, {
			.name = "DISCONNECT", .command = SCARD_IOC_DISCONNECT,
			.size = sizeof(struct scard_disposition),
			.reserved = offsetof(struct scard_disposition, reserved),
			.disposition = { .disposition = SCARD_DISP_RESET },
		}, {
			.name = "END", .command = SCARD_IOC_END,
			.size = sizeof(struct scard_disposition),
			.reserved = offsetof(struct scard_disposition, reserved),
			.disposition = { .disposition = SCARD_DISP_RESET },
		}, {
			.name = "TRANSMIT", .command = SCARD_IOC_TRANSMIT,
			.size = sizeof(struct scard_transmit),
			.reserved = offsetof(struct scard_transmit, reserved),
			.transmit = {
				.send = (uintptr_t)command_bytes,
				.send_len = sizeof(command_bytes),
				.recv = (uintptr_t)answer_bytes, .recv_len = sizeof(answer_bytes),
			},
		}, {
			.name = "CONTROL", .command = SCARD_IOC_CONTROL,
			.size = sizeof(struct scard_control),
			.reserved = offsetof(struct scard_control, reserved),
			.control = {
				.out = (uintptr_t)answer_bytes, .out_len = sizeof(answer_bytes),
				.code = SCARD_CTL_GET_FEATURE,
			},
		}, {
			.name = "GET_ATTR", .command = SCARD_IOC_GET_ATTR,
			.size = sizeof(struct scard_attr),
			.reserved = offsetof(struct scard_attr, reserved),
			.attr = {
				.buf = (uintptr_t)answer_bytes, .id = SCARD_ATTR_ATR_STRING,
				.len = sizeof(answer_bytes),
			},
		}, {
			.name = "SET_ATTR", .command = SCARD_IOC_SET_ATTR,
			.size = sizeof(struct scard_attr),
			.reserved = offsetof(struct scard_attr, reserved),
			.attr = {
				.buf = (uintptr_t)answer_bytes, .id = SCARD_ATTR_SUPRESS_T1_IFS,
				.len = 1,
			},
		}, {
			.name = "GET_STATUS snapshot", .command = SCARD_IOC_GET_STATUS,
			.size = sizeof(struct scard_status),
			.reserved = offsetof(struct scard_status, reserved),
		}, {
			.name = "GET_HANDLES", .command = SCARD_IOC_GET_HANDLES,
			.size = sizeof(struct scard_handle_list),
			.reserved = offsetof(struct scard_handle_list, reserved),
		},
	};

	memcpy(list, table, sizeof(table));
}

static int fd_of(const FIXTURE_DATA(ioctl_args) *self, const struct good *g)
{
	return g->idle ? self->idle : self->fd;
}

TEST_F(ioctl_args, unreadable_structure_gets_EFAULT)
{
	struct good list[ALL_GOOD];
	size_t i;

	all_good(list);
	for (i = 0; i < ALL_GOOD; i++) {
		EXPECT_EQ(-EFAULT, call(fd_of(self, &list[i]), list[i].command, NULL))
			TH_LOG("%s", list[i].name);
		EXPECT_EQ(-EFAULT, call(fd_of(self, &list[i]), list[i].command, self->none))
			TH_LOG("%s", list[i].name);
		EXPECT_EQ(-EFAULT, call(fd_of(self, &list[i]), list[i].command,
					(void *)KERNEL_ADDRESS))
			TH_LOG("%s", list[i].name);
	}
	EXPECT_EQ(-EFAULT, call(self->idle, SCARD_IOC_GET_INFO, NULL));
	EXPECT_EQ(-EFAULT, call(self->idle, SCARD_IOC_GET_INFO, self->none));
	EXPECT_EQ(-EFAULT, call(self->idle, SCARD_IOC_GET_INFO, self->readable));
	EXPECT_EQ(-EFAULT, call(self->idle, SCARD_IOC_GET_STATUS, self->readable));
}

/* The last part of the structure is on a page that is not there. */
TEST_F(ioctl_args, half_readable_structure_gets_EFAULT)
{
	struct good list[ALL_GOOD];
	char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
	size_t i;

	ASSERT_NE(MAP_FAILED, pages);
	ASSERT_EQ(0, munmap(pages + PAGE, PAGE));
	all_good(list);
	for (i = 0; i < ALL_GOOD; i++) {
		char *at = pages + PAGE - list[i].size + 4;

		memcpy(at, &list[i].status, list[i].size - 4);
		EXPECT_EQ(-EFAULT, call(fd_of(self, &list[i]), list[i].command, at))
			TH_LOG("%s", list[i].name);
	}
}

TEST_F(ioctl_args, reserved_fields_must_be_zero)
{
	struct good list[ALL_GOOD];
	size_t i, at;

	all_good(list);
	for (i = 0; i < ALL_GOOD; i++) {
		for (at = list[i].reserved; at < list[i].size; at += 4) {
			struct good bad = list[i];
			uint32_t one = 1;

			memcpy((char *)&bad.status + at, &one, sizeof(one));
			EXPECT_EQ(-EINVAL, call(fd_of(self, &bad), bad.command, &bad.status))
				TH_LOG("%s, offset %zu", bad.name, at);
		}
	}
}

#define BAD_FLAGS(_g, _member, _flags) do {						\
	struct good bad = (_g);								\
											\
	bad._member.flags = (_flags);							\
	EXPECT_EQ(-EINVAL, call(fd_of(self, &bad), bad.command, &bad.status))		\
		TH_LOG("%s, flags %x", bad.name, (unsigned int)(_flags));		\
} while (0)

TEST_F(ioctl_args, unknown_flags_get_EINVAL)
{
	struct good list[ALL_GOOD];
	unsigned int bit;

	all_good(list);
	for (bit = 0; bit < 32; bit++) {
		uint32_t flag = 1U << bit;

		if (flag != SCARD_STATUS_GATED)
			BAD_FLAGS(list[0], status, flag);
		if (flag & ~(SCARD_CONNECT_CLOSE_MASK | SCARD_CONNECT_PROCESS))
			BAD_FLAGS(list[1], connect, flag);
		BAD_FLAGS(list[2], connect, flag);
		BAD_FLAGS(list[3], disposition, flag);
		BAD_FLAGS(list[4], disposition, flag);
		BAD_FLAGS(list[5], transmit, flag);
		BAD_FLAGS(list[6], control, flag);
		BAD_FLAGS(list[7], attr, flag);
		BAD_FLAGS(list[8], attr, flag);
		BAD_FLAGS(list[10], handles, flag);
	}
}

TEST_F(ioctl_args, bad_share_mode_gets_EINVAL)
{
	static const uint32_t bad[] = { 0, 4, 0x80000000, 0xffffffff };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, sc_connect(self->idle, bad[i], SC_ANY));
		EXPECT_EQ(-EINVAL, sc_reconnect(self->fd, bad[i], SC_ANY, SCARD_DISP_LEAVE));
	}
}

TEST_F(ioctl_args, wrong_protocols_get_EPROTONOSUPPORT)
{
	/* none at all is a mismatch, not a bad value */
	EXPECT_EQ(-EPROTONOSUPPORT, sc_connect(self->idle, SCARD_MODE_SHARED, 0));
	EXPECT_EQ(-EPROTONOSUPPORT, sc_connect(self->idle, SCARD_MODE_EXCLUSIVE, 0));
	EXPECT_EQ(-EPROTONOSUPPORT, sc_reconnect(self->fd, SCARD_MODE_SHARED, 0,
						 SCARD_DISP_LEAVE));
	/* the card speaks T=1 only, and does so already */
	EXPECT_EQ(-EPROTONOSUPPORT, sc_connect(self->idle, SCARD_MODE_SHARED, SCARD_PROTO_T0));
	EXPECT_EQ(-EPROTONOSUPPORT, sc_reconnect(self->fd, SCARD_MODE_SHARED, SCARD_PROTO_T0,
						 SCARD_DISP_LEAVE));
}

TEST_F(ioctl_args, unknown_protocols_get_EINVAL)
{
	uint32_t bit;

	for (bit = SCARD_PROTO_RAW << 1; bit; bit <<= 1) {
		EXPECT_EQ(-EINVAL, sc_connect(self->idle, SCARD_MODE_SHARED, SC_ANY | bit));
		EXPECT_EQ(-EINVAL, sc_connect(self->idle, SCARD_MODE_DIRECT, bit));
		EXPECT_EQ(-EINVAL, sc_reconnect(self->fd, SCARD_MODE_SHARED, SC_ANY | bit,
						SCARD_DISP_LEAVE));
	}
}

TEST_F(ioctl_args, bad_initialization_gets_EINVAL)
{
	static const uint32_t bad[] = { SCARD_DISP_EJECT, 4, 0xffffffff };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-EINVAL, sc_reconnect(self->fd, SCARD_MODE_SHARED, SC_ANY, bad[i]));
	for (i = SCARD_DISP_RESET; i <= SCARD_DISP_EJECT + 1; i++) {
		struct scard_connect arg = {
			.share_mode = SCARD_MODE_SHARED, .protocols = SC_ANY,
			.initialization = i,
		};

		EXPECT_EQ(-EINVAL, call(self->idle, SCARD_IOC_CONNECT, &arg));
	}
}

TEST_F(ioctl_args, bad_disposition_gets_EINVAL)
{
	static const uint32_t bad[] = { 4, 5, 0x80000000, 0xffffffff };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, sc_disconnect(self->fd, bad[i]));
		EXPECT_EQ(-EINVAL, sc_end(self->fd, bad[i]));
	}
}

/* The value is looked at before anything happens: a transaction goes on. */
TEST_F(ioctl_args, bad_disposition_keeps_transaction)
{
	struct scard_status status;

	ASSERT_EQ(0, sc_begin(self->fd));
	EXPECT_EQ(-EINVAL, sc_end(self->fd, 4));
	EXPECT_EQ(-EINVAL, sc_disconnect(self->fd, 4));
	ASSERT_EQ(0, sc_snapshot(self->idle, &status));
	EXPECT_TRUE(status.state & SCARD_STATE_BIT_TRANSACTION);
	ASSERT_EQ(0, sc_end(self->fd, SCARD_DISP_LEAVE));
	/* the events of this transaction are no mistake */
	ASSERT_EQ(0, sc_snapshot(self->idle, &status));
	self->before.event = status.event;
}

TEST_F(ioctl_args, BEGIN_and_CANCEL_take_zero_only)
{
	EXPECT_EQ(-EINVAL, call(self->fd, SCARD_IOC_BEGIN, (void *)1));
	EXPECT_EQ(-EINVAL, call(self->fd, SCARD_IOC_CANCEL, (void *)1));
	EXPECT_EQ(-EINVAL, call(self->fd, SCARD_IOC_BEGIN, &answer_bytes));
}

TEST_F(ioctl_args, TRANSMIT_bad_pointers_get_EFAULT)
{
	struct good list[ALL_GOOD], bad;

	all_good(list);
	bad = list[5];
	bad.transmit.send = 0;
	EXPECT_EQ(-EFAULT, call(self->fd, SCARD_IOC_TRANSMIT, &bad.transmit));
	bad.transmit.send = (uintptr_t)self->none;
	EXPECT_EQ(-EFAULT, call(self->fd, SCARD_IOC_TRANSMIT, &bad.transmit));
	bad.transmit.send = KERNEL_ADDRESS;
	EXPECT_EQ(-EFAULT, call(self->fd, SCARD_IOC_TRANSMIT, &bad.transmit));
	/* no room at all is seen before the card is asked */
	bad = list[5];
	bad.transmit.recv = 0;
	EXPECT_EQ(-EINVAL, call(self->fd, SCARD_IOC_TRANSMIT, &bad.transmit));
}

TEST_F(ioctl_args, TRANSMIT_bad_lengths_get_EINVAL)
{
	struct good list[ALL_GOOD], bad;

	all_good(list);
	bad = list[5];
	bad.transmit.send_len = SCARD_COMMAND_MAX + 1;
	EXPECT_EQ(-EINVAL, call(self->fd, SCARD_IOC_TRANSMIT, &bad.transmit));
	bad.transmit.send_len = 0xffffffff;
	EXPECT_EQ(-EINVAL, call(self->fd, SCARD_IOC_TRANSMIT, &bad.transmit));
}

TEST_F(ioctl_args, TRANSMIT_wrong_protocol_gets_EPROTONOSUPPORT)
{
	static const uint32_t bad[] = { SCARD_PROTO_T0, 8, SC_ANY, 0x80000000 };
	struct good list[ALL_GOOD];
	size_t i;

	all_good(list);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		list[5].transmit.protocol = bad[i];
		EXPECT_EQ(-EPROTONOSUPPORT, call(self->fd, SCARD_IOC_TRANSMIT, &list[5].transmit))
			TH_LOG("protocol %x", bad[i]);
	}
}

TEST_F(ioctl_args, CONTROL_bad_arguments)
{
	struct good list[ALL_GOOD], bad;

	all_good(list);
	bad = list[6];
	bad.control.code = 0x42000000 + 2999;
	EXPECT_EQ(-EOPNOTSUPP, call(self->fd, SCARD_IOC_CONTROL, &bad.control));
	bad = list[6];
	bad.control.in_len = SCARD_CONTROL_MAX + 1;
	EXPECT_EQ(-EINVAL, call(self->fd, SCARD_IOC_CONTROL, &bad.control));
	bad = list[6];
	bad.control.in_len = 1;
	EXPECT_EQ(-EINVAL, call(self->fd, SCARD_IOC_CONTROL, &bad.control));
	bad.control.in = (uintptr_t)self->none;
	EXPECT_EQ(-EFAULT, call(self->fd, SCARD_IOC_CONTROL, &bad.control));
	bad = list[6];
	bad.control.out = (uintptr_t)self->readable;
	EXPECT_EQ(-EFAULT, call(self->fd, SCARD_IOC_CONTROL, &bad.control));
}

TEST_F(ioctl_args, GET_ATTR_SET_ATTR_bad_arguments)
{
	struct good list[ALL_GOOD], bad;

	all_good(list);
	bad = list[7];
	bad.attr.id = 0x7fff7fff;
	EXPECT_EQ(-EOPNOTSUPP, call(self->fd, SCARD_IOC_GET_ATTR, &bad.attr));
	EXPECT_EQ(-EOPNOTSUPP, call(self->fd, SCARD_IOC_SET_ATTR, &bad.attr));
	bad = list[7];
	bad.attr.buf = (uintptr_t)self->readable;
	EXPECT_EQ(-EFAULT, call(self->fd, SCARD_IOC_GET_ATTR, &bad.attr));
	/* too small: the length that is needed, and not a byte */
	bad = list[7];
	bad.attr.len = 1;
	answer_bytes[0] = 0xee;
	EXPECT_EQ(-EMSGSIZE, call(self->fd, SCARD_IOC_GET_ATTR, &bad.attr));
	EXPECT_EQ(self->before.atr_len, bad.attr.len);
	EXPECT_EQ(0xee, answer_bytes[0]);
	/* no buffer: the length alone */
	bad = list[7];
	bad.attr.buf = 0;
	EXPECT_EQ(0, call(self->fd, SCARD_IOC_GET_ATTR, &bad.attr));
	EXPECT_EQ(self->before.atr_len, bad.attr.len);
	bad = list[8];
	bad.attr.len = SCARD_MAX_ATTRIBUTE_SIZE + 1;
	EXPECT_EQ(-EINVAL, call(self->fd, SCARD_IOC_SET_ATTR, &bad.attr));
}

TEST_F(ioctl_args, unconnected_handle_gets_ENOTCONN)
{
	uint8_t buf[4];
	uint32_t len = sizeof(buf);

	EXPECT_EQ(-ENOTCONN, sc_disconnect(self->idle, SCARD_DISP_RESET));
	EXPECT_EQ(-ENOTCONN, sc_disconnect(self->idle, SCARD_DISP_LEAVE));
	EXPECT_EQ(-ENOTCONN, sc_begin(self->idle));
	EXPECT_EQ(-ENOTCONN, sc_end(self->idle, SCARD_DISP_LEAVE));
	EXPECT_EQ(-ENOTCONN, sc_end(self->idle, SCARD_DISP_RESET));
	EXPECT_EQ(-ENOTCONN, sc_status(self->idle));
	EXPECT_EQ(-ENOTCONN, sc_apdu(self->idle, APDU_STATE));
	EXPECT_EQ(-ENOTCONN, sc_features(self->idle));
	EXPECT_EQ(-ENOTCONN, sc_reconnect(self->idle, SCARD_MODE_SHARED, SC_ANY,
					  SCARD_DISP_LEAVE));
	EXPECT_EQ(-ENOTCONN, sc_get_attr(self->idle, SCARD_ATTR_ATR_STRING, buf, &len));
	EXPECT_EQ(-ENOTCONN, sc_set_attr(self->idle, SCARD_ATTR_SUPRESS_T1_IFS, buf, 1));
	/* cancelling nothing is no mistake */
	EXPECT_EQ(0, sc_cancel(self->idle));
}

TEST_F(ioctl_args, second_CONNECT_gets_EISCONN)
{
	EXPECT_EQ(-EISCONN, sc_connect(self->fd, SCARD_MODE_SHARED, SC_ANY));
	EXPECT_EQ(-EISCONN, sc_connect(self->fd, SCARD_MODE_EXCLUSIVE, SC_ANY));
	EXPECT_EQ(-EISCONN, sc_connect(self->fd, SCARD_MODE_DIRECT, 0));
}

TEST_F(ioctl_args, END_without_BEGIN_gets_ENOLCK)
{
	EXPECT_EQ(-ENOLCK, sc_end(self->fd, SCARD_DISP_LEAVE));
	EXPECT_EQ(-ENOLCK, sc_end(self->fd, SCARD_DISP_RESET));
}

TEST_F(ioctl_args, O_RDONLY_allows_no_card_access)
{
	struct scard_status status;
	struct scard_info info;
	uint8_t buf[4];
	uint32_t len = sizeof(buf);
	int fd = sc_open(O_RDONLY);

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, sc_info(fd, &info));
	EXPECT_EQ(0, sc_snapshot(fd, &status));
	EXPECT_EQ(-EBADF, sc_status(fd));
	EXPECT_EQ(-EBADF, sc_connect(fd, SCARD_MODE_SHARED, SC_ANY));
	EXPECT_EQ(-EBADF, sc_connect(fd, SCARD_MODE_DIRECT, 0));
	EXPECT_EQ(-EBADF, sc_reconnect(fd, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_RESET));
	EXPECT_EQ(-EBADF, sc_disconnect(fd, SCARD_DISP_RESET));
	EXPECT_EQ(-EBADF, sc_begin(fd));
	EXPECT_EQ(-EBADF, sc_end(fd, SCARD_DISP_LEAVE));
	EXPECT_EQ(-EBADF, sc_apdu(fd, APDU_STATE));
	EXPECT_EQ(-EBADF, sc_features(fd));
	EXPECT_EQ(-EBADF, sc_get_attr(fd, SCARD_ATTR_ATR_STRING, buf, &len));
	EXPECT_EQ(-EBADF, sc_set_attr(fd, SCARD_ATTR_SUPRESS_T1_IFS, buf, 1));
	EXPECT_EQ(-EBADF, sc_cancel(fd));
	EXPECT_EQ(-EBADF, sc_handles(fd, NULL, 0, &len));
}

TEST_F(ioctl_args, unknown_ioctl_gets_ENOTTY)
{
	struct scard_connect arg = { .share_mode = SCARD_MODE_SHARED, .protocols = SC_ANY };
	unsigned int number;

	for (number = 0x0d; number < 0x100; number++)
		EXPECT_EQ(-ENOTTY, call(self->fd, _IO(SCARD_IOC_MAGIC, number), NULL));
	/* the right number with another size, direction or letter */
	EXPECT_EQ(-ENOTTY, call(self->idle, _IOWR(SCARD_IOC_MAGIC, 0x02, struct scard_attr), &arg));
	EXPECT_EQ(-ENOTTY, call(self->idle, _IOW(SCARD_IOC_MAGIC, 0x02, struct scard_connect),
				&arg));
	EXPECT_EQ(-ENOTTY, call(self->idle, _IOWR(SCARD_IOC_MAGIC + 1, 0x02,
						  struct scard_connect), &arg));
	EXPECT_EQ(-ENOTTY, call(self->idle, 0, NULL));
	EXPECT_EQ(-ENOTTY, call(self->idle, 0xffffffff, NULL));
}

/* An answer that does not fit: the card has carried out the command, once. */
TEST_F(ioctl_args, answer_that_does_not_fit_is_not_repeated)
{
	uint8_t count[5] = { 0x80, 0xe2, 0, 0, 0 }, small[4] = { 1, 2, 3, 4 };
	struct scard_transmit arg = {
		.send = (uintptr_t)count, .send_len = sizeof(count),
		.recv = (uintptr_t)small, .recv_len = sizeof(small),
	};
	long before = sc_count(self->fd);

	ASSERT_LE(0, before);
	EXPECT_EQ(-EMSGSIZE, call(self->fd, SCARD_IOC_TRANSMIT, &arg));
	EXPECT_EQ(6, arg.recv_len);
	EXPECT_EQ(before + 2, sc_count(self->fd));
	arg.recv = (uintptr_t)self->readable;
	arg.recv_len = 256;
	EXPECT_EQ(-EFAULT, call(self->fd, SCARD_IOC_TRANSMIT, &arg));
	EXPECT_EQ(before + 4, sc_count(self->fd));
	vr_clear();
}

TEST_HARNESS_MAIN
