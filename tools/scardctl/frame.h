/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * frame.c: the connection between forward and attach, as bytes.
 *
 * A frame is its length (of type and payload), its type, its payload; all numbers are little
 * endian. The first one of each side has the version. Then attach sends the requests of
 * <linux/uscard.h>, and forward sends messages. Errnos have numbers of their own, as those of
 * two architectures may differ. Neither end trusts the other: each frame that is not exactly as
 * it must be ends the connection.
 */
#ifndef FRAME_H
#define FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/uscard.h>

#define FRAME_VERSION	1

/* Length and type */
#define FRAME_HEAD	5
/* Longest payload, and longest frame */
#define FRAME_PAYLOAD	(sizeof(struct uscard_request) + USCARD_MAX_DATA)
#define FRAME_MAX	(FRAME_HEAD + FRAME_PAYLOAD)

enum {
	FRAME_HELLO = 1,	/* forward: the reader */
	FRAME_READY = 2,	/* attach: it is there, or why it is not */
	FRAME_REQUEST = 3,	/* attach */
	FRAME_MESSAGE = 4,	/* forward */
};

struct frame {
	unsigned int type;
	const uint8_t *payload;
	size_t len;
};

/* The answer to HELLO */
struct frame_ready {
	uint32_t error;		/* 0 or an errno */
	uint32_t minor;		/* N of /dev/scardN there */
};

/*
 * The frame at the start of @len bytes at @buf: its length in bytes, 0 if more of it has to come,
 * or -1 if it is none.
 */
int frame_next(const uint8_t *buf, size_t len, struct frame *frame);

/* Make a frame at @buf, which has FRAME_MAX bytes: its length */
size_t frame_put_hello(uint8_t *buf, const struct uscard_create *reader);
size_t frame_put_ready(uint8_t *buf, const struct frame_ready *ready);
size_t frame_put_request(uint8_t *buf, const struct uscard_request *req, const uint8_t *data);
size_t frame_put_message(uint8_t *buf, const struct uscard_message *msg, const uint8_t *data);

/* Take a frame apart; false if it is not valid. @data points into the frame. */
bool frame_get_hello(const struct frame *frame, struct uscard_create *reader);
bool frame_get_ready(const struct frame *frame, struct frame_ready *ready);
bool frame_get_request(const struct frame *frame, struct uscard_request *req, const uint8_t **data);
bool frame_get_message(const struct frame *frame, struct uscard_message *msg, const uint8_t **data);

/* A HELLO or READY of another version, which the other three say is not valid */
bool frame_other_version(const struct frame *frame);

#endif
