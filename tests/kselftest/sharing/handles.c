// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SCARD_IOC_GET_HANDLES: the connected handles, the calls that run or wait, their processes
 * and times; for callers that may write to the device, with the pids of their own namespace.
 */
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "kselftest_harness.h"

#include "agent.h"
#include "job.h"
#include "sc.h"
#include "usb.h"
#include "users.h"
#include "vr.h"

#define ROOM		16
#define NOBODY		65534
#define CALL(name)	_IOC_NR(SCARD_IOC_##name)

FIXTURE(handles)
{
	struct users u;
	struct scard_handle_entry list[ROOM];
	uint32_t count;
};

FIXTURE_SETUP(handles)
{
	vr_prepare("--profile short", VR_CARD);
	users_open(_metadata, &self->u);
}

FIXTURE_TEARDOWN(handles)
{
	users_close(&self->u);
}

static int fetch(FIXTURE_DATA(handles) *self)
{
	memset(self->list, 0xff, sizeof(self->list));
	return sc_handles(self->u.fd, self->list, ROOM, &self->count);
}

static uint64_t time_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/*
 * The kernel's times are those of the last tick, which comes late on a machine at its limit. This
 * machine has not slept: its monotonic clock is CLOCK_BOOTTIME.
 */
static uint64_t tick_ns(void)
{
	return time_ns(CLOCK_MONOTONIC_COARSE);
}

static uint64_t boottime_ns(void)
{
	return time_ns(CLOCK_BOOTTIME);
}

static bool reserved_are_zero(const struct scard_handle_entry *e)
{
	return !e->reserved32 && !e->reserved[0] && !e->reserved[1];
}

TEST_F(handles, feature_is_announced)
{
	struct scard_info info;

	ASSERT_EQ(0, sc_info(self->u.fd, &info));
	EXPECT_EQ(SCARD_FEATURE_HANDLES, info.features & SCARD_FEATURE_HANDLES);
}

