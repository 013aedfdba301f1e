// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Readers without an interrupt endpoint (RDR_to_PC_NotifySlotChange): the driver sends
 * GetSlotStatus while a program watches (poll(), a connected handle), else never.
 */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include <linux/genetlink.h>
#include <linux/scard_netlink.h>

#include "kselftest_harness.h"

#include "agent.h"
#include "sc.h"
#include "usb.h"
#include "vr.h"

#define CARD		VR_CARD ",hist=6964"
#define OTHER_CARD	VR_CARD ",hist=6F74686572"
#define QUIET_MS	3000
/* A watcher hears of a change within this: one second and the test's own time */
#define TOLD_MS		4000

FIXTURE(polling)
{
	int fd;
	int watch;
};

static unsigned long questions(void)
{
	return vr_count("GetSlotStatus");
}

FIXTURE_SETUP(polling)
{
	vr_prepare("--profile nointr", CARD);
	self->fd = sc_open(O_RDWR);
	ASSERT_LE(0, self->fd);
	self->watch = sc_open(O_RDONLY);
	ASSERT_LE(0, self->watch);
	/* a GetSlotStatus or two may be due from before */
	pause_ms(1500);
	vr_clear();
}

FIXTURE_TEARDOWN(polling)
{
}

static bool look(int fd, struct scard_status *status)
{
	int i;

	for (i = 0; i < TOLD_MS; i += 5) {
		if (sc_snapshot(fd, status))
			return false;
		if (!(status->state & SCARD_STATE_BIT_SETTLING))
			return true;
		pause_ms(5);
	}
	return false;
}

/* Open files alone are no watchers; nothing is sent at all. */
TEST_F_TIMEOUT(polling, no_watcher_sends_no_GetSlotStatus, 60)
{
	pause_ms(QUIET_MS);
	EXPECT_STREQ("", vr_do("log"));
}

/* poll(): GetSlotStatus is sent often at first, then once a second. */
TEST_F_TIMEOUT(polling, poll_sends_GetSlotStatus, 60)
{
	struct pollfd pfd = { .fd = self->watch, .events = POLLPRI };
	struct scard_status before, status;
	unsigned long first, later;

	ASSERT_TRUE(look(self->watch, &before));
	ASSERT_EQ(SCARD_STATE_BIT_PRESENT, before.state & SCARD_STATE_BIT_PRESENT);
	vr_clear();
	EXPECT_EQ(0, poll(&pfd, 1, 2000));
	first = questions();
	vr_clear();
	EXPECT_EQ(0, poll(&pfd, 1, 3000));
	later = questions();
	EXPECT_LE(2, first);
	EXPECT_GE(6, first);
	EXPECT_LE(1, later);
	EXPECT_GE(6, later);

	vr_do("remove 0");
	EXPECT_EQ(1, poll(&pfd, 1, TOLD_MS));
	EXPECT_EQ(0, sc_snapshot(self->watch, &status));
	EXPECT_EQ(0, status.state & SCARD_STATE_BIT_PRESENT);
	EXPECT_EQ(before.card_event + 1, status.card_event);
	vr_do("insert 0 " OTHER_CARD);
	EXPECT_EQ(1, poll(&pfd, 1, TOLD_MS));

	/* after poll() has returned, no more than a GetSlotStatus that was due */
	pause_ms(1500);
	vr_clear();
	pause_ms(QUIET_MS);
	EXPECT_EQ(0, questions());
}

/* The rate sinks: of the questions of four seconds most come in the first. */
TEST_F_TIMEOUT(polling, GetSlotStatus_rate_falls_to_one_a_second, 60)
{
	struct epoll_event event = { .events = EPOLLPRI | EPOLLET };
	struct scard_status status;
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	unsigned long first;

	ASSERT_TRUE(look(self->watch, &status));
	vr_clear();
	/* in the set for ever: it watches also outside of epoll_wait() */
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->watch, &event));
	pause_ms(1000);
	first = questions();
	EXPECT_LE(2, first);
	pause_ms(5000);
	EXPECT_LE(first + 3, questions());
	EXPECT_GE(first + 7, questions());
	close(epoll);
	pause_ms(1500);
	vr_clear();
	pause_ms(QUIET_MS);
	EXPECT_EQ(0, questions());
}

