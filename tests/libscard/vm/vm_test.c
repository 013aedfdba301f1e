// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The SCard API (SCardConnect, SCardTransmit, SCardGetStatusChange, SCardCancel ...) on the real
 * module, with vreader as the reader. Without arguments: all tests, which need root and a running
 * vreader; prints TAP. "basic": a simple client, for containers. "replug": the reader is
 * unplugged and replugged during a wait. "victim": connects, verifies, and waits for SIGKILL.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <winscard.h>

#include "../../tap.h"

#define PNP	"\\\\?PnP?\\Notification"
#define READER	"Gemalto PC Twin Reader 00 00"
#define ONE_SLOT "vreader --background --control /run/vreader.sock --profile short " \
		 "--card iso,t=1,pin=1234"

static const char *self;
static void shell(const char *command)
{
	if (system(command))
		tap_fail(__FILE__, __LINE__, "%s", command);
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static SCARDCONTEXT establish(void)
{
	SCARDCONTEXT ctx = 0;

	CHECK_EQ(SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &ctx), SCARD_S_SUCCESS);
	return ctx;
}

static SCARDHANDLE connect_card(SCARDCONTEXT ctx)
{
	SCARDHANDLE card = 0;
	DWORD protocol = 0;

	CHECK_EQ(SCardConnect(ctx, READER, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, &card,
			      &protocol), SCARD_S_SUCCESS);
	CHECK_EQ(protocol, SCARD_PROTOCOL_T1);
	return card;
}

static LONG send_apdu(SCARDHANDLE card, const char *apdu, DWORD len, unsigned int *sw)
{
	BYTE buf[258];
	DWORD n = sizeof(buf);
	LONG ret = SCardTransmit(card, SCARD_PCI_T1, (LPCBYTE)apdu, len, NULL, buf, &n);

	*sw = ret == SCARD_S_SUCCESS && n >= 2 ? buf[n - 2] << 8 | buf[n - 1] : 0;
	return ret;
}

/* ISO 7816-4 VERIFY with the card's PIN */
static void verify(SCARDHANDLE card)
{
	unsigned int sw;

	CHECK_EQ(send_apdu(card, "\x00\x20\x00\x01\x04" "1234", 9, &sw), SCARD_S_SUCCESS);
	CHECK_EQ(sw, 0x9000);
}

static bool verified(void)
{
	return !system("vreaderctl card-state | grep -q verified=1");
}

static LONG change(SCARDCONTEXT ctx, const char *reader, DWORD known, DWORD ms,
		   SCARD_READERSTATE *rs)
{
	*rs = (SCARD_READERSTATE){ .szReader = reader, .dwCurrentState = known };
	return SCardGetStatusChange(ctx, ms, rs, 1);
}

/* Wait until the reader is there and no other: an old one may still be leaving. */
static void wait_for_reader(SCARDCONTEXT ctx)
{
	const char only[] = READER "\0";
	double end = seconds() + 60;
	char names[sizeof(only)];
	SCARD_READERSTATE rs;
	DWORD n, known = 0;

	do {
		if (change(ctx, PNP, known, 1000, &rs) == SCARD_E_NO_SERVICE)
			usleep(100000);
		known = rs.dwEventState;
		n = sizeof(names);
		if (SCardListReaders(ctx, NULL, names, &n) == SCARD_S_SUCCESS &&
		    n == sizeof(names) && !memcmp(names, only, n))
			return;
	} while (seconds() < end);
	CHECK(!"the reader came");
}

/* Wait until the last reader has left: a reader that comes earlier gets another number. */
static void wait_for_no_reader(SCARDCONTEXT ctx)
{
	double end = seconds() + 60;
	SCARD_READERSTATE rs;
	DWORD n, known = 0;

	while (SCardListReaders(ctx, NULL, NULL, &n) != SCARD_E_NO_READERS_AVAILABLE) {
		if (seconds() > end) {
			CHECK(!"the readers left");
			return;
		}
		change(ctx, PNP, known, 1000, &rs);
		known = rs.dwEventState;
	}
}

