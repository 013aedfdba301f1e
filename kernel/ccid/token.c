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

static void token_wake(struct ccid_token *token)
{
	if (token->slot)
		scard_worker_kick(&token->slot->slot);
	else
		complete(token->done);
}

/**
 * ccid_token_put() - give a token back, to the first one that waits
 * @reader: the reader
 */
void ccid_token_put(struct ccid_reader *reader)
{
	struct ccid_token *token;

	if (!ccid_token_needed(reader))
		return;
	spin_lock_irq(&reader->reader.lock);
	token = list_first_entry_or_null(&reader->token_queue, struct ccid_token, node);
	if (token) {
		list_del(&token->node);
		WRITE_ONCE(token->held, true);
		token_wake(token);
	} else {
		reader->tokens++;
	}
	spin_unlock_irq(&reader->reader.lock);
}

/**
 * ccid_token_get() - wait for a token, killably and freezably
 * @reader: the reader
 *
 * Return: 0, -EINTR or -ENODEV
 */
int ccid_token_get(struct ccid_reader *reader)
{
	DECLARE_COMPLETION_ONSTACK(done);
	struct ccid_token token = { .done = &done };

	spin_lock_irq(&reader->reader.lock);
	if (reader->tokens) {
		reader->tokens--;
		spin_unlock_irq(&reader->reader.lock);
		return 0;
	}
	if (reader->reader.gone) {
		spin_unlock_irq(&reader->reader.lock);
		return -ENODEV;
	}
	list_add_tail(&token.node, &reader->token_queue);
	spin_unlock_irq(&reader->reader.lock);

	wait_for_completion_state(&done, TASK_KILLABLE | TASK_FREEZABLE);
	/* the lock tells which came first: the token, a signal, or the end of the reader */
	spin_lock_irq(&reader->reader.lock);
	if (!token.held)
		list_del(&token.node);
	spin_unlock_irq(&reader->reader.lock);
	if (token.held)
		return 0;
	return scard_reader_gone(&reader->reader) ? -ENODEV : -EINTR;
}

/**
 * ccid_token_claim() - scard_reader_ops.claim: a token for all commands of a job
 * @slot: the slot, whose worker owns the turn
 *
 * Never sleeps: a work that sleeps cannot be frozen, and the holder of the token may be
 * frozen already, so that the system would not go to sleep.
 *
 * Return: true if the worker has a token until ccid_token_release(), or needs none; false:
 * the worker runs again when it has one, and does nothing until then
 */
bool ccid_token_claim(struct scard_slot *slot)
{
	struct ccid_reader *reader = to_ccid_reader(slot->reader);
	struct ccid_token *token = &to_ccid_slot(slot)->token;
	bool waits = false;

	if (!ccid_token_needed(reader) || token->held)
		return true;
	spin_lock_irq(&reader->reader.lock);
	if (reader->tokens) {
		reader->tokens--;
		token->held = true;
	} else if (!reader->reader.gone) {
		list_add_tail(&token->node, &reader->token_queue);
		waits = true;
	}
	spin_unlock_irq(&reader->reader.lock);
	return !waits;
}

/**
 * ccid_token_release() - scard_reader_ops.release: the job is done
 * @slot: the slot
 */
void ccid_token_release(struct scard_slot *slot)
{
	struct ccid_token *token = &to_ccid_slot(slot)->token;

	if (!token->held)
		return;
	token->held = false;
	ccid_token_put(to_ccid_reader(slot->reader));
}

/**
 * ccid_token_gone() - the reader is gone: end all waits for a token
 * @reader: the reader
 */
void ccid_token_gone(struct ccid_reader *reader)
{
	struct ccid_token *token, *next;

	spin_lock_irq(&reader->reader.lock);
	list_for_each_entry_safe(token, next, &reader->token_queue, node) {
		/* threads take themselves off the list */
		if (token->slot)
			list_del(&token->node);
		token_wake(token);
	}
	spin_unlock_irq(&reader->reader.lock);
}