/* poll() with timeout 0, called now and then, reports a removal too. */
TEST_F_TIMEOUT(polling, poll_with_timeout_0_sees_removal, 60)
{
	struct pollfd pfd = { .fd = self->watch, .events = POLLPRI };
	struct scard_status status;
	int i;

	ASSERT_TRUE(look(self->watch, &status));
	ASSERT_EQ(0, poll(&pfd, 1, 0));
	vr_do("remove 0");
	for (i = 0; i < TOLD_MS && !poll(&pfd, 1, 0); i += 500)
		pause_ms(500);
	EXPECT_GT(TOLD_MS, i);
}

/* GET_STATUS re-reads the slot status of a slot that was not watched. */
TEST_F_TIMEOUT(polling, GET_STATUS_rereads_unwatched_slot, 60)
{
	struct scard_status before, status;

	ASSERT_TRUE(look(self->watch, &before));
	pause_ms(1500);
	vr_do("remove 0");
	ASSERT_TRUE(look(self->watch, &status));
	EXPECT_EQ(0, status.state & SCARD_STATE_BIT_PRESENT);
	EXPECT_EQ(0, status.atr_len);
	pause_ms(1500);
	vr_do("insert 0 " CARD);
	ASSERT_TRUE(look(self->watch, &status));
	EXPECT_EQ(SCARD_STATE_BIT_PRESENT, status.state & SCARD_STATE_BIT_PRESENT);
	EXPECT_EQ(before.atr_len, status.atr_len);
	/* another card, which has no power either */
	ASSERT_EQ(0, sc_connect(self->fd, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_UNPOWER));
	pause_ms(2500);
	vr_do("swap 0 " OTHER_CARD);
	ASSERT_TRUE(look(self->watch, &status));
	EXPECT_EQ(SCARD_STATE_BIT_PRESENT, status.state & SCARD_STATE_BIT_PRESENT);
	EXPECT_LT(before.atr_len, status.atr_len);
}

/* A mute card is turned round while no program watches. */
TEST_F_TIMEOUT(polling, GET_STATUS_rereads_mute_card, 60)
{
	struct scard_status status;

	vr_do("remove 0");
	ASSERT_TRUE(look(self->watch, &status));
	pause_ms(1500);
	vr_do("insert 0 mute");
	ASSERT_TRUE(look(self->watch, &status));
	ASSERT_EQ(SCARD_STATE_BIT_PRESENT | SCARD_STATE_BIT_MUTE, status.state);
	pause_ms(1500);
	vr_do("swap 0 " CARD);
	ASSERT_TRUE(look(self->watch, &status));
	EXPECT_EQ(SCARD_STATE_BIT_PRESENT, status.state & ~SCARD_STATE_BIT_POWERED);
	EXPECT_LT(0, status.atr_len);
}

/* A connected handle sees the removal without a command of its own. */
TEST_F_TIMEOUT(polling, connected_handle_sees_removal, 60)
{
	int i;

	ASSERT_EQ(0, sc_connect(self->fd, SCARD_MODE_SHARED, SC_ANY));
	vr_do("remove 0");
	for (i = 0; i < TOLD_MS && !sc_status(self->fd); i += 50)
		pause_ms(50);
	EXPECT_EQ(-EIDRM, sc_status(self->fd));
	EXPECT_EQ(0, vr_count("XfrBlock"));
	EXPECT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_LEAVE));
	pause_ms(1500);
	vr_clear();
	pause_ms(QUIET_MS);
	EXPECT_EQ(0, questions());
}

/* ---- netlink ---- */

static const struct nlattr *attribute(const void *at, size_t len, int type)
{
	const struct nlattr *a = at;

	while (len >= sizeof(*a) && a->nla_len >= sizeof(*a) && a->nla_len <= len) {
		size_t step = NLA_ALIGN(a->nla_len);

		if ((a->nla_type & NLA_TYPE_MASK) == type)
			return a;
		if (step > len)
			break;
		len -= step;
		a = (const void *)((const char *)a + step);
	}
	return NULL;
}

static const void *payload(const struct nlattr *a)
{
	return a + 1;
}

static size_t payload_len(const struct nlattr *a)
{
	return a->nla_len - sizeof(*a);
}

