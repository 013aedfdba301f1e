// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reader names: "<vendor product> [interface] (serial) II SS".
 *
 * The kernel makes the name from the reader's USB strings. If libccid has another name for
 * the reader, use that: users have it in their configurations.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "reader_list.h"

/* " II SS" */
#define INDEX_LEN	6

/* Readers that libccid names differently from their USB strings; sorted */
static const struct {
	uint16_t vendor;
	uint16_t product;
	const char *name;
} friendly_names[] = {
	{ 0x03eb, 0x6010, "ATMEL AT90SCR100" },
	{ 0x03eb, 0x6011, "ATMEL AT90SCR050" },
	{ 0x0424, 0x1202, "Microchip SEC1210" },
	{ 0x046a, 0x0092, "Cherry TC 1300" },
	{ 0x046a, 0x00a7, "Cherry SmartTerminal XX44" },
	{ 0x047d, 0x8203, "Kensington VeriMark NFC+ USB-C Security Key" },
	{ 0x048d, 0x1365, "BUDGET E-ID BUD001" },
	{ 0x04e6, 0x5111, "SCM Microsystems Inc. SCR 331-DI" },
	{ 0x04e6, 0x5115, "SCM Microsystems Inc. SCR 335" },
	{ 0x04e6, 0x5116, "SCM Microsystems Inc. SCR 3310" },
	{ 0x04e6, 0x5410, "SCM Microsystems Inc. SCR 355" },
	{ 0x04e6, 0x5720, "Identive Identive CLOUD 4500 F Dual Interface Reader" },
	{ 0x04e6, 0xe003, "SCM Microsystems Inc. SPR 532" },
	{ 0x054c, 0x0dc8, "SONY FeliCa RC-S300/S" },
	{ 0x058f, 0x9520, "Alcor Micro AU9520" },
	{ 0x073d, 0x0c00, "Eutron Card Reader" },
	{ 0x073d, 0x0c01, "Eutron Smart Pocket" },
	{ 0x076b, 0x3022, "OMNIKEY AG 3121 USB" },
	{ 0x076b, 0x3821, "OMNIKEY AG CardMan 3821" },
	{ 0x076b, 0x5121, "OMNIKEY AG CardMan 5121" },
	{ 0x076b, 0x5125, "OMNIKEY AG CardMan 5125" },
	{ 0x0783, 0x0009, "C3PO KBR36" },
	{ 0x079b, 0x0052, "Morpho MSO1350 Fingerprint Sensor & SmartCard Reader" },
	{ 0x08e6, 0x1359, "Verisign Secure Storage Token" },
	{ 0x08e6, 0x2202, "Gemalto Gem e-Seal Pro USB Token" },
	{ 0x08e6, 0x3437, "Gemalto PC Twin Reader" },
	{ 0x08e6, 0x3440, "GEMALTO CT1100" },
	{ 0x08e6, 0x3478, "Gemalto USB GemPCPinpad SmartCard Reader" },
	{ 0x08e6, 0x34c0, "Gemalto Ezio Shield" },
	{ 0x08e6, 0x34c3, "Gemalto EZIO CB+" },
	{ 0x08e6, 0x34ec, "Gemalto GemPC Express" },
	{ 0x08e6, 0x4433, "Gemalto Gemplus USB SmartCard Reader 433-Swap" },
	{ 0x08e6, 0xace0, "Verisign Secure Token" },
	{ 0x096e, 0x0603, "PIVKey T800" },
	{ 0x096e, 0x0622, "Feitian VR504 VHBR Contactless & Contact Card Reader" },
	{ 0x096e, 0x0807, "Feitian ePass2003" },
	{ 0x096e, 0x086a, "FT BioPass FIDO2 Pro" },
	{ 0x09d8, 0x0428, "Elatec TWN4/B1.06/CPF3.05/S1SC1.32/P (Beta 3)" },
	{ 0x0b0c, 0x0050, "Todos Argos Mini II" },
	{ 0x0b81, 0x0200, "id3 Semiconductors CL1356T" },
	{ 0x0b81, 0x0220, "id3 Semiconductors CL1356A_HID" },
	{ 0x0b97, 0x7762, "O2 Micro Oz776" },
	{ 0x0b97, 0x7772, "O2 Micro Oz776" },
	{ 0x0bda, 0x0161, "MSI StarReader SMART" },
	{ 0x0d46, 0x301d, "KOBIL Systems IDToken" },
	{ 0x0d46, 0x41a9, "KOBIL Systems mIDentity 4smart AES" },
	{ 0x0d46, 0x4389, "KOBIL Systems mIDentity fullsize" },
	{ 0x0db5, 0x0170, "Access IS ATR210" },
	{ 0x0db5, 0x0184, "Access IS ATR220" },
	{ 0x0dc3, 0x1007, "Athena ASEDrive IIIe KB Bio PIV" },
	{ 0x0dc3, 0x1008, "Athena ASEDrive IIIe Combo Bio PIV" },
	{ 0x0dc3, 0x1102, "Athena ASEDrive IIIe KB" },
	{ 0x0f14, 0x0037, "XIRING MyLeo" },
	{ 0x0f14, 0x003b, "INGENICO Leo" },
	{ 0x1059, 0x000c, "Giesecke & Devrient GmbH Star Sign Card Token 350 (ICCD)" },
	{ 0x1059, 0x0017, "Giesecke & Devrient GmbH StarSign Crypto USB Token" },
	{ 0x13fe, 0xc831, "Route1 MobiKEY Fusion3" },
	{ 0x14cd, 0x8166, "Rocketek RT-SCR1" },
	{ 0x1976, 0x0001, "THURSBY SOFTWARE TSS-PK1" },
	{ 0x1b0e, 0x1079, "BLUTRONICS BLUDRIVE II CCID" },
	{ 0x1d50, 0x6141, "sysmocom - s.f.m.c. GmbH sysmoOCTSIM" },
	{ 0x1fc9, 0x0157, "NXP Pegoda 3" },
	{ 0x1fd3, 0xcc1d, "ASK-RFID CPL108" },
	{ 0x234b, 0x0000, "Free Software Initiative of Japan Gnuk" },
	{ 0x2406, 0x6403, "Inside Secure AT90SCR100" },
	{ 0x2406, 0x6407, "Inside Secure AT90SCR200" },
	{ 0x24a2, 0x0102, "SafeTech SafeTouch" },
	{ 0x24dc, 0x100f, "Aladdin R.D. JaCarta Flash" },
	{ 0x2947, 0x0113, "Kapelse inSide" },
	{ 0x2c97, 0x7009, "Ledger Flex" },
	{ 0x2ce3, 0x9567, "Alcor Link AK9567" },
	{ 0x2ce4, 0x7479, "ESMART Token GOST" },
	{ 0x2d25, 0x0000, "KRONEGGER NFC blue Reader Platform" },
	{ 0x2e8a, 0x10fe, "Pol Henarejos Pico Fido" },
	{ 0x349e, 0x0013, "TOKEN2 FIDO2 Security Key(0013),PIN+ Mini with OTP + PGP" },
	{ 0x349e, 0x0015, "TOKEN2 FIDO2 Security Key(0015),PIN+ Mini with PGP" },
	{ 0x349e, 0x0024, "TOKEN2 FIDO2 Security Key(0024),PIN+ Series with FIDO + PGP" },
	{ 0x349e, 0x0025, "TOKEN2 FIDO2 Security Key(0025),PIN+ Series with PGP" },
	{ 0x349e, 0x0203, "TOKEN2 FIDO2 Security Key(0203),Bio3 Dual with OTP + PGP" },
	{ 0x349e, 0x0206, "TOKEN2 FIDO2 Security Key(0206),Bio3 Dual with OTP + PGP + FIDO" },
	{ 0x34eb, 0x1506, "WCMi SD5931" },
	{ 0x413c, 0x2100, "Dell keyboard SK-3106" },
};

