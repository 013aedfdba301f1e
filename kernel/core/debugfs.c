// SPDX-License-Identifier: GPL-2.0
/*
 * What a slot is doing at this moment, for whoever looks for a fault in it:
 * /sys/kernel/debug/scard/scardN. No interface: lines come and go with the code. Reads
 * take memory only; no byte of an APDU or an ATR is shown.
 */
#include <linux/debugfs.h>
#include <linux/jiffies.h>
#include <linux/seq_file.h>

#include "scard.h"

static struct dentry *debugfs_root;

/* What the policy knows */
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
	seq_printf(s, "events: %u\n", slot->event);
	seq_printf(s, "connected: %u\n", pol->connected);
	seq_printf(s, "exclusive: %d\n", pol->exclusive);
	seq_printf(s, "transaction: handle %u\n", scard_slot_owner(slot));
	seq_printf(s, "actor: %s\n", !pol->actor ? "none" :
		   pol->actor == &pol->worker ? "worker" : "caller");
	seq_printf(s, "queued: %u\n", queued);
	seq_printf(s, "owed: %d\n", pol->owed);
	seq_printf(s, "settling: %d\n", slot->settling);
}

/* What was negotiated; of the actor's fields the value of a moment, which is enough here */
static void show_card(struct seq_file *s, const struct scard_slot *slot)
{
	u32 clock = slot->reader->desc.default_clock;
	u8 fi_di = READ_ONCE(slot->fi_di);

	lockdep_assert_held(&slot->lock);
	seq_printf(s, "atr bytes: %u\n", slot->atr_len);
	if (!slot->protocol)
		return;
	seq_printf(s, "protocol: T=%d\n", slot->protocol == SCARD_PROTO_T1);
	seq_printf(s, "F/D: %u/%u\n", atr_f(fi_di), atr_d(fi_di));
	if (atr_f(fi_di))
		seq_printf(s, "bit rate: %u\n", (u32)div_u64((u64)clock * 1000 * atr_d(fi_di),
							     atr_f(fi_di)));
	seq_printf(s, "waiting time ms: %u\n", READ_ONCE(slot->wait_ms));
	seq_printf(s, "voltage: %u\n", READ_ONCE(slot->voltage));
	if (slot->protocol == SCARD_PROTO_T1)
		seq_printf(s, "IFSC/IFSD: %u/%u\n", READ_ONCE(slot->t1.ifsc),
			   READ_ONCE(slot->t1.ifsd));
}

/* What the slot has on the wire */
static void show_wire(struct seq_file *s, struct scard_slot *slot)
{
	struct scard_reader *reader = slot->reader;
	const struct scard_req *req;

	spin_lock_irq(&reader->lock);
	req = reader->cmd[slot->index];
	if (req)
		seq_printf(s, "command: seq %u, answer 0x%02x due in %d ms, extensions %u, strays %u\n",
			   req->seq, req->expect,
			   jiffies_to_msecs(max_t(long, req->deadline - jiffies, 0)),
			   req->extensions, req->strays);
	else
		seq_puts(s, "command: none\n");
	seq_printf(s, "interrupt pipe: %d\n", READ_ONCE(reader->has_interrupt));
	seq_printf(s, "suspended: %d\n", reader->paused);
	seq_printf(s, "wedged: %d\n", READ_ONCE(reader->wedged));
	seq_printf(s, "gone: %d\n", reader->gone);
	spin_unlock_irq(&reader->lock);
}

static int slot_show(struct seq_file *s, void *unused)
{
	struct scard_slot *slot = s->private;

	seq_printf(s, "name: %s\n", slot->name);
	seq_printf(s, "quirks: 0x%x\n", slot->reader->quirks);
	spin_lock(&slot->lock);
	show_policy(s, slot);
	show_card(s, slot);
	spin_unlock(&slot->lock);
	show_wire(s, slot);
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
 * Waits for who is reading; files that stay open read nothing any more.
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
