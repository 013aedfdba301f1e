/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SCARD_HANDLE_H
#define SCARD_HANDLE_H

#include "scard.h"

/**
 * struct scard_user - the process that uses a connected handle; process.c, handles.c
 * @node: in slot->handles, while the handle is connected (slot->lock)
 * @pid: thread group that connected it last, or took it over, referenced; NULL before
 *	(slot->lock; read without it to compare)
 * @alone: it alone may use the handle (slot->lock; a call may read it without)
 * @exited: it has exited, another process may take its place (slot->lock)
 * @connected_ns: time of CONNECT, CLOCK_BOOTTIME (slot->lock)
 * @transaction_ns: begin of its last transaction, CLOCK_BOOTTIME (slot->lock)
 */
struct scard_user {
	struct list_head node;
	struct pid *pid;
	bool alone;
	bool exited;
	u64 connected_ns;
	u64 transaction_ns;
};

/**
 * struct scard_handle - one open file
 * @slot: its slot, referenced
 * @id: names it among those of the slot, from 1 on; constant
 * @pol: its state in the policy (slot->lock)
 * @spare: a request ready for the next exchange, taken and put back with xchg()
 * @aside: when a signal interrupted a call in the queue, jiffies (slot->lock)
 * @seen: value of slot->events.all at the last snapshot (slot->lock)
 * @user: its process
 */
struct scard_handle {
	struct scard_slot *slot;
	u32 id;
	struct pol_handle pol;
	struct scard_req *spare;
	unsigned long aside;
	u32 seen;
	struct scard_user user;
};

#endif