/* ---- tests ---- */

static void basic(void)
{
	SCARDCONTEXT ctx = establish();
	SCARD_READERSTATE rs;
	SCARDHANDLE card;
	char names[200], name[200];
	BYTE atr[33];
	DWORD n = sizeof(names), state, protocol, name_len = sizeof(name), atr_len = sizeof(atr);
	unsigned int sw;

	CHECK_EQ(SCardListReaders(ctx, NULL, names, &n), SCARD_S_SUCCESS);
	CHECK(!strcmp(names, READER));
	CHECK_EQ(change(ctx, READER, SCARD_STATE_UNAWARE, 0, &rs), SCARD_S_SUCCESS);
	/* the parent may be using it */
	CHECK_EQ(rs.dwEventState & 0xffff & ~(DWORD)SCARD_STATE_INUSE,
		 SCARD_STATE_CHANGED | SCARD_STATE_PRESENT);
	CHECK(rs.cbAtr > 2);
	card = connect_card(ctx);
	CHECK_EQ(SCardStatus(card, name, &name_len, &state, &protocol, atr, &atr_len),
		 SCARD_S_SUCCESS);
	CHECK(!strcmp(name, READER));
	CHECK_EQ(state & 0xffff, SCARD_PRESENT | SCARD_POWERED | SCARD_NEGOTIABLE);
	CHECK_EQ(protocol, SCARD_PROTOCOL_T1);
	CHECK(atr_len == rs.cbAtr && !memcmp(atr, rs.rgbAtr, atr_len));
	verify(card);
	CHECK_EQ(SCardBeginTransaction(card), SCARD_S_SUCCESS);
	CHECK_EQ(SCardEndTransaction(card, SCARD_RESET_CARD), SCARD_S_SUCCESS);
	CHECK_EQ(send_apdu(card, "\x00\xa4\x00\x00", 4, &sw), SCARD_W_RESET_CARD);
	CHECK_EQ(SCardReconnect(card, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, SCARD_LEAVE_CARD,
				&protocol), SCARD_S_SUCCESS);
	CHECK_EQ(send_apdu(card, "\x00\xa4\x00\x00", 4, &sw), SCARD_S_SUCCESS);
	CHECK_EQ(SCardDisconnect(card, SCARD_LEAVE_CARD), SCARD_S_SUCCESS);
	CHECK_EQ(SCardReleaseContext(ctx), SCARD_S_SUCCESS);
}

static void insert_and_remove(void)
{
	SCARDCONTEXT ctx = establish();
	SCARD_READERSTATE rs;
	DWORD known;
	int i;

	CHECK_EQ(change(ctx, READER, SCARD_STATE_UNAWARE, 0, &rs), SCARD_S_SUCCESS);
	for (i = 0; i < 5; i++) {
		known = rs.dwEventState & ~(DWORD)SCARD_STATE_CHANGED;
		shell("(sleep 0.1; vreaderctl remove) >/dev/null &");
		CHECK_EQ(change(ctx, READER, known, 10000, &rs), SCARD_S_SUCCESS);
		CHECK_EQ(rs.dwEventState & 0xffff, SCARD_STATE_CHANGED | SCARD_STATE_EMPTY);
		CHECK_EQ(rs.dwEventState >> 16, ((known >> 16) + 1) & 0xffff);
		known = rs.dwEventState & ~(DWORD)SCARD_STATE_CHANGED;
		shell("(sleep 0.1; vreaderctl insert) >/dev/null &");
		CHECK_EQ(change(ctx, READER, known, 10000, &rs), SCARD_S_SUCCESS);
		/* the first report of the card has its ATR */
		CHECK_EQ(rs.dwEventState & 0xffff, SCARD_STATE_CHANGED | SCARD_STATE_PRESENT);
		CHECK(rs.cbAtr > 2);
	}
	/* removed and inserted between two calls */
	known = rs.dwEventState & ~(DWORD)SCARD_STATE_CHANGED;
	shell("vreaderctl swap >/dev/null && vreaderctl wait powered >/dev/null");
	CHECK_EQ(change(ctx, READER, known, 10000, &rs), SCARD_S_SUCCESS);
	SCardReleaseContext(ctx);
}

