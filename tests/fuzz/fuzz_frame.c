// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Frames of scardctl forward and attach, from an end that is not trusted: one that is accepted has
 * values within the bounds, and is byte for byte what the other end makes of them.
 */
#include <string.h>

#include "fuzz.h"
#include "frame.h"

static uint8_t again[FRAME_MAX];

static bool hello(const struct frame *frame, size_t *len)
{
	struct uscard_create reader;

	if (!frame_get_hello(frame, &reader))
		return false;
	HOLDS(reader.slots == 1 && reader.busy_slots == 1 && !reader.flags && !reader.features);
	HOLDS(reader.pin_codes <= USCARD_MAX_PIN_CODES && reader.max_apdu <= SCARD_COMMAND_MAX);
	HOLDS(strlen(reader.manufacturer) < SCARD_STRING_SIZE);
	HOLDS(strlen(reader.serial) < SCARD_STRING_SIZE);
	*len = frame_put_hello(again, &reader);
	return true;
}

static bool ready(const struct frame *frame, size_t *len)
{
	struct frame_ready r;

	if (!frame_get_ready(frame, &r))
		return false;
	*len = frame_put_ready(again, &r);
	return true;
}

static bool request(const struct frame *frame, size_t *len)
{
	struct uscard_request req;
	const uint8_t *data;

	if (!frame_get_request(frame, &req, &data))
		return false;
	HOLDS(req.op >= USCARD_POWER_ON && req.op <= USCARD_SUSPEND && !req.slot);
	HOLDS(req.len <= USCARD_MAX_DATA && data + req.len == frame->payload + frame->len);
	*len = frame_put_request(again, &req, data);
	return true;
}

static bool message(const struct frame *frame, size_t *len)
{
	struct uscard_message msg;
	const uint8_t *data;

	if (!frame_get_message(frame, &msg, &data))
		return false;
	HOLDS(msg.type >= USCARD_ANSWER && msg.type <= USCARD_EVENT && !msg.slot);
	HOLDS(msg.len <= USCARD_MAX_DATA && data + msg.len == frame->payload + frame->len);
	*len = frame_put_message(again, &msg, data);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
	struct input in = { data, data_len };
	u8 *buf = take_copy(&in, data_len);
	struct frame frame;
	size_t len = 0;
	int n = frame_next(buf, data_len, &frame), accepted;

	HOLDS(n <= (int)data_len && n <= (int)FRAME_MAX && (n <= 0 || n >= FRAME_HEAD));
	if (n > 0) {
		HOLDS(frame.payload == buf + FRAME_HEAD && frame.len == (size_t)n - FRAME_HEAD);
		accepted = hello(&frame, &len) + ready(&frame, &len) + request(&frame, &len) +
			   message(&frame, &len);
		HOLDS(accepted <= 1);
		HOLDS(!accepted || !frame_other_version(&frame));
		HOLDS(!accepted || (len == (size_t)n && !memcmp(again, buf, len)));
	}
	free(buf);
	return 0;
}
