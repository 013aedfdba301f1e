// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "usb.h"

/* The fields that --desc sets by name. */
static const struct field {
	const char *name;
	uint8_t offset, size;
} fields[] = {
	{ "bDescriptorType", 1, 1 },
	{ "bcdCCID", 2, 2 },
	{ "bMaxSlotIndex", CCID_BMAXSLOTINDEX, 1 },
	{ "bVoltageSupport", CCID_BVOLTAGESUPPORT, 1 },
	{ "dwProtocols", CCID_DWPROTOCOLS, 4 },
	{ "dwDefaultClock", CCID_DWDEFAULTCLOCK, 4 },
	{ "dwMaximumClock", 14, 4 },
	{ "bNumClockSupported", CCID_BNUMCLOCK, 1 },
	{ "dwDataRate", CCID_DWDATARATE, 4 },
	{ "dwMaxDataRate", 23, 4 },
	{ "bNumDataRatesSupported", CCID_BNUMDATARATES, 1 },
	{ "dwMaxIFSD", CCID_DWMAXIFSD, 4 },
	{ "dwSynchProtocols", 32, 4 },
	{ "dwMechanical", CCID_DWMECHANICAL, 4 },
	{ "dwFeatures", CCID_DWFEATURES, 4 },
	{ "dwMaxCCIDMessageLength", CCID_DWMAXMSG, 4 },
	{ "bClassGetResponse", 48, 1 },
	{ "bClassEnvelope", 49, 1 },
	{ "wLcdLayout", CCID_WLCDLAYOUT, 2 },
	{ "bPINSupport", CCID_BPINSUPPORT, 1 },
	{ "bMaxCCIDBusySlots", CCID_BMAXBUSY, 1 },
};

static const struct builtin {
	const char *name;
	uint32_t features, max_msg;
	int slots, busy;
	uint8_t class, protocol;
	bool interrupt;
	uint8_t pin, mechanical;
	uint16_t lcd;
} builtins[] = {
	{ "character", FEAT_AUTO_VOLTAGE | FEAT_AUTO_CLOCK | FEAT_AUTO_BAUD, 271, 1, 1, 0x0b, 0,
	  true, 0, 0, 0 },
	{ "tpdu", FEAT_AUTO_VOLTAGE | FEAT_AUTO_CLOCK | FEAT_AUTO_BAUD | FEAT_TPDU, 271, 1, 1, 0x0b,
	  0, true, 0, 0, 0 },
	{ "tpdu-auto", 0xba | FEAT_AUTO_IFSD | FEAT_CLOCK_STOP | FEAT_TPDU, 271, 1, 1, 0x0b, 0,
	  true, 0, 0, 0 },
	{ "short", 0xfe | FEAT_SHORT, 271, 1, 1, 0x0b, 0, true, 0, 0, 0 },
	{ "extended", 0xbe | FEAT_AUTO_IFSD | FEAT_EXTENDED, 3072, 1, 1, 0x0b, 0, true, 0, 0, 0 },
	{ "nointr", 0xfe | FEAT_SHORT, 271, 1, 1, 0x0b, 0, false, 0, 0, 0 },
	{ "pinpad", 0xfe | FEAT_SHORT, 271, 1, 1, 0x0b, 0, true, 3, 0, 0x0210 },
	{ "multi4", 0xfe | FEAT_SHORT, 271, 4, 4, 0x0b, 0, true, 0, 0, 0 },
	{ "multi4-serial", 0xfe | FEAT_SHORT, 271, 4, 1, 0x0b, 0, true, 0, 0, 0 },
	{ "mechanical", 0xfe | FEAT_SHORT, 271, 1, 1, 0x0b, 0, true, 0, 0x0f, 0 },
	{ "vendor", 0xfe | FEAT_SHORT, 271, 1, 1, 0xff, 0, true, 0, 0, 0 },
	{ "iccd-a", 0x840, 271, 1, 1, 0x0b, 1, false, 0, 0, 0 },
	{ "iccd-b", 0x840 | FEAT_SHORT, 271, 1, 1, 0x0b, 2, false, 0, 0, 0 },
};

void profile_list(FILE *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(builtins); i++)
		fprintf(out, "%s\n", builtins[i].name);
}

/* Old readers use the protocol numbers of ICCD too, but ICCD has no bulk endpoints. */
static void set_transport(struct profile *p, int endpoints)
{
	p->transport = TRANSPORT_BULK;
	if (endpoints >= 2)
		return;
	if (p->protocol == 1)
		p->transport = TRANSPORT_ICCD_A;
	else if (p->protocol == 2)
		p->transport = TRANSPORT_ICCD_B;
}

void profile_slots(struct profile *p, int slots)
{
	p->desc[CCID_BMAXSLOTINDEX] = (uint8_t)(slots - 1);
}

bool profile_builtin(struct profile *p, const char *name)
{
	const struct builtin *b = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(builtins); i++)
		if (!strcmp(builtins[i].name, name))
			b = &builtins[i];
	if (!b)
		return false;
	memset(p, 0, sizeof(*p));
	p->class = b->class;
	p->protocol = b->protocol;
	p->interrupt = b->interrupt;
	set_transport(p, b->protocol ? 0 : 2);
	p->desc_len = CCID_DESC_LEN;
	p->desc[0] = CCID_DESC_LEN;
	p->desc[1] = 0x21;
	profile_set(p, "bcdCCID", "0x110");
	profile_slots(p, b->slots);
	p->desc[CCID_BVOLTAGESUPPORT] = 7;
	p->desc[CCID_DWPROTOCOLS] = b->protocol == 1 ? 1 : 3;
	put_le32(p->desc + CCID_DWDEFAULTCLOCK, 4000);
	put_le32(p->desc + 14, 4000);
	put_le32(p->desc + CCID_DWDATARATE, 10752);
	put_le32(p->desc + 23, 344086);
	put_le32(p->desc + CCID_DWMAXIFSD, 254);
	put_le32(p->desc + CCID_DWMECHANICAL, b->mechanical);
	put_le32(p->desc + CCID_DWFEATURES, b->features);
	put_le32(p->desc + CCID_DWMAXMSG, b->max_msg);
	p->desc[48] = 0xff;
	p->desc[49] = 0xff;
	put_le16(p->desc + CCID_WLCDLAYOUT, b->lcd);
	p->desc[CCID_BPINSUPPORT] = b->pin;
	p->desc[CCID_BMAXBUSY] = (uint8_t)b->busy;
	return true;
}

