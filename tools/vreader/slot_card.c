// SPDX-License-Identifier: GPL-2.0-or-later
#include "slot_card.h"

#include <assert.h>

#include "card_kind.h"
#include "card_power.h"
#include "card_vpcd.h"
#include "ccid_notify.h"
#include "event.h"
#include "level.h"
#include "slot.h"
#include "slot_list.h"
#include "trace.h"
#include "usb_wake.h"

static_assert(SLOT_LIST_MAX <= CARD_VPCD_MAX, "every slot can have an emulator");

static void changed(struct slot *s)
{
	s->changed = !usb_wake_forgets();
	if (s->changed) {
		ccid_notify(s->ccid);
		usb_wake();
	}
	event_happened();
}

static void attach(struct slot *s, struct card *card)
{
	s->card = card;
	s->powered = false;
	s->told_unpowered = false;
	trace_note("slot %u: %s card inserted", s->number, card->kind->name);
	changed(s);
}

bool slot_card_insert(struct slot *s, const struct card_spec *spec)
{
	const struct profile *p = &s->ccid->profile;
	const struct card_reader reader = {
		.owner = s,
		.iface = s->ccid->index,
		.slot = s->index,
		.number = s->number,
		.protocols = profile_le32(p, CCID_DWPROTOCOLS),
		.max_ifsd = profile_max_ifsd(p),
		.nad = s->ccid->features & FEAT_NAD,
		.port = &level_port,
	};
	struct card *card;

	if (s->card)
		return false;
	card = card_new(card_kind_by_name(spec->kind), spec, &reader);
	if (!card)
		return false;
	s->spec = *spec;
	attach(s, card);
	return true;
}

static bool emulator_connected(void *owner)
{
	struct slot *s = owner;

	return slot_card_insert(s, &s->spec);
}

static bool emulator_gone(void *owner)
{
	return slot_card_remove(owner);
}

bool slot_card_put(struct slot *s, const struct card_spec *spec)
{
	static const struct card_vpcd_slot emulator = { emulator_connected, emulator_gone };

	if (card_kind_by_name(spec->kind) != &card_vpcd)
		return slot_card_insert(s, spec);
	s->spec = *spec;
	return card_vpcd_listen(s->number, spec->port, &emulator, s);
}

static void drop_card(struct slot *s)
{
	struct card *card = s->card;

	s->card = NULL;
	s->powered = false;
	s->told_unpowered = false;
	s->locked = false;
	s->apdus += card->commands;
	for (int i = 0; i < 256; i++)
		s->ins[i] += card->ins[i];
	card_free(card);
}

bool slot_card_swap(struct slot *s)
{
	if (!s->card)
		return false;
	slot_cancel(s);
	drop_card(s);
	trace_note("slot %u: card removed", s->number);
	/* The reader notices the removal and fails the command. */
	if (s->was_busy) {
		s->was_busy = false;
		s->busy = true;
		slot_fail(s, ERR_ICC_MUTE);
	}
	return true;
}

bool slot_card_remove(struct slot *s)
{
	if (!slot_card_swap(s))
		return false;
	changed(s);
	return true;
}

void slot_card_power_lost(struct slot *s)
{
	if (s->card && s->powered)
		card_power_off(s->card);
	s->powered = false;
	s->told_unpowered = false;
	s->clock_stopped = false;
	slot_reset_exchange(s);
}
