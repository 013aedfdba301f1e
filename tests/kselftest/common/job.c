// SPDX-License-Identifier: GPL-2.0-or-later
/* See job.h. */
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent.h"
#include "job.h"
#include "usb.h"

volatile sig_atomic_t job_signals;

static void *job_main(void *arg)
{
	struct job *job = arg;

	job->tid = gettid();
	job->result = job->call->call(job->fd);
	job->over = true;
	return NULL;
}

bool job_blocks(struct job *job, const struct sc_call *call, int fd)
{
	int i, calm = 0;

	memset(job, 0, sizeof(*job));
	job->call = call;
	job->fd = fd;
	if (pthread_create(&job->thread, NULL, job_main, job))
		return false;
	for (i = 0; i < 2000 && calm < 3 && !job->over; i++) {
		calm = job->tid && agent_sleeping_in(job->tid) == SYS_ioctl ? calm + 1 : 0;
		pause_ms(1);
	}
	return calm == 3 && !job->over;
}

int job_result(struct job *job)
{
	int i;

	for (i = 0; i < 5000 && !job->over; i++)
		pause_ms(1);
	if (!job->over)
		return AGENT_RUNNING;
	pthread_join(job->thread, NULL);
	return job->result;
}

static void on_signal(int number)
{
	(void)number;
	job_signals++;
}

void job_catch_signals(int flags)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags };

	sigaction(SIGUSR1, &action, NULL);
}
