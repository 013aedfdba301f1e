// SPDX-License-Identifier: GPL-2.0-or-later
#include "answer.h"

#include <string.h>

#include "ccid_send.h"
#include "fault.h"
#include "reader.h"

uint8_t answer_icc_status(const struct slot *s)
{
	if (!s->card)
		return 2;
	return s->powered ? 0 : 1;
}

uint8_t answer_byte9(const struct slot *s)
{
	const struct command_info *info = command_by_type(s->type);

	if (info->reply == RDR_SLOTSTATUS)
		return s->card && s->powered ? s->clock_stopped : 1;
	if (info->reply == RDR_PARAMETERS)
		return s->proto;
	return 0;
}

void answer_header(struct slot *s, uint8_t h[CCID_HEADER], uint8_t status, uint8_t error,
		   uint8_t byte9)
{
	memset(h, 0, CCID_HEADER);
	h[0] = command_by_type(s->type)->reply;
	h[5] = s->index;
	h[6] = s->seq;
	h[7] = (uint8_t)(status | answer_icc_status(s));
	h[8] = error;
	h[9] = byte9;
	if (h[7] & 3)
		s->told_unpowered = true;
}

void answer_remember(struct ccid *ccid, const uint8_t *msg, size_t len)
{
	if (!fault_count())
		return;
	memcpy(ccid->last_in, msg, len);
	ccid->last_in_len = len;
}

void answer_extend(struct slot *s, uint8_t multiplier)
{
	uint8_t m[CCID_HEADER];

	answer_header(s, m, CMD_TIME_EXTENSION, multiplier, answer_byte9(s));
	ccid_send(s->ccid, m, sizeof(m));
	answer_remember(s->ccid, m, sizeof(m));
}
