// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SCARD_CONNECT_PROCESS and fork(): each share mode, each way in which the process of the handle
 * ends, each use that a forked child makes of its copy of the descriptor. The card of a process
 * that is killed, aborts, executes another program or closes is reset at once; after exit() the
 * child takes the handle over, as a daemon does. ENOTCONN for every other process.
 */
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "agent.h"
#include "sc.h"
#include "usb.h"
#include "vr.h"

enum ending {
	EXIT, THREAD_EXIT, DAEMON,		/* by itself */
	ABORT, KILL, KILL_IN_TRANSMIT, EXEC, CLOSE,
};

enum child {
	NOTHING,	/* the child has closed its copy */
	COPY,		/* has it, and makes no call */
	USES,		/* makes calls, before and after */
};

FIXTURE(process)
{
	struct agent parent, child;
	int watch;
};

FIXTURE_VARIANT(process)
{
	uint32_t mode;
	enum ending ending;
	enum child child;
};

#define CELL(m, e, c)							\
	FIXTURE_VARIANT_ADD(process, m##__##e##__##c)			\
	{								\
		.mode = SCARD_MODE_##m, .ending = e, .child = c,	\
	};
#define CHILDREN(m, e)	CELL(m, e, NOTHING) CELL(m, e, COPY) CELL(m, e, USES)
#define ENDINGS(m)							\
	CHILDREN(m, EXIT)						\
	CHILDREN(m, THREAD_EXIT)					\
	CHILDREN(m, DAEMON)						\
	CHILDREN(m, ABORT)						\
	CHILDREN(m, KILL)						\
	CHILDREN(m, KILL_IN_TRANSMIT)					\
	CHILDREN(m, EXEC)						\
	CHILDREN(m, CLOSE)

ENDINGS(SHARED)
ENDINGS(EXCLUSIVE)
ENDINGS(DIRECT)

FIXTURE_SETUP(process)
{
	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	vr_prepare("--profile short", VR_CARD);
	agent_start(&self->parent);
	self->watch = sc_open(O_RDONLY);
	ASSERT_LE(0, self->watch);
	ASSERT_EQ(0, agent_do(&self->parent, AGENT_OPEN, 0));
	ASSERT_EQ(0, agent_do(&self->parent, AGENT_CONNECT_PROCESS, variant->mode));
	if (variant->mode != SCARD_MODE_DIRECT) {
		ASSERT_EQ(0x9000, agent_apdu(&self->parent, APDU_VERIFY));
		ASSERT_EQ(1, vr_card("verified"));
	}
}

FIXTURE_TEARDOWN(process)
{
	agent_stop(&self->parent);
	agent_stop(&self->child);
}

static unsigned int handles(int watch)
{
	struct scard_status status;

	return sc_snapshot(watch, &status) ? 0 : status.handles;
}

/* What a process that is not that of the handle gets */
static void is_refused(struct __test_metadata *_metadata, struct agent *agent)
{
	EXPECT_EQ(-ENOTCONN, agent_do(agent, AGENT_STATUS, 0));
	EXPECT_EQ(-ENOTCONN, agent_do(agent, AGENT_BEGIN, 0));
	EXPECT_EQ(-ENOTCONN, agent_do(agent, AGENT_END, SCARD_DISP_LEAVE));
	EXPECT_EQ(-ENOTCONN, agent_do(agent, AGENT_COUNT, 0));
	EXPECT_EQ(-ENOTCONN, agent_do(agent, AGENT_RECONNECT, SCARD_DISP_RESET));
	EXPECT_EQ(-ENOTCONN, agent_do(agent, AGENT_DISCONNECT, SCARD_DISP_RESET));
	EXPECT_EQ(-ENOTCONN, agent_do(agent, AGENT_DISCONNECT, SCARD_DISP_LEAVE));
	EXPECT_EQ(-EISCONN, agent_do(agent, AGENT_CONNECT, SCARD_MODE_SHARED));
}

static void make_child(struct __test_metadata *_metadata, FIXTURE_DATA(process) *self,
		       const FIXTURE_VARIANT(process) *variant)
{
	int pid;

	if (variant->ending == DAEMON) {
		pid = agent_do(&self->parent, AGENT_DAEMON, 0);
		ASSERT_LT(0, pid);
		ASSERT_EQ(self->parent.pid, waitpid(self->parent.pid, NULL, 0));
		self->child = self->parent;
		self->child.pid = pid;
		self->parent.pid = 0;
	} else {
		agent_fork(&self->parent, &self->child);
		if (variant->child == USES)
			is_refused(_metadata, &self->child);
	}
	if (variant->child == NOTHING)
		ASSERT_EQ(0, agent_do(&self->child, AGENT_CLOSE, 0));
}

static void end_parent(struct __test_metadata *_metadata, FIXTURE_DATA(process) *self,
		       const FIXTURE_VARIANT(process) *variant)
{
	struct agent *p = &self->parent;

	switch (variant->ending) {
	case EXIT:
		agent_begin(p, AGENT_EXIT, 0);
		break;
	case THREAD_EXIT:
		agent_begin(p, AGENT_THREAD_EXIT, 0);
		break;
	case DAEMON:
		return;
	case ABORT:
		agent_begin(p, AGENT_ABORT, 0);
		break;
	case KILL:
		agent_kill(p, SIGKILL);
		break;
	case KILL_IN_TRANSMIT:
		agent_begin_apdu(p, variant->mode == SCARD_MODE_DIRECT ? AGENT_APDU_RAW :
					AGENT_APDU, APDU_SLEEP("07D0"));
		vr_do("wait busy 0 5000");
		vr_clear();
		ASSERT_TRUE(agent_is_blocked(p));
		agent_kill(p, SIGKILL);
		break;
	case EXEC:
		agent_begin(p, AGENT_EXEC, 0);
		return;
	case CLOSE:
		EXPECT_EQ(0, agent_do(p, AGENT_CLOSE, 0));
		return;
	}
	ASSERT_TRUE(agent_ended(p));
}

/* The commands to the reader, without Abort of a command in flight */
static const char *trace(void)
{
	const char *words = vr_trace();

	while (!strncmp(words, "abort", 5))
		words += words[5] ? 6 : 5;
	return words;
}

/* The card has been reset once, unless the handle never spoke to it; @fd is of the next process. */
static void is_reset(struct __test_metadata *_metadata, const FIXTURE_VARIANT(process) *variant,
		     int fd)
{
	bool spoke = variant->mode != SCARD_MODE_DIRECT || variant->ending == KILL_IN_TRANSMIT;

	EXPECT_EQ(0, sc_connect(fd, SCARD_MODE_SHARED, SC_ANY));
	EXPECT_STREQ(spoke ? "warm" : "", trace());
	EXPECT_EQ(0, vr_card("verified"));
	EXPECT_EQ(0, sc_status(fd));
}

TEST_F(process, dies_with_handle)
{
	bool by_itself = variant->ending <= DAEMON;
	struct agent grandchild = { };
	int next, i;

	vr_clear();
	make_child(_metadata, self, variant);
	end_parent(_metadata, self, variant);

	if (by_itself && variant->child != NOTHING) {
		pause_ms(20);
		EXPECT_STREQ("", trace());
		EXPECT_EQ(1, handles(self->watch));
		if (variant->child == USES) {
			EXPECT_EQ(0, agent_do(&self->child, AGENT_STATUS, 0));
			if (variant->mode != SCARD_MODE_DIRECT)
				EXPECT_EQ(0x9000, agent_apdu(&self->child, APDU_VERIFIED));
			/* it is the process of the handle now */
			agent_fork(&self->child, &grandchild);
			is_refused(_metadata, &grandchild);
			vr_clear();
		}
		agent_stop(&self->child);
	}

	/* exec() closes the descriptor some time after it was begun */
	for (i = 0; i < 5000 && handles(self->watch); i++)
		pause_ms(1);
	EXPECT_EQ(0, handles(self->watch));
	next = sc_open(O_RDWR);
	is_reset(_metadata, variant, next);
	if (self->child.pid > 0 && variant->child != NOTHING) {
		/* its copy is an open file without a card */
		EXPECT_EQ(-ENOTCONN, agent_do(&self->child, AGENT_STATUS, 0));
		EXPECT_EQ(0, agent_do(&self->child, AGENT_CONNECT, SCARD_MODE_SHARED));
	}
	if (grandchild.pid > 0)
		EXPECT_EQ(-ENOTCONN, agent_do(&grandchild, AGENT_STATUS, 0));
	agent_stop(&grandchild);
	EXPECT_EQ(0, sc_disconnect(next, SCARD_DISP_LEAVE));
}

/* ---- calls under way when a thread of the process closes the descriptor ---- */

FIXTURE(closing)
{
	struct agent child;	/* has a copy of the descriptor */
	pthread_t thread;
	int fd, other, result;
};

FIXTURE_SETUP(closing)
{
	vr_prepare("--profile short", VR_CARD);
	self->fd = sc_open(O_RDWR);
	self->other = sc_open(O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_LE(0, self->other);
	ASSERT_EQ(0, sc_connect_flags(self->fd, SCARD_MODE_SHARED, SC_ANY, SCARD_CONNECT_PROCESS));
	agent_start(&self->child);
}

FIXTURE_TEARDOWN(closing)
{
	agent_stop(&self->child);
}

static void *begin_thread(void *arg)
{
	FIXTURE_DATA(closing) *self = arg;

	self->result = sc_begin(self->fd);
	return NULL;
}

static void *transmit_thread(void *arg)
{
	FIXTURE_DATA(closing) *self = arg;

	self->result = sc_apdu(self->fd, APDU_SLEEP("012C"));
	return NULL;
}

static bool wait_handles(int fd, unsigned int n)
{
	int i;

	for (i = 0; i < 5000 && handles(fd) != n; i++)
		pause_ms(1);
	return handles(fd) == n;
}

TEST_F(closing, waiting_call_ends)
{
	ASSERT_EQ(0, sc_connect(self->other, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0, sc_begin(self->other));
	ASSERT_EQ(0, pthread_create(&self->thread, NULL, begin_thread, self));
	pause_ms(100);
	ASSERT_EQ(0, close(self->fd));
	EXPECT_TRUE(wait_handles(self->other, 1));
	pthread_join(self->thread, NULL);
	EXPECT_EQ(-ENOTCONN, self->result);
	EXPECT_STREQ("", vr_trace());
	/* its reset is done when the transaction is over */
	EXPECT_EQ(0, sc_end(self->other, SCARD_DISP_LEAVE));
	EXPECT_EQ(-ESTALE, sc_status(self->other));
}

TEST_F(closing, reset_follows_command)
{
	vr_clear();
	ASSERT_EQ(0, pthread_create(&self->thread, NULL, transmit_thread, self));
	vr_do("wait busy 0 5000");
	ASSERT_EQ(0, close(self->fd));
	EXPECT_EQ(0, handles(self->other));
	pthread_join(self->thread, NULL);
	EXPECT_EQ(0x9000, self->result);
	EXPECT_EQ(0, sc_connect(self->other, SCARD_MODE_SHARED, SC_ANY));
	EXPECT_STREQ("apdu warm", vr_trace());
	EXPECT_EQ(0, sc_disconnect(self->other, SCARD_DISP_LEAVE));
}

/* A DIRECT handle that has not spoken yet, but is about to */
TEST_F(closing, direct_handle_speaks)
{
	ASSERT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_LEAVE));
	ASSERT_EQ(0, sc_connect_flags(self->fd, SCARD_MODE_DIRECT, 0, SCARD_CONNECT_PROCESS));
	vr_clear();
	ASSERT_EQ(0, pthread_create(&self->thread, NULL, transmit_thread, self));
	vr_do("wait busy 0 5000");
	ASSERT_EQ(0, close(self->fd));
	pthread_join(self->thread, NULL);
	EXPECT_EQ(0x9000, self->result);
	EXPECT_EQ(0, sc_connect(self->other, SCARD_MODE_SHARED, SC_ANY));
	EXPECT_STREQ("apdu warm", vr_trace());
	EXPECT_EQ(0, sc_disconnect(self->other, SCARD_DISP_LEAVE));
}

/* ---- a call that another process began before the handle was that of one ---- */

enum { PAGE = 4096 };

FIXTURE(late)
{
	int fd, begun[2], go[2], result[2];
	pid_t child;
	unsigned char *page;
};

FIXTURE_VARIANT(late)
{
	unsigned long request;
	uint32_t disposition;
};

#define LATE(name, ...)	FIXTURE_VARIANT_ADD(late, name) { __VA_ARGS__ };

LATE(transmit, .request = SCARD_IOC_TRANSMIT)
LATE(control, .request = SCARD_IOC_CONTROL)
LATE(attribute, .request = SCARD_IOC_GET_ATTR)
LATE(reconnect, .request = SCARD_IOC_RECONNECT)
LATE(end, .request = SCARD_IOC_END, .disposition = SCARD_DISP_LEAVE)
LATE(end_reset, .request = SCARD_IOC_END, .disposition = SCARD_DISP_RESET)
LATE(disconnect, .request = SCARD_IOC_DISCONNECT, .disposition = SCARD_DISP_LEAVE)
LATE(disconnect_reset, .request = SCARD_IOC_DISCONNECT, .disposition = SCARD_DISP_RESET)

static unsigned char answer[SCARD_MAX_ATTRIBUTE_SIZE];

/* The argument of the call, at @page */
static void fill_in(const FIXTURE_VARIANT(late) *variant, void *page)
{
	static const unsigned char select_ef[] = { 0x00, 0xa4, 0x00, 0x0c, 0x02, 0x2f, 0x00 };

	switch (variant->request) {
	case SCARD_IOC_TRANSMIT:
		*(struct scard_transmit *)page = (struct scard_transmit){
			.send = (uintptr_t)select_ef, .send_len = sizeof(select_ef),
			.recv = (uintptr_t)answer, .recv_len = sizeof(answer),
		};
		break;
	case SCARD_IOC_CONTROL:
		*(struct scard_control *)page = (struct scard_control){
			.code = SCARD_CTL_GET_FEATURE,
			.out = (uintptr_t)answer, .out_len = sizeof(answer),
		};
		break;
	case SCARD_IOC_GET_ATTR:
		*(struct scard_attr *)page = (struct scard_attr){
			.id = SCARD_ATTR_ATR_STRING,
			.buf = (uintptr_t)answer, .len = sizeof(answer),
		};
		break;
	case SCARD_IOC_RECONNECT:
		*(struct scard_connect *)page = (struct scard_connect){
			.share_mode = SCARD_MODE_SHARED, .protocols = SC_ANY,
		};
		break;
	default:
		*(struct scard_disposition *)page = (struct scard_disposition){
			.disposition = variant->disposition,
		};
	}
}

struct late_call {
	int fd;
	unsigned long request;
	void *page;
	int result;
};

static void *late_thread(void *arg)
{
	struct late_call *call = arg;

	call->result = ioctl(call->fd, call->request, call->page) ? -errno : 0;
	return NULL;
}

/* The child: a call whose argument is in a page that is there only once the parent says so */
static int late_child(FIXTURE_DATA(late) *self, const FIXTURE_VARIANT(late) *variant)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_copy copy = { .len = PAGE };
	struct late_call call = { .fd = self->fd, .request = variant->request };
	struct uffd_msg fault;
	pthread_t thread;
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);

	call.page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	range.range.start = (uintptr_t)call.page;
	range.range.len = PAGE;
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &range))
		return 1;
	if (pthread_create(&thread, NULL, late_thread, &call))
		return 2;
	if (read(uffd, &fault, sizeof(fault)) != sizeof(fault) || write(self->begun[1], "", 1) != 1)
		return 3;
	if (read(self->go[0], answer, 1) != 1)
		return 4;
	fill_in(variant, self->page);
	copy.src = (uintptr_t)self->page;
	copy.dst = (uintptr_t)call.page;
	if (ioctl(uffd, UFFDIO_COPY, &copy))
		return 5;
	pthread_join(thread, NULL);
	return write(self->result[1], &call.result, sizeof(call.result)) != sizeof(call.result);
}

