// SPDX-License-Identifier: GPL-2.0-or-later
#include "card_kind.h"

#include <string.h>

#include "bytes.h"
#include "card.h"
#include "card_echo.h"
#include "card_iso.h"
#include "card_vpcd.h"

static const struct card_kind *const kinds[] = {
	&card_iso, &card_echo, &card_echo_mute, &card_vpcd,
};

const struct card_kind *card_kind_by_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i]->name, name))
			return kinds[i];
	return NULL;
}
