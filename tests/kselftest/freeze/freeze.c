// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The freezer: a task that waits in SCARD_IOC_TRANSMIT can be frozen, in the queue for a busy
 * slot (bMaxCCIDBusySlots) and between two polls of an ICCD token, and gets the right errno if
 * the port was reset or the reader unplugged meanwhile. Uses the freezer of cgroups, which
 * freezes these processes only.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <poll.h>

#include "kselftest_harness.h"

#include "agent.h"
#include "sc.h"
#include "usb.h"
#include "vr.h"

/* How long a call may take to notice, with a debug kernel on a slow machine */
#define AT_ONCE_MS	5000
/* How long the slow card takes, and how long its answer may take to get here */
#define SLOW		APDU_SLEEP("2710")
#define SLOW_MS		30000
/* Within that a process is frozen, or it is not before the card answers */
#define FREEZE_MS	4000

#define ROOT		"/run/freezer"
#define GROUP		ROOT "/scard"

/* A process that connects to a slot and waits for the word to send one APDU. */
struct user {
	pid_t pid;
	int word;
	int result;
};

static void user_run(int word, int result, unsigned int slot, const char *apdu)
{
	int fd = sc_open_slot(slot), ret = fd;
	char go;

	if (fd >= 0)
		ret = sc_connect(fd, SCARD_MODE_SHARED, SC_ANY);
	if (write(result, &ret, sizeof(ret)) != sizeof(ret) || read(word, &go, 1) != 1)
		_exit(1);
	ret = sc_apdu(fd, apdu);
	if (write(result, &ret, sizeof(ret)) != sizeof(ret) || read(word, &go, 1) != 1)
		_exit(1);
	ret = sc_status(fd);
	if (write(result, &ret, sizeof(ret)) != sizeof(ret))
		_exit(1);
	/* stays connected, until it is killed */
	for (;;)
		pause();
}

static int user_result(const struct user *user, int ms)
{
	struct pollfd pfd = { .fd = user->result, .events = POLLIN };
	int ret;

	if (poll(&pfd, 1, ms) != 1 || read(user->result, &ret, sizeof(ret)) != sizeof(ret))
		return AGENT_RUNNING;
	return ret;
}

static bool user_go(const struct user *user)
{
	return write(user->word, "", 1) == 1;
}

static bool user_begin(struct user *user, unsigned int slot, const char *apdu)
{
	int word[2], result[2];

	if (pipe(word) || pipe(result))
		return false;
	user->pid = fork();
	if (!user->pid) {
		close(word[1]);
		user_run(word[0], result[1], slot, apdu);
	}
	close(word[0]);
	close(result[1]);
	user->word = word[1];
	user->result = result[0];
	return user->pid > 0;
}

static bool user_start(struct user *user, unsigned int slot, const char *apdu)
{
	return user_begin(user, slot, apdu) && !user_result(user, AT_ONCE_MS);
}

static bool user_blocks(const struct user *user)
{
	int i;

	if (!user_go(user))
		return false;
	for (i = 0; i < AT_ONCE_MS; i += 10) {
		pause_ms(10);
		if (agent_sleeping_in(user->pid) == SYS_ioctl)
			return true;
	}
	return false;
}

static bool user_ended(struct user *user, int ms)
{
	int i;

	for (i = 0; i < ms; i += 10) {
		if (waitpid(user->pid, NULL, WNOHANG) == user->pid) {
			user->pid = 0;
			return true;
		}
		pause_ms(10);
	}
	return false;
}

static void user_stop(struct user *user)
{
	if (user->pid > 0) {
		kill(user->pid, SIGKILL);
		waitpid(user->pid, NULL, 0);
	}
	user->pid = 0;
	close(user->word);
	close(user->result);
}

/* Number of XfrBlocks for the slot's card */
static unsigned long commands(unsigned int slot)
{
	return strtoul(vr_do("count %u XfrBlock", slot), NULL, 10);
}

/* ---- the freezer ---- */

static bool freezer_add(const struct user *user)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", user->pid);
	return !file_set(GROUP "/cgroup.procs", pid);
}

