// SPDX-License-Identifier: GPL-2.0
/*
 * Readers whose descriptor lies, or whose firmware needs a detour, one line each. A quirk
 * corrects the class descriptor, or sets a flag that is tested where it matters.
 *
 * How to add one: a line with idVendor, idProduct, the bcdDevice from which on the
 * firmware is right (0: never), and what to do. A new kind of quirk gets a CCID_QUIRK_* flag in
 * ccid.h and one place that asks for it.
 */
#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/log2.h>

#include "quirks.h"

#define ANY_PRODUCT	0x10000

struct ccid_quirk {
	u16 vendor;
	u32 product;
	u16 fixed;
	u32 flags;
	struct pin_pad pin;	/* conditions 0: all */
};

static const struct ccid_quirk ccid_quirks[] = {
	/* claim short APDUs only, take extended ones; their PIN pad is none */
	{ 0x076b, 0x3a21, 0, CCID_QUIRK_EXTENDED | CCID_QUIRK_NO_PIN },  /* Omnikey AVIATOR */
	{ 0x076b, 0x3031, 0, CCID_QUIRK_EXTENDED | CCID_QUIRK_NO_PIN },  /* Omnikey 3x21 */
	{ 0x076b, 0x6632, 0, CCID_QUIRK_EXTENDED | CCID_QUIRK_NO_PIN },  /* Omnikey 6121 */
	{ 0x046a, 0x00a7, 0, CCID_QUIRK_EXTENDED | CCID_QUIRK_NO_PIN },  /* Cherry */
	{ 0x0bf8, 0x1024, 0, CCID_QUIRK_EXTENDED | CCID_QUIRK_NO_PIN },  /* Fujitsu D323 */
	{ 0x2f7c, 0x6007, 0, CCID_QUIRK_EXTENDED },			   /* Diebold PN7362AU */
	{ 0x046a, 0x00a1, 0x0101, CCID_QUIRK_EXTENDED,		   /* Cherry KC1000SC */
	  { PIN_FIX_DEFAULT, 0, 0, 32 } },
	/* claims extended APDUs, takes short ones */
	{ 0x0d46, 0x3010, 0, CCID_QUIRK_SHORT },			   /* Kobil TriBank */
	/* keyboards and laptops whose PIN entry shows the PIN to the host */
	{ 0x03f0, 0x1024, 0, CCID_QUIRK_NO_PIN },			   /* HP KUS1206 */
	{ 0x03f0, 0x0036, 0, CCID_QUIRK_NO_PIN },			   /* HP keyboard */
	{ 0x0bf8, 0x1017, 0, CCID_QUIRK_NO_PIN },			   /* Fujitsu keyboard */
	{ 0x04f2, 0x1469, 0, CCID_QUIRK_NO_PIN },			   /* Chicony */
	{ 0x0783, 0x0006, 0, CCID_QUIRK_NO_PIN },			   /* C3PO LTC36 */
	{ 0x25dd, 0x3111, 0, CCID_QUIRK_NO_PIN },			   /* bit4id miniLector */
	/* lie about what they can transmit */
	{ 0x0b97, 0x7762, 0, CCID_QUIRK_RATE_9600 },			   /* O2 Micro OZ776 */
	{ 0x0b97, 0x7772, 0, CCID_QUIRK_RATE_9600 },			   /* O2 Micro OZ776 */
	{ 0x058f, 0x9540, 0, CCID_QUIRK_RATE_200K },			   /* Alcor AU9540 */
	{ 0x09be, 0x0002, 0, CCID_QUIRK_IFSD_254 },			   /* MySmartPad */
	{ 0x0529, 0x0620, 0x0014, CCID_QUIRK_NO_IFSD },		   /* eToken 5110 */
	/* power */
	{ 0x0d46, 0x301d, 0, CCID_QUIRK_OFF_FIRST },			   /* Kobil IDToken */
	{ 0x08e6, 0x4433, 0, CCID_QUIRK_ISO_MODE },			   /* GemPC433 SL */
	{ 0x046a, 0x0005, 0, CCID_QUIRK_ISO_MODE },			   /* Cherry XX33 */
	{ 0x0783, 0x0003, 0, CCID_QUIRK_NO_AUTOSUSPEND },		   /* C3PO LTC31 v1 */
	/* take longer than they say, contactless ones mostly */
	{ 0x04e6, 0x5293, 0, CCID_QUIRK_SLOW },			   /* SCL011 */
	{ 0x04e6, 0x5790, 0, CCID_QUIRK_SLOW },			   /* uTrust 3700 F */
	{ 0x04e6, 0x5791, 0, CCID_QUIRK_SLOW },			   /* uTrust 3701 F */
	{ 0x04e6, 0x5724, 0, CCID_QUIRK_SLOW },			   /* uTrust 4701 F */
	{ 0x0b81, 0x0200, 0, CCID_QUIRK_SLOW },			   /* CL1356D */
	{ 0x09d8, 0x0427, 0, CCID_QUIRK_SLOW },			   /* Elatec TWN4 */
	{ 0x09d8, 0x0428, 0, CCID_QUIRK_SLOW },			   /* Elatec TWN4 */
	{ 0x072f, 0x2200, 0, CCID_QUIRK_SLOW },			   /* ACR122U */
	{ 0x08e6, 0x34d2, 0, CCID_QUIRK_SLOW },			   /* Thales Fusion NFC */
	/* PIN pads that take their messages in one way only */
	{ 0x08e6, ANY_PRODUCT, 0, CCID_QUIRK_GEMALTO, { PIN_FIX_ALL_INDICES } },
	{ 0x08e6, 0x3478, 0, 0, { PIN_FIX_ONE_MESSAGE, PIN_CONDITION_KEY } }, /* GemPC Pinpad */
	{ 0x08e6, 0x3478, 0x0101, 0, { 0, 0, 4, 8 } },			   /* its first firmware */
	{ 0x0982, 0x0008, 0, 0,						   /* Covadis Vega-Alpha */
	  { PIN_FIX_ONE_MESSAGE | PIN_FIX_ALL_INDICES, PIN_CONDITION_KEY, 4, 8 } },
	{ 0x046a, 0x003e, 0, 0,						   /* Cherry ST-2000 */
	  { PIN_FIX_ZERO_INDICES, PIN_CONDITION_KEY, 0, 25 } },
	{ 0x046a, 0x0010, 0, 0, { PIN_FIX_THREE_MESSAGES } },		   /* Cherry XX44 */
	{ 0x04e6, 0xe003, 0, CCID_QUIRK_PIN_UNPADDED, { PIN_FIX_ZERO_INDICES } }, /* SPR532 */
	{ 0x413c, 0x2100, 0, CCID_QUIRK_PIN_WAIT,			   /* Dell keyboards */
	  { PIN_FIX_NO_MESSAGE | PIN_FIX_SWAP_DIGITS } },
	{ 0x413c, 0x2101, 0, CCID_QUIRK_PIN_WAIT, { PIN_FIX_NO_MESSAGE } },
	{ 0x076b, 0x3821, 0, 0, { 0, 0, 1, 31 } },			   /* Omnikey 3821 */
	/* firmware that is known to fail */
	{ 0x04e6, 0xe001, 0x0516, CCID_QUIRK_OLD_FIRMWARE },		   /* SCR331 */
	{ 0x04e6, 0x5111, 0x0620, CCID_QUIRK_OLD_FIRMWARE },		   /* SCR331-DI */
	{ 0x04e6, 0xe003, 0x0510, CCID_QUIRK_OLD_FIRMWARE },		   /* SPR532 */
	{ 0x04e6, 0x5291, 0x0112, CCID_QUIRK_OLD_FIRMWARE },		   /* SCL010 */
	{ 0x0d46, 0x3001, 0x0037, CCID_QUIRK_OLD_FIRMWARE },		   /* KAAN Base */
	{ 0x0d46, 0x3002, 0x0037, CCID_QUIRK_OLD_FIRMWARE },		   /* KAAN Advanced */
	{ 0x09c3, 0x0008, 0x0203, CCID_QUIRK_OLD_FIRMWARE },		   /* ActivCard V2 */
	{ 0x0dc3, 0x1004, 0x0502, CCID_QUIRK_OLD_FIRMWARE },		   /* Athena ASE IIIe */
	{ 0x0dc3, 0x1102, 0x0607, CCID_QUIRK_OLD_FIRMWARE },		   /* Athena IIIe KB */
	{ 0x0dc3, 0x0900, 0x0200, CCID_QUIRK_OLD_FIRMWARE },		   /* Athena IDProtect */
	{ 0x058f, 0x9520, 0x0102, CCID_QUIRK_OLD_FIRMWARE },		   /* Alcor AU9520 */
	{ 0x072f, 0x2200, 0x0206, CCID_QUIRK_OLD_FIRMWARE },		   /* ACR122U */
	{ 0x03f0, 0x0036, 0x0124, CCID_QUIRK_OLD_FIRMWARE },		   /* HP keyboard */
	{ 0x08c3, 0x0401, 0x5000, CCID_QUIRK_OLD_FIRMWARE },		   /* Precise 250 MC */
	{ 0x08c3, 0x0402, 0x5000, CCID_QUIRK_OLD_FIRMWARE },		   /* Precise 200 MC */
	{ 0x0b0c, 0x0050, 0x0101, CCID_QUIRK_OLD_FIRMWARE },		   /* Todos CX00 */
	{ 0x062d, 0x0001, 0x0102, CCID_QUIRK_OLD_FIRMWARE },		   /* THRC */
};

