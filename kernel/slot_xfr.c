// SPDX-License-Identifier: GPL-2.0
/*
 * APDUs: how a command and its answer travel at each exchange level. For the actor.
 */
#include <linux/string.h>

#include "scard.h"

/* How long a card may take for an answer without asking for more time */
#define XFR_TIMEOUT_MS		60000

/**
 * scard_slot_max_apdu() - longest command that TRANSMIT takes
 * @slot: the slot
 *
 * Return: bytes
 */
u32 scard_slot_max_apdu(const struct scard_slot *slot)
{
	const struct ccid_desc *desc = &slot->reader->desc;

	if (desc->level == CCID_LEVEL_SHORT_APDU)
		return min_t(u32, desc->max_msg - CCID_HEADER_LEN, SCARD_SHORT_TX);
	return SCARD_COMMAND_MAX;
}

/**
 * scard_slot_rx_size() - receive buffer for an exchange
 * @slot: the slot
 * @room: bytes that the caller can take
 *
 * The answer may be longer than the caller expects, and then its length has to be
 * told: small messages are taken whole always, large ones as the caller can take.
 * Where answers of other slots may arrive in it, it takes any message.
 *
 * Return: bytes
 */
u32 scard_slot_rx_size(const struct scard_slot *slot, u32 room)
{
	const struct ccid_desc *desc = &slot->reader->desc;

	if (desc->max_msg <= SCARD_SMALL_MESSAGE || desc->nbusy > 1)
		return desc->max_msg;
	return min(max(CCID_HEADER_LEN + room, SCARD_SMALL_MESSAGE), desc->max_msg);
}

/* The whole command in one message, the whole answer in one. */
static int xfr_single(struct scard_slot *slot, struct scard_req *req, u32 len)
{
	static const u8 whole[3];
	int ret;

	slot->single = true;
	ret = scard_slot_cmd(slot, req, CCID_PC_TO_RDR_XFR_BLOCK, whole, len, XFR_TIMEOUT_MS);
	if (ret)
		return ret;
	req->data = req->ans.data;
	req->len = req->ans.len;
	return 0;
}

/**
 * scard_slot_transmit() - send a command to the card
 * @slot: the slot
 * @req: the request, with the command at tx + CCID_HEADER_LEN
 * @len: bytes of it
 * @room: bytes of answer that the caller can take
 * @protocol: SCARD_PROTO_* that the caller believes active; 0: whatever is
 *
 * Return: 0 and req->data, req->len; or a negative errno
 */
int scard_slot_transmit(struct scard_slot *slot, struct scard_req *req, u32 len, u32 room,
			u32 protocol)
{
	const struct ccid_desc *desc = &slot->reader->desc;

	switch (READ_ONCE(slot->pol.card)) {
	case POL_CARD_ON:
		break;
	case POL_CARD_ABSENT:
		return -ENOMEDIUM;
	default:
		return -ENOLINK;
	}
	if (protocol && protocol != SCARD_PROTO_RAW && protocol != slot->protocol)
		return -EPROTONOSUPPORT;
	if (CCID_HEADER_LEN + len > desc->max_msg)
		return -EINVAL;
	return xfr_single(slot, req, len);
}
