// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Readers in processes and the users of the system: who may make which reader, whose its nodes
 * are, who finds it, and how long it lives. Other users are children without capabilities.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/scard_netlink.h>

#include "kselftest_harness.h"

#include "nl.h"
#include "sc.h"
#include "us.h"
#include "usb.h"

#define ALICE		4711
#define BOB		4712
#define USERS		4713	/* a group of both */
#define DEVICE		"/dev/uscard"
#define AT_ONCE_MS	3000

FIXTURE(owner)
{
	struct uscard_create arg;
};

FIXTURE_SETUP(owner)
{
	us_defaults(&self->arg);
	ASSERT_EQ(0, chmod(DEVICE, 0666));
	/* udev gives the permissions of a reader that is gone to the next one of its number */
	if (!access("/run/udev/control", F_OK))
		EXPECT_EQ(0, system("udevadm settle -t 20"));
}

FIXTURE_TEARDOWN(owner)
{
	chmod(DEVICE, 0600);
	module_set("user_readers", 16);
}

/* In a child: become a user without capabilities. */
static bool become(uid_t uid)
{
	const gid_t groups[] = { USERS };

	return !uid || (!setgroups(1, groups) && !setresgid(uid, uid, uid) &&
			!setresuid(uid, uid, uid));
}

/* Call @does as a user, in a child: its result, -128 to 127 */
static int as(uid_t uid, int (*does)(struct uscard_create *arg), struct uscard_create *arg)
{
	pid_t child = fork();
	int status;

	if (!child)
		_exit(become(uid) ? does(arg) : 127);
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return 127;
	return (signed char)WEXITSTATUS(status);
}

/* ---- what a user does ---- */

/* A reader is made, and goes: 0 or -errno */
static int creates(struct uscard_create *arg)
{
	int fd = us_create_arg(arg);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static int lists(struct uscard_create *arg)
{
	struct nl nl;

	return nl_open(&nl) ?: nl_lists(&nl, arg->minor[0]);
}

static int gets(struct uscard_create *arg)
{
	struct nl nl;

	return nl_open(&nl) ?: nl_get_slot(&nl, arg->minor[0]);
}

static int opens(struct uscard_create *arg)
{
	int fd = us_open_node(arg, 0, O_RDWR);

	return fd < 0 ? fd : 0;
}

static int reads_name(struct uscard_create *arg)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/scard/scard%u/name", arg->minor[0]);
	return open(path, O_RDONLY) < 0 ? -errno : 0;
}

/* ---- the server of another user ---- */

struct server {
	pid_t pid;
	int told;		/* read end: it writes struct uscard_create */
};

/* A server of @uid, which makes the reader @arg and sleeps until it is killed */
static int server_start(struct server *server, uid_t uid, struct uscard_create *arg)
{
	int pipes[2], ret = -EPIPE;

	if (pipe(pipes))
		return -errno;
	server->pid = fork();
	if (!server->pid) {
		ret = become(uid) ? us_create_arg(arg) : -EPERM;
		if (write(pipes[1], &ret, sizeof(ret)) == sizeof(ret) &&
		    write(pipes[1], arg, sizeof(*arg)) == sizeof(*arg))
			pause();
		_exit(1);
	}
	close(pipes[1]);
	server->told = pipes[0];
	if (read(server->told, &ret, sizeof(ret)) != sizeof(ret) ||
	    read(server->told, arg, sizeof(*arg)) != sizeof(*arg))
		return -EPIPE;
	return ret < 0 ? ret : 0;
}

static void server_kill(struct server *server)
{
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	close(server->told);
}

/* ---- nodes ---- */

static bool node_stat(const struct uscard_create *arg, unsigned int slot, struct stat *st)
{
	char path[32];

	snprintf(path, sizeof(path), "/dev/scard%u", arg->minor[slot]);
	return !stat(path, st);
}

