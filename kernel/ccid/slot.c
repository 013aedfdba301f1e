// SPDX-License-Identifier: GPL-2.0
/*
 * The card in a CCID slot: IccPowerOn with its voltages, IccPowerOff, GetSlotStatus,
 * Mechanical.
 */
#include <linux/string.h>

#include "req.h"
#include "slot.h"

#define SLOT_STATUS_TIMEOUT_MS	5000
#define SLOT_POWER_TIMEOUT_MS	15000
#define SLOT_POWER_OFF_MS	5000
#define SLOT_EJECT_MS		10000
#define SLOT_LAST_POWER_OFF_MS	500
/* The same with all that comes before it */
#define SLOT_LAST_CEILING_MS	5000
#define SLOT_STATUS_TRIES	3	/* the first message after plug-in is lost at times */

/* bError of readers in EMV mode to a card that is none */
#define SLOT_ERROR_EMV		0xbb
#define SLOT_MECHANICAL_EJECT	0x02	/* bFunction, and dwMechanical bit 1 */

/*
 * The card as the answer in @req has it. Some readers refuse SetParameters with "inactive" for a
 * card that is on; if it is not, the next answer says so.
 */
static enum scard_icc slot_icc(const struct ccid_req *req)
{
	if (!req->ans.type)
		return SCARD_ICC_UNKNOWN;
	if (req->ans.icc_status == CCID_ICC_INACTIVE &&
	    req->tx[0] == CCID_PC_TO_RDR_SET_PARAMETERS)
		return SCARD_ICC_UNKNOWN;
	switch (req->ans.icc_status) {
	case CCID_ICC_ABSENT:
		return SCARD_ICC_ABSENT;
	case CCID_ICC_INACTIVE:
		return SCARD_ICC_INACTIVE;
	case CCID_ICC_RESERVED:
		return SCARD_ICC_UNKNOWN;
	default:
		return SCARD_ICC_ACTIVE;
	}
}

/**
 * ccid_slot_cmd() - ccid_cmd(), and report the card's state in the answer to the core
 * @slot: the slot
 * @req: the request
 * @type: bMessageType
 * @params: bytes 7 to 9
 * @len: bytes of payload
 * @timeout_ms: time for one answer; slow readers get more
 *
 * Return: as ccid_cmd(); -ENOMEDIUM for a command that failed without a card
 */
int ccid_slot_cmd(struct ccid_slot *slot, struct ccid_req *req, u8 type, const u8 params[3],
		  u32 len, unsigned int timeout_ms)
{
	int ret;

	if (ccid_slot_reader(slot)->quirks & CCID_QUIRK_SLOW)
		timeout_ms *= 5;
	ret = ccid_cmd(slot, req, type, params, len, timeout_ms);
	return scard_card_answered(&slot->slot, slot_icc(req), ret);
}

static int slot_off(struct ccid_slot *slot, struct ccid_req *req)
{
	return ccid_slot_cmd(slot, req, CCID_PC_TO_RDR_ICC_POWER_OFF, ccid_cmd_no_params, 0,
			     SLOT_POWER_OFF_MS);
}

/* One IccPowerOn, with the commands that some readers need around it */
static int slot_on(struct ccid_slot *slot, struct ccid_req *req, const u8 params[3])
{
	static const u8 iso_mode[] = { 0x1f, 0x01 };	/* a command of Gemplus' firmware */
	u32 quirks = ccid_slot_reader(slot)->quirks;
	int ret;

	if (quirks & CCID_QUIRK_OFF_FIRST) {
		ret = slot_off(slot, req);
		if (ret)
			return ret;
	}
	ret = ccid_slot_cmd(slot, req, CCID_PC_TO_RDR_ICC_POWER_ON, params, 0,
			    SLOT_POWER_TIMEOUT_MS);
	/* with -EINTR the answer may be there, and is not for this caller */
	if (!(quirks & CCID_QUIRK_ISO_MODE) || !ret || ret == -EINTR || !req->ans.type ||
	    req->ans.error != SLOT_ERROR_EMV)
		return ret;
	memcpy(ccid_req_payload(req), iso_mode, sizeof(iso_mode));
	ret = ccid_slot_cmd(slot, req, CCID_PC_TO_RDR_ESCAPE, ccid_cmd_no_params, sizeof(iso_mode),
			    SLOT_STATUS_TIMEOUT_MS);
	return ret ?: ccid_slot_cmd(slot, req, CCID_PC_TO_RDR_ICC_POWER_ON, params, 0,
				    SLOT_POWER_TIMEOUT_MS);
}

