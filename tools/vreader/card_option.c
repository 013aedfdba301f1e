// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "card_option.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "card_kind.h"
#include "card_spec.h"
#include "text.h"

static bool protocols_valid(const char *v)
{
	return !strcmp(v, "0") || !strcmp(v, "1") || !strcmp(v, "01") || !strcmp(v, "10");
}

/* Set an option whose value is a number. */
static bool number_option(struct card_spec *spec, const char *name, const char *value, bool *known)
{
	int crc = 0, inverse = 0, delay = 0, wtx = 0, voltage = 0, port = 0;
	long v;
	const struct {
		const char *name;
		int base, min, max;
		int *to;
	} options[] = {
		{ "ta1", 16, 0, 255, &spec->ta1 },   { "ta2", 16, 0, 255, &spec->ta2 },
		{ "tc1", 16, 0, 255, &spec->tc1 },   { "wi", 10, 1, 255, &spec->wi },
		{ "ifsc", 10, 1, 254, &spec->ifsc }, { "bwi", 10, 0, 9, &spec->bwi },
		{ "cwi", 10, 0, 15, &spec->cwi },    { "tries", 10, 1, 15, &spec->tries },
		{ "crc", 10, 0, 1, &crc },	     { "inverse", 10, 0, 1, &inverse },
		{ "delay", 10, 0, 3600000, &delay }, { "wtx", 10, 1, 3600000, &wtx },
		{ "voltage", 10, 1, 7, &voltage },   { "port", 10, 1, 65535, &port },
	};

	*known = false;
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (strcmp(options[i].name, name))
			continue;
		*known = true;
		if (!text_number(value, options[i].base, options[i].min, options[i].max, &v))
			return false;
		*options[i].to = (int)v;
	}
	spec->crc |= crc;
	spec->inverse |= inverse;
	if (delay)
		spec->delay_ms = (unsigned int)delay;
	if (wtx)
		spec->wtx_ms = (unsigned int)wtx;
	if (voltage)
		spec->voltage = (uint8_t)voltage;
	if (port)
		spec->port = (uint16_t)port;
	return true;
}

static bool option(struct card_spec *spec, const char *name, const char *value)
{
	bool known, ok = number_option(spec, name, value, &known);
	int n;

	if (known)
		return ok;
	if (!strcmp(name, "t")) {
		return protocols_valid(value) &&
		       text_copy(spec->protocols, sizeof(spec->protocols), value);
	} else if (!strcmp(name, "atr")) {
		n = text_hex(value, spec->atr, sizeof(spec->atr));
		spec->atr_len = (uint8_t)(n > 0 ? n : 0);
		return n >= 2;
	} else if (!strcmp(name, "hist")) {
		spec->hist_len = text_hex(value, spec->hist, sizeof(spec->hist));
		return spec->hist_len >= 0;
	} else if (!strcmp(name, "tck")) {
		spec->tck = strcmp(value, "error") ? TCK_BAD : TCK_ERROR;
		return !strcmp(value, "bad") || !strcmp(value, "error");
	} else if (!strcmp(name, "pin")) {
		return strlen(value) >= 4 && text_copy(spec->pin, sizeof(spec->pin), value);
	} else if (!strcmp(name, "state")) {
		return text_copy(spec->state, sizeof(spec->state), value);
	}
	return false;
}

bool card_option_parse(struct card_spec *spec, const char *text, char *err, size_t size)
{
	char *copy = strdup(text), *rest = copy, *word, *value;
	bool ok = true;

	*spec = (struct card_spec){
		.hist_len = -1,
		.ta1 = -1,
		.ta2 = -1,
		.tc1 = -1,
		.wi = 10,
		.ifsc = 254,
		.bwi = 4,
		.cwi = 5,
		.pin = "1234",
		.tries = 3,
		.wtx_ms = 500,
		.voltage = 7,
	};
	word = copy ? strsep(&rest, ",") : NULL;
	if (!word || (!card_kind_by_name(word) && strcmp(word, "none"))) {
		snprintf(err, size, "no such kind of card: %s", text);
		free(copy);
		return false;
	}
	strcpy(spec->kind, word);
	while (ok && (word = strsep(&rest, ","))) {
		value = strchr(word, '=');
		if (value)
			*value++ = 0;
		ok = value && option(spec, word, value);
		if (!ok)
			snprintf(err, size, "card option %s%s%s", word, value ? "=" : "",
				 value ? value : "");
	}
	free(copy);
	return ok;
}
