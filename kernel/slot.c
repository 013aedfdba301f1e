// SPDX-License-Identifier: GPL-2.0
/*
 * The card in a slot: presence, power, ATR; and the slot's worker, which looks at
 * cards that were inserted, pays owed resets and finishes what killed callers left.
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "scard.h"

#define SLOT_STATUS_TIMEOUT_MS	5000
#define SLOT_POWER_TIMEOUT_MS	15000
#define SLOT_POWER_OFF_MS	5000
#define SLOT_EJECT_MS		10000
#define SLOT_FAREWELL_MS	500
#define SLOT_STATUS_TRIES	3	/* the first message after plug-in is lost at times */
/* Where the reader cannot report insertion, it is asked as often while it is open. */
#define SLOT_POLL_INTERVAL	(HZ / 2)

#define CCID_MECHANICAL_EJECT	0x02	/* bFunction, and dwMechanical bit 1 */

static const u8 no_params[3];

static unsigned int idle_ms = 5000;
module_param(idle_ms, uint, 0644);
MODULE_PARM_DESC(idle_ms, "power a card off after so many ms without a connected handle; 0: never (default 5000)");

/* ---- what others may see ---- */

/**
 * scard_slot_state() - SCARD_STATE_BIT_* of this moment
 * @slot: the slot, locked
 *
 * Return: the bits
 */
u32 scard_slot_state(const struct scard_slot *slot)
{
	const struct pol_slot *pol = &slot->pol;
	u32 state = 0;

	lockdep_assert_held(&slot->lock);
	if (pol->card != POL_CARD_ABSENT)
		state |= SCARD_STATE_BIT_PRESENT;
	if (pol->card == POL_CARD_ON)
		state |= SCARD_STATE_BIT_POWERED;
	if (pol->card == POL_CARD_MUTE)
		state |= SCARD_STATE_BIT_MUTE;
	if (slot->protocol)
		state |= SCARD_STATE_BIT_NEGOTIATED;
	if (pol->connected)
		state |= SCARD_STATE_BIT_INUSE;
	if (pol->exclusive)
		state |= SCARD_STATE_BIT_EXCLUSIVE;
	if (pol->owner)
		state |= SCARD_STATE_BIT_TRANSACTION;
	if (slot->settling)
		state |= SCARD_STATE_BIT_SETTLING;
	return state;
}

/**
 * scard_slot_changed() - something that a waiter may want to see has changed
 * @slot: the slot, locked
 */
void scard_slot_changed(struct scard_slot *slot)
{
	lockdep_assert_held(&slot->lock);
	slot->event++;
	wake_up_all(&slot->wait);
}

/* The same for the card itself, which is multicast too. */
static void slot_card_changed(struct scard_slot *slot)
{
	scard_slot_changed(slot);
	scard_netlink_change(slot);
}

/*
 * Every change of the card's state comes through here or slot_removed_locked(). A
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
	spin_unlock(&slot->lock);
}

static void slot_removed_locked(struct scard_slot *slot)
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
	slot->card_event++;
	slot_set_card_locked(slot, POL_CARD_OFF);
}

/* The card has lost its power, not by us: a reset for all handles */
static void slot_lost_power_locked(struct scard_slot *slot)
{
	if (slot->pol.card != POL_CARD_ON)
		return;
	pol_reset(&slot->pol);
	slot_set_card_locked(slot, POL_CARD_OFF);
}

/* ---- the card; for the actor ---- */

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
	int ret = ccid_cmd(slot, req, type, params, len, timeout_ms);

	if (ret == -EINTR || !req->ans.type || scard_reader_gone(slot->reader))
		return ret;
	if (req->ans.icc_status == CCID_ICC_ABSENT) {
		spin_lock(&slot->lock);
		slot_removed_locked(slot);
		spin_unlock(&slot->lock);
		return ret ? -ENOMEDIUM : 0;
	}
	if (ret && req->ans.icc_status == CCID_ICC_INACTIVE &&
	    READ_ONCE(slot->pol.card) == POL_CARD_ON) {
		spin_lock(&slot->lock);
		slot_lost_power_locked(slot);
		spin_unlock(&slot->lock);
	}
	return ret;
}

