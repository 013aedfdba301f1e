// SPDX-License-Identifier: GPL-2.0-or-later
/* The process around the library: errno, descriptors, system calls that a sandbox refuses. */
#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "open_files.h"
#include "test.h"

#define WAITS	200

/* The value that no call sets */
#define MARK	4321

#define CHECK_KEEPS(call) do {			\
	errno = MARK;				\
	CHECK_EQ(call, SCARD_S_SUCCESS);	\
	CHECK_EQ(errno, MARK);			\
} while (0)

static void keeps_errno(void)
{
	SCARD_READERSTATE rs = { .szReader = READER };
	char name[MAX_READERNAME];
	BYTE buf[64];
	SCARDHANDLE card;
	SCARDCONTEXT ctx;
	void *memory;
	DWORD n;

	plug_reader(true);
	CHECK_KEEPS(SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &ctx));
	CHECK_KEEPS(SCardIsValidContext(ctx));
	n = sizeof(name);
	CHECK_KEEPS(SCardListReaderGroups(ctx, name, &n));
	n = SCARD_AUTOALLOCATE;
	CHECK_KEEPS(SCardListReaders(ctx, NULL, (LPSTR)&memory, &n));
	CHECK_KEEPS(SCardFreeMemory(ctx, memory));
	CHECK_KEEPS(SCardGetStatusChange(ctx, INFINITE, &rs, 1));
	CHECK_KEEPS(SCardConnect(ctx, READER, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, &card, &n));
	CHECK_KEEPS(SCardReconnect(card, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, SCARD_LEAVE_CARD,
				   &n));
	CHECK_KEEPS(SCardBeginTransaction(card));
	n = sizeof(buf);
	CHECK_KEEPS(transmit(card, "\x00\xa4\x00\x00", 4, buf, &n));
	CHECK_KEEPS(SCardEndTransaction(card, SCARD_LEAVE_CARD));
	CHECK_KEEPS(SCardStatus(card, NULL, NULL, NULL, NULL, NULL, NULL));
	CHECK_KEEPS(SCardControl(card, CM_IOCTL_GET_FEATURE_REQUEST, NULL, 0, buf, sizeof(buf),
				 &n));
	n = sizeof(buf);
	CHECK_KEEPS(SCardGetAttrib(card, SCARD_ATTR_ATR_STRING, buf, &n));
	errno = MARK;
	CHECK_EQ(SCardSetAttrib(card, SCARD_ATTR_VENDOR_NAME, buf, 1), SCARD_E_UNSUPPORTED_FEATURE);
	CHECK_EQ(errno, MARK);
	CHECK_KEEPS(SCardCancel(ctx));
	CHECK_KEEPS(SCardDisconnect(card, SCARD_LEAVE_CARD));
	CHECK_KEEPS(SCardReleaseContext(ctx));
}

/* A context keeps an eventfd and a reader of them, whatever their number was. */
static void many_waits(void)
{
	static struct call c[WAITS];
	SCARDCONTEXT ctx = establish();
	unsigned int before;
	DWORD n;
	int i;

	plug_reader(true);
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_S_SUCCESS);
	before = open_files();
	for (i = 0; i < WAITS; i++) {
		c[i] = (struct call){ .f = call_change, .arg = 1, .ctx = ctx };
		c[i].state[0].szReader = READER;
		c[i].state[0].dwCurrentState = SCARD_STATE_PRESENT;
		start(&c[i]);
	}
	EVENTUALLY(open_files() >= before + 2 * WAITS);
	fake_remove(0);
	for (i = 0; i < WAITS; i++)
		CHECK_EQ(finish(&c[i]), SCARD_S_SUCCESS);
	CHECK_EQ(open_files(), before + 2);
	SCardReleaseContext(ctx);
}

/* In a child, whose numbers begin anew. */
static void no_random(void)
{
	SCARDCONTEXT ctx = establish();
	int status;
	pid_t pid;

	plug_reader(true);
	fake_refuse_random(true);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		SCARDCONTEXT mine;

		alarm(10);
		if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &mine))
			_exit(1);
		_exit(mine == ctx || SCardReleaseContext(mine) ? 2 : 0);
	}
	waitpid(pid, &status, 0);
	fake_refuse_random(false);
	CHECK_EQ(status, 0);
	SCardReleaseContext(ctx);
}

const struct test process_tests[] = {
	{ "a call leaves errno as it was", keeps_errno },
	{ "200 waits at once leave no descriptors behind", many_waits },
	{ "getrandom() is refused", no_random },
	{ NULL, NULL }
};