static bool node_is(const struct uscard_create *arg, unsigned int slot, uid_t uid, gid_t gid,
		    mode_t mode)
{
	struct stat st;

	if (node_stat(arg, slot, &st) && st.st_uid == uid && st.st_gid == gid &&
	    st.st_mode == (S_IFCHR | mode))
		return true;
	printf("# node of slot %u: %u:%u 0%o\n", slot, st.st_uid, st.st_gid, st.st_mode);
	return false;
}

/* The node is gone, within AT_ONCE_MS. */
static bool node_goes(const struct uscard_create *arg)
{
	struct stat st;
	int ms;

	for (ms = 0; ms < AT_ONCE_MS && node_stat(arg, 0, &st); ms += 10)
		pause_ms(10);
	return !node_stat(arg, 0, &st);
}

TEST_F(owner, nodes_are_the_creators)
{
	struct server server;
	unsigned int i;

	self->arg.slots = USCARD_MAX_SLOTS;
	ASSERT_EQ(0, server_start(&server, ALICE, &self->arg));
	for (i = 0; i < USCARD_MAX_SLOTS; i++)
		EXPECT_TRUE(node_is(&self->arg, i, ALICE, ALICE, 0600));
	EXPECT_EQ(0, as(ALICE, opens, &self->arg));
	EXPECT_EQ(-EACCES, as(BOB, opens, &self->arg));
	EXPECT_EQ(0, as(0, opens, &self->arg));
	server_kill(&server);
	EXPECT_TRUE(node_goes(&self->arg));
}

TEST_F(owner, user_may_name_itself_and_its_groups)
{
	struct server server;

	self->arg.flags = USCARD_CREATE_NODE;
	self->arg.uid = ALICE;
	self->arg.gid = USERS;
	self->arg.mode = 0400;
	ASSERT_EQ(0, server_start(&server, ALICE, &self->arg));
	EXPECT_TRUE(node_is(&self->arg, 0, ALICE, USERS, 0400));
	server_kill(&server);
}

TEST_F(owner, user_may_name_no_other)
{
	static const struct { uid_t uid; gid_t gid; unsigned int mode; } nodes[] = {
		{ BOB, ALICE, 0600 }, { 0, ALICE, 0600 }, { ALICE, BOB, 0600 }, { ALICE, 0, 0600 },
		{ ALICE, USERS, 0660 }, { ALICE, USERS, 0640 }, { ALICE, USERS, 0604 },
		{ ALICE, USERS, 0620 }, { ALICE, USERS, 0602 },
	};
	size_t i;

	self->arg.flags = USCARD_CREATE_NODE;
	for (i = 0; i < sizeof(nodes) / sizeof(*nodes); i++) {
		self->arg.uid = nodes[i].uid;
		self->arg.gid = nodes[i].gid;
		self->arg.mode = nodes[i].mode;
		EXPECT_EQ(-EPERM, as(ALICE, creates, &self->arg)) {
			TH_LOG("%u:%u 0%o", nodes[i].uid, nodes[i].gid, nodes[i].mode);
		}
		EXPECT_EQ(0, as(0, creates, &self->arg));
	}
}

TEST_F(owner, root_may_name_any)
{
	int fd;

	self->arg.flags = USCARD_CREATE_NODE;
	self->arg.uid = ALICE;
	self->arg.gid = USERS;
	self->arg.mode = 0666;
	fd = us_create_arg(&self->arg);
	ASSERT_LE(0, fd);
	EXPECT_TRUE(node_is(&self->arg, 0, ALICE, USERS, 0666));
	EXPECT_EQ(1, as(ALICE, lists, &self->arg));
	EXPECT_EQ(0, as(BOB, lists, &self->arg));
	EXPECT_EQ(0, as(BOB, opens, &self->arg));
	close(fd);
}

/* ---- private and public readers ---- */

/* The mode of an attribute, or 0 */
static mode_t attribute_mode(const struct uscard_create *arg, const char *name)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/sys/class/scard/scard%u/%s", arg->minor[0], name);
	return stat(path, &st) || st.st_uid ? 0 : st.st_mode & 07777;
}

