// SPDX-License-Identifier: GPL-2.0
/*
 * A reader: its slots, their coming and their going.
 */
#include <linux/idr.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "scard.h"

/* The "II" of the reader names: lowest free number, as two hexadecimal digits */
static DEFINE_IDA(scard_reader_ida);

#define SCARD_MAX_READERS	256

/* A reader that fails does so again and again: so many lines a minute say it */
#define SCARD_MAX_COMPLAINTS	3

static void scard_reader_release(struct kref *kref)
{
	struct scard_reader *reader = container_of(kref, struct scard_reader, kref);

	reader->release(reader);
}

/**
 * scard_reader_put() - drop a reference
 * @reader: the reader
 */
void scard_reader_put(struct scard_reader *reader)
{
	kref_put(&reader->kref, scard_reader_release);
}

static void reader_set(struct scard_reader *reader, bool *flag, bool value)
{
	spin_lock_irq(&reader->lock);
	WRITE_ONCE(*flag, value);
	spin_unlock_irq(&reader->lock);
}

/**
 * scard_reader_init() - prepare a reader whose descriptor and strings are set
 * @reader: the reader; from here on scard_reader_put() frees it
 *
 * Return: 0 or a negative errno
 */
int scard_reader_init(struct scard_reader *reader)
{
	unsigned int i = 0;
	int ret;

	kref_init(&reader->kref);
	spin_lock_init(&reader->lock);
	init_waitqueue_head(&reader->resumed);
	INIT_LIST_HEAD(&reader->queue);
	reader->places = reader->desc.nbusy;
	ratelimit_state_init(&reader->complaints, 60 * HZ, SCARD_MAX_COMPLAINTS);
	/* the lines that are not shown are not worth one that counts them */
	ratelimit_set_flags(&reader->complaints, RATELIMIT_MSG_ON_RELEASE);
	reader->nslots = reader->desc.nslots;

	ret = ida_alloc_max(&scard_reader_ida, SCARD_MAX_READERS - 1, GFP_KERNEL);
	if (ret < 0)
		return ret;
	reader->index = ret;

	ret = -ENOMEM;
	/* one work each for settling, so that a slow card does not delay the others */
	reader->wq = alloc_workqueue("scard-%u", WQ_UNBOUND | WQ_FREEZABLE, 0, reader->index);
	if (!reader->wq)
		goto fail;
	for (; i < reader->nslots; i++) {
		reader->slots[i] = scard_slot_alloc(reader, i);
		if (!reader->slots[i])
			goto fail;
	}
	return 0;

fail:
	while (i--)
		put_device(&reader->slots[i]->dev);
	if (reader->wq)
		destroy_workqueue(reader->wq);
	ida_free(&scard_reader_ida, reader->index);
	return ret;
}

/**
 * scard_reader_complain() - write into the log what is wrong with a reader
 * @reader: the reader
 * @format: what is wrong, a colon, what to do about it; no newline
 *
 * For faults of the reader or the cable, not for what programs ask in vain; nothing of
 * what was sent is shown. Called in any context.
 */
void scard_reader_complain(struct scard_reader *reader, const char *format, ...)
{
	struct va_format text = { .fmt = format };
	va_list args;

	if (!__ratelimit(&reader->complaints))
		return;
	va_start(args, format);
	text.va = &args;
	dev_warn(reader->parent, "%pV\n", &text);
	va_end(args);
}

/**
 * scard_reader_register() - make the slots visible; the reader must work
 * @reader: the reader
 *
 * Return: 0, or a negative errno and scard_reader_unregister() must follow
 */
int scard_reader_register(struct scard_reader *reader)
{
	unsigned int i;
	int ret;

	for (i = 0; i < reader->nslots; i++) {
		ret = scard_slot_register(reader->slots[i]);
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * Leave no card powered behind. Nobody else acts; the transfers have ended. A reader
 * that can do one thing at a time is first told to forget what was cut.
 */
static void reader_farewell(struct scard_reader *reader)
{
	bool cut[SCARD_MAX_SLOTS];
	unsigned int i;

	reader->ops->restart(reader);
	reader_set(reader, &reader->farewell, true);
	for (i = 0; i < reader->nslots; i++) {
		cut[i] = ccid_cmd_disown(reader->slots[i]);
		if (cut[i])
			scard_slot_farewell(reader->slots[i]);
	}
	for (i = 0; i < reader->nslots; i++)
		if (!cut[i])
			scard_slot_farewell(reader->slots[i]);
	reader_set(reader, &reader->farewell, false);
	reader->ops->stop(reader);
}

/**
 * scard_reader_unregister() - the reader goes away
 * @reader: the reader
 * @alive: the device still answers (unbind, rmmod): leave no card powered
 *
 * Ends every wait and every exchange; see UNPLUG in scard.h. Open files stay, and
 * their calls fail with -ENODEV.
 */
void scard_reader_unregister(struct scard_reader *reader, bool alive)
{
	unsigned int i;

	reader_set(reader, &reader->gone, true);
	wake_up_all(&reader->resumed);
	ccid_cmd_gone(reader);

	for (i = 0; i < reader->nslots; i++)
		scard_slot_gone(reader->slots[i]);
	reader->ops->stop(reader);
	for (i = 0; i < reader->nslots; i++)
		scard_slot_quiesce(reader->slots[i]);

	if (alive)
		reader_farewell(reader);

	for (i = 0; i < reader->nslots; i++)
		scard_slot_unregister(reader->slots[i]);
	destroy_workqueue(reader->wq);
	ida_free(&scard_reader_ida, reader->index);
}

/**
 * scard_reader_suspend() - no transfers until scard_reader_resume()
 * @reader: the reader
 * @sleep: the system goes to sleep: power the cards off, as long as there is power
 *	to say so; whoever was using one is frozen by now
 *
 * Commands on the wire end with -EIO, later ones wait for the resume.
 *
 * Return: 0
 */
int scard_reader_suspend(struct scard_reader *reader, bool sleep)
{
	spin_lock_irq(&reader->lock);
	WRITE_ONCE(reader->paused, true);
	WRITE_ONCE(reader->stops, reader->stops + 1);
	spin_unlock_irq(&reader->lock);
	reader->ops->stop(reader);
	if (sleep)
		reader_farewell(reader);
	return 0;
}

/**
 * scard_reader_resume() - transfers work again
 * @reader: the reader
 */
void scard_reader_resume(struct scard_reader *reader)
{
	reader->ops->restart(reader);
	reader_set(reader, &reader->paused, false);
	wake_up_all(&reader->resumed);
}

/**
 * scard_reader_wait_resumed() - wait until the reader is not suspended
 * @reader: the reader
 *
 * Return: 0, -EINTR (killed) or -ENODEV
 */
int scard_reader_wait_resumed(struct scard_reader *reader)
{
	if (wait_event_killable(reader->resumed,
				!READ_ONCE(reader->paused) || scard_reader_gone(reader)))
		return -EINTR;
	return scard_reader_gone(reader) ? -ENODEV : 0;
}
