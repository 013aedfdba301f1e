// SPDX-License-Identifier: GPL-2.0
/*
 * PIN entry on the reader, PC/SC part 10 section 2.5. The PIN goes from the keys to the
 * card; the host sees a template and an answer. For the actor.
 */
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "scard.h"

#define PINPAD_TIMEOUT_MS	90000
#define PINPAD_ESCAPE_MS	5000
/* Until the key that started all this is up again */
#define PINPAD_KEY_UP_MS	250

/* Commands of single makers */
static const u8 gemalto_get_features[] = { 0x6a };
static const u8 gemalto_get_firmware[] = { 0x02 };
static const u8 spr532_no_padding[] = { 0x80, 0x02, 0x00 };

/*
 * A command to the firmware before the one whose @len bytes of payload wait in the
 * buffer. A reader that does not know it has not done anything: no error.
 */
static int pinpad_escape(struct scard_slot *slot, struct scard_req *req, u32 len,
			 const u8 *cmd, u32 cmd_len)
{
	u8 *payload = req->tx + CCID_HEADER_LEN;
	static const u8 none[3];
	int ret = scard_req_grow_apdu(req, len);

	if (ret)
		return ret;
	req->dirty_apdu = max(req->dirty_apdu, len);
	memcpy(req->apdu, payload, len);
	memcpy(payload, cmd, cmd_len);
	req->dirty_tx = max(req->dirty_tx, CCID_HEADER_LEN + cmd_len);
	ret = scard_slot_cmd(slot, req, CCID_PC_TO_RDR_ESCAPE, none, cmd_len, PINPAD_ESCAPE_MS);
	if (ret == -EINTR)
		return ret;	/* the buffer may be on its way still */
	memcpy(payload, req->apdu, len);
	if (ret && req->ans.type && req->ans.cmd_status == CCID_CMD_FAILED) {
		req->ans.len = 0;
		return 0;
	}
	return ret;
}

static int pinpad_ask(struct scard_slot *slot, struct scard_req *req, u32 len,
		      struct pin_pad *pad)
{
	int ret;

	*pad = slot->reader->pin;
	if (!slot->reader->desc.pin_support || !(slot->reader->quirks & SCARD_QUIRK_GEMALTO))
		return 0;
	ret = pinpad_escape(slot, req, len, gemalto_get_features, sizeof(gemalto_get_features));
	if (!ret)
		pin_gemalto_features(pad, req->ans.data, req->ans.len);
	return ret;
}

/**
 * scard_pinpad_ask() - how does the reader enter PINs?
 * @slot: the slot
 * @req: the request; what is in its send buffer is lost
 * @pad: the result
 *
 * Return: 0 or a negative errno
 */
int scard_pinpad_ask(struct scard_slot *slot, struct scard_req *req, struct pin_pad *pad)
{
	return pinpad_ask(slot, req, 0, pad);
}

/**
 * scard_pinpad_firmware() - the name of the firmware, where the reader tells
 * @slot: the slot
 * @req: the request; what is in its send buffer is lost
 * @name: the result
 * @size: room there
 * @len: bytes of it, 0: the reader does not tell
 *
 * Return: 0 or a negative errno
 */
int scard_pinpad_firmware(struct scard_slot *slot, struct scard_req *req, u8 *name, u32 size,
			  u32 *len)
{
	int ret;

	*len = 0;
	if (!(slot->reader->quirks & SCARD_QUIRK_GEMALTO))
		return 0;
	ret = pinpad_escape(slot, req, 0, gemalto_get_firmware, sizeof(gemalto_get_firmware));
	if (ret)
		return ret;
	*len = min(req->ans.len, size);
	memcpy(name, req->ans.data, *len);
	return 0;
}

/* What the user has done instead of entering a PIN, as status bytes */
static int pinpad_refused(struct scard_req *req, u8 sw2)
{
	req->tx[0] = 0x64;
	req->tx[1] = sw2;
	req->data = req->tx;
	req->len = 2;
	return 0;
}

/* What some readers need to have heard, or to have got over, before */
static int pinpad_prepare(struct scard_slot *slot, struct scard_req *req,
			  const struct pin_message *m)
{
	u32 quirks = slot->reader->quirks;

	if (quirks & SCARD_QUIRK_PIN_WAIT) {
		schedule_timeout_killable(msecs_to_jiffies(PINPAD_KEY_UP_MS));
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	if (quirks & SCARD_QUIRK_PIN_UNPADDED && m->unpadded)
		return pinpad_escape(slot, req, m->len, spr532_no_padding,
				     sizeof(spr532_no_padding));
	return 0;
}

/**
 * scard_pinpad_enter() - have a PIN entered and sent to the card
 * @slot: the slot
 * @req: the request, with PIN_VERIFY_STRUCTURE or PIN_MODIFY_STRUCTURE at
 *	tx + CCID_HEADER_LEN
 * @len: bytes of it
 * @modify: which of both
 *
 * Return: 0 and req->data, req->len, the card's answer or 6400 (timeout) or 6401
 * (cancelled by the user); or a negative errno
 */
int scard_pinpad_enter(struct scard_slot *slot, struct scard_req *req, u32 len, bool modify)
{
	u8 supported = slot->reader->desc.pin_support;
	u8 *payload = req->tx + CCID_HEADER_LEN;
	static const u8 none[3];
	struct pin_message m;
	struct pin_pad pad;
	bool t1;
	int ret;

	if (!(supported & (modify ? PIN_SUPPORT_MODIFY : PIN_SUPPORT_VERIFY)))
		return -EOPNOTSUPP;
	ret = pinpad_ask(slot, req, len, &pad);
	if (ret)
		return ret;
	ret = modify ? pin_modify(&m, &pad, payload, len) : pin_verify(&m, &pad, payload, len);
	if (ret || CCID_HEADER_LEN + m.len > slot->reader->desc.max_msg)
		return -EINVAL;
	if (READ_ONCE(slot->pol.card) == POL_CARD_ABSENT)
		return -ENOMEDIUM;
	if (READ_ONCE(slot->pol.card) != POL_CARD_ON)
		return -ENOLINK;
	ret = pinpad_prepare(slot, req, &m);
	if (ret)
		return ret;

	t1 = slot->protocol == SCARD_PROTO_T1 && slot->reader->desc.level < CCID_LEVEL_SHORT_APDU;
	slot->to_card = true;
	if (t1) {
		ret = scard_slot_t1_secure(slot, req, payload + m.prologue, m.apdu_len);
		if (ret)
			return ret;
	}
	slot->single = true;
	ret = scard_slot_cmd(slot, req, CCID_PC_TO_RDR_SECURE, none, m.len,
			     max(PINPAD_TIMEOUT_MS, (m.timeout + 10) * 1000));
	if (req->ans.type && req->ans.cmd_status == CCID_CMD_FAILED) {
		if (req->ans.error == CCID_ERR_PIN_TIMEOUT)
			return pinpad_refused(req, 0x00);
		if (req->ans.error == CCID_ERR_PIN_CANCELLED)
			return pinpad_refused(req, 0x01);
	}
	if (ret) {
		/* the card may have had the block all the same */
		slot->t1.broken |= t1;
		return ret;
	}
	if (t1)
		return scard_slot_t1_secured(slot, req);
	req->data = req->ans.data;
	req->len = req->ans.len;
	return 0;
}
