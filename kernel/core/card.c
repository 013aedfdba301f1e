// SPDX-License-Identifier: GPL-2.0
/*
 * The card in a slot: state, power, ATR.
 */
#include <linux/string.h>

#include "card.h"
#include "event.h"
#include "power.h"
#include "slot.h"

/* ---- state ---- */

/* The reader is kept awake as long as its card has power. */
static void card_set_locked(struct scard_slot *slot, enum pol_card card)
{
	const struct scard_reader_ops *ops = slot->reader->ops;

	lockdep_assert_held(&slot->lock);
	if (card == POL_CARD_ON && slot->pol.card != POL_CARD_ON)
		ops->hold(slot->reader);
	if (card != POL_CARD_ON && slot->pol.card == POL_CARD_ON)
		ops->put(slot->reader);
	WRITE_ONCE(slot->pol.card, card);
	if (card == POL_CARD_ON)
		scard_power_is_safe(slot);
	WRITE_ONCE(slot->card.protocol, 0);
	scard_event_card_changed(slot);
}

/* The reader has powered the card off: it is OFF, or MUTE. */
static void card_went_off(struct scard_slot *slot, enum pol_card card)
{
	spin_lock(&slot->lock);
	/* the card, or the reader, may have been removed since the answer */
	if (slot->pol.card != POL_CARD_ABSENT)
		card_set_locked(slot, card);
	scard_power_is_safe(slot);
	scard_slot_unlock(slot);
}

/**
 * scard_card_removed_locked() - believe that the card is out, if one was in
 * @slot: the slot, locked
 */
void scard_card_removed_locked(struct scard_slot *slot)
{
	lockdep_assert_held(&slot->lock);
	WRITE_ONCE(slot->presence.doubted, 0);
	if (slot->pol.card == POL_CARD_ABSENT)
		return;
	if (slot->pol.card == POL_CARD_ON || slot->presence.state == SCARD_PRESENCE_RECHECK)
		WRITE_ONCE(slot->power.unsafe, true);
	if (slot->presence.state != SCARD_PRESENCE_REPORTED)
		WRITE_ONCE(slot->presence.state, SCARD_PRESENCE_REMOVED);
	slot->card.atr_len = 0;
	slot->card.cold_len = 0;
	slot->events.card++;
	card_set_locked(slot, POL_CARD_ABSENT);
	scard_pol_removed(&slot->pol);
}

/* A card is there, without power so far. */
static void card_inserted_locked(struct scard_slot *slot)
{
	if (slot->presence.state != SCARD_PRESENCE_KNOWN)
		WRITE_ONCE(slot->presence.state, SCARD_PRESENCE_RECHECK);
	slot->events.card++;
	slot->count.insertions++;
	card_set_locked(slot, POL_CARD_OFF);
}

/**
 * scard_card_lost_power_locked() - take note that the card lost its power by itself
 * @slot: the slot, locked
 *
 * All connected handles see a reset, if the card had power.
 */
void scard_card_lost_power_locked(struct scard_slot *slot)
{
	if (slot->pol.card != POL_CARD_ON)
		return;
	scard_pol_lost_power(&slot->pol);
	card_set_locked(slot, POL_CARD_OFF);
}

/*
 * The reader has failed. A card that may have its power is not left alone, and one that was
 * reported is to be read. An empty slot is left alone: each try may cost the others their commands.
 */
static void card_retry_locked(struct scard_slot *slot)
{
	if (slot->power.unsafe || slot->presence.state == SCARD_PRESENCE_REPORTED)
		scard_power_retry_locked(slot);
	else
		scard_power_no_retry(slot);
}

/**
 * scard_card_set_mute() - fail closed: the card could not be reset and may have its power
 * @slot: the slot
 *
 * It may still be verified for its last user. The next Connect, or a retry before it, resets
 * it by powering it up.
 */
void scard_card_set_mute(struct scard_slot *slot)
{
	bool news = false;

	spin_lock(&slot->lock);
	if (slot->pol.card != POL_CARD_ABSENT) {
		/* once, not for each retry */
		news = slot->pol.card != POL_CARD_MUTE || !slot->power.unsafe;
		card_set_locked(slot, POL_CARD_MUTE);
		WRITE_ONCE(slot->power.unsafe, true);
	}
	card_retry_locked(slot);
	scard_slot_unlock(slot);
	if (news)
		scard_reader_warn(slot->reader,
				  "cannot reset or power off a card, trying again: unplug the reader to be sure");
}

