/* SPDX-License-Identifier: GPL-2.0 */
#ifndef USCARD_READER_H
#define USCARD_READER_H

#include "user.h"

struct uscard_reader *uscard_reader_create(struct uscard_create *arg, struct device *parent);
void uscard_reader_destroy(struct uscard_reader *reader);
int uscard_reader_init(void);
void uscard_reader_exit(void);

#endif