/* For people: sysfs.c, and scardctl info through it */
const char * const ccid_quirks_words[32] = {
	[const_ilog2(CCID_QUIRK_EXTENDED)] = "extended",
	[const_ilog2(CCID_QUIRK_SHORT)] = "short",
	[const_ilog2(CCID_QUIRK_NO_PIN)] = "no-pin",
	[const_ilog2(CCID_QUIRK_RATE_9600)] = "rate-9600",
	[const_ilog2(CCID_QUIRK_RATE_200K)] = "rate-200k",
	[const_ilog2(CCID_QUIRK_IFSD_254)] = "ifsd-254",
	[const_ilog2(CCID_QUIRK_NO_IFSD)] = "no-ifsd",
	[const_ilog2(CCID_QUIRK_OFF_FIRST)] = "off-first",
	[const_ilog2(CCID_QUIRK_ISO_MODE)] = "iso-mode",
	[const_ilog2(CCID_QUIRK_NO_AUTOSUSPEND)] = "no-autosuspend",
	[const_ilog2(CCID_QUIRK_SLOW)] = "slow",
	[const_ilog2(CCID_QUIRK_PIN_PAD)] = "pin-pad",
	[const_ilog2(CCID_QUIRK_PIN_WAIT)] = "pin-wait",
	[const_ilog2(CCID_QUIRK_PIN_UNPADDED)] = "pin-unpadded",
	[const_ilog2(CCID_QUIRK_GEMALTO)] = "gemalto",
	[const_ilog2(CCID_QUIRK_OLD_FIRMWARE)] = "old-firmware",
};