/* All that are in the group, within the time that they have */
static bool freezer_freezes(void)
{
	char state[16] = "";
	int i, fd;

	for (i = 0; !file_set(GROUP "/freezer.state", "FROZEN") && i < FREEZE_MS; i += 10) {
		fd = open(GROUP "/freezer.state", O_RDONLY | O_CLOEXEC);
		if (fd < 0 || read(fd, state, sizeof(state) - 1) < 0)
			return false;
		close(fd);
		if (!strncmp(state, "FROZEN", 6))
			return true;
		pause_ms(10);
	}
	return false;
}

static bool freezer_thaws(void)
{
	return !file_set(GROUP "/freezer.state", "THAWED");
}

static bool freezer_mounted(void)
{
	struct stat st;

	if (!stat(GROUP, &st))
		return true;
	mkdir(ROOT, 0700);
	return !mount("freezer", ROOT, "cgroup", 0, "freezer") && !mkdir(GROUP, 0700);
}

/* ---- other users and the hub do not wait for a frozen thread ---- */

/* How long the turn of a frozen owner may last after its answer, and all that follows */
#define TAKEN_MS	10000
#define SHORT		APDU_SLEEP("03e8")

FIXTURE(frozen_owner)
{
	struct user first;
	struct user second;
};

FIXTURE_VARIANT(frozen_owner)
{
	const char *profile;
	const char *card;
};

FIXTURE_VARIANT_ADD(frozen_owner, apdu)
{
	.profile = "",
	.card = "iso",
};

FIXTURE_VARIANT_ADD(frozen_owner, tpdu)
{
	.profile = "--profile tpdu",
	.card = "iso,t=1",
};

FIXTURE_VARIANT_ADD(frozen_owner, iccd)
{
	.profile = "--profile iccd-b",
	.card = "iso,t=1",
};

FIXTURE_SETUP(frozen_owner)
{
	int i;

	ASSERT_TRUE(freezer_mounted());
	vr_prepare(variant->profile, variant->card);
	ASSERT_TRUE(user_start(&self->first, 0, SHORT));
	ASSERT_TRUE(user_start(&self->second, 0, APDU_STATE));
	vr_clear();
	ASSERT_TRUE(freezer_add(&self->first));
	ASSERT_TRUE(user_blocks(&self->first));
	for (i = 0; i < AT_ONCE_MS && !commands(0); i += 10)
		pause_ms(10);
	ASSERT_TRUE(freezer_freezes());
}

FIXTURE_TEARDOWN(frozen_owner)
{
	EXPECT_TRUE(freezer_thaws());
	user_stop(&self->first);
	user_stop(&self->second);
	vr_prepare(variant->profile, variant->card);
	EXPECT_TRUE(sc_works());
}

/* The card is reset in between: the second handle is told, and works after SCardReconnect. */
TEST_F_TIMEOUT(frozen_owner, loses_its_turn_to_a_waiting_call, 90)
{
	ASSERT_TRUE(user_go(&self->second));
	EXPECT_EQ(-ESTALE, user_result(&self->second, TAKEN_MS));
	EXPECT_TRUE(sc_works());
	ASSERT_TRUE(freezer_thaws());
	EXPECT_EQ(-EIO, user_result(&self->first, AT_ONCE_MS));
	ASSERT_TRUE(user_go(&self->first));
	EXPECT_EQ(-ESTALE, user_result(&self->first, AT_ONCE_MS));
}

/* Without a call that waits the answer is the caller's, however long it was frozen. */
TEST_F_TIMEOUT(frozen_owner, keeps_its_turn_if_no_call_waits, 90)
{
	pause_ms(4000);
	ASSERT_TRUE(freezer_thaws());
	EXPECT_EQ(0x9000, user_result(&self->first, AT_ONCE_MS));
	ASSERT_TRUE(user_go(&self->first));
	EXPECT_EQ(0, user_result(&self->first, AT_ONCE_MS));
}

