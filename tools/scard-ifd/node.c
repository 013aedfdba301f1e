// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The node of the device. Drivers leave it to pcscd to notice that a device is unplugged, and one
 * that waits for an answer on a serial port may never come back.
 */
#include "node.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

static char *node;
static int fd = -1;

/* Have the kernel tell of removals in the directory of the node itself, not of a link to it. */
static void watch(void)
{
	char real[PATH_MAX];

	if (!realpath(node, real))
		return;
	fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (fd >= 0)
		inotify_add_watch(fd, dirname(real), IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR);
}

/* The node is up to a colon, as in usb:VID/PID:libudev:0:/dev/bus/usb/001/002. */
void node_find(const char *device)
{
	const char *path = device ? strstr(device, "/dev/") : NULL;

	node = path ? strndup(path, strcspn(path, ":")) : NULL;
	if (node && !access(node, F_OK)) {
		watch();
		return;
	}
	free(node);
	node = NULL;
}

int node_fd(void)
{
	return fd;
}

bool node_changed(void)
{
	char events[sizeof(struct inotify_event) + NAME_MAX + 1];

	while (read(fd, events, sizeof(events)) > 0)
		;
	return node_gone();
}

bool node_gone(void)
{
	return node && access(node, F_OK) && errno == ENOENT;
}