TEST_F(handles, unconnected_descriptors_are_not_listed)
{
	ASSERT_EQ(0, fetch(self));
	EXPECT_EQ(0, self->count);
	ASSERT_EQ(0, sc_connect(self->u.fd, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0, fetch(self));
	EXPECT_EQ(1, self->count);
	ASSERT_EQ(0, sc_disconnect(self->u.fd, SCARD_DISP_LEAVE));
	ASSERT_EQ(0, fetch(self));
	EXPECT_EQ(0, self->count);
}

TEST_F(handles, connected_handles_have_process_mode_and_time)
{
	uint64_t before = tick_ns(), after;

	ASSERT_EQ(0, agent_do(&self->u.agent, AGENT_CONNECT, SCARD_MODE_DIRECT));
	ASSERT_EQ(0, sc_connect(self->u.fd, SCARD_MODE_SHARED, SC_ANY));
	after = boottime_ns();
	ASSERT_EQ(0, fetch(self));
	ASSERT_EQ(2, self->count);
	EXPECT_EQ(self->u.agent.pid, self->list[0].pid);
	EXPECT_EQ(SCARD_MODE_DIRECT, self->list[0].share_mode);
	EXPECT_EQ(0, self->list[0].flags);
	EXPECT_EQ(getpid(), self->list[1].pid);
	EXPECT_EQ(SCARD_MODE_SHARED, self->list[1].share_mode);
	EXPECT_EQ(SCARD_HANDLE_SELF, self->list[1].flags);
	EXPECT_NE(self->list[0].id, self->list[1].id);
	EXPECT_LE(before, self->list[0].connected_ns);
	EXPECT_LE(self->list[0].connected_ns, self->list[1].connected_ns);
	EXPECT_LE(self->list[1].connected_ns, after);
	EXPECT_EQ(0, self->list[1].since_ns);
	EXPECT_EQ(0, self->list[1].call);
	EXPECT_TRUE(reserved_are_zero(&self->list[0]));
	EXPECT_TRUE(reserved_are_zero(&self->list[1]));
	/* a new mode is the same connection */
	EXPECT_EQ(0, agent_do(&self->u.agent, AGENT_DISCONNECT, SCARD_DISP_LEAVE));
	ASSERT_EQ(0, sc_reconnect(self->u.fd, SCARD_MODE_EXCLUSIVE, SC_ANY, SCARD_DISP_LEAVE));
	before = self->list[1].connected_ns;
	ASSERT_EQ(0, fetch(self));
	ASSERT_EQ(1, self->count);
	EXPECT_EQ(SCARD_MODE_EXCLUSIVE, self->list[0].share_mode);
	EXPECT_EQ(before, self->list[0].connected_ns);
}

/* The caller that waits for the end of a transaction, and its owner, know each other. */
TEST_F(handles, waiting_BEGIN_sees_the_owner)
{
	uint64_t before, begun;

	users_connect(_metadata, &self->u);
	before = tick_ns();
	ASSERT_EQ(0, agent_do(&self->u.agent, AGENT_BEGIN, 0));
	begun = tick_ns();
	/* an inner transaction begins nothing new */
	pause_ms(20);
	ASSERT_EQ(0, agent_do(&self->u.agent, AGENT_BEGIN, 0));
	ASSERT_TRUE(agent_blocks(&self->u.waiter, AGENT_BEGIN, 0));
	ASSERT_EQ(0, fetch(self));
	ASSERT_EQ(4, self->count);
	EXPECT_EQ(self->u.agent.pid, self->list[0].pid);
	EXPECT_EQ(SCARD_HANDLE_TRANSACTION, self->list[0].flags);
	EXPECT_LE(before, self->list[0].since_ns);
	EXPECT_LE(self->list[0].since_ns, begun);
	EXPECT_EQ(0, self->list[1].flags);
	EXPECT_EQ(self->u.waiter.pid, self->list[3].pid);
	EXPECT_EQ(self->list[1].id, self->list[3].id);
	EXPECT_EQ(SCARD_HANDLE_WAITING, self->list[3].flags);
	EXPECT_EQ(CALL(BEGIN), self->list[3].call);
	EXPECT_EQ(SCARD_MODE_SHARED, self->list[3].share_mode);
	EXPECT_EQ(0, self->list[3].connected_ns);
	EXPECT_LE(begun, self->list[3].since_ns);
	EXPECT_LE(self->list[3].since_ns, boottime_ns());
	EXPECT_TRUE(reserved_are_zero(&self->list[3]));

	ASSERT_EQ(0, agent_do(&self->u.agent, AGENT_END, SCARD_DISP_LEAVE));
	before = tick_ns();
	ASSERT_EQ(0, agent_do(&self->u.agent, AGENT_END, SCARD_DISP_LEAVE));
	ASSERT_EQ(0, agent_result(&self->u.waiter, 5000));
	ASSERT_EQ(0, fetch(self));
	ASSERT_EQ(3, self->count);
	EXPECT_EQ(0, self->list[0].flags);
	EXPECT_EQ(0, self->list[0].since_ns);
	EXPECT_EQ(SCARD_HANDLE_TRANSACTION, self->list[1].flags);
	EXPECT_LE(before, self->list[1].since_ns);
}

/* A CONNECT that waits has no connected handle. */
TEST_F(handles, waiting_CONNECT_is_listed)
{
	ASSERT_EQ(0, sc_connect(self->u.fd, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0, sc_begin(self->u.fd));
	ASSERT_TRUE(agent_blocks(&self->u.waiter, AGENT_CONNECT, SCARD_MODE_SHARED));
	ASSERT_EQ(0, fetch(self));
	ASSERT_EQ(2, self->count);
	EXPECT_EQ(SCARD_HANDLE_SELF | SCARD_HANDLE_TRANSACTION, self->list[0].flags);
	EXPECT_EQ(SCARD_HANDLE_WAITING, self->list[1].flags);
	EXPECT_EQ(self->u.waiter.pid, self->list[1].pid);
	EXPECT_EQ(CALL(CONNECT), self->list[1].call);
	EXPECT_EQ(0, self->list[1].share_mode);
	agent_kill(&self->u.waiter, SIGKILL);
	EXPECT_TRUE(agent_ended(&self->u.waiter));
	ASSERT_EQ(0, fetch(self));
	EXPECT_EQ(1, self->count);
}

TEST_F(handles, running_call_is_listed)
{
	users_connect(_metadata, &self->u);
	agent_begin_apdu(&self->u.agent, AGENT_APDU, APDU_SLEEP("07D0"));
	EXPECT_EQ(AGENT_RUNNING, agent_result(&self->u.agent, 300));
	ASSERT_EQ(0, fetch(self));
	ASSERT_EQ(4, self->count);
	EXPECT_EQ(SCARD_HANDLE_RUNNING, self->list[3].flags);
	EXPECT_EQ(CALL(TRANSMIT), self->list[3].call);
	EXPECT_EQ(self->u.agent.pid, self->list[3].pid);
	EXPECT_EQ(0x9000, agent_result(&self->u.agent, 10000));
	ASSERT_EQ(0, fetch(self));
	EXPECT_EQ(3, self->count);
}

static int sleep_long(int fd)
{
	return sc_apdu(fd, APDU_SLEEP("01F4"));
}

static int ask_state(int fd)
{
	return sc_apdu(fd, APDU_STATE);
}

/* A call within a transaction that waits for another begins none. */
TEST_F(handles, transaction_began_with_BEGIN)
{
	static const struct sc_call slow = { "TRANSMIT", sleep_long };
	static const struct sc_call quick = { "TRANSMIT", ask_state };
	struct job first, second;
	uint64_t begun;

	ASSERT_EQ(0, sc_connect(self->u.fd, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0, sc_begin(self->u.fd));
	begun = tick_ns();
	ASSERT_TRUE(job_blocks(&first, &slow, self->u.fd));
	ASSERT_TRUE(job_blocks(&second, &quick, self->u.fd));
	EXPECT_EQ(0x9000, job_result(&first));
	EXPECT_EQ(0x9000, job_result(&second));
	ASSERT_EQ(0, fetch(self));
	ASSERT_EQ(1, self->count);
	EXPECT_EQ(SCARD_HANDLE_SELF | SCARD_HANDLE_TRANSACTION, self->list[0].flags);
	EXPECT_LE(self->list[0].since_ns, begun);
}

/* The list is told in whole or not at all. */
TEST_F(handles, room_too_small_gets_EMSGSIZE)
{
	char *pages = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);

	ASSERT_NE(MAP_FAILED, pages);
	ASSERT_EQ(0, munmap(pages + 4096, 4096));
	users_connect(_metadata, &self->u);
	memset(self->list, 0xff, sizeof(self->list));
	EXPECT_EQ(-EMSGSIZE, sc_handles(self->u.fd, self->list, 0, &self->count));
	EXPECT_EQ(3, self->count);
	EXPECT_EQ(-EMSGSIZE, sc_handles(self->u.fd, self->list, 2, &self->count));
	EXPECT_EQ(3, self->count);
	EXPECT_EQ(0xffffffff, self->list[0].id);
	/* 0 asks for the number */
	EXPECT_EQ(0, sc_handles(self->u.fd, NULL, 0, &self->count));
	EXPECT_EQ(3, self->count);
	/* and no more is written than there is, whatever room the caller claims */
	EXPECT_EQ(0, sc_handles(self->u.fd, self->list, UINT32_MAX, &self->count));
	EXPECT_EQ(3, self->count);
	EXPECT_EQ(0xffffffff, self->list[3].id);
	EXPECT_EQ(-EFAULT, sc_handles(self->u.fd, (void *)(pages + 4096 - 2 * sizeof(*self->list)),
				      3, &self->count));
	munmap(pages, 4096);
}

TEST_F(handles, process_that_has_ended_has_no_pid)
{
	int fd;

	ASSERT_EQ(0, agent_do(&self->u.agent, AGENT_CONNECT, SCARD_MODE_SHARED));
	agent_begin(&self->u.agent, AGENT_SEND_FD, 0);
	fd = agent_take_fd(&self->u.agent);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, agent_result(&self->u.agent, 10000));
	ASSERT_EQ(0, fetch(self));
	ASSERT_EQ(1, self->count);
	/* the process that connected, not the one that received the descriptor */
	EXPECT_EQ(self->u.agent.pid, self->list[0].pid);
	agent_kill(&self->u.agent, SIGKILL);
	ASSERT_TRUE(agent_ended(&self->u.agent));
	ASSERT_EQ(0, fetch(self));
	ASSERT_EQ(1, self->count);
	EXPECT_EQ(0, self->list[0].pid);
	/* a new CONNECT has a new process */
	ASSERT_EQ(0, sc_disconnect(fd, SCARD_DISP_LEAVE));
	ASSERT_EQ(0, sc_connect(fd, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0, fetch(self));
	ASSERT_EQ(1, self->count);
	EXPECT_EQ(getpid(), self->list[0].pid);
	close(fd);
}

/* In a pid namespace of its own: the first process there, with a handle of its own. */
static int in_namespace(int fd)
{
	struct scard_handle_entry list[ROOM];
	uint32_t count;
	int own = sc_open_connected(SCARD_MODE_SHARED);

	if (own < 0)
		return 10;
	if (sc_handles(fd, list, ROOM, &count) || count != 2)
		return 11;
	if (list[0].pid)
		return 12;	/* a process outside is visible */
	if (list[1].pid != 1)
		return 13;
	return sc_disconnect(own, SCARD_DISP_LEAVE) ? 14 : 0;
}

TEST_F(handles, pids_are_those_of_the_caller_s_namespace)
{
	int status;
	pid_t pid;

	ASSERT_EQ(0, agent_do(&self->u.agent, AGENT_CONNECT, SCARD_MODE_SHARED));
	pid = fork();
	if (!pid) {
		if (unshare(CLONE_NEWPID))
			_exit(20);
		pid = fork();
		if (!pid)
			_exit(in_namespace(self->u.fd));
		_exit(waitpid(pid, &status, 0) == pid && WIFEXITED(status) ?
		      WEXITSTATUS(status) : 21);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status >> 8);
}

/* The mode of the descriptor decides, not the uid. */
TEST_F(handles, needs_a_descriptor_for_writing)
{
	int status;
	pid_t pid;

	EXPECT_EQ(-EBADF, sc_handles(self->u.watch, NULL, 0, &self->count));
	pid = fork();
	if (!pid) {
		uint32_t count;

		if (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
			_exit(1);
		/* no node can be opened */
		if (sc_open(O_RDWR) != -ENOENT || sc_open(O_RDONLY) != -ENOENT)
			_exit(2);
		_exit(sc_handles(self->u.fd, NULL, 0, &count) ? 3 : 0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(handles, reader_that_is_gone_gets_ENODEV)
{
	ASSERT_EQ(0, sc_connect(self->u.fd, SCARD_MODE_SHARED, SC_ANY));
	vr_do("unplug");
	expect_hangup(_metadata, self->u.watch, 5000);
	EXPECT_EQ(-ENODEV, fetch(self));
}

TEST_HARNESS_MAIN