/* The hub serves the next device only when disconnect() has returned. */
TEST_F_TIMEOUT(frozen_owner, does_not_hold_up_an_unplug, 90)
{
	vr_do("unplug");
	vr_prepare(variant->profile, variant->card);
	EXPECT_TRUE(sc_works());
	ASSERT_TRUE(freezer_thaws());
	EXPECT_EQ(-ENODEV, user_result(&self->first, AT_ONCE_MS));
	EXPECT_TRUE(sc_works());
}

TEST_F_TIMEOUT(frozen_owner, does_not_hold_up_an_unbind, 90)
{
	pid_t pid = fork();
	int status = -1, i;

	if (!pid)
		_exit(usb_bind(false) ? 1 : 0);
	for (i = 0; i < TAKEN_MS && waitpid(pid, &status, WNOHANG) != pid; i += 10)
		pause_ms(10);
	EXPECT_EQ(0, status);
	ASSERT_TRUE(freezer_thaws());
	EXPECT_EQ(-ENODEV, user_result(&self->first, AT_ONCE_MS));
	EXPECT_EQ(0, usb_bind(true));
}

/* ---- the queue for a place on the wire ---- */

/* One command at a time: the first slot's is on the wire, the second's waits. */
FIXTURE(busy_slot_queue)
{
	struct user first;
	struct user second;
};

FIXTURE_SETUP(busy_slot_queue)
{
	int i;

	ASSERT_TRUE(freezer_mounted());
	vr_prepare("--profile multi4-serial --card 1:iso", "iso");
	ASSERT_TRUE(user_start(&self->first, 0, SLOW));
	ASSERT_TRUE(user_start(&self->second, 1, APDU_STATE));
	vr_clear();
	ASSERT_TRUE(user_blocks(&self->first));
	for (i = 0; i < AT_ONCE_MS && !commands(0); i += 10)
		pause_ms(10);
	ASSERT_TRUE(user_blocks(&self->second));
	EXPECT_EQ(0, commands(1));
}

FIXTURE_TEARDOWN(busy_slot_queue)
{
	EXPECT_TRUE(freezer_thaws());
	user_stop(&self->first);
	user_stop(&self->second);
	vr_prepare("--profile multi4-serial --card 1:iso", "iso");
	EXPECT_TRUE(sc_works());
}

TEST_F_TIMEOUT(busy_slot_queue, owner_and_waiter_freeze, 90)
{
	ASSERT_TRUE(freezer_add(&self->first));
	ASSERT_TRUE(freezer_add(&self->second));
	ASSERT_TRUE(freezer_freezes());
	ASSERT_TRUE(freezer_thaws());
	EXPECT_EQ(0x9000, user_result(&self->first, SLOW_MS));
	EXPECT_EQ(0x9000, user_result(&self->second, AT_ONCE_MS));
	EXPECT_EQ(1, commands(1));
}

/* The card of the second was reset before its command was sent: it is not for that card. */
TEST_F_TIMEOUT(busy_slot_queue, waiter_frozen_over_port_reset_gets_EIO, 90)
{
	ASSERT_TRUE(freezer_add(&self->first));
	ASSERT_TRUE(freezer_add(&self->second));
	ASSERT_TRUE(freezer_freezes());
	ASSERT_EQ(0, usb_port_reset());
	ASSERT_TRUE(freezer_thaws());
	EXPECT_EQ(-EIO, user_result(&self->first, AT_ONCE_MS));
	EXPECT_EQ(-EIO, user_result(&self->second, AT_ONCE_MS));
	EXPECT_EQ(0, commands(1));
	ASSERT_TRUE(user_go(&self->first) && user_go(&self->second));
	EXPECT_EQ(-ESTALE, user_result(&self->first, AT_ONCE_MS));
	EXPECT_EQ(-ESTALE, user_result(&self->second, AT_ONCE_MS));
}

/* The waiter gets ENODEV though the frozen owner keeps its busy slot. */
TEST_F(busy_slot_queue, waiter_gets_ENODEV_though_owner_is_frozen)
{
	ASSERT_TRUE(freezer_add(&self->first));
	ASSERT_TRUE(freezer_freezes());
	vr_do("unplug");
	EXPECT_EQ(-ENODEV, user_result(&self->second, AT_ONCE_MS));
	ASSERT_TRUE(freezer_thaws());
	EXPECT_EQ(-ENODEV, user_result(&self->first, AT_ONCE_MS));
}

