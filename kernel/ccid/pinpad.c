// SPDX-License-Identifier: GPL-2.0
/*
 * PIN entry on the reader, PC/SC part 10 section 2.5. The PIN goes from the keys to the
 * card; the host sees a template and an answer.
 */
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "apdu.h"
#include "pinpad.h"
#include "req.h"
#include "slot.h"

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
static int pinpad_escape(struct ccid_slot *slot, struct ccid_req *req, u32 len,
			 const u8 *cmd, u32 cmd_len)
{
	u8 *payload = ccid_req_payload(req);
	int ret = ccid_req_grow_apdu(req, len);

	if (ret)
		return ret;
	req->dirty_apdu = max(req->dirty_apdu, len);
	memcpy(req->apdu, payload, len);
	memcpy(payload, cmd, cmd_len);
	ccid_req_dirty_tx(req, cmd_len);
	ret = ccid_slot_cmd(slot, req, CCID_PC_TO_RDR_ESCAPE, ccid_cmd_no_params, cmd_len,
			    PINPAD_ESCAPE_MS);
	if (ret == -EINTR)
		return ret;	/* the buffer may be on its way still */
	memcpy(payload, req->apdu, len);
	/* refused for half an abort, it has not been heard, known or not */
	if (ret && req->ans.type && req->ans.error == CCID_ERR_CMD_ABORTED)
		return ret;
	if (ret && req->ans.type && req->ans.cmd_status == CCID_CMD_FAILED) {
		req->ans.len = 0;
		return 0;
	}
	return ret;
}

static int pinpad_ask(struct ccid_slot *slot, struct ccid_req *req, u32 len,
		      struct pin_pad *pad)
{
	const struct ccid_reader *reader = ccid_slot_reader(slot);
	int ret;

	*pad = reader->pin;
	if (!reader->desc.pin_support || !(reader->quirks & CCID_QUIRK_GEMALTO))
		return 0;
	ret = pinpad_escape(slot, req, len, gemalto_get_features, sizeof(gemalto_get_features));
	if (!ret)
		ccid_pin_gemalto_features(pad, req->ans.data, req->ans.len);
	return ret;
}

/**
 * ccid_pinpad_ask() - get the properties of the PIN pad
 * @slot: the slot
 * @req: the request, whose send buffer is overwritten
 * @pad: the result
 *
 * Return: 0 or a negative errno
 */
int ccid_pinpad_ask(struct ccid_slot *slot, struct ccid_req *req, struct pin_pad *pad)
{
	return pinpad_ask(slot, req, 0, pad);
}

/**
 * ccid_pinpad_firmware() - get the name of the firmware, where the reader has one
 * @slot: the slot
 * @req: the request, whose send buffer is overwritten
 * @name: the result
 * @size: room there
 * @len: bytes of it, 0: the reader does not tell
 *
 * Return: 0 or a negative errno
 */
int ccid_pinpad_firmware(struct ccid_slot *slot, struct ccid_req *req, u8 *name, u32 size,
			 u32 *len)
{
	int ret;

	*len = 0;
	if (!(ccid_slot_reader(slot)->quirks & CCID_QUIRK_GEMALTO))
		return 0;
	ret = pinpad_escape(slot, req, 0, gemalto_get_firmware, sizeof(gemalto_get_firmware));
	if (ret)
		return ret;
	*len = min(req->ans.len, size);
	memcpy(name, req->ans.data, *len);
	return 0;
}

/* Some readers need a command, or a pause, before. */
static int pinpad_prepare(struct ccid_slot *slot, struct ccid_req *req,
			  const struct pin_message *m)
{
	u32 quirks = ccid_slot_reader(slot)->quirks;

	if (quirks & CCID_QUIRK_PIN_WAIT) {
		schedule_timeout_killable(msecs_to_jiffies(PINPAD_KEY_UP_MS));
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	if (quirks & CCID_QUIRK_PIN_UNPADDED && m->unpadded)
		return pinpad_escape(slot, req, m->len, spr532_no_padding,
				     sizeof(spr532_no_padding));
	return 0;
}

/**
 * ccid_pinpad_enter() - have a PIN entered and sent to the card
 * @slot: the slot
 * @req: the request, with PIN_VERIFY_STRUCTURE or PIN_MODIFY_STRUCTURE as the input
 * @modify: which of both
 *
 * Return: 0 and the output in @req, the card's answer or 6400 (timeout) or 6401
 * (cancelled by the user); or a negative errno
 */
int ccid_pinpad_enter(struct ccid_slot *slot, struct ccid_req *req, bool modify)
{
	u8 supported = ccid_slot_reader(slot)->desc.pin_support;
	u8 *payload = ccid_req_payload(req);
	u32 len = req->req.in_len;
	struct pin_message m;
	struct pin_pad pad;
	bool t1;
	int ret;

	if (!(supported & (modify ? PIN_SUPPORT_MODIFY : PIN_SUPPORT_VERIFY)))
		return -EOPNOTSUPP;
	ret = pinpad_ask(slot, req, len, &pad);
	if (ret)
		return ret;
	ret = modify ? ccid_pin_modify(&m, &pad, payload, len) :
		       ccid_pin_verify(&m, &pad, payload, len);
	if (ret || CCID_HEADER_LEN + m.len > ccid_slot_reader(slot)->desc.max_msg)
		return -EINVAL;
	ret = scard_slot_no_card(&slot->slot);
	if (!ret)
		ret = pinpad_prepare(slot, req, &m);
	if (ret)
		return ret;

	t1 = req->req.protocol == SCARD_PROTO_T1 &&
	     ccid_slot_reader(slot)->desc.level < CCID_LEVEL_SHORT_APDU;
	if (t1) {
		ret = ccid_apdu_t1_secure(slot, req, payload + m.prologue, m.apdu_len);
		if (ret)
			return ret;
	}
	req->req.single = true;
	ret = ccid_slot_cmd(slot, req, CCID_PC_TO_RDR_SECURE, ccid_cmd_no_params, m.len,
			    max(PINPAD_TIMEOUT_MS, (m.timeout + 10) * 1000));
	if (ret && ccid_apdu_no_pin(req, ret))
		return 0;
	if (ret) {
		/* the card may have had the block all the same */
		if (t1 && scard_slot_is_owned(&slot->slot, &req->req))
			slot->t1.broken = true;
		return ret;
	}
	if (t1)
		return ccid_apdu_t1_secured(slot, req);
	req->req.out = req->ans.data;
	req->req.out_len = req->ans.len;
	return 0;
}