/**
 * scard_card_mark_reset() - announce that the card is about to be reset or powered off
 * @slot: the slot
 *
 * To be called before the first byte of it: from then on all connected handles have
 * SCARD_W_RESET_CARD pending.
 *
 * Return: the state of the card; nothing was marked unless it is POL_CARD_ON
 */
enum pol_card scard_card_mark_reset(struct scard_slot *slot)
{
	enum pol_card card;

	spin_lock(&slot->lock);
	card = slot->pol.card;
	if (card == POL_CARD_ON) {
		scard_pol_reset(&slot->pol);
		scard_event_changed(slot);
	}
	scard_slot_unlock(slot);
	return card;
}

/* ---- removals that may be none ---- */

/* A removal that was believed is verified after this time */
#define CARD_VERIFY	(HZ / 10)

/**
 * scard_card_verify_in() - have presence.verify_work run
 * @slot: the slot, locked
 * @delay: time until then, jiffies
 *
 * The reader stays awake until it is asked: it is not to fall asleep for that long only.
 */
void scard_card_verify_in(struct scard_slot *slot, unsigned long delay)
{
	lockdep_assert_held(&slot->lock);
	if (queue_delayed_work(slot->reader->wq, &slot->presence.verify_work, delay))
		slot->reader->ops->hold(slot->reader);
}

/**
 * scard_card_verify_later() - have the worker ask the reader about a removal that was believed
 * @slot: the slot, locked
 */
void scard_card_verify_later(struct scard_slot *slot)
{
	WRITE_ONCE(slot->presence.state, SCARD_PRESENCE_REMOVED);
	scard_card_verify_in(slot, CARD_VERIFY);
}

/* An answer says that there is no card. */
static void card_absent(struct scard_slot *slot)
{
	bool news;

	spin_lock(&slot->lock);
	news = slot->pol.card != POL_CARD_ABSENT && !slot->presence.doubted &&
		READ_ONCE(slot->reader->notifies) && !slot->pol.gone;
	scard_card_removed_locked(slot);
	if (news) {
		/* if that is wrong, and no insertion is reported, nothing else finds the card */
		scard_card_verify_later(slot);
	} else {
		/* a report of an insertion is older, and a removal is verified */
		WRITE_ONCE(slot->presence.state, SCARD_PRESENCE_KNOWN);
		scard_power_is_safe(slot);
	}
	scard_slot_unlock(slot);
}

/* ---- answers ---- */

/*
 * The transport may report an insertion that is older than the last answer, so the core
 * believes in the card when the next answer confirms it.
 */
static void card_confirm(struct scard_slot *slot)
{
	spin_lock(&slot->lock);
	if (slot->presence.state == SCARD_PRESENCE_REPORTED) {
		if (slot->pol.card == POL_CARD_ABSENT && !slot->pol.gone)
			card_inserted_locked(slot);
		WRITE_ONCE(slot->presence.state, SCARD_PRESENCE_RECHECK);
	}
	scard_slot_unlock(slot);
}

/**
 * scard_card_answered() - believe what an answer says of the card
 * @slot: the slot
 * @icc: the card as the answer has it
 * @ret: result of the command: 0 or a negative errno
 *
 * Return: @ret, or -ENOMEDIUM for a command that failed without a card
 */
int scard_card_answered(struct scard_slot *slot, enum scard_icc icc, int ret)
{
	if (icc == SCARD_ICC_UNKNOWN || ret == -EINTR || scard_reader_gone(slot->reader))
		return ret;
	WRITE_ONCE(slot->presence.checked, jiffies);
	if (icc == SCARD_ICC_ABSENT) {
		card_absent(slot);
		return ret ? -ENOMEDIUM : 0;
	}
	if (READ_ONCE(slot->presence.state) == SCARD_PRESENCE_REPORTED)
		card_confirm(slot);
	if (icc == SCARD_ICC_INACTIVE && READ_ONCE(slot->presence.doubted)) {
		spin_lock(&slot->lock);
		if (slot->presence.doubted)
			scard_card_removed_locked(slot);
		scard_slot_unlock(slot);
	} else if (ret && icc == SCARD_ICC_INACTIVE && READ_ONCE(slot->pol.card) == POL_CARD_ON) {
		spin_lock(&slot->lock);
		scard_card_lost_power_locked(slot);
		scard_slot_unlock(slot);
	}
	return ret;
}

/* ---- power; for the owner of the turn ---- */

