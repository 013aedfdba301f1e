// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SCARD_E_INVALID_PARAMETER, SCARD_E_INVALID_HANDLE, SCARD_E_INSUFFICIENT_BUFFER,
 * SCARD_AUTOALLOCATE: arguments, the order of checks, and buffers, function by function.
 */
#include <limits.h>

#include "test.h"

#define BAD	0x12345678

static void context_arguments(void)
{
	SCARDCONTEXT ctx = 77;

	CHECK_EQ(SCardEstablishContext(SCARD_SCOPE_USER, NULL, NULL, NULL),
		 SCARD_E_INVALID_PARAMETER);
	CHECK_EQ(SCardEstablishContext(4, NULL, NULL, &ctx), SCARD_E_INVALID_VALUE);
	CHECK_EQ(ctx, 0);
	CHECK_EQ(SCardEstablishContext(4, NULL, NULL, NULL), SCARD_E_INVALID_PARAMETER);
	CHECK_EQ(SCardIsValidContext(0), SCARD_E_INVALID_HANDLE);
	CHECK_EQ(SCardReleaseContext(BAD), SCARD_E_INVALID_HANDLE);
	CHECK_EQ(SCardCancel(BAD), SCARD_E_INVALID_HANDLE);
	CHECK_EQ(SCardIsValidContext(-1), SCARD_E_INVALID_HANDLE);
	ctx = establish();
	CHECK(ctx > 0 && ctx <= 0x7fffffff);
	CHECK_EQ(SCardIsValidContext(ctx), SCARD_S_SUCCESS);
	CHECK_EQ(SCardCancel(ctx), SCARD_S_SUCCESS);
	CHECK_EQ(SCardDisconnect(ctx, SCARD_LEAVE_CARD), SCARD_E_INVALID_HANDLE);
	CHECK_EQ(SCardReleaseContext(ctx), SCARD_S_SUCCESS);
	CHECK_EQ(SCardReleaseContext(ctx), SCARD_E_INVALID_HANDLE);
	CHECK_EQ(SCardIsValidContext(ctx), SCARD_E_INVALID_HANDLE);
}

static void list_readers_arguments(void)
{
	SCARDCONTEXT ctx = establish();
	char buf[100], *allocated = NULL;
	DWORD n = 7;

	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, NULL), SCARD_E_INVALID_PARAMETER);
	CHECK_EQ(SCardListReaders(BAD, NULL, NULL, NULL), SCARD_E_INVALID_PARAMETER);
	CHECK_EQ(SCardListReaders(BAD, NULL, NULL, &n), SCARD_E_INVALID_HANDLE);
	CHECK_EQ(n, 7);
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_E_NO_READERS_AVAILABLE);
	CHECK_EQ(n, 1);
	plug_reader(false);
	CHECK_EQ(SCardListReaders(ctx, "any\0group\0", NULL, &n), SCARD_S_SUCCESS);
	CHECK_EQ(n, sizeof(READER) + 1);
	n = sizeof(READER);
	memset(buf, 'x', sizeof(buf));
	CHECK_EQ(SCardListReaders(ctx, NULL, buf, &n), SCARD_E_INSUFFICIENT_BUFFER);
	CHECK_EQ(n, sizeof(READER) + 1);
	CHECK(buf[0] == 'x');
	CHECK_EQ(SCardListReaders(ctx, NULL, buf, &n), SCARD_S_SUCCESS);
	CHECK(!memcmp(buf, READER "\0", sizeof(READER) + 1) && buf[n] == 'x');
	n = SCARD_AUTOALLOCATE;
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_E_INVALID_PARAMETER);
	n = SCARD_AUTOALLOCATE;
	CHECK_EQ(SCardListReaders(ctx, NULL, (LPSTR)&allocated, &n), SCARD_S_SUCCESS);
	CHECK_EQ(n, sizeof(READER) + 1);
	CHECK(allocated && !memcmp(allocated, buf, n));
	CHECK_EQ(SCardFreeMemory(BAD, allocated), SCARD_E_INVALID_HANDLE);
	CHECK_EQ(SCardFreeMemory(ctx, allocated), SCARD_S_SUCCESS);
	CHECK_EQ(SCardFreeMemory(ctx, NULL), SCARD_S_SUCCESS);
	SCardReleaseContext(ctx);
}

