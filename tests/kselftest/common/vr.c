// SPDX-License-Identifier: GPL-2.0-or-later
/* See vr.h. Speaks the line protocol of vreader(1) over its control socket. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sc.h"
#include "usb.h"
#include "vr.h"

#define SOCKET		"/run/vreader.sock"
#define WAIT_MS		10000

/* The options of the vreader that runs, in a file: each test is a process of its own. */
#define OPTIONS_FILE	"/run/kselftest.vreader"

static char reply[1 << 16];

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...)
{
	va_list args;

	fputs("# vreader: ", stdout);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	_exit(1);
}

/* A line or as many lines as were promised, in @reply; 0, -1 for ERR, 1 for no vreader. */
static int request(const char *format, va_list args)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = SOCKET };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char line[512];
	unsigned long lines;
	size_t len = 0;
	FILE *stream;
	int status, length;

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		if (fd >= 0)
			close(fd);
		return 1;
	}
	length = vsnprintf(line, sizeof(line) - 1, format, args);
	if (length < 0 || (size_t)length >= sizeof(line) - 1)
		die("\"%s\" makes too long a line", format);
	strcat(line, "\n");
	stream = fdopen(fd, "r");
	if (send(fd, line, length + 1, MSG_NOSIGNAL) != length + 1 ||
	    !fgets(reply, sizeof(reply), stream)) {
		/* it has ended by itself just now, perhaps before it took the connection */
		fclose(stream);
		return 1;
	}
	status = strncmp(reply, "OK", 2) ? -1 : 0;
	if (!status && (!strncmp(line, "log", 3) || !strncmp(line, "violations", 10)) &&
	    sscanf(reply, "OK %lu", &lines) == 1) {
		for (; lines && len < sizeof(reply) - 1; lines--) {
			if (!fgets(reply + len, (int)(sizeof(reply) - len), stream))
				break;
			len += strlen(reply + len);
		}
		reply[len] = 0;
	} else {
		reply[strcspn(reply, "\n")] = 0;
		memmove(reply, reply + (reply[2] == ' ' ? 3 : 2),
			strlen(reply + (reply[2] == ' ' ? 3 : 2)) + 1);
	}
	fclose(stream);
	return status;
}

const char *vr_do(const char *format, ...)
{
	va_list args;
	int status;

	va_start(args, format);
	status = request(format, args);
	va_end(args);
	if (status)
		die("\"%s\" failed: %s", format, status > 0 ? "it does not run" : reply);
	return reply;
}

int vr_try(const char *format, ...)
{
	va_list args;
	int status;

	va_start(args, format);
	status = request(format, args);
	va_end(args);
	return status;
}

void vr_explain(void)
{
	static char log[1 << 13];
	char *line = log;
	int len;

	printf("# reader: %s\n", vr_do("info"));
	file_set("/proc/sysrq-trigger", "w");
	len = klogctl(3 /* SYSLOG_ACTION_READ_ALL */, log, sizeof(log) - 1);
	log[len < 0 ? 0 : len] = 0;
	while ((line = strtok(line, "\n"))) {
		printf("# kernel: %s\n", line);
		line = NULL;
	}
}

unsigned long vr_count(const char *name)
{
	return strtoul(vr_do("count 0 %s", name), NULL, 10);
}

unsigned long vr_card(const char *field)
{
	const char *state = vr_do("card-state 0");
	const char *at = strstr(state, field);

	if (!at || at[strlen(field)] != '=')
		die("card-state has no %s: %s", field, state);
	return strtoul(at + strlen(field) + 1, NULL, 10);
}

void vr_clear(void)
{
	vr_do("count clear");
	vr_do("log clear");
}

static const char *word_of(const char *name, bool *powered)
{
	if (!strcmp(name, "IccPowerOn")) {
		bool was = *powered;

		*powered = true;
		return was ? "warm" : "cold";
	}
	if (!strcmp(name, "IccPowerOff")) {
		*powered = false;
		return "off";
	}
	if (!strcmp(name, "Mechanical"))
		return "eject";
	if (!strcmp(name, "Abort"))
		return "abort";
	if (!strcmp(name, "Escape"))
		return "escape";
	if (!strcmp(name, "XfrBlock") || !strcmp(name, "Secure"))
		return "apdu";
	return NULL;
}

