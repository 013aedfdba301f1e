// SPDX-License-Identifier: GPL-2.0-or-later
/* info: features of a reader, from GET_INFO and from sysfs. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "scardctl.h"

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

/* Names of quirks as in quirks.c of the module, explained; a newer one is shown by its name */
static const struct {
	const char *name;
	const char *words;
} quirk_words[] = {
	{ "extended", "takes extended APDUs, though it claims short ones" },
	{ "short", "takes short APDUs only, though it claims extended ones" },
	{ "no-pin", "its PIN entry is unreliable and not used" },
	{ "rate-9600", "9600 bit/s at most, though it claims more" },
	{ "rate-200k", "200 kbit/s at most, though it claims more" },
	{ "ifsd-254", "takes the longest T=1 blocks" },
	{ "no-ifsd", "fails when the host sets the T=1 block size (IFSD)" },
	{ "off-first", "needs a power-off before each power-on" },
	{ "iso-mode", "starts in EMV mode; the module switches it to ISO mode" },
	{ "no-autosuspend", "does not resume, so it is never suspended" },
	{ "slow", "takes longer than it claims" },
	{ "pin-pad", "needs PIN messages in a format of its own" },
	{ "pin-wait", "takes a key that is still pressed for the first digit of the PIN" },
	{ "pin-unpadded", "must be told not to pad the PIN" },
	{ "gemalto", "its firmware reports the features of its PIN pad" },
	{ "old-firmware", "this firmware is known to fail: update it" },
};

static void print_quirk(const char *name, bool first)
{
	const char *words = NULL;
	size_t i;

	for (i = 0; i < sizeof(quirk_words) / sizeof(quirk_words[0]); i++)
		if (!strcmp(quirk_words[i].name, name))
			words = quirk_words[i].words;
	if (json)
		json_string(NULL, name);
	else
		printf("%-14s%s%s%s\n", first ? "quirks" : "", name, words ? ": " : "",
		       words ? words : "");
}

/* Read one line of a file of the slot in sysfs; false if there is none */
static bool sysfs(unsigned int minor, const char *file, char *line, size_t size)
{
	char path[80];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/sys/class/scard/scard%u/%s", minor, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, line, size - 1);
	close(fd);
	if (n < 0)
		return false;
	line[n] = 0;
	line[strcspn(line, "\n")] = 0;
	return true;
}

static unsigned int sysfs_number(unsigned int minor, const char *file)
{
	char line[32];

	return sysfs(minor, file, line, sizeof(line)) ? (unsigned int)strtoul(line, NULL, 10) : 0;
}

/* Call @print for each word of a line. */
static bool each_word(char *line, void (*print)(const char *word, bool first))
{
	char *save, *word = strtok_r(line, " ", &save);
	bool first = true;

	for (; word; word = strtok_r(NULL, " ", &save)) {
		print(word, first);
		first = false;
	}
	return !first;
}

static void print_voltage(const char *word, bool first)
{
	if (json)
		json_string(NULL, word);
	else
		printf("%s%s", first ? "" : ", ", word);
}

/* Print a value, and the maximum if it is higher */
static void print_range(const char *label, double value, double most, const char *unit)
{
	printf("%-14s%g%s", label, value, unit);
	if (most > value)
		printf(", up to %g%s", most, unit);
	putchar('\n');
}

/* Print voltages, clock and data rate */
static void print_electrics(unsigned int minor)
{
	unsigned int clock = sysfs_number(minor, "clock_khz");
	unsigned int max_clock = sysfs_number(minor, "max_clock_khz");
	unsigned int rate = sysfs_number(minor, "data_rate");
	unsigned int max_rate = sysfs_number(minor, "max_data_rate");
	char line[256];

	if (!sysfs(minor, "voltages", line, sizeof(line)))
		return;
	if (json)
		json_open("voltages", '[');
	else
		printf("%-14s", "voltages");
	if (!each_word(line, print_voltage) && !json)
		putchar('-');
	if (json)
		json_close(']');
	else
		putchar('\n');
	if (json) {
		json_number("clock_khz", clock);
		json_number("max_clock_khz", max_clock);
		json_number("data_rate", rate);
		json_number("max_data_rate", max_rate);
	} else {
		print_range("clock", clock / 1000.0, max_clock / 1000.0, " MHz");
		print_range("data rate", rate, max_rate, " bit/s");
	}
}

/* Print the quirks by their names in sysfs, or without sysfs as a number. */
static void print_quirks(unsigned int minor, unsigned int quirks)
{
	char line[256];

	if (!sysfs(minor, "quirks", line, sizeof(line)))
		snprintf(line, sizeof(line), quirks ? "0x%x" : "", quirks);
	if (json)
		json_open("quirks", '[');
	if (!each_word(line, print_quirk) && !json)
		printf("%-14snone\n", "quirks");
	if (json)
		json_close(']');
}

/* Print how the reader is reached, and with USB the place. */
static void print_transport(const struct scard_info *info)
{
	bool user = info->transport == SCARD_TRANSPORT_USER;

	if (json) {
		json_string("transport", user ? "process" : "USB");
		json_number("bus", info->bus);
		json_number("usb_device", info->device);
		json_number("interface", info->interface);
	} else if (user) {
		printf("%-14sa process, by /dev/uscard\n", "transport");
	} else {
		printf("%-14sbus %u, device %u, interface %u\n", "USB place", info->bus,
		       info->device, info->interface);
	}
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
	if (json || info->transport != SCARD_TRANSPORT_USER) {
		snprintf(text, sizeof(text), "%x.%02x", info->bcd_device >> 8,
			 info->bcd_device & 0xff);
		info_string("firmware", "firmware", text);
		snprintf(text, sizeof(text), "%x.%02x", info->bcd_ccid >> 8,
			 info->bcd_ccid & 0xff);
		info_string("ccid", "CCID", text);
	}
	print_transport(info);
	if (json) {
		json_number("reader", info->reader);
		json_number("slot", info->slot);
		json_number("slots", info->slots);
	} else {
		printf("%-14s%u of %u, reader %u\n", "slot", info->slot + 1, info->slots,
		       info->reader);
	}
	info_number("busy_slots", "at a time", info->busy_slots, " slots may work");
	info_string("exchange_level", "level", level_words[level]);
	show_bits("protocols", "protocols", protocol_words, info->protocols);
	print_electrics(info->minor);
	info_number("max_apdu", "max APDU", info->max_apdu, " bytes");
	info_number("max_message", "max message", info->max_message, " bytes");
	info_string("presence", "presence", info->has_interrupt ? "reported by the reader" :
		    "polled, the reader does not report it");
	show_bits("pin_pad", "PIN pad", pin_words, info->pin_support);
	if (json || info->lcd_layout) {
		info_number("lcd_lines", "display", info->lcd_layout >> 8, " lines");
		info_number("lcd_columns", "", info->lcd_layout & 0xff, " characters a line");
	}
	show_bits("mechanical", "mechanics", mechanical_words, info->mechanical);
	show_bits("features", "reader", feature_words, info->dw_features);
	print_quirks(info->minor, info->quirks);
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
