// SPDX-License-Identifier: GPL-2.0
/*
 * A reader: its slots, their coming and their going.
 */
#include <linux/idr.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "scard.h"

/* The "II" of the reader names: lowest free number, as two hexadecimal digits */
static DEFINE_IDA(scard_reader_ida);

#define SCARD_MAX_READERS	256

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
	sema_init(&reader->busy, reader->desc.nbusy);
	reader->nslots = reader->desc.nslots;

	ret = ida_alloc_max(&scard_reader_ida, SCARD_MAX_READERS - 1, GFP_KERNEL);
	if (ret < 0)
		return ret;
	reader->index = ret;

	ret = -ENOMEM;
	/* one work each for settling, so that a slow card does not delay the others */
	reader->wq = alloc_workqueue("scard-%u", WQ_UNBOUND, 0, reader->index);
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

	spin_lock_irq(&reader->lock);
	WRITE_ONCE(reader->gone, true);
	spin_unlock_irq(&reader->lock);

	for (i = 0; i < reader->nslots; i++)
		scard_slot_gone(reader->slots[i]);
	reader->ops->stop(reader);
	for (i = 0; i < reader->nslots; i++)
		scard_slot_quiesce(reader->slots[i]);

	if (alive) {
		reader->ops->restart(reader);
		spin_lock_irq(&reader->lock);
		reader->farewell = true;
		spin_unlock_irq(&reader->lock);
		for (i = 0; i < reader->nslots; i++)
			scard_slot_farewell(reader->slots[i]);
		spin_lock_irq(&reader->lock);
		reader->farewell = false;
		spin_unlock_irq(&reader->lock);
		reader->ops->stop(reader);
	}

	for (i = 0; i < reader->nslots; i++)
		scard_slot_unregister(reader->slots[i]);
	destroy_workqueue(reader->wq);
	ida_free(&scard_reader_ida, reader->index);
}
