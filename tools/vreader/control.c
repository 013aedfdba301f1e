// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bytes.h"
#include "control_cmd.h"
#include "event.h"
#include "loop.h"
#include "timer.h"

struct client {
	struct client *next;
	struct watch watch;
	char in[4096];
	size_t in_len;
	char *out;
	size_t out_len;
	bool waiting, dead;
	struct wait_condition wait;
	struct timer timeout;
};

static void accept_ready(struct watch *w, uint32_t events);

static struct watch listener = { .fd = -1, .ready = accept_ready };
static char listen_path[sizeof(((struct sockaddr_un *)0)->sun_path)];
static struct client *clients;
static bool quitting, event_pending;

static void client_free(struct client *c)
{
	for (struct client **p = &clients; *p; p = &(*p)->next) {
		if (*p == c) {
			*p = c->next;
			break;
		}
	}
	loop_del(&c->watch);
	timer_cancel(&c->timeout);
	close(c->watch.fd);
	free(c->out);
	free(c);
}

static void client_flush(struct client *c)
{
	ssize_t n = send(c->watch.fd, c->out, c->out_len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		c->dead = true;
		return;
	}
	if (n > 0) {
		c->out_len -= (size_t)n;
		memmove(c->out, c->out + n, c->out_len);
	}
	loop_change(&c->watch, c->out_len ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void client_send(struct client *c, const char *text, size_t len)
{
	char *bigger = realloc(c->out, c->out_len + len);

	if (!bigger) {
		c->dead = true;
		return;
	}
	c->out = bigger;
	memcpy(c->out + c->out_len, text, len);
	c->out_len += len;
	client_flush(c);
}

static void wait_over(struct client *c, const char *reply)
{
	c->waiting = false;
	timer_cancel(&c->timeout);
	client_send(c, reply, strlen(reply));
}

static void timeout_fired(struct timer *t)
{
	wait_over(container_of(t, struct client, timeout), "ERR timeout\n");
}

static void check_waiters(struct timer *t)
{
	(void)t;
	event_pending = false;
	for (struct client *c = clients; c; c = c->next)
		if (c->waiting && control_cmd_condition(&c->wait))
			wait_over(c, "OK\n");
}

/* Check the conditions later, when the event is complete and its answer is sent. */
static void check_soon(void)
{
	static struct timer soon;

	if (event_pending)
		return;
	for (struct client *c = clients; c; c = c->next) {
		if (c->waiting) {
			event_pending = true;
			timer_arm(&soon, 0, check_waiters);
			return;
		}
	}
}

static void request(struct client *c, char *line)
{
	enum control_result r;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out) {
		c->dead = true;
		return;
	}
	r = control_cmd_run(line, out, &c->wait);
	fclose(out);
	if (r == CONTROL_WAIT) {
		if (control_cmd_condition(&c->wait)) {
			client_send(c, "OK\n", 3);
		} else {
			c->waiting = true;
			timer_arm(&c->timeout, c->wait.timeout_ms * 1000ULL, timeout_fired);
		}
	} else {
		client_send(c, text, len);
	}
	free(text);
	if (r == CONTROL_QUIT) {
		quitting = true;
		loop_stop();
	}
}

static void client_lines(struct client *c)
{
	char *end;

	while (!c->waiting && !c->dead && !quitting && (end = memchr(c->in, '\n', c->in_len))) {
		char line[sizeof(c->in)];
		size_t len = (size_t)(end - c->in);

		memcpy(line, c->in, len);
		line[len] = 0;
		c->in_len -= len + 1;
		memmove(c->in, end + 1, c->in_len);
		request(c, line);
	}
}

static void client_ready(struct watch *w, uint32_t events)
{
	struct client *c = container_of(w, struct client, watch);
	ssize_t n;

	if (events & EPOLLOUT)
		client_flush(c);
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		n = recv(w->fd, c->in + c->in_len, sizeof(c->in) - c->in_len, MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR) ||
		    c->in_len == sizeof(c->in))
			c->dead = true;
		else if (n > 0)
			c->in_len += (size_t)n;
	}
	client_lines(c);
	if (c->dead)
		client_free(c);
}

static void accept_ready(struct watch *w, uint32_t events)
{
	struct client *c;
	int fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC);

	(void)events;
	if (fd < 0)
		return;
	c = calloc(1, sizeof(*c));
	if (!c) {
		close(fd);
		return;
	}
	c->watch.fd = fd;
	c->watch.ready = client_ready;
	c->next = clients;
	clients = c;
	loop_add(&c->watch, EPOLLIN);
}

/* A killed vreader leaves a socket that refuses connections. */
static bool in_use(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool answered;

	if (fd < 0)
		return false;
	answered = !connect(fd, (const struct sockaddr *)addr, sizeof(*addr));
	close(fd);
	return answered;
}

bool control_open(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if ((size_t)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path) >=
	    sizeof(addr.sun_path)) {
		fprintf(stderr, "vreader: %s: too long for a socket\n", path);
		return false;
	}
	if (in_use(&addr)) {
		fprintf(stderr, "vreader: %s: in use by another vreader, see --control\n", path);
		return false;
	}
	unlink(path);
	listener.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener.fd < 0 || bind(listener.fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    listen(listener.fd, 16) || loop_add(&listener, EPOLLIN)) {
		fprintf(stderr, "vreader: %s: %s\n", path, strerror(errno));
		return false;
	}
	strcpy(listen_path, path);
	event_listen(check_soon);
	return true;
}

void control_close(void)
{
	while (clients)
		client_free(clients);
	if (listener.fd >= 0)
		close(listener.fd);
	listener.fd = -1;
	if (listen_path[0])
		unlink(listen_path);
}
