// SPDX-License-Identifier: GPL-2.0
/*
 * A card behind a server, as the core sees it: the operations of scard_reader_ops.
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "attr.h"
#include "call.h"
#include "card.h"
#include "list.h"

/* Time for an answer where the server asks for no more: as CCID readers have it */
#define CARD_POWER_MS		15000
#define CARD_POWER_OFF_MS	5000
#define CARD_TRANSMIT_MS	30000
#define CARD_CONTROL_MS		60000
#define CARD_EJECT_MS		10000

/* the core allocates and frees these by its own part */
static_assert(!offsetof(struct uscard_slot, slot));
static_assert(!offsetof(struct uscard_req, req));

/* ---- operations ---- */

static int card_call(struct scard_slot *slot, struct scard_req *req, u32 op, u32 arg,
		     unsigned int timeout_ms)
{
	struct uscard_slot *uslot = to_uscard_slot(slot);
	struct uscard_req *ureq = to_uscard_req(req);
	int ret = uscard_call(uslot, ureq, op, arg, timeout_ms);

	if (ret == -EINTR)
		return ret;
	req->out = ureq->rx;
	req->out_len = ureq->rx_len;
	return scard_card_answered(slot, uscard_call_icc(uslot, false), ret);
}

static int card_power_on(struct scard_slot *slot, struct scard_req *req, bool warm)
{
	return card_call(slot, req, warm ? USCARD_RESET : USCARD_POWER_ON, 0, CARD_POWER_MS);
}

static int card_power_off(struct scard_slot *slot, struct scard_req *req)
{
	return card_call(slot, req, USCARD_POWER_OFF, 0, CARD_POWER_OFF_MS);
}

static int card_status(struct scard_slot *slot, struct scard_req *req)
{
	enum scard_icc icc = uscard_call_icc(to_uscard_slot(slot), true);

	if (scard_reader_gone(slot->reader))
		return -ENODEV;
	scard_card_answered(slot, icc, 0);
	return icc;
}

static int card_set_protocol(struct scard_slot *slot, struct scard_req *req, u32 protocols)
{
	u32 offered = protocols & slot->reader->protocols, chosen;
	int ret;

	if (!offered)
		return -EPROTONOSUPPORT;
	ret = card_call(slot, req, USCARD_SET_PROTOCOL, offered, CARD_POWER_MS);
	if (ret)
		return ret;
	chosen = to_uscard_req(req)->value;
	return is_power_of_2(chosen) && chosen & offered ? chosen : -EIO;
}

static int card_transmit_prepare(struct scard_slot *slot, struct scard_req *req)
{
	return 0;
}

static int card_transmit(struct scard_slot *slot, struct scard_req *req)
{
	int ret;

	if (req->in_len > slot->reader->max_apdu)
		return -EINVAL;
	req->single = true;
	ret = card_call(slot, req, USCARD_TRANSMIT, req->protocol, CARD_TRANSMIT_MS);
	/* SW1 SW2 at least */
	return ret ?: req->out_len < 2 ? -EIO : 0;
}

static int card_control(struct scard_slot *slot, struct scard_req *req, u32 code)
{
	req->single = true;
	return card_call(slot, req, USCARD_CONTROL, code, CARD_CONTROL_MS);
}

static int card_eject(struct scard_slot *slot, struct scard_req *req)
{
	if (!to_uscard_reader(slot->reader)->eject)
		return 0;
	return card_call(slot, req, USCARD_EJECT, 0, CARD_EJECT_MS);
}

/* ---- from memory ---- */

static void card_get_info(const struct scard_slot *slot, struct scard_info *info)
{
	info->transport = SCARD_TRANSPORT_USER;
	info->exchange_level = slot->reader->max_apdu > SCARD_SHORT_COMMAND ?
			       SCARD_LEVEL_EXTENDED_APDU : SCARD_LEVEL_SHORT_APDU;
}

static bool card_control_is_gated(const struct scard_slot *slot, u32 code)
{
	return uscard_call_enters_pin(to_uscard_reader(slot->reader), code);
}

static void card_debug_show(struct scard_slot *slot, struct seq_file *s)
{
	static const char * const states[] = { "none", "to be read", "read", "answered" };
	struct uscard_slot *uslot = to_uscard_slot(slot);
	const struct uscard_req *req;

	spin_lock_irq(&slot->reader->lock);
	req = uslot->call;
	seq_printf(s, "server: card %d, power %d, attributes %u\n", uslot->present, uslot->powered,
		   uslot->nattrs);
	seq_printf(s, "request: %s", states[req ? req->state : USCARD_OFF]);
	if (req)
		seq_printf(s, ", id %llu, operation %u, due in %u ms", req->id, req->op,
			   jiffies_to_msecs(max_t(long, req->deadline - jiffies, 0)));
	seq_putc(s, '\n');
	spin_unlock_irq(&slot->reader->lock);
}

