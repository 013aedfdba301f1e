// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * trace: the timeline of a running system, from the tracepoints of the module: calls of
 * programs, messages to and from readers, changes of slots. Tracepoints have numbers only,
 * so no byte of an APDU or of a PIN is shown.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "scardctl.h"
#include "trace.h"

#define LINE_MAX_LEN	1024

/* Read trace_pipe at least this often: poll() has missed events in some kernels */
#define READ_MS		250

static struct {
	const char *file;
	int minor;			/* only this slot; -1: all */
	int reader;			/* its reader; -1: not known */
	unsigned long left;		/* lines left, 0: no limit */
	uint64_t limit_us;		/* 0: no limit */
	uint64_t begin_us;
	bool begun;
	bool done;
} trace = { .minor = -1, .reader = -1 };

static volatile sig_atomic_t stopped;

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static bool wanted(const struct trace_event *e)
{
	if (trace.minor < 0)
		return true;
	if (e->minor >= 0) {
		if (e->minor == trace.minor && !strncmp(e->name, "ccid_", 5))
			trace.reader = (int)trace_number(e, "reader");
		return e->minor == trace.minor;
	}
	return trace.reader < 0 || trace_number(e, "reader") == trace.reader;
}

/* The process is the caller only in events of a handle; other events come from any context. */
static bool of_handle(const struct trace_event *e)
{
	return *trace_value(e, "handle");
}

static void print_json(const struct trace_event *e, uint64_t at_us, const uint64_t *took_us,
		       const char *words)
{
	size_t i;

	json_open(NULL, '{');
	json_number("time_us", at_us);
	json_string("event", e->name);
	if (e->minor >= 0)
		json_number("number", (unsigned long long)e->minor);
	if (of_handle(e)) {
		json_string("process", e->process);
		json_number("pid", e->pid);
	}
	if (e->word)
		json_string("what", e->word);
	for (i = 0; i < e->count; i++) {
		const char *value = e->fields[i].value;
		char *end;
		long long number = strtoll(value, &end, 0);

		if (*value && !*end)
			json_integer(e->fields[i].name, number);
		else
			json_string(e->fields[i].name, value);
	}
	if (took_us)
		json_number("took_us", *took_us);
	json_string("words", words + strspn(words, " "));
	json_close('}');
	json_end();
}

static void print_line(const struct trace_event *e, uint64_t at_us, const uint64_t *took_us,
		       const char *words)
{
	char place[16], handle[16] = "", who[40] = "", took[32] = "";

	if (e->minor >= 0)
		snprintf(place, sizeof(place), "scard%d", e->minor);
	else
		snprintf(place, sizeof(place), "reader %ld", trace_number(e, "reader"));
	if (of_handle(e)) {
		snprintf(handle, sizeof(handle), "h%s", trace_value(e, "handle"));
		snprintf(who, sizeof(who), "%s %u", e->process, e->pid);
	}
	if (took_us)
		snprintf(took, sizeof(took), "  (%llu.%03llu ms)",
			 (unsigned long long)*took_us / 1000, (unsigned long long)*took_us % 1000);
	printf("%5llu.%06llu  %-8s %-4s %-20s %s%s\n", (unsigned long long)at_us / 1000000,
	       (unsigned long long)at_us % 1000000, place, handle, who, words, took);
}

/* Complete the name of a process that tracefs does not know yet, from /proc. */
static void find_name(struct trace_event *e)
{
	char path[32];
	ssize_t n;
	int fd;

	if (trace.file || strcmp(e->process, "<...>"))
		return;
	snprintf(path, sizeof(path), "/proc/%u/comm", e->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, e->process, sizeof(e->process) - 1);
	close(fd);
	trace_name(e->process, n > 0 ? (size_t)n - 1 : 0);
}

static void show(struct trace_event *e)
{
	uint64_t at_us, took_us;
	char words[256];
	bool took;

	if (trace.done)
		return;
	if (!trace.begun) {
		trace.begun = true;
		trace.begin_us = e->time_us;
	}
	at_us = e->time_us > trace.begin_us ? e->time_us - trace.begin_us : 0;
	if (trace.limit_us && at_us > trace.limit_us) {
		trace.done = true;
		return;
	}
	if (!wanted(e))
		return;
	find_name(e);
	took = trace_span(e, &took_us);
	trace_words(e, words, sizeof(words));
	if (json)
		print_json(e, at_us, took ? &took_us : NULL, words);
	else
		print_line(e, at_us, took ? &took_us : NULL, words);
	if (trace.left && !--trace.left)
		trace.done = true;
}

