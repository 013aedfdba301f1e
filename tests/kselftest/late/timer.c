// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A caller whose command is not answered keeps its turn until its timer has woken it, though
 * another call waits: timers are late by up to an eighth of their time, which is no fault of the
 * caller.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "agent.h"
#include "sc.h"
#include "usb.h"
#include "vr.h"

/* How long the driver waits for an answer to an escape, s */
#define ESCAPE_S	30
/* The deadlines of the commands before: the timer of the slot serves all */
#define BEFORE_MS	20000
#define PATIENCE_MS	(ESCAPE_S * 1000 + 15000)
/* Timers of 4032 to 32255 ticks expire at multiples of these: the fourth level of the wheel */
#define TICKS		512

static unsigned long long ticks(void)
{
	unsigned long long n = 0;
	char line[256];
	FILE *f = fopen("/proc/timer_list", "re");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "jiffies: %llu", &n) == 1)
			break;
	if (f)
		fclose(f);
	return n;
}

static unsigned long long ticks_per_second(void)
{
	unsigned long long before = ticks();

	pause_ms(1000);
	/* HZ is one of 100, 250, 300, 1000 */
	return (ticks() - before + 5) / 10 * 10;
}

/* Until a timer of ESCAPE_S would be as late as it can */
static void wait_for_late_timer(void)
{
	unsigned long long hz = ticks_per_second();

	while ((ticks() + ESCAPE_S * hz) % TICKS > TICKS / 8)
		pause_ms(10);
}

FIXTURE(unanswered)
{
	struct agent agent;
	int fd;
};

FIXTURE_SETUP(unanswered)
{
	vr_prepare("--profile short", VR_CARD);
	agent_start(&self->agent);
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_OPEN, 0));
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_CONNECT, SCARD_MODE_SHARED));
	self->fd = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(unanswered)
{
	vr_do("fault clear");
	agent_stop(&self->agent);
	close(self->fd);
}

/* It ends with the time-out, and the card is not reset. */
TEST_F_TIMEOUT(unanswered, keeps_its_turn_until_its_timer_expires, 120)
{
	pid_t child;
	int i, ended;

	pause_ms(BEFORE_MS);
	vr_do("fault at 1 on Escape no-answer");
	vr_clear();
	wait_for_late_timer();
	child = fork();
	if (!child)
		_exit(-sc_escape(self->fd));
	ASSERT_LT(0, child);
	EXPECT_EQ(0, vr_try("wait count Escape 1 5000"));
	agent_begin_apdu(&self->agent, AGENT_APDU, APDU_STATE);
	EXPECT_EQ(0x9000, agent_result(&self->agent, PATIENCE_MS));
	for (i = 0; i < PATIENCE_MS && !waitpid(child, &ended, WNOHANG); i += 10)
		pause_ms(10);
	ASSERT_GT(PATIENCE_MS, i) {
		kill(child, SIGKILL);
	}
	EXPECT_EQ(ETIMEDOUT, WIFEXITED(ended) ? WEXITSTATUS(ended) : -1);
}

TEST_HARNESS_MAIN
