// SPDX-License-Identifier: GPL-2.0
/*
 * Tokens: a reader may have more slots than it takes commands at a time
 * (bMaxCCIDBusySlots). A command has a token while it is on the wire; the worker has one for
 * a whole job. First come, first served.
 */
#include <linux/completion.h>
#include <linux/list.h>
#include <linux/sched.h>

#include "token.h"

/**
 * ccid_token_needed() - does a command need a token?
 * @reader: the reader
 *
 * The power-off at unbind and at sleep sends one command at a time and must not wait for tokens
 * held by frozen tasks.
 *
 * Return: true if it does
 */
bool ccid_token_needed(const struct ccid_reader *reader)
{
	return reader->reader.nslots > reader->desc.nbusy && !READ_ONCE(reader->powering_off);
}

/* The caller that waited lost its turn: the place in the queue, and the token, are the worker's. */
static void token_evict(struct ccid_token *token)
{
	if (token->done)
		complete(token->done);
	token->done = NULL;
}

static void token_wake(struct ccid_token *token)
{
	struct ccid_slot *slot = container_of(token, struct ccid_slot, token);

	list_del_init(&token->node);
	if (token->done) {
		scard_slot_due(&slot->slot, jiffies);
		complete(token->done);
	} else {
		scard_worker_kick(&slot->slot);
	}
}

/**
 * ccid_token_init() - prepare the token of a slot
 * @slot: the slot
 */
void ccid_token_init(struct ccid_slot *slot)
{
	INIT_LIST_HEAD(&slot->token.node);
}

/**
 * ccid_token_get() - wait for a token, killably and freezably
 * @slot: the slot
 * @req: the caller's request
 *
 * Return: 0, -EINTR or -ENODEV
 */
int ccid_token_get(struct ccid_slot *slot, const struct ccid_req *req)
{
	struct ccid_reader *reader = ccid_slot_reader(slot);
	DECLARE_COMPLETION_ONSTACK(done);
	struct ccid_token *token = &slot->token;
	int ret = 0;

	spin_lock_irq(&reader->reader.lock);
	if (reader->tokens) {
		reader->tokens--;
		WRITE_ONCE(token->held, true);
		spin_unlock_irq(&reader->reader.lock);
		return 0;
	}
	if (reader->reader.gone) {
		spin_unlock_irq(&reader->reader.lock);
		return -ENODEV;
	}
	token->done = &done;
	list_add_tail(&token->node, &reader->token_queue);
	scard_turn_watch_all(&reader->reader);
	scard_slot_sleeps(&slot->slot, CCID_NOT_DUE);
	spin_unlock_irq(&reader->reader.lock);

	wait_for_completion_state(&done, TASK_KILLABLE | TASK_FREEZABLE);
	/* the lock tells which came first: the token, a signal, or the end of the reader */
	spin_lock_irq(&reader->reader.lock);
	if (!scard_slot_wakes(&slot->slot, &req->req)) {
		ret = -EINTR;	/* the token is the worker's */
		if (token->done == &done)
			token->done = NULL;
	} else {
		token->done = NULL;
		list_del_init(&token->node);
		if (!token->held)
			ret = reader->reader.gone ? -ENODEV : -EINTR;
	}
	spin_unlock_irq(&reader->reader.lock);
	return ret;
}

/**
 * ccid_token_claim() - scard_reader_ops.claim: a token for all commands of a job
 * @slot: the slot, whose worker owns the turn
 *
 * Never sleeps: a suspend of the system waits for the worker, and the holder of the token may be
 * frozen already.
 *
 * Return: true if the worker has a token until ccid_token_release(), or needs none; false:
 * the worker runs again when it has one, and does nothing until then
 */
bool ccid_token_claim(struct scard_slot *slot)
{
	struct ccid_reader *reader = to_ccid_reader(slot->reader);
	struct ccid_token *token = &to_ccid_slot(slot)->token;
	bool waits = false;

	if (!ccid_token_needed(reader))
		return true;
	spin_lock_irq(&reader->reader.lock);
	token_evict(token);
	if (token->held) {
		;
	} else if (reader->tokens && list_empty(&token->node)) {
		reader->tokens--;
		WRITE_ONCE(token->held, true);
	} else if (!reader->reader.gone) {
		if (list_empty(&token->node))
			list_add_tail(&token->node, &reader->token_queue);
		scard_turn_watch_all(&reader->reader);
		waits = true;
	}
	spin_unlock_irq(&reader->reader.lock);
	return !waits;
}

/**
 * ccid_token_release() - scard_reader_ops.release: give the token, or a place in the queue, back
 * @slot: the slot
 *
 * The first that waits has it next.
 */
void ccid_token_release(struct scard_slot *slot)
{
	struct ccid_reader *reader = to_ccid_reader(slot->reader);
	struct ccid_token *token = &to_ccid_slot(slot)->token, *next;

	if (reader->reader.nslots <= reader->desc.nbusy)
		return;
	spin_lock_irq(&reader->reader.lock);
	/* of a caller, or of a job that was cancelled */
	token_evict(token);
	list_del_init(&token->node);
	if (token->held) {
		WRITE_ONCE(token->held, false);
		next = list_first_entry_or_null(&reader->token_queue, struct ccid_token, node);
		if (next) {
			WRITE_ONCE(next->held, true);
			token_wake(next);
			/* the one that has it now may not run */
			if (!list_empty(&reader->token_queue))
				scard_turn_watch_all(&reader->reader);
		} else {
			reader->tokens++;
		}
	}
	spin_unlock_irq(&reader->reader.lock);
}

/**
 * ccid_token_is_awaited() - scard_reader_ops.is_awaited: does another slot wait for the token?
 * @slot: the slot
 *
 * Return: true if it does
 */
bool ccid_token_is_awaited(const struct scard_slot *slot)
{
	struct ccid_reader *reader = to_ccid_reader(slot->reader);

	return READ_ONCE(to_ccid_slot(slot)->token.held) && !list_empty(&reader->token_queue);
}

/**
 * ccid_token_gone() - the reader is gone: end all waits for a token
 * @reader: the reader
 */
void ccid_token_gone(struct ccid_reader *reader)
{
	struct ccid_token *token, *next;

	spin_lock_irq(&reader->reader.lock);
	list_for_each_entry_safe(token, next, &reader->token_queue, node)
		token_wake(token);
	spin_unlock_irq(&reader->reader.lock);
}