/* Read the ATR, most often of the same card, which was reset. */
static int slot_take_atr(struct ccid_slot *slot, struct ccid_req *req)
{
	const struct atr *atr = &slot->atr;

	if (!atr->len || atr->len != req->ans.len ||
	    memcmp(atr->bytes, req->ans.data, atr->len)) {
		slot->chosen = false;
		if (ccid_atr_parse(&slot->atr, req->ans.data, req->ans.len))
			return -EREMOTEIO;
	}
	req->req.out = atr->bytes;
	req->req.out_len = atr->len;
	return 0;
}

/* Does the card name other classes than this one, and has the reader a later one of them? */
static bool slot_other_class(const struct atr *atr, u8 select, u8 *classes)
{
	if (!atr->classes || atr->classes & BIT(select - 1) ||
	    !((*classes & atr->classes & 0x07) >> select))
		return false;
	*classes &= atr->classes;
	return true;
}

/**
 * ccid_slot_power_on() - scard_reader_ops.power_on: IccPowerOn, and read the ATR
 * @slot: the slot
 * @req: a request
 * @warm: the card is powered: this is a warm reset, at the voltage that it has
 *
 * A CCID chooses the voltage (bPowerSelect 0) or the host tries those that the reader has,
 * ISO 7816-3 class A first, as drivers do that know one class only. A card whose class
 * indicator (the first TA for T=15) leaves out the class gets the next one that it names.
 *
 * Return: 0 or a negative errno
 */
int ccid_slot_power_on(struct scard_slot *slot, struct scard_req *req, bool warm)
{
	const struct ccid_reader *reader = to_ccid_reader(slot->reader);
	const struct ccid_desc *desc = &reader->desc;
	struct ccid_slot *ccid = to_ccid_slot(slot);
	struct ccid_req *creq = to_ccid_req(req);
	u8 classes = desc->voltage_support ?: 0x07;
	u8 params[3] = { };
	int ret = -EREMOTEIO;
	u8 select;

	if (desc->features & (CCID_FEATURE_AUTO_VOLTAGE | CCID_FEATURE_AUTO_ACTIVATION)) {
		ret = slot_on(ccid, creq, params);
		return ret ?: slot_take_atr(ccid, creq);
	}
	for (select = warm && slot->card.voltage ? slot->card.voltage : 1; select <= 3; select++) {
		/* bPowerSelect 1, 2, 3 is 5 V, 3 V, 1.8 V; bVoltageSupport has a bit each */
		if (!(classes & BIT(select - 1)))
			continue;
		params[0] = select;
		ret = slot_on(ccid, creq, params);
		if (!ret) {
			slot->card.voltage = select;
			ret = slot_take_atr(ccid, creq);
			if (ret || warm || !slot_other_class(&ccid->atr, select, &classes))
				return ret;
		}
		/* a reader that answers no more is not tried with another voltage */
		if (warm || (READ_ONCE(reader->wedged) && !creq->ans.type) || ret == -EINTR ||
		    ret == -ENODEV || ret == -ENOMEDIUM)
			return ret;
		ret = slot_off(ccid, creq);
		if (ret == -EINTR || ret == -ENODEV || ret == -ENOMEDIUM)
			return ret;
		ret = -EREMOTEIO;
	}
	return ret;
}

/**
 * ccid_slot_power_off() - scard_reader_ops.power_off: IccPowerOff
 * @slot: the slot
 * @req: a request
 *
 * Return: 0 or a negative errno
 */
int ccid_slot_power_off(struct scard_slot *slot, struct scard_req *req)
{
	return slot_off(to_ccid_slot(slot), to_ccid_req(req));
}

