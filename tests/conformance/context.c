// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SCardEstablishContext, SCardReleaseContext, SCardIsValidContext, SCardFreeMemory.
 */
#include <limits.h>
#include <stdlib.h>

#include "conformance.h"

static void scopes(void)
{
	static const DWORD scope[] = { 0, 1, 2, 3, 4, 0xFFFFFFFF, (DWORD)-1, 0x100000002 };
	size_t i;

	for (i = 0; i < COUNT(scope); i++) {
		SCARDCONTEXT ctx = 0x55;
		LONG ret = SCardEstablishContext(scope[i], NULL, NULL, &ctx);

		say(print("%lx", scope[i]), "%s %s", code(ret),
		    !ctx ? "0" : ctx == 0x55 ? "untouched" : ctx > 0 && ctx <= INT_MAX ? "31 bits" :
		    "other");
		if (ret == SCARD_S_SUCCESS)
			SCardReleaseContext(ctx);
	}
}

static void nowhere(void)
{
	say("NULL", "%s", code(SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, NULL)));
	say("NULL-and-bad-scope", "%s", code(SCardEstablishContext(77, NULL, NULL, NULL)));
}

static void reserved(void)
{
	SCARDCONTEXT ctx = 0;
	LONG ret = SCardEstablishContext(SCARD_SCOPE_USER, "x", &ctx, &ctx);

	say("establish", "%s", code(ret));
	say("valid", "%s", code(SCardIsValidContext(ctx)));
	say("release", "%s", code(SCardReleaseContext(ctx)));
}

static void release_twice(void)
{
	SCARDCONTEXT ctx = context();

	say("valid", "%s", code(SCardIsValidContext(ctx)));
	say("first", "%s", code(SCardReleaseContext(ctx)));
	say("second", "%s", code(SCardReleaseContext(ctx)));
	say("valid-after", "%s", code(SCardIsValidContext(ctx)));
}

static void with_bad_context(SCARDCONTEXT ctx)
{
	SCARDCONTEXT ctxs[OPS];
	SCARDHANDLE cards[OPS];
	size_t i;

	for (i = 0; i < OPS; i++) {
		ctxs[i] = ctx;
		cards[i] = ctx;
	}
	all_calls(NULL, cards, ctxs);
	say("Cancel", "%s", code(SCardCancel(ctx)));
	say("FreeMemory", "%s", code(SCardFreeMemory(ctx, NULL)));
}

static void zero(void)
{
	with_bad_context(0);
}

static void minus_one(void)
{
	with_bad_context(-1);
}

static void wide(void)
{
	with_bad_context(NO_HANDLE);
}

static void high_bits(void)
{
	with_bad_context(context() | 0x100000000);
}

static void released(void)
{
	SCARDCONTEXT ctx = context();

	SCardReleaseContext(ctx);
	with_bad_context(ctx);
}

/* Pass a context in place of a card handle, and a card handle in place of a context. */
static void mixed_up(void)
{
	SCARDCONTEXT ctx = context();
	SCARDHANDLE handle = card_of(ctx, SCARD_SHARE_SHARED);
	SCARDCONTEXT ctxs[OPS];
	SCARDHANDLE cards[OPS];
	size_t i;

	for (i = 0; i < OPS; i++) {
		ctxs[i] = handle;
		cards[i] = ctx;
	}
	all_calls(NULL, cards, ctxs);
	say("still-valid", "%s", code(SCardIsValidContext(ctx)));
}

/* SCardReleaseContext with connected card handles */
static void release_with_card(void)
{
	SCARDCONTEXT ctx = context();
	SCARDHANDLE cards[OPS];
	size_t i;

	for (i = 0; i < OP_HANDLES; i++)
		cards[i] = card_of(ctx, SCARD_SHARE_SHARED);
	say("release", "%s", code(SCardReleaseContext(ctx)));
	all_calls(NULL, cards, NULL);
}

static void memory(void)
{
	SCARDCONTEXT ctx = context();
	char *list = NULL;
	DWORD len = SCARD_AUTOALLOCATE;

	say("NULL", "%s", code(SCardFreeMemory(ctx, NULL)));
	say("malloc", "%s", code(SCardFreeMemory(ctx, malloc(10))));
	SCardListReaders(ctx, NULL, (LPSTR)&list, &len);
	say("list", "%s", code(SCardFreeMemory(ctx, list)));
}

static void many(void)
{
	SCARDCONTEXT ctxs[60];
	size_t i, j, same = 0, bad = 0;

	for (i = 0; i < COUNT(ctxs); i++) {
		if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &ctxs[i]))
			bad++;
		for (j = 0; j < i; j++)
			same += ctxs[i] == ctxs[j];
	}
	say(NULL, "%zu failed, %zu the same", bad, same);
	for (i = 0; i < COUNT(ctxs); i++)
		SCardReleaseContext(ctxs[i]);
}

static const struct test_case context_cases[] = {
	{ "scope", scopes, NULL, false },
	{ "result", nowhere, NULL, false },
	{ "reserved", reserved, NULL, false },
	{ "release", release_twice, NULL, false },
	{ "zero", zero, NULL, false },
	{ "minus-one", minus_one, NULL, false },
	{ "wide", wide, NULL, false },
	{ "high-bits", high_bits, NULL, false },
	{ "released", released, NULL, false },
	{ "mixed-up", mixed_up, NULL, false },
	{ "release-with-card", release_with_card, NULL, false },
	{ "memory", memory, NULL, false },
	{ "many", many, NULL, false },
};

SUBJECT(context);
