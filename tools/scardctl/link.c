// SPDX-License-Identifier: GPL-2.0-or-later
/* Buffers are cleared after use: commands have PINs. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "link.h"

/* Remove the last frame. */
static void drop(struct link *link)
{
	memmove(link->rx, link->rx + link->used, link->len - link->used);
	link->len -= link->used;
	explicit_bzero(link->rx + link->len, link->used);
	link->used = 0;
}

int link_read(struct link *link)
{
	ssize_t n;

	drop(link);
	if (link->len == sizeof(link->rx))
		return -EPROTO;
	n = read(link->in, link->rx + link->len, sizeof(link->rx) - link->len);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 1 : -errno;
	link->len += (size_t)n;
	return n > 0;
}

int link_next(struct link *link, struct frame *frame)
{
	int n;

	drop(link);
	n = frame_next(link->rx, link->len, frame);
	if (n > 0)
		link->used = (size_t)n;
	return n;
}

bool link_wait(struct link *link, struct frame *frame)
{
	int n;

	for (;;) {
		n = link_next(link, frame);
		if (n)
			return n > 0;
		if (link_read(link) <= 0)
			return false;
	}
}

bool link_send(struct link *link, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = write(link->out, link->tx + done, len - done);

		if (n < 0 && errno != EINTR)
			break;
		done += n > 0 ? (size_t)n : 0;
	}
	explicit_bzero(link->tx, len);
	return done == len;
}
