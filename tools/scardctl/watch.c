// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * watch: one line for each event.
 *
 * Netlink, or inotify on /dev if there is no netlink, reports added and removed readers.
 * poll() on its device reports a reader's events; for a device that this user may not open,
 * netlink reports its cards. watch compares the state with the last one that it printed, so
 * events can be merged, but none is lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "scardctl.h"
#include "use.h"

struct seen {
	struct reader reader;
	struct scard_status status;	/* as last reported */
	int fd;				/* -1: no permission */
	bool found;			/* in the last list of readers */
};

static struct {
	struct seen *list;
	size_t count;
	const char *only;		/* part of the name, or NULL */
	unsigned long left;		/* events to go, 0: for ever */
	bool done;
} watch;

/* @by: the handle of the program that caused it, or NULL */
static void report_by(const struct seen *s, const char *event, bool atr,
		      const struct scard_handle_entry *by)
{
	struct timespec now;
	struct tm tm;
	char text[16], process[128];

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	strftime(text, sizeof(text), "%H:%M:%S", &tm);
	if (json) {
		json_open(NULL, '{');
		json_number("time_ms", (unsigned long long)now.tv_sec * 1000 +
			    (unsigned long long)now.tv_nsec / 1000000);
		json_number("number", s->reader.minor);
		json_string("reader", s->reader.name);
		json_string("event", event);
		if (atr)
			json_hex("atr", s->status.atr, s->status.atr_len);
		if (by)
			use_json(by->pid);
		json_close('}');
		json_end();
	} else {
		printf("%s.%03ld  %u  %s", text, now.tv_nsec / 1000000, s->reader.minor, event);
		if (atr) {
			printf("  ");
			hex_print(s->status.atr, s->status.atr_len);
		}
		if (by)
			printf(" by %s", use_process(by->pid, process, sizeof(process)));
		printf("  (%s)\n", s->reader.name);
		fflush(stdout);
	}
	if (watch.left && !--watch.left)
		watch.done = true;
}

static void report(const struct seen *s, const char *event, bool atr)
{
	report_by(s, event, atr, NULL);
}

/* Report the begin of a use, with its program, if this user may know it. */
static void report_use(const struct seen *s, const char *event)
{
	struct use use = { 0 };
	bool known;

	known = s->fd >= 0 && !use_read(s->fd, &use) && use.count && !use_is_call(use.list);
	report_by(s, event, false, known ? use.list : NULL);
	use_free(&use);
}

static bool rose(uint32_t was, uint32_t is, uint32_t bit)
{
	return is & ~was & bit;
}

/* Report the differences to the last state, in the order in which they happened. */
static void compare(struct seen *s, const struct scard_status *now)
{
	struct scard_status was = s->status;
	uint32_t present = SCARD_STATE_BIT_PRESENT;
	bool swapped;

	s->status = *now;
	if (now->state & SCARD_STATE_BIT_SETTLING) {
		/* not known yet: keep the old state to compare with the settled one */
		s->status.state = was.state | (now->state & SCARD_STATE_BIT_SETTLING);
		s->status.card_event = was.card_event;
		s->status.epoch = was.epoch;
		return;
	}
	swapped = (was.state & now->state & present) && now->card_event != was.card_event;
	if (swapped || rose(now->state, was.state, present))
		report(s, "card removed", false);
	if (swapped || rose(was.state, now->state, present))
		report(s, now->state & SCARD_STATE_BIT_MUTE ? "mute card inserted" :
		       "card inserted", now->atr_len);
	else if (rose(was.state, now->state, SCARD_STATE_BIT_MUTE))
		report(s, "card does not answer", false);
	else if (now->epoch != was.epoch && (now->state & present))
		report(s, now->state & SCARD_STATE_BIT_POWERED ? "card reset" :
		       "card powered off", false);
	if (rose(was.state, now->state, SCARD_STATE_BIT_EXCLUSIVE))
		report_use(s, "held exclusively");
	else if (rose(was.state, now->state, SCARD_STATE_BIT_INUSE))
		report_use(s, "in use");
	else if (rose(now->state, was.state, SCARD_STATE_BIT_INUSE))
		report(s, "free", false);
}

/* Read the state of the slot, through the device if it is open, and report changes. */
static void update(struct seen *s)
{
	struct scard_status now = { 0 };

	if (s->fd >= 0 && reader_status(s->fd, &now)) {
		close(s->fd);
		s->fd = -1;
		return;		/* unplugged: the list of readers will lack it */
	}
	if (s->fd < 0) {
		now.state = s->reader.state;
		now.card_event = s->reader.card_event;
	}
	compare(s, &now);
}

