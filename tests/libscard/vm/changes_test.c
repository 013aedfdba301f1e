// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SCardGetStatusChange loses no event: TEST_STEPS random steps (insert, remove, swap, plug,
 * unplug, connect, disconnect, reset, SCardCancel) on two readers with three slots, and a model
 * of their results. At random times every observer must reach the true state without a further
 * event: threads, processes, a user without permission to open the devices, and observers that
 * call from time to time. Receive buffers of netlink are as small as the kernel allows, so that
 * events overrun them. Needs root; prints TAP.
 *
 * TEST_SEED repeats the steps of an earlier run.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "../../tap.h"
#include "changes.h"
#include "changes_readers.h"

#define STEPS		1200

static struct observer kinds[] = {
	{ .name = "a process", .process = true },
	{ .name = "a user who may not open the devices", .process = true, .user = true },
	{ .name = "a process that looks now and then", .process = true, .sluggish = true },
	{ .name = "such a user", .process = true, .user = true, .sluggish = true },
	{ .name = "a thread" },
	{ .name = "a thread in a hurry", .hasty = true },
	{ .name = "a thread that wants the list", .list_only = true },
};

#define OBSERVERS	(sizeof(kinds) / sizeof(kinds[0]))

static struct stage *stage;
static SCARDCONTEXT ctx;
static unsigned long step, steps, settled, cancels, overruns;
static DWORD last_changes[OBSERVERS];
static bool list_moved;		/* a reader left that all observers knew when they agreed */
static unsigned int seed;

void die(const char *format, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	tap_result(false, "step %lu of seed %u: %s", step, seed, text);
	exit(tap_end());
}

static unsigned int random_below(unsigned int n)
{
	return (unsigned int)lrand48() % n;
}

/* ---- steps; each returns false if it is impossible now ---- */

static bool insert(struct slot *s)
{
	if (s->present)
		return false;
	flip(s);
	return true;
}

static bool take_out(struct slot *s)
{
	if (!s->present)
		return false;
	flip(s);
	return true;
}

static bool swap(struct slot *s)
{
	if (!s->present)
		return false;
	tell(s->device, "swap %zu", index_of(s));
	s->happened += 2;
	s->blurred = true;
	flip(s);
	return true;
}

/* Remove and insert the card faster than the kernel polls. */
static bool flurry(struct slot *s)
{
	unsigned int events = 2 * (1 + random_below(4)), i;

	for (i = 0; i < events; i++)
		tell(s->device, "%s %zu", s->present ^ (i & 1) ? "remove" : "insert", index_of(s));
	s->happened += events;
	s->blurred = true;
	flip(s);
	step += events;
	return true;
}

static void drop_handles(struct slot *s)
{
	for (; s->users; s->users--) {
		if (SCardDisconnect(s->handles[s->users - 1], SCARD_RESET_CARD))
			die("%s: SCardDisconnect after it was unplugged", s->name);
	}
	s->exclusive = false;
}

static bool unplug(struct slot *s)
{
	struct device *d = s->device;
	struct scard_status status;
	size_t i;

	tell(d, "unplug");
	d->plugged = false;
	/* a reader that comes and goes while an observer is stopped is no news to it */
	list_moved |= d->known;
	for (i = d->first; i < d->first + d->slots; i++) {
		while (ask(&slots[i], &status))
			usleep(500);
		close(slots[i].fd);
		if (random_below(2))
			drop_handles(&slots[i]);
	}
	return true;
}

/* The node exists before netlink reports it. */
static void wait_listed(const struct slot *s)
{
	SCARD_READERSTATE state = { .szReader = s->name };
	double until = seconds() + PATIENCE_MS / 1e3;

	while (SCardGetStatusChange(ctx, 0, &state, 1) == SCARD_E_UNKNOWN_READER) {
		if (seconds() > until)
			die("nobody tells of %s", s->name);
		usleep(500);
	}
}

static bool plug(struct device *d)
{
	size_t i;

	if (d->plugged)
		return false;
	for (i = d->first; i < d->first + d->slots; i++)
		drop_handles(&slots[i]);
	tell(d, "replug");
	find_slots(d);
	d->plugged = true;
	for (i = d->first; i < d->first + d->slots; i++)
		wait_listed(&slots[i]);
	return true;
}