static void unplug_and_replug(void)
{
	SCARDCONTEXT ctx = establish();
	SCARD_READERSTATE rs;
	DWORD known, protocol;
	SCARDHANDLE card;
	unsigned int sw;

	change(ctx, PNP, 0, 0, &rs);
	known = rs.dwEventState;
	card = connect_card(ctx);
	CHECK_EQ(change(ctx, READER, SCARD_STATE_UNAWARE, 0, &rs), SCARD_S_SUCCESS);
	shell("(sleep 0.1; vreaderctl unplug) >/dev/null &");
	CHECK_EQ(change(ctx, READER, SCARD_STATE_PRESENT | SCARD_STATE_INUSE, 10000, &rs),
		 SCARD_S_SUCCESS);
	CHECK_EQ(rs.dwEventState,
		 SCARD_STATE_CHANGED | SCARD_STATE_UNKNOWN | SCARD_STATE_UNAVAILABLE);
	CHECK_EQ(send_apdu(card, "\x00\xa4\x00\x00", 4, &sw), SCARD_E_READER_UNAVAILABLE);
	CHECK_EQ(change(ctx, PNP, known, 0, &rs), SCARD_S_SUCCESS);
	known = rs.dwEventState & ~(DWORD)SCARD_STATE_CHANGED;
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &protocol), SCARD_E_NO_READERS_AVAILABLE);
	CHECK_EQ(change(ctx, PNP, known, 100, &rs), SCARD_E_TIMEOUT);
	shell("(sleep 0.1; vreaderctl replug) >/dev/null &");
	CHECK_EQ(change(ctx, PNP, known, 10000, &rs), SCARD_S_SUCCESS);
	/* the first list after this has the card */
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &protocol), SCARD_S_SUCCESS);
	CHECK_EQ(change(ctx, READER, SCARD_STATE_UNAWARE, 0, &rs), SCARD_S_SUCCESS);
	CHECK_EQ(rs.dwEventState & 0xffff, SCARD_STATE_CHANGED | SCARD_STATE_PRESENT);
	CHECK(rs.cbAtr > 2);
	CHECK_EQ(send_apdu(card, "\x00\xa4\x00\x00", 4, &sw), SCARD_E_READER_UNAVAILABLE);
	CHECK_EQ(SCardDisconnect(card, SCARD_RESET_CARD), SCARD_S_SUCCESS);
	card = connect_card(ctx);
	verify(card);
	SCardReleaseContext(ctx);
}

/*
 * The reader is unplugged and replugged behind a node that stays: a call that waits without end
 * reports both.
 */
static void replug_behind_node(void)
{
	SCARDCONTEXT ctx = establish();
	SCARD_READERSTATE rs;
	DWORD n;

	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_S_SUCCESS);
	shell("(sleep 1; vreaderctl unplug) >/dev/null &");
	CHECK_EQ(change(ctx, PNP, 0, INFINITE, &rs), SCARD_S_SUCCESS);
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_E_NO_READERS_AVAILABLE);
	shell("(sleep 1; vreaderctl replug) >/dev/null &");
	CHECK_EQ(change(ctx, PNP, 0, INFINITE, &rs), SCARD_S_SUCCESS);
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_S_SUCCESS);
	SCardReleaseContext(ctx);
	basic();
}

static int victim(void)
{
	SCARDHANDLE card = connect_card(establish());

	verify(card);
	CHECK_EQ(SCardBeginTransaction(card), SCARD_S_SUCCESS);
	if (write(1, "", 1) != 1 || tap_failed)
		return 1;
	pause();
	return 0;
}

