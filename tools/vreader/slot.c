// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "slot.h"

#include <string.h>

#include "answer.h"
#include "bytes.h"
#include "ccid_send.h"
#include "event.h"
#include "fault_answer.h"

bool slot_send(struct ccid *ccid, struct slot *s, const uint8_t header[CCID_HEADER],
	       const uint8_t *data, size_t len, const struct fault *f)
{
	uint8_t *m = ccid->in;
	bool sent = true;

	memcpy(m, header, CCID_HEADER);
	put_le32(m + 1, (uint32_t)len);
	if (len)
		memcpy(m + CCID_HEADER, data, len);
	if (f)
		sent = fault_answer(ccid, s, f, m, CCID_HEADER + len);
	else
		ccid_send(ccid, m, CCID_HEADER + len);
	answer_remember(ccid, m, CCID_HEADER + len);
	return sent;
}

void slot_reply(struct slot *s, uint8_t status, uint8_t error, uint8_t byte9, const uint8_t *data,
		size_t len)
{
	const struct fault *f = s->fault;
	uint8_t h[CCID_HEADER];

	s->fault = NULL;
	answer_header(s, h, status, error, byte9);
	s->busy = !slot_send(s->ccid, s, h, data, len, f);
	event_happened();
}

void slot_ok(struct slot *s, const uint8_t *data, size_t len)
{
	slot_reply(s, CMD_OK, 0, answer_byte9(s), data, len);
}

void slot_fail(struct slot *s, uint8_t error)
{
	slot_reply(s, CMD_FAILED, error, answer_byte9(s), NULL, 0);
}

void slot_reset_exchange(struct slot *s)
{
	s->chaining = false;
	s->chain_in_len = 0;
	s->chain_more = false;
	s->bytes_len = 0;
	s->want = 0;
}

void slot_end_pin(struct slot *s)
{
	timer_cancel(&s->pin.timeout);
	explicit_bzero(&s->pin, sizeof(s->pin));
}

void slot_cancel(struct slot *s)
{
	s->was_busy = s->busy;
	s->busy = false;
	fault_answer_cancel(s);
	slot_end_pin(s);
	if (s->card)
		card_cancel(s->card);
	slot_reset_exchange(s);
}