static void ccid_quirk_pin(struct ccid_reader *reader, const struct pin_pad *pin)
{
	if (!pin->fixes && !pin->conditions && !pin->max_size)
		return;
	reader->quirks |= CCID_QUIRK_PIN_PAD;
	reader->pin.fixes |= pin->fixes;
	if (pin->conditions)
		reader->pin.conditions = pin->conditions;
	if (pin->max_size) {
		reader->pin.min_size = pin->min_size;
		reader->pin.max_size = pin->max_size;
	}
}

/* Correct the descriptor as the quirks say. */
static void ccid_quirks_correct(struct ccid_reader *reader)
{
	struct ccid_desc *desc = &reader->desc;
	u32 flags = reader->quirks;

	if (flags & CCID_QUIRK_EXTENDED)
		desc->level = CCID_LEVEL_EXTENDED_APDU;
	if (flags & CCID_QUIRK_SHORT)
		desc->level = CCID_LEVEL_SHORT_APDU;
	if (flags & CCID_QUIRK_NO_PIN)
		desc->pin_support = 0;
	if (flags & CCID_QUIRK_RATE_9600)
		desc->max_data_rate = min(desc->max_data_rate, 9600U);
	if (flags & CCID_QUIRK_RATE_200K)
		desc->max_data_rate = min(desc->max_data_rate, 200000U);
	if (flags & CCID_QUIRK_IFSD_254)
		desc->max_ifsd = CCID_IFSD_MAX;
}

/**
 * ccid_quirks_apply() - apply the quirks of a reader
 * @reader: the reader, whose descriptor and ids are set
 */
void ccid_quirks_apply(struct ccid_reader *reader)
{
	unsigned int i;

	reader->pin.conditions = PIN_CONDITIONS;
	for (i = 0; i < ARRAY_SIZE(ccid_quirks); i++) {
		const struct ccid_quirk *q = &ccid_quirks[i];

		if (q->vendor != reader->reader.vendor_id ||
		    (q->product != reader->reader.product_id && q->product != ANY_PRODUCT) ||
		    (q->fixed && reader->bcd_device >= q->fixed))
			continue;
		reader->quirks |= q->flags;
		ccid_quirk_pin(reader, &q->pin);
	}
	ccid_quirks_correct(reader);
	if (reader->quirks & CCID_QUIRK_OLD_FIRMWARE)
		dev_warn(reader->reader.parent,
			 "firmware %x.%02x is known to fail, ask the maker for a newer one\n",
			 reader->bcd_device >> 8, reader->bcd_device & 0xff);
}
