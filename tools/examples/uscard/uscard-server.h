/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A reader with one slot in this process, see <linux/uscard.h>. Copy this header into your
 * program: it needs no library.
 *
 *	struct uscard_server s = { .atr = atr, .atr_len = sizeof(atr), .protocol = SCARD_PROTO_T1,
 *				   .transmit = my_transmit };
 *
 *	uscard_server_open(&s, "Maker", "Product");
 *	uscard_server_event(&s, true);
 *	while (!uscard_server_serve(&s))
 *		;
 *
 * Each function returns 0 or a negative errno.
 */
#ifndef USCARD_SERVER_H
#define USCARD_SERVER_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>
#include <linux/uscard.h>

/**
 * struct uscard_server - the reader and its card
 * @fd: from uscard_server_open(), for poll(): POLLIN tells that uscard_server_serve() will not
 *	wait. Its close() unplugs the reader.
 * @minor: from uscard_server_open(): number N of /dev/scardN
 * @atr: answer to reset
 * @atr_len: its length
 * @protocol: protocol of @atr, SCARD_PROTO_T0 or SCARD_PROTO_T1
 * @transmit: write the answer to a command, with SW1 SW2, to @answer, which has room for
 *	SCARD_ANSWER_MAX bytes; return its length
 * @reset: forget the state (selected files, verified PIN): the card is reset, or its power
 *	changes. May be NULL
 * @card: argument of @transmit and @reset
 */
struct uscard_server {
	int fd;
	uint32_t minor;
	const uint8_t *atr;
	uint32_t atr_len;
	uint32_t protocol;
	uint32_t (*transmit)(void *card, const uint8_t *command, uint32_t len, uint8_t *answer);
	void (*reset)(void *card);
	void *card;
};

/* Make the reader; its slot is empty. */
static inline int uscard_server_open(struct uscard_server *s, const char *manufacturer,
				     const char *product)
{
	struct uscard_create arg = {
		.slots = 1,
		.busy_slots = 1,
		.protocols = SCARD_PROTO_T0 | SCARD_PROTO_T1,
		.max_apdu = SCARD_COMMAND_MAX,
	};
	int error;

	snprintf(arg.manufacturer, sizeof(arg.manufacturer), "%s", manufacturer);
	snprintf(arg.product, sizeof(arg.product), "%s", product);
	s->fd = open("/dev/uscard", O_RDWR | O_CLOEXEC);
	if (s->fd < 0)
		return -errno;
	if (ioctl(s->fd, USCARD_IOC_CREATE, &arg)) {
		error = -errno;
		close(s->fd);
		return error;
	}
	s->minor = arg.minor[0];
	return 0;
}

static inline int uscard_server_write(const struct uscard_server *s,
				      const struct uscard_message *msg, const void *data)
{
	struct iovec iov[2] = { { (void *)msg, sizeof(*msg) }, { (void *)data, msg->len } };

	return writev(s->fd, iov, msg->len ? 2 : 1) < 0 ? -errno : 0;
}

/* Insert or remove the card. */
static inline int uscard_server_event(const struct uscard_server *s, bool present)
{
	struct uscard_message msg = { .type = USCARD_EVENT, .value = present };

	return uscard_server_write(s, &msg, NULL);
}

/* Read one request, waiting for it, and answer it. */
static inline int uscard_server_serve(const struct uscard_server *s)
{
	static struct {
		struct uscard_request head;
		uint8_t data[USCARD_MAX_DATA];
	} req;
	static uint8_t answer[SCARD_ANSWER_MAX];
	struct uscard_message msg = { .type = USCARD_ANSWER };
	const void *data = answer;
	int ret;

	if (read(s->fd, &req, sizeof(req)) < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	msg.id = req.head.id;
	if (!msg.id)
		return 0;	/* ABORT, SUSPEND: nothing takes long here */
	switch (req.head.op) {
	case USCARD_POWER_ON:
	case USCARD_RESET:
	case USCARD_POWER_OFF:
		if (s->reset)
			s->reset(s->card);
		if (req.head.op == USCARD_POWER_OFF)
			break;
		data = s->atr;
		msg.len = s->atr_len;
		break;
	case USCARD_SET_PROTOCOL:
		if (req.head.arg & s->protocol)
			msg.value = s->protocol;
		else
			msg.error = EPROTONOSUPPORT;
		break;
	case USCARD_TRANSMIT:
		msg.len = s->transmit(s->card, req.data, req.head.len, answer);
		break;
	default:
		msg.error = EOPNOTSUPP;
	}
	ret = uscard_server_write(s, &msg, data);
	/* they may have had a PIN or a key */
	explicit_bzero(req.data, req.head.len);
	explicit_bzero(answer, sizeof(answer));
	/* ENOENT: the caller has not waited so long, or the card was removed */
	return ret == -ENOENT ? 0 : ret;
}

#endif
