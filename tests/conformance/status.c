// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SCardStatus: dwState, protocol, ATR, buffers, SCARD_AUTOALLOCATE.
 */
#include <string.h>

#include "conformance.h"

static void without(void)
{
	SCARDHANDLE handle = card(SCARD_SHARE_SHARED);
	DWORD n = 77, state = 0x55, protocol = 0x77;
	LONG ret;

	say("all", "%s", code(SCardStatus(handle, NULL, NULL, NULL, NULL, NULL, NULL)));
	ret = SCardStatus(handle, NULL, NULL, &state, NULL, NULL, NULL);
	say("but-state", "%s, %s", code(ret), status_name(state));
	ret = SCardStatus(handle, NULL, NULL, NULL, &protocol, NULL, NULL);
	say("but-protocol", "%s, %s", code(ret), protocol_name(protocol));
	ret = SCardStatus(handle, NULL, &n, NULL, NULL, NULL, NULL);
	say("but-name-length", "%s, %lu", code(ret), n);
	n = 77;
	ret = SCardStatus(handle, NULL, NULL, NULL, NULL, NULL, &n);
	say("but-ATR-length", "%s, %lu", code(ret), n);
}

static void name_buffers(void)
{
	SCARDHANDLE handle = card(SCARD_SHARE_SHARED);
	const DWORD need = strlen(reader) + 1;
	const DWORD room[] = { 0, 1, 5, need - 1, need, need + 1, MAX_READERNAME };
	size_t i;

	for (i = 0; i < COUNT(room); i++) {
		char name[MAX_READERNAME + 1];
		DWORD len = room[i], atr_len = 0, state = 0, protocol = 0;
		LONG ret;

		memset(name, 'z', sizeof(name));
		ret = SCardStatus(handle, name, &len, &state, &protocol, NULL, &atr_len);
		say(print("%ld", (long)(room[i] - need)), "%s %lu %s, %s, %s, ATR %lu", code(ret),
		    len, text(name, need + 1), status_name(state), protocol_name(protocol),
		    atr_len);
	}
}

static void atr_buffers(void)
{
	static const DWORD room[] = { 0, 1, 9, 10, 11, 33, 1000 };
	SCARDHANDLE handle = card(SCARD_SHARE_SHARED);
	size_t i;

	for (i = 0; i < COUNT(room); i++) {
		BYTE atr[MAX_ATR_SIZE];
		DWORD len = room[i], name_len = 0, state = 0;
		LONG ret;

		memset(atr, 0xEE, sizeof(atr));
		ret = SCardStatus(handle, NULL, &name_len, &state, NULL, atr, &len);
		say(print("%lu", room[i]), "%s %lu %s, %s, name %lu", code(ret), len,
		    bytes(atr, 14), status_name(state), name_len);
	}
}

static void odd_buffers(void)
{
	SCARDHANDLE handle = card(SCARD_SHARE_SHARED);
	char name[200];
	BYTE atr[MAX_ATR_SIZE];
	DWORD len = 3, atr_len = 2;
	LONG ret;

	memset(name, 'z', sizeof(name));
	ret = SCardStatus(handle, name, NULL, NULL, NULL, NULL, NULL);
	say("name-without-length", "%s %s", code(ret), text(name, 4));
	memset(atr, 0xEE, sizeof(atr));
	ret = SCardStatus(handle, NULL, NULL, NULL, NULL, atr, NULL);
	say("ATR-without-length", "%s %s", code(ret), bytes(atr, 4));
	ret = SCardStatus(handle, name, &len, NULL, NULL, atr, &atr_len);
	say("both-short", "%s %lu %s %lu %s", code(ret), len, text(name, 5), atr_len,
	    bytes(atr, 4));
}

/* A length beyond the results, which no implementation should write to */
static void lengths(void)
{
	SCARDHANDLE handle = card(SCARD_SHARE_SHARED);
	char name[MAX_READERNAME];
	DWORD len = 0xFFFFFFFF;
	LONG ret = SCardStatus(handle, name, &len, NULL, NULL, NULL, NULL);

	say("length", "%s %lu", code(ret), len);
}

