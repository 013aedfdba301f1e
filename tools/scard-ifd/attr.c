// SPDX-License-Identifier: GPL-2.0-or-later
/* The attributes of PC/SC part 3 that programs ask for, from the driver to the kernel. */
#include "attr.h"

#include <string.h>

#include <ifdhandler.h>
#include <reader.h>

#include "driver.h"
#include "uscard.h"

/* Those of the reader: they do not change. Others the kernel knows, by USCARD_IOC_CREATE. */
static const uint32_t of_reader[] = {
	SCARD_ATTR_VENDOR_IFD_VERSION, SCARD_ATTR_CHANNEL_ID, SCARD_ATTR_DEFAULT_CLK,
	SCARD_ATTR_MAX_CLK, SCARD_ATTR_DEFAULT_DATA_RATE, SCARD_ATTR_MAX_DATA_RATE,
	SCARD_ATTR_MAX_IFSD, SCARD_ATTR_SYNC_PROTOCOL_TYPES, SCARD_ATTR_POWER_MGMT_SUPPORT,
	SCARD_ATTR_USER_TO_CARD_AUTH_DEVICE, SCARD_ATTR_USER_AUTH_INPUT_DEVICE,
	SCARD_ATTR_CHARACTERISTICS, SCARD_ATTR_MAXINPUT,
};

/* Those of the card in the slot */
static const uint32_t of_card[] = {
	SCARD_ATTR_CURRENT_CLK, SCARD_ATTR_CURRENT_F, SCARD_ATTR_CURRENT_D, SCARD_ATTR_CURRENT_N,
	SCARD_ATTR_CURRENT_W, SCARD_ATTR_CURRENT_IFSC, SCARD_ATTR_CURRENT_IFSD,
	SCARD_ATTR_CURRENT_BWT, SCARD_ATTR_CURRENT_CWT, SCARD_ATTR_CURRENT_EBC_ENCODING,
	SCARD_ATTR_EXTENDED_BWT, SCARD_ATTR_CURRENT_IO_STATE,
};

_Static_assert(sizeof(of_reader) + sizeof(of_card) <= USCARD_MAX_ATTRS * sizeof(uint32_t),
	       "the kernel keeps that many attributes");

static void push(unsigned int slot, const uint32_t *ids, size_t count)
{
	uint8_t value[SCARD_MAX_ATTRIBUTE_SIZE];
	size_t i, len;

	for (i = 0; i < count; i++) {
		memset(value, 0, sizeof(value));
		len = sizeof(value);
		if (driver_get(slot, ids[i], value, &len) == IFD_SUCCESS && len)
			uscard_attr(slot, ids[i], value, len);
		else
			uscard_attr_remove(slot, ids[i]);
	}
}

void attr_push_reader(unsigned int slot)
{
	push(slot, of_reader, sizeof(of_reader) / sizeof(*of_reader));
}

void attr_push_card(unsigned int slot)
{
	push(slot, of_card, sizeof(of_card) / sizeof(*of_card));
}
