// SPDX-License-Identifier: GPL-2.0
/*
 * The card in a slot: what is known of it, power, ATR.
 */
#include <linux/string.h>

#include "scard.h"

#define SLOT_STATUS_TIMEOUT_MS	5000
#define SLOT_POWER_TIMEOUT_MS	15000
#define SLOT_POWER_OFF_MS	5000
#define SLOT_EJECT_MS		10000
#define SLOT_FAREWELL_MS	500
#define SLOT_STATUS_TRIES	3	/* the first message after plug-in is lost at times */

/* bError of readers in EMV mode to a card that is none */
#define SLOT_ERROR_EMV		0xbb
#define CCID_MECHANICAL_EJECT	0x02	/* bFunction, and dwMechanical bit 1 */

static const u8 no_params[3];

/* ---- what others may see ---- */

/* The card has changed, which is multicast too. */
static void slot_card_changed(struct scard_slot *slot)
{
	scard_slot_changed(slot);
	scard_netlink_change(slot);
}

/*
 * Every change of the card's state comes through here or scard_slot_removed_locked(). A
 * reader with a powered card is kept awake.
 */
static void slot_set_card_locked(struct scard_slot *slot, enum pol_card card)
{
	const struct scard_hw_ops *ops = slot->reader->ops;

	lockdep_assert_held(&slot->lock);
	if (card == POL_CARD_ON && slot->pol.card != POL_CARD_ON)
		ops->hold(slot->reader);
	if (card != POL_CARD_ON && slot->pol.card == POL_CARD_ON)
		ops->put(slot->reader);
	slot->pol.card = card;
	slot->protocol = 0;
	slot_card_changed(slot);
}

static void slot_set_card(struct scard_slot *slot, enum pol_card card)
{
	spin_lock(&slot->lock);
	/* it may have been removed, or the reader with it, since it answered */
	if (slot->pol.card != POL_CARD_ABSENT)
		slot_set_card_locked(slot, card);
	scard_slot_unlock(slot);
}

/**
 * scard_slot_removed_locked() - the card is out, if one was in
 * @slot: the slot, locked
 */
void scard_slot_removed_locked(struct scard_slot *slot)
{
	lockdep_assert_held(&slot->lock);
	if (slot->pol.card == POL_CARD_ABSENT)
		return;
	slot->atr_len = 0;
	slot->cold_len = 0;
	slot->card_event++;
	slot_set_card_locked(slot, POL_CARD_ABSENT);
	pol_removed(&slot->pol);
}

/* A card that is there, without power so far */
static void slot_inserted_locked(struct scard_slot *slot)
{
	slot->inserted = false;
	slot->card_event++;
	slot->count.insertions++;
	slot_set_card_locked(slot, POL_CARD_OFF);
}

/**
 * scard_slot_lost_power_locked() - the card is without power, not by us
 * @slot: the slot, locked
 *
 * A reset for all handles that are connected, if it had power.
 */
void scard_slot_lost_power_locked(struct scard_slot *slot)
{
	if (slot->pol.card != POL_CARD_ON)
		return;
	pol_lost_power(&slot->pol);
	slot_set_card_locked(slot, POL_CARD_OFF);
}

/* ---- the card; for the actor ---- */

/*
 * A report of the interrupt pipe may be older than what an answer has told, so a card is
 * believed to be there when the next answer says so too.
 */
static void slot_confirm(struct scard_slot *slot)
{
	spin_lock(&slot->lock);
	if (slot->inserted && slot->pol.card == POL_CARD_ABSENT && !slot->pol.gone)
		slot_inserted_locked(slot);
	slot->inserted = false;
	scard_slot_unlock(slot);
}

/* @timeout_ms for this reader */
static unsigned int slot_timeout(const struct scard_slot *slot, unsigned int timeout_ms)
{
	return slot->reader->quirks & SCARD_QUIRK_SLOW ? 4 * timeout_ms : timeout_ms;
}

