/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Apply faults to answers. */
#ifndef VREADER_FAULT_ANSWER_H
#define VREADER_FAULT_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ccid;
struct fault;
struct slot;

/* Send an answer with its fault; @s may be NULL. False if it comes later or never. */
bool fault_answer(struct ccid *ccid, struct slot *s, const struct fault *f, const uint8_t *msg,
		  size_t len);
/* Begin the time extensions of a command. */
void fault_answer_extend(struct slot *s, const struct fault *f);
/* Drop faults and delayed answers of the command in progress. */
void fault_answer_cancel(struct slot *s);

#endif
