// SPDX-License-Identifier: GPL-2.0-or-later
#include "card_power.h"

#include "atr.h"
#include "t0.h"
#include "t1.h"

static void reset_done(struct card *card, bool mute)
{
	if (!mute) {
		if (!card->spec.atr_len && card->kind->external)
			atr_parse(&card->info, card->atr, card->atr_len);
		card->proto = card->info.first;
		card->negotiable = !card->info.specific;
		card->fidi = card->info.specific ? card->info.ta1 : 0x11;
	}
	card->powered = !mute;
	card->reset_cb(card, mute);
}

void card_power_reset(struct card *card, bool warm, uint8_t voltage, card_done_fn done)
{
	enum card_result r = CARD_DONE;

	card_cancel(card);
	if (warm && card->powered)
		card->warm++;
	else
		card->powerups++;
	card->reset_cb = done;
	card->more_len = 0;
	card->more_off = 0;
	card->apdu_len = 0;
	card->delay_us = 0;
	card->running = true;
	card->done = reset_done;
	card->wait = NULL;
	t0_reset(card);
	t1_reset(card, T1_DEFAULT_IFSD);
	atr_parse(&card->info, card->atr, card->atr_len);
	if (!(voltage & card->spec.voltage))
		r = CARD_MUTE;
	else if (card->kind->reset)
		r = card->kind->reset(card, warm);
	/* A real reader waits 40000 clock cycles first. */
	if (r == CARD_MUTE) {
		card->running = false;
		reset_done(card, true);
		return;
	}
	card_finish(card, r);
}

void card_power_off(struct card *card)
{
	card_cancel(card);
	card->powered = false;
	card->offs++;
	if (card->kind->power_off)
		card->kind->power_off(card);
}