/* A process is killed inside a call; a waiting call returns at once. */
static void killed_owner(void)
{
	SCARDCONTEXT ctx = establish();
	SCARDHANDLE card;
	unsigned int sw;
	int out[2];
	char byte;
	pid_t pid;
	int i;

	for (i = 0; i < 5; i++) {
		if (pipe(out))
			abort();
		pid = fork();
		if (!pid) {
			dup2(out[1], 1);
			execl(self, self, "victim", NULL);
			_exit(127);
		}
		close(out[1]);
		CHECK(read(out[0], &byte, 1) == 1);
		close(out[0]);
		CHECK(verified());
		/* killed while another waits for its end, or just before that */
		if (i % 2) {
			pid_t killer = fork();

			if (!killer) {
				usleep(200000);
				kill(pid, SIGKILL);
				_exit(0);
			}
			card = connect_card(ctx);
			waitpid(killer, NULL, 0);
		} else {
			kill(pid, SIGKILL);
			card = connect_card(ctx);
		}
		CHECK(!verified());
		CHECK_EQ(send_apdu(card, "\x00\xa4\x00\x00", 4, &sw), SCARD_S_SUCCESS);
		CHECK_EQ(SCardDisconnect(card, SCARD_LEAVE_CARD), SCARD_S_SUCCESS);
		waitpid(pid, NULL, 0);
	}
	SCardReleaseContext(ctx);
}

struct begin {
	SCARDHANDLE card;
	LONG result;
};

static void *begin_thread(void *arg)
{
	struct begin *b = arg;

	b->result = SCardBeginTransaction(b->card);
	return NULL;
}

static void on_signal(int signo)
{
	(void)signo;
}

/* SCardCancel, signals and a reset, for a call that waits in the kernel. */
static void waits(void)
{
	const struct sigaction action = { .sa_handler = on_signal };	/* no SA_RESTART */
	SCARDCONTEXT ctx = establish(), other = establish();
	struct begin b = { 0 };
	SCARDHANDLE owner;
	pthread_t thread;
	DWORD protocol;
	int i;

	sigaction(SIGUSR1, &action, NULL);
	owner = connect_card(other);
	b.card = connect_card(ctx);
	CHECK_EQ(SCardBeginTransaction(owner), SCARD_S_SUCCESS);
	pthread_create(&thread, NULL, begin_thread, &b);
	usleep(100000);
	CHECK_EQ(SCardCancel(ctx), SCARD_S_SUCCESS);
	pthread_join(thread, NULL);
	CHECK_EQ(b.result, SCARD_E_CANCELLED);

	pthread_create(&thread, NULL, begin_thread, &b);
	for (i = 0; i < 50; i++) {
		usleep(2000);
		pthread_kill(thread, SIGUSR1);
	}
	CHECK_EQ(SCardEndTransaction(owner, SCARD_LEAVE_CARD), SCARD_S_SUCCESS);
	pthread_join(thread, NULL);
	CHECK_EQ(b.result, SCARD_S_SUCCESS);
	CHECK_EQ(SCardEndTransaction(b.card, SCARD_LEAVE_CARD), SCARD_S_SUCCESS);

	CHECK_EQ(SCardBeginTransaction(owner), SCARD_S_SUCCESS);
	pthread_create(&thread, NULL, begin_thread, &b);
	usleep(100000);
	CHECK_EQ(SCardReconnect(owner, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, SCARD_RESET_CARD,
				&protocol), SCARD_S_SUCCESS);
	pthread_join(thread, NULL);
	CHECK_EQ(b.result, SCARD_W_RESET_CARD);
	/* the owner's transaction goes on */
	CHECK_EQ(SCardEndTransaction(owner, SCARD_LEAVE_CARD), SCARD_S_SUCCESS);
	SCardReleaseContext(ctx);
	SCardReleaseContext(other);
}

static void forked_child(void)
{
	SCARDCONTEXT ctx = establish();
	SCARDHANDLE card = connect_card(ctx);
	unsigned int sw;
	int status;
	pid_t pid;

	verify(card);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		tap_failed = false;
		CHECK_EQ(send_apdu(card, "\x00\xa4\x00\x00", 4, &sw), SCARD_E_INVALID_HANDLE);
		CHECK_EQ(SCardIsValidContext(ctx), SCARD_E_INVALID_HANDLE);
		/* the child's calls are independent of the parent */
		basic();
		fflush(stdout);
		_exit(tap_failed);
	}
	CHECK(waitpid(pid, &status, 0) == pid && !status);
	/* the child's basic() has reset the card */
	CHECK_EQ(send_apdu(card, "\x00\xa4\x00\x00", 4, &sw), SCARD_W_RESET_CARD);
	SCardReleaseContext(ctx);
}

