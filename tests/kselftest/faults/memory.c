// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ENOMEM, EFAULT: each ioctl with fault injection (failslab, fail-nth) at its first
 * allocation, its second, and so on until it succeeds. It fails with that errno, leaks
 * nothing (the debug kernel looks for
 * leaks at the end), and handle, card and lock work afterwards. For the debug kernel,
 * which has /proc/self/fail-nth.
 *
 * Transfers that cannot be submitted need a host controller that says so: QEMU's. USB/IP
 * takes a transfer that it has no memory for and never gives it back, so with vreader
 * those allocations are left alone; tests/kselftest/run marks which caches may fail.
 */
#include <glob.h>
#include <libgen.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/scard_netlink.h>

#include "kselftest_harness.h"

#include "fail.h"
#include "sc.h"
#include "usb.h"
#include "vr.h"

/* More than any call has; one that never gets through has failed. */
#define MOST_FAULTS	1000

#define QEMU_INTERFACE	"/sys/devices/pci*/*/usb*/*-[0-9]*/*:1.0"
#define WAIT_MS		20000

/* ---- the reader in the machine ---- */

/* The interface of QEMU's reader, bound or not */
static bool qemu_interface(char *path, size_t size)
{
	glob_t found;
	bool there = !glob(QEMU_INTERFACE, 0, NULL, &found);

	if (!there)
		return false;
	snprintf(path, size, "%s", found.gl_pathv[0]);
	globfree(&found);
	return true;
}

/* Without a configuration it has no interface: its directory is kept from before. */
static bool qemu_plug(bool plug)
{
	static char attribute[300];
	char path[256];

	if (!*attribute && qemu_interface(path, sizeof(path)))
		snprintf(attribute, sizeof(attribute), "%s/authorized", dirname(path));
	return *attribute && !file_set(attribute, plug ? "1" : "0");
}

static int qemu_bind(const char *interface, bool bind)
{
	return file_set(bind ? "/sys/bus/usb/drivers/scard/bind" :
			       "/sys/bus/usb/drivers/scard/unbind", interface);
}

/* Until its card can be used; the other reader's device may be on its way out. */
static bool qemu_works(void)
{
	struct scard_status status;
	struct scard_info info;
	int ms;

	for (ms = 0; ms < WAIT_MS; ms += 10) {
		int fd = sc_open(O_RDONLY);
		bool ready = fd >= 0 && !sc_info(fd, &info) && info.product_id == 0x4433 &&
			     !sc_snapshot(fd, &status) &&
			     !(status.state & SCARD_STATE_BIT_SETTLING) &&
			     status.state & SCARD_STATE_BIT_PRESENT;

		if (fd >= 0)
			close(fd);
		if (ready)
			return true;
		pause_ms(10);
	}
	return false;
}

/* ---- discovery ---- */

struct generic {
	struct nlmsghdr nl;
	struct genlmsghdr genl;
	struct nlattr attr;
	char name[8];
};

/* Send @ask and read all answers; the last is in @answer: its length or -errno. */
static int netlink_talk(int sock, struct generic *ask, char *answer, size_t size)
{
	const struct nlmsghdr *nl = (const struct nlmsghdr *)answer;
	ssize_t n;

	if (send(sock, ask, ask->nl.nlmsg_len, 0) < 0)
		return -errno;
	do {
		n = recv(sock, answer, size, 0);
		if (n < 0)
			return -errno;
		if (nl->nlmsg_type == NLMSG_ERROR || nl->nlmsg_type == NLMSG_DONE)
			return *(const int *)NLMSG_DATA(nl);
	} while (ask->nl.nlmsg_flags & NLM_F_DUMP);
	return n;
}

static int netlink_open(int *family)
{
	struct generic ask = {
		.nl = { .nlmsg_len = sizeof(ask), .nlmsg_type = GENL_ID_CTRL,
			.nlmsg_flags = NLM_F_REQUEST },
		.genl = { .cmd = CTRL_CMD_GETFAMILY, .version = 1 },
		.attr = { .nla_len = NLA_HDRLEN + sizeof(SCARD_FAMILY_NAME),
			  .nla_type = CTRL_ATTR_FAMILY_NAME },
		.name = SCARD_FAMILY_NAME,
	};
	char answer[4096] __attribute__((aligned(8)));
	int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	int len = sock < 0 ? -errno : netlink_talk(sock, &ask, answer, sizeof(answer));
	int at = NLMSG_LENGTH(GENL_HDRLEN);

	while (at + NLA_HDRLEN < len) {
		const struct nlattr *attr = (const struct nlattr *)(answer + at);

		if (attr->nla_type == CTRL_ATTR_FAMILY_ID) {
			*family = *(const uint16_t *)(attr + 1);
			return sock;
		}
		at += NLA_ALIGN(attr->nla_len);
	}
	if (sock >= 0)
		close(sock);
	return len < 0 ? len : -EPROTO;
}