/* No other attempt makes sense after these. */
static bool card_is_final(int ret)
{
	return ret == -EINTR || ret == -ENODEV || ret == -ENOMEDIUM;
}

/* The caller was killed before it knew: the worker goes on. */
static void card_settle_later(struct scard_slot *slot)
{
	spin_lock(&slot->lock);
	scard_slot_recheck(slot);
	if (!slot->pol.gone)
		scard_pol_want_settle(&slot->pol);
	scard_slot_unlock(slot);
}

static bool card_atr_differs(const u8 *atr, u8 len, const struct scard_req *req)
{
	return len != req->out_len || memcmp(atr, req->out, len);
}

/* The card is on, and its ATR is in the request. */
static int card_take_atr(struct scard_slot *slot, const struct scard_req *req, bool warm)
{
	struct scard_card *card = &slot->card;

	if (!req->out_len || req->out_len > sizeof(card->atr))
		return -EREMOTEIO;
	spin_lock(&slot->lock);
	if (scard_slot_power_lost(slot)) {
		/* and scard_presence_lost_power() may have been here */
		spin_unlock(&slot->lock);
		return -EIO;
	}
	/* it may be another card's, and the reader can tell no more */
	if (slot->presence.doubted)
		scard_card_removed_locked(slot);
	if (slot->pol.card != POL_CARD_ABSENT) {
		/* A warm ATR may differ from a cold one; two cold ones are two cards'. */
		if (!warm && card->cold_len && card->cold_voltage == card->voltage &&
		    card_atr_differs(card->cold_atr, card->cold_len, req)) {
			scard_card_removed_locked(slot);
			card_inserted_locked(slot);
		}
		if (!warm) {
			if (slot->presence.state == SCARD_PRESENCE_RECHECK)
				WRITE_ONCE(slot->presence.state, SCARD_PRESENCE_KNOWN);
			memcpy(card->cold_atr, req->out, req->out_len);
			card->cold_len = req->out_len;
			card->cold_voltage = card->voltage;
		}
		memcpy(card->atr, req->out, req->out_len);
		card->atr_len = req->out_len;
		slot->count.power_ups++;
		card_set_locked(slot, POL_CARD_ON);
	}
	scard_slot_unlock(slot);
	return 0;
}

/* On failure the state of the card stays as it is. */
static int card_power_on(struct scard_slot *slot, struct scard_req *req, bool warm)
{
	int ret = slot->reader->ops->power_on(slot, req, warm);

	if (ret == -EINTR && scard_slot_is_owned(slot, req))
		card_settle_later(slot);
	return ret ?: card_take_atr(slot, req, warm);
}

/**
 * scard_card_power_off() - power the card off
 * @slot: the slot; scard_card_mark_reset() was called if a handle is connected
 * @req: a request
 *
 * Return: 0 or a negative errno; a card that kept its power is mute and tried again
 */
int scard_card_power_off(struct scard_slot *slot, struct scard_req *req)
{
	int ret = slot->reader->ops->power_off(slot, req);

	if (!ret || ret == -ENOMEDIUM)
		card_went_off(slot, POL_CARD_OFF);
	else if (!card_is_final(ret))
		scard_card_set_mute(slot);
	return ret;
}

/* The card does not answer: it gets no power. If it keeps it, it is tried again. */
static int card_mute(struct scard_slot *slot, struct scard_req *req)
{
	int ret = slot->reader->ops->power_off(slot, req);

	if (card_is_final(ret))
		return ret;
	if (ret)
		scard_card_set_mute(slot);
	else
		card_went_off(slot, POL_CARD_MUTE);
	return -EREMOTEIO;
}

/**
 * scard_card_reset() - reset the card: warm; cold if the reader refuses it; else fail closed
 * @slot: the slot, whose epoch counts this reset already: scard_card_mark_reset() was
 *	called, or the policy has given the worker a job
 * @req: a request
 *
 * Return: 0 or a negative errno; -EREMOTEIO: the card is powered off and mute
 */
int scard_card_reset(struct scard_slot *slot, struct scard_req *req)
{
	int ret;

	/* one that is not on may be another card: its ATR is compared after a cold reset */
	if (READ_ONCE(slot->pol.card) == POL_CARD_ON) {
		ret = card_power_on(slot, req, true);
		if (!ret || card_is_final(ret))
			return ret;
	}
	ret = slot->reader->ops->power_off(slot, req);
	if (card_is_final(ret))
		return ret;
	ret = card_power_on(slot, req, false);
	if (!ret || card_is_final(ret))
		return ret;
	return card_mute(slot, req);
}

