// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A libpcsclite.so.1 like pcsc-lite's since version 2.2: it forwards all calls to a library that
 * the first SCardEstablishContext loads, LIBPCSCLITE_DELEGATE or libpcsclite_real.so.1. If that
 * is missing it prints an error, and all calls fail.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <winscard.h>

const SCARD_IO_REQUEST g_rgSCardT0Pci = { SCARD_PROTOCOL_T0, sizeof(SCARD_IO_REQUEST) };
const SCARD_IO_REQUEST g_rgSCardT1Pci = { SCARD_PROTOCOL_T1, sizeof(SCARD_IO_REQUEST) };
const SCARD_IO_REQUEST g_rgSCardRawPci = { SCARD_PROTOCOL_RAW, sizeof(SCARD_IO_REQUEST) };

#define FUNCTIONS								\
	F(ReleaseContext, (SCARDCONTEXT c), (c))				\
	F(IsValidContext, (SCARDCONTEXT c), (c))				\
	F(Cancel, (SCARDCONTEXT c), (c))					\
	F(FreeMemory, (SCARDCONTEXT c, LPCVOID m), (c, m))			\
	F(ListReaderGroups, (SCARDCONTEXT c, LPSTR g, LPDWORD n), (c, g, n))	\
	F(ListReaders, (SCARDCONTEXT c, LPCSTR g, LPSTR r, LPDWORD n), (c, g, r, n))	\
	F(GetStatusChange, (SCARDCONTEXT c, DWORD t, SCARD_READERSTATE *s, DWORD n), (c, t, s, n))	\
	F(Connect, (SCARDCONTEXT c, LPCSTR r, DWORD m, DWORD p, LPSCARDHANDLE h, LPDWORD a),	\
	  (c, r, m, p, h, a))							\
	F(Reconnect, (SCARDHANDLE h, DWORD m, DWORD p, DWORD i, LPDWORD a), (h, m, p, i, a))	\
	F(Disconnect, (SCARDHANDLE h, DWORD d), (h, d))				\
	F(BeginTransaction, (SCARDHANDLE h), (h))				\
	F(EndTransaction, (SCARDHANDLE h, DWORD d), (h, d))			\
	F(Status, (SCARDHANDLE h, LPSTR r, LPDWORD n, LPDWORD s, LPDWORD p, LPBYTE a, LPDWORD l),	\
	  (h, r, n, s, p, a, l))						\
	F(Transmit, (SCARDHANDLE h, const SCARD_IO_REQUEST *s, LPCBYTE b, DWORD n,	\
		     SCARD_IO_REQUEST *q, LPBYTE r, LPDWORD l), (h, s, b, n, q, r, l))	\
	F(Control, (SCARDHANDLE h, DWORD c, LPCVOID b, DWORD n, LPVOID r, DWORD l, LPDWORD x),	\
	  (h, c, b, n, r, l, x))						\
	F(GetAttrib, (SCARDHANDLE h, DWORD i, LPBYTE a, LPDWORD n), (h, i, a, n))	\
	F(SetAttrib, (SCARDHANDLE h, DWORD i, LPCBYTE a, DWORD n), (h, i, a, n))

#define F(name, parameters, arguments)						\
static LONG (*real_##name) parameters;						\
LONG SCard##name parameters							\
{										\
	return real_##name ? real_##name arguments : SCARD_F_INTERNAL_ERROR;	\
}
FUNCTIONS
#undef F

static LONG (*real_EstablishContext)(DWORD, LPCVOID, LPCVOID, LPSCARDCONTEXT);

static void load(void)
{
	const char *name = secure_getenv("LIBPCSCLITE_DELEGATE");
	void *library = dlopen(name ? name : "libpcsclite_real.so.1", RTLD_LAZY);

	if (!library) {
		fprintf(stderr, "%s\n", dlerror());
		return;
	}
	*(void **)&real_EstablishContext = dlsym(library, "SCardEstablishContext");
	if (real_EstablishContext == SCardEstablishContext) {
		fprintf(stderr, "that is this library\n");
		real_EstablishContext = NULL;
		return;
	}
#define F(name, parameters, arguments) *(void **)&real_##name = dlsym(library, "SCard" #name);
	FUNCTIONS
#undef F
}

LONG SCardEstablishContext(DWORD s, LPCVOID r1, LPCVOID r2, LPSCARDCONTEXT c)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, load);
	return real_EstablishContext ? real_EstablishContext(s, r1, r2, c) : SCARD_F_INTERNAL_ERROR;
}

const char *pcsc_stringify_error(LONG code)
{
	static char text[40];

	snprintf(text, sizeof(text), "0x%08lX", (unsigned long)code);
	return text;
}
