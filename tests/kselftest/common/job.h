/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An ioctl in a thread of the test's process, which may have to wait; signals for it. */
#ifndef KSELFTEST_JOB_H
#define KSELFTEST_JOB_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "sc.h"

struct job {
	pthread_t thread;
	const struct sc_call *call;
	int fd;
	volatile pid_t tid;
	volatile int result;
	volatile bool over;
};

/* Begin the call; true once the kernel has put the thread to sleep in it. */
bool job_blocks(struct job *job, const struct sc_call *call, int fd);
/* The result, or AGENT_RUNNING if the call does not return. */
int job_result(struct job *job);

/* Count SIGUSR1 in job_signals; flags as of sigaction(2). */
void job_catch_signals(int flags);
extern volatile sig_atomic_t job_signals;

#endif
