// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The far end of a forwarded card: a server of /dev/uscard that passes requests on to standard
 * output, and takes messages from standard input. It ends, and the reader with it, when the
 * connection does.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "link.h"
#include "scardctl.h"

static struct link stream = { .in = STDIN_FILENO, .out = STDOUT_FILENO };

static int protocol_error(const char *what)
{
	fprintf(stderr, "scardctl: attach: %s: this command is for scardctl forward\n", what);
	return EXIT_CARD;
}

/* Make the reader: its descriptor or a negative errno */
static int create(struct uscard_create *reader)
{
	int fd = open("/dev/uscard", O_RDWR | O_CLOEXEC | O_NONBLOCK), error;

	if (fd < 0)
		return -errno;
	if (!ioctl(fd, USCARD_IOC_CREATE, reader))
		return fd;
	error = -errno;
	close(fd);
	return error;
}

/* Pass one request on; false at the end of the connection. */
static bool pass_request(int fd)
{
	static struct {
		struct uscard_request head;
		uint8_t data[USCARD_MAX_DATA];
	} req;
	ssize_t n = read(fd, &req, sizeof(req));
	bool good;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	good = link_send(&stream, frame_put_request(stream.tx, &req.head, req.data));
	explicit_bzero(req.data, req.head.len);
	return good;
}

/* Give one message to the kernel, which checks it again; 0 or an errno. */
static int take_message(int fd, const struct frame *frame)
{
	struct uscard_message msg;
	const uint8_t *data;
	struct iovec iov[2];

	if (!frame_get_message(frame, &msg, &data))
		return EPROTO;
	iov[0] = (struct iovec){ &msg, sizeof(msg) };
	iov[1] = (struct iovec){ (void *)data, msg.len };
	/* ENOENT: the request was withdrawn meanwhile */
	return writev(fd, iov, msg.len ? 2 : 1) < 0 && errno != ENOENT ? errno : 0;
}

static int serve(int fd)
{
	struct pollfd p[2] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = stream.in, .events = POLLIN },
	};
	struct frame frame;
	int n, error;

	for (;;) {
		while ((n = link_next(&stream, &frame)) > 0) {
			error = take_message(fd, &frame);
			if (error)
				return protocol_error(strerror(error));
		}
		if (n < 0)
			return protocol_error("a frame of a wrong length");
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return EXIT_CARD;
		if (p[0].revents && !pass_request(fd))
			return EXIT_OK;
		if (p[1].revents && link_read(&stream) <= 0)
			return EXIT_OK;
	}
}

int cmd_attach(int argc, char **argv)
{
	struct uscard_create reader;
	struct frame_ready ready = { 0 };
	struct frame frame;
	int fd;

	if (argc > 1)
		return usage_error("%s takes no argument", argv[0]);
	signal(SIGPIPE, SIG_IGN);
	if (!link_wait(&stream, &frame))
		return protocol_error("no reader on standard input");
	/* an answer in our version says which one this is */
	if (frame_other_version(&frame))
		ready.error = EPROTONOSUPPORT;
	else if (!frame_get_hello(&frame, &reader))
		return protocol_error("no reader on standard input");
	fd = ready.error ? -(int)ready.error : create(&reader);
	if (fd < 0)
		ready.error = (uint32_t)-fd;
	else
		ready.minor = reader.minor[0];
	if (!link_send(&stream, frame_put_ready(stream.tx, &ready)) || fd < 0)
		return EXIT_CARD;
	return serve(fd);
}