/**
 * scard_slot_cmd() - ccid_cmd(), and believe what the answer says of the card
 * @slot: the slot
 * @req: the request
 * @type: bMessageType
 * @params: bytes 7 to 9
 * @len: bytes of payload
 * @timeout_ms: time for one answer
 *
 * Return: as ccid_cmd()
 */
int scard_slot_cmd(struct scard_slot *slot, struct scard_req *req, u8 type, const u8 params[3],
		   u32 len, unsigned int timeout_ms)
{
	int ret = ccid_cmd(slot, req, type, params, len, slot_timeout(slot, timeout_ms));

	if (ret == -EINTR || !req->ans.type || scard_reader_gone(slot->reader))
		return ret;
	WRITE_ONCE(slot->looked, jiffies);
	if (req->ans.icc_status == CCID_ICC_ABSENT) {
		spin_lock(&slot->lock);
		slot->inserted = false;		/* if so, that was before */
		scard_slot_removed_locked(slot);
		scard_slot_unlock(slot);
		return ret ? -ENOMEDIUM : 0;
	}
	if (READ_ONCE(slot->inserted))
		slot_confirm(slot);
	if (ret && req->ans.icc_status == CCID_ICC_INACTIVE &&
	    READ_ONCE(slot->pol.card) == POL_CARD_ON) {
		spin_lock(&slot->lock);
		scard_slot_lost_power_locked(slot);
		scard_slot_unlock(slot);
	}
	return ret;
}

static int slot_take_atr(struct scard_slot *slot, const struct scard_req *req, bool warm)
{
	const struct atr *atr = &slot->info;

	/* most often the same card, which was reset */
	if (!atr->len || atr->len != req->ans.len ||
	    memcmp(atr->bytes, req->ans.data, atr->len)) {
		slot->chosen = false;
		if (atr_parse(&slot->info, req->ans.data, req->ans.len))
			return -EREMOTEIO;
	}
	spin_lock(&slot->lock);
	if (slot->stops != READ_ONCE(slot->reader->stops)) {
		/* it has lost its power again, and scard_slot_resumed() may have been here */
		spin_unlock(&slot->lock);
		return -EIO;
	}
	if (slot->pol.card != POL_CARD_ABSENT) {
		/* A warm ATR may differ from a cold one; two cold ones are two cards'. */
		if (!warm && slot->cold_len && slot->cold_voltage == slot->voltage &&
		    (slot->cold_len != atr->len || memcmp(slot->cold_atr, atr->bytes, atr->len))) {
			scard_slot_removed_locked(slot);
			slot_inserted_locked(slot);
		}
		if (!warm) {
			slot->recheck = false;
			memcpy(slot->cold_atr, atr->bytes, atr->len);
			slot->cold_len = atr->len;
			slot->cold_voltage = slot->voltage;
		}
		memcpy(slot->atr, atr->bytes, atr->len);
		slot->atr_len = atr->len;
		slot->count.power_ups++;
		slot_set_card_locked(slot, POL_CARD_ON);
	}
	scard_slot_unlock(slot);
	return 0;
}

static int slot_cmd_off(struct scard_slot *slot, struct scard_req *req)
{
	return scard_slot_cmd(slot, req, CCID_PC_TO_RDR_ICC_POWER_OFF, no_params, 0,
			      SLOT_POWER_OFF_MS);
}

/* The caller was killed before it knew: the worker goes on. */
static void slot_settle_later(struct scard_slot *slot)
{
	spin_lock(&slot->lock);
	slot->recheck = true;
	if (!slot->pol.gone)
		pol_want_settle(&slot->pol);
	scard_slot_unlock(slot);
}

/* If its caller is killed, the card has power now, or it has not. */
static int slot_cmd_power_on(struct scard_slot *slot, struct scard_req *req, const u8 params[3])
{
	int ret = scard_slot_cmd(slot, req, CCID_PC_TO_RDR_ICC_POWER_ON, params, 0,
				 SLOT_POWER_TIMEOUT_MS);

	if (ret == -EINTR)
		slot_settle_later(slot);
	return ret;
}