/* ---- requests of killed callers ---- */

static bool card_in_flight(struct scard_slot *slot, const struct scard_req *req)
{
	return READ_ONCE(to_uscard_slot(slot)->call) ==
	       container_of(req, const struct uscard_req, req);
}

static int card_finish(struct scard_slot *slot, struct scard_req *req, unsigned int grace_ms)
{
	return uscard_call_finish(to_uscard_slot(slot), to_uscard_req(req), grace_ms);
}

static void card_abandon(struct scard_slot *slot, struct scard_req *req)
{
	uscard_call_abandon(to_uscard_slot(slot), to_uscard_req(req));
}

/* Requests of all slots may be open at the same time. */
static bool card_claim(struct scard_slot *slot)
{
	return true;
}

static void card_release(struct scard_slot *slot)
{
}

static bool card_is_awaited(const struct scard_slot *slot)
{
	return false;
}

/* ---- memory of a request ---- */

static void card_req_count(struct scard_req *req)
{
	req->kept = req->in_size + to_uscard_req(req)->rx_size;
}

static int card_req_prepare(struct scard_slot *slot, struct scard_req *req, u32 len, gfp_t gfp)
{
	struct uscard_req *ureq = to_uscard_req(req);
	u8 *in;

	if (!ureq->rx) {
		init_waitqueue_head(&ureq->wait);
		ureq->rx = kvmalloc(USCARD_SHORT, gfp);
		if (!ureq->rx)
			return -ENOMEM;
		ureq->rx_size = USCARD_SHORT;
	}
	if (!req->in || len > req->in_size) {
		in = kvmalloc(max(len, SCARD_SHORT_COMMAND), gfp);
		if (!in)
			return -ENOMEM;
		kvfree(req->in);
		req->in = in;
		req->in_size = max(len, SCARD_SHORT_COMMAND);
	}
	card_req_count(req);
	return 0;
}

static void card_req_clear(struct scard_req *req)
{
	struct uscard_req *ureq = to_uscard_req(req);

	memzero_explicit(req->in, min(req->in_len, req->in_size));
	memzero_explicit(ureq->rx, min(ureq->rx_len, ureq->rx_size));
	ureq->rx_len = 0;
	/* a large answer came in a buffer of its own */
	card_req_count(req);
}

static void card_req_free(struct scard_req *req)
{
	struct uscard_req *ureq = to_uscard_req(req);

	kvfree_sensitive(req->in, req->in_size);
	kvfree_sensitive(ureq->rx, ureq->rx_size);
}

/* ---- the reader ---- */

static void card_slot_init(struct scard_slot *slot)
{
	INIT_LIST_HEAD(&to_uscard_slot(slot)->attrs);
}

static void card_slot_exit(struct scard_slot *slot)
{
	uscard_attr_free(to_uscard_slot(slot));
}

static void card_stop(struct scard_reader *reader, bool gone)
{
	uscard_call_stop(to_uscard_reader(reader), gone ? -ENODEV : -EIO);
}

static void card_restart(struct scard_reader *reader)
{
}

/* A process does not sleep as a device does. */
static int card_get(struct scard_reader *reader)
{
	return 0;
}

static void card_hold(struct scard_reader *reader)
{
}

static void card_put(struct scard_reader *reader)
{
}

static void card_free(struct scard_reader *reader)
{
	struct uscard_reader *ureader = to_uscard_reader(reader);

	uscard_list_del(ureader);
	kfree(ureader);
}

const struct scard_reader_ops uscard_card_ops = {
	.slot_size = sizeof(struct uscard_slot),
	.req_size = sizeof(struct uscard_req),
	.slot_init = card_slot_init,
	.slot_exit = card_slot_exit,
	.power_on = card_power_on,
	.power_off = card_power_off,
	.status = card_status,
	.set_protocol = card_set_protocol,
	.transmit_prepare = card_transmit_prepare,
	.transmit = card_transmit,
	.control = card_control,
	.eject = card_eject,
	.get_attr = uscard_attr_get,
	.get_info = card_get_info,
	.control_is_gated = card_control_is_gated,
	.debug_show = card_debug_show,
	.in_flight = card_in_flight,
	.finish = card_finish,
	.abandon = card_abandon,
	.claim = card_claim,
	.release = card_release,
	.is_awaited = card_is_awaited,
	.req_prepare = card_req_prepare,
	.req_clear = card_req_clear,
	.req_free = card_req_free,
	.stop = card_stop,
	.restart = card_restart,
	.get = card_get,
	.hold = card_hold,
	.put = card_put,
	.free = card_free,
};
