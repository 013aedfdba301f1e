// SPDX-License-Identifier: GPL-2.0-or-later
/* list, status and info: what readers there are, what is in them, what they can do. */
#include <fcntl.h>
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "scardctl.h"

struct words {
	uint32_t bit;
	const char *words;
};

static const char *card_words(unsigned int state)
{
	if (state & SCARD_STATE_BIT_SETTLING)
		return "looking";
	if (!(state & SCARD_STATE_BIT_PRESENT))
		return "empty";
	return state & SCARD_STATE_BIT_MUTE ? "mute card" : "card";
}

int cmd_list(int argc, char **argv)
{
	struct readers readers;
	size_t i;
	int code;

	if (argc > 1)
		return usage_error("%s takes no argument", argv[0]);
	code = readers_find(&readers);
	if (json) {
		json_open(NULL, '[');
		for (i = 0; i < readers.count; i++) {
			const struct reader *r = &readers.list[i];

			json_open(NULL, '{');
			json_number("number", r->minor);
			json_string("device", r->path);
			json_string("name", r->name);
			json_string("card", card_words(r->state));
			json_number("vendor_id", r->vendor_id);
			json_number("product_id", r->product_id);
			json_close('}');
		}
		json_close(']');
		json_end();
	} else if (!code) {
		printf("%-4s%-14s%-11s%-11s%s\n", "N", "DEVICE", "SLOT", "USB ID", "NAME");
		for (i = 0; i < readers.count; i++) {
			const struct reader *r = &readers.list[i];

			printf("%-4u%-14s%-11s%04x:%04x  %s\n", r->minor, r->path,
			       card_words(r->state), r->vendor_id, r->product_id, r->name);
		}
	}
	readers_free(&readers);
	return code;
}

static const struct words state_words[] = {
	{ SCARD_STATE_BIT_PRESENT, "present" },
	{ SCARD_STATE_BIT_POWERED, "powered" },
	{ SCARD_STATE_BIT_NEGOTIATED, "negotiated" },
	{ SCARD_STATE_BIT_MUTE, "mute" },
	{ SCARD_STATE_BIT_INUSE, "in use" },
	{ SCARD_STATE_BIT_EXCLUSIVE, "exclusive" },
	{ SCARD_STATE_BIT_TRANSACTION, "in a transaction" },
	{ SCARD_STATE_BIT_SETTLING, "being looked at" },
	{ 0, NULL }
};

/* The words of all bits that are set: a JSON array, or a list after @label. */
static void print_bits(const char *key, const char *label, const struct words *table,
		       uint32_t bits)
{
	const char *separator = "";

	if (json)
		json_open(key, '[');
	else
		printf("%-14s", label);
	for (; table->bit; table++) {
		if (!(bits & table->bit))
			continue;
		if (json)
			json_string(NULL, table->words);
		else
			printf("%s%s", separator, table->words);
		separator = ", ";
	}
	if (json)
		json_close(']');
	else
		puts(*separator ? "" : "-");
}

int cmd_status(int argc, char **argv)
{
	struct scard_status status;
	struct reader reader;
	int fd, code, error;

	code = reader_open_arg(argc, argv, O_RDONLY, &reader, &fd);
	if (code)
		return code;
	error = reader_status(fd, &status);
	close(fd);
	if (error)
		return reader_error(&reader, "status", error);

	if (json) {
		json_open(NULL, '{');
		json_number("number", reader.minor);
		json_string("device", reader.path);
		json_string("name", reader.name);
		json_string("card", card_words(status.state));
	} else {
		printf("%-14s%s\n", "reader", reader.name);
		printf("%-14s%s\n", "device", reader.path);
		printf("%-14s%s\n", "slot", card_words(status.state));
	}
	print_bits("state", "state", state_words, status.state);
	if (json) {
		json_hex("atr", status.atr, status.atr_len);
		json_string("protocol", protocol_name(status.protocol));
		json_number("handles", status.handles);
		json_number("epoch", status.epoch);
		json_number("event", status.event);
		json_number("card_event", status.card_event);
		json_close('}');
		json_end();
		return EXIT_OK;
	}
	printf("%-14s", "ATR");
	hex_print(status.atr, status.atr_len);
	puts(status.atr_len ? "" : "-");
	printf("%-14s%s\n", "protocol", protocol_name(status.protocol));
	printf("%-14s%u\n", "handles", status.handles);
	printf("%-14s%u resets, power-offs and removals; %u insertions and removals; %u changes\n",
	       "since plug-in", status.epoch, status.card_event, status.event);
	return EXIT_OK;
}

static const char * const level_words[] = {
	"character: the host sends single characters",
	"TPDU: the host runs T=0 and T=1",
	"short APDU: the reader runs the protocol, commands up to 261 bytes",
	"extended APDU: the reader runs the protocol",
};

