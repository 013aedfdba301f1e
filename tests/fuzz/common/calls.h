/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ioctls of /dev/scardN, with arguments out of the bytes of a call. */
#ifndef FUZZ_CALLS_H
#define FUZZ_CALLS_H

#include "fuzz.h"

/* Memory for arguments, some of it not to be written, some not there; before the first call */
bool calls_init(void);

/* One of @table in most cases, else a bound or garbage; @a and @b are bytes of the call. */
uint32_t calls_pick(const uint32_t *table, unsigned int n, uint8_t a, uint8_t b);
/* 0 to some 66000, mostly short or a bound */
uint32_t calls_length(uint8_t a, uint8_t b);
/* An address with room for 66000 bytes, or a bad one */
void *calls_buffer(uint8_t a);

/* OP_INFO to OP_OTHER on @fd: what ioctl() returns */
int calls_card(int fd, const struct fuzz_call *call);

#endif
