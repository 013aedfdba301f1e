// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A card of this machine as one of another: ssh starts scardctl attach there, and its requests
 * become calls here. The worker makes these; this thread talks to the far end and watches the
 * slot. When either goes, so does the process, and the kernel closes the handle as that of any
 * process that dies.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "link.h"
#include "scardctl.h"
#include "worker.h"

/* A request that has no answer yet */
struct job {
	struct uscard_request req;
	bool open;
	bool aborted;
	uint64_t due_ms;	/* time to ask for more time */
};

static struct link stream;
static struct local card;
static struct job running;		/* of the worker */
static struct job waiting;		/* behind it: the far end has withdrawn that one */
static uint8_t waiting_data[USCARD_MAX_DATA];
static int watch;			/* the slot, open for its events */
static bool told;			/* the far end has a card */
static uint32_t seen;			/* card_event */

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- messages; false if the connection has ended ---- */

static bool send_message(const struct uscard_message *msg, const uint8_t *data)
{
	return link_send(&stream, frame_put_message(stream.tx, msg, data));
}

static bool send_error(const struct job *job, uint32_t error)
{
	return send_message(&(struct uscard_message){ .id = job->req.id, .type = USCARD_ANSWER,
						      .error = error }, NULL);
}

static bool send_event(bool present)
{
	told = present;
	return send_message(&(struct uscard_message){ .type = USCARD_EVENT, .value = present },
			    NULL);
}

/* Tell of the card. One that was exchanged between two looks is out first. */
static bool look(void)
{
	struct scard_status status;
	bool present, good = true;

	if (reader_status(watch, &status))
		return true;	/* poll() tells of the end */
	present = status.state & SCARD_STATE_BIT_PRESENT;
	if (told && (!present || status.card_event != seen))
		good = send_event(false);
	seen = status.card_event;
	if (good && present && !told)
		good = send_event(true);
	return good;
}

/* ---- requests ---- */

static void set_due(struct job *job)
{
	job->due_ms = now_ms() + (job->req.timeout_ms > 1000 ? job->req.timeout_ms / 2 : 500);
}

static void start(const struct job *job, const uint8_t *data)
{
	running = *job;
	worker_run(&job->req, data);
}

static void abort_running(void)
{
	running.aborted = true;
	local_cancel(&card);
}

static bool abort_request(uint64_t id)
{
	if (running.open && running.req.id == id)
		abort_running();
	if (!waiting.open || waiting.req.id != id)
		return true;
	waiting.open = false;
	return send_error(&waiting, ECANCELED);
}

static bool take_request(const struct uscard_request *req, const uint8_t *data)
{
	struct job job = { .req = *req, .open = true };
	bool good = true;

	if (req->op == USCARD_ABORT)
		return abort_request(req->arg64);
	set_due(&job);
	if (!running.open) {
		start(&job, data);
		return true;
	}
	/* one request is open at a time: there, the one before has ended */
	abort_running();
	if (waiting.open && waiting.req.id)
		good = send_error(&waiting, ECANCELED);
	waiting = job;
	if (req->len)
		memcpy(waiting_data, data, req->len);
	return good;
}

static bool take_result(void)
{
	struct worker_result *result = worker_result();
	bool good = true;

	/* A reset by another program: the far end is to see that its card has lost its state. */
	if (result->was_reset && told)
		good = send_event(false);
	if (good && running.req.id)
		good = send_message(&result->msg, result->answer);
	if (result->msg.error == ENOMEDIUM)
		told = false;
	explicit_bzero(result->answer, sizeof(result->answer));
	running.open = false;
	if (waiting.open) {
		waiting.open = false;
		start(&waiting, waiting_data);
		running.open = true;
		explicit_bzero(waiting_data, waiting.req.len);
	}
	return good && look();
}

/* Ask for more time for a request whose time is half over; @wait_ms: until the next one */
static bool ask_for_time(struct job *job, int *wait_ms)
{
	uint64_t now = now_ms();
	bool good = true;

	if (!job->open || job->aborted || !job->req.id)
		return true;
	if (now >= job->due_ms) {
		struct uscard_message msg = {
			.id = job->req.id,
			.type = USCARD_MORE_TIME,
			.value = job->req.timeout_ms ?: 1000,
		};

		good = send_message(&msg, NULL);
		set_due(job);
	}
	if (*wait_ms < 0 || job->due_ms - now < (uint64_t)*wait_ms)
		*wait_ms = (int)(job->due_ms - now);
	return good;
}

static int ended(void)
{
	fputs("scardctl: the connection has ended\n", stderr);
	return EXIT_CARD;
}

static bool take_frames(void)
{
	struct uscard_request req;
	struct frame frame;
	const uint8_t *data;
	int n;

	while ((n = link_next(&stream, &frame)) > 0)
		if (!frame_get_request(&frame, &req, &data) || !take_request(&req, data))
			return false;
	return n == 0;
}

