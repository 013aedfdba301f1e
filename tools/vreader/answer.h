/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of an answer, and time extensions. */
#ifndef VREADER_ANSWER_H
#define VREADER_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "command.h"

struct ccid;
struct slot;

/* bmICCStatus */
uint8_t answer_icc_status(const struct slot *s);
/* The default of byte 9. */
uint8_t answer_byte9(const struct slot *s);
void answer_header(struct slot *s, uint8_t h[CCID_HEADER], uint8_t status, uint8_t error,
		   uint8_t byte9);
/* Keep the answer for the fault "stale". */
void answer_remember(struct ccid *ccid, const uint8_t *msg, size_t len);
/* Send a time extension for the command in progress. */
void answer_extend(struct slot *s, uint8_t multiplier);

#endif
