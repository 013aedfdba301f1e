// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pcsc_stringify_error(): the text of each error.
 */
#include "conformance.h"

static void texts(void)
{
	LONG known;

	for (known = 0x80100001; known <= 0x8010007F; known++)
		say(print("%08lx", known), "%s", pcsc_stringify_error(known));
}

static void others(void)
{
	static const LONG unknown[] = {
		0, 1, 0x7FFFFFFF, 0x80100000, 0x80100080, 0x80101001, 0xFFFFFFFF, 0x180100003, -1,
	};
	size_t i;

	for (i = 0; i < COUNT(unknown); i++)
		say(print("%lx", unknown[i]), "%s", pcsc_stringify_error(unknown[i]));
	/* a program may keep an error code in an int */
	say("int", "%s", pcsc_stringify_error((int)SCARD_E_INVALID_HANDLE));
}

static void *in_thread(void *arg)
{
	*(const char **)arg = print("%s", pcsc_stringify_error(SCARD_E_TIMEOUT));
	return NULL;
}

static void threads(void)
{
	const char *mine = pcsc_stringify_error(SCARD_W_RESET_CARD), *other = "";
	pthread_t thread;

	pthread_create(&thread, NULL, in_thread, &other);
	pthread_join(thread, NULL);
	say("mine", "%s", mine);
}

static const struct test_case errors_cases[] = {
	{ "text", texts, NULL, false },
	{ "other", others, NULL, false },
	{ "thread", threads, NULL, false },
};

SUBJECT(errors);