/* One IccPowerOn, with what some readers need around it */
static int slot_cmd_on(struct scard_slot *slot, struct scard_req *req, const u8 params[3])
{
	static const u8 iso_mode[] = { 0x1f, 0x01 };	/* a command of Gemplus' firmware */
	u32 quirks = slot->reader->quirks;
	int ret;

	if (quirks & SCARD_QUIRK_OFF_FIRST) {
		ret = slot_cmd_off(slot, req);
		if (ret)
			return ret;
	}
	ret = slot_cmd_power_on(slot, req, params);
	if (!(quirks & SCARD_QUIRK_ISO_MODE) || !ret || !req->ans.type ||
	    req->ans.error != SLOT_ERROR_EMV)
		return ret;
	memcpy(req->tx + CCID_HEADER_LEN, iso_mode, sizeof(iso_mode));
	ret = scard_slot_cmd(slot, req, CCID_PC_TO_RDR_ESCAPE, no_params, sizeof(iso_mode),
			     SLOT_STATUS_TIMEOUT_MS);
	return ret ?: slot_cmd_power_on(slot, req, params);
}

/**
 * scard_slot_power_on() - IccPowerOn, and read the ATR
 * @slot: the slot
 * @req: a request
 * @warm: the card is powered: this is a warm reset, at the voltage that it has
 *
 * A CCID chooses the voltage (bPowerSelect 0) or the host tries those that the
 * reader has, ISO 7816-3 class A first as readers do that know one class only.
 *
 * Return: 0 or a negative errno; the state of the card is not changed on failure
 */
int scard_slot_power_on(struct scard_slot *slot, struct scard_req *req, bool warm)
{
	const struct ccid_desc *desc = &slot->reader->desc;
	u8 params[3] = { };
	int ret = -EREMOTEIO;
	u8 select;

	if (desc->features & (CCID_FEATURE_AUTO_VOLTAGE | CCID_FEATURE_AUTO_ACTIVATION)) {
		ret = slot_cmd_on(slot, req, params);
		return ret ?: slot_take_atr(slot, req, warm);
	}
	for (select = warm && slot->voltage ? slot->voltage : 1; select <= 3; select++) {
		/* bPowerSelect 1, 2, 3 is 5 V, 3 V, 1.8 V; bVoltageSupport has a bit each */
		if (desc->voltage_support && !(desc->voltage_support & BIT(select - 1)))
			continue;
		params[0] = select;
		ret = slot_cmd_on(slot, req, params);
		if (!ret) {
			slot->voltage = select;
			return slot_take_atr(slot, req, warm);
		}
		if (warm || ret == -EINTR || ret == -ENODEV || ret == -ENOMEDIUM)
			return ret;
		ret = slot_cmd_off(slot, req);
		if (ret == -EINTR || ret == -ENODEV || ret == -ENOMEDIUM)
			return ret;
		ret = -EREMOTEIO;
	}
	return ret;
}

static bool slot_is_final(int ret)
{
	return ret == -EINTR || ret == -ENODEV || ret == -ENOMEDIUM;
}

/**
 * scard_slot_power_off() - IccPowerOff
 * @slot: the slot
 * @req: a request
 *
 * scard_slot_mark_reset() was called if anybody is connected.
 *
 * Return: 0 or a negative errno; the card counts as powered off in any case
 */
int scard_slot_power_off(struct scard_slot *slot, struct scard_req *req)
{
	int ret = slot_cmd_off(slot, req);

	if (ret != -EINTR)
		slot_set_card(slot, POL_CARD_OFF);
	return ret;
}

