/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Another process that uses the reader on command, and can end in every way: exit, abort,
 * exec, signals. A call that blocks is begun with agent_begin() and its result taken
 * later with agent_result().
 */
#ifndef KSELFTEST_AGENT_H
#define KSELFTEST_AGENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum agent_op {
	/* calls; the result is 0, a status word or a negative errno */
	AGENT_OPEN,		/* value: slot; 0: the first reader found, in any slot */
	AGENT_CONNECT,		/* value: share mode */
	AGENT_CONNECT_PROCESS,	/* the same with SCARD_CONNECT_PROCESS */
	AGENT_RECONNECT,	/* value: initialization, mode SHARED */
	AGENT_RECONNECT_EXCLUSIVE,	/* value: initialization */
	AGENT_DISCONNECT,	/* value: disposition */
	AGENT_BEGIN,
	AGENT_END,		/* value: disposition */
	AGENT_STATUS,
	AGENT_COUNT,		/* the card's counter advances; result: 0 */
	AGENT_HAMMER,		/* connect, count, disconnect, until the reader is gone */
	AGENT_APDU,		/* text */
	AGENT_APDU_RAW,		/* text; protocol RAW, which needs no negotiation */
	AGENT_DUP,		/* a second descriptor of the same open file */
	AGENT_CLOSE_ONE,	/* close one of the two */
	AGENT_CLOSE,
	AGENT_FORK,		/* a child that holds the descriptor; result: its pid */
	AGENT_FORK_EXEC,	/* a child that executes another program; result: its pid */
	AGENT_FORK_AGENT,	/* see agent_fork() */
	AGENT_DAEMON,		/* daemon(3); result: the new pid */
	AGENT_SEND_FD,		/* over the agent's socket; take it with agent_take_fd() */
	/* ends; there is no result, see agent_ended() */
	AGENT_EXIT,
	AGENT_THREAD_EXIT,	/* _exit() in a thread */
	AGENT_ABORT,
	AGENT_EXEC,		/* goes on as another program, which holds nothing */
	/* the same by libscard in place of the ioctls */
	AGENT_LIB_CONNECT,	/* context, reader and card; value: share mode */
	AGENT_LIB_BEGIN,
	AGENT_LIB_END,		/* value: disposition */
	AGENT_LIB_APDU,		/* text */
	AGENT_LIB_RELEASE,	/* SCardReleaseContext */
};

struct agent {
	pid_t pid;
	int sock;
};

#define AGENT_RUNNING	(-115)	/* EINPROGRESS: the call has not returned */

void agent_start(struct agent *agent);
/* A forked child of @parent, which has a copy of its descriptor. */
void agent_fork(struct agent *parent, struct agent *child);
/* A call and its result; fails the test's process if it does not return in 10 s. */
int agent_do(struct agent *agent, enum agent_op op, uint32_t value);
int agent_apdu(struct agent *agent, const char *hex);
void agent_begin(struct agent *agent, enum agent_op op, uint32_t value);
void agent_begin_apdu(struct agent *agent, enum agent_op op, const char *hex);
/* The result, or AGENT_RUNNING after @ms. */
int agent_result(struct agent *agent, int ms);
/* Begin a call and wait until the kernel has put the process to sleep in it. */
bool agent_blocks(struct agent *agent, enum agent_op op, uint32_t value);
bool agent_is_blocked(struct agent *agent);
/*
 * In which system call does any process sleep? -1: none. Needs root. UML has no
 * /proc/PID/syscall: there, any sleep counts as one in ioctl().
 */
long agent_sleeping_in(pid_t pid);
/* Is it the name of the program that any process runs? */
bool agent_runs(pid_t pid, const char *program);
int agent_take_fd(struct agent *agent);
void agent_kill(struct agent *agent, int sig);
/* Wait for its end and forget it; false if it has not ended after 10 s (it is killed then). */
bool agent_ended(struct agent *agent);
/* End it, whatever it does. */
void agent_stop(struct agent *agent);

#endif
