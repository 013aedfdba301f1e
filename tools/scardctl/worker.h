/* SPDX-License-Identifier: GPL-2.0-or-later */
/* worker.c: the thread in which forward uses the card, one request after the other. */
#ifndef WORKER_H
#define WORKER_H

#include "local.h"

struct worker_result {
	struct uscard_message msg;
	uint8_t answer[USCARD_MAX_DATA];
	bool was_reset;		/* of local_run() */
};

/* Start it: a descriptor that can be read once for each result, or a negative errno */
int worker_start(struct local *local);
/* It must be idle, that is, each result was taken. */
void worker_run(const struct uscard_request *req, const uint8_t *data);
/* After a read of the descriptor; valid until the next worker_run() */
struct worker_result *worker_result(void);

#endif
