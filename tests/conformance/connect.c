// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SCardConnect: share modes, preferred and active protocols, readers without a card.
 */
#include <string.h>

#include "conformance.h"

static const DWORD modes[] = {
	0, SCARD_SHARE_EXCLUSIVE, SCARD_SHARE_SHARED, SCARD_SHARE_DIRECT, 4,
};

static const DWORD protocols[] = {
	0, 1, 2, 3, 4, 5, 7, 8, 9, 0x1000, 0x10000, 0x100000001, (DWORD)-1,
};

/* Connect, print the results, disconnect. */
static void one(const char *what, SCARDCONTEXT ctx, const char *name, DWORD mode, DWORD wanted)
{
	SCARDHANDLE handle = 0x55;
	DWORD protocol = 0x77;
	LONG ret = SCardConnect(ctx, name, mode, wanted, &handle, &protocol);

	say(what, "%s, handle %s, %s", code(ret),
	    handle == 0x55 ? "untouched" : handle ? "set" : "0",
	    protocol == 0x77 ? "protocol untouched" : protocol_name(protocol));
	if (ret == SCARD_S_SUCCESS)
		SCardDisconnect(handle, SCARD_UNPOWER_CARD);
}

static void matrix(void)
{
	SCARDCONTEXT ctx = context();
	size_t i, j;

	for (i = 0; i < COUNT(modes); i++) {
		for (j = 0; j < COUNT(protocols); j++)
			one(print("%s/%lx", share_name(modes[i]), protocols[j]), ctx, reader,
			    modes[i], protocols[j]);
	}
}

/* Connect with each protocol while another handle has chosen one */
static void chosen(void)
{
	static const DWORD first[] = { SCARD_PROTOCOL_T0, SCARD_PROTOCOL_T1, SCARD_PROTOCOL_RAW };
	static const DWORD second[] = { 1, 2, 3, 4, 7 };
	size_t i, j;

	for (i = 0; i < COUNT(first); i++) {
		SCARDCONTEXT ctx = context();
		SCARDHANDLE handle;
		DWORD protocol = 0;
		LONG ret = SCardConnect(context(), reader, SCARD_SHARE_SHARED, first[i], &handle,
					&protocol);

		say(protocol_name(first[i]), "%s %s", code(ret), protocol_name(protocol));
		for (j = 0; j < COUNT(second); j++) {
			SCARDHANDLE other = 0;

			ret = SCardConnect(ctx, reader, SCARD_SHARE_SHARED, second[j], &other,
					   &protocol);
			say(print("%s/then-%s", protocol_name(first[i]), protocol_name(second[j])),
			    "%s %s", code(ret), ret ? "" : protocol_name(protocol));
			if (ret == SCARD_S_SUCCESS)
				SCardDisconnect(other, SCARD_LEAVE_CARD);
		}
		ret = SCardConnect(ctx, reader, SCARD_SHARE_DIRECT, 0, &handle, &protocol);
		say(print("%s/then-direct", protocol_name(first[i])), "%s %s", code(ret),
		    protocol_name(protocol));
		SCardDisconnect(handle, SCARD_UNPOWER_CARD);
	}
}

/* The same, after the first handle has disconnected with LEAVE */
static void left(void)
{
	static const DWORD wanted[] = { 1, 2, 3 };
	size_t i, j;

	for (i = 0; i < COUNT(wanted); i++) {
		for (j = 0; j < COUNT(wanted); j++) {
			SCARDHANDLE handle = card_with(SCARD_SHARE_SHARED, wanted[i]);

			SCardDisconnect(handle, SCARD_LEAVE_CARD);
			one(print("%s/then-%s", protocol_name(wanted[i]), protocol_name(wanted[j])),
			    context(), reader, SCARD_SHARE_SHARED, wanted[j]);
		}
	}
}