/* A reader that was too fast to report may still report an old removal. */
static bool is_late(const struct slot *s, LONG ret, double until)
{
	if (!s->blurred || !s->present || seconds() > until ||
	    (ret != (LONG)SCARD_E_NO_SMARTCARD && ret != (LONG)SCARD_W_REMOVED_CARD))
		return false;
	usleep(10000);
	return true;
}

static bool join(struct slot *s)
{
	double until = seconds() + PATIENCE_MS / 1e3;
	DWORD mode = SCARD_SHARE_SHARED, protocol;
	LONG ret;

	if (s->exclusive || s->users == HANDLES)
		return false;
	if (!s->present)
		mode = SCARD_SHARE_DIRECT;
	else if (!s->users && !random_below(3))
		mode = SCARD_SHARE_EXCLUSIVE;
	do {
		ret = SCardConnect(ctx, s->name, mode,
				   mode == SCARD_SHARE_DIRECT ? 0 : SCARD_PROTOCOL_ANY,
				   &s->handles[s->users], &protocol);
	} while (is_late(s, ret, until));
	if (ret)
		die("%s: SCardConnect: 0x%lx", s->name, ret);
	s->exclusive = mode == SCARD_SHARE_EXCLUSIVE;
	s->modes[s->users++] = mode;
	return true;
}

static bool leave(struct slot *s)
{
	LONG ret;

	if (!s->users)
		return false;
	ret = SCardDisconnect(s->handles[--s->users], random_below(SCARD_EJECT_CARD));
	if (ret)
		die("%s: SCardDisconnect: 0x%lx", s->name, ret);
	s->exclusive = false;
	return true;
}

static bool reset(struct slot *s)
{
	double until = seconds() + PATIENCE_MS / 1e3;
	DWORD protocol;
	size_t i;
	LONG ret;

	if (!s->users || !s->present)
		return false;
	i = random_below(s->users);
	if (s->modes[i] == SCARD_SHARE_DIRECT)
		return false;
	do {
		ret = SCardReconnect(s->handles[i], s->modes[i], SCARD_PROTOCOL_ANY,
				     1 + random_below(2), &protocol);
	} while (is_late(s, ret, until));
	if (ret)
		die("%s: SCardReconnect: 0x%lx", s->name, ret);
	return true;
}

/* Cancel a waiting call; the next call reports earlier events. */
static bool cancel(void)
{
	struct observer *o = &stage->observers[random_below(OBSERVERS)];
	double until = seconds() + PATIENCE_MS / 1e3;
	unsigned long before;

	before = o->returns;
	/* it waits once it sleeps in the poll() of SCardGetStatusChange */
	if (o->process || !o->waiting || !thread_polls(o->id) || o->returns != before)
		return false;
	if (SCardCancel(o->ctx))
		die("SCardCancel");
	cancels++;
	while (o->returns == before) {
		if (seconds() > until)
			die("%s was not cancelled", o->name);
		usleep(200);
	}
	return true;
}

static bool one_step(void)
{
	struct slot *s = &slots[random_below(SLOTS)];
	unsigned int dice = random_below(1000);

	if (!s->device->plugged)
		return dice < 200 ? plug(s->device) : dice < 300 && cancel();
	if (dice < 200)
		return insert(s);
	if (dice < 400)
		return take_out(s);
	/* the counters of the other reader's slots stay exact */
	if (dice < 500 && s->device != &devices[1])
		return false;
	if (dice < 420)
		return swap(s);
	if (dice < 500)
		return flurry(s);
	if (dice < 650)
		return join(s);
	if (dice < 760)
		return leave(s);
	if (dice < 940)
		return reset(s);
	/* slowest step: enumeration, and users wait for permissions that never come */
	return dice < 994 ? cancel() : unplug(s);
}

/* ---- the model ---- */