/* A user without permission for the device */
static void no_permission(void)
{
	int status, ready[2];
	char byte;
	pid_t pid;

	if (pipe(ready))
		abort();
	shell("chmod 600 /dev/scard*");
	fflush(stdout);
	pid = fork();
	if (!pid) {
		SCARD_READERSTATE rs;
		SCARDCONTEXT ctx;
		SCARDHANDLE card;
		DWORD n;

		tap_failed = false;
		CHECK(!setgid(65534) && !setuid(65534));
		ctx = establish();
		CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_S_SUCCESS);
		CHECK_EQ(SCardConnect(ctx, READER, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, &card,
				      &n), SCARD_W_SECURITY_VIOLATION);
		CHECK_EQ(change(ctx, READER, SCARD_STATE_UNAWARE, 0, &rs), SCARD_S_SUCCESS);
		CHECK_EQ(rs.dwEventState & 0xffff, SCARD_STATE_CHANGED | SCARD_STATE_PRESENT);
		CHECK_EQ(rs.cbAtr, 0);
		/* removal of the card is not secret */
		CHECK(write(ready[1], "", 1) == 1);
		CHECK_EQ(change(ctx, READER, SCARD_STATE_PRESENT, 10000, &rs), SCARD_S_SUCCESS);
		CHECK_EQ(rs.dwEventState & 0xffff, SCARD_STATE_CHANGED | SCARD_STATE_EMPTY);
		/* the permission and the card come while it waits */
		CHECK(write(ready[1], "", 1) == 1);
		CHECK_EQ(change(ctx, READER, SCARD_STATE_EMPTY, 10000, &rs), SCARD_S_SUCCESS);
		CHECK(rs.cbAtr > 2);
		card = connect_card(ctx);
		SCardReleaseContext(ctx);
		fflush(stdout);
		_exit(tap_failed);
	}
	CHECK(read(ready[0], &byte, 1) == 1);
	shell("sleep 0.1; vreaderctl remove >/dev/null");
	CHECK(read(ready[0], &byte, 1) == 1);
	shell("sleep 0.1; chmod 666 /dev/scard*; sleep 0.1; vreaderctl insert >/dev/null");
	CHECK(waitpid(pid, &status, 0) == pid && !status);
	close(ready[0]);
	close(ready[1]);
}

/*
 * A program closes all descriptors, as a daemon may, and opens its own files, which get the
 * numbers of the library's.
 */
static void closed_descriptors(void)
{
	SCARDCONTEXT ctx = establish();
	struct stat st;
	int i, fd[20];
	DWORD n;

	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_S_SUCCESS);
	fflush(stdout);
	CHECK(!close_range(3, ~0U, 0));
	for (i = 0; i < 20; i++)
		fd[i] = open("/dev/null", O_RDWR);
	for (i = 0; i < 3; i++)
		CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_S_SUCCESS);
	CHECK_EQ(SCardReleaseContext(ctx), SCARD_S_SUCCESS);
	for (i = 0; i < 20; i++) {
		CHECK(fd[i] == 3 + i && !fstat(fd[i], &st) && st.st_rdev == makedev(1, 3));
		close(fd[i]);
	}
	basic();
}

static void module_reloaded(void)
{
	SCARDCONTEXT ctx = establish();
	SCARD_READERSTATE rs;
	DWORD known, n;

	wait_for_reader(ctx);
	change(ctx, PNP, 0, 0, &rs);
	known = rs.dwEventState;
	shell("(sleep 0.1; rmmod scard) &");
	CHECK_EQ(change(ctx, PNP, known, 10000, &rs), SCARD_S_SUCCESS);
	shell("while [ -d /sys/module/scard ]; do sleep 0.1; done");
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_E_NO_SERVICE);
	shell(". /run/vm/config && insmod \"$vm_module\"");
	wait_for_reader(ctx);
	SCardReleaseContext(ctx);
	basic();
}

