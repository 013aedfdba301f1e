// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * close_policy and SCARD_CONNECT_CLOSE_*: the effect of a close without SCARD_IOC_DISCONNECT.
 * The module parameter sets it for all handles, the flag for one. A stricter policy needs no
 * privilege, a laxer one does (EPERM).
 */
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "agent.h"
#include "sc.h"
#include "usb.h"
#include "vr.h"

static bool set_policy(const char *policy)
{
	return module_set_text("close_policy", policy);
}

FIXTURE(close_policy)
{
	int fd;
};

FIXTURE_VARIANT(close_policy)
{
	const char *module;	/* the module's policy */
	uint32_t flags;		/* the handle's */
	uint32_t mode;
	bool transaction;
	const char *trace;
};

#define POLICY(name, p, f, m, t, w)						\
	FIXTURE_VARIANT_ADD(close_policy, name)					\
	{									\
		.module = p, .flags = SCARD_CONNECT_CLOSE_##f,			\
		.mode = SCARD_MODE_##m, .transaction = t, .trace = w,		\
	};

POLICY(default_is_reset, "reset", DEFAULT, SHARED, false, "warm")
POLICY(reset, "reset", RESET, SHARED, false, "warm")
POLICY(transaction_without, "reset", TRANSACTION, SHARED, false, "")
POLICY(transaction_with, "reset", TRANSACTION, SHARED, true, "warm")
POLICY(transaction_exclusive, "reset", TRANSACTION, EXCLUSIVE, false, "warm")
POLICY(unpower, "reset", UNPOWER, SHARED, false, "off")
POLICY(unpower_exclusive, "reset", UNPOWER, EXCLUSIVE, true, "off")
POLICY(unpower_direct, "reset", UNPOWER, DIRECT, false, "")
POLICY(module_transaction_without, "transaction", DEFAULT, SHARED, false, "")
POLICY(module_transaction_with, "transaction", DEFAULT, SHARED, true, "warm")
POLICY(module_transaction_exclusive, "transaction", DEFAULT, EXCLUSIVE, false, "warm")
POLICY(module_transaction_handle_reset, "transaction", RESET, SHARED, false, "warm")
POLICY(module_transaction_handle_unpower, "transaction", UNPOWER, SHARED, false, "off")
POLICY(module_unpower, "unpower", DEFAULT, SHARED, false, "off")
POLICY(module_unpower_handle_reset, "unpower", RESET, SHARED, false, "warm")

FIXTURE_SETUP(close_policy)
{
	vr_prepare("--profile short", VR_CARD);
	ASSERT_TRUE(set_policy(variant->module));
	self->fd = sc_open(O_RDWR);
	ASSERT_LE(0, self->fd);
}

/* In the parent, so that it is done whatever becomes of the test. */
FIXTURE_TEARDOWN_PARENT(close_policy)
{
	EXPECT_TRUE(set_policy("reset"));
}

TEST_F(close_policy, close_follows_policy)
{
	uint32_t protocols = variant->mode == SCARD_MODE_DIRECT ? 0 : SC_ANY;
	int next;

	ASSERT_EQ(0, sc_connect_flags(self->fd, variant->mode, protocols, variant->flags));
	if (variant->transaction)
		ASSERT_EQ(0, sc_begin(self->fd));
	ASSERT_EQ(0, close(self->fd));
	next = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, next);
	if (!strcmp(variant->trace, "off")) {
		EXPECT_STREQ("off cold", vr_trace());
	} else {
		EXPECT_STREQ(variant->trace, vr_trace());
	}
	EXPECT_EQ(0, sc_disconnect(next, SCARD_DISP_LEAVE));
}

/* The policy says nothing of a Disconnect. */
TEST_F(close_policy, disconnect_leave_ignores_policy)
{
	uint32_t protocols = variant->mode == SCARD_MODE_DIRECT ? 0 : SC_ANY;
	int next;

	ASSERT_EQ(0, sc_connect_flags(self->fd, variant->mode, protocols, variant->flags));
	ASSERT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_LEAVE));
	ASSERT_EQ(0, close(self->fd));
	next = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, next);
	EXPECT_STREQ("", vr_trace());
	EXPECT_EQ(0, sc_disconnect(next, SCARD_DISP_LEAVE));
}

/* ---- the module's policy, by every way in which a process ends ---- */

FIXTURE(process_end)
{
	struct agent agent;
	int other;
};

FIXTURE_VARIANT(process_end)
{
	const char *policy;
	bool transaction;
	const char *trace;	/* up to the next process's command */
};

