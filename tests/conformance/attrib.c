// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SCardGetAttrib, SCardSetAttrib: SCARD_ATTR_*, buffers, SCARD_AUTOALLOCATE.
 */
#include <string.h>

#include "conformance.h"

#define TAG(name) { #name, SCARD_ATTR_##name }

static const struct {
	const char *name;
	DWORD id;
} tags[] = {
	TAG(VENDOR_NAME),
	TAG(VENDOR_IFD_TYPE),
	TAG(VENDOR_IFD_VERSION),
	TAG(VENDOR_IFD_SERIAL_NO),
	TAG(CHANNEL_ID),
	TAG(ASYNC_PROTOCOL_TYPES),
	TAG(DEFAULT_CLK),
	TAG(MAX_CLK),
	TAG(DEFAULT_DATA_RATE),
	TAG(MAX_DATA_RATE),
	TAG(MAX_IFSD),
	TAG(SYNC_PROTOCOL_TYPES),
	TAG(POWER_MGMT_SUPPORT),
	TAG(USER_TO_CARD_AUTH_DEVICE),
	TAG(USER_AUTH_INPUT_DEVICE),
	TAG(CHARACTERISTICS),
	TAG(CURRENT_PROTOCOL_TYPE),
	TAG(CURRENT_CLK),
	TAG(CURRENT_F),
	TAG(CURRENT_D),
	TAG(CURRENT_N),
	TAG(CURRENT_W),
	TAG(CURRENT_IFSC),
	TAG(CURRENT_IFSD),
	TAG(CURRENT_BWT),
	TAG(CURRENT_CWT),
	TAG(CURRENT_EBC_ENCODING),
	TAG(EXTENDED_BWT),
	TAG(ICC_PRESENCE),
	TAG(ICC_INTERFACE_STATUS),
	TAG(CURRENT_IO_STATE),
	TAG(ATR_STRING),
	TAG(ICC_TYPE_PER_ATR),
	TAG(ESC_RESET),
	TAG(ESC_CANCEL),
	TAG(ESC_AUTHREQUEST),
	TAG(MAXINPUT),
	TAG(DEVICE_UNIT),
	TAG(DEVICE_IN_USE),
	TAG(DEVICE_FRIENDLY_NAME_A),
	TAG(DEVICE_SYSTEM_NAME_A),
	TAG(DEVICE_FRIENDLY_NAME_W),
	TAG(DEVICE_SYSTEM_NAME_W),
	TAG(SUPRESS_T1_IFS_REQUEST),
	{ "zero", 0 },
	{ "wide", 0x100090303 },
	{ "all-bits", (DWORD)-1 },
	{ "slots", 0x0FAE },
};

static void get(const char *what, SCARDHANDLE handle, DWORD id, DWORD room)
{
	BYTE value[300];
	DWORD len = room;
	LONG ret;

	memset(value, 0xEE, sizeof(value));
	ret = SCardGetAttrib(handle, id, value, &len);
	/* the position on the bus changes with each plug */
	if (id == SCARD_ATTR_CHANNEL_ID && ret == SCARD_S_SUCCESS && len == 4)
		value[0] = 0;
	say(what, "%s %lu %s", code(ret), len, bytes(value, ret ? 4 : len < 60 ? len : 60));
}

static void all(SCARDHANDLE handle)
{
	size_t i;

	for (i = 0; i < COUNT(tags); i++)
		get(tags[i].name, handle, tags[i].id, 264);
}

static void shared(void)
{
	all(card(SCARD_SHARE_SHARED));
}

static void direct(void)
{
	all(card_with(SCARD_SHARE_DIRECT, 0));
}