static DWORD truth(const struct slot *s, bool user)
{
	DWORD state = s->present ? SCARD_STATE_PRESENT : SCARD_STATE_EMPTY;

	if (!user && s->exclusive)
		state |= SCARD_STATE_EXCLUSIVE;
	else if (!user && s->users && s->present)
		state |= SCARD_STATE_INUSE;
	return state | (s->counted & 0xffff) << 16;
}

/* Is the list another one than when all observers agreed? */
static bool list_differs(void)
{
	size_t i;

	for (i = 0; i < DEVICES; i++) {
		if (devices[i].plugged != devices[i].known)
			return true;
	}
	return list_moved;
}

static size_t readers_there(void)
{
	size_t i, n = 0;

	for (i = 0; i < SLOTS; i++)
		n += slots[i].device->plugged;
	return n;
}

static void ask_counts(void)
{
	struct scard_status status;
	size_t i;

	for (i = 0; i < SLOTS; i++) {
		if (slots[i].device->plugged && ask(&slots[i], &status) &&
		    !(status.state & SCARD_STATE_BIT_PRESENT) == !slots[i].present)
			take_count(&slots[i], status.card_event);
	}
}

/* Is the view of this observer free of missed events? */
static bool agrees(struct observer *o, char *why, size_t size)
{
	size_t i, j;

	why[0] = 0;
	pthread_mutex_lock(&o->lock);
	if (o->error[0])
		die("%s: %s", o->name, o->error);
	if (list_differs() && o->changes == last_changes[o - stage->observers])
		snprintf(why, size, "it has not heard that the list has changed");
	if (o->n != readers_there())
		snprintf(why, size, "it knows %zu readers of %zu", o->n, readers_there());
	for (i = 0; i < SLOTS && !why[0]; i++) {
		const struct belief *b = NULL;

		if (!slots[i].device->plugged)
			continue;
		for (j = 0; j < o->n; j++)
			if (!strcmp(o->readers[j].name, slots[i].name))
				b = &o->readers[j];
		if (!b)
			snprintf(why, size, "it does not know %s", slots[i].name);
		else if (!o->list_only && is_news(b->state, truth(&slots[i], o->user)) == NEWS)
			snprintf(why, size, "%s: it believes 0x%lx, true is 0x%lx", b->name,
				 b->state, truth(&slots[i], o->user));
	}
	pthread_mutex_unlock(&o->lock);
	return !why[0];
}

/* A new caller gets the whole state, also what is no event; return a wrong slot, or NULL. */
static const struct slot *ask_library(void)
{
	SCARD_READERSTATE states[SLOTS];
	size_t i, n = 0;
	LONG ret;

	memset(states, 0, sizeof(states));
	for (i = 0; i < SLOTS; i++) {
		if (slots[i].device->plugged)
			states[n++].szReader = slots[i].name;
	}
	ret = SCardGetStatusChange(ctx, 0, states, n);
	if (ret)
		die("SCardGetStatusChange: 0x%lx", ret);
	for (n = i = 0; i < SLOTS; i++) {
		DWORD want = truth(&slots[i], false) | SCARD_STATE_CHANGED;

		if (!slots[i].device->plugged)
			continue;
		if (states[n].dwEventState != want || !states[n].cbAtr != !slots[i].present)
			return &slots[i];
		n++;
	}
	return NULL;
}

static void check_states(void)
{
	const struct slot *wrong;
	int tries = 100;

	while ((wrong = ask_library()) && tries--) {
		/* only late reports to the kernel may change the state now */
		if (!wrong->blurred)
			break;
		usleep(10000);
		ask_counts();
	}
	if (wrong)
		die("%s is not 0x%lx", wrong->name, truth(wrong, false));
}

/*
 * Stop the processes anywhere, also in a wait: then events overrun their sockets. An observer
 * that notices this takes a new socket, so count the drops before it continues.
 */
static void signal_sluggish(int number)
{
	size_t i;

	if (number == SIGCONT)
		overruns += netlink_drops();
	for (i = 0; i < OBSERVERS; i++) {
		if (stage->observers[i].sluggish)
			kill(stage->observers[i].id, number);
	}
}

