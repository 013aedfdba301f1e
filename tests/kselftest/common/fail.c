// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include "fail.h"
#include "usb.h"

#define DEBUGFS		"/sys/kernel/debug/"

static int fail_fd = -1;

int fail_begin(const char *filter)
{
	/* also allocations that may sleep, as those of ioctls do */
	int ret = file_set(DEBUGFS "failslab/ignore-gfp-wait", "N") ?:
		  file_set(DEBUGFS "failslab/cache-filter", filter) ?:
		  file_set(DEBUGFS "fail_page_alloc/ignore-gfp-wait", "N") ?:
		  file_set(DEBUGFS "fail_page_alloc/min-order", "0") ?:
		  file_set(DEBUGFS "failslab/verbose", "0") ?:
		  file_set(DEBUGFS "fail_page_alloc/verbose", "0") ?:
		  file_set(DEBUGFS "fail_usercopy/verbose", "0");

	if (ret)
		return ret;
	fail_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	return fail_fd < 0 ? -errno : 0;
}

void fail_end(void)
{
	close(fail_fd);
}

bool fail_nth(int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", nth);

	return pwrite(fail_fd, text, len, 0) == len;
}

bool fail_happened(void)
{
	char text[16] = "";
	ssize_t n = pread(fail_fd, text, sizeof(text) - 1, 0);

	while (!fail_nth(0))
		;
	return n > 0 && !atoi(text);
}