static int set_private(const struct uscard_create *arg, const char *value)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/scard/scard%u/private", arg->minor[0]);
	return file_set(path, value);
}

TEST_F(owner, private_reader_is_not_there_for_others)
{
	struct server server;

	ASSERT_EQ(0, server_start(&server, ALICE, &self->arg));
	EXPECT_EQ(1, as(ALICE, lists, &self->arg));
	EXPECT_EQ(1, as(0, lists, &self->arg));
	EXPECT_EQ(0, as(BOB, lists, &self->arg));
	EXPECT_EQ(0, as(ALICE, gets, &self->arg));
	EXPECT_EQ(0, as(0, gets, &self->arg));
	EXPECT_EQ(-ENODEV, as(BOB, gets, &self->arg));
	EXPECT_EQ(0400, attribute_mode(&self->arg, "name"));
	EXPECT_EQ(0600, attribute_mode(&self->arg, "private"));
	EXPECT_EQ(-EACCES, as(BOB, reads_name, &self->arg));
	EXPECT_EQ(0, as(0, reads_name, &self->arg));
	server_kill(&server);
	EXPECT_EQ(0, as(0, lists, &self->arg));
}

TEST_F(owner, root_shows_and_hides_a_private_reader)
{
	struct server server;
	struct nl nl;

	ASSERT_EQ(0, nl_open(&nl));
	ASSERT_EQ(0, server_start(&server, ALICE, &self->arg));
	ASSERT_EQ(0, nl_listen(&nl));
	EXPECT_EQ(0, set_private(&self->arg, "0"));
	EXPECT_TRUE(nl_hears(&nl, SCARD_CMD_SLOT_ADD_NTF, self->arg.minor[0], AT_ONCE_MS));
	EXPECT_EQ(1, as(BOB, lists, &self->arg));
	EXPECT_EQ(0, as(BOB, gets, &self->arg));
	EXPECT_EQ(-EACCES, as(BOB, opens, &self->arg));
	/* no news */
	EXPECT_EQ(0, set_private(&self->arg, "0"));
	EXPECT_FALSE(nl_hears(&nl, SCARD_CMD_SLOT_ADD_NTF, self->arg.minor[0], 200));
	EXPECT_EQ(-EINVAL, set_private(&self->arg, "2"));
	EXPECT_EQ(0, set_private(&self->arg, "1"));
	EXPECT_EQ(0, as(BOB, lists, &self->arg));
	server_kill(&server);
	EXPECT_TRUE(nl_hears(&nl, SCARD_CMD_SLOT_DEL_NTF, self->arg.minor[0], AT_ONCE_MS));
	nl_close(&nl);
}

/* Whatever the node's permissions have become */
TEST_F(owner, private_reader_is_opened_by_its_owner)
{
	struct server server;
	char path[32];

	ASSERT_EQ(0, server_start(&server, ALICE, &self->arg));
	if (!access("/run/udev/control", F_OK))
		EXPECT_EQ(0, system("udevadm settle -t 20"));
	snprintf(path, sizeof(path), "/dev/scard%u", self->arg.minor[0]);
	ASSERT_EQ(0, chmod(path, 0666));
	EXPECT_EQ(0, as(ALICE, opens, &self->arg));
	EXPECT_EQ(-EACCES, as(BOB, opens, &self->arg));
	EXPECT_EQ(0, as(0, opens, &self->arg));
	ASSERT_EQ(0, chown(path, BOB, BOB));
	EXPECT_EQ(-EACCES, as(BOB, opens, &self->arg));
	ASSERT_EQ(0, set_private(&self->arg, "0"));
	EXPECT_EQ(0, as(BOB, opens, &self->arg));
	server_kill(&server);
}