static void list_groups_arguments(void)
{
	SCARDCONTEXT ctx = establish();
	char buf[100], *allocated = NULL;
	DWORD n = 0;

	CHECK_EQ(SCardListReaderGroups(ctx, NULL, NULL), SCARD_E_INVALID_PARAMETER);
	CHECK_EQ(SCardListReaderGroups(BAD, NULL, &n), SCARD_E_INVALID_HANDLE);
	CHECK_EQ(SCardListReaderGroups(ctx, NULL, &n), SCARD_S_SUCCESS);
	CHECK_EQ(n, 22);
	n = 21;
	CHECK_EQ(SCardListReaderGroups(ctx, buf, &n), SCARD_E_INSUFFICIENT_BUFFER);
	CHECK_EQ(n, 22);
	CHECK_EQ(SCardListReaderGroups(ctx, buf, &n), SCARD_S_SUCCESS);
	CHECK(!memcmp(buf, "SCard$DefaultReaders\0", 22));
	n = SCARD_AUTOALLOCATE;
	CHECK_EQ(SCardListReaderGroups(ctx, (LPSTR)&allocated, &n), SCARD_S_SUCCESS);
	CHECK(!memcmp(buf, allocated, 22));
	SCardFreeMemory(ctx, allocated);
	SCardReleaseContext(ctx);
}

static void connect_arguments(void)
{
	SCARDCONTEXT ctx = establish();
	SCARDHANDLE card = 5;
	char name[200];
	DWORD p = 99;

	plug_reader(true);
	CHECK_EQ(SCardConnect(BAD, NULL, 9, 0, NULL, &p), SCARD_E_INVALID_PARAMETER);
	CHECK_EQ(SCardConnect(BAD, NULL, 9, 0, &card, NULL), SCARD_E_INVALID_PARAMETER);
	CHECK_EQ(card, 5);
	CHECK_EQ(SCardConnect(BAD, NULL, 9, 0, &card, &p), SCARD_E_UNKNOWN_READER);
	CHECK_EQ(card, 0);
	memset(name, 'n', sizeof(name));
	name[129] = '\0';
	CHECK_EQ(SCardConnect(BAD, name, 9, 0, &card, &p), SCARD_E_INVALID_VALUE);
	name[128] = '\0';
	CHECK_EQ(SCardConnect(BAD, name, 9, 0, &card, &p), SCARD_E_INVALID_HANDLE);
	CHECK_EQ(p, 99);
	CHECK_EQ(SCardConnect(ctx, name, 9, 0, &card, &p), SCARD_E_PROTO_MISMATCH);
	CHECK_EQ(p, 0);
	p = 99;
	CHECK_EQ(SCardConnect(ctx, name, 9, SCARD_PROTOCOL_T15, &card, &p),
		 SCARD_E_PROTO_MISMATCH);
	CHECK_EQ(SCardConnect(ctx, name, 9, SCARD_PROTOCOL_T0, &card, &p), SCARD_E_INVALID_VALUE);
	CHECK_EQ(SCardConnect(ctx, name, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0, &card, &p),
		 SCARD_E_UNKNOWN_READER);
	CHECK_EQ(SCardConnect(ctx, "", SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0, &card, &p),
		 SCARD_E_UNKNOWN_READER);
	CHECK_EQ(p, 0);
	CHECK_EQ(SCardConnect(ctx, READER, SCARD_SHARE_SHARED, 0x1000, &card, &p),
		 SCARD_S_SUCCESS);
	CHECK(card > 0 && card <= 0x7fffffff);
	CHECK_EQ(p, SCARD_PROTOCOL_T1);
	CHECK_EQ(SCardIsValidContext(card), SCARD_E_INVALID_HANDLE);
	CHECK_EQ(SCardReleaseContext(card), SCARD_E_INVALID_HANDLE);
	CHECK_EQ(SCardDisconnect(card, SCARD_LEAVE_CARD), SCARD_S_SUCCESS);
	SCardReleaseContext(ctx);
}

