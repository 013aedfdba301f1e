// SPDX-License-Identifier: GPL-2.0
/*
 * State of a slot for debugging: /sys/kernel/debug/scard/scardN. No interface: lines come
 * and go with the code. Reads take memory only; no byte of an APDU or an ATR is shown.
 */
#include <linux/debugfs.h>
#include <linux/jiffies.h>
#include <linux/seq_file.h>

#include "debugfs.h"
#include "scard.h"
#include "trace.h"

static struct dentry *debugfs_root;

static void show_policy(struct seq_file *s, struct scard_slot *slot)
{
	static const char * const cards[] = {
		[POL_CARD_ABSENT] = "absent",
		[POL_CARD_OFF] = "off",
		[POL_CARD_ON] = "on",
		[POL_CARD_MUTE] = "mute",
	};
	const struct pol_slot *pol = &slot->pol;
	const struct pol_turn *t;
	unsigned int queued = 0;

	lockdep_assert_held(&slot->lock);
	for (t = pol->head; t; t = t->next)
		queued++;
	seq_printf(s, "card: %s\n", cards[pol->card]);
	seq_printf(s, "epoch: %u\n", pol->epoch);
	seq_printf(s, "events: %u\n", slot->events.all);
	seq_printf(s, "connected: %u\n", pol->connected);
	seq_printf(s, "exclusive: %d\n", pol->exclusive);
	seq_printf(s, "transaction: handle %u\n", scard_trace_owner(slot));
	seq_printf(s, "running: %s\n", !pol->running ? "none" :
		   pol->running == &pol->worker ? "worker" : "caller");
	seq_printf(s, "queued: %u\n", queued);
	seq_printf(s, "pending reset: %d\n", pol->pending_reset);
	seq_printf(s, "settling: %d\n", slot->card.settling);
}

static void show_card(struct seq_file *s, const struct scard_slot *slot)
{
	lockdep_assert_held(&slot->lock);
	seq_printf(s, "atr bytes: %u\n", slot->card.atr_len);
	if (slot->card.protocol)
		seq_printf(s, "protocol: T=%d\n", slot->card.protocol == SCARD_PROTO_T1);
	/* the owner writes it without the lock; the value of a moment is enough here */
	seq_printf(s, "voltage: %u\n", data_race(READ_ONCE(slot->card.voltage)));
}

static void show_reader(struct seq_file *s, struct scard_reader *reader)
{
	seq_printf(s, "interrupt pipe: %d\n", READ_ONCE(reader->notifies));
	seq_printf(s, "suspended: %d\n", READ_ONCE(reader->paused));
	seq_printf(s, "gone: %d\n", scard_reader_gone(reader));
}

static int slot_show(struct seq_file *s, void *unused)
{
	struct scard_slot *slot = s->private;

	seq_printf(s, "name: %s\n", slot->name);
	spin_lock(&slot->lock);
	show_policy(s, slot);
	show_card(s, slot);
	spin_unlock(&slot->lock);
	show_reader(s, slot->reader);
	slot->reader->ops->debug_show(slot, s);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(slot);

/**
 * scard_debugfs_add() - show a slot
 * @slot: the slot, registered
 */
void scard_debugfs_add(struct scard_slot *slot)
{
	slot->debugfs = debugfs_create_file(dev_name(&slot->dev), 0400, debugfs_root, slot,
					    &slot_fops);
}

/**
 * scard_debugfs_del() - show it no more
 * @slot: the slot
 *
 * Waits for readers of the file; one that stays open reads nothing any more.
 */
void scard_debugfs_del(struct scard_slot *slot)
{
	debugfs_remove(slot->debugfs);
}

/**
 * scard_debugfs_init() - make the directory; it is no fault if there is none
 */
void scard_debugfs_init(void)
{
	debugfs_root = debugfs_create_dir("scard", NULL);
}

/**
 * scard_debugfs_exit() - remove it
 */
void scard_debugfs_exit(void)
{
	debugfs_remove(debugfs_root);
}