TEST_F(owner, public_reader_needs_a_privilege)
{
	int fd;

	self->arg.flags = USCARD_CREATE_PUBLIC;
	EXPECT_EQ(-EPERM, as(ALICE, creates, &self->arg));
	fd = us_create_arg(&self->arg);
	ASSERT_LE(0, fd);
	EXPECT_EQ(1, as(BOB, lists, &self->arg));
	EXPECT_EQ(0, as(BOB, gets, &self->arg));
	EXPECT_EQ(0, as(BOB, reads_name, &self->arg));
	EXPECT_EQ(0444, attribute_mode(&self->arg, "name"));
	EXPECT_EQ(0, attribute_mode(&self->arg, "private"));
	EXPECT_TRUE(node_is(&self->arg, 0, 0, 0, 0600));
	close(fd);
}

/* ---- limits and bad calls ---- */

/* Makes readers until one fails: how many, or -errno if that is not EUSERS */
static int creates_many(struct uscard_create *arg)
{
	struct uscard_create fresh;
	int n = 0, fd;

	for (;; n++) {
		fresh = *arg;
		fd = us_create_arg(&fresh);
		if (fd < 0)
			return fd == -EUSERS ? n : fd;
		if (n == 100)
			return n;
	}
}

TEST_F(owner, limit_of_a_user)
{
	struct server server;
	struct uscard_create other = self->arg;

	EXPECT_EQ(16, as(ALICE, creates_many, &self->arg));
	ASSERT_TRUE(module_set("user_readers", 3));
	ASSERT_EQ(0, server_start(&server, ALICE, &other));
	EXPECT_EQ(2, as(ALICE, creates_many, &self->arg));
	EXPECT_EQ(3, as(BOB, creates_many, &self->arg));
	EXPECT_EQ(100, as(0, creates_many, &self->arg));
	ASSERT_TRUE(module_set("user_readers", 0));
	EXPECT_EQ(0, as(BOB, creates_many, &self->arg));
	server_kill(&server);
	/* those of killed and closed servers do not count */
	ASSERT_TRUE(module_set("user_readers", 1));
	EXPECT_EQ(1, as(ALICE, creates_many, &self->arg));
}

/* In a user namespace, where 2 users exist: what the second can make when the first has the most */
static int creates_as_second(struct uscard_create *arg)
{
	int n;

	setfsuid(1);
	n = creates_many(arg);
	setfsuid(2);
	return n == 16 ? creates_many(arg) : -1;
}

/* As as(), in a user namespace that the user has made; its users are others outside */
static int in_namespace_of(uid_t uid, int (*does)(struct uscard_create *arg),
			   struct uscard_create *arg)
{
	char path[32], go = 0;
	int ready[2], mapped[2], status, fd;
	pid_t child;

	if (pipe(ready) || pipe(mapped))
		return 127;
	child = fork();
	if (!child) {
		if (!become(uid) || unshare(CLONE_NEWUSER) || write(ready[1], &go, 1) != 1 ||
		    read(mapped[0], &go, 1) != 1 || setresuid(0, 0, 0))
			_exit(127);
		_exit(does(arg));
	}
	snprintf(path, sizeof(path), "/proc/%d/uid_map", child);
	close(ready[1]);
	if (read(ready[0], &go, 1) == 1) {
		fd = open(path, O_WRONLY);
		if (write(fd, "0 50000 3", 9) == 9)
			status = write(mapped[1], &go, 1);
		close(fd);
	}
	close(ready[0]);
	close(mapped[0]);
	close(mapped[1]);
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return 127;
	return (signed char)WEXITSTATUS(status);
}

/* The users of a user namespace are its maker, and those of root's namespaces each their own */
TEST_F(owner, limit_in_a_user_namespace)
{
	EXPECT_EQ(0, in_namespace_of(ALICE, creates_as_second, &self->arg));
	EXPECT_EQ(16, in_namespace_of(0, creates_as_second, &self->arg));
}

static int creates_as_bob(struct uscard_create *arg)
{
	int pid = fork(), status;

	if (!pid)
		_exit(become(BOB) ? creates_many(arg) : 127);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ?
	       (signed char)WEXITSTATUS(status) : 127;
}