FIXTURE_SETUP(late)
{
	vr_prepare("--profile short", VR_CARD);
	self->fd = sc_open(O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, pipe(self->begun) | pipe(self->go) | pipe(self->result));
	self->page = aligned_alloc(PAGE, PAGE);
	ASSERT_NE(NULL, self->page);
	memset(self->page, 0, PAGE);
	self->child = fork();
	if (!self->child) {
		alarm(10);
		_exit(late_child(self, variant));
	}
	close(self->begun[1]);
	close(self->result[1]);
}

FIXTURE_TEARDOWN(late)
{
	free(self->page);
}

TEST_F(late, call_is_refused)
{
	int result = 1, status;
	char byte;

	ASSERT_EQ(1, read(self->begun[0], &byte, 1));
	ASSERT_EQ(0, sc_connect_flags(self->fd, SCARD_MODE_SHARED, SC_ANY, SCARD_CONNECT_PROCESS));
	ASSERT_EQ(0, sc_begin(self->fd));
	ASSERT_EQ(0x9000, sc_apdu(self->fd, APDU_VERIFY));
	vr_clear();
	ASSERT_EQ(1, write(self->go[1], "", 1));
	ASSERT_EQ(sizeof(result), read(self->result[0], &result, sizeof(result)));
	EXPECT_EQ(-ENOTCONN, result);
	EXPECT_STREQ("", vr_trace());
	EXPECT_EQ(0x9000, sc_apdu(self->fd, APDU_VERIFIED));
	EXPECT_EQ(0, sc_end(self->fd, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_LEAVE));
	ASSERT_EQ(self->child, waitpid(self->child, &status, 0));
	EXPECT_EQ(0, status);
}