static void card_call_arguments(void)
{
	SCARDCONTEXT ctx = establish();
	SCARDHANDLE card;
	DWORD p = 0;

	plug_reader(true);
	card = connect_shared(ctx);
	CHECK_EQ(SCardReconnect(BAD, 9, 0, 9, NULL), SCARD_E_INVALID_PARAMETER);
	CHECK_EQ(SCardReconnect(BAD, 9, 0, 9, &p), SCARD_E_INVALID_HANDLE);
	CHECK_EQ(SCardReconnect(card, 9, 0, SCARD_EJECT_CARD, &p), SCARD_E_INVALID_VALUE);
	CHECK_EQ(SCardReconnect(card, 9, 0, SCARD_LEAVE_CARD, &p), SCARD_E_INVALID_VALUE);
	CHECK_EQ(SCardReconnect(card, SCARD_SHARE_SHARED, 0, SCARD_LEAVE_CARD, &p),
		 SCARD_E_PROTO_MISMATCH);
	CHECK_EQ(SCardReconnect(card, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0, SCARD_LEAVE_CARD, &p),
		 SCARD_E_PROTO_MISMATCH);
	CHECK_EQ(SCardReconnect(card, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0, SCARD_RESET_CARD, &p),
		 SCARD_S_SUCCESS);
	CHECK_EQ(p, SCARD_PROTOCOL_T0);

	CHECK_EQ(SCardBeginTransaction(BAD), SCARD_E_INVALID_HANDLE);
	CHECK_EQ(SCardEndTransaction(BAD, 9), SCARD_E_INVALID_HANDLE);
	CHECK_EQ(SCardEndTransaction(card, SCARD_LEAVE_CARD), SCARD_E_NOT_TRANSACTED);
	CHECK_EQ(SCardBeginTransaction(card), SCARD_S_SUCCESS);
	CHECK_EQ(SCardEndTransaction(card, 4), SCARD_E_INVALID_VALUE);
	CHECK_EQ(SCardEndTransaction(card, 9), SCARD_E_INVALID_VALUE);
	CHECK_EQ(SCardEndTransaction(card, SCARD_LEAVE_CARD), SCARD_S_SUCCESS);

	CHECK_EQ(SCardDisconnect(BAD, 9), SCARD_E_INVALID_HANDLE);
	CHECK_EQ(SCardDisconnect(card, 4), SCARD_E_INVALID_VALUE);
	CHECK_EQ(SCardDisconnect(card, 9), SCARD_E_INVALID_VALUE);
	CHECK_EQ(fake_handles(0), 1);
	CHECK_EQ(SCardDisconnect(card, SCARD_LEAVE_CARD), SCARD_S_SUCCESS);
	CHECK_EQ(SCardDisconnect(card, SCARD_LEAVE_CARD), SCARD_E_INVALID_HANDLE);
	SCardReleaseContext(ctx);
}