static void allocate(void)
{
	SCARDCONTEXT ctx = context();
	SCARDHANDLE handle = card_of(ctx, SCARD_SHARE_SHARED);
	char *name = NULL;
	BYTE *atr = NULL;
	DWORD name_len = SCARD_AUTOALLOCATE, atr_len = SCARD_AUTOALLOCATE;
	LONG ret;

	ret = SCardStatus(handle, (LPSTR)&name, &name_len, NULL, NULL, (LPBYTE)&atr, &atr_len);
	say("both", "%s %lu %s %lu %s", code(ret), name_len, name ? text(name, name_len) : "NULL",
	    atr_len, atr ? bytes(atr, atr_len) : "NULL");
	say("free-name", "%s", code(SCardFreeMemory(ctx, name)));
	say("free-ATR", "%s", code(SCardFreeMemory(ctx, atr)));
	name_len = SCARD_AUTOALLOCATE;
	ret = SCardStatus(handle, NULL, &name_len, NULL, NULL, NULL, NULL);
	say("name-nowhere", "%s", code(ret));
	atr_len = SCARD_AUTOALLOCATE;
	ret = SCardStatus(handle, NULL, NULL, NULL, NULL, NULL, &atr_len);
	say("ATR-nowhere", "%s", code(ret));
	name_len = SCARD_AUTOALLOCATE;
	name = NULL;
	ret = SCardStatus(0, (LPSTR)&name, &name_len, NULL, NULL, NULL, NULL);
	say("bad-handle", "%s %s", code(ret), name ? "written" : "NULL");
}

/* The results without a card or reader */
static void failed(void)
{
	SCARDHANDLE mine = card(SCARD_SHARE_SHARED), other = card(SCARD_SHARE_SHARED);
	SCARDHANDLE handles[] = { 0, mine };
	static const char *const names[] = { "bad-handle", "reset" };
	size_t i;

	SCardDisconnect(other, SCARD_RESET_CARD);
	for (i = 0; i < COUNT(handles); i++) {
		char name[10] = "zzzz";
		BYTE atr[4] = { 0xEE, 0xEE, 0xEE, 0xEE };
		DWORD len = sizeof(name), state = 0x55, protocol = 0x77, atr_len = sizeof(atr);
		LONG ret = SCardStatus(handles[i], name, &len, &state, &protocol, atr, &atr_len);

		say(names[i], "%s, name %lu %s, state %lx, protocol %lx, ATR %lu %s", code(ret),
		    len, text(name, 5), state, protocol, atr_len, bytes(atr, 4));
	}
}

static void protocols(void)
{
	static const DWORD protocol[] = { SCARD_PROTOCOL_T0, SCARD_PROTOCOL_T1, SCARD_PROTOCOL_RAW,
					  SCARD_PROTOCOL_ANY };
	size_t i;

	for (i = 0; i < COUNT(protocol); i++) {
		SCARDHANDLE handle = card_with(SCARD_SHARE_SHARED, protocol[i]);
		SCARDHANDLE direct = card_with(SCARD_SHARE_DIRECT, 0);

		say(protocol_name(protocol[i]), "%s",
		    call_now(&(struct call){ .op = OP_STATUS, .card = handle }));
		say(print("%s/direct", protocol_name(protocol[i])), "%s",
		    call_now(&(struct call){ .op = OP_STATUS, .card = direct }));
		SCardDisconnect(handle, SCARD_UNPOWER_CARD);
		say(print("%s/direct-after-unpower", protocol_name(protocol[i])), "%s",
		    call_now(&(struct call){ .op = OP_STATUS, .card = direct }));
		SCardDisconnect(direct, SCARD_LEAVE_CARD);
	}
}

static void direct(void)
{
	SCARDHANDLE handle = card_with(SCARD_SHARE_DIRECT, 0);

	say(NULL, "%s", call_now(&(struct call){ .op = OP_STATUS, .card = handle }));
}

static void direct_inserted(void)
{
	SCARDHANDLE handle = card_with(SCARD_SHARE_DIRECT, 0);

	say("empty", "%s", call_now(&(struct call){ .op = OP_STATUS, .card = handle }));
	control("insert 0 iso,t=0");
	card_is(SCARD_STATE_PRESENT);
	say("inserted", "%s", call_now(&(struct call){ .op = OP_STATUS, .card = handle }));
	control("remove");
	card_is(SCARD_STATE_EMPTY);
	say("removed", "%s", call_now(&(struct call){ .op = OP_STATUS, .card = handle }));
}

static const struct test_case status_cases[] = {
	{ "without", without, NULL, false },
	{ "name", name_buffers, NULL, false },
	{ "ATR", atr_buffers, NULL, false },
	{ "odd", odd_buffers, NULL, false },
	{ "32-bit", lengths, NULL, false },
	{ "allocate", allocate, NULL, false },
	{ "failed", failed, NULL, false },
	{ "protocol", protocols, NULL, false },
	{ "direct", direct, NULL, false },
	{ "mute", direct, "mute", true },
	{ "inserted", direct_inserted, NO_CARD, true },
};

SUBJECT(status);
