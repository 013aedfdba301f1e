/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Check the messages of the host and start their commands. */
#ifndef VREADER_CCID_MSG_H
#define VREADER_CCID_MSG_H

#include <stddef.h>
#include <stdint.h>

struct ccid;
struct fault;

unsigned int ccid_msg_busy_slots(const struct ccid *ccid);
/* Handle a complete message. */
void ccid_msg_handle(struct ccid *ccid, const uint8_t *msg, size_t len);
/* Refuse a message that does not become the command of a slot. */
void ccid_msg_refuse(struct ccid *ccid, const uint8_t *msg, uint8_t error, const struct fault *f);
/* The class request ABORT, with its wValue. Return 0 or a negative errno. */
int ccid_msg_abort_request(struct ccid *ccid, uint16_t value);

#endif
