// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Explain an answer to reset, ISO 7816-3 section 8: each byte, also of an ATR that the module
 * refuses.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "scardctl.h"

#define WORDS_SIZE	160

/* Table 7 and table 8; 0 is RFU */
static const unsigned int fi_table[16] = {
	372, 372, 558, 744, 1116, 1488, 1860, 0, 0, 512, 768, 1024, 1536, 2048, 0, 0
};

/* highest clock for each Fi, in units of 100 kHz */
static const unsigned int fmax_table[16] = {
	40, 50, 60, 80, 120, 160, 200, 0, 0, 50, 75, 100, 150, 200, 0, 0
};

static const unsigned int di_table[16] = {
	0, 1, 2, 4, 8, 16, 32, 64, 12, 20, 0, 0, 0, 0, 0, 0
};

/* Position in the ATR, and the results so far */
struct walk {
	const uint8_t *atr;
	size_t len;
	size_t pos;
	unsigned int protocols;		/* bit T for each T that a TD names */
	bool truncated;
};

const char *atr_protocol_name(unsigned int protocol)
{
	switch (protocol) {
	case SCARD_PROTO_T0:
		return "T=0";
	case SCARD_PROTO_T1:
		return "T=1";
	case SCARD_PROTO_RAW:
		return "raw";
	default:
		return "none";
	}
}

