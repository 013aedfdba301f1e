// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages of the program and of the driver. Bytes that go to a card or come from it are never
 * printed.
 */
#include "log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <debuglog.h>

#define API __attribute__((visibility("default")))

static bool verbose;

void log_be_verbose(void)
{
	verbose = true;
}

/* One write() for a line, so that threads do not mix theirs. */
static void line(const char *prefix, const char *fmt, va_list args)
{
	char text[512];

	vsnprintf(text, sizeof(text), fmt, args);
	text[strcspn(text, "\n")] = 0;
	fprintf(stderr, "scard-ifd: %s%s\n", prefix, text);
}

void log_line(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	line("", fmt, args);
	va_end(args);
}

/* ---- functions of pcscd that drivers call ---- */

API void log_msg(const int priority, const char *fmt, ...)
{
	va_list args;

	if (!verbose && priority < PCSC_LOG_ERROR)
		return;
	va_start(args, fmt);
	line("driver: ", fmt, args);
	va_end(args);
}

API void log_msg_rv(const int priority, unsigned int rv, const char *fmt, ...)
{
	va_list args;

	(void)rv;
	if (!verbose && priority < PCSC_LOG_ERROR)
		return;
	va_start(args, fmt);
	line("driver: ", fmt, args);
	va_end(args);
}

/* The bytes may be a PIN. */
API void log_xxd(const int priority, const char *msg, const unsigned char *buffer, const int size)
{
	(void)buffer;
	if (verbose || priority >= PCSC_LOG_ERROR)
		log_line("driver: %s(%d bytes)", msg, size);
}