static void transmit_arguments(void)
{
	static const SCARD_IO_REQUEST t0 = { SCARD_PROTOCOL_T0, 0 };
	static const SCARD_IO_REQUEST none = { 0, 16 }, any_old = { 0x1000, 16 };
	SCARD_IO_REQUEST recv = { 0x77, 0x88 };
	SCARDCONTEXT ctx = establish();
	BYTE big[65600] = { 0 }, out[600];
	SCARDHANDLE card;
	DWORD n = 5;

	plug_reader(true);
	card = connect_shared(ctx);
	CHECK_EQ(SCardTransmit(BAD, NULL, big, 4, NULL, out, &n), SCARD_E_INVALID_PARAMETER);
	CHECK_EQ(SCardTransmit(BAD, SCARD_PCI_T1, NULL, 4, NULL, out, &n),
		 SCARD_E_INVALID_PARAMETER);
	CHECK_EQ(SCardTransmit(BAD, SCARD_PCI_T1, big, 4, NULL, NULL, &n),
		 SCARD_E_INVALID_PARAMETER);
	CHECK_EQ(SCardTransmit(BAD, SCARD_PCI_T1, big, 4, NULL, out, NULL),
		 SCARD_E_INVALID_PARAMETER);
	CHECK_EQ(n, 5);
	CHECK_EQ(SCardTransmit(BAD, SCARD_PCI_T1, big, 4, NULL, out, &n), SCARD_E_INVALID_HANDLE);
	CHECK_EQ(n, 0);
	n = sizeof(out);
	CHECK_EQ(transmit(card, big, 65549, out, &n), SCARD_E_INSUFFICIENT_BUFFER);
	CHECK_EQ(SCardTransmit(card, &t0, big, 4, NULL, out, &n), SCARD_E_PROTO_MISMATCH);
	CHECK_EQ(n, 0);
	n = sizeof(out);
	CHECK_EQ(SCardTransmit(card, &none, big, 4, NULL, out, &n), SCARD_E_PROTO_MISMATCH);
	n = sizeof(out);
	CHECK_EQ(SCardTransmit(card, &any_old, big, 4, &recv, out, &n), SCARD_S_SUCCESS);
	CHECK_EQ(n, 6);
	CHECK_EQ(recv.dwProtocol, 0x77);
	n = sizeof(out);
	CHECK_EQ(SCardTransmit(card, SCARD_PCI_RAW, big, 4, NULL, out, &n), SCARD_S_SUCCESS);
	/*
	 * the answer is too long: the card executes the command, the length is returned, nothing
	 * is written
	 */
	memset(out, 0x11, sizeof(out));
	n = 257;
	CHECK_EQ(transmit(card, "\x00\xc0\x01", 3, out, &n), SCARD_E_INSUFFICIENT_BUFFER);
	CHECK_EQ(n, 258);
	CHECK_EQ(out[0], 0x11);
	CHECK_EQ(transmit(card, "\x00\xc0\x01", 3, out, &n), SCARD_S_SUCCESS);
	CHECK_EQ(n, 258);
	CHECK(out[256] == 0x90 && out[258] == 0x11);
	n = sizeof(out);
	CHECK_EQ(transmit(card, "\x00\xff", 2, out, &n), SCARD_E_NOT_TRANSACTED);
	CHECK_EQ(n, 0);
	/* one system call for each call */
	fake_ioctls();
	n = sizeof(out);
	CHECK_EQ(transmit(card, big, 4, out, &n), SCARD_S_SUCCESS);
	CHECK_EQ(fake_ioctls(), 1);
	SCardReleaseContext(ctx);
}

