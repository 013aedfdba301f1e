// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two pipes order the accesses to the job: it is the thread's from a byte in the one to a byte
 * in the other. The end of the process ends a call of the thread as it does any other.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "worker.h"

static struct local *local;
static struct uscard_request request;
static uint8_t command[USCARD_MAX_DATA];
static struct worker_result result;
static int to_thread[2];
static int from_thread[2];

static void *work(void *unused)
{
	char byte;

	(void)unused;
	while (read(to_thread[0], &byte, 1) == 1) {
		result.was_reset = local_run(local, &request, command, &result.msg, result.answer);
		explicit_bzero(command, request.len);
		if (write(from_thread[1], &byte, 1) != 1)
			break;
	}
	return NULL;
}

int worker_start(struct local *with)
{
	pthread_t thread;
	int error;

	local = with;
	if (pipe2(to_thread, O_CLOEXEC) || pipe2(from_thread, O_CLOEXEC))
		return -errno;
	error = pthread_create(&thread, NULL, work, NULL);
	return error ? -error : from_thread[0];
}

void worker_run(const struct uscard_request *req, const uint8_t *data)
{
	request = *req;
	if (req->len)
		memcpy(command, data, req->len);
	/* an empty pipe has room, and the thread reads it while there is a process */
	while (write(to_thread[1], "", 1) != 1)
		;
}

struct worker_result *worker_result(void)
{
	return &result;
}