static int serve(int results)
{
	struct pollfd p[3] = {
		{ .fd = stream.in, .events = POLLIN },
		{ .fd = results, .events = POLLIN },
		{ .fd = watch, .events = POLLPRI },
	};
	char byte;

	if (!look() || !take_frames())
		return ended();
	for (;;) {
		int wait_ms = -1;

		if (!ask_for_time(&running, &wait_ms) || !ask_for_time(&waiting, &wait_ms))
			return ended();
		if (poll(p, 3, wait_ms) < 0)
			continue;	/* EINTR */
		if (p[2].revents & (POLLHUP | POLLERR)) {
			fputs("scardctl: the reader is gone\n", stderr);
			return EXIT_NO_READER;
		}
		if (p[2].revents && !look())
			return ended();
		if (p[1].revents && read(results, &byte, 1) == 1 && !take_result())
			return ended();
		if (p[0].revents && (link_read(&stream) <= 0 || !take_frames()))
			return ended();
	}
}

/* ---- start ---- */

/* Run "COMMAND HOST... scardctl attach" on one end of a socket pair: the other, or -1 */
static int spawn(const char *command, int hosts, char **host)
{
	int pair[2], i, n = 0;
	char script[1024];
	char **argv = calloc((size_t)hosts + 8, sizeof(*argv));

	if (!argv || snprintf(script, sizeof(script), "exec %s \"$@\"", command) >= 1024 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -1;
	argv[n++] = "sh";
	argv[n++] = "-c";
	argv[n++] = script;
	argv[n++] = "sh";
	for (i = 0; i < hosts; i++)
		argv[n++] = host[i];
	argv[n++] = "scardctl";
	argv[n++] = "attach";
	switch (fork()) {
	case -1:
		return -1;
	case 0:
		signal(SIGPIPE, SIG_DFL);
		dup2(pair[1], STDIN_FILENO);
		dup2(pair[1], STDOUT_FILENO);
		execv("/bin/sh", argv);
		_exit(127);
	}
	free(argv);
	close(pair[1]);
	return pair[0];
}

/* The greeting of both ends; an exit code */
static int greet(const struct uscard_create *reader, const char *host)
{
	struct frame_ready ready;
	struct frame frame;

	if (!link_send(&stream, frame_put_hello(stream.tx, reader)) ||
	    !link_wait(&stream, &frame)) {
		fprintf(stderr, "scardctl: %s: no scardctl attach there, or no connection\n", host);
		return EXIT_CARD;
	}
	if (frame_other_version(&frame)) {
		fprintf(stderr, "scardctl: %s: scardctl is of another version there\n", host);
		return EXIT_CARD;
	}
	if (!frame_get_ready(&frame, &ready)) {
		fprintf(stderr, "scardctl: %s: not an answer of scardctl attach\n", host);
		return EXIT_CARD;
	}
	if (ready.error) {
		fprintf(stderr, "scardctl: %s: /dev/uscard: %s%s\n", host,
			strerror((int)ready.error),
			ready.error == ENOENT ? ": modprobe scard there" : "");
		return ready.error == EACCES ? EXIT_PERMISSION : EXIT_CARD;
	}
	printf("/dev/scard%u at %s\n", ready.minor, host);
	fflush(stdout);
	return EXIT_OK;
}

static int forward(const struct reader *reader, const char *command, int hosts, char **host)
{
	struct uscard_create describe;
	int fd, error, results, code;

	card.fd = reader_open(reader, O_RDWR);
	if (card.fd < 0)
		return -card.fd;
	watch = reader_open(reader, O_RDONLY);
	if (watch < 0)
		return -watch;
	error = local_describe(&card, &describe);
	if (error)
		return reader_error(reader, "forward", error);
	fd = spawn(command, hosts, host);
	if (fd < 0)
		return reader_error(reader, "forward", errno);
	stream.in = fd;
	stream.out = fd;
	code = greet(&describe, host[hosts - 1]);
	if (code)
		return code;
	results = worker_start(&card);
	if (results < 0)
		return reader_error(reader, "forward", -results);
	return serve(results);
}

int cmd_forward(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "command", required_argument, NULL, 'c' },
		{ "exclusive", no_argument, NULL, 'x' },
		{ NULL, 0, NULL, 0 }
	};
	const char *command = "ssh -T", *which = NULL;
	struct reader reader;
	int c, code;

	card.mode = SCARD_MODE_SHARED;
	optind = 0;
	while ((c = getopt_long(argc, argv, "+c:x", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			command = optarg;
			break;
		case 'x':
			card.mode = SCARD_MODE_EXCLUSIVE;
			break;
		default:
			return EXIT_USAGE;
		}
	}
	if (argc - optind > 1)
		which = argv[optind++];
	if (optind == argc)
		return usage_error("forward: to which host?");
	code = reader_pick(which, &reader);
	if (code)
		return code;
	signal(SIGPIPE, SIG_IGN);
	return forward(&reader, command, argc - optind, argv + optind);
}
