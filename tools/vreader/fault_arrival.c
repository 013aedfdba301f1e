// SPDX-License-Identifier: GPL-2.0-or-later
#include "fault_arrival.h"

#include "fault.h"
#include "reader.h"
#include "slot_card.h"

void fault_arrival(struct slot *s, const struct fault *f)
{
	if (f->action == FAULT_CARD)
		fault_card_set(f->card, f->arg);
	else if (f->action == FAULT_REMOVE && !s->busy)
		slot_card_remove(s);
	else if (f->action == FAULT_SWAP && !s->busy && slot_card_swap(s))
		slot_card_insert(s, &s->spec);
}