static void status_arguments(void)
{
	static const BYTE atr[] = { 0x3b, 0x02, 0x14, 0x50 };
	DWORD name_len = 50, state = 5, protocol = 5, atr_len = 33;
	SCARDCONTEXT ctx = establish();
	char name[100], *allocated = NULL;
	BYTE buf[33], *atr_allocated = NULL;
	SCARDHANDLE card;

	plug_reader(true);
	CHECK_EQ(SCardStatus(BAD, name, &name_len, &state, &protocol, buf, &atr_len),
		 SCARD_E_INVALID_HANDLE);
	CHECK(!name_len && !state && !protocol && !atr_len);
	card = connect_shared(ctx);
	CHECK_EQ(SCardStatus(card, NULL, NULL, NULL, NULL, NULL, NULL), SCARD_S_SUCCESS);
	CHECK_EQ(SCardStatus(card, NULL, &name_len, &state, &protocol, NULL, &atr_len),
		 SCARD_S_SUCCESS);
	CHECK_EQ(name_len, sizeof(READER));
	CHECK_EQ(atr_len, sizeof(atr));
	CHECK_EQ(state, 0x10034);
	CHECK_EQ(protocol, SCARD_PROTOCOL_T1);
	memset(name, 'x', sizeof(name));
	memset(buf, 0x11, sizeof(buf));
	CHECK_EQ(SCardStatus(card, name, &name_len, NULL, NULL, buf, &atr_len), SCARD_S_SUCCESS);
	CHECK(!strcmp(name, READER) && name[sizeof(READER)] == 'x');
	CHECK(!memcmp(buf, atr, sizeof(atr)) && buf[sizeof(atr)] == 0x11);
	/* the buffer is too small: the part that fits, and the whole length */
	memset(name, 'x', sizeof(name));
	memset(buf, 0x11, sizeof(buf));
	name_len = 3;
	atr_len = 33;
	CHECK_EQ(SCardStatus(card, name, &name_len, NULL, NULL, buf, &atr_len),
		 SCARD_E_INSUFFICIENT_BUFFER);
	CHECK_EQ(name_len, sizeof(READER));
	CHECK(!memcmp(name, "Tesx", 4));
	CHECK(!memcmp(buf, atr, sizeof(atr)));
	atr_len = 1;
	buf[1] = 0x11;
	CHECK_EQ(SCardStatus(card, name, &name_len, NULL, NULL, buf, &atr_len),
		 SCARD_E_INSUFFICIENT_BUFFER);
	CHECK_EQ(atr_len, 4);
	CHECK_EQ(buf[1], 0x11);
	CHECK_EQ(SCardStatus(card, name, NULL, NULL, NULL, NULL, NULL),
		 SCARD_E_INSUFFICIENT_BUFFER);
	name_len = SCARD_AUTOALLOCATE;
	CHECK_EQ(SCardStatus(card, NULL, &name_len, NULL, NULL, NULL, NULL),
		 SCARD_E_INVALID_PARAMETER);
	atr_len = SCARD_AUTOALLOCATE;
	CHECK_EQ(SCardStatus(card, NULL, NULL, NULL, NULL, NULL, &atr_len),
		 SCARD_E_INVALID_PARAMETER);
	name_len = atr_len = SCARD_AUTOALLOCATE;
	CHECK_EQ(SCardStatus(card, (LPSTR)&allocated, &name_len, NULL, NULL,
			     (LPBYTE)&atr_allocated, &atr_len), SCARD_S_SUCCESS);
	CHECK(!strcmp(allocated, READER) && !memcmp(atr_allocated, atr, sizeof(atr)));
	SCardFreeMemory(ctx, allocated);
	SCardFreeMemory(ctx, atr_allocated);
	SCardReleaseContext(ctx);
}