#define ENDING(name, p, t, w)							\
	FIXTURE_VARIANT_ADD(process_end, name) { .policy = p, .transaction = t, .trace = w, };

ENDING(reset, "reset", false, "warm")
ENDING(unpower, "unpower", false, "off cold")
ENDING(unpower_transaction, "unpower", true, "off cold")
ENDING(transaction, "transaction", false, "")
ENDING(transaction_transaction, "transaction", true, "warm")

FIXTURE_SETUP(process_end)
{
	vr_prepare("--profile short", VR_CARD);
	ASSERT_TRUE(set_policy(variant->policy));
	self->other = sc_open(O_RDWR);
	ASSERT_LE(0, self->other);
	agent_start(&self->agent);
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_OPEN, 0));
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_CONNECT, SCARD_MODE_SHARED));
	if (variant->transaction)
		ASSERT_EQ(0, agent_do(&self->agent, AGENT_BEGIN, 0));
	vr_clear();
}

FIXTURE_TEARDOWN_PARENT(process_end)
{
	EXPECT_TRUE(set_policy("reset"));
}

/* The policy is applied once, before the next process's first byte. */
static void next_one_finds(struct __test_metadata *_metadata, FIXTURE_DATA(process_end) *self,
			   const FIXTURE_VARIANT(process_end) *variant)
{
	EXPECT_EQ(0, sc_connect(self->other, SCARD_MODE_SHARED, SC_ANY));
	EXPECT_STREQ(variant->trace, vr_trace());
	EXPECT_EQ(0x9000, sc_apdu(self->other, APDU_STATE));
	EXPECT_EQ(0, sc_disconnect(self->other, SCARD_DISP_LEAVE));
}

TEST_F(process_end, sigkill_follows_close_policy)
{
	agent_kill(&self->agent, SIGKILL);
	EXPECT_TRUE(agent_ended(&self->agent));
	next_one_finds(_metadata, self, variant);
}

TEST_F(process_end, exit_follows_close_policy)
{
	agent_begin(&self->agent, AGENT_EXIT, 0);
	EXPECT_TRUE(agent_ended(&self->agent));
	next_one_finds(_metadata, self, variant);
}

TEST_F(process_end, abort_follows_close_policy)
{
	agent_begin(&self->agent, AGENT_ABORT, 0);
	EXPECT_TRUE(agent_ended(&self->agent));
	next_one_finds(_metadata, self, variant);
}

TEST_F(process_end, exec_follows_close_policy)
{
	struct scard_status status;
	int i;

	agent_begin(&self->agent, AGENT_EXEC, 0);
	/* it lives on, and holds nothing */
	for (i = 0; i < 5000; i++) {
		ASSERT_EQ(0, sc_snapshot(self->other, &status));
		if (!(status.state & SCARD_STATE_BIT_INUSE))
			break;
		pause_ms(1);
	}
	EXPECT_EQ(0, status.state & SCARD_STATE_BIT_INUSE);
	next_one_finds(_metadata, self, variant);
	agent_stop(&self->agent);
}

TEST_F(process_end, last_close_follows_close_policy)
{
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_DUP, 0));
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_CLOSE_ONE, 0));
	EXPECT_STREQ("", vr_trace());
	EXPECT_EQ(0, agent_do(&self->agent, AGENT_STATUS, 0));
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_CLOSE, 0));
	next_one_finds(_metadata, self, variant);
	agent_stop(&self->agent);
}

/* A process without privilege, with a descriptor that was opened for it */
static int as_nobody(int fd, uint32_t flags)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
			_exit(255);
		_exit(-sc_connect_flags(fd, SCARD_MODE_SHARED, SC_ANY, flags));
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -ECHILD;
	return -WEXITSTATUS(status);
}

FIXTURE(close_policy_privilege)
{
	int fd;
};

FIXTURE_SETUP(close_policy_privilege)
{
	vr_prepare("--profile short", VR_CARD);
	self->fd = sc_open(O_RDWR);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(close_policy_privilege)
{
	EXPECT_TRUE(set_policy("reset"));
}

TEST_F(close_policy_privilege, laxer_policy_gets_EPERM)
{
	struct scard_status before, after;

	ASSERT_EQ(0, sc_snapshot(self->fd, &before));
	EXPECT_EQ(-EPERM, as_nobody(self->fd, SCARD_CONNECT_CLOSE_TRANSACTION));
	ASSERT_EQ(0, sc_snapshot(self->fd, &after));
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(after)));
	EXPECT_STREQ("", vr_trace());
}