static void __attribute__((format(printf, 4, 5)))
line(const char *field, const uint8_t *bytes, size_t len, const char *format, ...)
{
	char words[WORDS_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	if (json) {
		json_open(NULL, '{');
		json_string("field", field);
		json_hex("value", bytes, len);
		json_string("meaning", words);
		json_close('}');
		return;
	}
	printf("  %-10s ", field);
	if (len > 1) {
		hex_print(bytes, len);
		printf("\n  %-10s     %s\n", "", words);
	} else if (len) {
		printf("%02X  %s\n", bytes[0], words);
	} else {
		printf("    %s\n", words);
	}
}

static void explain_ta1(const uint8_t *b)
{
	unsigned int fi = fi_table[*b >> 4], di = di_table[*b & 15];
	unsigned int fmax = fmax_table[*b >> 4];

	if (!fi || !di)
		line("TA1", b, 1, "Fi/Di reserved for future use");
	else
		line("TA1", b, 1, "Fi=%u, Di=%u: %u clocks a bit, up to %u.%u MHz, then %u bit/s",
		     fi, di, fi / di, fmax / 10, fmax % 10, fmax * 100000 / fi * di);
}

static void explain_ta(unsigned int i, unsigned int t, const uint8_t *b)
{
	static const char * const stop[] = {
		"not supported", "in state L", "in state H", "in either state"
	};
	static const char * const classes[8] = {
		"none", "A (5 V)", "B (3 V)", "A and B", "C (1.8 V)", "reserved", "B and C",
		"A, B and C"
	};
	char field[8];

	snprintf(field, sizeof(field), "TA%u", i);
	if (i == 1)
		explain_ta1(b);
	else if (i == 2)
		line(field, b, 1, "specific mode: T=%u only, %s, parameters %s", *b & 15,
		     *b & 0x80 ? "permanently" : "until a reset changes it",
		     *b & 0x10 ? "implicit" : "from TA1");
	else if (t == 15)
		line(field, b, 1, "clock stop %s, voltage classes %s", stop[*b >> 6],
		     classes[*b & 7]);
	else if (t == 1)
		line(field, b, 1, "IFSC: the card takes blocks of %u bytes", *b);
	else
		line(field, b, 1, "specific to T=%u", t);
}

static void explain_tb(unsigned int i, unsigned int t, const uint8_t *b)
{
	char field[8];

	snprintf(field, sizeof(field), "TB%u", i);
	if (i <= 2)
		line(field, b, 1, "programming voltage, deprecated");
	else if (t == 1)
		line(field, b, 1, "BWI=%u, CWI=%u: block and character waiting times", *b >> 4,
		     *b & 15);
	else if (t == 15)
		line(field, b, 1, "use of contact C6 (SPU)");
	else
		line(field, b, 1, "specific to T=%u", t);
}

static void explain_tc(unsigned int i, unsigned int t, const uint8_t *b)
{
	char field[8];

	snprintf(field, sizeof(field), "TC%u", i);
	if (i == 1 && *b == 255)
		line(field, b, 1, "N=255: shortest guard time, 12 etu (11 in T=1)");
	else if (i == 1)
		line(field, b, 1, "N=%u: extra guard time in etu", *b);
	else if (i == 2)
		line(field, b, 1, "WI=%u: waiting time %u x Fi clock cycles (T=0)", *b, 960 * *b);
	else if (t == 1)
		line(field, b, 1, "error detection by %s", *b & 1 ? "CRC" : "LRC");
	else
		line(field, b, 1, "specific to T=%u", t);
}

static void explain_td(unsigned int i, const uint8_t *b)
{
	char field[8], next[16] = "";
	unsigned int bit;

	snprintf(field, sizeof(field), "TD%u", i);
	for (bit = 0; bit < 4; bit++)
		if (*b & 0x10 << bit)
			snprintf(next + strlen(next), sizeof(next) - strlen(next), " T%c%u",
				 "ABCD"[bit], i + 1);
	if ((*b & 15) == 15)
		line(field, b, 1, "global interface bytes follow:%s", next);
	else
		line(field, b, 1, "protocol T=%u%s%s", *b & 15, *next ? ", follow:" : "", next);
}

/* Return the next byte, or NULL at the end. */
static const uint8_t *take(struct walk *w)
{
	if (w->pos < w->len)
		return &w->atr[w->pos++];
	w->truncated = true;
	return NULL;
}

static void explain_interface(struct walk *w, unsigned int y)
{
	unsigned int i, t = 0;
	const uint8_t *b;

	for (i = 1; y; i++) {
		b = y & 1 ? take(w) : NULL;
		if (b)
			explain_ta(i, t, b);
		b = y & 2 ? take(w) : NULL;
		if (b)
			explain_tb(i, t, b);
		b = y & 4 ? take(w) : NULL;
		if (b)
			explain_tc(i, t, b);
		b = y & 8 ? take(w) : NULL;
		if (!b)
			return;
		explain_td(i, b);
		t = *b & 15;
		w->protocols |= 1U << t;
		y = *b >> 4;
	}
}

static void explain_historical(struct walk *w, unsigned int k)
{
	char text[16] = "";
	const uint8_t *b = w->atr + w->pos;
	size_t i, len = w->len - w->pos;

	if (len < k)
		w->truncated = true;
	else
		len = k;
	w->pos += len;
	if (!len)
		return;
	for (i = 0; i < len; i++)
		text[i] = isprint(b[i]) ? (char)b[i] : '.';
	text[len] = 0;
	line("historical", b, len, "\"%s\"%s", text,
	     b[0] == 0x80 ? ", compact TLV objects (ISO 7816-4)" :
	     b[0] == 0x00 ? ", compact TLV objects and status" :
	     b[0] == 0x10 ? ", refers to DIR data" : "");
}

static void explain_tck(struct walk *w)
{
	/* present unless T=0 is the only protocol */
	bool wanted = w->protocols & ~1U;
	uint8_t sum = 0;
	size_t i;

	if (w->pos < w->len) {
		for (i = 1; i < w->len; i++)
			sum ^= w->atr[i];
		line("TCK", w->atr + w->pos, 1, "check byte, %s",
		     w->len - w->pos > 1 ? "followed by excess bytes" :
		     sum ? "wrong" : "right");
	} else if (wanted && !w->truncated) {
		line("TCK", NULL, 0, "missing: an ATR with T=1 or T=15 ends with a check byte");
	}
}

/* Print each byte of an ATR with its meaning; in JSON an array of objects. */
void atr_describe(const uint8_t *atr, size_t len)
{
	struct walk w = { .atr = atr, .len = len, .pos = 2 };

	if (json)
		json_open("bytes", '[');
	if (len < 2) {
		line("TS", atr, len, "too short to be an ATR");
	} else {
		line("TS", atr, 1, atr[0] == 0x3b ? "direct convention" :
		     atr[0] == 0x3f ? "inverse convention" : "not 3B or 3F: not an ATR");
		line("T0", atr + 1, 1, "%u historical bytes", atr[1] & 15);
		explain_interface(&w, atr[1] >> 4);
		if (!w.protocols)
			w.protocols = 1;
		explain_historical(&w, atr[1] & 15);
		explain_tck(&w);
		if (w.truncated)
			line("end", NULL, 0, "the ATR ends too early");
	}
	if (json)
		json_close(']');
}

/* Is the argument an ATR? It begins with 3B or 3F, unlike the names of readers. */
static int atr_argument(const char *text, uint8_t *atr)
{
	int len = hex_parse(text, atr, SCARD_MAX_ATR_SIZE);

	return len >= 2 && (atr[0] == 0x3b || atr[0] == 0x3f) ? len : 0;
}

static bool named;

static void print_name(const char *words)
{
	if (json)
		json_string(NULL, words);
	else
		printf("%-12s %s\n", named ? "" : "  card", words);
	named = true;
}

/* Print the names of the card in the list of pcsc-tools */
static void print_names(const uint8_t *atr, size_t len)
{
	bool list;

	if (json)
		json_open("names", '[');
	list = names_find(atr, len, print_name);
	if (json)
		json_close(']');
	else if (!list)
		puts("  card       not looked up: pcsc-tools has the list of cards");
	else if (!named)
		puts("  card       not in the list of cards");
}

int cmd_atr(int argc, char **argv)
{
	struct scard_status status = { 0 };
	uint8_t atr[SCARD_MAX_ATR_SIZE];
	struct reader reader;
	int fd, code, len = 0;

	if (argc == 2)
		len = atr_argument(argv[1], atr);
	if (!len) {
		int error;

		code = reader_open_arg(argc, argv, O_RDONLY, &reader, &fd);
		if (code)
			return code;
		error = reader_status(fd, &status);
		close(fd);
		if (!error && !(status.state & SCARD_STATE_BIT_PRESENT))
			error = ENOMEDIUM;
		if (!error && !status.atr_len)
			error = EREMOTEIO;
		if (error)
			return reader_error(&reader, "atr", error);
		len = (int)status.atr_len;
		memcpy(atr, status.atr, status.atr_len);
	}

	if (json) {
		json_open(NULL, '{');
		json_hex("atr", atr, (size_t)len);
		print_names(atr, (size_t)len);
		atr_describe(atr, (size_t)len);
		json_close('}');
		json_end();
		return EXIT_OK;
	}
	hex_print(atr, (size_t)len);
	putchar('\n');
	print_names(atr, (size_t)len);
	atr_describe(atr, (size_t)len);
	return EXIT_OK;
}
