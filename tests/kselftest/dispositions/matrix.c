// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The matrix of dispositions: each share mode, each way to end a handle (SCARD_IOC_DISCONNECT,
 * close, exit, kill, exec), each situation. expect.c has the expected result; this test
 * produces the situation and compares results and the reader's log.
 *
 * Actors: the victim ends; "other" is a handle of this process; the waiter and the
 * next are processes of their own, since they may have to wait.
 */
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "kselftest_harness.h"

#include "agent.h"
#include "expect.h"
#include "sc.h"
#include "usb.h"
#include "users.h"
#include "vr.h"

#define READER	"--profile short"

FIXTURE(matrix)
{
	struct agent victim, waiter, next;
	struct expectation e;
	int watch;		/* for snapshots; never connected */
	int other;
	int passed;		/* the victim's descriptor, after SCM_RIGHTS */
	pid_t child;		/* of the victim */
};

FIXTURE_VARIANT(matrix)
{
	struct cell cell;
};

#define CELL(m, e, s)							\
	FIXTURE_VARIANT_ADD(matrix, m##__##e##__##s)			\
	{								\
		.cell = { SCARD_MODE_##m, e, s },			\
	};
#define SITUATIONS(m, e)						\
	CELL(m, e, ALONE)						\
	CELL(m, e, OTHER_SHARED)					\
	CELL(m, e, OTHER_TRANSACTION)					\
	CELL(m, e, WAITER_BEGIN)					\
	CELL(m, e, WAITER_CONNECT)					\
	CELL(m, e, OWN_TRANSACTION)					\
	CELL(m, e, NESTED_TRANSACTION)					\
	CELL(m, e, PENDING_RESET)					\
	CELL(m, e, CARD_REMOVED)					\
	CELL(m, e, CARD_SWAPPED)					\
	CELL(m, e, UNPLUGGED)						\
	CELL(m, e, MUTE_AT_RESET)
#define ENDINGS(m)							\
	SITUATIONS(m, LEAVE)						\
	SITUATIONS(m, RESET)						\
	SITUATIONS(m, UNPOWER)						\
	SITUATIONS(m, EJECT)						\
	SITUATIONS(m, EXIT)						\
	SITUATIONS(m, THREAD_EXIT)					\
	SITUATIONS(m, ABORT)						\
	SITUATIONS(m, KILL_IDLE)					\
	SITUATIONS(m, KILL_BEFORE)					\
	SITUATIONS(m, KILL_AFTER)					\
	SITUATIONS(m, EXEC)						\
	SITUATIONS(m, DUP_CLOSE)					\
	SITUATIONS(m, SCM_RIGHTS_PASSED)				\
	SITUATIONS(m, FORK_HELD)					\
	SITUATIONS(m, FORK_EXEC)					\
	SITUATIONS(m, RELEASE_CONTEXT)

ENDINGS(SHARED)
ENDINGS(EXCLUSIVE)
ENDINGS(DIRECT)

FIXTURE_SETUP(matrix)
{
	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	expect(&variant->cell, &self->e);
	vr_prepare(READER, VR_CARD);
	agent_start(&self->victim);
	agent_start(&self->waiter);
	agent_start(&self->next);
	self->other = -1;
	self->passed = -1;
	self->watch = sc_open(O_RDONLY);
	ASSERT_LE(0, self->watch);
}

FIXTURE_TEARDOWN(matrix)
{
	agent_stop(&self->victim);
	agent_stop(&self->waiter);
	agent_stop(&self->next);
	if (self->child > 0) {
		kill(self->child, SIGKILL);
		waitpid(self->child, NULL, 0);
	}
}

static bool by_library(const struct cell *c)
{
	return c->ending == RELEASE_CONTEXT;
}

/* Does @trace match one of the alternatives of @want, followed by one of those of @then? */
static bool alternative(const char *trace, const char *want, const char *then)
{
	char whole[VR_TRACE_SIZE], first[128], second[128];
	const char *a, *b;

	for (a = want; a; a = strchr(a, '|') ? strchr(a, '|') + 1 : NULL) {
		for (b = then; b; b = strchr(b, '|') ? strchr(b, '|') + 1 : NULL) {
			snprintf(first, sizeof(first), "%.*s", (int)strcspn(a, "|"), a);
			snprintf(second, sizeof(second), "%.*s", (int)strcspn(b, "|"), b);
			snprintf(whole, sizeof(whole), "%s%s%s", first,
				 *first && *second ? " " : "", second);
			if (!strcmp(trace, whole))
				return true;
		}
	}
	return false;
}

/* The commands to the reader, without Abort of a command in flight */
static const char *trace_of(const struct cell *c)
{
	const char *trace = vr_trace();

	if (c->ending == KILL_BEFORE || c->ending == KILL_AFTER)
		while (!strncmp(trace, "abort", 5))
			trace += trace[5] ? 6 : 5;
	return trace;
}

static unsigned int handles(int watch)
{
	struct scard_status status;

	return sc_snapshot(watch, &status) ? 0 : status.handles;
}

/* Wait until the slot has seen @events more insertions and removals, and knows all of it. */
static bool wait_card_event(int watch, uint32_t seen, uint32_t events)
{
	struct scard_status status;
	int i;

	for (i = 0; i < 5000; i++) {
		if (!sc_snapshot(watch, &status) && status.card_event - seen >= events &&
		    !(status.state & SCARD_STATE_BIT_SETTLING))
			return true;
		pause_ms(1);
	}
	return false;
}

static bool wait_gone(int watch)
{
	struct scard_status status;
	int i;

	for (i = 0; i < 5000; i++) {
		if (sc_snapshot(watch, &status) == -ENODEV)
			return true;
		pause_ms(1);
	}
	return false;
}

static void connect_victim(struct __test_metadata *_metadata, FIXTURE_DATA(matrix) *self,
			   const struct cell *c)
{
	if (by_library(c)) {
		ASSERT_EQ(0, agent_do(&self->victim, AGENT_LIB_CONNECT, c->mode));
	} else {
		ASSERT_EQ(0, agent_do(&self->victim, AGENT_OPEN, 0));
		ASSERT_EQ(0, agent_do(&self->victim, AGENT_CONNECT, c->mode));
	}
	if (self->e.verified) {
		agent_begin_apdu(&self->victim, by_library(c) ? AGENT_LIB_APDU : AGENT_APDU,
				 APDU_VERIFY);
		ASSERT_EQ(0x9000, agent_result(&self->victim, 10000));
		ASSERT_EQ(1, vr_card("verified"));
	}
}

static void victim_begins(struct __test_metadata *_metadata, FIXTURE_DATA(matrix) *self,
			  const struct cell *c)
{
	ASSERT_EQ(0, agent_do(&self->victim, by_library(c) ? AGENT_LIB_BEGIN : AGENT_BEGIN, 0));
}

/* Reset the card: by the victim itself if no other handle can be connected. */
static void reset_pending(struct __test_metadata *_metadata, FIXTURE_DATA(matrix) *self,
			  const struct cell *c)
{
	int fd;

	if (c->mode == SCARD_MODE_EXCLUSIVE) {
		victim_begins(_metadata, self, c);
		ASSERT_EQ(0, agent_do(&self->victim, by_library(c) ? AGENT_LIB_END : AGENT_END,
				      SCARD_DISP_RESET));
		return;
	}
	fd = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, sc_disconnect(fd, SCARD_DISP_RESET));
	close(fd);
}

/* Bring the situation about; the impossible ones as far as they go. */
static void set_up(struct __test_metadata *_metadata, FIXTURE_DATA(matrix) *self,
		   const struct cell *c)
{
	struct scard_status status;

	connect_victim(_metadata, self, c);
	ASSERT_EQ(0, sc_snapshot(self->watch, &status));

	switch (c->situation) {
	case ALONE:
		break;
	case OTHER_SHARED:
	case OTHER_TRANSACTION:
		self->other = sc_open(O_RDWR);
		ASSERT_LE(0, self->other);
		ASSERT_EQ(0, sc_connect(self->other, SCARD_MODE_SHARED, SC_ANY));
		if (c->situation == OTHER_TRANSACTION)
			ASSERT_EQ(0, sc_begin(self->other));
		break;
	case WAITER_BEGIN:
		ASSERT_EQ(0, agent_do(&self->waiter, AGENT_OPEN, 0));
		ASSERT_EQ(0, agent_do(&self->waiter, AGENT_CONNECT, SCARD_MODE_SHARED));
		victim_begins(_metadata, self, c);
		ASSERT_TRUE(agent_blocks(&self->waiter, AGENT_BEGIN, 0));
		break;
	case WAITER_CONNECT:
		victim_begins(_metadata, self, c);
		ASSERT_EQ(0, agent_do(&self->waiter, AGENT_OPEN, 0));
		ASSERT_TRUE(agent_blocks(&self->waiter, AGENT_CONNECT, SCARD_MODE_SHARED));
		break;
	case NESTED_TRANSACTION:
		victim_begins(_metadata, self, c);
		victim_begins(_metadata, self, c);
		break;
	case OWN_TRANSACTION:
		victim_begins(_metadata, self, c);
		break;
	case PENDING_RESET:
		reset_pending(_metadata, self, c);
		break;
	case CARD_REMOVED:
		vr_do("remove 0");
		ASSERT_TRUE(wait_card_event(self->watch, status.card_event, 1));
		break;
	case CARD_SWAPPED:
		vr_do("swap 0");
		ASSERT_TRUE(wait_card_event(self->watch, status.card_event, 2));
		break;
	case UNPLUGGED:
		vr_do("unplug");
		ASSERT_TRUE(wait_gone(self->watch));
		break;
	case MUTE_AT_RESET:
		vr_do("fault from 1 on IccPowerOn error FE");
		break;
	case NUM_SITUATIONS:
		break;
	}
	vr_clear();
}

/* Begin a TRANSMIT that does not come back by itself, and kill the process in it. */
static void kill_in_transmit(struct __test_metadata *_metadata, FIXTURE_DATA(matrix) *self,
			     const struct cell *c)
{
	enum agent_op op = c->mode == SCARD_MODE_DIRECT ? AGENT_APDU_RAW : AGENT_APDU;

	if (c->ending == KILL_BEFORE && c->situation != OTHER_TRANSACTION)
		vr_do("fault on XfrBlock nak 0");
	agent_begin_apdu(&self->victim, op, APDU_SLEEP("07D0"));
	if (c->ending == KILL_AFTER) {
		vr_do("wait busy 0 5000");
		vr_clear();
	}
	ASSERT_TRUE(agent_is_blocked(&self->victim));
	agent_kill(&self->victim, SIGKILL);
	ASSERT_TRUE(agent_ended(&self->victim));
}

/* Is the handle there as before, and has nothing been told to the reader? */
static void still_connected(struct __test_metadata *_metadata, FIXTURE_DATA(matrix) *self,
			    const struct cell *c, unsigned int before)
{
	pause_ms(20);
	EXPECT_STREQ("", vr_trace());
	if (c->situation != UNPLUGGED)
		EXPECT_EQ(before, handles(self->watch));
}

/*
 * A program that was executed closes what it must not have: wait until it sleeps in a call of
 * its own. Its calls may have other numbers than ours: /bin/sleep of 64 bits, the test of 32.
 */
static bool executed(pid_t pid)
{
	long number;
	int i;

	for (i = 0; i < 5000; i++) {
		number = agent_runs(pid, "sleep") ? agent_sleeping_in(pid) : -1;
		if (number >= 0 && number != SYS_execve)
			return true;
		pause_ms(1);
	}
	return false;
}

/* The victim ends in its way; all but a Disconnect that has to wait is over then. */
static void end_victim(struct __test_metadata *_metadata, FIXTURE_DATA(matrix) *self,
		       const struct cell *c)
{
	unsigned int before = handles(self->watch);
	struct agent *v = &self->victim;

	switch (c->ending) {
	case LEAVE:
	case RESET:
	case UNPOWER:
	case EJECT:
		agent_begin(v, AGENT_DISCONNECT, c->ending - LEAVE + SCARD_DISP_LEAVE);
		if (self->e.waits)
			EXPECT_TRUE(agent_is_blocked(v));
		return;
	case EXIT:
		agent_begin(v, AGENT_EXIT, 0);
		break;
	case THREAD_EXIT:
		agent_begin(v, AGENT_THREAD_EXIT, 0);
		break;
	case ABORT:
		agent_begin(v, AGENT_ABORT, 0);
		break;
	case KILL_IDLE:
		agent_kill(v, SIGKILL);
		break;
	case KILL_BEFORE:
	case KILL_AFTER:
		kill_in_transmit(_metadata, self, c);
		return;
	case EXEC:
		agent_begin(v, AGENT_EXEC, 0);
		EXPECT_TRUE(executed(v->pid));
		return;
	case DUP_CLOSE:
		ASSERT_EQ(0, agent_do(v, AGENT_DUP, 0));
		ASSERT_EQ(0, agent_do(v, AGENT_CLOSE_ONE, 0));
		still_connected(_metadata, self, c, before);
		ASSERT_EQ(0, agent_do(v, AGENT_CLOSE, 0));
		return;
	case SCM_RIGHTS_PASSED:
		agent_begin(v, AGENT_SEND_FD, 0);
		self->passed = agent_take_fd(v);
		ASSERT_LE(0, self->passed);
		ASSERT_EQ(0, agent_result(v, 10000));
		agent_begin(v, AGENT_EXIT, 0);
		ASSERT_TRUE(agent_ended(v));
		still_connected(_metadata, self, c, before);
		close(self->passed);
		return;
	case FORK_HELD:
		self->child = agent_do(v, AGENT_FORK, 0);
		ASSERT_LT(0, self->child);
		agent_begin(v, AGENT_EXIT, 0);
		ASSERT_TRUE(agent_ended(v));
		still_connected(_metadata, self, c, before);
		kill(self->child, SIGKILL);
		ASSERT_EQ(self->child, waitpid(self->child, NULL, 0));
		self->child = 0;
		return;
	case FORK_EXEC:
		self->child = agent_do(v, AGENT_FORK_EXEC, 0);
		ASSERT_LT(0, self->child);
		ASSERT_TRUE(executed(self->child));
		agent_begin(v, AGENT_EXIT, 0);
		break;
	case RELEASE_CONTEXT:
		EXPECT_EQ(0, agent_do(v, AGENT_LIB_RELEASE, 0));
		return;
	case NUM_ENDINGS:
		break;
	}
	ASSERT_TRUE(agent_ended(v));
}

/* While another handle is in its transaction, it works on undisturbed. */
static void other_ends_transaction(struct __test_metadata *_metadata,
				   FIXTURE_DATA(matrix) *self)
{
	ASSERT_EQ(0, agent_do(&self->next, AGENT_OPEN, 0));
	EXPECT_TRUE(agent_blocks(&self->next, AGENT_CONNECT, SCARD_MODE_SHARED));
	EXPECT_EQ(0, sc_status(self->other));
	EXPECT_STREQ("", vr_trace());
	EXPECT_EQ(0, sc_end(self->other, SCARD_DISP_LEAVE));
}

/* The result of DISCONNECT, and of a second one. */
static void check_disconnect(struct __test_metadata *_metadata, FIXTURE_DATA(matrix) *self,
			     const struct cell *c)
{
	int again;

	EXPECT_EQ(-self->e.result, agent_result(&self->victim, 10000));
	again = agent_do(&self->victim, AGENT_DISCONNECT, SCARD_DISP_LEAVE);
	if (c->situation == UNPLUGGED) {
		EXPECT_TRUE(again == -ENOTCONN || again == -ENODEV);
	} else {
		EXPECT_EQ(-ENOTCONN, again);
	}
}

static void check_waiter(struct __test_metadata *_metadata, FIXTURE_DATA(matrix) *self,
			 const struct cell *c)
{
	EXPECT_EQ(-self->e.waiter, agent_result(&self->waiter, 10000));
	if (c->situation != WAITER_BEGIN || self->e.waiter)
		return;
	/* it alone has the lock */
	ASSERT_EQ(0, agent_do(&self->next, AGENT_OPEN, 0));
	EXPECT_TRUE(agent_blocks(&self->next, AGENT_CONNECT, SCARD_MODE_SHARED));
	EXPECT_EQ(0, agent_do(&self->waiter, AGENT_END, SCARD_DISP_LEAVE));
}

/* The next handle connects, in the expected order, and finds the expected card. */
static void check_next(struct __test_metadata *_metadata, FIXTURE_DATA(matrix) *self,
		       const struct cell *c, bool begun)
{
	int result, sw;

	if (c->situation == UNPLUGGED) {
		EXPECT_GT(0, agent_do(&self->next, AGENT_OPEN, 0));
		return;
	}
	if (!begun) {
		ASSERT_EQ(0, agent_do(&self->next, AGENT_OPEN, 0));
		agent_begin(&self->next, AGENT_CONNECT, SCARD_MODE_SHARED);
	}
	result = agent_result(&self->next, 10000);
	EXPECT_EQ(-self->e.connect, result);
	EXPECT_TRUE(alternative(trace_of(c), self->e.trace, self->e.power)) {
		TH_LOG("reader was told \"%s\", should be \"%s\" then \"%s\"", vr_trace(),
		       self->e.trace, self->e.power);
	}
	if (result)
		return;
	sw = agent_apdu(&self->next, APDU_VERIFIED);
	EXPECT_EQ(self->e.still_verified ? 0x9000 : 0x63c3, sw);
}

static void check_other(struct __test_metadata *_metadata, FIXTURE_DATA(matrix) *self)
{
	struct scard_status status;

	expect_gated(_metadata, self->other, -self->e.other);
	/* calls that are not gated succeed */
	EXPECT_EQ(0, sc_features(self->other));
	EXPECT_EQ(0, sc_snapshot(self->other, &status));
	EXPECT_EQ(-EISCONN, sc_connect(self->other, SCARD_MODE_SHARED, SC_ANY));
	/* and Reconnect acknowledges */
	EXPECT_EQ(0, sc_reconnect(self->other, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_LEAVE));
	expect_gated(_metadata, self->other, 0);
	EXPECT_EQ(0, sc_disconnect(self->other, SCARD_DISP_LEAVE));
}

/* A situation that cannot arise: the call that would produce it fails. */
static void check_impossible(struct __test_metadata *_metadata, FIXTURE_DATA(matrix) *self,
			     const struct cell *c)
{
	int fd;

	if (c->mode == SCARD_MODE_EXCLUSIVE && self->e.refusal == EBUSY) {
		connect_victim(_metadata, self, c);
		fd = sc_open(O_RDWR);
		ASSERT_LE(0, fd);
		EXPECT_EQ(-EBUSY, sc_connect(fd, SCARD_MODE_SHARED, SC_ANY));
		EXPECT_EQ(-EBUSY, sc_connect(fd, SCARD_MODE_EXCLUSIVE, SC_ANY));
		EXPECT_EQ(-EBUSY, sc_connect(fd, SCARD_MODE_DIRECT, 0));
		return;
	}
	set_up(_metadata, self, c);
	agent_begin_apdu(&self->victim, AGENT_APDU_RAW, APDU_STATE);
	if (self->e.refusal) {
		EXPECT_EQ(-self->e.refusal, agent_result(&self->victim, 10000));
	} else {
		EXPECT_TRUE(agent_is_blocked(&self->victim));
	}
	EXPECT_STREQ("", vr_trace());
}

TEST_F(matrix, reader_log_and_results_match_model)
{
	const struct cell *c = &variant->cell;

	if (self->e.impossible) {
		check_impossible(_metadata, self, c);
		return;
	}
	set_up(_metadata, self, c);
	end_victim(_metadata, self, c);
	if (c->situation == OTHER_TRANSACTION)
		other_ends_transaction(_metadata, self);
	if (ending_is_disconnect(c->ending))
		check_disconnect(_metadata, self, c);
	if (c->situation == WAITER_BEGIN || c->situation == WAITER_CONNECT)
		check_waiter(_metadata, self, c);
	check_next(_metadata, self, c, c->situation == OTHER_TRANSACTION ||
		   (c->situation == WAITER_BEGIN && !self->e.waiter));
	if (self->other >= 0)
		check_other(_metadata, self);
}

TEST_HARNESS_MAIN
