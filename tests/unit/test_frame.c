// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames between scardctl forward and attach. */
#include <errno.h>
#include <string.h>

#include "../tap.h"
#include "frame.h"

static uint8_t buf[FRAME_MAX];
static struct frame frame;

static const struct uscard_create reader = {
	.slots = 1, .busy_slots = 1, .protocols = SCARD_PROTO_T1, .max_apdu = 261, .pin_codes = 1,
	.pin_code = { 0x42330006 }, .vendor_id = 0x1209, .product_id = 1,
	.manufacturer = "Maker", .product = "Product", .serial = "1",
};

static const struct uscard_request request = {
	.id = 7, .op = USCARD_TRANSMIT, .arg = SCARD_PROTO_T1, .timeout_ms = 30000, .room = 258,
	.len = 5,
};

static const struct uscard_message message = { .id = 7, .type = USCARD_ANSWER, .len = 2 };

/* The frame at @buf, which is whole */
static void next(size_t len)
{
	CHECK_EQ(frame_next(buf, len, &frame), len);
}

static void round_trips(void)
{
	struct uscard_create create;
	struct uscard_request req;
	struct uscard_message msg;
	struct frame_ready ready;
	const uint8_t *data;

	tap_test("frame: a reader and its arrival");
	next(frame_put_hello(buf, &reader));
	CHECK(frame_get_hello(&frame, &create) && !memcmp(&create, &reader, sizeof(reader)));
	CHECK(!frame_get_ready(&frame, &ready));
	next(frame_put_ready(buf, &(struct frame_ready){ .error = EUSERS, .minor = 3 }));
	CHECK(frame_get_ready(&frame, &ready) && ready.error == EUSERS && ready.minor == 3);

	tap_test("frame: a request and its answer");
	next(frame_put_request(buf, &request, (const uint8_t *)"\x00\xa4\x00\x00\x00"));
	CHECK(frame_get_request(&frame, &req, &data) && !memcmp(&req, &request, sizeof(req)));
	CHECK(!memcmp(data, "\x00\xa4\x00\x00\x00", 5));
	CHECK(!frame_get_message(&frame, &msg, &data));
	next(frame_put_message(buf, &message, (const uint8_t *)"\x90\x00"));
	CHECK(frame_get_message(&frame, &msg, &data) && !memcmp(&msg, &message, sizeof(msg)));
	CHECK(!memcmp(data, "\x90\x00", 2));
}

static void sizes(void)
{
	static uint8_t large[USCARD_MAX_DATA];
	struct uscard_request req = request;
	const uint8_t *data;
	size_t len, i;

	tap_test("frame: the largest one");
	req.len = sizeof(large);
	len = frame_put_request(buf, &req, large);
	CHECK(len <= FRAME_MAX);
	next(len);
	CHECK(frame_get_request(&frame, &req, &data) && req.len == sizeof(large));

	tap_test("frame: it comes in pieces");
	len = frame_put_hello(buf, &reader);
	for (i = 0; i < len; i++)
		CHECK_EQ(frame_next(buf, i, &frame), 0);

	tap_test("frame: lengths of none");
	memset(buf, 0, 4);
	CHECK_EQ(frame_next(buf, 4, &frame), -1);
	memset(buf, 0xff, 4);
	CHECK_EQ(frame_next(buf, 4, &frame), -1);
}

/* A changed byte at @at of the payload makes the frame invalid. */
static bool refused(size_t len, size_t at, uint8_t value)
{
	struct uscard_create create;
	struct uscard_request req;
	struct uscard_message msg;
	struct frame_ready ready;
	const uint8_t *data;

	buf[FRAME_HEAD + at] = value;
	next(len);
	return !frame_get_hello(&frame, &create) && !frame_get_ready(&frame, &ready) &&
	       !frame_get_request(&frame, &req, &data) && !frame_get_message(&frame, &msg, &data);
}

static void bounds(void)
{
	static const uint8_t apdu[5], sw[2];
	size_t len;

	tap_test("frame: readers that are refused");
	CHECK(refused(frame_put_hello(buf, &reader), 0, 'S'));
	CHECK(refused(frame_put_hello(buf, &reader), 12, 2));		/* slots */
	CHECK(refused(frame_put_hello(buf, &reader), 16, 4));		/* protocols */
	CHECK(refused(frame_put_hello(buf, &reader), 16, 0));
	CHECK(refused(frame_put_hello(buf, &reader), 20, 4));		/* max_apdu */
	CHECK(refused(frame_put_hello(buf, &reader), 24, 9));		/* pin_codes */
	len = frame_put_hello(buf, &reader);
	memset(buf + len - SCARD_STRING_SIZE, 'x', SCARD_STRING_SIZE);
	CHECK(refused(len, 0, 's'));					/* no NUL */

	tap_test("frame: another version");
	CHECK(refused(frame_put_hello(buf, &reader), 8, 2));
	CHECK(frame_other_version(&frame));
	next(frame_put_hello(buf, &reader));
	CHECK(!frame_other_version(&frame));

	tap_test("frame: requests that are refused");
	CHECK(refused(frame_put_request(buf, &request, apdu), 0, 0));	/* id 0 */
	CHECK(refused(frame_put_request(buf, &request, apdu), 8, 1));	/* arg64 */
	CHECK(refused(frame_put_request(buf, &request, apdu), 16, 0));	/* op */
	CHECK(refused(frame_put_request(buf, &request, apdu), 16, 10));
	CHECK(refused(frame_put_request(buf, &request, apdu), 16, USCARD_RESET));
	CHECK(refused(frame_put_request(buf, &request, apdu), 32, 4));	/* len */
	CHECK(refused(frame_put_request(buf, &request, apdu), 32, 6));

	tap_test("frame: messages that are refused");
	CHECK(refused(frame_put_message(buf, &message, sw), 0, 0));
	CHECK(refused(frame_put_message(buf, &message, sw), 8, USCARD_ATTR));
	CHECK(refused(frame_put_message(buf, &message, sw), 8, USCARD_EVENT));
	CHECK(refused(frame_put_message(buf, &message, sw), 12, 1));	/* error and data */
	CHECK(refused(frame_put_message(buf, &message, sw), 12, 200));
	CHECK(refused(frame_put_message(buf, &message, sw), 20, 3));	/* len */
}

static void errnos(void)
{
	struct uscard_message msg = { .id = 1, .type = USCARD_ANSWER, .error = ESTALE };
	const uint8_t *data;

	tap_test("frame: errnos that the other end does not know are EIO");
	next(frame_put_message(buf, &msg, NULL));
	CHECK(frame_get_message(&frame, &msg, &data) && msg.error == EIO);
}

int main(void)
{
	round_trips();
	sizes();
	bounds();
	errnos();
	return tap_end();
}