int profile_numbers(const char *list, uint32_t *out, int max)
{
	int n = 0;
	char *end;

	while (*list) {
		unsigned long v = strtoul(list, &end, 10);

		if (end == list || n == max)
			return -1;
		out[n++] = (uint32_t)v;
		list = *end == ',' ? end + 1 : end;
		if (*end && *end != ',')
			return -1;
	}
	return n;
}

static bool parse_desc(struct profile *p, const char *hex)
{
	int len = text_hex(hex, p->desc, sizeof(p->desc));

	p->desc_len = (uint8_t)len;
	return len >= CCID_DESC_LEN;
}

/* A string descriptor holds 126 UTF-16 units; the tables are ASCII. */
static void copy_string(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%.*s", (int)size - 1, from);
}

static bool parse_row(struct profile *p, char *line, struct usb_device *ids)
{
	enum {
		VID,
		PID,
		BCD,
		MAN,
		PROD,
		IFACE,
		NUM,
		CLASS,
		SUB,
		PROTO,
		EPS,
		DESC,
		CLOCKS,
		RATES,
		COLUMNS
	};
	char *col[COLUMNS];
	unsigned int major = 0, minor = 0;
	int n, endpoints;

	line[strcspn(line, "\r\n")] = 0;
	for (n = 0; n < COLUMNS && line; n++)
		col[n] = strsep(&line, "\t");
	if (n <= DESC || line)
		return false;
	memset(p, 0, sizeof(*p));
	p->number = (uint8_t)strtoul(col[NUM], NULL, 0);
	p->number_given = true;
	p->class = (uint8_t)strtoul(col[CLASS], NULL, 0);
	p->subclass = (uint8_t)strtoul(col[SUB], NULL, 0);
	p->protocol = (uint8_t)strtoul(col[PROTO], NULL, 0);
	endpoints = atoi(col[EPS]);
	set_transport(p, endpoints);
	p->interrupt = endpoints == 3 || endpoints == 1;
	copy_string(p->string, sizeof(p->string), col[IFACE]);
	if (!parse_desc(p, col[DESC]))
		return false;
	if (n > CLOCKS) {
		p->num_clocks = profile_numbers(col[CLOCKS], p->clocks, MAX_RATES);
		if (p->num_clocks < 0)
			return false;
	}
	if (n > RATES) {
		p->num_rates = profile_numbers(col[RATES], p->rates, MAX_RATES);
		if (p->num_rates < 0)
			return false;
	}
	if (!ids)
		return true;
	ids->vid = (uint16_t)strtoul(col[VID], NULL, 16);
	ids->pid = (uint16_t)strtoul(col[PID], NULL, 16);
	if (sscanf(col[BCD], "%x.%x", &major, &minor) < 1)
		return false;
	ids->bcd = (uint16_t)(major << 8 | minor);
	copy_string(ids->manufacturer, sizeof(ids->manufacturer), col[MAN]);
	copy_string(ids->product, sizeof(ids->product), col[PROD]);
	return true;
}

bool profile_row(struct profile *p, const char *file, int row, struct usb_device *ids)
{
	FILE *f = fopen(file, "re");
	char *line = NULL;
	size_t size = 0;
	bool ok = false;

	if (!f) {
		fprintf(stderr, "vreader: %s: %s\n", file, strerror(errno));
		return false;
	}
	for (int i = 0; i <= row; i++) {
		if (getline(&line, &size, f) < 0)
			break;
		if (i == row)
			ok = row > 0 && parse_row(p, line, ids);
	}
	if (!ok)
		fprintf(stderr, "vreader: %s: no valid row %d\n", file, row);
	free(line);
	fclose(f);
	return ok;
}

bool profile_set(struct profile *p, const char *field, const char *value)
{
	char *end;
	unsigned long v = strtoul(value, &end, 0);

	if (end == value || *end)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (strcmp(fields[i].name, field))
			continue;
		for (int b = 0; b < fields[i].size; b++)
			p->desc[fields[i].offset + b] = (uint8_t)(v >> 8 * b);
		return true;
	}
	if (!strcmp(field, "bLength") && v >= 2 && v <= 255) {
		p->desc_len = (uint8_t)v;
		p->desc[0] = (uint8_t)v;
	} else if (!strcmp(field, "bInterfaceClass")) {
		p->class = (uint8_t)v;
	} else if (!strcmp(field, "bInterfaceSubClass")) {
		p->subclass = (uint8_t)v;
	} else if (!strcmp(field, "bInterfaceProtocol")) {
		p->protocol = (uint8_t)v;
	} else if (!strcmp(field, "bInterfaceNumber")) {
		p->number = (uint8_t)v;
		p->number_given = true;
	} else if (!strcmp(field, "wMaxPacketSize")) {
		p->max_packet = (uint16_t)v;
	} else {
		return false;
	}
	return true;
}
