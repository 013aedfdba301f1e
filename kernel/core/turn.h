/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SCARD_TURN_H
#define SCARD_TURN_H

#include <linux/completion.h>

#include "handle.h"

/**
 * struct scard_turn - a turn and the completion that its caller sleeps on
 * @pol: the turn
 * @served: it has left the queue; completed under slot->lock
 * @pid: process of the caller, which outlives the turn
 * @since_ns: begin of the call, CLOCK_BOOTTIME
 */
struct scard_turn {
	struct pol_turn pol;
	struct completion served;
	struct pid *pid;
	u64 since_ns;
};

void scard_turn_served(struct scard_turn *t);
int scard_turn_check(struct scard_handle *h, enum pol_op op);
int scard_turn_take(struct scard_handle *h, struct scard_turn *t, struct scard_req *req,
		    enum pol_op op, enum pol_share share, bool nonblock);
int scard_turn_done(struct scard_handle *h, struct scard_turn *t, struct scard_req **reqp,
		    int ret);
bool scard_turn_take_over(struct scard_slot *slot, bool always);
void scard_turn_watch(struct scard_slot *slot);
void scard_turn_init(struct scard_slot *slot);
void scard_turn_stop(struct scard_slot *slot);

#endif
