// SPDX-License-Identifier: GPL-2.0
/*
 * A CCID reader as the core sees it: the operations, and the reader as a whole.
 */
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "apdu.h"
#include "attr.h"
#include "cmd.h"
#include "control.h"
#include "negotiate.h"
#include "reader.h"
#include "req.h"
#include "slot.h"
#include "sysfs.h"
#include "token.h"
#include "wire.h"

/* the core allocates and frees these by its own part */
static_assert(!offsetof(struct ccid_slot, slot));
static_assert(!offsetof(struct ccid_req, req));

/* ---- slots ---- */

static void reader_slot_init(struct scard_slot *slot)
{
	struct ccid_slot *ccid = to_ccid_slot(slot);

	ccid_token_init(ccid);
	ccid_wire_init(ccid);
}

static void reader_slot_exit(struct scard_slot *slot)
{
	ccid_wire_exit(to_ccid_slot(slot));
}

static bool reader_in_flight(struct scard_slot *slot, const struct scard_req *req)
{
	return ccid_wire_in_flight(to_ccid_slot(slot), to_ccid_req(req));
}

static void reader_abandon(struct scard_slot *slot, struct scard_req *req)
{
	ccid_cmd_abandon(to_ccid_slot(slot), to_ccid_req(req));
}

static void reader_get_info(const struct scard_slot *slot, struct scard_info *info)
{
	const struct ccid_reader *reader = to_ccid_reader(slot->reader);
	const struct ccid_desc *desc = &reader->desc;

	info->transport = SCARD_TRANSPORT_USB;
	info->exchange_level = desc->level;
	info->dw_features = desc->features;
	info->mechanical = desc->mechanical;
	info->max_message = desc->max_msg;
	info->pin_support = desc->pin_support;
	info->lcd_layout = desc->lcd_layout;
	info->bcd_device = reader->bcd_device;
	info->bcd_ccid = desc->bcd_ccid;
	info->bus = reader->usb_bus;
	info->device = reader->usb_address;
	info->interface = reader->interface;
	info->quirks = reader->quirks;
}

/* A member that the owner writes without a lock: the value of a moment is enough here */
#define reader_read_racy(member)	data_race(READ_ONCE(member))

/* The parameters in use */
static void reader_show_parameters(struct seq_file *s, const struct ccid_slot *slot)
{
	u32 clock = ccid_slot_reader(slot)->desc.default_clock;
	u8 fi_di = reader_read_racy(slot->fi_di);

	seq_printf(s, "F/D: %u/%u\n", ccid_atr_f(fi_di), ccid_atr_d(fi_di));
	if (ccid_atr_f(fi_di))
		seq_printf(s, "bit rate: %u\n", (u32)div_u64((u64)clock * 1000 * ccid_atr_d(fi_di),
							     ccid_atr_f(fi_di)));
	seq_printf(s, "waiting time ms: %u\n", reader_read_racy(slot->wait_ms));
	if (READ_ONCE(slot->slot.card.protocol) == SCARD_PROTO_T1)
		seq_printf(s, "IFSC/IFSD: %u/%u\n", reader_read_racy(slot->t1.ifsc),
			   reader_read_racy(slot->t1.ifsd));
}

static void reader_debug_show(struct scard_slot *slot, struct seq_file *s)
{
	struct ccid_reader *reader = to_ccid_reader(slot->reader);
	const struct ccid_req *req;

	seq_printf(s, "quirks: 0x%x\n", reader->quirks);
	seq_printf(s, "wedged: %d\n", READ_ONCE(reader->wedged));
	if (READ_ONCE(slot->card.protocol))
		reader_show_parameters(s, to_ccid_slot(slot));
	spin_lock_irq(&reader->reader.lock);
	req = to_ccid_slot(slot)->cmd;
	if (req)
		seq_printf(s, "command: seq %u, answer 0x%02x due in %d ms, extensions %u, strays %u\n",
			   req->seq, req->expect,
			   jiffies_to_msecs(max_t(long, req->deadline - jiffies, 0)),
			   req->extensions, req->strays);
	else
		seq_puts(s, "command: none\n");
	spin_unlock_irq(&reader->reader.lock);
}

/* ---- the reader ---- */

static void reader_stop(struct scard_reader *reader, bool gone)
{
	struct ccid_reader *ccid = to_ccid_reader(reader);

	if (gone)
		ccid_token_gone(ccid);
	ccid->bus->stop(ccid);
}

