// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ABI: a client linked to the data objects (g_rgSCardT0Pci ...) and to every function. With
 * either libpcsclite.so.1 it prints the same.
 */
#include <stdio.h>
#include <winscard.h>

static const SCARD_IO_REQUEST *const requests[] = {
	SCARD_PCI_T0, SCARD_PCI_T1, SCARD_PCI_RAW,
};

/* Calls that need no reader and no service */
static void calls(void)
{
	BYTE byte = 0;
	DWORD n = 0;

	printf("%lx\n", SCardReleaseContext(12345));
	printf("%lx\n", SCardIsValidContext(12345));
	printf("%lx\n", SCardCancel(12345));
	printf("%lx\n", SCardFreeMemory(12345, NULL));
	printf("%lx\n", SCardListReaderGroups(12345, NULL, &n));
	printf("%lx\n", SCardListReaders(12345, NULL, NULL, &n));
	printf("%lx\n", SCardGetStatusChange(12345, 0, NULL, 0));
	printf("%lx\n", SCardConnect(12345, "x", 2, 3, NULL, &n));
	printf("%lx\n", SCardReconnect(12345, 2, 3, 0, &n));
	printf("%lx\n", SCardDisconnect(12345, 0));
	printf("%lx\n", SCardBeginTransaction(12345));
	printf("%lx\n", SCardEndTransaction(12345, 0));
	printf("%lx\n", SCardStatus(12345, NULL, NULL, NULL, NULL, NULL, NULL));
	printf("%lx\n", SCardTransmit(12345, SCARD_PCI_T0, (LPCBYTE)"", 0, NULL, &byte, &n));
	printf("%lx\n", SCardControl(12345, 0, NULL, 0, NULL, 0, &n));
	printf("%lx\n", SCardGetAttrib(12345, 0, NULL, &n));
	printf("%lx\n", SCardSetAttrib(12345, 0, (LPCBYTE)"", 1));
}

int main(void)
{
	SCARDCONTEXT ctx;
	LONG code;
	size_t i;

	for (i = 0; i < 3; i++)
		printf("pci %lu %lu\n", requests[i]->dwProtocol, requests[i]->cbPciLength);
	for (code = 0x80100000; code < 0x80100100; code++)
		printf("%s\n", pcsc_stringify_error(code));
	printf("%s\n", pcsc_stringify_error(0));
	printf("%s\n", pcsc_stringify_error(1));
	printf("%s\n", pcsc_stringify_error(-1));

	calls();
	/* the result depends on the machine; pcsc-lite's redirector loads the library now */
	if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &ctx) == SCARD_S_SUCCESS)
		SCardReleaseContext(ctx);
	printf("established\n");
	calls();
	return 0;
}
