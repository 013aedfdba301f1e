// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Another process, which makes calls on command of the parent.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance.h"

static int hears, says;

/* Run @run in a forked process; peer_go() lets it continue. */
void peer_begin(struct peer *p, void (*run)(void))
{
	int to[2], from[2];

	if (pipe(to) || pipe(from))
		give_up("pipe");
	p->pid = fork();
	if (p->pid < 0)
		give_up("fork");
	if (!p->pid) {
		close(to[1]);
		close(from[0]);
		hears = to[0];
		says = from[1];
		alarm(2 * HANGS_MS / 1000);
		run();
		_exit(0);
	}
	close(to[0]);
	close(from[1]);
	p->to = to[1];
	p->from = from[0];
}

void peer_go(struct peer *p)
{
	if (write(p->to, "", 1) != 1)
		give_up("the other process is gone");
}

/* Wait until the peer is ready or has exited. */
void peer_wait(struct peer *p)
{
	char c;

	if (read(p->from, &c, 1) < 0)
		give_up("read from the other process");
}

static void forget(struct peer *p)
{
	close(p->to);
	close(p->from);
	waitpid(p->pid, NULL, 0);
}

void peer_kill(struct peer *p)
{
	kill(p->pid, SIGKILL);
	forget(p);
}

void peer_end(struct peer *p)
{
	peer_go(p);
	forget(p);
}

void peer_is_ready(void)
{
	if (write(says, "", 1) != 1)
		_exit(1);
}

void peer_waits(void)
{
	char c;

	if (read(hears, &c, 1) != 1)
		_exit(1);
}
