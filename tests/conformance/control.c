// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SCardControl: CM_IOCTL_GET_FEATURE_REQUEST, escape, unknown codes, buffers.
 */
#include <string.h>

#include "conformance.h"

static BYTE big[70000];

static void one(const char *what, SCARDHANDLE handle, DWORD number, const void *in, DWORD in_len,
		DWORD room)
{
	DWORD got = 0x77;
	BYTE out[300];
	LONG ret;

	memset(out, 0xEE, sizeof(out));
	ret = SCardControl(handle, number, in, in_len, room ? out : NULL, room, &got);
	say(what, "%s %lu %s", code(ret), got, ret ? bytes(out, 2) : bytes(out, got));
}

static const struct {
	const char *name;
	DWORD number;
} codes[] = {
	{ "zero", 0 }, { "unknown", SCARD_CTL_CODE(2000) }, { "escape", SCARD_CTL_CODE(1) },
	{ "features", CM_IOCTL_GET_FEATURE_REQUEST }, { "features-windows", 0x313520 },
	{ "features-wide", 0x142000D48 }, { "TLV-properties", 0x42330012 },
	{ "PIN-properties", 0x4233000A }, { "verify", 0x42330006 }, { "modify", 0x42330007 },
	{ "MCT", 0x42330008 }, { "CTL-3600", SCARD_CTL_CODE(3600) }, { "all-bits", 0xFFFFFFFF },
};

static void all(DWORD mode)
{
	SCARDHANDLE handle = card_with(mode, mode == SCARD_SHARE_DIRECT ? 0 : SCARD_PROTOCOL_ANY);
	size_t i;

	for (i = 0; i < COUNT(codes); i++)
		one(codes[i].name, handle, codes[i].number, NULL, 0, 300);
}

static void shared(void)
{
	all(SCARD_SHARE_SHARED);
}

static void direct(void)
{
	all(SCARD_SHARE_DIRECT);
}

static void with_data(void)
{
	SCARDHANDLE handle = card(SCARD_SHARE_SHARED);
	size_t i;

	for (i = 0; i < COUNT(codes); i++)
		one(codes[i].name, handle, codes[i].number, "\x01\x02\x03", 3, 300);
}

static void room(void)
{
	static const DWORD rooms[] = { 0, 1, 5, 6, 7, 18, 35, 36, 300 };
	SCARDHANDLE handle = card(SCARD_SHARE_SHARED);
	size_t i;

	for (i = 0; i < COUNT(rooms); i++) {
		one(print("features/%lu", rooms[i]), handle, CM_IOCTL_GET_FEATURE_REQUEST, NULL, 0,
		    rooms[i]);
		one(print("TLV/%lu", rooms[i]), handle, 0x42330012, NULL, 0, rooms[i]);
	}
}

static void arguments(void)
{
	SCARDHANDLE handle = card(SCARD_SHARE_SHARED);
	BYTE out[300];
	DWORD got = 0x77;
	LONG ret;

	say("no-result-length", "%s",
	    code(SCardControl(handle, CM_IOCTL_GET_FEATURE_REQUEST, NULL, 0, out, 300, NULL)));
	ret = SCardControl(handle, CM_IOCTL_GET_FEATURE_REQUEST, NULL, 0, NULL, 300, &got);
	say("NULL-with-room", "%s %lu", code(ret), got);
	got = 0x77;
	ret = SCardControl(0, CM_IOCTL_GET_FEATURE_REQUEST, NULL, 0, out, 300, &got);
	say("bad-handle", "%s %lu", code(ret), got);
	say("bad-handle-no-result-length", "%s", code(SCardControl(0, 0, NULL, 0, NULL, 0, NULL)));
	one("too-long", handle, CM_IOCTL_GET_FEATURE_REQUEST, big, 65549, 300);
	one("longest", handle, CM_IOCTL_GET_FEATURE_REQUEST, big, 65548, 300);
	one("bad-handle-too-long", 0, CM_IOCTL_GET_FEATURE_REQUEST, big, 65549, 300);
	got = 0x77;
	ret = SCardControl(handle, CM_IOCTL_GET_FEATURE_REQUEST, NULL, 0, big, sizeof(big), &got);
	say("large-room", "%s %lu", code(ret), got);
}

static const struct test_case control_cases[] = {
	{ "shared", shared, NULL, false },
	{ "direct", direct, NULL, false },
	{ "data", with_data, NULL, false },
	{ "room", room, NULL, false },
	{ "arguments", arguments, NULL, false },
	{ "empty", direct, NO_CARD, false },
	{ "mute", direct, "mute", true },
};

SUBJECT(control);