static void control_arguments(void)
{
	SCARDCONTEXT ctx = establish();
	SCARDHANDLE card;
	BYTE in[] = { 1, 2, 3 }, out[40];
	DWORD n = 5;

	plug_reader(true);
	CHECK_EQ(SCardControl(BAD, 1, in, 65549, out, sizeof(out), &n), SCARD_E_INVALID_HANDLE);
	CHECK_EQ(n, 0);
	card = connect_to(ctx, READER, SCARD_SHARE_DIRECT);
	CHECK_EQ(SCardControl(card, 1, in, 65549, out, sizeof(out), &n),
		 SCARD_E_INSUFFICIENT_BUFFER);
	CHECK_EQ(SCardControl(card, 1, in, 3, out, sizeof(out), &n), SCARD_E_UNSUPPORTED_FEATURE);
	CHECK_EQ(SCardControl(card, 1, in, 3, out, sizeof(out), &n),
		 SCARD_E_UNSUPPORTED_FEATURE);
	CHECK_EQ(SCardControl(card, SCARD_CTL_CODE(1), in, 3, out, sizeof(out), &n),
		 SCARD_S_SUCCESS);
	CHECK(n == 3 && !memcmp(in, out, 3));
	CHECK_EQ(SCardControl(card, SCARD_CTL_CODE(1), in, 3, out, 2, &n),
		 SCARD_E_INSUFFICIENT_BUFFER);
	CHECK_EQ(n, 3);
	CHECK_EQ(SCardControl(card, SCARD_CTL_CODE(1), NULL, 0, NULL, 0, NULL), SCARD_S_SUCCESS);
	CHECK_EQ(SCardControl(card, CM_IOCTL_GET_FEATURE_REQUEST, NULL, 0, out, sizeof(out), &n),
		 SCARD_S_SUCCESS);
	CHECK_EQ(n, sizeof(PCSC_TLV_STRUCTURE));
	/* in the layout of programs for Windows */
	CHECK_EQ(SCardControl(card, 0x313520, NULL, 0, out, sizeof(out), &n), SCARD_S_SUCCESS);
	CHECK_EQ(n, sizeof(PCSC_TLV_STRUCTURE));
	SCardReleaseContext(ctx);
}

static void attribute_arguments(void)
{
	const DWORD friendly = SCARD_ATTR_DEVICE_FRIENDLY_NAME;
	SCARDCONTEXT ctx = establish();
	char buf[300], *allocated = NULL;
	SCARDHANDLE card;
	DWORD n = 5;

	plug_reader(true);
	CHECK_EQ(SCardGetAttrib(BAD, friendly, NULL, NULL), SCARD_E_INVALID_PARAMETER);
	CHECK_EQ(SCardGetAttrib(BAD, friendly, NULL, &n), SCARD_E_INVALID_HANDLE);
	n = SCARD_AUTOALLOCATE;
	CHECK_EQ(SCardGetAttrib(BAD, friendly, NULL, &n), SCARD_E_INVALID_PARAMETER);
	card = connect_shared(ctx);
	n = 265;
	CHECK_EQ(SCardGetAttrib(card, friendly, (LPBYTE)buf, &n), SCARD_E_INSUFFICIENT_BUFFER);
	n = 1;
	CHECK_EQ(SCardGetAttrib(card, friendly, NULL, &n), SCARD_S_SUCCESS);
	CHECK_EQ(n, sizeof(READER));
	CHECK_EQ(SCardGetAttrib(card, friendly, (LPBYTE)buf, &n), SCARD_S_SUCCESS);
	CHECK(!strcmp(buf, READER));
	n = sizeof(READER);
	CHECK_EQ(SCardGetAttrib(card, SCARD_ATTR_DEVICE_SYSTEM_NAME, (LPBYTE)buf, &n),
		 SCARD_S_SUCCESS);
	CHECK(!strcmp(buf, READER));
	n = SCARD_AUTOALLOCATE;
	CHECK_EQ(SCardGetAttrib(card, SCARD_ATTR_VENDOR_NAME, (LPBYTE)&allocated, &n),
		 SCARD_S_SUCCESS);
	CHECK(n == 6 && !strcmp(allocated, "Maker"));
	SCardFreeMemory(ctx, allocated);
	memset(buf, 'x', sizeof(buf));
	n = 3;
	CHECK_EQ(SCardGetAttrib(card, SCARD_ATTR_VENDOR_NAME, (LPBYTE)buf, &n),
		 SCARD_E_INSUFFICIENT_BUFFER);
	CHECK_EQ(n, 6);
	CHECK(!memcmp(buf, "Makx", 4));
	n = 264;
	CHECK_EQ(SCardGetAttrib(card, 0x12345, (LPBYTE)buf, &n), SCARD_E_UNSUPPORTED_FEATURE);
	CHECK_EQ(SCardGetAttrib(card, 0x12345, (LPBYTE)buf, &n),
		 SCARD_E_UNSUPPORTED_FEATURE);

	CHECK_EQ(SCardSetAttrib(BAD, 1, NULL, 4), SCARD_E_INVALID_PARAMETER);
	CHECK_EQ(SCardSetAttrib(BAD, 1, (LPBYTE)buf, 0), SCARD_E_INVALID_PARAMETER);
	CHECK_EQ(SCardSetAttrib(BAD, 1, (LPBYTE)buf, 265), SCARD_E_INVALID_HANDLE);
	CHECK_EQ(SCardSetAttrib(card, 1, (LPBYTE)buf, 265), SCARD_E_INSUFFICIENT_BUFFER);
	CHECK_EQ(SCardSetAttrib(card, 1, (LPBYTE)buf, 4), SCARD_E_UNSUPPORTED_FEATURE);
	SCardReleaseContext(ctx);
}

