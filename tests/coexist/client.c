// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A client of the SCard API that executes the commands of its standard input, one per line, and
 * answers each with a line: the error code in hexadecimal, and the results. It runs with either
 * library.
 *
 *   connect shared|exclusive|direct         disconnect leave|reset|unpower
 *   reconnect leave|reset|unpower           apdu HEX
 *   begin                                   end
 *   status                                  wait present|empty
 *   features                                vendor
 *   quit
 *   list: the readers                       took: milliseconds of the line before
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <winscard.h>
#include <reader.h>

static SCARDCONTEXT context;
static SCARDHANDLE card;
static char reader[256];
static long took;

static void answer(LONG code, const BYTE *data, DWORD len)
{
	DWORD i;

	printf("%lx", (unsigned long)code);
	if (code == SCARD_S_SUCCESS && len)
		putchar(' ');
	for (i = 0; code == SCARD_S_SUCCESS && i < len; i++)
		printf("%02X", data[i]);
	putchar('\n');
	fflush(stdout);
}

static DWORD disposition(const char *word)
{
	return !strcmp(word, "reset") ? SCARD_RESET_CARD :
	       !strcmp(word, "unpower") ? SCARD_UNPOWER_CARD : SCARD_LEAVE_CARD;
}

/* Find the first reader; wait for it up to 10 seconds. */
static LONG find_reader(void)
{
	SCARD_READERSTATE pnp = { .szReader = "\\\\?PnP?\\Notification" };
	DWORD len;
	LONG ret;
	int i;

	for (i = 0; i < 10; i++) {
		len = sizeof(reader);
		ret = SCardListReaders(context, NULL, reader, &len);
		if (ret == SCARD_S_SUCCESS && *reader)
			return ret;
		SCardGetStatusChange(context, 1000, &pnp, 1);
		pnp.dwCurrentState = pnp.dwEventState & ~(DWORD)SCARD_STATE_CHANGED;
	}
	return ret == SCARD_S_SUCCESS ? SCARD_E_NO_READERS_AVAILABLE : ret;
}

static LONG wait_for(bool present)
{
	SCARD_READERSTATE state = { .szReader = reader };
	DWORD want = present ? SCARD_STATE_PRESENT : SCARD_STATE_EMPTY;
	LONG ret;
	int i;

	for (i = 0; i < 20; i++) {
		ret = SCardGetStatusChange(context, 1000, &state, 1);
		if (ret != SCARD_S_SUCCESS && ret != SCARD_E_TIMEOUT)
			return ret;
		if (state.dwEventState & want)
			return SCARD_S_SUCCESS;
		state.dwCurrentState = state.dwEventState & ~(DWORD)SCARD_STATE_CHANGED;
	}
	return SCARD_E_TIMEOUT;
}

static void apdu(const char *hex)
{
	const SCARD_IO_REQUEST *pci = SCARD_PCI_T1;
	BYTE send[300], recv[258];
	DWORD len = 0, got = sizeof(recv), state, protocol, n = 0, atr_len = 0;
	unsigned int byte;
	LONG ret;

	while (len < sizeof(send) && sscanf(hex + 2 * len, "%2x", &byte) == 1)
		send[len++] = byte;
	ret = SCardStatus(card, NULL, &n, &state, &protocol, NULL, &atr_len);
	if (ret == SCARD_S_SUCCESS && protocol == SCARD_PROTOCOL_T0)
		pci = SCARD_PCI_T0;
	if (ret == SCARD_S_SUCCESS)
		ret = SCardTransmit(card, pci, send, len, NULL, recv, &got);
	answer(ret, recv, got);
}

static long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void act(const char *verb, const char *word)
{
	DWORD mode = !strcmp(word, "exclusive") ? SCARD_SHARE_EXCLUSIVE :
		     !strcmp(word, "direct") ? SCARD_SHARE_DIRECT : SCARD_SHARE_SHARED;
	DWORD protocols = mode == SCARD_SHARE_DIRECT ? 0 : SCARD_PROTOCOL_ANY;
	DWORD protocol, state, len = MAX_ATR_SIZE, n = 0;
	BYTE data[300];
	LONG ret;

	if (!strcmp(verb, "connect")) {
		answer(SCardConnect(context, reader, mode, protocols, &card, &protocol), NULL, 0);
	} else if (!strcmp(verb, "disconnect")) {
		answer(SCardDisconnect(card, disposition(word)), NULL, 0);
	} else if (!strcmp(verb, "reconnect")) {
		answer(SCardReconnect(card, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY,
				      disposition(word), &protocol), NULL, 0);
	} else if (!strcmp(verb, "apdu")) {
		apdu(word);
	} else if (!strcmp(verb, "begin")) {
		answer(SCardBeginTransaction(card), NULL, 0);
	} else if (!strcmp(verb, "end")) {
		answer(SCardEndTransaction(card, SCARD_LEAVE_CARD), NULL, 0);
	} else if (!strcmp(verb, "status")) {
		ret = SCardStatus(card, NULL, &n, &state, &protocol, data, &len);
		answer(ret, data, len);
	} else if (!strcmp(verb, "list")) {
		len = sizeof(data);
		ret = SCardListReaders(context, NULL, (char *)data, &len);
		printf("%lx %s\n", (unsigned long)ret, ret == SCARD_S_SUCCESS ? (char *)data : "");
		fflush(stdout);
	} else if (!strcmp(verb, "took")) {
		printf("0 %ld\n", took);
		fflush(stdout);
	} else if (!strcmp(verb, "wait")) {
		answer(wait_for(!strcmp(word, "present")), NULL, 0);
	} else if (!strcmp(verb, "features")) {
		len = 0;
		ret = SCardControl(card, SCARD_CTL_CODE(3400), NULL, 0, data, sizeof(data), &len);
		answer(ret, data, len);
	} else if (!strcmp(verb, "vendor")) {
		len = MAX_BUFFER_SIZE;	/* the limit of pcsc-lite */
		ret = SCardGetAttrib(card, SCARD_ATTR_VENDOR_NAME, data, &len);
		answer(ret, data, len);
	} else {
		puts("what?");
		fflush(stdout);
	}
}

int main(void)
{
	char line[1024], verb[16], word[640];
	long since;
	LONG ret;

	ret = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context);
	if (ret == SCARD_S_SUCCESS)
		ret = find_reader();
	printf("%lx %s\n", (unsigned long)ret, reader);
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) && strcmp(line, "quit\n")) {
		*word = '\0';
		since = milliseconds();
		if (sscanf(line, "%15s %639s", verb, word) >= 1)
			act(verb, word);
		took = milliseconds() - since;
	}
	SCardReleaseContext(context);
	return EXIT_SUCCESS;
}