static int slot_ask(struct ccid_slot *slot, struct ccid_req *req)
{
	const struct ccid_reader *reader = ccid_slot_reader(slot);
	unsigned int tries = SLOT_STATUS_TRIES;
	bool wedged;
	int ret;

	do {
		wedged = READ_ONCE(reader->wedged);
		ret = ccid_slot_cmd(slot, req, CCID_PC_TO_RDR_GET_SLOT_STATUS, ccid_cmd_no_params,
				    0, SLOT_STATUS_TIMEOUT_MS);
		if (ret == -EINTR || ret == -ENODEV)
			return ret;
		/* an answer that says "failed" still tells the state of the card */
		if (slot_icc(req) != SCARD_ICC_UNKNOWN)
			return slot_icc(req);
		/* the worker's retry asks one again that has not even come back by a recovery */
	} while (--tries && !(slot->asked && wedged && READ_ONCE(reader->wedged)));
	return ret ?: -EIO;
}

/*
 * The first answer is not believed when there is no card in it: it may be one from before the
 * binding, and some readers say so, or fail, until they have had an IccPowerOff.
 */
static int slot_ask_first(struct ccid_slot *slot, struct ccid_req *req)
{
	int icc = slot_ask(slot, req), ret;

	if (icc == SCARD_ICC_ABSENT && req->ans.cmd_status == CCID_CMD_OK)
		icc = slot_ask(slot, req);
	if (icc == -EINTR || icc == -ENODEV)
		return icc;
	if (icc < 0 || req->ans.cmd_status == CCID_CMD_FAILED) {
		ret = slot_off(slot, req);
		if (ret == -EINTR || ret == -ENODEV)
			return ret;
		icc = slot_ask(slot, req);
		if (icc == -EINTR)
			return icc;
	}
	slot->asked = true;
	return icc;
}

/**
 * ccid_slot_status() - scard_reader_ops.status: GetSlotStatus
 * @slot: the slot
 * @req: a request
 *
 * Return: enum scard_icc, or a negative errno
 */
int ccid_slot_status(struct scard_slot *slot, struct scard_req *req)
{
	struct ccid_slot *ccid = to_ccid_slot(slot);

	return ccid->asked ? slot_ask(ccid, to_ccid_req(req)) :
			     slot_ask_first(ccid, to_ccid_req(req));
}

/**
 * ccid_slot_eject() - scard_reader_ops.eject: Mechanical
 * @slot: the slot
 * @req: a request
 *
 * Return: 0, also if the reader cannot, or a negative errno
 */
int ccid_slot_eject(struct scard_slot *slot, struct scard_req *req)
{
	static const u8 eject[3] = { SLOT_MECHANICAL_EJECT };

	if (!(to_ccid_reader(slot->reader)->desc.mechanical & SLOT_MECHANICAL_EJECT))
		return 0;
	return ccid_slot_cmd(to_ccid_slot(slot), to_ccid_req(req), CCID_PC_TO_RDR_MECHANICAL,
			     eject, 0, SLOT_EJECT_MS);
}

/**
 * ccid_slot_finish() - scard_reader_ops.finish
 * @slot: the slot
 * @req: the request of a killed caller, on the wire
 * @grace_ms: time for the answer
 *
 * Return: 0: the exchange is complete; otherwise a part of it is missing
 */
int ccid_slot_finish(struct scard_slot *slot, struct scard_req *req, unsigned int grace_ms)
{
	struct ccid_req *ccid = to_ccid_req(req);
	int ret = ccid_cmd_finish(to_ccid_slot(slot), ccid, grace_ms);

	if (slot_icc(ccid) == SCARD_ICC_ABSENT)
		return scard_card_answered(slot, SCARD_ICC_ABSENT, ret);
	/* the reader may have more parts of an APDU to send or to receive */
	if (!ret && ccid->ans.type == CCID_RDR_TO_PC_DATA_BLOCK &&
	    ccid->ans.param != CCID_CHAIN_WHOLE)
		return -EIO;
	return ret;
}

/**
 * ccid_slot_power_off_last() - power the card off at unbind or at sleep
 * @slot: the slot, quiet
 */
void ccid_slot_power_off_last(struct ccid_slot *slot)
{
	slot->slot.op.ceiling = jiffies + msecs_to_jiffies(SLOT_LAST_CEILING_MS);
	ccid_cmd(slot, to_ccid_req(slot->slot.worker.req), CCID_PC_TO_RDR_ICC_POWER_OFF,
		 ccid_cmd_no_params, 0, SLOT_LAST_POWER_OFF_MS);
}
