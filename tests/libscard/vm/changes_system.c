// SPDX-License-Identifier: GPL-2.0-or-later
/* Queries of changes_test.c to the system: sockets, /proc, receive buffers. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "changes.h"

double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The most that a socket gets, in bytes; false if that cannot be set. */
bool receive_buffers(const char *size)
{
	int fd = open("/proc/sys/net/core/rmem_max", O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, size, strlen(size)) > 0;

	if (fd >= 0)
		close(fd);
	return written;
}

/* Messages that netlink dropped for want of room, over all sockets there are */
unsigned long netlink_drops(void)
{
	FILE *file = fopen("/proc/net/netlink", "r");
	unsigned long sum = 0, n;
	char line[200];

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*s %*d %*u %*s %*u %*u %*u %*u %lu", &n) == 1)
			sum += n;
	}
	if (file)
		fclose(file);
	return sum;
}

/* Does a thread of this process sleep in poll()? */
bool thread_polls(pid_t thread)
{
	char path[64];
	long number = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", thread);
	file = fopen(path, "r");
	if (!file)
		return false;
	if (fscanf(file, "%ld", &number) != 1)
		number = -1;
	fclose(file);
#ifdef SYS_poll
	if (number == SYS_poll)
		return true;
#endif
#ifdef SYS_ppoll_time64
	if (number == SYS_ppoll_time64)
		return true;
#endif
	return number == SYS_ppoll;
}
