// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SCardDisconnect as the WinSCard documentation shows it: types, constants and flow of a
 * Windows program, unchanged. Connects to the card in the first reader, and leaves it as it
 * was.
 *
 *	cc disconnect.c $(pkg-config --cflags --libs libscard)
 */
#include <stdio.h>
#include <stdlib.h>
#include <winscard.h>

int main(void)
{
	SCARDCONTEXT	hContext;
	SCARDHANDLE	hCardHandle;
	DWORD		dwActiveProtocol;
	DWORD		cchReaders = SCARD_AUTOALLOCATE;
	LPSTR		pmszReaders = NULL;
	LONG		lReturn;

	lReturn = SCardEstablishContext(SCARD_SCOPE_USER, NULL, NULL, &hContext);
	if (SCARD_S_SUCCESS != lReturn) {
		printf("Failed SCardEstablishContext: %s\n", pcsc_stringify_error(lReturn));
		exit(1);
	}

	lReturn = SCardListReaders(hContext, NULL, (LPSTR)&pmszReaders, &cchReaders);
	if (SCARD_S_SUCCESS != lReturn) {
		printf("Failed SCardListReaders: %s\n", pcsc_stringify_error(lReturn));
		exit(1);
	}

	lReturn = SCardConnect(hContext, pmszReaders, SCARD_SHARE_SHARED,
			       SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &hCardHandle,
			       &dwActiveProtocol);
	if (SCARD_S_SUCCESS != lReturn) {
		printf("Failed SCardConnect: %s\n", pcsc_stringify_error(lReturn));
		exit(1);
	}

	/* Use the connection; this example prints the protocol only. */
	switch (dwActiveProtocol) {
	case SCARD_PROTOCOL_T0:
		printf("Active protocol T0\n");
		break;
	case SCARD_PROTOCOL_T1:
		printf("Active protocol T1\n");
		break;
	default:
		printf("Active protocol unnegotiated or unknown\n");
		break;
	}

	/* Disconnect the card. */
	lReturn = SCardDisconnect(hCardHandle, SCARD_LEAVE_CARD);
	if (SCARD_S_SUCCESS != lReturn) {
		printf("Failed SCardDisconnect: %s\n", pcsc_stringify_error(lReturn));
		exit(1);
	}

	SCardFreeMemory(hContext, pmszReaders);
	lReturn = SCardReleaseContext(hContext);
	if (SCARD_S_SUCCESS != lReturn) {
		printf("Failed SCardReleaseContext: %s\n", pcsc_stringify_error(lReturn));
		exit(1);
	}
	return 0;
}
