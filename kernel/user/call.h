/* SPDX-License-Identifier: GPL-2.0 */
#ifndef USCARD_CALL_H
#define USCARD_CALL_H

#include "user.h"

int uscard_call(struct uscard_slot *slot, struct uscard_req *req, u32 op, u32 arg,
		unsigned int timeout_ms);
int uscard_call_finish(struct uscard_slot *slot, struct uscard_req *req, unsigned int grace_ms);
void uscard_call_abandon(struct uscard_slot *slot, struct uscard_req *req);
void uscard_call_stop(struct uscard_reader *reader, int error);
void uscard_call_power_lost(struct uscard_reader *reader);
void uscard_call_wake_server(struct uscard_reader *reader);
void uscard_call_removed(struct uscard_slot *slot);
enum scard_icc uscard_call_icc(struct uscard_slot *slot, bool asked);
bool uscard_call_enters_pin(const struct uscard_reader *reader, u32 code);

#endif