/* The card does not answer: it gets no power, and is not tried again by itself. */
static int slot_mute(struct scard_slot *slot, struct scard_req *req)
{
	int ret = slot_cmd_off(slot, req);

	if (slot_is_final(ret))
		return ret;
	slot_set_card(slot, POL_CARD_MUTE);
	return -EREMOTEIO;
}

/**
 * scard_slot_mark_reset() - the card is about to be reset or powered off
 * @slot: the slot
 *
 * To be called before the first byte of it: all handles that are connected have
 * SCARD_W_RESET_CARD pending from now on.
 *
 * Return: the state of the card; nothing was marked unless it is POL_CARD_ON
 */
enum pol_card scard_slot_mark_reset(struct scard_slot *slot)
{
	enum pol_card card;

	spin_lock(&slot->lock);
	card = slot->pol.card;
	if (card == POL_CARD_ON) {
		pol_reset(&slot->pol);
		scard_slot_changed(slot);
	}
	scard_slot_unlock(slot);
	return card;
}

/**
 * scard_slot_reset() - warm reset; cold if the reader refuses it; else fail closed
 * @slot: the slot; scard_slot_mark_reset() was called
 * @req: a request
 *
 * Return: 0 or a negative errno; -EREMOTEIO: the card is powered off and mute
 */
int scard_slot_reset(struct scard_slot *slot, struct scard_req *req)
{
	int ret = scard_slot_power_on(slot, req, true);

	if (!ret || slot_is_final(ret))
		return ret;
	ret = slot_cmd_off(slot, req);
	if (slot_is_final(ret))
		return ret;
	ret = scard_slot_power_on(slot, req, false);
	if (!ret || slot_is_final(ret))
		return ret;
	return slot_mute(slot, req);
}

/**
 * scard_slot_activate() - power the card up if it has no power
 * @slot: the slot
 * @req: a request
 *
 * Return: 0: the card is on; -ENOMEDIUM: no card; -EREMOTEIO: it is mute; others
 */
int scard_slot_activate(struct scard_slot *slot, struct scard_req *req)
{
	int ret;

	switch (READ_ONCE(slot->pol.card)) {
	case POL_CARD_ON:
		return 0;
	case POL_CARD_ABSENT:
		/* without an interrupt pipe an insertion may have gone unnoticed */
		if (slot->reader->has_interrupt)
			return -ENOMEDIUM;
		ret = scard_slot_settle(slot, req);
		if (ret)
			return ret;
		if (READ_ONCE(slot->pol.card) == POL_CARD_ABSENT)
			return -ENOMEDIUM;
		return READ_ONCE(slot->pol.card) == POL_CARD_ON ? 0 : -EREMOTEIO;
	default:
		ret = scard_slot_power_on(slot, req, false);
		/* without memory nobody has asked the card, which has no power as before */
		if (!ret || ret == -ENOMEM || slot_is_final(ret))
			return ret;
		return slot_mute(slot, req);
	}
}

/**
 * scard_slot_eject() - IccPowerOff, then push the card out if the reader can
 * @slot: the slot; scard_slot_mark_reset() was called
 * @req: a request
 *
 * Return: 0 or a negative errno
 */
int scard_slot_eject(struct scard_slot *slot, struct scard_req *req)
{
	static const u8 eject[3] = { CCID_MECHANICAL_EJECT };
	int ret = scard_slot_power_off(slot, req);

	if (ret || !(slot->reader->desc.mechanical & CCID_MECHANICAL_EJECT))
		return ret;
	return scard_slot_cmd(slot, req, CCID_PC_TO_RDR_MECHANICAL, eject, 0, SLOT_EJECT_MS);
}

/* Has the interrupt pipe reported a card? Then its IccPowerOn asks all that is to be asked. */
static bool slot_is_reported(struct scard_slot *slot)
{
	bool reported;

	spin_lock(&slot->lock);
	reported = slot->inserted && slot->pol.card == POL_CARD_ABSENT && !slot->pol.gone;
	slot->inserted = reported;
	spin_unlock(&slot->lock);
	return reported;
}