/* A socket that is in the family's group of events, or -1 */
static int listen_to_events(void)
{
	struct {
		struct nlmsghdr nl;
		struct genlmsghdr genl;
		struct nlattr attr;
		char name[8];
	} ask = {
		.nl = { .nlmsg_len = sizeof(ask), .nlmsg_type = GENL_ID_CTRL,
			.nlmsg_flags = NLM_F_REQUEST },
		.genl = { .cmd = CTRL_CMD_GETFAMILY, .version = 1 },
		.attr = { .nla_len = sizeof(struct nlattr) + sizeof(SCARD_FAMILY_NAME),
			  .nla_type = CTRL_ATTR_FAMILY_NAME },
		.name = SCARD_FAMILY_NAME,
	};
	const struct nlattr *groups, *group, *id;
	char answer[4096] __attribute__((aligned(8)));
	const size_t head = NLMSG_HDRLEN + GENL_HDRLEN;
	int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	ssize_t len;
	uint32_t number;

	if (sock < 0 || send(sock, &ask, sizeof(ask), 0) != sizeof(ask))
		return -1;
	len = recv(sock, answer, sizeof(answer), 0);
	if (len < (ssize_t)head)
		return -1;
	groups = attribute(answer + head, len - head, CTRL_ATTR_MCAST_GROUPS);
	group = groups ? attribute(payload(groups), payload_len(groups), 1) : NULL;
	id = group ? attribute(payload(group), payload_len(group), CTRL_ATTR_MCAST_GRP_ID) : NULL;
	if (!id)
		return -1;
	memcpy(&number, payload(id), sizeof(number));
	if (setsockopt(sock, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &number, sizeof(number)))
		return -1;
	return sock;
}

/*
 * A socket in the netlink group causes no GetSlotStatus, since it may belong to a program that
 * may not open the node; a change that another program finds is multicast.
 */
TEST_F_TIMEOUT(polling, netlink_listener_sends_no_GetSlotStatus, 60)
{
	struct scard_status status;
	int sock = listen_to_events();
	struct pollfd pfd = { .fd = sock, .events = POLLIN };
	char event[4096];

	ASSERT_LE(0, sock);
	ASSERT_TRUE(look(self->watch, &status));
	pause_ms(1500);
	while (poll(&pfd, 1, 0))
		ASSERT_LT(0, recv(sock, event, sizeof(event), 0));
	vr_clear();
	vr_do("remove 0");
	EXPECT_EQ(0, poll(&pfd, 1, QUIET_MS));
	EXPECT_EQ(0, questions());
	look(self->watch, &status);
	EXPECT_EQ(1, poll(&pfd, 1, TOLD_MS));
	close(sock);
}

/* ---- the interrupt pipe fails for good ---- */

static bool cannot_tell(int fd)
{
	struct scard_info info;
	int i;

	for (i = 0; i < 15000; i += 10) {
		if (!sc_info(fd, &info) && !info.has_interrupt)
			return true;
		pause_ms(10);
	}
	return false;
}

FIXTURE(interrupt_pipe)
{
};

FIXTURE_SETUP(interrupt_pipe)
{
}

FIXTURE_TEARDOWN(interrupt_pipe)
{
}

TEST_F_TIMEOUT(interrupt_pipe, failed_interrupt_endpoint_falls_back_to_polling, 90)
{
	struct pollfd pfd = { .events = POLLPRI };
	struct scard_status status;
	int fd;

	vr_prepare("--profile short", NULL);
	/* an insertion is the last thing that it tells */
	vr_do("fault on IccPowerOn stall-int");
	vr_do("insert 0 " CARD);
	fd = sc_open(O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_TRUE(cannot_tell(fd));
	pause_ms(1500);
	vr_clear();
	pause_ms(QUIET_MS);
	EXPECT_STREQ("", vr_do("log"));

	ASSERT_TRUE(look(fd, &status));
	EXPECT_EQ(SCARD_STATE_BIT_PRESENT, status.state & SCARD_STATE_BIT_PRESENT);
	pfd.fd = fd;
	vr_do("remove 0");
	EXPECT_EQ(1, poll(&pfd, 1, TOLD_MS));
	ASSERT_TRUE(look(fd, &status));
	EXPECT_EQ(0, status.state & SCARD_STATE_BIT_PRESENT);
	/* also with a card that comes and goes while a handle is connected */
	vr_do("insert 0 " CARD);
	EXPECT_EQ(1, poll(&pfd, 1, TOLD_MS));
	ASSERT_TRUE(look(fd, &status));
	ASSERT_EQ(0, sc_connect(fd, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_TRUE(look(fd, &status));
	vr_do("remove 0");
	EXPECT_EQ(1, poll(&pfd, 1, TOLD_MS));
	EXPECT_EQ(-EIDRM, sc_status(fd));
	vr_stop();
}

TEST_HARNESS_MAIN
