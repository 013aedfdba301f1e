/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SCARD_SLOT_H
#define SCARD_SLOT_H

#include <linux/tracepoint-defs.h>

#include "scard.h"

DECLARE_TRACEPOINT(scard_slot);

void scard_trace_slot(struct scard_slot *slot);

/**
 * scard_slot_unlock() - release slot->lock where the policy may have changed
 * @slot: the slot, locked
 */
static inline void scard_slot_unlock(struct scard_slot *slot)
	__releases(&slot->lock)
{
	if (tracepoint_enabled(scard_slot))
		scard_trace_slot(slot);
	spin_unlock(&slot->lock);
}

/**
 * scard_slot_begin() - begin an operation
 * @slot: the slot, of which the caller owns the turn
 * @req: the request of the operation, or NULL if it never sleeps in the transport
 */
static inline void scard_slot_begin(struct scard_slot *slot, struct scard_req *req)
{
	slot->op.progress = SCARD_NOTHING_SENT;
	slot->op.redo = POL_LEAVE;
	WRITE_ONCE(slot->op.req, req);
	slot->op.ceiling = jiffies + msecs_to_jiffies(SCARD_CEILING_MS);
}

/**
 * scard_slot_recheck() - the card may have been exchanged unseen: its ATR is to be compared
 * @slot: the slot, locked
 */
static inline void scard_slot_recheck(struct scard_slot *slot)
{
	lockdep_assert_held(&slot->lock);
	/* the other states say more */
	if (slot->presence.state == SCARD_PRESENCE_KNOWN)
		WRITE_ONCE(slot->presence.state, SCARD_PRESENCE_RECHECK);
}

#endif