/* ---- a thread with descriptors of its own, by unshare(2) ---- */

static void *unshared_thread(void *arg)
{
	return unshare(CLONE_FILES) ? arg : NULL;
}

TEST(exit_of_unshared_thread)
{
	int fd, result = 1, go[2], answers[2];
	pthread_t thread;
	void *failed;
	pid_t child;
	char byte;

	vr_prepare("--profile short", VR_CARD);
	fd = sc_open(O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, sc_connect_flags(fd, SCARD_MODE_SHARED, SC_ANY, SCARD_CONNECT_PROCESS));
	ASSERT_EQ(0, pipe(go) | pipe(answers));
	child = fork();
	if (!child) {
		alarm(10);
		if (read(go[0], &byte, 1) != 1)
			_exit(1);
		result = sc_status(fd);
		_exit(write(answers[1], &result, sizeof(result)) != sizeof(result));
	}
	ASSERT_EQ(0, pthread_create(&thread, NULL, unshared_thread, &fd));
	ASSERT_EQ(0, pthread_join(thread, &failed));
	ASSERT_EQ(NULL, failed);
	pause_ms(50);
	ASSERT_EQ(1, write(go[1], "", 1));
	ASSERT_EQ(sizeof(result), read(answers[0], &result, sizeof(result)));
	EXPECT_EQ(-ENOTCONN, result);
	EXPECT_EQ(0, sc_status(fd));
	EXPECT_EQ(0, sc_disconnect(fd, SCARD_DISP_LEAVE));
	ASSERT_EQ(child, waitpid(child, NULL, 0));
}

TEST_HARNESS_MAIN