static void many_readers(void)
{
	const int all = 256;
	SCARDCONTEXT ctx;
	SCARD_READERSTATE *rs = calloc(all, sizeof(*rs)), *there = NULL;
	char *names = NULL, *p, command[1000];
	int device;	/* vreader has at most 7 interfaces of 16 slots */
	double begin;
	SCARDHANDLE card;
	DWORD n = 0, protocol;
	unsigned int sw;
	int i, count = 0;

	shell("vreaderctl quit >/dev/null");
	for (device = 0; device < 3; device++) {
		sprintf(command, "vreader --background --control /run/many%d.sock --product Many",
			device);
		for (i = 0; i < (device < 2 ? 7 : 2); i++)
			strcat(command, " --profile multi4 --slots 16 --busy 16 --card none");
		if (device == 2)
			strcat(command, " --card 15:iso,t=1");
		shell(command);
	}
	ctx = establish();
	for (i = 0; i < 300 && count < all; i++) {
		SCARD_READERSTATE pnp;

		SCardFreeMemory(ctx, names);
		n = SCARD_AUTOALLOCATE;
		count = 0;
		names = NULL;
		if (SCardListReaders(ctx, NULL, (LPSTR)&names, &n))
			names = NULL;
		for (p = names; p && *p && count < all; p += strlen(p) + 1)
			rs[count++].szReader = p;
		if (count < all)
			change(ctx, PNP, 0, 200, &pnp);
	}
	CHECK_EQ(count, all);
	begin = seconds();
	CHECK_EQ(SCardGetStatusChange(ctx, 10000, rs, count), SCARD_S_SUCCESS);
	printf("# SCardGetStatusChange of %d readers, first call: %.1f ms\n", count,
	       (seconds() - begin) * 1e3);
	for (i = 0; i < count; i++) {
		CHECK(rs[i].dwEventState & (SCARD_STATE_PRESENT | SCARD_STATE_EMPTY));
		if (rs[i].dwEventState & SCARD_STATE_PRESENT) {
			CHECK(!there);
			there = &rs[i];
		}
		rs[i].dwCurrentState = rs[i].dwEventState & ~(DWORD)SCARD_STATE_CHANGED;
	}
	CHECK(there);
	if (!there)
		exit(1);
	shell("(sleep 0.1; vreaderctl -s /run/many2.sock remove 31) >/dev/null &");
	CHECK_EQ(SCardGetStatusChange(ctx, 10000, rs, count), SCARD_S_SUCCESS);
	CHECK_EQ(there->dwEventState & 0xffff, SCARD_STATE_CHANGED | SCARD_STATE_EMPTY);
	there->dwCurrentState = there->dwEventState & ~(DWORD)SCARD_STATE_CHANGED;
	begin = seconds();
	for (i = 0; i < 10; i++)
		CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_S_SUCCESS);
	printf("# SCardListReaders of %d readers: %.3f ms\n", count, (seconds() - begin) * 1e2);
	shell("vreaderctl -s /run/many2.sock insert 31 >/dev/null");
	CHECK_EQ(SCardGetStatusChange(ctx, 10000, rs, count), SCARD_S_SUCCESS);
	CHECK_EQ(there->dwEventState & 0xffff, SCARD_STATE_CHANGED | SCARD_STATE_PRESENT);
	CHECK_EQ(SCardConnect(ctx, there->szReader, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, &card,
			      &protocol), SCARD_S_SUCCESS);
	CHECK_EQ(send_apdu(card, "\x00\xa4\x00\x00", 4, &sw), SCARD_S_SUCCESS);
	SCardFreeMemory(ctx, names);
	CHECK_EQ(SCardDisconnect(card, SCARD_LEAVE_CARD), SCARD_S_SUCCESS);
	free(rs);
	for (device = 0; device < 3; device++) {
		sprintf(command, "vreaderctl -s /run/many%d.sock quit >/dev/null", device);
		shell(command);
	}
	wait_for_no_reader(ctx);
	shell(ONE_SLOT);
	wait_for_reader(ctx);
	SCardReleaseContext(ctx);
}