/* Readers of many users leave room for those on USB */
TEST_F(owner, readers_are_kept_for_others)
{
	static int fds[256];
	struct uscard_create fresh;
	int n;

	for (n = 0; n < 256; n++) {
		fresh = self->arg;
		fds[n] = us_create_arg(&fresh);
		if (fds[n] < 0)
			break;
		if (n == 191)
			EXPECT_EQ(-ENOSPC, creates_as_bob(&self->arg));
	}
	EXPECT_LT(192, n);
	if (n < 256)
		EXPECT_EQ(-ENOSPC, fds[n]);
	while (n--)
		close(fds[n]);
	EXPECT_EQ(0, as(BOB, creates, &self->arg));
}

#define BAD(...) do {								\
	struct uscard_create arg = self->arg;					\
	int ret;								\
										\
	__VA_ARGS__;								\
	ret = us_create_arg(&arg);						\
	EXPECT_EQ(-EINVAL, ret) {						\
		TH_LOG("%s", #__VA_ARGS__);					\
	}									\
	if (ret >= 0)								\
		close(ret);							\
} while (0)

TEST_F(owner, bad_arguments)
{
	size_t i;

	BAD(arg.flags = 1U << 3);
	BAD(arg.flags = 1U << 31);
	BAD(arg.slots = 0);
	BAD(arg.slots = USCARD_MAX_SLOTS + 1);
	BAD(arg.slots = -1);
	BAD(arg.busy_slots = 0);
	BAD(arg.busy_slots = 2);
	BAD(arg.protocols = 0);
	BAD(arg.protocols = SCARD_PROTO_T0 | 1U << 4);
	BAD(arg.protocols = SCARD_PROTO_RAW);
	BAD(arg.max_apdu = 260);
	BAD(arg.max_apdu = SCARD_COMMAND_MAX + 1);
	BAD(arg.pin_codes = USCARD_MAX_PIN_CODES + 1);
	BAD(arg.uid = 1);
	BAD(arg.gid = 1);
	BAD(arg.mode = 0600);
	BAD(arg.flags = USCARD_CREATE_NODE, arg.mode = 0600, arg.uid = -1);
	BAD(arg.flags = USCARD_CREATE_NODE, arg.mode = 0600, arg.gid = -1);
	BAD(arg.flags = USCARD_CREATE_NODE, arg.mode = 0);
	BAD(arg.flags = USCARD_CREATE_NODE, arg.mode = 0700);
	BAD(arg.flags = USCARD_CREATE_NODE, arg.mode = 04600);
	BAD(arg.features = 1);
	BAD(arg.reader = 1);
	for (i = 0; i < USCARD_MAX_SLOTS; i++)
		BAD(arg.minor[i] = 1);
	for (i = 0; i < sizeof(self->arg.reserved) / sizeof(*self->arg.reserved); i++)
		BAD(arg.reserved[i] = 1);
	BAD(memset(arg.manufacturer, 'x', sizeof(arg.manufacturer)));
	BAD(memset(arg.product, 'x', sizeof(arg.product)));
	BAD(memset(arg.interface_name, 'x', sizeof(arg.interface_name)));
	BAD(memset(arg.serial, 'x', sizeof(arg.serial)));
}

TEST_F(owner, strings_are_made_printable)
{
	struct scard_info info;
	int fd, node;

	snprintf(self->arg.manufacturer, SCARD_STRING_SIZE, "%s", "  A\nB\x1b[31m\xff ");
	snprintf(self->arg.product, SCARD_STRING_SIZE, "%s", " ");
	fd = us_create_arg(&self->arg);
	ASSERT_LE(0, fd);
	node = us_open_node(&self->arg, 0, O_RDONLY);
	ASSERT_EQ(0, sc_info(node, &info));
	EXPECT_EQ(0, strncmp(info.name, "A.B.[31m. ", 10)) {
		TH_LOG("%s", info.name);
	}
	close(node);
	close(fd);
}

