/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /dev/uscard, one function for each thing that a server does. All return 0 or -errno. */
#ifndef KSELFTEST_US_H
#define KSELFTEST_US_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/uscard.h>

/* A request that was read */
struct us_request {
	struct uscard_request head;
	uint8_t data[USCARD_MAX_DATA];
};

/* A reader of @slots slots, as a program without wishes makes it: its descriptor */
int us_create(unsigned int slots);
/* The same with all that can be asked for; us_defaults() fills in @arg first */
void us_defaults(struct uscard_create *arg);
int us_create_arg(struct uscard_create *arg);
/* A node of the reader: /dev/scardN of @arg->minor[slot] */
int us_open_node(const struct uscard_create *arg, unsigned int slot, int flags);

/* The next request within @ms, else -EAGAIN */
int us_read(int fd, struct us_request *req, int ms);
/* The same, which must be for @op of slot 0: its id, or 0 */
uint64_t us_expect(int fd, uint32_t op);
int us_write(int fd, const struct uscard_message *msg, const void *data);
int us_answer(int fd, uint64_t id, const void *data, uint32_t len);
int us_answer_value(int fd, uint64_t id, uint32_t value);
int us_answer_error(int fd, uint64_t id, uint32_t error);
int us_more_time(int fd, uint64_t id, uint32_t ms);
int us_event(int fd, unsigned int slot, bool present);

/* The answer of a card of two protocols that says 9000 to all commands */
int us_answer_to(int fd, const struct us_request *req);
/* Reads requests of slot 0 and answers them as a card would, until none comes for @ms. */
int us_serve(int fd, int ms);
/* The same until @over(@arg); -ETIMEDOUT after 10 s */
int us_serve_until(int fd, bool (*over)(void *arg), void *arg);
/* The same until @op was served, and no other request came for a moment */
int us_serve_op(int fd, uint32_t op);
/* How the card of us_serve() was used: bit set of the operations since the last call */
uint32_t us_served(void);

extern const uint8_t us_atr[5];		/* T=0 and T=1 */

#endif