static void all_agree(void)
{
	double until = seconds() + PATIENCE_MS / 1e3;
	char why[300];
	size_t i;

	signal_sluggish(SIGCONT);
	ask_counts();
	for (i = 0; i < OBSERVERS; i++) {
		struct observer *o = &stage->observers[i];

		while (!agrees(o, why, sizeof(why))) {
			if (seconds() > until)
				die("%s: %s", o->name, why);
			usleep(300);
			ask_counts();
		}
	}
	for (i = 0; i < OBSERVERS; i++)
		last_changes[i] = stage->observers[i].changes;
	for (i = 0; i < DEVICES; i++)
		devices[i].known = devices[i].plugged;
	list_moved = false;
	if (random_below(4))
		signal_sluggish(SIGSTOP);
	check_states();
	settled++;
}

/* ---- */

static void start_observers(void)
{
	pthread_mutexattr_t shared;
	size_t i;

	stage = mmap(NULL, sizeof(*stage) + sizeof(kinds), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (stage == MAP_FAILED)
		die("mmap");
	stage->observers = memcpy(stage + 1, kinds, sizeof(kinds));
	pthread_mutexattr_init(&shared);
	pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	/* processes first: a fork copies only the calling thread */
	for (i = 0; i < OBSERVERS; i++) {
		pthread_mutex_init(&stage->observers[i].lock, &shared);
		observer_start(stage, &stage->observers[i]);
	}
}

static void report(double took)
{
	unsigned long cancelled = 0, news = 0, blind = 0;
	size_t i;

	for (i = 0; i < OBSERVERS; i++) {
		struct observer *o = &stage->observers[i];

		printf("# %s: %lu calls, %lu with news, %lu timeouts, %lu cancelled\n", o->name,
		       o->returns, o->news, o->timeouts, o->cancelled);
		cancelled += o->cancelled;
		news += o->news;
		blind += o->blind;
	}
	printf("# %lu steps in %.0f s, seed %u\n", step, took, seed);
	tap_result(true, "%lu steps: everybody agreed each time of %lu", step, settled);
	tap_result(overruns > step / 200, "netlink was overrun: %lu messages dropped", overruns);
	tap_result(cancels > step / 200 && cancelled > cancels / 2 && cancelled <= cancels,
		   "SCardCancel: %lu of %lu calls that waited returned SCARD_E_CANCELLED",
		   cancelled, cancels);
	/*
	 * a busy machine may take longer than the two seconds that the library waits for an ATR
	 */
	tap_result(blind * 500 <= news, "a card that came has its ATR: %lu of %lu have not", blind,
		   news);
}

int main(void)
{
	const char *text = getenv("TEST_STEPS");
	unsigned long tens = 0;
	double begin;
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	steps = text ? strtoul(text, NULL, 0) : STEPS;
	text = getenv("TEST_SEED");
	seed = text ? (unsigned int)strtoul(text, NULL, 0) : (unsigned int)time(NULL);
	srand48(seed);
	/* the smallest receive buffers that the kernel allows */
	if (!receive_buffers("2304"))
		die("net.core.rmem_max");
	for (i = 0; i < SLOTS; i++)
		slots[i].present = true;
	for (i = 0; i < DEVICES; i++) {
		start_vreader(&devices[i]);
		find_slots(&devices[i]);
	}
	if (system("chmod 600 /dev/scard*") ||
	    SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &ctx))
		die("SCardEstablishContext");
	start_observers();
	begin = seconds();
	for (i = 0; i < OBSERVERS; i++) {
		while (!stage->observers[i].id)
			usleep(1000);
	}
	all_agree();
	while (step < steps) {
		if (one_step())
			step++;
		if (!random_below(10))
			all_agree();
		if (step / 10000 != tens)
			printf("# step %lu, %.0f s\n", step, seconds() - begin);
		tens = step / 10000;
	}
	all_agree();
	signal_sluggish(SIGCONT);
	stage->stop = true;
	report(seconds() - begin);
	for (i = 0; i < DEVICES; i++)
		tap_result(!strcmp(tell(&devices[i], "quit"), "OK 0\n"),
			   "%s saw no violation of CCID", devices[i].product);
	return tap_end();
}
