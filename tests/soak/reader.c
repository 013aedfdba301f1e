// SPDX-License-Identifier: GPL-2.0-or-later
/* See reader.h. */
#include <string.h>

#include "reader.h"
#include "usb.h"
#include "vr.h"

#define ORDER_MS	10000	/* for any order */

static const struct reader readers[] = {
	{ "short", "--profile short", 1, false },
	{ "tpdu", "--profile tpdu", 1, false },
	{ "multi4", "--profile multi4 --card 1:" VR_CARD " --card 2:" VR_CARD " --card 3:" VR_CARD,
	  4, false },
	{ "token", "--profile iccd-b", 1, true },
};

#define READERS		(sizeof(readers) / sizeof(readers[0]))

const struct reader *reader_start(struct rnd *rnd)
{
	const struct reader *reader = &readers[rnd_below(rnd, READERS)];

	vr_prepare(reader->options, VR_CARD);
	return reader;
}

static void card_remove(unsigned int slot, unsigned int draw)
{
	(void)draw;
	vr_try("remove %u", slot);
}

static void card_insert(unsigned int slot, unsigned int draw)
{
	vr_try("insert %u %s", slot, draw % 8 ? VR_CARD : "mute");
}

static void card_swap(unsigned int slot, unsigned int draw)
{
	(void)draw;
	vr_try("swap %u " VR_CARD, slot);
}

/* Two bits a slot: present, changed; true or not */
static void notify(unsigned int slot, unsigned int draw)
{
	(void)slot;
	vr_try("notify 50%02x", draw % 256);
}

static void unplug(unsigned int slot, unsigned int draw)
{
	(void)slot;
	vr_try("unplug");
	pause_ms(draw % 200);
}

static void replug(unsigned int slot, unsigned int draw)
{
	(void)slot;
	(void)draw;
	vr_try("replug");
}

static void sleep_when_idle(unsigned int slot, unsigned int draw)
{
	(void)slot;
	module_set("idle_ms", draw % 2 ? 20 : 0);
	usb_set("power/autosuspend_delay_ms", "0");
	usb_set("power/control", "auto");
}

static void stay_awake(unsigned int slot, unsigned int draw)
{
	(void)slot;
	(void)draw;
	usb_set("power/control", "on");
}

static void driver_unbind(unsigned int slot, unsigned int draw)
{
	(void)slot;
	usb_bind(false);
	pause_ms(draw % 100);
}

static void driver_bind(unsigned int slot, unsigned int draw)
{
	(void)slot;
	(void)draw;
	usb_bind(true);
}

static void port_reset(unsigned int slot, unsigned int draw)
{
	(void)slot;
	(void)draw;
	usb_port_reset();
}

static const struct {
	const char *name;
	void (*give)(unsigned int slot, unsigned int draw);
	bool card;		/* not for a token */
} orders[] = {
	{ "remove", card_remove, true },
	{ "insert", card_insert, true },
	{ "insert-again", card_insert, true },
	{ "swap", card_swap, true },
	{ "notify", notify, true },
	{ "unplug", unplug, false },
	{ "replug", replug, false },
	{ "sleep", sleep_when_idle, false },
	{ "wake", stay_awake, false },
	{ "unbind", driver_unbind, false },
	{ "bind", driver_bind, false },
	{ "port-reset", port_reset, false },
};

#define ORDERS		(sizeof(orders) / sizeof(orders[0]))

const char *reader_order_name(unsigned int order)
{
	return order < ORDERS ? orders[order].name : NULL;
}

void reader_order(struct rnd *rnd, const struct reader *reader)
{
	unsigned int order = rnd_below(rnd, ORDERS), slot = rnd_below(rnd, reader->slots);
	unsigned int draw = rnd_below(rnd, 1 << 16);
	long ms = now_ms();

	if (reader->token && orders[order].card)
		return;
	orders[order].give(slot, draw);
	soak->orders[order]++;
	ms = now_ms() - ms;
	if (ms > ORDER_MS * (long)soak->scale) {
		soak->slow_orders++;
		soak_note("%s took %ld ms", orders[order].name, ms);
	}
}

void reader_calm(const struct reader *reader)
{
	unsigned int slot;

	vr_try("fault clear");
	module_set("idle_ms", 0);
	if (strstr(vr_do("info"), "configured=0")) {
		vr_try("replug");
		vr_do("wait configured %u", ORDER_MS * soak->scale);
	}
	usb_set("power/control", "on");
	usb_bind(true);
	for (slot = 0; slot < reader->slots && !reader->token; slot++) {
		vr_try("remove %u", slot);
		vr_try("insert %u " VR_CARD, slot);
	}
}
