// SPDX-License-Identifier: GPL-2.0-or-later
/* See death.h. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "death.h"
#include "sc.h"
#include "usb.h"

static void *exit_thread(void *unused)
{
	_exit(unused != NULL);
}

static void *kill_thread(void *ms)
{
	pause_ms((long)ms);
	kill(getpid(), SIGKILL);
	return NULL;
}

static void by_exit(int fd, unsigned int draw)
{
	(void)fd;
	exit(draw % 3);
}

static void by_thread(int fd, unsigned int draw)
{
	pthread_t thread;

	(void)draw;
	if (!pthread_create(&thread, NULL, exit_thread, NULL))
		for (;;)
			sc_apdu(fd, APDU_STATE);
}

static void by_abort(int fd, unsigned int draw)
{
	(void)fd;
	(void)draw;
	abort();
}

static void by_kill(int fd, unsigned int draw)
{
	(void)fd;
	(void)draw;
	kill(getpid(), SIGKILL);
}

static void in_transmit(int fd, unsigned int draw)
{
	pthread_t thread;

	if (!pthread_create(&thread, NULL, kill_thread, (void *)(long)(draw % 100)))
		sc_apdu(fd, APDU_SLEEP("0200"));
	for (;;)
		pause();
}

static void by_exec(int fd, unsigned int draw)
{
	(void)fd;
	execl("/bin/sleep", "sleep", draw % 2 ? "1000" : "0", NULL);
}

/* The new process goes on with the handle until it is killed. */
static void by_daemon(int fd, unsigned int draw)
{
	if (!daemon(1, 1))
		for (;;) {
			sc_apdu(fd, APDU_STATE);
			pause_ms(draw % 100);
		}
}

static void with_child(int fd, unsigned int draw)
{
	if (!fork())
		for (;;) {
			sc_apdu(fd, APDU_STATE);
			pause_ms(draw % 100);
		}
	if (draw % 2)
		kill(getpid(), SIGKILL);
}

/* The crowd kills it, idle. */
static void late(int fd, unsigned int draw)
{
	(void)fd;
	(void)draw;
	for (;;)
		pause();
}

static const struct {
	const char *name;
	void (*die)(int fd, unsigned int draw);
} ways[] = {
	{ "exit", by_exit }, { "thread", by_thread }, { "abort", by_abort },
	{ "kill", by_kill }, { "kill-in-transmit", in_transmit }, { "exec", by_exec },
	{ "daemon", by_daemon }, { "fork", with_child }, { "kill-idle", late },
};

#define WAYS	(sizeof(ways) / sizeof(ways[0]))

const char *death_name(unsigned int way)
{
	return way < WAYS ? ways[way].name : NULL;
}

void death(struct rnd *rnd, int fd)
{
	unsigned int way = rnd_below(rnd, WAYS);

	soak->deaths[way]++;
	ways[way].die(fd, rnd_below(rnd, 1 << 16));
	_exit(0);
}
