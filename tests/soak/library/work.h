/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a thread does with its context, over and over. */
#ifndef SOAK_WORK_H
#define SOAK_WORK_H

#include "calls.h"

/* The others that it may disturb: the crew's owners, or none */
struct others {
	struct owner *owners;
	unsigned int n;
};

/* One piece of work that is drawn. */
void work(struct user *user, const struct others *others);
/* In a calm: reach a card, whatever was before, and have no context. */
void work_calm(struct user *user);
/* Fork; the child checks that it has nothing of its parent, with a handle of it, or 0. */
void work_fork(struct user *user, SCARDHANDLE card, bool holds_card);
/* Signals every few ms, without SA_RESTART if @draw is odd; false: none any more. */
void storm(bool on, unsigned int draw);
/* Block or unblock the signals of the storm in this thread. */
void storm_block(bool block);

#endif
