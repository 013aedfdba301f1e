// SPDX-License-Identifier: GPL-2.0
/*
 * The worker of a slot: it probes cards that were inserted, performs pending resets and
 * finishes the exchanges of killed callers. It also serves turns, see scard_slot_wake().
 */
#include <linux/completion.h>

#include "scard.h"

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
		scard_slot_removed_locked(slot);
	else if (ret || !slot->orphan_single || !ccid_cmd_answer_whole(req))
		pol_cut(&slot->pol);
	scard_slot_unlock(slot);
	scard_req_free(req);
}

/* One job; @awake: the reader can be reached, which a device that sleeps may refuse. */
static void slot_do_job(struct scard_slot *slot, enum pol_job job, bool awake)
{
	switch (job) {
	case POL_JOB_RESET:
	case POL_JOB_UNPOWER:
	case POL_JOB_EJECT:
		if (!awake)
			scard_slot_unreachable(slot);
		else if (job == POL_JOB_RESET)
			scard_slot_reset(slot, slot->req);
		else if (job == POL_JOB_UNPOWER)
			scard_slot_power_off(slot, slot->req);
		else
			scard_slot_eject(slot, slot->req);
		break;
	case POL_JOB_SETTLE:
		if (awake)
			scard_slot_settle(slot, slot->req);
		else
			scard_slot_settled(slot);
		break;
	case POL_JOB_IDLE:
		if (awake)
			scard_slot_power_off(slot, slot->req);
		break;
	case POL_JOB_NONE:
		break;
	}
}

static void worker_work(struct work_struct *work)
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
	do {
		spin_lock(&slot->lock);
		if (awake && pol_worker_wanted(&slot->pol) && !ccid_cmd_take_place(slot)) {
			/* the policy keeps the job until then, and may think better of it */
			spin_unlock(&slot->lock);
			break;
		}
		job = pol_worker_job(&slot->pol);
		if (job == POL_JOB_RESET || job == POL_JOB_UNPOWER)
			slot->count.owed_resets++;
		if (slot->pol.gone)
			wake_up_all(&slot->wait);	/* scard_slot_quiesce() */
		scard_slot_unlock(slot);
		if (job != POL_JOB_NONE) {
			slot->ceiling = jiffies + msecs_to_jiffies(SCARD_CEILING_MS);
			slot_do_job(slot, job, awake);
			scard_req_clear(slot->req);
		}
		ccid_cmd_give_place(slot);
	} while (job != POL_JOB_NONE);
	if (awake)
		slot->reader->ops->put(slot->reader);
}

/* The policy has granted or refused the turn of a caller that sleeps. */
static void slot_serve(struct scard_turn *t)
{
	struct scard_slot *slot = container_of(t->pol.handle, struct scard_handle, pol)->slot;

	lockdep_assert_held(&slot->lock);
	/* the watchdog counts from here, not from when the caller runs */
	if (!t->pol.result && t->pol.op == POL_OP_BEGIN)
		scard_slot_used(slot);
	/* the turn stays until the caller has taken the lock */
	complete(&t->served);
}

/**
 * scard_slot_wake() - pol_slot.wake: a waiter is served, or the worker has work
 * @pol_turn: the turn; slot->lock is held
 */
void scard_slot_wake(struct pol_turn *pol_turn)
{
	struct scard_slot *slot;

	if (pol_turn->op != POL_OP_WORKER) {
		slot_serve(container_of(pol_turn, struct scard_turn, pol));
		return;
	}
	slot = container_of(pol_turn, struct scard_slot, pol.worker);
	queue_work(slot->reader->wq, &slot->work);
}

/**
 * scard_worker_init() - prepare the worker of a slot
 * @slot: the slot
 */
void scard_worker_init(struct scard_slot *slot)
{
	INIT_WORK(&slot->work, worker_work);
}

/**
 * scard_worker_stop() - wait until nobody acts on the slot
 * @slot: the slot of a reader that is gone, after the end of all transfers
 */
void scard_worker_stop(struct scard_slot *slot)
{
	/* a caller that is the actor finds its transfers ended, and leaves */
	wait_event(slot->wait, !READ_ONCE(slot->pol.actor));
	flush_work(&slot->work);
}
