/* SPDX-License-Identifier: GPL-2.0 */
#ifndef USCARD_LIST_H
#define USCARD_LIST_H

#include "user.h"

int uscard_list_add(struct uscard_reader *reader);
void uscard_list_del(struct uscard_reader *reader);
void uscard_list_set_live(struct uscard_reader *reader, bool live);
void uscard_list_for_live(void (*act)(struct uscard_reader *reader));

#endif
