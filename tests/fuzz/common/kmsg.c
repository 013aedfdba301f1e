// SPDX-License-Identifier: GPL-2.0-or-later
/* See kmsg.h. What ends a run; tests/vm/run looks for more in the whole log at the end. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kmsg.h"

static int fd = -1;

static const char * const reports[] = {
	"BUG", "WARNING", "KASAN", "UBSAN", "ODEBUG", "INFO: task", "INFO: trying to register",
	"general protection fault", "------------[ cut here", "refcount_t:", "list_add corruption",
	"list_del corruption", "DEBUG_LOCKS_WARN_ON", "rcu: INFO", "watchdog: BUG", "Bad page",
};

bool kmsg_init(void)
{
	fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return fd >= 0 && lseek(fd, 0, SEEK_END) >= 0;
}

static bool is_report(const char *text)
{
	size_t i;

	for (i = 0; i < sizeof(reports) / sizeof(reports[0]); i++)
		if (!strncmp(text, reports[i], strlen(reports[i])))
			return true;
	return false;
}

bool kmsg_report(void)
{
	char line[2048], *text;
	bool found = false;
	ssize_t n;

	/* an error is a record that was overwritten before it was read */
	while ((n = read(fd, line, sizeof(line) - 1)) > 0) {
		line[n] = 0;
		text = strchr(line, ';');
		if (!text || !is_report(text + 1))
			continue;
		text[strcspn(text, "\n")] = 0;
		printf("# kernel: %s\n", text + 1);
		found = true;
	}
	return found;
}