static int slot_take_atr(struct scard_slot *slot, const struct scard_req *req, bool warm)
{
	const struct atr *atr = &slot->info;

	if (atr_parse(&slot->info, req->ans.data, req->ans.len))
		return -EREMOTEIO;
	spin_lock(&slot->lock);
	if (slot->pol.card != POL_CARD_ABSENT) {
		/* A warm ATR may differ from a cold one; two cold ones are two cards'. */
		if (!warm && slot->cold_len &&
		    (slot->cold_len != atr->len || memcmp(slot->cold_atr, atr->bytes, atr->len))) {
			slot_removed_locked(slot);
			slot_inserted_locked(slot);
		}
		if (!warm) {
			memcpy(slot->cold_atr, atr->bytes, atr->len);
			slot->cold_len = atr->len;
		}
		memcpy(slot->atr, atr->bytes, atr->len);
		slot->atr_len = atr->len;
		slot_set_card_locked(slot, POL_CARD_ON);
	}
	spin_unlock(&slot->lock);
	return 0;
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
		ret = scard_slot_cmd(slot, req, CCID_PC_TO_RDR_ICC_POWER_ON, params, 0,
				     SLOT_POWER_TIMEOUT_MS);
		return ret ?: slot_take_atr(slot, req, warm);
	}
	for (select = warm && slot->voltage ? slot->voltage : 1; select <= 3; select++) {
		/* bPowerSelect 1, 2, 3 is 5 V, 3 V, 1.8 V; bVoltageSupport has a bit each */
		if (desc->voltage_support && !(desc->voltage_support & BIT(select - 1)))
			continue;
		params[0] = select;
		ret = scard_slot_cmd(slot, req, CCID_PC_TO_RDR_ICC_POWER_ON, params, 0,
				     SLOT_POWER_TIMEOUT_MS);
		if (!ret) {
			slot->voltage = select;
			return slot_take_atr(slot, req, warm);
		}
		if (warm || ret == -EINTR || ret == -ENODEV || ret == -ENOMEDIUM)
			return ret;
		ret = scard_slot_cmd(slot, req, CCID_PC_TO_RDR_ICC_POWER_OFF, no_params, 0,
				     SLOT_POWER_OFF_MS);
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
	int ret = scard_slot_cmd(slot, req, CCID_PC_TO_RDR_ICC_POWER_OFF, no_params, 0,
				 SLOT_POWER_OFF_MS);

	if (ret != -EINTR)
		slot_set_card(slot, POL_CARD_OFF);
	return ret;
}

