// SPDX-License-Identifier: GPL-2.0-or-later
/* Pure functions: no input or output, no memory of their own. */
#include <errno.h>
#include <string.h>

#include "frame.h"

static const uint8_t magic[8] = "scardfwd";

/* Errnos as numbers of the connection; others become EIO. */
static const int errnos[] = {
	0, EIO, ENOMEDIUM, EREMOTEIO, EPROTONOSUPPORT, EOPNOTSUPP, ETIMEDOUT, ECANCELED,
	/* of READY */
	EACCES, EPERM, ENOENT, EUSERS, ENOSPC, ENOMEM, EINVAL,
};

#define ERRNOS	(sizeof(errnos) / sizeof(*errnos))

/* ---- numbers ---- */

/* Where to read or write next. A read past the end, and a value out of bounds, is an error. */
struct cursor {
	uint8_t *to;
	const uint8_t *from;
	size_t left;
	bool wrong;
};

static void put(struct cursor *c, uint64_t value, unsigned int bytes)
{
	for (; bytes; bytes--, value >>= 8)
		*c->to++ = value & 0xff;
}

static uint64_t get(struct cursor *c, unsigned int bytes)
{
	uint64_t value = 0;
	unsigned int i;

	if (c->left < bytes) {
		c->wrong = true;
		return 0;
	}
	for (i = 0; i < bytes; i++)
		value |= (uint64_t)c->from[i] << 8 * i;
	c->from += bytes;
	c->left -= bytes;
	return value;
}

static uint32_t get32(struct cursor *c)
{
	return (uint32_t)get(c, 4);
}

/* A number that has to be at least @min and at most @max */
static uint32_t get_within(struct cursor *c, uint32_t min, uint32_t max)
{
	uint32_t value = get32(c);

	if (value < min || value > max)
		c->wrong = true;
	return value;
}

static void put_bytes(struct cursor *c, const void *from, size_t len)
{
	if (len)
		memcpy(c->to, from, len);
	c->to += len;
}

static const uint8_t *get_bytes(struct cursor *c, size_t len)
{
	const uint8_t *from = c->from;

	if (c->left < len) {
		c->wrong = true;
		return NULL;
	}
	c->from += len;
	c->left -= len;
	return from;
}

static void put_errno(struct cursor *c, uint32_t error)
{
	uint32_t i;

	for (i = 0; i < ERRNOS && errnos[i] != (int)error; i++)
		;
	put(c, i < ERRNOS ? i : 1, 4);
}

static uint32_t get_errno(struct cursor *c)
{
	uint32_t i = get_within(c, 0, ERRNOS - 1);

	return i < ERRNOS ? (uint32_t)errnos[i] : EIO;
}

/* ---- frames ---- */

static struct cursor begin(uint8_t *buf, unsigned int type)
{
	struct cursor c = { .to = buf + 4 };

	put(&c, type, 1);
	return c;
}

static size_t end(uint8_t *buf, const struct cursor *c)
{
	struct cursor length = { .to = buf };

	put(&length, (uint64_t)(c->to - buf - 4), 4);
	return (size_t)(c->to - buf);
}

static struct cursor reading(const struct frame *frame, unsigned int type)
{
	return (struct cursor){ .from = frame->payload, .left = frame->len,
				.wrong = frame->type != type };
}

/* Was all of it read, and is it valid? */
static bool good(const struct cursor *c)
{
	return !c->wrong && !c->left;
}

int frame_next(const uint8_t *buf, size_t len, struct frame *frame)
{
	struct cursor c = { .from = buf, .left = len };
	uint32_t length;

	if (len < 4)
		return 0;
	length = get32(&c);
	if (!length || length > 1 + FRAME_PAYLOAD)
		return -1;
	if (c.left < length)
		return 0;
	frame->type = (unsigned int)get(&c, 1);
	frame->payload = c.from;
	frame->len = length - 1;
	return (int)(4 + length);
}

/* ---- HELLO and READY ---- */

static void put_magic(struct cursor *c)
{
	put_bytes(c, magic, sizeof(magic));
	put(c, FRAME_VERSION, 4);
}

static void get_magic(struct cursor *c)
{
	const uint8_t *m = get_bytes(c, sizeof(magic));

	if (!m || memcmp(m, magic, sizeof(magic)) || get32(c) != FRAME_VERSION)
		c->wrong = true;
}

bool frame_other_version(const struct frame *frame)
{
	struct cursor c = { .from = frame->payload, .left = frame->len };
	const uint8_t *m = get_bytes(&c, sizeof(magic));

	return (frame->type == FRAME_HELLO || frame->type == FRAME_READY) && m &&
	       !memcmp(m, magic, sizeof(magic)) && get32(&c) != FRAME_VERSION && !c.wrong;
}

size_t frame_put_hello(uint8_t *buf, const struct uscard_create *reader)
{
	struct cursor c = begin(buf, FRAME_HELLO);
	int i;

	put_magic(&c);
	put(&c, 1, 4);		/* slots */
	put(&c, reader->protocols, 4);
	put(&c, reader->max_apdu, 4);
	put(&c, reader->pin_codes, 4);
	for (i = 0; i < USCARD_MAX_PIN_CODES; i++)
		put(&c, reader->pin_code[i], 4);
	put(&c, reader->vendor_id, 2);
	put(&c, reader->product_id, 2);
	put_bytes(&c, reader->manufacturer, SCARD_STRING_SIZE);
	put_bytes(&c, reader->product, SCARD_STRING_SIZE);
	put_bytes(&c, reader->interface_name, SCARD_STRING_SIZE);
	put_bytes(&c, reader->serial, SCARD_STRING_SIZE);
	return end(buf, &c);
}

