// SPDX-License-Identifier: GPL-2.0
/*
 * Protocol and parameters after a power-up: what the reader does not do by itself.
 * For the actor.
 */
#include "scard.h"

/**
 * scard_slot_negotiate() - make a protocol active
 * @slot: the slot; the card is on
 * @req: a request
 * @protocols: SCARD_PROTO_* that the caller takes
 *
 * A protocol that is active stays: only a reset allows another one.
 *
 * Return: 0, -EPROTONOSUPPORT, or a negative errno of the exchange
 */
int scard_slot_negotiate(struct scard_slot *slot, struct scard_req *req, u32 protocols)
{
	u32 protocol = slot->protocol;

	if (protocol)
		return protocols & (protocol | SCARD_PROTO_RAW) ? 0 : -EPROTONOSUPPORT;

	if (protocols & SCARD_PROTO_RAW) {
		protocol = SCARD_PROTO_RAW;
	} else {
		u32 both = protocols & slot->info.protocols & slot->reader->desc.protocols;

		/* T=1 wins where both are possible, as with pcsc-lite */
		if (both & SCARD_PROTO_T1)
			protocol = SCARD_PROTO_T1;
		else if (both & SCARD_PROTO_T0)
			protocol = SCARD_PROTO_T0;
		else
			return -EPROTONOSUPPORT;
	}
	spin_lock(&slot->lock);
	slot->protocol = protocol;
	spin_unlock(&slot->lock);
	return 0;
}
