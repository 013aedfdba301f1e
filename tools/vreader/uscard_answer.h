/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The open requests of /dev/uscard; the answers of the CCID function become theirs. */
#ifndef VREADER_USCARD_ANSWER_H
#define VREADER_USCARD_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ccid;

/* A request that is not answered. */
struct uscard_job {
	uint64_t id;		/* 0: there is none */
	uint32_t op, arg, timeout_ms;
	uint8_t type, seq;	/* of the CCID message that was sent last */
	uint32_t urb;		/* its seqnum */
	bool aborted;
	bool next;		/* IccPowerOff is answered: IccPowerOn follows */
};

/* Take what @ccid sends, and write answers and events to @fd. */
void uscard_answer_open(int fd, struct ccid *ccid);
void uscard_answer_close(void);
/* The other end takes no more messages, or a fault unplugs the reader. */
bool uscard_answer_broken(void);

struct uscard_job *uscard_answer_job(unsigned int slot);
/* Answer the request of this slot; @error is a positive errno or 0. */
void uscard_answer(unsigned int slot, uint32_t error, uint32_t value, const uint8_t *data,
		   size_t len);
/* The request of this slot takes up to @ms more. */
void uscard_answer_more_time(unsigned int slot, uint32_t ms);

#endif
