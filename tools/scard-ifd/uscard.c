// SPDX-License-Identifier: GPL-2.0-or-later
/* The descriptor of /dev/uscard: requests are read, messages written. */
#include "uscard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "log.h"

static int fd = -1;

int uscard_open(const char *path, struct uscard_create *create)
{
	const struct uscard_create wanted = *create;

	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	create->flags |= USCARD_CREATE_PUBLIC;
	if (!ioctl(fd, USCARD_IOC_CREATE, create))
		return fd;
	*create = wanted;
	if (errno == EPERM && !ioctl(fd, USCARD_IOC_CREATE, create))
		return fd;
	return -errno;
}

void uscard_close(void)
{
	close(fd);
	fd = -1;
}

int uscard_read(struct uscard_job **job)
{
	static uint8_t buf[sizeof(struct uscard_request) + USCARD_MAX_DATA];
	ssize_t n = read(fd, buf, sizeof(buf));

	*job = NULL;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n < (ssize_t)sizeof(struct uscard_request))
		return -EIO;
	*job = malloc((size_t)n);
	if (*job)
		memcpy(*job, buf, (size_t)n);
	explicit_bzero(buf, (size_t)n);
	return *job ? 0 : -ENOMEM;
}

void uscard_free(struct uscard_job *job)
{
	if (job)
		explicit_bzero(job->data, job->head.len);
	free(job);
}

static int message(struct uscard_message *m, const uint8_t *data, size_t len)
{
	struct iovec parts[] = {
		{ m, sizeof(*m) }, { (void *)(uintptr_t)data, len },
	};

	m->len = (uint32_t)len;
	return writev(fd, parts, len ? 2 : 1) < 0 ? -errno : 0;
}

void uscard_answer(uint64_t id, uint32_t value, const uint8_t *data, size_t len)
{
	struct uscard_message m = { .id = id, .type = USCARD_ANSWER, .value = value };
	int ret = message(&m, data, len);

	/* ENOENT: the request is over; EMSGSIZE, EINVAL: the driver's answer is wrong */
	if (ret && ret != -ENOENT)
		uscard_answer_error(id, EIO);
}

void uscard_answer_error(uint64_t id, int error)
{
	struct uscard_message m = {
		.id = id, .type = USCARD_ANSWER, .error = (uint32_t)error,
	};

	message(&m, NULL, 0);
}

void uscard_more_time(uint64_t id, uint32_t ms)
{
	struct uscard_message m = { .id = id, .type = USCARD_MORE_TIME, .value = ms };

	message(&m, NULL, 0);
}

void uscard_event(unsigned int slot, bool present)
{
	struct uscard_message m = { .type = USCARD_EVENT, .slot = slot, .value = present };
	int ret = message(&m, NULL, 0);

	if (ret && ret != -EBADF)
		log_line("slot %u: the card cannot be reported: %s", slot, strerror(-ret));
}

void uscard_attr(unsigned int slot, uint32_t id, const uint8_t *data, size_t len)
{
	struct uscard_message m = { .type = USCARD_ATTR, .slot = slot, .value = id };

	message(&m, data, len);
}

void uscard_attr_remove(unsigned int slot, uint32_t id)
{
	struct uscard_message m = {
		.type = USCARD_ATTR, .slot = slot, .value = id, .error = EOPNOTSUPP,
	};

	message(&m, NULL, 0);
}
