// SPDX-License-Identifier: GPL-2.0-or-later
/* SCardGetStatusChange: delay from an insertion or removal to the return of the call. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client.h"

#define EVENTS		20

/* ---- at vreader: from the notification, seen by usbmon ---- */

/* An event of usbmon, see Documentation/usb/usbmon.rst */
struct mon_packet {
	uint64_t id;
	uint8_t type, xfer_type, epnum, devnum;
	uint16_t busnum;
	char flag_setup, flag_data;
	int64_t ts_sec;
	int32_t ts_usec;
	int32_t status;
	uint32_t length, len_cap;
	uint8_t setup[8];
	int32_t interval, start_frame;
	uint32_t xfer_flags, ndesc;
};

struct mon_get {
	struct mon_packet *header;
	void *data;
	size_t alloc;
};

#define MON_IOCX_GETX	_IOW(0x92, 10, struct mon_get)
#define MON_INTERRUPT	1
#define MON_ROOT_HUB	1

static void command_vreader(const char *command)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char reply[256];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", options.control);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    write(fd, command, strlen(command)) != (ssize_t)strlen(command) ||
	    read(fd, reply, sizeof(reply)) <= 0)
		die("vreader failed to %s", command);
	close(fd);
}

/* Return the end of the last interrupt transfer with data, in ns; 0: none. */
static uint64_t last_notification(int mon)
{
	struct mon_packet p;
	uint8_t data[64];
	struct mon_get get = { &p, data, sizeof(data) };
	uint64_t last = 0;

	while (!ioctl(mon, MON_IOCX_GETX, &get)) {
		if (p.type == 'C' && p.xfer_type == MON_INTERRUPT && p.devnum != MON_ROOT_HUB &&
		    !p.status && p.length)
			last = (uint64_t)p.ts_sec * 1000000000 + (uint64_t)p.ts_usec * 1000;
	}
	return last;
}

static uint64_t real_time(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* Cause one event by another process; return the delay until the call reports it. */
static uint64_t one_event(SCARDCONTEXT ctx, SCARD_READERSTATE *state, int mon, const char *command,
			  DWORD want)
{
	uint64_t told, notified;
	pid_t pid;

	last_notification(mon);
	pid = fork();
	if (!pid) {
		usleep(300000);
		command_vreader(command);
		_exit(0);
	}
	do {
		MUST(SCardGetStatusChange(ctx, INFINITE, state, 1));
		told = real_time();
		state->dwCurrentState = state->dwEventState & ~(DWORD)SCARD_STATE_CHANGED;
	} while (!(state->dwEventState & want));
	waitpid(pid, NULL, 0);
	notified = last_notification(mon);
	if (!notified || notified > told)
		die("%s: no notification", command);
	return told - notified;
}

void bench_events(void)
{
	SCARDCONTEXT ctx;
	SCARD_READERSTATE state = { 0 };
	int mon = open("/dev/usbmon0", O_RDONLY | O_NONBLOCK | O_CLOEXEC), i;
	uint64_t removed[EVENTS], inserted[EVENTS];

	if (mon < 0)
		die("no usbmon");
	MUST(SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &ctx));
	state.szReader = reader_at(ctx, 0);
	MUST(SCardGetStatusChange(ctx, 0, &state, 1));
	state.dwCurrentState = state.dwEventState & ~(DWORD)SCARD_STATE_CHANGED;
	for (i = 0; i < EVENTS; i++) {
		removed[i] = one_event(ctx, &state, mon, "remove\n", SCARD_STATE_EMPTY);
		inserted[i] = one_event(ctx, &state, mon, "insert\n", SCARD_STATE_PRESENT);
	}
	close(mon);
	MUST(SCardReleaseContext(ctx));
	report_latency("event-removed", removed, EVENTS);
	report_latency("event-inserted", inserted, EVENTS);
}

/* ---- at QEMU's reader: instructions from the interrupt on ---- */

/* card.py removes the card after this command, and inserts it again, each after a pause */
static void out_and_in(SCARDCONTEXT ctx, const char *reader)
{
	static const uint8_t apdu[] = { 0x00, 0xee, 0x00, 0x00, 0x02 };
	SCARDHANDLE card = connect_to(ctx, reader);

	transmit(card, apdu, sizeof(apdu));
	MUST(SCardDisconnect(card, SCARD_LEAVE_CARD));
}

static uint64_t told_after(SCARDCONTEXT ctx, SCARD_READERSTATE *state, DWORD want, bool profiled)
{
	uint64_t told;

	if (profiled)
		profile_wait();
	do {
		MUST(SCardGetStatusChange(ctx, INFINITE, state, 1));
		told = busy_ns();
		state->dwCurrentState = state->dwEventState & ~(DWORD)SCARD_STATE_CHANGED;
	} while (!(state->dwEventState & want));
	if (profiled)
		profile_end();
	return told - woken_ns();
}

static void card_event(SCARDCONTEXT ctx, const char *name, DWORD want)
{
	SCARD_READERSTATE state = { .szReader = reader_at(ctx, 0) };
	uint64_t ns[EVENTS];
	int i;

	/* its instructions follow, in as many parts as there are events */
	profile_begin(name, EVENTS);
	profile_end();
	for (i = 0; i < EVENTS; i++) {
		uint64_t removed, inserted;

		out_and_in(ctx, state.szReader);
		state.dwCurrentState = SCARD_STATE_UNAWARE;
		MUST(SCardGetStatusChange(ctx, 0, &state, 1));
		state.dwCurrentState = state.dwEventState & ~(DWORD)SCARD_STATE_CHANGED;
		removed = told_after(ctx, &state, SCARD_STATE_EMPTY, want == SCARD_STATE_EMPTY);
		inserted = told_after(ctx, &state, SCARD_STATE_PRESENT,
				      want == SCARD_STATE_PRESENT);
		ns[i] = want == SCARD_STATE_EMPTY ? removed : inserted;
	}
	report_latency(name, ns, EVENTS);
}

void bench_card_events(void)
{
	SCARDCONTEXT ctx;

	MUST(SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &ctx));
	card_event(ctx, "event-removed", SCARD_STATE_EMPTY);
	card_event(ctx, "event-inserted", SCARD_STATE_PRESENT);
	MUST(SCardReleaseContext(ctx));
}
