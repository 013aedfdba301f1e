/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process that is the reader of most cases, and how any reader of a process answers. */
#ifndef FUZZ_SERVER_H
#define FUZZ_SERVER_H

#include <linux/uscard.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Orders to the server, a byte each; the low bits are the slot, or for ORDER_PLUG flags */
#define ORDER_INSERT	0x10
#define ORDER_REMOVE	0x20
#define ORDER_PLUG	0x30
#define ORDER_ATTR	0x40
#define ORDER_MASK	0xf0

/* The reader is there when this returns; or false, and there is no server. */
bool server_start(void);
void server_order(uint8_t order);
/* As before the first case: it answers well, and slot 0 has a card. */
void server_calm(void);
void server_stop(void);

/*
 * Read a request of @fd within @ms and answer it, by @mode and @value; false: there was none.
 * @mode MODE_UNPLUG does not answer.
 */
bool server_answer(int fd, int ms, unsigned int mode, unsigned int value);

#endif
