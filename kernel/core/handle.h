/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SCARD_HANDLE_H
#define SCARD_HANDLE_H

#include "scard.h"

/**
 * struct scard_handle - one open file
 * @slot: its slot, referenced
 * @id: names it among those of the slot, from 1 on; constant
 * @pol: its state in the policy (slot->lock)
 * @spare: a request ready for the next exchange, taken and put back with xchg()
 * @aside: when a signal interrupted a call in the queue, jiffies (slot->lock)
 * @process: thread group that alone may use the handle, referenced; NULL: every process that has
 *	the file (slot->lock; read without it to compare)
 * @process_exited: it has exited, another process may take its place (slot->lock)
 * @seen: value of slot->events.all at the last snapshot (slot->lock)
 */
struct scard_handle {
	struct scard_slot *slot;
	u32 id;
	struct pol_handle pol;
	struct scard_req *spare;
	unsigned long aside;
	struct pid *process;
	bool process_exited;
	u32 seen;
};

#endif
