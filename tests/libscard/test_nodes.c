// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Containers: nodes that have other names, or none; a /dev that cannot be listed. With netlink,
 * the family lists the readers of the system.
 */
#include <fcntl.h>
#include <unistd.h>

#include "test.h"

#define OTHER		"Other Reader 01 00"
#define PNP		"\\\\?PnP?\\Notification"

static void plug_other(void)
{
	const struct fake_reader other = { .name = "Other Reader", .minor = 1, .index = 1,
					   .card = true };

	fake_plug(&other);
}

static void expect_list(SCARDCONTEXT ctx, const char *names, size_t len)
{
	char buf[500];
	DWORD n = sizeof(buf);

	CHECK_EQ(SCardListReaders(ctx, NULL, buf, &n), SCARD_S_SUCCESS);
	CHECK_EQ(n, len);
	CHECK(n != len || !memcmp(buf, names, len));
}

#define EXPECT_LIST(ctx, literal) expect_list(ctx, literal "\0", sizeof(literal) + 1)

static LONG try_connect(SCARDCONTEXT ctx, const char *name)
{
	SCARDHANDLE card;
	DWORD protocol;

	return SCardConnect(ctx, name, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, &card, &protocol);
}

/* Count the readers that came or went. */
static DWORD changes(SCARDCONTEXT ctx)
{
	SCARD_READERSTATE rs = { .szReader = PNP };

	CHECK_EQ(SCardGetStatusChange(ctx, 0, &rs, 1), SCARD_E_TIMEOUT);
	return rs.dwEventState >> 16;
}

/* Only the second reader is given, under the name of the first or another. */
static void given_as(const char *name)
{
	SCARD_READERSTATE rs = { .szReader = OTHER };
	SCARDCONTEXT ctx;
	DWORD before;

	plug_reader(true);
	plug_other();
	fake_rename("scard0", NULL);
	fake_rename("scard1", name);
	ctx = establish();
	EXPECT_LIST(ctx, OTHER);
	CHECK_EQ(send_simple(connect_to(ctx, OTHER, SCARD_SHARE_SHARED)), SCARD_S_SUCCESS);
	CHECK_EQ(fake_handles(1), 1);
	CHECK_EQ(SCardGetStatusChange(ctx, 0, &rs, 1), SCARD_S_SUCCESS);
	CHECK_EQ(rs.dwEventState, 0x10022 | SCARD_STATE_INUSE);
	/* the other one is not here: it does not leave each time it is wanted */
	before = changes(ctx);
	CHECK_EQ(try_connect(ctx, READER), SCARD_E_UNKNOWN_READER);
	CHECK_EQ(try_connect(ctx, READER), SCARD_E_UNKNOWN_READER);
	CHECK_EQ(changes(ctx), before);
	/* nor when it does */
	fake_unplug_begin(0);
	fake_keep_nodes(true);
	fake_unplug_end(0);
	fake_keep_nodes(false);
	CHECK_EQ(changes(ctx), before);
	/* but the one that is */
	fake_unplug(1);
	CHECK_EQ(changes(ctx), before + 1);
	CHECK_EQ(try_connect(ctx, OTHER), SCARD_E_UNKNOWN_READER);
	SCardReleaseContext(ctx);
}

static void renamed(void)
{
	given_as("scard0");
}

static void renamed_otherwise(void)
{
	given_as("cardreader");
}

/* Two nodes of one device are one reader; a file is none. */
static void twice(void)
{
	SCARDCONTEXT ctx = establish();

	plug_reader(true);
	plug_other();
	close(open(FAKE_DIR "/file", O_CREAT | O_WRONLY, 0600));
	fake_rename("scard1", "scard7");
	fake_rename("scard0", "scard1");
	CHECK(!link(FAKE_DIR "/scard7", FAKE_DIR "/again"));
	EXPECT_LIST(ctx, READER "\0" OTHER);
	CHECK_EQ(try_connect(ctx, READER), SCARD_S_SUCCESS);
	CHECK_EQ(fake_handles(0), 1);
	CHECK_EQ(try_connect(ctx, OTHER), SCARD_S_SUCCESS);
	CHECK_EQ(fake_handles(1), 1);
	SCardReleaseContext(ctx);
}

static bool in_poll(void)
{
	return fake_in_poll();
}

/* A node is given later, and taken away. */
static void given_later(void)
{
	struct call c = { .f = call_change, .arg = 1 };
	SCARDCONTEXT ctx;
	DWORD n;

	plug_reader(true);
	plug_other();
	fake_rename("scard1", "../hidden");
	ctx = c.ctx = establish();
	EXPECT_LIST(ctx, READER);
	c.state[0].szReader = PNP;
	start(&c);
	EVENTUALLY(in_poll());
	fake_rename("../hidden", "reader");
	EVENTUALLY(is_done(&c));
	CHECK_EQ(finish(&c), SCARD_S_SUCCESS);
	EXPECT_LIST(ctx, READER "\0" OTHER);
	fake_rename("scard0", NULL);
	CHECK(try_connect(ctx, READER) != SCARD_S_SUCCESS);
	EXPECT_LIST(ctx, OTHER);
	fake_rename("reader", NULL);
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_E_NO_READERS_AVAILABLE);
	SCardReleaseContext(ctx);
}

/* What is there and refused stays in the list, and says so. */
static void refused(void)
{
	SCARDCONTEXT ctx = establish();

	plug_reader(true);
	plug_other();
	fake_rename("scard0", NULL);
	fake_rename("scard1", "scard0");
	fake_deny(1, true);
	if (with_netlink) {
		EXPECT_LIST(ctx, OTHER);
		CHECK_EQ(try_connect(ctx, OTHER), SCARD_W_SECURITY_VIOLATION);
	}
	fake_deny(1, false);
	EXPECT_LIST(ctx, OTHER);
	CHECK_EQ(try_connect(ctx, OTHER), SCARD_S_SUCCESS);
	SCardReleaseContext(ctx);
}

static void not_listable(void)
{
	const struct fake_reader far = { .name = "Far Reader", .minor = 200, .index = 2 };
	enum fake_list how;

	for (how = FAKE_NO_OPEN; how <= FAKE_NO_READ; how++) {
		SCARDCONTEXT ctx;

		plug_reader(true);
		plug_other();
		fake_plug(&far);
		fake_refuse_list(how);
		ctx = establish();
		EXPECT_LIST(ctx, READER "\0" OTHER "\0Far Reader 02 00");
		CHECK_EQ(try_connect(ctx, OTHER), SCARD_S_SUCCESS);
		fake_rename("scard1", "scard9");
		CHECK_EQ(try_connect(ctx, OTHER), SCARD_S_SUCCESS);
		CHECK_EQ(fake_handles(1), 2);
		SCardReleaseContext(ctx);
		fake_reset();
	}
}

const struct test node_tests[] = {
	{ "a node that has the name of another reader's", renamed },
	{ "a node of any name", renamed_otherwise },
	{ "nodes that have changed their names, and two of one device", twice },
	{ "a node that is given later, and taken away", given_later },
	{ "a node of another name that is refused", refused },
	{ "a /dev that cannot be listed", not_listable },
	{ NULL, NULL }
};
