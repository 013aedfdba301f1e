// SPDX-License-Identifier: GPL-2.0
/*
 * The worker of a slot: performs pending resets, finishes the exchanges of killed callers,
 * has a card settled that was inserted, powers an unused one off.
 */
#include "card.h"
#include "power.h"
#include "request.h"
#include "slot.h"
#include "turn.h"
#include "worker.h"

#define WORKER_ROOM	64	/* bytes of answer that the worker expects: an ATR, parameters */
/* How long the exchange of a killed caller may go on before it is aborted */
#define WORKER_GRACE_MS	250

static void worker_finish_orphan(struct scard_slot *slot)
{
	struct scard_req *req = slot->worker.orphan;
	int ret;

	if (!req)
		return;
	slot->worker.orphan = NULL;
	if (slot->worker.abandoned) {
		/* its caller failed already; see scard_turn_take_over() */
		slot->reader->ops->abandon(slot, req);
		scard_request_free(req);
		return;
	}
	ret = slot->reader->ops->finish(slot, req, WORKER_GRACE_MS);
	if (ret || !req->single) {
		spin_lock(&slot->lock);
		scard_pol_interrupted(&slot->pol);
		scard_slot_unlock(slot);
	}
	scard_request_free(req);
}

/* The reader did not wake up: the state of its card stays open until it does. */
static void worker_settle_later(struct scard_slot *slot)
{
	scard_card_unread(slot);
	scard_card_settled(slot);
}

/* One job; @awake: the reader can be reached, which a device that sleeps may refuse. */
static void worker_do(struct scard_slot *slot, enum pol_job job, bool awake)
{
	struct scard_req *req = slot->worker.req;

	switch (job) {
	case POL_JOB_RESET:
	case POL_JOB_UNPOWER:
	case POL_JOB_EJECT:
		if (!awake)
			scard_card_set_mute(slot);
		else if (job == POL_JOB_RESET)
			scard_card_reset(slot, req);
		else if (job == POL_JOB_UNPOWER)
			scard_card_power_off(slot, req);
		else
			scard_card_eject(slot, req);
		break;
	case POL_JOB_SETTLE:
		if (awake)
			scard_card_settle(slot, req);
		else
			worker_settle_later(slot);
		break;
	case POL_JOB_IDLE:
		if (awake)
			scard_card_power_off(slot, req);
		break;
	case POL_JOB_NONE:
		break;
	}
}

/* The reader is suspended, or being reset. */
static bool worker_is_paused(const struct scard_slot *slot)
{
	return READ_ONCE(slot->reader->paused) && !scard_reader_gone(slot->reader);
}

static void worker_work(struct work_struct *work)
{
	struct scard_slot *slot = container_of(work, struct scard_slot, worker.work);
	const struct scard_reader_ops *ops = slot->reader->ops;
	enum pol_job job;
	bool mine, awake;

	spin_lock(&slot->lock);
	mine = slot->pol.running == &slot->pol.worker;
	spin_unlock(&slot->lock);
	if (!mine)
		return;

	awake = !ops->get(slot->reader);
	if (awake && worker_is_paused(slot)) {
		/* not asleep by itself: the worker keeps its turn, scard_dev_resume() kicks it */
		ops->put(slot->reader);
		return;
	}
	worker_finish_orphan(slot);
	do {
		spin_lock(&slot->lock);
		if (awake && scard_pol_worker_wanted(&slot->pol) && !ops->claim(slot)) {
			/* the job stays in the policy and may be cancelled before the next run */
			spin_unlock(&slot->lock);
			break;
		}
		job = scard_pol_worker_job(&slot->pol);
		if (job == POL_JOB_NONE)	/* the turn may pass on under the lock */
			ops->release(slot);
		if (job == POL_JOB_RESET || job == POL_JOB_UNPOWER)
			slot->count.owed_resets++;
		if (slot->pol.gone)
			wake_up_all(&slot->events.wait);	/* scard_worker_stop() */
		scard_slot_unlock(slot);
		if (job != POL_JOB_NONE) {
			scard_slot_begin(slot, slot->worker.req);
			worker_do(slot, job, awake);
			scard_request_clear(slot->worker.req);
			ops->release(slot);
		}
	} while (job != POL_JOB_NONE && !(awake && worker_is_paused(slot)));
	if (awake)
		ops->put(slot->reader);
}

/**
 * scard_worker_kick() - let the worker run again
 * @slot: the slot
 *
 * For a transport whose claim() returned false. Any context.
 */
void scard_worker_kick(struct scard_slot *slot)
{
	queue_work(slot->reader->wq, &slot->worker.work);
}

/**
 * scard_worker_wake() - pol_slot.wake: a turn is served, or the worker has a job
 * @pol_turn: the turn; slot->lock is held
 */
void scard_worker_wake(struct pol_turn *pol_turn)
{
	if (pol_turn->op != POL_OP_WORKER)
		scard_turn_served(container_of(pol_turn, struct scard_turn, pol));
	else
		scard_worker_kick(container_of(pol_turn, struct scard_slot, pol.worker));
}

/**
 * scard_worker_init() - prepare the worker of a slot
 * @slot: the slot; scard_worker_free() is to be called in any case
 *
 * Its request is set aside here: a reset must not fail for want of memory.
 *
 * Return: 0 or -ENOMEM
 */
int scard_worker_init(struct scard_slot *slot)
{
	INIT_WORK(&slot->worker.work, worker_work);
	slot->worker.req = scard_request_alloc(slot, SCARD_WORKER_COMMAND, WORKER_ROOM, GFP_KERNEL);
	return slot->worker.req ? 0 : -ENOMEM;
}

/**
 * scard_worker_pause() - wait until the worker of a slot does nothing any more
 * @slot: the slot of a reader that is suspended, after the end of all exchanges
 */
void scard_worker_pause(struct scard_slot *slot)
{
	flush_work(&slot->worker.work);
}

/* Has the last turn ended? A caller that sleeps loses it; one that runs leaves soon. */
static bool worker_turn_is_over(struct scard_slot *slot)
{
	bool over;

	spin_lock(&slot->lock);
	scard_turn_take_over(slot, true);
	over = !slot->pol.running;
	scard_slot_unlock(slot);
	return over;
}

/**
 * scard_worker_stop() - wait until no turn of a slot runs any more
 * @slot: the slot of a reader that is gone, after the end of all exchanges
 *
 * Waits for no thread that sleeps in the transport: it may be frozen.
 */
void scard_worker_stop(struct scard_slot *slot)
{
	scard_worker_kick(slot);	/* it may have kept its turn over a suspend */
	wait_event(slot->events.wait, worker_turn_is_over(slot));
	flush_work(&slot->worker.work);
}

/**
 * scard_worker_free() - undo scard_worker_init()
 * @slot: the slot
 */
void scard_worker_free(struct scard_slot *slot)
{
	scard_request_free(slot->worker.req);
}
