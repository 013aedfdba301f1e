// SPDX-License-Identifier: GPL-2.0-or-later
/* Cards come and go. */
#include "ccid.h"

#include <stdlib.h>

#include "control.h"
#include "trace.h"

static struct slot *all[MAX_INTERFACES * MAX_SLOTS];
static unsigned int num_all;

void slot_register(struct slot *s)
{
	s->number = num_all;
	all[num_all++] = s;
}

struct slot *slot_by_number(unsigned int number)
{
	return number < num_all ? all[number] : NULL;
}

unsigned int slot_count(void)
{
	return num_all;
}

static void changed(struct slot *s)
{
	s->changed = true;
	ccid_notify(s->ccid);
	usb_wake();
	control_event();
}

/* The card is in; a vpcd card comes this way when its emulator connects. */
void slot_attach(struct slot *s, struct card *card)
{
	s->card = card;
	s->powered = false;
	s->told_unpowered = false;
	trace_note("slot %u: %s card inserted", s->number, card->kind->name);
	changed(s);
}

bool slot_insert(struct slot *s, const struct card_spec *spec)
{
	struct card *card;

	if (s->card)
		return false;
	card = card_new(spec, s, s->number, profile_le32(&s->ccid->profile, CCID_DWPROTOCOLS));
	if (!card)
		return false;
	s->spec = *spec;
	slot_attach(s, card);
	return true;
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

bool slot_swap(struct slot *s)
{
	if (!s->card)
		return false;
	slot_cancel(s);
	drop_card(s);
	trace_note("slot %u: card removed", s->number);
	/* A command in progress ends now: the reader sees its card go. */
	if (s->was_busy) {
		s->was_busy = false;
		s->busy = true;
		slot_fail(s, ERR_ICC_MUTE);
	}
	return true;
}

bool slot_remove(struct slot *s)
{
	if (!slot_swap(s))
		return false;
	changed(s);
	return true;
}

/* A port reset, or a resume of a reader that turned its cards off. */
void slot_power_lost(struct slot *s)
{
	if (s->card && s->powered)
		card_power_off(s->card);
	s->powered = false;
	s->told_unpowered = false;
	s->clock_stopped = false;
	level_reset(s);
}