static void status_change_arguments(void)
{
	SCARDCONTEXT ctx = establish();
	SCARD_READERSTATE rs[2] = { { .szReader = READER }, { .szReader = "no such reader" } };

	plug_reader(true);
	CHECK_EQ(SCardGetStatusChange(BAD, 0, NULL, 0), SCARD_S_SUCCESS);
	CHECK_EQ(SCardGetStatusChange(BAD, 0, NULL, 1), SCARD_E_INVALID_PARAMETER);
	CHECK_EQ(SCardGetStatusChange(BAD, 0, rs, 0), SCARD_S_SUCCESS);
	rs[1].szReader = NULL;
	CHECK_EQ(SCardGetStatusChange(BAD, 0, rs, 2), SCARD_E_INVALID_VALUE);
	CHECK_EQ(SCardGetStatusChange(BAD, 0, rs, 1), SCARD_E_INVALID_HANDLE);
	rs[0].dwCurrentState = SCARD_STATE_IGNORE | SCARD_STATE_EMPTY;
	CHECK_EQ(SCardGetStatusChange(BAD, INFINITE, rs, 1), SCARD_S_SUCCESS);
	rs[0].dwCurrentState = 0;
	rs[0].dwEventState = rs[1].dwEventState = 0x5555;
	rs[1].szReader = "no such reader";
	CHECK_EQ(SCardGetStatusChange(ctx, INFINITE, rs, 2), SCARD_E_UNKNOWN_READER);
	rs[1].dwCurrentState = SCARD_STATE_IGNORE;
	CHECK_EQ(SCardGetStatusChange(ctx, INFINITE, rs, 2), SCARD_E_UNKNOWN_READER);
	CHECK_EQ(rs[0].dwEventState, 0x5555);
	rs[1].szReader = "\\\\?pnp?\\NOTIFICATION";
	CHECK_EQ(SCardGetStatusChange(ctx, INFINITE, rs, 2), SCARD_S_SUCCESS);
	CHECK_EQ(rs[0].dwEventState, 0x10022);
	CHECK_EQ(rs[1].dwEventState, 0);
	SCardReleaseContext(ctx);
}

#if ULONG_MAX > 0xffffffff
/* In the upper half of each argument by value, as programs that declare 32 bits leave it */
#define RUBBISH(value)	((value) | 0x5a5a5a5a00000000)

