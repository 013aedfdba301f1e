// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The readers of changes_test.c, by vreader(1) and /dev/scardN.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "changes.h"
#include "changes_readers.h"

#define NODES		32	/* highest device node to search */

struct device devices[DEVICES] = {
	{ "/run/alpha.sock", "--profile multi4 --slots 2 --busy 2 --card 0:iso,t=1 --card 1:iso,t=1",
	  "Alpha", 0, 2, true, -1, true },
	{ "/run/beta.sock", "--profile short --card iso,t=1", "Beta", 2, 1, true, -1, true },
};

struct slot slots[SLOTS];

const char *tell(struct device *d, const char *format, ...)
{
	static char reply[200];
	char command[100];
	size_t len = 0;
	va_list ap;

	va_start(ap, format);
	vsnprintf(command, sizeof(command) - 1, format, ap);
	va_end(ap);
	strcat(command, "\n");
	if (send(d->control, command, strlen(command), 0) < 0)
		die("vreader: %s", strerror(errno));
	while (!len || reply[len - 1] != '\n') {
		ssize_t n = recv(d->control, reply + len, sizeof(reply) - 1 - len, 0);

		if (n <= 0)
			die("vreader has ended");
		len += (size_t)n;
	}
	reply[len] = 0;
	if (strncmp(reply, "OK", 2))
		die("vreader: %s: %s", command, reply);
	return reply;
}

void start_vreader(struct device *d)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char command[400];

	/* without remote wake-up they do not suspend; vhci_hcd cannot wake two at a time */
	snprintf(command, sizeof(command), "vreader --background --control %s --remote-wakeup 0 "
		 "--vid 1209 --pid 0001 --product %s %s >/dev/null", d->socket, d->product,
		 d->options);
	strcpy(address.sun_path, d->socket);
	d->control = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (system(command) || d->control < 0 ||
	    connect(d->control, (struct sockaddr *)&address, sizeof(address)))
		die("cannot start: %s", command);
}

size_t index_of(const struct slot *s)
{
	return (size_t)(s - slots) - s->device->first;
}

bool ask(const struct slot *s, struct scard_status *status)
{
	memset(status, 0, sizeof(*status));
	return !ioctl(s->fd, SCARD_IOC_GET_STATUS, status);
}

/*
 * The kernel cannot count events that the reader had no time to report, and may count an event
 * twice that an answer and then the interrupt pipe report; but it counts no insertion without a
 * removal.
 */
void take_count(struct slot *s, DWORD count)
{
	DWORD least = s->blurred ? s->counted : s->happened;

	if (count < least || count > s->happened << s->blurred || (count ^ s->happened) & 1)
		die("%s: %lu cards came or went, the kernel says %lu after %lu", s->name,
		    s->happened, count, s->counted);
	s->counted = count;
}

/* Wait until the kernel knows the new state of the slot. */
static void settle(struct slot *s, struct scard_status *status)
{
	double until = seconds() + PATIENCE_MS / 1e3;

	while (seconds() < until) {
		struct pollfd pfd = { .fd = s->fd, .events = POLLPRI };

		if (!ask(s, status))
			die("%s is gone", s->name);
		if (!(status->state & SCARD_STATE_BIT_SETTLING) &&
		    !(status->state & SCARD_STATE_BIT_PRESENT) == !s->present)
			return;
		poll(&pfd, 1, 1000);
	}
	die("%s: the kernel does not see the card %s: state 0x%x", s->name,
	    s->present ? "come" : "go", status->state);
}

void flip(struct slot *s)
{
	struct scard_status status;

	tell(s->device, "%s %zu", s->present ? "remove" : "insert", index_of(s));
	s->present = !s->present;
	s->happened++;
	settle(s, &status);
	/* an earlier state may look the same */
	if (!s->blurred)
		take_count(s, status.card_event);
}

/* The device node of a slot */
static bool find(struct slot *s)
{
	struct scard_info info;
	char path[32];
	int i;

	for (i = 0; i < NODES; i++) {
		snprintf(path, sizeof(path), "/dev/scard%d", i);
		s->fd = open(path, O_RDONLY | O_CLOEXEC);
		if (s->fd < 0)
			continue;
		memset(&info, 0, sizeof(info));
		if (!ioctl(s->fd, SCARD_IOC_GET_INFO, &info) && info.slot == index_of(s) &&
		    !strcmp(info.product, s->device->product)) {
			snprintf(s->name, sizeof(s->name), "%s", info.name);
			return true;
		}
		close(s->fd);
	}
	return false;
}

void find_slots(struct device *d)
{
	double until = seconds() + PATIENCE_MS / 1e3;
	size_t i;

	for (i = d->first; i < d->first + d->slots; i++) {
		struct slot *s = &slots[i];
		struct scard_status status;

		s->device = d;
		while (!find(s)) {
			if (seconds() > until)
				die("%s does not come", d->product);
			usleep(1000);
		}
		settle(s, &status);
		s->happened = s->counted = status.card_event;
		s->blurred = false;
	}
}