/* ---- the calls ---- */

struct scene {
	int fd;
	char interface[32];	/* of QEMU's reader */
	int netlink;
	int family;
};

static int do_open(struct scene *s)
{
	/* of the device itself: sc_open() tries all */
	int fd = open("/dev/scard0", O_RDWR | O_CLOEXEC);

	(void)s;
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int do_info(struct scene *s)
{
	struct scard_info info;

	return sc_info(s->fd, &info);
}

static int do_snapshot(struct scene *s)
{
	struct scard_status status;

	return sc_snapshot(s->fd, &status);
}

static int do_status(struct scene *s)
{
	return sc_status(s->fd);
}

static int do_connect(struct scene *s)
{
	return sc_connect(s->fd, SCARD_MODE_SHARED, SC_ANY);
}

/* The failure does not set SCARD_STATE_MUTE. */
static int do_connect_cold(struct scene *s)
{
	return do_connect(s);
}

static int do_connect_direct(struct scene *s)
{
	return sc_connect(s->fd, SCARD_MODE_DIRECT, 0);
}

static int do_connect_exclusive(struct scene *s)
{
	return sc_connect(s->fd, SCARD_MODE_EXCLUSIVE, SC_ANY);
}

static int do_reconnect(struct scene *s)
{
	return sc_reconnect(s->fd, SCARD_MODE_EXCLUSIVE, SC_ANY, SCARD_DISP_LEAVE);
}

static int do_reconnect_reset(struct scene *s)
{
	return sc_reconnect(s->fd, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_RESET);
}

static int do_reconnect_unpower(struct scene *s)
{
	return sc_reconnect(s->fd, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_UNPOWER);
}

static int do_disconnect(struct scene *s)
{
	return sc_disconnect(s->fd, SCARD_DISP_LEAVE);
}

static int do_disconnect_reset(struct scene *s)
{
	return sc_disconnect(s->fd, SCARD_DISP_RESET);
}

static int do_disconnect_unpower(struct scene *s)
{
	return sc_disconnect(s->fd, SCARD_DISP_UNPOWER);
}

static int do_disconnect_eject(struct scene *s)
{
	return sc_disconnect(s->fd, SCARD_DISP_EJECT);
}

static int do_begin(struct scene *s)
{
	return sc_begin(s->fd);
}

static int do_end(struct scene *s)
{
	return sc_end(s->fd, SCARD_DISP_LEAVE);
}

static int do_end_reset(struct scene *s)
{
	return sc_end(s->fd, SCARD_DISP_RESET);
}

static int do_end_unpower(struct scene *s)
{
	return sc_end(s->fd, SCARD_DISP_UNPOWER);
}

/* Any status word will do: QEMU's card and vreader's have no command in common. */
static int do_transmit(struct scene *s)
{
	int sw = sc_apdu(s->fd, APDU_STATE);

	return sw < 0 ? sw : 0;
}

/* @len bytes that ask for no data, and room for any answer */
static int transmit(struct scene *s, uint32_t len)
{
	static uint8_t command[20000], answer[SCARD_ANSWER_MAX];
	int ret;

	memcpy(command, "\x80\xe6\x90\x00\x00", 5);
	command[5] = (uint8_t)((len - 7) >> 8);
	command[6] = (uint8_t)(len - 7);
	ret = sc_transmit(s->fd, command, len, answer, sizeof(answer));
	return ret < 0 ? ret : 0;
}

static int do_transmit_long(struct scene *s)
{
	return transmit(s, 1000);
}

static int do_transmit_huge(struct scene *s)
{
	return transmit(s, 20000);
}

/* An answer of several messages, and room for it that is one small allocation */
static int do_transmit_answer(struct scene *s)
{
	uint8_t answer[2000];
	int ret = sc_transmit(s->fd, "\x80\xee\x03\xe8\x00\x03\xe8", 7, answer, sizeof(answer));

	return ret == 1002 ? 0 : ret < 0 ? ret : -EPROTO;
}

static int do_control(struct scene *s)
{
	int ret = sc_features(s->fd);

	return ret < 0 ? ret : 0;
}

static int do_get_attr(struct scene *s)
{
	uint8_t atr[SCARD_MAX_ATTRIBUTE_SIZE];
	uint32_t len = sizeof(atr);

	return sc_get_attr(s->fd, SCARD_ATTR_ATR_STRING, atr, &len);
}

/* No attribute can be set: a handle without a pending event gets EOPNOTSUPP. */
static int do_set_attr(struct scene *s)
{
	uint8_t one = 1;
	int ret = sc_set_attr(s->fd, SCARD_ATTR_SUPRESS_T1_IFS, &one, 1);

	return ret == -EOPNOTSUPP ? 0 : ret;
}

static int do_handles(struct scene *s)
{
	struct scard_handle_entry list[16];
	uint32_t count;

	return sc_handles(s->fd, list, 16, &count);
}

static int do_cancel(struct scene *s)
{
	return sc_cancel(s->fd);
}

static int do_poll(struct scene *s)
{
	struct pollfd pfd = { .fd = s->fd, .events = POLLPRI };

	return poll(&pfd, 1, 0) < 0 ? -errno : 0;
}

/* The close of a process that ends; a new file is opened afterwards. */
static int do_close(struct scene *s)
{
	int ret = close(s->fd) ? -errno : 0;

	s->fd = -1;
	return ret;
}

static int do_dump(struct scene *s)
{
	struct generic ask = {
		.nl = { .nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN), .nlmsg_type = (uint16_t)s->family,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.genl = { .cmd = SCARD_CMD_GET_SLOT, .version = SCARD_FAMILY_VERSION },
	};
	char answer[8192] __attribute__((aligned(8)));
	int ret = netlink_talk(s->netlink, &ask, answer, sizeof(answer));

	return ret == -ENOBUFS ? -ENOMEM : ret;
}

static int do_bind(struct scene *s)
{
	return qemu_bind(s->interface, true);
}

/* ---- which call, on which reader, from which state ---- */

/* of the handle that makes the call; COLD: open, and the card has no power */
enum state { OPEN, COLD, CONNECTED, OWNER, UNBOUND };

FIXTURE(no_memory)
{
	struct scene scene;
};

FIXTURE_VARIANT(no_memory)
{
	int (*call)(struct scene *s);
	enum state state;
	const char *options;	/* of vreader, NULL: QEMU's reader */
	const char *card;
	int also;		/* another errno than ENOMEM and EFAULT */
	bool none;		/* nothing in it can fail */
};

#define QEMU(name, from, ...)							\
	FIXTURE_VARIANT_ADD(no_memory, name)					\
	{									\
		.call = do_##name, .state = from, __VA_ARGS__			\
	};

#define VREADER(name, profile, kind, does, from)				\
	FIXTURE_VARIANT_ADD(no_memory, name)					\
	{									\
		.call = do_##does, .state = from, .options = "--profile " profile, .card = kind, \
	};

QEMU(open, OPEN)
QEMU(info, OPEN)
QEMU(snapshot, OPEN)
QEMU(poll, OPEN)
QEMU(dump, OPEN)
QEMU(connect, OPEN)
QEMU(connect_direct, OPEN)
QEMU(connect_cold, COLD)
QEMU(connect_exclusive, OPEN)
QEMU(status, CONNECTED)
QEMU(reconnect, CONNECTED)
QEMU(reconnect_reset, CONNECTED)
QEMU(reconnect_unpower, CONNECTED)
QEMU(transmit, CONNECTED)
QEMU(control, CONNECTED)
QEMU(get_attr, CONNECTED)
QEMU(set_attr, CONNECTED)
QEMU(handles, CONNECTED)
QEMU(cancel, CONNECTED, .none = true)
QEMU(begin, CONNECTED, .none = true)
QEMU(end, OWNER)
QEMU(end_reset, OWNER)
QEMU(end_unpower, OWNER, .also = -EREMOTEIO)
QEMU(disconnect, OWNER)
QEMU(disconnect_reset, OWNER)
QEMU(disconnect_unpower, OWNER, .also = -EREMOTEIO)
QEMU(disconnect_eject, OWNER, .also = -EREMOTEIO)
QEMU(close, OWNER, .none = true)
QEMU(bind, UNBOUND)
VREADER(t1_connect, "tpdu", VR_CARD, connect, OPEN)
VREADER(t1_long, "tpdu", VR_CARD, transmit_long, CONNECTED)
VREADER(character, "character", "iso,t=0", transmit, CONNECTED)
VREADER(whole, "extended", VR_CARD, transmit_huge, CONNECTED)
VREADER(chained, "extended --desc dwMaxCCIDMessageLength=271", VR_CARD, transmit_huge, CONNECTED)
VREADER(answer, "extended --desc dwMaxCCIDMessageLength=271", VR_CARD, transmit_answer, CONNECTED)
VREADER(user_connect, "extended --uscard", VR_CARD, connect, OPEN)
VREADER(user_transmit, "extended --uscard", VR_CARD, transmit, CONNECTED)
VREADER(user_whole, "extended --uscard", VR_CARD, transmit_huge, CONNECTED)
VREADER(token, "iccd-b --desc dwFeatures=0x00040840", VR_CARD, transmit_long, CONNECTED)

FIXTURE_SETUP(no_memory)
{
	char path[256];

	/* a URB that times out in bind is never cancelled without a struct xhci_command, either */
	ASSERT_EQ(0, fail_begin(variant->options || variant->state == UNBOUND ? "Y" : "N"));

	if (variant->options) {
		qemu_plug(false);
		vr_prepare(variant->options, variant->card);
	} else {
		vr_stop();
		ASSERT_TRUE(qemu_plug(true));
		ASSERT_TRUE(qemu_works());
		ASSERT_TRUE(qemu_interface(path, sizeof(path)));
		snprintf(self->scene.interface, sizeof(self->scene.interface), "%.31s",
			 basename(path));
	}
	self->scene.netlink = netlink_open(&self->scene.family);
	ASSERT_LE(0, self->scene.netlink);
}

FIXTURE_TEARDOWN(no_memory)
{
	close(self->scene.netlink);
	fail_end();
}

static void set_scene(struct __test_metadata *_metadata, struct scene *s, enum state state)
{
	s->fd = -1;
	if (state == UNBOUND) {
		ASSERT_EQ(0, qemu_bind(s->interface, false));
		return;
	}
	s->fd = sc_open(O_RDWR);
	ASSERT_LE(0, s->fd);
	if (state == COLD) {
		ASSERT_EQ(0, sc_connect(s->fd, SCARD_MODE_SHARED, SC_ANY));
		ASSERT_EQ(0, sc_disconnect(s->fd, SCARD_DISP_UNPOWER));
	}
	if (state >= CONNECTED)
		ASSERT_EQ(0, sc_connect(s->fd, SCARD_MODE_SHARED, SC_ANY));
	if (state >= OWNER)
		ASSERT_EQ(0, sc_begin(s->fd));
}

/* Handle, lock and card are as usable as if nothing had happened. */
static void expect_all_well(struct __test_metadata *_metadata, struct scene *s)
{
	int ret, other;

	if (s->fd < 0)
		s->fd = sc_open(O_RDWR);
	ASSERT_LE(0, s->fd);
	/* the failed call may have come as far as this */
	ret = sc_connect(s->fd, SCARD_MODE_SHARED, SC_ANY);
	if (ret != -EISCONN)
		EXPECT_EQ(0, ret);
	while (!sc_end(s->fd, SCARD_DISP_LEAVE))
		;
	EXPECT_EQ(0, sc_reconnect(s->fd, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, do_transmit(s));

	other = sc_open(O_RDWR | O_NONBLOCK);
	ASSERT_LE(0, other);
	EXPECT_EQ(0, sc_connect(other, SCARD_MODE_SHARED, SC_ANY));
	EXPECT_EQ(0, sc_begin(other));
	EXPECT_EQ(-EBUSY, sc_features(s->fd));
	EXPECT_EQ(0, sc_end(other, SCARD_DISP_RESET));
	EXPECT_EQ(0, sc_disconnect(other, SCARD_DISP_LEAVE));
	close(other);

	EXPECT_EQ(-ESTALE, do_transmit(s));
	EXPECT_EQ(0, sc_disconnect(s->fd, SCARD_DISP_LEAVE));
	close(s->fd);
	s->fd = -1;
}

TEST_F_TIMEOUT(no_memory, ioctl_fails_with_ENOMEM_until_it_succeeds, 600)
{
	struct scene *s = &self->scene;
	unsigned long sent = 0;
	struct scard_status st;
	bool failed = true;
	int nth, ret;

	for (nth = 1; failed; nth++) {
		ASSERT_GE(MOST_FAULTS, nth);
		set_scene(_metadata, s, variant->state);
		if (variant->options)
			sent = vr_count("XfrBlock");
		ASSERT_TRUE(fail_nth(nth));
		ret = variant->call(s);
		failed = fail_happened();
		if (!failed || (ret != -ENOMEM && ret != -EFAULT && ret != variant->also)) {
			EXPECT_EQ(0, ret) {
				TH_LOG("fault %d", nth);
			}
		}
		/* ABI: after ENOMEM the caller may repeat the command */
		if (ret == -ENOMEM && variant->state == CONNECTED && variant->options) {
			EXPECT_EQ(sent, vr_count("XfrBlock")) {
				TH_LOG("fault %d", nth);
			}
		}
		if (variant->state == COLD) {
			EXPECT_EQ(0, sc_snapshot(s->fd, &st));
			EXPECT_EQ(0, st.state & SCARD_STATE_BIT_MUTE);
		}
		if (variant->state == UNBOUND) {
			if (ret)
				EXPECT_EQ(0, qemu_bind(s->interface, true));
			ASSERT_TRUE(qemu_works());
		}
		expect_all_well(_metadata, s);
		ASSERT_EQ(1, _metadata->exit_code == KSFT_PASS) {
			TH_LOG("after fault %d, which gave %d", nth, ret);
		}
	}
	TH_LOG("%d faults", nth - 2);
	EXPECT_EQ(variant->none, nth == 2);
}

TEST_HARNESS_MAIN