TEST_F(close_policy_privilege, stricter_policy_is_accepted)
{
	EXPECT_EQ(0, as_nobody(self->fd, SCARD_CONNECT_CLOSE_UNPOWER));
	ASSERT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, as_nobody(self->fd, SCARD_CONNECT_CLOSE_RESET));
	ASSERT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_LEAVE));
	ASSERT_TRUE(set_policy("transaction"));
	EXPECT_EQ(0, as_nobody(self->fd, SCARD_CONNECT_CLOSE_RESET));
	ASSERT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, as_nobody(self->fd, SCARD_CONNECT_CLOSE_TRANSACTION));
	ASSERT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_LEAVE));
}

TEST_F(close_policy_privilege, reset_is_laxer_than_unpower)
{
	ASSERT_TRUE(set_policy("unpower"));
	EXPECT_EQ(-EPERM, as_nobody(self->fd, SCARD_CONNECT_CLOSE_RESET));
	EXPECT_EQ(0, as_nobody(self->fd, SCARD_CONNECT_CLOSE_DEFAULT));
	ASSERT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_LEAVE));
}

TEST_F(close_policy_privilege, unknown_policy_is_refused)
{
	EXPECT_FALSE(set_policy("nothing"));
	EXPECT_FALSE(set_policy("\n"));
	EXPECT_FALSE(set_policy("resetting"));
}

/* A handle that is connected keeps the policy that it has connected with. */
TEST_F(close_policy_privilege, change_spares_connected_handles)
{
	int next = sc_open_connected(SCARD_MODE_SHARED);

	ASSERT_LE(0, next);
	ASSERT_TRUE(set_policy("transaction"));
	ASSERT_EQ(0, close(next));
	ASSERT_EQ(0, sc_connect(self->fd, SCARD_MODE_SHARED, SC_ANY));
	EXPECT_STREQ("warm", vr_trace());
	vr_clear();
	/* and the one that connects afterwards has the new one */
	ASSERT_TRUE(set_policy("unpower"));
	ASSERT_EQ(0, close(self->fd));
	self->fd = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, self->fd);
	EXPECT_STREQ("", vr_trace());
	ASSERT_EQ(0, close(self->fd));
	self->fd = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, self->fd);
	EXPECT_STREQ("off cold", vr_trace());
}

/* Several pending resets become one, the strictest. */
TEST_F(close_policy_privilege, pending_resets_are_done_once)
{
	int owner = sc_open_connected(SCARD_MODE_SHARED), i;
	static const uint32_t flags[] = {
		SCARD_CONNECT_CLOSE_RESET, SCARD_CONNECT_CLOSE_UNPOWER, SCARD_CONNECT_CLOSE_RESET,
	};
	int dead[ARRAY_SIZE(flags)];

	ASSERT_LE(0, owner);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		dead[i] = sc_open(O_RDWR);
		ASSERT_LE(0, dead[i]);
		ASSERT_EQ(0, sc_connect_flags(dead[i], SCARD_MODE_SHARED, SC_ANY, flags[i]));
	}
	ASSERT_EQ(0, sc_begin(owner));
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		ASSERT_EQ(0, close(dead[i]));
	EXPECT_EQ(0, sc_status(owner));
	EXPECT_STREQ("", vr_trace());
	EXPECT_EQ(0, sc_end(owner, SCARD_DISP_LEAVE));
	EXPECT_EQ(0, sc_connect(self->fd, SCARD_MODE_SHARED, SC_ANY));
	EXPECT_STREQ("off cold", vr_trace());
	EXPECT_EQ(-ESTALE, sc_status(owner));
	EXPECT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_LEAVE));
}

/* END(RESET) of the owner includes a pending reset: one reset, not two. */
TEST_F(close_policy_privilege, end_transaction_reset_does_the_pending_one)
{
	int owner = sc_open_connected(SCARD_MODE_SHARED), dead;

	ASSERT_LE(0, owner);
	dead = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, dead);
	ASSERT_EQ(0, sc_begin(owner));
	ASSERT_EQ(0, close(dead));
	EXPECT_EQ(0, sc_end(owner, SCARD_DISP_RESET));
	EXPECT_EQ(0, sc_connect(self->fd, SCARD_MODE_SHARED, SC_ANY));
	EXPECT_STREQ("warm", vr_trace());
	EXPECT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_LEAVE));
}

TEST_HARNESS_MAIN
