/* SPDX-License-Identifier: GPL-2.0 */
#ifndef USCARD_CALL_H
#define USCARD_CALL_H

#include "user.h"

bool uscard_call_enters_pin(const struct uscard_reader *reader, u32 code);

/* for the owner of the turn, and the core's worker */
int uscard_call(struct uscard_slot *slot, struct uscard_req *req, u32 op, u32 arg,
		unsigned int timeout_ms);
int uscard_call_finish(struct uscard_slot *slot, struct uscard_req *req, unsigned int grace_ms);
void uscard_call_abandon(struct uscard_slot *slot, struct uscard_req *req);
void uscard_call_stop(struct uscard_reader *reader, int error);
void uscard_call_suspend(struct uscard_reader *reader);

enum scard_icc uscard_call_icc(struct uscard_slot *slot, bool asked);

/* for the server */
bool uscard_call_pending(struct uscard_reader *reader);
int uscard_call_read(struct uscard_reader *reader, struct uscard_request *head, u8 *data,
		     u32 size, size_t count);
void uscard_call_unread(struct uscard_reader *reader, const struct uscard_request *head);
int uscard_call_answer(struct uscard_reader *reader, const struct uscard_message *msg, u8 **data,
		       u32 *size);
int uscard_call_more_time(struct uscard_reader *reader, const struct uscard_message *msg);
void uscard_call_event(struct uscard_slot *slot, bool present);

#endif
