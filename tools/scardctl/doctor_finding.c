// SPDX-License-Identifier: GPL-2.0-or-later
/* doctor: print and count the findings. */
#include <stdarg.h>

#include "doctor.h"
#include "scardctl.h"

static size_t findings;

void doctor_finding(const char *advice, const char *format, ...)
{
	char what[512];
	va_list args;

	findings++;
	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	if (json) {
		json_open(NULL, '{');
		json_string("what", what);
		json_string("advice", advice);
		json_close('}');
	} else {
		printf("%s\n  -> %s\n", what, advice);
	}
}

size_t doctor_findings(void)
{
	return findings;
}
