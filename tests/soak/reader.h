/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtual reader and its driver: profiles, orders, calm. */
#ifndef SOAK_READER_H
#define SOAK_READER_H

#include "soak.h"

struct reader {
	const char *name;
	const char *options;
	unsigned int slots;
	bool token;		/* its card is there for good */
};

/* Have a reader of a profile that is drawn; vreader restarts if it was another. */
const struct reader *reader_start(struct rnd *rnd);
/* Give one order that is drawn: a card, the cable, power, the driver. */
void reader_order(struct rnd *rnd, const struct reader *reader);
/* Neither fault nor order is in force, and each slot has a new card. */
void reader_calm(const struct reader *reader);
const char *reader_order_name(unsigned int order);

#endif
