// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Death and the reset on close: no leak of a verified card. Over and over a process verifies
 * the PIN (VERIFY) and ends at a random moment, in one of many ways; competitors
 * SCARD_IOC_CONNECT as fast as they can and ask the card whether the PIN is verified. It must
 * never be, and each end must reset the card exactly once.
 *
 * The victim keeps the others out in one of two ways, EXCLUSIVE or a transaction, so that
 * a competitor connects after its death; or it is a plain SHARED handle, and the
 * others begin when it is dead. It says how far it has come, and is killed a random moment
 * after it has come to a random stage, so that slow machines see the same deaths as fast ones.
 *
 * TEST_ROUNDS is the number of rounds for each number of competitors (125), TEST_SEED
 * replays a run as far as the scheduler allows.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "sc.h"
#include "vr.h"

#define MAX_COMPETITORS	8
#define LIFE_BITS	12	/* a victim lives less than 2^12 us after it has come to its stage */
#define STAGE_US	10000000	/* for a victim to come to a stage */
#define TRIES		200000	/* to get in, 50 us or more each */

enum way { EXCLUSIVE_HANDLE, TRANSACTION, PLAIN_SHARED, WAYS };
enum ending {
	BY_KILL, BY_ABORT, BY_EXIT, BY_EXEC, BY_CLOSE, BY_DAEMON, BY_FREEZE,
	ENDINGS
};

enum stage { NOT_CONNECTED, CONNECTING, CONNECTED, VERIFYING, VERIFIED, STAGES };

struct shared {
	atomic_uint round;		/* competitors begin when it changes */
	atomic_uint done;		/* competitors that have finished the round */
	atomic_bool over;
	atomic_int stage;		/* of the victim */
	atomic_int heir;		/* the process that has its handle, 0: none */
	atomic_bool left;		/* it has closed its handle, or goes to execute */
	atomic_ulong asked;		/* answers of the card: not verified */
	atomic_ulong verified;		/* answers of the card: verified */
	atomic_ulong unusable;		/* anything else */
	atomic_int error;		/* the last of those */
};

FIXTURE(killed_owner)
{
	struct shared *shared;
	pid_t competitors[MAX_COMPETITORS];
	int watch;
	int last;		/* a competitor in this process */
};

FIXTURE_VARIANT(killed_owner)
{
	unsigned int competitors;
};

FIXTURE_VARIANT_ADD(killed_owner, one) { .competitors = 1, };
FIXTURE_VARIANT_ADD(killed_owner, two) { .competitors = 2, };
FIXTURE_VARIANT_ADD(killed_owner, three) { .competitors = 3, };
FIXTURE_VARIANT_ADD(killed_owner, four) { .competitors = 4, };
FIXTURE_VARIANT_ADD(killed_owner, five) { .competitors = 5, };
FIXTURE_VARIANT_ADD(killed_owner, six) { .competitors = 6, };
FIXTURE_VARIANT_ADD(killed_owner, seven) { .competitors = 7, };
FIXTURE_VARIANT_ADD(killed_owner, eight) { .competitors = 8, };

static void pause_us(long us)
{
	struct timespec pause = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&pause, NULL);
}

/* Connect, ask, disconnect; repeat if another process has reset the card. */
static void compete_once(struct shared *shared, int fd)
{
	int result, i;

	for (i = 0; i < TRIES; i++) {
		result = sc_connect(fd, SCARD_MODE_SHARED, SC_ANY);
		if (!result) {
			result = sc_apdu(fd, APDU_VERIFIED);
			sc_disconnect(fd, SCARD_DISP_LEAVE);
		}
		if (result != -EBUSY && result != -ESTALE)
			break;
		pause_us(50);
	}
	if (result == 0x63c3) {
		shared->asked++;
	} else if (result == 0x9000) {
		shared->verified++;
	} else {
		shared->error = result;
		shared->unusable++;
	}
}

static void compete(struct shared *shared)
{
	unsigned int seen = 0;
	int fd = sc_open(O_RDWR);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!shared->over) {
		if (shared->round == seen) {
			pause_us(200);
			continue;
		}
		seen++;
		compete_once(shared, fd);
		shared->done++;
	}
	_exit(0);
}

/* ---- the victim ---- */

static struct {
	struct shared *shared;
	enum ending ending;
	int fd;
} victim;