static void names(void)
{
	static char longest[MAX_READERNAME + 3];
	SCARDCONTEXT ctx = context();
	char wrong[MAX_READERNAME + 2];

	one("NULL", ctx, NULL, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY);
	one("empty", ctx, "", SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY);
	one("unknown", ctx, NO_READER, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY);
	strcpy(wrong, reader);
	wrong[0] ^= 0x20;
	one("other-case", ctx, wrong, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY);
	strcpy(wrong, reader);
	strcat(wrong, " ");
	one("blank-behind", ctx, wrong, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY);
	strcpy(wrong, reader);
	wrong[strlen(wrong) - 1] = '\0';
	one("shorter", ctx, wrong, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY);
	one("pnp", ctx, PNP_READER, SCARD_SHARE_DIRECT, 0);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[MAX_READERNAME - 1] = '\0';
	one("127", ctx, longest, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[MAX_READERNAME] = '\0';
	one("128", ctx, longest, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[MAX_READERNAME + 1] = '\0';
	one("129", ctx, longest, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY);
}

/* Which error does a call with several faults return? */
static void order(void)
{
	SCARDCONTEXT ctx = context();
	SCARDHANDLE handle = 0x55;
	DWORD protocol = 0x77;
	LONG ret;

	say("no-handle", "%s", code(SCardConnect(ctx, reader, 2, 3, NULL, &protocol)));
	ret = SCardConnect(ctx, reader, 2, 3, &handle, NULL);
	say("no-protocol", "%s, handle %ld", code(ret), handle);
	say("no-handle-bad-context", "%s", code(SCardConnect(0, reader, 2, 3, NULL, &protocol)));
	say("no-handle-no-name", "%s", code(SCardConnect(ctx, NULL, 2, 3, NULL, &protocol)));
	one("bad-context", 0, reader, 2, 3);
	one("bad-context-no-name", 0, NULL, 2, 3);
	one("bad-context-unknown", 0, NO_READER, 2, 3);
	one("bad-context-bad-mode", 0, reader, 9, 3);
	one("bad-context-no-protocol", 0, reader, 2, 0);
	one("unknown-bad-mode", ctx, NO_READER, 9, 3);
	one("unknown-no-protocol", ctx, NO_READER, 2, 0);
	one("no-name-bad-mode", ctx, NULL, 9, 3);
	one("bad-mode-no-protocol", ctx, reader, 9, 0);
	one("direct-bad-protocol", ctx, reader, SCARD_SHARE_DIRECT, 0x800);
}

static void no_card(void)
{
	SCARDCONTEXT ctx = context();
	size_t i;

	for (i = 1; i <= SCARD_SHARE_DIRECT; i++) {
		one(print("%s/T0|T1", share_name(i)), ctx, reader, i, SCARD_PROTOCOL_ANY);
		one(print("%s/RAW", share_name(i)), ctx, reader, i, SCARD_PROTOCOL_RAW);
		one(print("%s/none", share_name(i)), ctx, reader, i, 0);
	}
}

static void one_protocol(void)
{
	SCARDCONTEXT ctx = context();
	size_t i;

	for (i = 1; i <= SCARD_SHARE_DIRECT; i++) {
		one(print("%s/T0", share_name(i)), ctx, reader, i, SCARD_PROTOCOL_T0);
		one(print("%s/T1", share_name(i)), ctx, reader, i, SCARD_PROTOCOL_T1);
		one(print("%s/T0|T1", share_name(i)), ctx, reader, i, SCARD_PROTOCOL_ANY);
		one(print("%s/RAW", share_name(i)), ctx, reader, i, SCARD_PROTOCOL_RAW);
	}
}

static void direct_protocol(void)
{
	SCARDHANDLE handle = card_with(SCARD_SHARE_DIRECT, 0);
	DWORD protocol = 0x77;

	say("none", "%s",
	    code(SCardReconnect(handle, SCARD_SHARE_DIRECT, 0, SCARD_LEAVE_CARD, &protocol)));
	say("protocol", "%s", protocol_name(protocol));
	say("status", "%s", call_now(&(struct call){ .op = OP_STATUS, .card = handle }));
}

/* Many handles, of one context and of several contexts */
static void many(void)
{
	SCARDCONTEXT ctx = context();
	SCARDHANDLE handles[40];
	size_t i, j, same = 0;

	for (i = 0; i < COUNT(handles); i++) {
		handles[i] = card_of(ctx, i % 2 ? SCARD_SHARE_SHARED : SCARD_SHARE_DIRECT);
		for (j = 0; j < i; j++)
			same += handles[i] == handles[j];
	}
	say("same", "%zu", same);
	for (i = 0; i < COUNT(handles); i++)
		same += SCardDisconnect(handles[i], SCARD_LEAVE_CARD) != SCARD_S_SUCCESS;
	say("not-disconnected", "%zu", same);
}

static const struct test_case connect_cases[] = {
	{ "mode", matrix, NULL, false },
	{ "chosen", chosen, NULL, false },
	{ "left", left, NULL, false },
	{ "name", names, NULL, false },
	{ "order", order, NULL, false },
	{ "direct", direct_protocol, NULL, false },
	{ "many", many, NULL, false },
	{ "no-card", no_card, NO_CARD, false },
	{ "mute", no_card, "mute", true },
	{ "T0-card", one_protocol, "iso,t=0", false },
	{ "T1-card", one_protocol, "iso,t=1", false },
	{ "T1-T0-card", one_protocol, "iso,t=10", false },
};

SUBJECT(connect);