/* The busy slot of the owner passes on when its answer is there, and no call waits for itself. */
TEST_F_TIMEOUT(busy_slot_queue, waiter_goes_on_though_owner_is_frozen, 90)
{
	ASSERT_TRUE(freezer_add(&self->first));
	ASSERT_TRUE(freezer_freezes());
	EXPECT_EQ(0x9000, user_result(&self->second, SLOW_MS));
	ASSERT_TRUE(freezer_thaws());
	EXPECT_EQ(-EIO, user_result(&self->first, AT_ONCE_MS));
}

/* So does the busy slot of one that was frozen before it got it. */
TEST_F_TIMEOUT(busy_slot_queue, last_goes_on_though_waiter_is_frozen, 90)
{
	struct scard_status status;
	struct user last;
	int fd, i;

	vr_try("insert 2 iso");
	/* the reader has reported it, and the worker waits to ask */
	fd = sc_open_slot(2);
	ASSERT_LE(0, fd);
	for (i = 0; i < AT_ONCE_MS && sc_settled(fd, &status, 10); i += 10)
		pause_ms(10);
	close(fd);
	ASSERT_TRUE(freezer_add(&self->second));
	ASSERT_TRUE(freezer_freezes());
	/* its commands to connect wait, too */
	ASSERT_TRUE(user_begin(&last, 2, APDU_STATE));
	EXPECT_EQ(0x9000, user_result(&self->first, SLOW_MS));
	EXPECT_EQ(0, user_result(&last, TAKEN_MS));
	ASSERT_TRUE(user_go(&last));
	EXPECT_EQ(0x9000, user_result(&last, AT_ONCE_MS));
	ASSERT_TRUE(freezer_thaws());
	EXPECT_EQ(-EIO, user_result(&self->second, AT_ONCE_MS));
	user_stop(&last);
	vr_try("remove 2");
}

/* The dead do not get the place, nor do they lose it. */
TEST_F_TIMEOUT(busy_slot_queue, killed_waiter_leaves_the_queue, 90)
{
	kill(self->second.pid, SIGKILL);
	EXPECT_TRUE(user_ended(&self->second, AT_ONCE_MS));
	EXPECT_EQ(0x9000, user_result(&self->first, SLOW_MS));
	EXPECT_TRUE(sc_works());
}

/* ---- a token is asked again and again ---- */

FIXTURE(iccd_poll)
{
	struct user user;
};

FIXTURE_SETUP(iccd_poll)
{
	ASSERT_TRUE(freezer_mounted());
	vr_prepare("--profile iccd-b", "iso,t=1");
	ASSERT_TRUE(user_start(&self->user, 0, SLOW));
	ASSERT_TRUE(user_blocks(&self->user));
	ASSERT_TRUE(freezer_add(&self->user));
}

FIXTURE_TEARDOWN(iccd_poll)
{
	EXPECT_TRUE(freezer_thaws());
	user_stop(&self->user);
}

TEST_F_TIMEOUT(iccd_poll, caller_freezes_between_polls, 90)
{
	ASSERT_TRUE(freezer_freezes());
	ASSERT_TRUE(freezer_thaws());
	EXPECT_EQ(0x9000, user_result(&self->user, SLOW_MS));
	ASSERT_TRUE(user_go(&self->user));
	EXPECT_EQ(0, user_result(&self->user, AT_ONCE_MS));
}

/* The reset has dropped the command: the caller does not poll for the answer. */
TEST_F(iccd_poll, caller_frozen_over_port_reset_gets_EIO)
{
	ASSERT_TRUE(freezer_freezes());
	ASSERT_EQ(0, usb_port_reset());
	ASSERT_TRUE(freezer_thaws());
	EXPECT_EQ(-EIO, user_result(&self->user, AT_ONCE_MS));
	ASSERT_TRUE(user_go(&self->user));
	EXPECT_EQ(-ESTALE, user_result(&self->user, AT_ONCE_MS));
	EXPECT_TRUE(sc_works());
}

TEST_HARNESS_MAIN