/**
 * scard_card_cycle() - power the card off and on again, for another attempt at a protocol
 * @slot: the slot
 * @req: a request
 *
 * Return: 0 or a negative errno
 */
int scard_card_cycle(struct scard_slot *slot, struct scard_req *req)
{
	int ret;

	scard_card_mark_reset(slot);
	ret = scard_card_power_off(slot, req);
	return card_is_final(ret) ? ret : card_power_on(slot, req, false);
}

/**
 * scard_card_eject() - power the card off, then push it out if the reader can
 * @slot: the slot, as for scard_card_reset()
 * @req: a request
 *
 * Return: 0 or a negative errno
 */
int scard_card_eject(struct scard_slot *slot, struct scard_req *req)
{
	int ret = scard_card_power_off(slot, req);

	return ret ?: slot->reader->ops->eject(slot, req);
}

/* ---- settling: is a card there, and which ---- */

/* Has the transport reported a card? Then the power-up alone answers all questions. */
static bool card_is_reported(struct scard_slot *slot)
{
	bool reported = false;

	spin_lock(&slot->lock);
	if (slot->presence.state == SCARD_PRESENCE_REPORTED) {
		reported = slot->pol.card == POL_CARD_ABSENT && !slot->pol.gone;
		if (!reported)
			WRITE_ONCE(slot->presence.state, SCARD_PRESENCE_RECHECK);
	}
	spin_unlock(&slot->lock);
	return reported;
}

/*
 * The reader has answered @icc, or failed, when it was asked about a removal that it had reported:
 * only a card that has kept its power is the same one.
 */
static void card_end_doubt(struct scard_slot *slot, int icc)
{
	if (!READ_ONCE(slot->presence.doubted) || icc == -EINTR)
		return;
	spin_lock(&slot->lock);
	if (!slot->presence.doubted) {
		/* removed meanwhile */
	} else if (slot->pol.card != POL_CARD_ON || icc != SCARD_ICC_ACTIVE) {
		scard_card_removed_locked(slot);
	} else {
		/* if it was reported once more, the reader is asked again */
		WRITE_ONCE(slot->presence.doubted, slot->pol.settle ? jiffies ?: 1 : 0);
	}
	scard_slot_unlock(slot);
}

/* Ask the reader; *@read: there is a card whose ATR has to be read. */
static int card_ask(struct scard_slot *slot, struct scard_req *req, bool *read)
{
	int icc = slot->reader->ops->status(slot, req);
	bool off = false;

	card_end_doubt(slot, icc);
	/* scard_card_answered() has seen to a card that is out */
	if (icc < 0 || icc == SCARD_ICC_ABSENT)
		return min(icc, 0);

	spin_lock(&slot->lock);
	/* a card that lost its power by itself was taken out and put back */
	if (slot->pol.card == POL_CARD_ON && icc == SCARD_ICC_INACTIVE)
		scard_card_removed_locked(slot);
	if (slot->pol.card == POL_CARD_ABSENT && !slot->pol.gone) {
		/* a card without its ATR is not reported */
		slot->card.settling = true;
		card_inserted_locked(slot);
		*read = true;
		off = slot->power.unsafe && icc == SCARD_ICC_ACTIVE;
	} else if (slot->pol.card == POL_CARD_OFF || slot->pol.card == POL_CARD_MUTE) {
		*read = slot->presence.state == SCARD_PRESENCE_RECHECK;
		off = *read && icc == SCARD_ICC_ACTIVE;
	}
	if (slot->presence.state == SCARD_PRESENCE_RECHECK)
		WRITE_ONCE(slot->presence.state, SCARD_PRESENCE_KNOWN);
	scard_slot_unlock(slot);
	/* it was powered up unseen, or kept its power; ATRs are compared after a cold reset */
	if (off) {
		int ret = slot->reader->ops->power_off(slot, req);

		/* a refusal is no reason not to try the power-up, which resets it, too */
		if (card_is_final(ret))
			return ret;
	}
	return 0;
}

/**
 * scard_card_settled() - end settling, unless there is another request for it
 * @slot: the slot
 */
void scard_card_settled(struct scard_slot *slot)
{
	spin_lock(&slot->lock);
	if (slot->card.settling && !slot->pol.settle) {
		slot->card.settling = false;
		scard_event_card_changed(slot);
	}
	spin_unlock(&slot->lock);
}

/**
 * scard_card_unread() - the reader did not tell the state of the card, or did not wake up
 * @slot: the slot
 */