static const struct words protocol_words[] = {
	{ SCARD_PROTO_T0, "T=0" }, { SCARD_PROTO_T1, "T=1" }, { 0, NULL }
};

static const struct words pin_words[] = {
	{ 1, "verify" }, { 2, "modify" }, { 0, NULL }
};

/* CCID 1.1 section 5.1, dwMechanical and dwFeatures */
static const struct words mechanical_words[] = {
	{ 1, "accept" }, { 2, "eject" }, { 4, "capture" }, { 8, "lock and unlock" }, { 0, NULL }
};

static const struct words feature_words[] = {
	{ 0x00002, "takes parameters from the ATR" },
	{ 0x00004, "powers the card at insertion" },
	{ 0x00008, "chooses the voltage" },
	{ 0x00010, "chooses the clock" },
	{ 0x00020, "chooses the bit rate" },
	{ 0x00040, "negotiates parameters by itself" },
	{ 0x00080, "does PPS by itself" },
	{ 0x00100, "can stop the clock" },
	{ 0x00200, "takes other NADs than 0" },
	{ 0x00400, "sends IFSD first" },
	{ 0x00800, "is a token (ICCD)" },
	{ 0x100000, "wakes the computer at insertion and removal" },
	{ 0, NULL }
};

static void info_string(const char *key, const char *label, const char *value)
{
	if (json)
		json_string(key, value);
	else
		printf("%-14s%s\n", label, *value ? value : "-");
}

static void info_number(const char *key, const char *label, unsigned int value, const char *unit)
{
	if (json)
		json_number(key, value);
	else
		printf("%-14s%u%s\n", label, value, unit);
}

static void print_info(const struct scard_info *info)
{
	unsigned int level = info->exchange_level <= SCARD_LEVEL_EXTENDED_APDU ?
			     info->exchange_level : SCARD_LEVEL_CHARACTER;
	char text[48];

	info_string("name", "reader", info->name);
	info_string("manufacturer", "manufacturer", info->manufacturer);
	info_string("product", "product", info->product);
	info_string("interface_name", "interface", info->interface_name);
	info_string("serial", "serial", info->serial);
	snprintf(text, sizeof(text), "%04x:%04x", info->vendor_id, info->product_id);
	info_string("usb_id", "USB id", text);
	snprintf(text, sizeof(text), "%x.%02x", info->bcd_device >> 8, info->bcd_device & 0xff);
	info_string("firmware", "firmware", text);
	snprintf(text, sizeof(text), "%x.%02x", info->bcd_ccid >> 8, info->bcd_ccid & 0xff);
	info_string("ccid", "CCID", text);
	if (json) {
		json_number("bus", info->bus);
		json_number("usb_device", info->device);
		json_number("interface", info->interface);
		json_number("reader", info->reader);
		json_number("slot", info->slot);
		json_number("slots", info->slots);
	} else {
		printf("%-14sbus %u, device %u, interface %u\n", "USB place", info->bus,
		       info->device, info->interface);
		printf("%-14s%u of %u, reader %u\n", "slot", info->slot + 1, info->slots,
		       info->reader);
	}
	info_number("busy_slots", "at a time", info->busy_slots, " slots may work");
	info_string("exchange_level", "level", level_words[level]);
	print_bits("protocols", "protocols", protocol_words, info->protocols);
	info_number("max_apdu", "max APDU", info->max_apdu, " bytes");
	info_number("max_message", "max message", info->max_message, " bytes");
	info_string("presence", "presence", info->has_interrupt ? "reported by the reader" :
		    "asked for, the reader does not report it");
	print_bits("pin_pad", "PIN pad", pin_words, info->pin_support);
	if (json || info->lcd_layout) {
		info_number("lcd_lines", "display", info->lcd_layout >> 8, " lines");
		info_number("lcd_columns", "", info->lcd_layout & 0xff, " characters a line");
	}
	print_bits("mechanical", "mechanics", mechanical_words, info->mechanical);
	print_bits("features", "reader", feature_words, info->dw_features);
	snprintf(text, sizeof(text), "%08x", info->quirks);
	info_string("quirks", "quirks", info->quirks ? text : "none");
}

int cmd_info(int argc, char **argv)
{
	struct reader reader;
	struct scard_info info;
	int fd, code, error;

	code = reader_open_arg(argc, argv, O_RDONLY, &reader, &fd);
	if (code)
		return code;
	error = ioctl(fd, SCARD_IOC_GET_INFO, &info) ? errno : 0;
	close(fd);
	if (error)
		return reader_error(&reader, "info", error);
	if (json)
		json_open(NULL, '{');
	print_info(&info);
	if (json) {
		json_close('}');
		json_end();
	}
	return EXIT_OK;
}