/* The card does not answer: it gets no power, and is not tried again by itself. */
static int slot_mute(struct scard_slot *slot, struct scard_req *req)
{
	int ret = scard_slot_cmd(slot, req, CCID_PC_TO_RDR_ICC_POWER_OFF, no_params, 0,
				 SLOT_POWER_OFF_MS);

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
	spin_unlock(&slot->lock);
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
	ret = scard_slot_cmd(slot, req, CCID_PC_TO_RDR_ICC_POWER_OFF, no_params, 0,
			     SLOT_POWER_OFF_MS);
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
 * Return: 0: the card is on; -ENOMEDIUM: no card; -ENOLINK: it is mute; others
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
		return READ_ONCE(slot->pol.card) == POL_CARD_ON ? 0 : -ENOLINK;
	default:
		ret = scard_slot_power_on(slot, req, false);
		if (!ret || slot_is_final(ret))
			return ret;
		ret = slot_mute(slot, req);
		return ret == -EREMOTEIO ? -ENOLINK : ret;
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

/**
 * scard_slot_settle() - find out whether a card is there, and read its ATR
 * @slot: the slot
 * @req: a request
 *
 * Return: 0, whatever the card is; or a negative errno of the reader
 */
int scard_slot_settle(struct scard_slot *slot, struct scard_req *req)
{
	unsigned int tries = SLOT_STATUS_TRIES;
	bool look = false;
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
		slot_removed_locked(slot);
	if (slot->pol.card == POL_CARD_ABSENT && !slot->pol.gone) {
		slot_inserted_locked(slot);
		look = true;
	} else if (slot->pol.card == POL_CARD_OFF) {
		look = slot->recheck;
	}
	slot->recheck = false;
	spin_unlock(&slot->lock);
	if (!look)
		return 0;

	ret = scard_slot_power_on(slot, req, false);
	if (ret && !slot_is_final(ret))
		ret = slot_mute(slot, req);
	if (!ret)
		scard_slot_idle(slot);
	return ret == -EREMOTEIO || ret == -ENOMEDIUM ? 0 : ret;
}

/* ---- the worker ---- */

static void slot_finish_orphan(struct scard_slot *slot)
{
	struct scard_req *req = slot->orphan;
	int ret;

	if (!req)
		return;
	slot->orphan = NULL;
	ret = ccid_cmd_finish(slot, req, SCARD_ORPHAN_GRACE_MS);
	spin_lock(&slot->lock);
	if (req->ans.type && req->ans.icc_status == CCID_ICC_ABSENT)
		slot_removed_locked(slot);
	else if (ret || !slot->orphan_single)
		pol_cut(&slot->pol);
	spin_unlock(&slot->lock);
	scard_req_free(req);
}

static void slot_work(struct work_struct *work)
{
	struct scard_slot *slot = container_of(work, struct scard_slot, work);
	enum pol_job job;
	bool mine, awake;

	spin_lock(&slot->lock);
	mine = slot->pol.actor == &slot->pol.worker;
	spin_unlock(&slot->lock);
	if (!mine)
		return;

	awake = !slot->reader->ops->get(slot->reader);
	slot_finish_orphan(slot);
	for (;;) {
		spin_lock(&slot->lock);
		job = pol_worker_job(&slot->pol);
		if (slot->pol.gone)
			wake_up_all(&slot->wait);	/* scard_slot_quiesce() */
		spin_unlock(&slot->lock);
		slot->ceiling = jiffies + msecs_to_jiffies(SCARD_CEILING_MS);
		switch (job) {
		case POL_JOB_NONE:
			if (awake)
				slot->reader->ops->put(slot->reader);
			return;
		case POL_JOB_RESET:
			scard_slot_reset(slot, slot->req);
			break;
		case POL_JOB_UNPOWER:
			scard_slot_power_off(slot, slot->req);
			break;
		case POL_JOB_EJECT:
			scard_slot_eject(slot, slot->req);
			break;
		case POL_JOB_SETTLE:
			scard_slot_settle(slot, slot->req);
			spin_lock(&slot->lock);
			if (slot->settling && !slot->pol.settle) {
				slot->settling = false;
				slot_card_changed(slot);
			}
			spin_unlock(&slot->lock);
			break;
		case POL_JOB_IDLE:
			scard_slot_power_off(slot, slot->req);
			break;
		}
		scard_req_clear(slot->req);
	}
}

/* pol_slot.wake: a waiter is served, or the worker has work; slot->lock is held. */
static void slot_wake(struct pol_turn *pol_turn)
{
	struct scard_slot *slot;

	if (pol_turn->op != POL_OP_WORKER) {
		complete(&container_of(pol_turn, struct scard_turn, pol)->woken);
		return;
	}
	slot = container_of(pol_turn, struct scard_slot, pol.worker);
	queue_work(slot->reader->wq, &slot->work);
}

/* ---- presence ---- */

/**
 * scard_slot_notify() - the interrupt pipe says that the slot has changed
 * @slot: the slot
 * @present: a card is in it now
 *
 * Any context. A removal is believed at once, also while somebody else is the
 * actor; an insertion is looked at by the worker.
 */
void scard_slot_notify(struct scard_slot *slot, bool present)
{
	if (!present)
		set_bit(SLOT_NOTIFIED_ABSENT, &slot->notified);
	set_bit(SLOT_NOTIFIED_CHANGE, &slot->notified);
	queue_work(slot->reader->wq, &slot->notify_work);
}

static void slot_notify_work(struct work_struct *work)
{
	struct scard_slot *slot = container_of(work, struct scard_slot, notify_work);
	unsigned long notified = xchg(&slot->notified, 0);

	spin_lock(&slot->lock);
	if (notified & BIT(SLOT_NOTIFIED_ABSENT))
		slot_removed_locked(slot);
	if (notified && !slot->pol.gone) {
		slot->settling = true;
		pol_want_settle(&slot->pol);
	}
	spin_unlock(&slot->lock);
}

static void slot_poll_work(struct work_struct *work)
{
	struct scard_slot *slot = container_of(to_delayed_work(work), struct scard_slot, poll_work);

	spin_lock(&slot->lock);
	if (slot->opens && !slot->pol.gone) {
		/* whoever acts now sees the state of the card in the answers */
		if (!slot->pol.actor)
			pol_want_settle(&slot->pol);
		queue_delayed_work(slot->reader->wq, &slot->poll_work, SLOT_POLL_INTERVAL);
	}
	spin_unlock(&slot->lock);
}

/**
 * scard_slot_watch() - somebody has opened the device
 * @slot: the slot, locked
 *
 * Readers without an interrupt pipe are asked for their state while it is open.
 */
void scard_slot_watch(struct scard_slot *slot)
{
	lockdep_assert_held(&slot->lock);
	if (!slot->reader->has_interrupt && !slot->pol.gone)
		queue_delayed_work(slot->reader->wq, &slot->poll_work, SLOT_POLL_INTERVAL);
}

/* ---- power ---- */

/**
 * scard_slot_idle() - the last handle has left, or the card came without one
 * @slot: the slot
 *
 * A card that stays unused is powered off after a while. The work is not moved each
 * time; it finds out by itself how long it has to wait.
 */
void scard_slot_idle(struct scard_slot *slot)
{
	unsigned int ms = READ_ONCE(idle_ms);

	WRITE_ONCE(slot->idle_since, jiffies);
	if (ms && !scard_reader_gone(slot->reader) && !delayed_work_pending(&slot->idle_work))
		queue_delayed_work(slot->reader->wq, &slot->idle_work, msecs_to_jiffies(ms));
}

static void slot_idle_work(struct work_struct *work)
{
	struct scard_slot *slot = container_of(to_delayed_work(work), struct scard_slot, idle_work);
	unsigned long due = READ_ONCE(slot->idle_since) + msecs_to_jiffies(READ_ONCE(idle_ms));

	spin_lock(&slot->lock);
	if (!slot->pol.connected && slot->pol.card == POL_CARD_ON && !slot->pol.gone) {
		if (time_before(jiffies, due))
			queue_delayed_work(slot->reader->wq, &slot->idle_work, due - jiffies);
		else
			pol_want_idle(&slot->pol);
	}
	spin_unlock(&slot->lock);
}

/**
 * scard_slot_claim() - act in the worker's name, for suspend
 * @slot: the slot
 *
 * Return: true if the caller is the actor now, until scard_slot_disclaim()
 */
bool scard_slot_claim(struct scard_slot *slot)
{
	bool mine;

	spin_lock(&slot->lock);
	mine = pol_claim(&slot->pol);
	spin_unlock(&slot->lock);
	return mine;
}

/**
 * scard_slot_disclaim() - leave what scard_slot_claim() gave
 * @slot: the slot
 */
void scard_slot_disclaim(struct scard_slot *slot)
{
	/* the worker takes up from here when it is thawed */
	queue_work(slot->reader->wq, &slot->work);
}

/**
 * scard_slot_resumed() - the reader was asleep, or was reset
 * @slot: the slot
 *
 * A card that was on has lost its power, which is a reset for all handles.
 */
void scard_slot_resumed(struct scard_slot *slot)
{
	spin_lock(&slot->lock);
	slot_lost_power_locked(slot);
	slot->recheck = true;
	if (!slot->pol.gone) {
		slot->settling = true;
		pol_want_settle(&slot->pol);
	}
	spin_unlock(&slot->lock);
}

/* ---- coming and going ---- */

static void slot_release(struct device *dev)
{
	struct scard_slot *slot = container_of(dev, struct scard_slot, dev);

	scard_req_free(slot->req);
	scard_cdev_free_minor(slot);
	scard_reader_put(slot->reader);
	kfree(slot);
}

/* "<maker product> [interface] (serial) II SS", as pcsc-lite forms it */
static void slot_make_name(struct scard_slot *slot)
{
	const struct scard_reader *r = slot->reader;
	bool maker = r->manufacturer[0] && strncmp(r->product, r->manufacturer,
						   strlen(r->manufacturer));
	bool serial = r->serial[0] && !strstr(r->interface_name, r->serial);
	int room = SCARD_NAME_SIZE - sizeof(" 00 00");
	int n;

	if (!r->manufacturer[0] && !r->product[0])
		n = scnprintf(slot->name, room + 1, "Smart-card reader %04x:%04x", r->vendor_id,
			      r->product_id);
	else
		n = scnprintf(slot->name, room + 1, "%s%s%s", maker ? r->manufacturer : "",
			      maker && r->product[0] ? " " : "", r->product);
	if (r->interface_name[0])
		n += scnprintf(slot->name + n, room + 1 - n, " [%s]", r->interface_name);
	if (serial)
		n += scnprintf(slot->name + n, room + 1 - n, " (%s)", r->serial);
	scnprintf(slot->name + n, SCARD_NAME_SIZE - n, " %02X %02X", r->index, slot->index);
}

/**
 * scard_slot_alloc() - make a slot
 * @reader: its reader, which it will reference
 * @index: bSlot
 *
 * Return: the slot, to be released with put_device(), or NULL
 */
struct scard_slot *scard_slot_alloc(struct scard_reader *reader, u8 index)
{
	struct scard_slot *slot = kzalloc(sizeof(*slot), GFP_KERNEL);

	if (!slot)
		return NULL;
	slot->reader = reader;
	slot->index = index;
	slot->settling = true;	/* until the worker has looked */
	spin_lock_init(&slot->lock);
	pol_init(&slot->pol, slot_wake);
	init_waitqueue_head(&slot->wait);
	INIT_WORK(&slot->work, slot_work);
	INIT_WORK(&slot->notify_work, slot_notify_work);
	INIT_DELAYED_WORK(&slot->poll_work, slot_poll_work);
	INIT_DELAYED_WORK(&slot->idle_work, slot_idle_work);
	scard_netlink_slot_init(slot);
	slot_make_name(slot);

	device_initialize(&slot->dev);
	slot->dev.class = &scard_class;
	slot->dev.parent = reader->parent;
	slot->dev.release = slot_release;
	dev_set_drvdata(&slot->dev, slot);
	scard_reader_get(reader);

	/* the longest answer that the worker expects is an ATR; parameters are shorter */
	slot->req = scard_req_alloc(reader, CCID_HEADER_LEN + SCARD_WORKER_TX,
				    reader->desc.nbusy > 1 ? reader->desc.max_msg :
				    CCID_HEADER_LEN + SCARD_WORKER_RX, GFP_KERNEL);
	if (!slot->req || scard_cdev_get_minor(slot)) {
		put_device(&slot->dev);
		return NULL;
	}
	return slot;
}

/**
 * scard_slot_register() - make the device node; look at the card
 * @slot: the slot
 *
 * Return: 0 or a negative errno
 */
int scard_slot_register(struct scard_slot *slot)
{
	int ret = scard_cdev_add(slot);

	if (ret)
		return ret;
	spin_lock(&slot->lock);
	slot->registered = true;
	pol_want_settle(&slot->pol);
	spin_unlock(&slot->lock);
	scard_netlink_add(slot);
	return 0;
}

/**
 * scard_slot_gone() - the reader is gone: end all waits
 * @slot: the slot
 */
void scard_slot_gone(struct scard_slot *slot)
{
	spin_lock(&slot->lock);
	slot->settling = false;
	pol_gone(&slot->pol);
	scard_slot_changed(slot);
	spin_unlock(&slot->lock);
}

/**
 * scard_slot_quiesce() - wait until nobody acts on the slot any more
 * @slot: the slot, after scard_slot_gone() and the end of all transfers
 *
 * Whoever was the actor finds its transfers ended, and leaves.
 */
void scard_slot_quiesce(struct scard_slot *slot)
{
	cancel_delayed_work_sync(&slot->poll_work);
	cancel_delayed_work_sync(&slot->idle_work);
	cancel_work_sync(&slot->notify_work);
	wait_event(slot->wait, !READ_ONCE(slot->pol.actor));
	flush_work(&slot->work);
}

/**
 * scard_slot_farewell() - leave no card powered behind
 * @slot: the slot, quiet
 */
void scard_slot_farewell(struct scard_slot *slot)
{
	slot->ceiling = jiffies + msecs_to_jiffies(SCARD_CEILING_MS);
	if (slot->pol.card == POL_CARD_ON)
		ccid_cmd(slot, slot->req, CCID_PC_TO_RDR_ICC_POWER_OFF, no_params, 0,
			 SLOT_FAREWELL_MS);
}

/**
 * scard_slot_unregister() - remove the node and drop the reader's reference
 * @slot: the slot, quiet
 */
void scard_slot_unregister(struct scard_slot *slot)
{
	if (slot->registered) {
		scard_cdev_del(slot);
		scard_netlink_del(slot);
	}
	put_device(&slot->dev);
}
