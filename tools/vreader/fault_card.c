// SPDX-License-Identifier: GPL-2.0-or-later
#include "fault_card.h"

static enum fault_card_error pending;
static long pending_arg;

void fault_card_set(enum fault_card_error e, long arg)
{
	pending = e;
	pending_arg = arg;
}

bool fault_card_is(enum fault_card_error e, long *arg)
{
	if (pending != e)
		return false;
	*arg = pending_arg;
	pending = FAULT_CARD_NONE;
	return true;
}
