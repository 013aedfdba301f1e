// SPDX-License-Identifier: GPL-2.0-or-later
#include "event.h"

#include <stddef.h>

static void (*listener)(void);

void event_listen(void (*fn)(void))
{
	listener = fn;
}

void event_happened(void)
{
	if (listener)
		listener();
}
