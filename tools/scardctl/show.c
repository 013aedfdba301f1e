// SPDX-License-Identifier: GPL-2.0-or-later
/* list and status: the readers, and the state of their slots. */
#include <fcntl.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "scardctl.h"

static const char *card_words(unsigned int state)
{
	if (state & SCARD_STATE_BIT_SETTLING)
		return "probing";
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
	code = reader_list_some(&readers);
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
	reader_list_free(&readers);
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
	{ SCARD_STATE_BIT_SETTLING, "settling" },
	{ 0, NULL }
};

/* Print the names of all set bits: a JSON array, or a list after @label. */
void show_bits(const char *key, const char *label, const struct words *table,
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
	show_bits("state", "state", state_words, status.state);
	if (json) {
		json_hex("atr", status.atr, status.atr_len);
		json_string("protocol", atr_protocol_name(status.protocol));
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
	printf("%-14s%s\n", "protocol", atr_protocol_name(status.protocol));
	printf("%-14s%u\n", "handles", status.handles);
	printf("%-14s%u resets, power-offs and removals; %u insertions and removals; %u changes\n",
	       "since plug-in", status.epoch, status.card_event, status.event);
	return EXIT_OK;
}