/* Ends the victim in its way, unless a signal alone does it; interrupts a call. */
static void end(int sig)
{
	pid_t child;

	(void)sig;
	switch (victim.ending) {
	case BY_ABORT:
		abort();
	case BY_EXIT:
		_exit(0);
	case BY_EXEC:
		victim.shared->left = true;
		execl("/bin/sleep", "sleep", "1000", NULL);
		_exit(1);
	case BY_CLOSE:
		close(victim.fd);
		victim.shared->left = true;
		break;
	default:	/* BY_DAEMON: as daemon(3), in which the parent ends by _exit() */
		child = fork();
		if (child) {
			victim.shared->heir = child;
			_exit(0);
		}
		for (;;)
			sc_apdu(victim.fd, APDU_VERIFIED);
	}
	for (;;)
		pause();
}

static void be_victim(struct shared *shared, enum way way, enum ending ending)
{
	int fd = sc_open(O_RDWR), result;

	victim.shared = shared;
	victim.ending = ending;
	victim.fd = fd;
	signal(SIGUSR1, end);
	shared->stage = CONNECTING;
	do {
		result = sc_connect(fd, way == EXCLUSIVE_HANDLE ? SCARD_MODE_EXCLUSIVE :
				    SCARD_MODE_SHARED, SC_ANY);
	} while (result == -EBUSY);
	shared->stage = CONNECTED;
	if (way == TRANSACTION)
		while (sc_begin(fd) == -ESTALE)
			sc_reconnect(fd, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_LEAVE);
	shared->stage = VERIFYING;
	if (sc_apdu(fd, APDU_VERIFY) == 0x9000)
		shared->stage = VERIFIED;
	for (;;)
		sc_apdu(fd, APDU_VERIFIED);
}

/* Wait until the victim has come so far; false if it does not. */
static bool has_come_to(struct shared *shared, enum stage stage)
{
	long us;

	for (us = 0; us < STAGE_US && shared->stage < (int)stage; us += 50)
		pause_us(50);
	return shared->stage >= (int)stage;
}

static unsigned long parameter(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 0) : otherwise;
}

/* ---- its end ---- */

#define FREEZER		"/run/freezer"

static bool file_set(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool set = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return set;
}

/* Killed while it is frozen, a process dies when it thaws; the others go on before. */
static void freeze_and_kill(pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	if (!file_set(FREEZER "/leak/cgroup.procs", text) ||
	    !file_set(FREEZER "/leak/freezer.state", "FROZEN"))
		perror("freezer");
	kill(pid, SIGKILL);
	pause_us(lrand48() % 1000);
	file_set(FREEZER "/leak/freezer.state", "THAWED");
}

/* The victim ends; what is left of it afterwards is killed and has no handle. */
static bool end_victim(struct shared *shared, pid_t pid, enum ending ending)
{
	long us;
	pid_t heir;

	if (ending == BY_KILL)
		kill(pid, SIGKILL);
	else if (ending == BY_FREEZE)
		freeze_and_kill(pid);
	else
		kill(pid, SIGUSR1);
	if (ending == BY_EXEC || ending == BY_CLOSE) {
		for (us = 0; us < STAGE_US && !shared->left; us += 50)
			pause_us(50);
		if (!shared->left)
			return false;
		pause_us(lrand48() % 2000);
		kill(pid, SIGKILL);
	}
	if (waitpid(pid, NULL, 0) != pid)
		return false;
	heir = shared->heir;
	if (!heir)
		return true;
	pause_us(lrand48() % 2000);
	return !kill(heir, SIGKILL) && waitpid(heir, NULL, 0) == heir;
}

FIXTURE_SETUP(killed_owner)
{
	struct rlimit none = { 0, 0 };
	unsigned int i;

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	mkdir(FREEZER, 0700);
	mount("freezer", FREEZER, "cgroup", 0, "freezer");
	mkdir(FREEZER "/leak", 0700);
	ASSERT_EQ(0, access(FREEZER "/leak/freezer.state", W_OK));
	vr_prepare("--profile short", VR_CARD);
	self->shared = mmap(NULL, sizeof(*self->shared), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->shared);
	self->watch = sc_open(O_RDONLY);
	ASSERT_LE(0, self->watch);
	self->last = sc_open(O_RDWR);
	ASSERT_LE(0, self->last);
	for (i = 0; i < variant->competitors; i++) {
		self->competitors[i] = fork();
		ASSERT_LE(0, self->competitors[i]);
		if (!self->competitors[i])
			compete(self->shared);
	}
}

FIXTURE_TEARDOWN(killed_owner)
{
	unsigned int i;

	self->shared->over = true;
	for (i = 0; i < variant->competitors; i++)
		waitpid(self->competitors[i], NULL, 0);
}