static void get_string(struct cursor *c, char *to)
{
	const uint8_t *from = get_bytes(c, SCARD_STRING_SIZE);

	if (!from || !memchr(from, 0, SCARD_STRING_SIZE))
		c->wrong = true;
	else
		memcpy(to, from, SCARD_STRING_SIZE);
}

bool frame_get_hello(const struct frame *frame, struct uscard_create *reader)
{
	struct cursor c = reading(frame, FRAME_HELLO);
	int i;

	memset(reader, 0, sizeof(*reader));
	get_magic(&c);
	reader->slots = get_within(&c, 1, 1);
	reader->busy_slots = reader->slots;
	reader->protocols = get_within(&c, 1, SCARD_PROTO_T0 | SCARD_PROTO_T1);
	reader->max_apdu = get_within(&c, 261, SCARD_COMMAND_MAX);
	reader->pin_codes = get_within(&c, 0, USCARD_MAX_PIN_CODES);
	for (i = 0; i < USCARD_MAX_PIN_CODES; i++)
		reader->pin_code[i] = get32(&c);
	reader->vendor_id = (uint16_t)get(&c, 2);
	reader->product_id = (uint16_t)get(&c, 2);
	get_string(&c, reader->manufacturer);
	get_string(&c, reader->product);
	get_string(&c, reader->interface_name);
	get_string(&c, reader->serial);
	return good(&c);
}

size_t frame_put_ready(uint8_t *buf, const struct frame_ready *ready)
{
	struct cursor c = begin(buf, FRAME_READY);

	put_magic(&c);
	put_errno(&c, ready->error);
	put(&c, ready->minor, 4);
	return end(buf, &c);
}

bool frame_get_ready(const struct frame *frame, struct frame_ready *ready)
{
	struct cursor c = reading(frame, FRAME_READY);

	get_magic(&c);
	ready->error = get_errno(&c);
	ready->minor = get_within(&c, 0, (1U << 20) - 1);
	return good(&c);
}

/* ---- requests and messages ---- */

size_t frame_put_request(uint8_t *buf, const struct uscard_request *req, const uint8_t *data)
{
	struct cursor c = begin(buf, FRAME_REQUEST);

	put(&c, req->id, 8);
	put(&c, req->arg64, 8);
	put(&c, req->op, 4);
	put(&c, req->arg, 4);
	put(&c, req->timeout_ms, 4);
	put(&c, req->room, 4);
	put(&c, req->len, 4);
	put_bytes(&c, data, req->len);
	return end(buf, &c);
}

/* ABORT and SUSPEND have no id; other requests have one. */
static bool request_agrees(const struct uscard_request *req)
{
	bool told = req->op == USCARD_ABORT || req->op == USCARD_SUSPEND;

	return !req->id == told && !req->arg64 == (req->op != USCARD_ABORT) &&
	       (!req->len || req->op == USCARD_TRANSMIT || req->op == USCARD_CONTROL);
}

bool frame_get_request(const struct frame *frame, struct uscard_request *req, const uint8_t **data)
{
	struct cursor c = reading(frame, FRAME_REQUEST);

	memset(req, 0, sizeof(*req));
	req->id = get(&c, 8);
	req->arg64 = get(&c, 8);
	req->op = get_within(&c, USCARD_POWER_ON, USCARD_SUSPEND);
	req->arg = get32(&c);
	req->timeout_ms = get32(&c);
	req->room = get_within(&c, 0, USCARD_MAX_DATA);
	req->len = get_within(&c, 0, USCARD_MAX_DATA);
	*data = get_bytes(&c, req->len);
	return good(&c) && request_agrees(req);
}

size_t frame_put_message(uint8_t *buf, const struct uscard_message *msg, const uint8_t *data)
{
	struct cursor c = begin(buf, FRAME_MESSAGE);

	put(&c, msg->id, 8);
	put(&c, msg->type, 4);
	put_errno(&c, msg->error);
	put(&c, msg->value, 4);
	put(&c, msg->len, 4);
	put_bytes(&c, data, msg->len);
	return end(buf, &c);
}

static bool message_agrees(const struct uscard_message *msg)
{
	switch (msg->type) {
	case USCARD_ANSWER:
		return msg->id && !(msg->error && (msg->value || msg->len));
	case USCARD_MORE_TIME:
		return msg->id && msg->value && !msg->error && !msg->len;
	default:
		return !msg->id && msg->value <= 1 && !msg->error && !msg->len;
	}
}

bool frame_get_message(const struct frame *frame, struct uscard_message *msg, const uint8_t **data)
{
	struct cursor c = reading(frame, FRAME_MESSAGE);

	memset(msg, 0, sizeof(*msg));
	msg->id = get(&c, 8);
	msg->type = get_within(&c, USCARD_ANSWER, USCARD_EVENT);
	msg->error = get_errno(&c);
	msg->value = get32(&c);
	msg->len = get_within(&c, 0, USCARD_MAX_DATA);
	*data = get_bytes(&c, msg->len);
	return good(&c) && message_agrees(msg);
}