static const char *friendly_name(uint16_t vendor, uint16_t product)
{
	size_t low = 0, high = sizeof(friendly_names) / sizeof(friendly_names[0]);
	uint32_t want = (uint32_t)vendor << 16 | product;

	while (low < high) {
		size_t middle = (low + high) / 2;
		uint32_t id = (uint32_t)friendly_names[middle].vendor << 16 |
			      friendly_names[middle].product;

		if (id == want)
			return friendly_names[middle].name;
		if (id < want)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/*
 * Find a bracketed part at the end of a string; return the start of the blank before it, or
 * @end if there is none. @start: start of the string.
 */
static const char *bracketed(const char *start, const char *end, char open, char close)
{
	const char *p;

	if (end == start || end[-1] != close)
		return end;
	for (p = end - 1; p > start + 1; p--) {
		if (p[0] == open && p[-1] == ' ')
			return p - 1;
	}
	return end;
}

/* Set r->name from r->kernel_name, r->vendor and r->product. */
void scard_names_set(struct reader *r)
{
	const char *extension = secure_getenv("PCSCLITE_FILTER_EXTEND_READER_NAMES");
	const char *friendly = friendly_name(r->vendor, r->product);
	const char *name = r->kernel_name;
	size_t len = strlen(name);
	const char *index, *base_end;
	char base[SCARD_NAME_SIZE * 2];
	int room;

	if (len < INDEX_LEN) {
		snprintf(r->name, sizeof(r->name), "%s", name);
		return;
	}
	index = name + len - INDEX_LEN;
	if (friendly) {
		base_end = bracketed(name, index, '(', ')');
		base_end = bracketed(name, base_end, '[', ']');
		snprintf(base, sizeof(base), "%s%.*s", friendly, (int)(index - base_end),
			 base_end);
	} else {
		snprintf(base, sizeof(base), "%.*s", (int)(index - name), name);
	}
	/* cut the rest but not the index, which makes the name unique */
	room = sizeof(r->name) - 1 - INDEX_LEN;
	if (extension)
		strncat(base, extension, sizeof(base) - 1 - strlen(base));
	/* do not cut inside a UTF-8 character */
	if (strlen(base) > (size_t)room) {
		while (room && (base[room] & 0xc0) == 0x80)
			room--;
	}
	snprintf(r->name, sizeof(r->name), "%.*s%s", room, base, index);
}

/* Does the user hide this reader? The variable holds parts of names, separated by colons. */
bool scard_names_ignored(const char *name)
{
	const char *list = secure_getenv("PCSCLITE_FILTER_IGNORE_READER_NAMES");
	char part[MAX_READERNAME];
	size_t len;

	while (list && *list) {
		len = strcspn(list, ":");
		if (len && len < sizeof(part)) {
			memcpy(part, list, len);
			part[len] = '\0';
			if (strstr(name, part))
				return true;
		}
		list += len;
		list += *list == ':';
	}
	return false;
}
