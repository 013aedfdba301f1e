// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Parse a line of tracefs:
 *
 *	     scardctl-812     [001] .....   123.456789: scard_call: scard0 handle=1 BEGIN arg=0x0
 *
 * The name of the process comes first and may have any byte, also blanks, brackets and
 * newlines. The module's events have no bracket: parse from the last bracket on.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace.h"

#define PREFIX	"scard_"

/* Terminate the name of a process, and replace control characters in it. */
void trace_name(char *name, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (name[i] < ' ' || name[i] == 0x7f)
			name[i] = '?';
	name[len] = 0;
}

/* Parse "NAME-PID" before @end; the name is untrusted. */
static bool parse_process(const char *line, const char *end, struct trace_event *e)
{
	const char *digits;
	size_t len;

	while (end > line && end[-1] == ' ')
		end--;
	if (end > line && end[-1] == ')') {	/* the thread group, where it is recorded */
		while (end > line && *end != '(')
			end--;
		while (end > line && end[-1] == ' ')
			end--;
	}
	digits = end;
	while (digits > line && isdigit((unsigned char)digits[-1]))
		digits--;
	if (digits == end || digits == line || digits[-1] != '-')
		return false;
	e->pid = (unsigned int)strtoul(digits, NULL, 10);
	while (line < digits && *line == ' ')
		line++;
	len = (size_t)(digits - 1 - line);
	if (len >= sizeof(e->process))
		len = sizeof(e->process) - 1;
	memcpy(e->process, line, len);
	trace_name(e->process, len);
	return true;
}

/* Parse "SECONDS.MICROSECONDS:" after the flags; return its end, or NULL */
static char *parse_time(char *at, struct trace_event *e)
{
	char *colon = strstr(at, ": "), *point, *start;

	if (!colon)
		return NULL;
	*colon = 0;
	start = strrchr(at, ' ');
	point = start ? strchr(start, '.') : NULL;
	if (!point || strlen(point + 1) != 6)
		return NULL;
	e->time_us = strtoull(start, NULL, 10) * 1000000 + strtoull(point + 1, NULL, 10);
	return colon + 2;
}

/* Parse "scard0 handle=1 BEGIN arg=0x0": the slot, fields, and a word */
static void parse_fields(char *at, struct trace_event *e)
{
	char *save, *token;

	for (token = strtok_r(at, " \n", &save); token; token = strtok_r(NULL, " \n", &save)) {
		char *equals = strchr(token, '=');

		if (!equals) {
			if (e->minor < 0 && !strncmp(token, "scard", 5) &&
			    isdigit((unsigned char)token[5]))
				e->minor = atoi(token + 5);
			else
				e->word = token;
		} else if (e->count < TRACE_FIELDS) {
			*equals = 0;
			e->fields[e->count].name = token;
			e->fields[e->count++].value = equals + 1;
		}
	}
}

/* Parse a line in place; false if it is not an event of the module. */
bool trace_parse(char *line, struct trace_event *e)
{
	char *bracket = strrchr(line, '['), *at;

	memset(e, 0, sizeof(*e));
	e->minor = -1;
	if (!bracket || !parse_process(line, bracket, e))
		return false;
	bracket = strchr(bracket, ']');
	at = bracket ? parse_time(bracket + 1, e) : NULL;
	if (!at || strncmp(at, PREFIX, strlen(PREFIX)))
		return false;
	e->name = at + strlen(PREFIX);
	at = strstr(at, ": ");
	if (!at)
		return false;
	*at = 0;
	parse_fields(at + 2, e);
	return true;
}

/* Return N of "CPU:1 [LOST N EVENTS]", 0 for other lines */
unsigned long trace_lost(const char *line)
{
	unsigned long n;
	int end = 0;

	return sscanf(line, "CPU:%*u [LOST %lu EVENTS]%n", &n, &end) == 1 && end ? n : 0;
}

/* Return the text of a field, "" if the event does not have it */
const char *trace_value(const struct trace_event *e, const char *name)
{
	size_t i;

	for (i = 0; i < e->count; i++)
		if (!strcmp(e->fields[i].name, name))
			return e->fields[i].value;
	return "";
}

/* Return the number in a field, 0 if it is none */
long trace_number(const struct trace_event *e, const char *name)
{
	return strtol(trace_value(e, name), NULL, 0);
}
