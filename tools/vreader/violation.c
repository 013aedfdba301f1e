// SPDX-License-Identifier: GPL-2.0-or-later
#include "violation.h"

#include <stdarg.h>
#include <string.h>

#include "event.h"
#include "trace.h"

#define KEPT 100

static char kept[KEPT][200];
static unsigned int count;

void violation_add(unsigned int iface, int slot, const char *fmt, ...)
{
	char what[160], line[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (slot >= 0)
		snprintf(line, sizeof(line), "%u.%d %s", iface, slot, what);
	else
		snprintf(line, sizeof(line), "%u %s", iface, what);
	fprintf(stderr, "violation: %s\n", line);
	trace_note("violation: %s", line);
	if (count < KEPT)
		memcpy(kept[count], line, sizeof(line));
	count++;
	event_happened();
}

unsigned int violation_count(void)
{
	return count;
}

void violation_clear(void)
{
	count = 0;
}

void violation_print(FILE *out)
{
	for (unsigned int i = 0; i < count && i < KEPT; i++)
		fprintf(out, "%s\n", kept[i]);
}