static void upper_halves(void)
{
	/* two words of 32 bits: protocol and length */
	static const uint32_t narrow_pci[] = { SCARD_PROTOCOL_T1, 8 };
	const BYTE command[] = { 0x00, 0xa4, 0x00, 0x00 };
	SCARD_IO_REQUEST pci = { RUBBISH(SCARD_PROTOCOL_T1), sizeof(pci) };
	SCARD_READERSTATE rs = { .szReader = READER };
	DWORD p, n = 0, room;
	SCARDCONTEXT ctx;
	SCARDHANDLE card;
	BYTE answer[16];

	plug_reader(true);
	CHECK_EQ(SCardEstablishContext(RUBBISH(SCARD_SCOPE_SYSTEM), NULL, NULL, &ctx),
		 SCARD_S_SUCCESS);
	CHECK_EQ(SCardListReaders(ctx, NULL, NULL, &n), SCARD_S_SUCCESS);
	CHECK_EQ(SCardGetStatusChange(ctx, RUBBISH(0), &rs, RUBBISH(1)), SCARD_S_SUCCESS);
	CHECK_EQ(SCardConnect(ctx, READER, RUBBISH(SCARD_SHARE_SHARED),
			      RUBBISH(SCARD_PROTOCOL_ANY), &card, &p), SCARD_S_SUCCESS);
	/* but not in handles, as with pcscd */
	CHECK_EQ(SCardIsValidContext(RUBBISH(ctx)), SCARD_E_INVALID_HANDLE);
	CHECK_EQ(SCardBeginTransaction(RUBBISH(card)), SCARD_E_INVALID_HANDLE);
	CHECK_EQ(SCardReconnect(card, RUBBISH(SCARD_SHARE_SHARED), RUBBISH(SCARD_PROTOCOL_ANY),
				RUBBISH(SCARD_LEAVE_CARD), &p), SCARD_S_SUCCESS);
	CHECK_EQ(SCardBeginTransaction(card), SCARD_S_SUCCESS);
	room = sizeof(answer);
	CHECK_EQ(SCardTransmit(card, &pci, command, RUBBISH(sizeof(command)), NULL, answer, &room),
		 SCARD_S_SUCCESS);
	room = sizeof(answer);
	CHECK_EQ(SCardTransmit(card, (const void *)narrow_pci, command, sizeof(command), NULL,
			       answer, &room), SCARD_S_SUCCESS);
	CHECK_EQ(SCardControl(card, RUBBISH(CM_IOCTL_GET_FEATURE_REQUEST), NULL, RUBBISH(0),
			      answer, RUBBISH(sizeof(answer)), &n), SCARD_S_SUCCESS);
	n = sizeof(answer);
	CHECK_EQ(SCardGetAttrib(card, RUBBISH(SCARD_ATTR_ICC_PRESENCE), answer, &n),
		 SCARD_S_SUCCESS);
	CHECK_EQ(SCardSetAttrib(card, RUBBISH(SCARD_ATTR_ICC_PRESENCE), answer, RUBBISH(1)),
		 SCARD_E_UNSUPPORTED_FEATURE);
	CHECK_EQ(SCardStatus(card, NULL, NULL, NULL, NULL, NULL, NULL), SCARD_S_SUCCESS);
	CHECK_EQ(SCardEndTransaction(card, RUBBISH(SCARD_LEAVE_CARD)), SCARD_S_SUCCESS);
	CHECK_EQ(SCardDisconnect(card, RUBBISH(SCARD_LEAVE_CARD)), SCARD_S_SUCCESS);
	CHECK_EQ(SCardCancel(ctx), SCARD_S_SUCCESS);
	CHECK_EQ(SCardReleaseContext(ctx), SCARD_S_SUCCESS);
}
#endif

const struct test argument_tests[] = {
#if ULONG_MAX > 0xffffffff
	{ "rubbish in the upper halves of arguments", upper_halves },
#endif
	{ "contexts: arguments", context_arguments },
	{ "SCardListReaders: arguments and buffers", list_readers_arguments },
	{ "SCardListReaderGroups: arguments and buffers", list_groups_arguments },
	{ "SCardConnect: order of checks", connect_arguments },
	{ "Reconnect, Begin, End, Disconnect: order of checks", card_call_arguments },
	{ "SCardTransmit: arguments and buffers", transmit_arguments },
	{ "SCardStatus: arguments and buffers", status_arguments },
	{ "SCardControl: arguments and buffers", control_arguments },
	{ "SCardGetAttrib, SCardSetAttrib: arguments and buffers", attribute_arguments },
	{ "SCardGetStatusChange: arguments", status_change_arguments },
	{ NULL, NULL }
};
