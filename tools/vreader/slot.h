/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command in progress of a slot. */
#ifndef VREADER_SLOT_H
#define VREADER_SLOT_H

#include "reader.h"
#include "violation.h"

#define slot_violation(s, ...) \
	violation_add((s)->ccid->index, (s)->index, __VA_ARGS__)

/* Send an answer, with the fault @f unless NULL. False if it comes later or never. */
bool slot_send(struct ccid *ccid, struct slot *s, const uint8_t header[CCID_HEADER],
	       const uint8_t *data, size_t len, const struct fault *f);

/* Answer the command in progress. */
void slot_reply(struct slot *s, uint8_t status, uint8_t error, uint8_t byte9, const uint8_t *data,
		size_t len);
void slot_ok(struct slot *s, const uint8_t *data, size_t len);
void slot_fail(struct slot *s, uint8_t error);

/* End the command in progress without an answer; s->was_busy says whether there was one. */
void slot_cancel(struct slot *s);
/* Forget the pieces of a chained command or response. */
void slot_reset_exchange(struct slot *s);
/* End the PIN entry and clear its digits. */
void slot_end_pin(struct slot *s);

#endif