static void appear(const struct reader *reader, bool first)
{
	struct seen *list = realloc(watch.list, (watch.count + 1) * sizeof(*list));
	struct seen *s;

	if (!list)
		return;
	watch.list = list;
	s = &list[watch.count++];
	memset(s, 0, sizeof(*s));
	s->reader = *reader;
	s->found = true;
	/* only a descriptor that may write learns the programs */
	s->fd = open(reader->path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (s->fd < 0)
		s->fd = open(reader->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	report(s, first ? "reader" : "reader added", false);
	update(s);
}

static void vanish(size_t i)
{
	struct seen s = watch.list[i];

	watch.count--;
	memmove(&watch.list[i], &watch.list[i + 1], (watch.count - i) * sizeof(s));
	if (s.fd >= 0)
		close(s.fd);
	report(&s, "reader removed", false);
}

static bool wanted(const struct reader *r)
{
	return !watch.only || !strcmp(r->path, watch.only) ||
	       strcasestr(r->name, watch.only) ||
	       (strspn(watch.only, "0123456789") == strlen(watch.only) &&
		r->minor == strtoul(watch.only, NULL, 10));
}

static struct seen *find(const struct reader *r)
{
	size_t i;

	for (i = 0; i < watch.count; i++)
		if (watch.list[i].reader.minor == r->minor &&
		    !strcmp(watch.list[i].reader.name, r->name))
			return &watch.list[i];
	return NULL;
}

/* Update the list of readers, and the state of each. */
static void update_all(bool first)
{
	struct readers readers = { 0 };
	size_t i;

	for (i = 0; i < watch.count; i++)
		watch.list[i].found = false;
	reader_list(&readers);
	for (i = 0; i < readers.count; i++) {
		struct seen *s = find(&readers.list[i]);

		/* the descriptor of a reader that was replugged is dead */
		if (s && s->fd >= 0) {
			struct pollfd pfd = { .fd = s->fd };

			if (poll(&pfd, 1, 0) == 1 && pfd.revents & POLLHUP)
				continue;
		}
		if (s) {
			s->reader = readers.list[i];
			s->found = true;
		}
	}
	for (i = watch.count; i-- > 0;)
		if (!watch.list[i].found)
			vanish(i);
	for (i = 0; i < readers.count; i++)
		if (wanted(&readers.list[i]) && !find(&readers.list[i]))
			appear(&readers.list[i], first);
	for (i = 0; i < watch.count; i++)
		update(&watch.list[i]);
	reader_list_free(&readers);
}

/* Empty the socket; update_all() reads the state afterwards, lost messages or not. */
static void drain(struct nl_watch *nl, int inotify)
{
	char buf[4096] __attribute__((aligned(8)));

	if (nl)
		netlink_watch_read(nl);
	else
		while (read(inotify, buf, sizeof(buf)) > 0)
			;
}

/* Wait for an event; false on a timeout. */
static bool wait_for_change(struct nl_watch *nl, int inotify, int timeout_ms)
{
	struct pollfd *pfds = calloc(watch.count + 1, sizeof(*pfds));
	int ready = -1;
	size_t i;

	if (!pfds)
		return false;
	pfds[0].fd = nl ? netlink_watch_fd(nl) : inotify;
	pfds[0].events = POLLIN;
	for (i = 0; i < watch.count; i++) {
		pfds[i + 1].fd = watch.list[i].fd;
		pfds[i + 1].events = POLLPRI;
	}
	ready = poll(pfds, watch.count + 1, timeout_ms);
	free(pfds);
	return ready > 0 || (ready < 0 && errno == EINTR);
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int watch_options(int argc, char **argv, long *until)
{
	static const struct option longs[] = {
		{ "events", required_argument, NULL, 'n' },
		{ "seconds", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 }
	};
	char *end = "";
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, "n:t:", longs, NULL)) != -1) {
		switch (c) {
		case 'n':
			watch.left = strtoul(optarg, &end, 10);
			break;
		case 't':
			*until = now_ms() + (long)(strtod(optarg, &end) * 1000);
			break;
		default:
			return EXIT_USAGE;
		}
		if (*end)
			return usage_error("watch: \"%s\" is not a number", optarg);
	}
	if (argc - optind > 1)
		return usage_error("watch takes one reader");
	watch.only = argv[optind];
	return EXIT_OK;
}

/* Open netlink or inotify; without the module no reader can come. */
static int source_open(struct nl_watch **nl, int *inotify)
{
	*nl = netlink_watch_open();
	if (*nl)
		return EXIT_OK;
	*inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (*inotify < 0 ||
	    inotify_add_watch(*inotify, "/dev", IN_CREATE | IN_DELETE | IN_ATTRIB) < 0) {
		fprintf(stderr, "scardctl: /dev: %s\n", strerror(errno));
		return EXIT_NO_READER;
	}
	return access("/sys/module/scard", F_OK) ? reader_none() : EXIT_OK;
}

int cmd_watch(int argc, char **argv)
{
	struct nl_watch *nl = NULL;
	int code, inotify = -1;
	long until = 0;

	code = watch_options(argc, argv, &until);
	if (!code)
		code = source_open(&nl, &inotify);
	if (code)
		return code;
	update_all(true);
	while (!watch.done) {
		long left = until ? until - now_ms() : -1;

		if (until && left <= 0)
			break;
		if (!wait_for_change(nl, inotify, (int)left))
			continue;
		drain(nl, inotify);
		update_all(false);
	}
	while (watch.count) {
		watch.count--;
		if (watch.list[watch.count].fd >= 0)
			close(watch.list[watch.count].fd);
	}
	free(watch.list);
	if (nl)
		netlink_watch_close(nl);
	if (inotify >= 0)
		close(inotify);
	return EXIT_OK;
}
