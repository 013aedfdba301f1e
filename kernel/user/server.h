/* SPDX-License-Identifier: GPL-2.0 */
#ifndef USCARD_SERVER_H
#define USCARD_SERVER_H

#include "user.h"

bool uscard_server_pending(struct uscard_reader *reader);
int uscard_server_read(struct uscard_reader *reader, struct uscard_request *head, u8 *data,
		       u32 size, size_t count);
void uscard_server_unread(struct uscard_reader *reader, const struct uscard_request *head);
int uscard_server_answer(struct uscard_reader *reader, const struct uscard_message *msg,
			 u8 **data, u32 *size);
int uscard_server_more_time(struct uscard_reader *reader, const struct uscard_message *msg);
void uscard_server_event(struct uscard_slot *slot, bool present);
void uscard_server_suspend(struct uscard_reader *reader);

#endif
