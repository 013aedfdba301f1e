// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SCardListReaders, SCardListReaderGroups.
 */
#include <string.h>

#include "conformance.h"

typedef LONG (*list_fn)(SCARDCONTEXT ctx, LPSTR buf, LPDWORD len);

static LONG readers(SCARDCONTEXT ctx, LPSTR buf, LPDWORD len)
{
	return SCardListReaders(ctx, NULL, buf, len);
}

/* Each buffer length that makes a difference */
static void buffers(list_fn list)
{
	SCARDCONTEXT ctx = context();
	DWORD need = 0, len;
	char buf[200], *made = NULL;
	LONG ret;
	int i;

	ret = list(ctx, NULL, &need);
	say("length", "%s %lu", code(ret), need);
	for (i = 0; i < 5; i++) {
		const DWORD room[] = { 0, 1, need - 1, need, sizeof(buf) };
		static const char *const names[] = { "none", "one", "short", "exact", "more" };

		memset(buf, 'z', sizeof(buf));
		len = room[i];
		ret = list(ctx, buf, &len);
		say(names[i], "%s %ld %s", code(ret), (long)(len - need), text(buf, need + 2));
	}
	len = SCARD_AUTOALLOCATE;
	ret = list(ctx, (LPSTR)&made, &len);
	say("allocate", "%s %lu %s", code(ret), len, made ? text(made, len) : "NULL");
	SCardFreeMemory(ctx, made);
	len = SCARD_AUTOALLOCATE;
	say("allocate-nowhere", "%s", code(list(ctx, NULL, &len)));
	len = 0xFFFFFFFF;
	memset(buf, 'z', sizeof(buf));
	ret = list(ctx, buf, &len);
	say("32-bit-allocate", "%s %lu", code(ret), len);
	say("bad-context", "%s", code(list(0, buf, &len)));
	len = 77;
	ret = list(0, NULL, &len);
	say("bad-context-length", "%s %lu", code(ret), len);
}

static void reader_buffers(void)
{
	buffers(readers);
	say("no-length", "%s", code(SCardListReaders(context(), NULL, NULL, NULL)));
	say("no-length-bad-context", "%s", code(SCardListReaders(0, NULL, NULL, NULL)));
}

static void group_buffers(void)
{
	buffers(SCardListReaderGroups);
}

static void groups(void)
{
	static const char *const group[] = { "", "SCard$DefaultReaders\0", "SCard$AllReaders\0",
					     "none\0" };
	SCARDCONTEXT ctx = context();
	size_t i;

	for (i = 0; i < COUNT(group); i++) {
		DWORD len = 0;
		LONG ret = SCardListReaders(ctx, group[i], NULL, &len);

		say(*group[i] ? group[i] : "empty", "%s %lu", code(ret), len);
	}
}

static void without_card(void)
{
	DWORD len = 0;
	LONG ret = SCardListReaders(context(), NULL, NULL, &len);

	say(NULL, "%s %lu", code(ret), len);
}

static void without_reader(void)
{
	SCARDCONTEXT ctx = context();
	char buf[20] = "zzzzz", *made = (char *)buf;
	DWORD len = 55;
	LONG ret;

	control("unplug");
	readers_are(0);
	ret = SCardListReaders(ctx, NULL, NULL, &len);
	say("length", "%s %lu", code(ret), len);
	len = sizeof(buf);
	ret = SCardListReaders(ctx, NULL, buf, &len);
	say("buffer", "%s %lu %s", code(ret), len, text(buf, 5));
	len = 0;
	ret = SCardListReaders(ctx, NULL, buf, &len);
	say("no-room", "%s %lu", code(ret), len);
	len = SCARD_AUTOALLOCATE;
	ret = SCardListReaders(ctx, NULL, (LPSTR)&made, &len);
	say("allocate", "%s %lu %s", code(ret), len, made == buf ? "untouched" : "written");
	say("groups", "%s", code(SCardListReaderGroups(ctx, NULL, &len)));
	control("replug");
	readers_are(1);
	len = 0;
	ret = SCardListReaders(ctx, NULL, NULL, &len);
	say("back", "%s %lu %s", code(ret), len, reader);
}

static const struct test_case list_cases[] = {
	{ "readers", reader_buffers, NULL, false },
	{ "groups", group_buffers, NULL, false },
	{ "of-group", groups, NULL, false },
	{ "no-card", without_card, NO_CARD, false },
	{ "no-reader", without_reader, NULL, true },
};

SUBJECT(list);