/* All competitors have been in; false if one of them hangs. */
static bool round_over(struct shared *shared, unsigned int competitors)
{
	int i;

	for (i = 0; i < 200000 && shared->done < competitors; i++)
		pause_us(50);
	return shared->done == competitors;
}

TEST_F_TIMEOUT(killed_owner, competitors_never_see_verified_card, 7200)
{
	unsigned long rounds = parameter("TEST_ROUNDS", 125);
	unsigned long seed = parameter("TEST_SEED", (unsigned long)time(NULL) + variant->competitors);
	unsigned long deaths[STAGES] = { 0 }, ends[ENDINGS] = { 0 };
	unsigned long round, resets = 0;
	struct shared *shared = self->shared;
	struct scard_status before, after;

	TH_LOG("seed %lu", seed);
	srand48((long)seed);
	for (round = 0; round < rounds; round++) {
		enum way way = lrand48() % WAYS;
		enum ending ending = lrand48() % 2 ? BY_KILL : lrand48() % ENDINGS;
		enum stage stage = lrand48() % STAGES;
		/* each order of magnitude as often as the others */
		long life = lrand48() % (1L << lrand48() % (LIFE_BITS + 1));
		bool early = way != PLAIN_SHARED && lrand48() % 2;
		unsigned int epochs;
		pid_t pid;

		ASSERT_EQ(0, sc_snapshot(self->watch, &before));
		shared->stage = NOT_CONNECTED;
		shared->done = 0;
		shared->heir = 0;
		shared->left = false;
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid)
			be_victim(shared, way, ending);
		if (early)
			shared->round++;
		ASSERT_TRUE(has_come_to(shared, stage)) {
			TH_LOG("round %lu: way %d, the victim is at %d, not %d", round, way,
			       shared->stage, stage);
		}
		pause_us(life / 2);
		if (!early && way != PLAIN_SHARED)
			shared->round++;
		pause_us(life / 2);
		/* it has its handler of SIGUSR1 by then */
		if (ending != BY_KILL)
			ASSERT_TRUE(has_come_to(shared, CONNECTING));
		ends[ending]++;
		ASSERT_TRUE(end_victim(shared, pid, ending)) {
			TH_LOG("round %lu: way %d, ending %d does not end", round, way, ending);
		}
		if (way == PLAIN_SHARED)
			shared->round++;
		ASSERT_TRUE(round_over(shared, variant->competitors)) {
			TH_LOG("round %lu: somebody hangs", round);
		}
		/* the last one comes when all is over, so that the last reset is done */
		compete_once(shared, self->last);
		ASSERT_EQ(0, shared->verified) {
			TH_LOG("round %lu: the PIN was verified (way %d, ending %d)", round, way,
			       ending);
		}
		ASSERT_EQ(0, shared->unusable) {
			TH_LOG("round %lu: %d", round, shared->error);
		}
		ASSERT_EQ(0, sc_snapshot(self->watch, &after));
		epochs = after.epoch - before.epoch;
		resets += epochs;
		deaths[shared->stage]++;
		if (shared->stage >= CONNECTED) {
			ASSERT_EQ(1, epochs) {
				TH_LOG("round %lu: way %d, ending %d, stage %d", round, way,
				       ending, shared->stage);
			}
		} else {
			/* CONNECTING: it may have been in the moment before it could say so */
			ASSERT_GE(shared->stage == CONNECTING, epochs);
		}
	}
	TH_LOG("%lu rounds; deaths before and in Connect %lu %lu, with a handle %lu, in VERIFY %lu, verified %lu; %lu resets, %lu answers",
	       rounds, deaths[NOT_CONNECTED], deaths[CONNECTING], deaths[CONNECTED],
	       deaths[VERIFYING], deaths[VERIFIED], resets, shared->asked);
	TH_LOG("kill %lu, abort %lu, exit %lu, exec %lu, close %lu, daemon %lu, freeze and kill %lu",
	       ends[BY_KILL], ends[BY_ABORT], ends[BY_EXIT], ends[BY_EXEC], ends[BY_CLOSE],
	       ends[BY_DAEMON], ends[BY_FREEZE]);
	/* the reader says the same: a reset for each, and it was warm */
	EXPECT_EQ(resets, vr_count("warm"));
	EXPECT_EQ(0, vr_count("cold"));
	EXPECT_EQ(0, vr_count("IccPowerOff"));
	/* and all rounds took place */
	EXPECT_LT(rounds / 8, deaths[VERIFIED]);
	EXPECT_LT(rounds / 50, deaths[VERIFYING]);
	EXPECT_EQ(rounds * (variant->competitors + 1), shared->asked);
}

TEST_HARNESS_MAIN