const char *vr_trace(void)
{
	static char trace[VR_TRACE_SIZE];
	bool powered = true;	/* vr_prepare() leaves it so */
	char *line, *save = NULL;

	trace[0] = 0;
	vr_do("log");
	for (line = strtok_r(reply, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char direction, name[32];
		const char *word;

		if (sscanf(line, "%*s %*s %c %*s %*s %31s", &direction, name) != 2 ||
		    direction != '<')
			continue;
		word = word_of(name, &powered);
		if (!word)
			continue;
		if (strlen(trace) + strlen(word) + 2 > sizeof(trace))
			die("a trace of more than %zu bytes", sizeof(trace));
		if (*trace)
			strcat(trace, " ");
		strcat(trace, word);
	}
	return trace;
}

static void remember(const char *options)
{
	FILE *file = fopen(OPTIONS_FILE, "w");

	if (!file || fputs(options, file) < 0 || fclose(file))
		die("cannot write " OPTIONS_FILE);
}

static bool remembered(const char *options)
{
	FILE *file = fopen(OPTIONS_FILE, "r");
	char text[256] = "";

	if (!file)
		return false;
	if (!fgets(text, sizeof(text), file))
		text[0] = 0;
	fclose(file);
	return !strcmp(text, options);
}

void vr_stop(void)
{
	vr_try("quit");
	unlink(OPTIONS_FILE);
}

static void start(const char *options, const char *card)
{
	const char *more = getenv("VREADER");
	char command[512];
	int status, fd, i;

	vr_stop();
	/* the reader that was must not be taken for the new one */
	for (i = 0; (fd = sc_open(O_RDONLY)) >= 0; i++) {
		close(fd);
		if (i == WAIT_MS)
			die("the reader is still there %d ms after vreader's end", WAIT_MS);
		pause_ms(1);
	}
	/* an open handle to the reader that was must not lend the new one its number */
	snprintf(command, sizeof(command),
		 "exec vreader %s %s --card %s --lenient --background </dev/null >/run/vreader.out 2>&1",
		 more ? more : "", options, card);
	status = system(command);
	if (status)
		die("\"vreader %s\" failed, status %d, see /run/vreader.out", options, status);
	remember(options);
}

/* Wait until the slot is as @present says, and the driver knows all about it. */
static void settled(bool present)
{
	struct timespec pause = { .tv_nsec = 1000000 };
	struct scard_status status;
	int i, fd = -1;

	for (i = 0; i < WAIT_MS; i++) {
		unsigned int state;

		if (fd < 0)
			fd = sc_open(O_RDONLY);
		if (fd >= 0 && sc_snapshot(fd, &status)) {
			close(fd);
			fd = -1;
		}
		state = fd < 0 ? SCARD_STATE_BIT_SETTLING : status.state;
		if (!(state & SCARD_STATE_BIT_SETTLING) && !status.handles &&
		    !(state & SCARD_STATE_BIT_PRESENT) == !present)
			break;
		nanosleep(&pause, NULL);
	}
	if (fd < 0)
		die("no reader after %d ms", WAIT_MS);
	close(fd);
	if (i == WAIT_MS)
		die("the slot is not %s after %d ms: state %x, %u handles",
		    present ? "full" : "empty", WAIT_MS, status.state, status.handles);
}

void vr_replay(const char *options, const char *file)
{
	char command[512];
	struct scard_status status;
	int fd = -1, i;

	snprintf(command, sizeof(command), "%s --replay %s", options, file);
	start(command, "none");
	for (i = 0; i < WAIT_MS / 10 && fd < 0; i++) {
		fd = sc_open(O_RDONLY);
		if (fd < 0)
			pause_ms(10);
	}
	if (fd < 0 || !sc_settled(fd, &status, WAIT_MS))
		die("no reader, or no state of its slot, after %d ms: %s", WAIT_MS, file);
	close(fd);
}

/* A token's card is there as long as the token is: a new one is a new token. */
static void prepare_token(const char *options, const char *card)
{
	start(options, card);
	settled(true);
	vr_clear();
}

void vr_prepare(const char *options, const char *card)
{
	if (strstr(options, "iccd")) {
		prepare_token(options, card);
		return;
	}
	if (!remembered(options) || vr_try("info"))
		start(options, "none");
	vr_do("fault clear");
	if (strstr(vr_do("info"), "configured=0")) {
		vr_try("replug");
		vr_do("wait configured %d", WAIT_MS);
	}
	vr_try("remove 0");
	settled(false);
	if (card) {
		vr_do("insert 0 %s", card);
		settled(true);
	}
	vr_clear();
}