static void buffers(void)
{
	SCARDCONTEXT ctx = context();
	SCARDHANDLE handle = card_of(ctx, SCARD_SHARE_SHARED);
	static const DWORD rooms[] = { 0, 1, 9, 10, 11, 33, 264, 265, 0xFFFFFFFF };
	static const DWORD ids[] = { SCARD_ATTR_ATR_STRING, SCARD_ATTR_DEVICE_FRIENDLY_NAME_A,
				     SCARD_ATTR_MAXINPUT, SCARD_ATTR_ESC_CANCEL };
	static const char *const names[] = { "ATR", "name", "number", "unsupported" };
	size_t i, j;

	for (i = 0; i < COUNT(ids); i++) {
		BYTE *made = NULL;
		DWORD len = 0;
		LONG ret;

		for (j = 0; j < COUNT(rooms); j++)
			get(print("%s/%lu", names[i], rooms[j]), handle, ids[i], rooms[j]);
		ret = SCardGetAttrib(handle, ids[i], NULL, &len);
		say(print("%s/length", names[i]), "%s %lu", code(ret), len);
		len = 500;
		ret = SCardGetAttrib(handle, ids[i], NULL, &len);
		say(print("%s/length-500", names[i]), "%s %lu", code(ret), len);
		len = SCARD_AUTOALLOCATE;
		ret = SCardGetAttrib(handle, ids[i], (LPBYTE)&made, &len);
		say(print("%s/allocate", names[i]), "%s %lu %s", code(ret), len,
		    made && !ret ? bytes(made, len) : "");
		if (!ret)
			SCardFreeMemory(ctx, made);
	}
}

static void arguments(void)
{
	SCARDHANDLE handle = card(SCARD_SHARE_SHARED);
	BYTE value[264] = { 0 };
	DWORD len = SCARD_AUTOALLOCATE;

	say("no-length", "%s", code(SCardGetAttrib(handle, SCARD_ATTR_ATR_STRING, value, NULL)));
	say("allocate-nowhere", "%s",
	    code(SCardGetAttrib(handle, SCARD_ATTR_ATR_STRING, NULL, &len)));
	say("no-length-bad-handle", "%s",
	    code(SCardGetAttrib(0, SCARD_ATTR_ATR_STRING, value, NULL)));
	len = 9;
	say("bad-handle", "%s", code(SCardGetAttrib(0, SCARD_ATTR_ATR_STRING, value, &len)));
	len = 1000;
	say("bad-handle-too-long", "%s",
	    code(SCardGetAttrib(0, SCARD_ATTR_ATR_STRING, value, &len)));
#define SET(card, id, value, len)	code(SCardSetAttrib(card, id, value, len))
	say("set", "%s", SET(handle, SCARD_ATTR_SUPRESS_T1_IFS_REQUEST, value, 1));
	say("set-ATR", "%s", SET(handle, SCARD_ATTR_ATR_STRING, value, 4));
	say("set-name", "%s", SET(handle, SCARD_ATTR_DEVICE_FRIENDLY_NAME_A, value, 4));
	say("set-zero", "%s", SET(handle, 0, value, 4));
	say("set-wide", "%s", SET(handle, 0x100000000, value, 4));
	say("set-NULL", "%s", SET(handle, SCARD_ATTR_ATR_STRING, NULL, 4));
	say("set-nothing", "%s", SET(handle, SCARD_ATTR_ATR_STRING, value, 0));
	say("set-264", "%s", SET(handle, SCARD_ATTR_ATR_STRING, value, 264));
	say("set-265", "%s", SET(handle, SCARD_ATTR_ATR_STRING, value, 265));
	say("set-bad-handle", "%s", SET(0, SCARD_ATTR_ATR_STRING, value, 4));
	say("set-NULL-bad-handle", "%s", SET(0, SCARD_ATTR_ATR_STRING, NULL, 4));
	say("set-265-bad-handle", "%s", SET(0, SCARD_ATTR_ATR_STRING, value, 265));
}

static const struct test_case attrib_cases[] = {
	{ "shared", shared, NULL, false },
	{ "direct", direct, NULL, false },
	{ "buffer", buffers, NULL, false },
	{ "arguments", arguments, NULL, false },
	{ "empty", direct, NO_CARD, false },
	{ "mute", direct, "mute", true },
};

SUBJECT(attrib);
