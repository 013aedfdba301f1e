// SPDX-License-Identifier: GPL-2.0-or-later
/* Write JSON: open and close objects and arrays; commas are automatic. */
#include "scardctl.h"

#define DEPTH_MAX	8

bool json;

static unsigned int depth;
static bool filled[DEPTH_MAX];

static void quoted(const char *text)
{
	const unsigned char *c;

	putchar('"');
	for (c = (const unsigned char *)text; *c; c++) {
		if (*c == '"' || *c == '\\')
			printf("\\%c", *c);
		else if (*c < 0x20 || *c == 0x7f)
			printf("\\u%04x", *c);
		else
			putchar(*c);
	}
	putchar('"');
}

static void begin(const char *key)
{
	if (filled[depth])
		putchar(',');
	filled[depth] = true;
	if (key) {
		quoted(key);
		putchar(':');
	}
}

/* @bracket is '{' or '['; @key is NULL inside an array and at the top. */
void json_open(const char *key, char bracket)
{
	begin(key);
	putchar(bracket);
	if (depth < DEPTH_MAX - 1)
		depth++;
	filled[depth] = false;
}

void json_close(char bracket)
{
	putchar(bracket);
	if (depth)
		depth--;
}

void json_string(const char *key, const char *value)
{
	begin(key);
	quoted(value);
}

void json_number(const char *key, unsigned long long value)
{
	begin(key);
	printf("%llu", value);
}

void json_integer(const char *key, long long value)
{
	begin(key);
	printf("%lld", value);
}

/* Write one decimal: the clock is no better */
void json_real(const char *key, double value)
{
	begin(key);
	printf("%.1f", value);
}

void json_bool(const char *key, bool value)
{
	begin(key);
	fputs(value ? "true" : "false", stdout);
}

void json_hex(const char *key, const uint8_t *data, size_t len)
{
	size_t i;

	begin(key);
	putchar('"');
	for (i = 0; i < len; i++)
		printf("%02X", data[i]);
	putchar('"');
}

/* End this JSON text; another one may follow. */
void json_end(void)
{
	putchar('\n');
	fflush(stdout);
	filled[0] = false;
}
