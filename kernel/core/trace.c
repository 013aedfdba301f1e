// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoints of trace.h, and the detection of changes of a slot.
 */
#define CREATE_TRACE_POINTS
#include "trace.h"
#include "slot.h"

/* Id of the handle in a transaction, 0 for none */
u32 scard_trace_owner(const struct scard_slot *slot)
{
	lockdep_assert_held(&slot->lock);
	if (!slot->pol.owner)
		return 0;
	return container_of(slot->pol.owner, struct scard_handle, pol)->id;
}

/**
 * scard_trace_slot() - trace the changes of a slot since the last call
 * @slot: the slot, locked
 *
 * The policy is pure and reports nothing, so its state is compared before others can
 * see it. Called by scard_slot_unlock(), only while the tracepoint is enabled.
 */
void scard_trace_slot(struct scard_slot *slot)
{
	const struct scard_traced *old = &slot->traced;
	const struct scard_traced now = {
		.card = slot->pol.card,
		.epoch = slot->pol.epoch,
		.owner = scard_trace_owner(slot),
		.owed = slot->pol.pending_reset,
		.connected = slot->pol.connected,
		.exclusive = slot->pol.exclusive,
		.protocol = slot->card.protocol,
		.gone = slot->pol.gone,
	};
	u32 changed = 0;

	lockdep_assert_held(&slot->lock);
	if (now.card != old->card)
		changed |= SCARD_TRACED_CARD;
	if (now.epoch != old->epoch)
		changed |= SCARD_TRACED_EPOCH;
	if (now.owner != old->owner)
		changed |= SCARD_TRACED_OWNER;
	if (now.owed != old->owed)
		changed |= SCARD_TRACED_OWED;
	if (now.connected != old->connected || now.exclusive != old->exclusive)
		changed |= SCARD_TRACED_HANDLES;
	if (now.protocol != old->protocol)
		changed |= SCARD_TRACED_PROTOCOL;
	if (now.gone != old->gone)
		changed |= SCARD_TRACED_GONE;
	if (!changed)
		return;
	slot->traced = now;
	trace_scard_slot(MINOR(slot->dev.devt), &now, changed);
}
