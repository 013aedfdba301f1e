// SPDX-License-Identifier: GPL-2.0-or-later
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>

#include "tap.h"

bool tap_failed;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char name[300];
static unsigned int number;
static bool running, any_failed;

static void print(bool good, const char *text)
{
	printf("%sok %u - %s\n", good ? "" : "not ", ++number, text);
	fflush(stdout);
	any_failed |= !good;
}

void tap_test_end(void)
{
	if (!running)
		return;
	running = false;
	print(!tap_failed, name);
}

void tap_test(const char *format, ...)
{
	va_list args;

	tap_test_end();
	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	running = true;
	tap_failed = false;
}

void tap_result(bool good, const char *format, ...)
{
	char text[sizeof(name)];
	va_list args;

	tap_test_end();
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	print(good, text);
}

int tap_end(void)
{
	tap_test_end();
	printf("1..%u\n", number);
	fflush(stdout);
	return any_failed;
}

void tap_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	pthread_mutex_lock(&lock);
	tap_failed = true;
	printf("# %s:%d: ", file, line);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	pthread_mutex_unlock(&lock);
}

void tap_check_eq(const char *file, int line, const char *got_text, long got,
		  const char *want_text, long want)
{
	if (got != want)
		tap_fail(file, line, "%s is %ld (0x%lx), not %ld (0x%lx) (%s)", got_text, got,
			 (unsigned long)got, want, (unsigned long)want, want_text);
}