void scard_card_unread(struct scard_slot *slot)
{
	spin_lock(&slot->lock);
	if (slot->presence.state == SCARD_PRESENCE_RECHECK && slot->pol.card != POL_CARD_ABSENT)
		WRITE_ONCE(slot->power.unsafe, true);
	card_retry_locked(slot);
	spin_unlock(&slot->lock);
}

/* The reader has told it, and the worker has read the card, if there is one. */
static void card_read(struct scard_slot *slot)
{
	spin_lock(&slot->lock);
	if (slot->pol.card != POL_CARD_MUTE && slot->presence.state == SCARD_PRESENCE_KNOWN)
		scard_power_is_safe(slot);
	spin_unlock(&slot->lock);
}

/**
 * scard_card_settle() - find out whether a card is there, and read its ATR
 * @slot: the slot
 * @req: a request
 *
 * Return: 0 for any card and for none; or a negative errno of the reader
 */
int scard_card_settle(struct scard_slot *slot, struct scard_req *req)
{
	bool read = card_is_reported(slot);
	int ret = read ? 0 : card_ask(slot, req, &read);
	bool told = !ret || card_is_final(ret);

	if (!ret && read) {
		ret = card_power_on(slot, req, false);
		if (ret && !card_is_final(ret))
			ret = card_mute(slot, req);
		if (!ret)
			scard_power_idle(slot);
	}
	if (!scard_slot_is_owned(slot, req))
		return ret;	/* the worker settles, or has settled */
	if (ret == -EINTR)
		card_settle_later(slot);
	if (!told)
		scard_card_unread(slot);
	else if (!ret)
		card_read(slot);
	scard_card_settled(slot);
	return ret == -EREMOTEIO || ret == -ENOMEDIUM ? 0 : ret;
}

/* ---- for Connect ---- */

/**
 * scard_card_activate() - power the card up if it has no power
 * @slot: the slot
 * @req: a request
 *
 * Return: 0: the card is on; -ENOMEDIUM: no card; -EREMOTEIO: it is mute; others
 */
int scard_card_activate(struct scard_slot *slot, struct scard_req *req)
{
	int ret, off;

	switch (READ_ONCE(slot->pol.card)) {
	case POL_CARD_ON:
		return 0;
	case POL_CARD_ABSENT:
		/* an insertion may have gone unnoticed, also while the reader was asleep */
		if (READ_ONCE(slot->reader->notifies) &&
		    READ_ONCE(slot->presence.state) == SCARD_PRESENCE_KNOWN)
			return -ENOMEDIUM;
		ret = scard_card_settle(slot, req);
		if (ret)
			return ret;
		ret = scard_slot_no_card(slot);
		return ret == -ENOLINK ? -EREMOTEIO : ret;
	default:
		/* it may have its power, and ATRs are compared after a cold reset */
		off = READ_ONCE(slot->power.unsafe) ? slot->reader->ops->power_off(slot, req) : 0;
		if (card_is_final(off))
			return off;
		ret = card_power_on(slot, req, false);
		/* without memory the card was not asked, and has no power as before */
		if (!ret || ret == -ENOMEM || card_is_final(ret))
			return ret;
		if (!off)
			return card_mute(slot, req);
		/* refused already, and a reader that is silent costs the caller its time */
		scard_card_set_mute(slot);
		return -EREMOTEIO;
	}
}

/**
 * scard_card_set_protocol() - make a protocol active
 * @slot: the slot, whose card is on
 * @req: a request
 * @protocols: SCARD_PROTO_* that the caller takes
 *
 * An active protocol stays: only a reset allows another one.
 *
 * Return: 0, -EPROTONOSUPPORT, or a negative errno of the exchange
 */
int scard_card_set_protocol(struct scard_slot *slot, struct scard_req *req, u32 protocols)
{
	u32 protocol = READ_ONCE(slot->card.protocol);
	int ret = SCARD_PROTO_RAW;

	if (protocol)
		return protocols & (protocol | SCARD_PROTO_RAW) ? 0 : -EPROTONOSUPPORT;
	if (!(protocols & SCARD_PROTO_RAW))
		ret = slot->reader->ops->set_protocol(slot, req, protocols);
	if (ret < 0)
		return ret;
	spin_lock(&slot->lock);
	/* a card that has lost its power has no protocol; the caller finds that out itself */
	if (slot->pol.card == POL_CARD_ON)
		WRITE_ONCE(slot->card.protocol, ret);
	scard_slot_unlock(slot);
	return 0;
}