TEST_F(owner, calls_before_and_after_create)
{
	struct uscard_message msg = { .type = USCARD_EVENT };
	struct pollfd p = { .events = POLLIN };
	struct us_request req;
	void *page;

	EXPECT_EQ(-1, open(DEVICE, O_RDONLY));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, open(DEVICE, O_WRONLY));
	EXPECT_EQ(EINVAL, errno);
	p.fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, p.fd);
	EXPECT_EQ(-1, read(p.fd, &req, sizeof(req)));
	EXPECT_EQ(ENOTCONN, errno);
	EXPECT_EQ(-ENOTCONN, us_write(p.fd, &msg, NULL));
	EXPECT_EQ(1, poll(&p, 1, 0));
	EXPECT_EQ(POLLERR, p.revents);
	EXPECT_EQ(-1, ioctl(p.fd, _IO(SCARD_IOC_MAGIC, 0x11)));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_EQ(-1, ioctl(p.fd, SCARD_IOC_GET_INFO, &req));
	EXPECT_EQ(ENOTTY, errno);
	page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	EXPECT_EQ(-1, ioctl(p.fd, USCARD_IOC_CREATE, page));
	EXPECT_EQ(EFAULT, errno);
	munmap(page, 4096);
	/* a call that failed has made nothing */
	self->arg.slots = 0;
	EXPECT_EQ(-1, ioctl(p.fd, USCARD_IOC_CREATE, &self->arg));
	self->arg.slots = 1;
	ASSERT_EQ(0, ioctl(p.fd, USCARD_IOC_CREATE, &self->arg));
	EXPECT_EQ(0, self->arg.features);
	us_defaults(&self->arg);
	EXPECT_EQ(-1, ioctl(p.fd, USCARD_IOC_CREATE, &self->arg));
	EXPECT_EQ(EISCONN, errno);
	EXPECT_EQ(-1, ioctl(p.fd, _IO(SCARD_IOC_MAGIC, 0x11)));
	EXPECT_EQ(ENOTTY, errno);
	close(p.fd);
}

/* ---- how long a reader lives ---- */

TEST_F(owner, fork_keeps_the_reader)
{
	int fd = us_create_arg(&self->arg), status;
	pid_t child;

	ASSERT_LE(0, fd);
	child = fork();
	if (!child) {
		pause_ms(500);
		_exit(us_event(fd, 0, true) || us_serve(fd, 200));
	}
	close(fd);
	EXPECT_EQ(0, as(0, opens, &self->arg));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_TRUE(node_goes(&self->arg));
}

/* A descriptor in a message that is not yet received is a reference as any other. */
TEST_F(owner, passed_descriptor_keeps_the_reader)
{
	union { struct cmsghdr head; char room[CMSG_SPACE(sizeof(int))]; } control = { };
	struct iovec iov = { .iov_base = "x", .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	int fd = us_create_arg(&self->arg), pair[2];

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	ASSERT_EQ(1, sendmsg(pair[0], &msg, 0));
	close(fd);
	pause_ms(100);
	EXPECT_EQ(0, as(0, opens, &self->arg));
	iov.iov_base = &(char){ 0 };
	ASSERT_EQ(1, recvmsg(pair[1], &msg, MSG_CMSG_CLOEXEC));
	memcpy(&fd, CMSG_DATA(&control.head), sizeof(fd));
	EXPECT_EQ(0, us_event(fd, 0, true));
	EXPECT_EQ(0, us_serve(fd, 200));
	close(fd);
	EXPECT_TRUE(node_goes(&self->arg));
	close(pair[0]);
	close(pair[1]);
}

TEST_F(owner, killed_server_is_unplug)
{
	struct pollfd p = { .events = 0 };
	struct server server;

	ASSERT_EQ(0, server_start(&server, ALICE, &self->arg));
	p.fd = us_open_node(&self->arg, 0, O_RDONLY);
	ASSERT_LE(0, p.fd);
	EXPECT_EQ(0, poll(&p, 1, 100));
	server_kill(&server);
	EXPECT_EQ(1, poll(&p, 1, AT_ONCE_MS));
	EXPECT_TRUE(p.revents & POLLHUP);
	EXPECT_TRUE(node_goes(&self->arg));
	close(p.fd);
}

TEST_HARNESS_MAIN