static void reader_restart(struct scard_reader *reader)
{
	struct ccid_reader *ccid = to_ccid_reader(reader);

	ccid->bus->restart(ccid);
}

static void reader_set_powering_off(struct ccid_reader *reader, bool value)
{
	spin_lock_irq(&reader->reader.lock);
	WRITE_ONCE(reader->powering_off, value);
	spin_unlock_irq(&reader->reader.lock);
}

/*
 * Slots with an interrupted command come first: a reader that can do one thing at a time has
 * to be told to forget it.
 */
static void reader_power_off_all(struct scard_reader *reader, u32 slots)
{
	struct ccid_reader *ccid = to_ccid_reader(reader);
	u32 interrupted = 0;
	unsigned int i;

	ccid->bus->restart(ccid);
	reader_set_powering_off(ccid, true);
	for (i = 0; i < reader->nslots; i++) {
		if (!ccid_cmd_take_over(to_ccid_slot(reader->slots[i])))
			continue;
		interrupted |= BIT(i);
		ccid_slot_power_off_last(to_ccid_slot(reader->slots[i]));
	}
	for (i = 0; i < reader->nslots; i++)
		if (slots & ~interrupted & BIT(i))
			ccid_slot_power_off_last(to_ccid_slot(reader->slots[i]));
	reader_set_powering_off(ccid, false);
	ccid->bus->stop(ccid);
}

static int reader_get(struct scard_reader *reader)
{
	struct ccid_reader *ccid = to_ccid_reader(reader);

	return ccid->bus->get(ccid);
}

static void reader_hold(struct scard_reader *reader)
{
	struct ccid_reader *ccid = to_ccid_reader(reader);

	ccid->bus->hold(ccid);
}

static void reader_put(struct scard_reader *reader)
{
	struct ccid_reader *ccid = to_ccid_reader(reader);

	ccid->bus->put(ccid);
}

static void reader_free(struct scard_reader *reader)
{
	struct ccid_reader *ccid = to_ccid_reader(reader);

	kfree(ccid->rates);
	ccid->bus->free(ccid);
}

static const struct scard_reader_ops reader_ops = {
	.slot_size = sizeof(struct ccid_slot),
	.req_size = sizeof(struct ccid_req),
	.groups = ccid_sysfs_groups,
	.slot_init = reader_slot_init,
	.slot_exit = reader_slot_exit,
	.power_on = ccid_slot_power_on,
	.power_off = ccid_slot_power_off,
	.status = ccid_slot_status,
	.set_protocol = ccid_negotiate,
	.transmit_prepare = ccid_apdu_prepare,
	.transmit = ccid_apdu_transmit,
	.control = ccid_control,
	.eject = ccid_slot_eject,
	.get_attr = ccid_attr_get,
	.get_info = reader_get_info,
	.control_is_gated = ccid_control_is_gated,
	.debug_show = reader_debug_show,
	.in_flight = reader_in_flight,
	.finish = ccid_slot_finish,
	.abandon = reader_abandon,
	.claim = ccid_token_claim,
	.release = ccid_token_release,
	.is_awaited = ccid_token_is_awaited,
	.req_prepare = ccid_req_prepare,
	.req_clear = ccid_req_clear,
	.req_free = ccid_req_free,
	.stop = reader_stop,
	.restart = reader_restart,
	.power_off_all = reader_power_off_all,
	.get = reader_get,
	.hold = reader_hold,
	.put = reader_put,
	.free = reader_free,
};

/**
 * ccid_reader_init() - prepare a reader for the core
 * @reader: the reader, whose descriptor, quirks, bus and strings are set; from here on
 *	scard_reader_put() frees it
 *
 * Return: 0 or a negative errno
 */
int ccid_reader_init(struct ccid_reader *reader)
{
	const struct ccid_desc *desc = &reader->desc;

	INIT_LIST_HEAD(&reader->token_queue);
	reader->tokens = desc->nbusy;
	reader->reader.ops = &reader_ops;
	reader->reader.nslots = desc->nslots;
	reader->reader.nbusy = desc->nbusy;
	reader->reader.protocols = desc->protocols & (SCARD_PROTO_T0 | SCARD_PROTO_T1);
	reader->reader.max_apdu = ccid_apdu_max(reader);
	reader->reader.auto_power = desc->features & CCID_FEATURE_AUTO_ACTIVATION;
	return scard_dev_init(&reader->reader);
}