static void *begin_in_a_thread(void *arg)
{
	return (void *)SCardBeginTransaction(*(SCARDHANDLE *)arg);
}

/* PCSCLITE_NO_BLOCKING: calls do not wait for another handle's transaction, except Begin. */
static void no_blocking(void)
{
	SCARDCONTEXT other_ctx = establish(), ctx;
	SCARDHANDLE other = connect_card(other_ctx), card;
	pthread_t thread;
	unsigned int sw;
	double begin;
	DWORD n;
	void *ret;

	setenv("PCSCLITE_NO_BLOCKING", "1", 1);
	ctx = establish();
	unsetenv("PCSCLITE_NO_BLOCKING");
	card = connect_card(ctx);
	CHECK_EQ(SCardBeginTransaction(other), SCARD_S_SUCCESS);
	begin = seconds();
	CHECK_EQ(SCardStatus(card, NULL, NULL, NULL, NULL, NULL, NULL), SCARD_E_SHARING_VIOLATION);
	CHECK_EQ(send_apdu(card, "\x00\xa4\x00\x00", 4, &sw), SCARD_E_SHARING_VIOLATION);
	CHECK_EQ(SCardReconnect(card, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, SCARD_LEAVE_CARD, &n),
		 SCARD_E_SHARING_VIOLATION);
	CHECK(seconds() - begin < 5);
	CHECK(!pthread_create(&thread, NULL, begin_in_a_thread, &card));
	usleep(200000);
	CHECK_EQ(SCardEndTransaction(other, SCARD_LEAVE_CARD), SCARD_S_SUCCESS);
	pthread_join(thread, &ret);
	CHECK_EQ((LONG)ret, SCARD_S_SUCCESS);
	CHECK_EQ(send_apdu(card, "\x00\xa4\x00\x00", 4, &sw), SCARD_S_SUCCESS);
	CHECK_EQ(SCardEndTransaction(card, SCARD_LEAVE_CARD), SCARD_S_SUCCESS);
	SCardReleaseContext(ctx);
	SCardReleaseContext(other_ctx);
}

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{ "a simple client", basic },
	{ "cards come and go", insert_and_remove },
	{ "the reader goes and comes", unplug_and_replug },
	{ "a process that is killed in a transaction", killed_owner },
	{ "waits that are cancelled, interrupted, overtaken by a reset", waits },
	{ "PCSCLITE_NO_BLOCKING", no_blocking },
	{ "a forked child", forked_child },
	{ "a user without permission", no_permission },
	{ "all descriptors are closed behind the library's back", closed_descriptors },
	{ "the module is unloaded and loaded", module_reloaded },
	{ "256 readers", many_readers },
	{ "a simple client, again", basic },
};

static void run(const char *name, void (*f)(void))
{
	tap_test("%s", name);
	alarm(100);
	f();
	tap_test_end();
}

int main(int argc, char **argv)
{
	SCARDCONTEXT ctx;
	size_t i;

	self = argv[0];
	if (argc > 1 && !strcmp(argv[1], "victim"))
		return victim();
	if (argc > 2 && !strcmp(argv[1], "basic")) {
		run(argv[2], basic);
		return tap_end();
	}
	if (argc > 2 && !strcmp(argv[1], "replug")) {
		run(argv[2], replug_behind_node);
		return tap_end();
	}
	if (argc > 1 && !strcmp(argv[1], "no-service")) {
		tap_result(SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &ctx) ==
			   SCARD_E_NO_SERVICE, "without the module there is no service");
		return tap_end();
	}
	shell(ONE_SLOT);
	ctx = establish();
	wait_for_reader(ctx);
	SCardReleaseContext(ctx);
	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		run(tests[i].name, tests[i].run);
	return tap_end();
}