static void take_line(char *line)
{
	unsigned long lost = trace_lost(line);
	struct trace_event e;

	if (lost)
		fprintf(stderr, "scardctl: trace: %lu events were lost\n", lost);
	else if (trace_parse(line, &e))
		show(&e);
}

/* Read once; return 1: data, 0: none now, -1: end or error */
static int take(int fd)
{
	static char buf[LINE_MAX_LEN];
	static size_t have;
	ssize_t n = read(fd, buf + have, sizeof(buf) - 1 - have);
	char *line = buf, *end;

	if (n <= 0) {
		fflush(stdout);
		return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
	}
	have += (size_t)n;
	for (; (end = memchr(line, '\n', have)); line = end + 1) {
		*end = 0;
		have -= (size_t)(end + 1 - line);
		take_line(line);
	}
	memmove(buf, line, have);
	if (have == sizeof(buf) - 1)
		have = 0;	/* no line of tracefs is that long */
	return 1;
}

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Deliver signals in ppoll() only, so that none is lost between the test and the wait. */
static void catch_signals(sigset_t *open)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction act = { .sa_handler = stop };
	sigset_t ours;
	size_t i;

	sigemptyset(&ours);
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		sigaddset(&ours, ends[i]);
		sigaction(ends[i], &act, NULL);
	}
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &ours, open);
}

static int trace_system(void)
{
	struct trace_source source = { .dir = -1, .pipe = -1 };
	int code = EXIT_OK;
	sigset_t open;

	catch_signals(&open);
	code = trace_source_open(&source);
	if (code)
		return code;
	trace.begun = true;
	trace.begin_us = now_us();
	if (isatty(STDERR_FILENO) && isatty(STDOUT_FILENO))
		fputs("tracing; Ctrl-C ends\n", stderr);
	while (!stopped && !trace.done && !ferror(stdout)) {
		struct pollfd pfd = { .fd = source.pipe, .events = POLLIN };
		struct timespec wait = { .tv_nsec = READ_MS * 1000000 };

		if (trace.limit_us && now_us() > trace.begin_us + trace.limit_us)
			break;
		if (!ppoll(&pfd, 1, &wait, &open) && !trace_source_alive(&source)) {
			code = reader_none();
			break;
		}
		take(source.pipe);
	}
	/* show the events until now */
	trace_source_stop(&source);
	while (take(source.pipe) > 0)
		;
	trace_source_close(&source);
	return code;
}

static int trace_file(void)
{
	int fd = strcmp(trace.file, "-") ? open(trace.file, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;

	if (fd < 0) {
		fprintf(stderr, "scardctl: trace: %s: %s\n", trace.file, strerror(errno));
		return EXIT_USAGE;
	}
	while (take(fd) > 0)
		;
	close(fd);
	return EXIT_OK;
}

/* Find the slot of the argument READER; for a file it must be a number. */
static int pick(const char *which)
{
	struct scard_info info;
	struct reader reader;
	int code, fd;

	if (trace.file) {
		const char *digits = strpbrk(which, "0123456789");

		if (!digits || digits[strspn(digits, "0123456789")])
			return usage_error("trace --file takes the number of a reader");
		trace.minor = atoi(digits);
		return EXIT_OK;
	}
	code = reader_pick(which, &reader);
	if (code)
		return code;
	fd = reader_open(&reader, O_RDONLY);
	if (fd < 0)
		return -fd;
	trace.minor = (int)reader.minor;
	if (!ioctl(fd, SCARD_IOC_GET_INFO, &info))
		trace.reader = (int)info.reader;
	close(fd);
	return EXIT_OK;
}

int cmd_trace(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "events", required_argument, NULL, 'n' },
		{ "seconds", required_argument, NULL, 't' },
		{ "file", required_argument, NULL, 'f' },
		{ NULL, 0, NULL, 0 }
	};
	int c, code = EXIT_OK;
	char *end = "";

	optind = 0;
	while ((c = getopt_long(argc, argv, "n:t:f:", longs, NULL)) != -1) {
		switch (c) {
		case 'n':
			trace.left = strtoul(optarg, &end, 10);
			break;
		case 't':
			trace.limit_us = (uint64_t)(strtod(optarg, &end) * 1000000);
			break;
		case 'f':
			trace.file = optarg;
			break;
		default:
			return EXIT_USAGE;
		}
		if (*end || (c == 'n' && !trace.left) || (c == 't' && !trace.limit_us))
			return usage_error("trace: \"%s\" is not a number above 0", optarg);
	}
	if (argc - optind > 1)
		return usage_error("trace takes one reader");
	if (argv[optind])
		code = pick(argv[optind]);
	if (code)
		return code;
	return trace.file ? trace_file() : trace_system();
}