/* Ask the reader; *@look: there is a card whose ATR is to be read. */
static int slot_ask(struct scard_slot *slot, struct scard_req *req, bool *look)
{
	unsigned int tries = SLOT_STATUS_TRIES;
	bool off = false;
	int ret;

	do {
		ret = scard_slot_cmd(slot, req, CCID_PC_TO_RDR_GET_SLOT_STATUS, no_params, 0,
				     SLOT_STATUS_TIMEOUT_MS);
		/* an answer that says "failed" still tells the state of the card */
		if (ret != -EINTR && ret != -ENODEV && req->ans.type)
			ret = 0;
	} while (ret && ret != -EINTR && ret != -ENODEV && --tries);
	if (ret)
		return ret;
	if (req->ans.icc_status == CCID_ICC_ABSENT)
		return 0;	/* scard_slot_cmd() has seen to it */

	spin_lock(&slot->lock);
	/* a card that has lost its power unasked was taken out and put back */
	if (slot->pol.card == POL_CARD_ON && req->ans.icc_status == CCID_ICC_INACTIVE)
		scard_slot_removed_locked(slot);
	if (slot->pol.card == POL_CARD_ABSENT && !slot->pol.gone) {
		/* nobody is told of a card without its ATR, whoever has asked */
		slot->settling = true;
		slot_inserted_locked(slot);
		*look = true;
	} else if (slot->pol.card == POL_CARD_OFF || slot->pol.card == POL_CARD_MUTE) {
		*look = slot->recheck;
		off = *look && req->ans.icc_status == CCID_ICC_ACTIVE;
	}
	slot->recheck = false;
	scard_slot_unlock(slot);
	/* a killed caller has powered it up; ATRs are compared after a cold reset */
	return off ? slot_cmd_off(slot, req) : 0;
}

/**
 * scard_slot_settled() - what was to be found out is known, or cannot be
 * @slot: the slot
 */
void scard_slot_settled(struct scard_slot *slot)
{
	spin_lock(&slot->lock);
	if (slot->settling && !slot->pol.settle) {
		slot->settling = false;
		slot_card_changed(slot);
	}
	spin_unlock(&slot->lock);
}

/**
 * scard_slot_settle() - find out whether a card is there, and read its ATR
 * @slot: the slot
 * @req: a request
 *
 * Return: 0, whatever the card is; or a negative errno of the reader
 */
int scard_slot_settle(struct scard_slot *slot, struct scard_req *req)
{
	bool look = slot_is_reported(slot);
	int ret = look ? 0 : slot_ask(slot, req, &look);

	if (!ret && look) {
		ret = scard_slot_power_on(slot, req, false);
		if (ret && !slot_is_final(ret))
			ret = slot_mute(slot, req);
		if (!ret)
			scard_slot_idle(slot);
	}
	if (ret == -EINTR)
		slot_settle_later(slot);
	scard_slot_settled(slot);
	return ret == -EREMOTEIO || ret == -ENOMEDIUM ? 0 : ret;
}

/**
 * scard_slot_unreachable() - what is owed to the card cannot be told to the reader
 * @slot: the slot
 *
 * Fails closed: the card counts as mute, and the next Connect resets it by powering
 * it up.
 */
void scard_slot_unreachable(struct scard_slot *slot)
{
	slot_set_card(slot, POL_CARD_MUTE);
}

/**
 * scard_slot_farewell() - leave no card powered behind
 * @slot: the slot, quiet
 */
void scard_slot_farewell(struct scard_slot *slot)
{
	slot->ceiling = jiffies + msecs_to_jiffies(SCARD_CEILING_MS);
	if (slot->pol.card == POL_CARD_ON || slot->interrupted)
		ccid_cmd(slot, slot->req, CCID_PC_TO_RDR_ICC_POWER_OFF, no_params, 0,
			 SLOT_FAREWELL_MS);
}
