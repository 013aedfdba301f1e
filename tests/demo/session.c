// SPDX-License-Identifier: GPL-2.0-or-later
/* A session with QEMU's reader: connect, an APDU, four ways to disconnect, and a killed process. */
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include "demo.h"
#include "usbmon.h"

#define INDENT "      to the reader:  "

static const struct {
	DWORD disposition;
	const char *name;
	const char *messages;	/* expected messages to the reader */
	LONG second;		/* expected status of the second handle */
	const char *meaning;
} ways[] = {
	{ SCARD_LEAVE_CARD, "SCARD_LEAVE_CARD", "", SCARD_S_SUCCESS,
	  "the card keeps its state" },
	{ SCARD_RESET_CARD, "SCARD_RESET_CARD", "IccPowerOn", SCARD_W_RESET_CARD,
	  "a warm reset: power on without power off" },
	{ SCARD_UNPOWER_CARD, "SCARD_UNPOWER_CARD", "IccPowerOff", SCARD_W_RESET_CARD,
	  "the power is off" },
	{ SCARD_EJECT_CARD, "SCARD_EJECT_CARD", "IccPowerOff", SCARD_W_RESET_CARD,
	  "the reader cannot eject: as UNPOWER" },
};

static void reconnect(struct handle *h)
{
	LONG code = SCardReconnect(h->card, SCARD_SHARE_SHARED,
				   SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, SCARD_LEAVE_CARD,
				   &h->protocol);

	if (code)
		check(false, "SCardReconnect: %s", code_name(code));
}

static void first_apdu(const char *reader)
{
	struct handle h;
	int sw;

	puts("\n== 2. SCardConnect, and an APDU ==\n");
	usbmon_clear();
	if (!handle_connect(&h, reader))
		return;
	printf("    SCardConnect: SCARD_S_SUCCESS, protocol T=%d\n", h.protocol == SCARD_PROTOCOL_T1);
	usbmon_print(INDENT);
	sw = handle_apdu(&h, select_applet, sizeof(select_applet), true);
	check(!strcmp(usbmon_print(INDENT), "XfrBlock"), "the command reached the card once");
	check(sw >> 8 == 0x61, "the card selected its applet (61xx: the answer can be fetched)");
	handle_disconnect(&h, SCARD_LEAVE_CARD);
}

static void disconnect_all_ways(const char *reader)
{
	struct handle first, second;
	const char *messages;
	unsigned int i;
	LONG seen;

	puts("\n== 3. SCardDisconnect, four ways; with a second handle connected ==");
	if (!handle_connect(&second, reader))
		return;
	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (!handle_connect(&first, reader))
			return;
		usbmon_clear();
		printf("\n    SCardDisconnect(%s)\n", ways[i].name);
		handle_disconnect(&first, ways[i].disposition);
		messages = usbmon_print(INDENT);
		seen = handle_status(&second);
		printf("      second handle:  SCardStatus returns %s\n", code_name(seen));
		check(!strcmp(messages, ways[i].messages), "%s", ways[i].meaning);
		check(seen == ways[i].second, seen == SCARD_S_SUCCESS ?
		      "the second handle gets no event" : "the second handle gets the event");
		reconnect(&second);
		usbmon_clear();
	}
	handle_disconnect(&second, SCARD_LEAVE_CARD);
}

static void death(const char *reader)
{
	struct handle second, next;
	const char *messages;
	pid_t pid;
	LONG seen;
	int sw;

	puts("\n== 4. A process is killed before SCardDisconnect ==\n");
	if (!handle_connect(&second, reader))
		return;
	pid = start_process(reader, "select");
	if (!pid)
		return;
	printf("    process %d has connected and selected an applet; now: kill -9 %d\n", pid, pid);
	usbmon_clear();
	kill_process(pid);
	if (!handle_connect(&next, reader))
		return;
	puts("    the next process has connected and sends its first command");
	sw = handle_apdu(&next, select_applet, sizeof(select_applet), false);
	messages = usbmon_print(INDENT);
	seen = handle_status(&second);
	printf("      second handle:  SCardStatus returns %s\n", code_name(seen));
	check(!strcmp(messages, "IccPowerOn XfrBlock"),
	      "one reset, before the first byte of the next process");
	check(sw >> 8 == 0x61, "the next process uses the card");
	check(seen == SCARD_W_RESET_CARD, "the second handle gets the event");
	handle_disconnect(&next, SCARD_LEAVE_CARD);
	handle_disconnect(&second, SCARD_LEAVE_CARD);
}

void session(const char *reader)
{
	puts("== 1. The reader ==\n");
	printf("    SCardListReaders: %s\n", reader);
	if (!watch_reader(reader))
		return;
	check(true, "QEMU's CCID reader, driven by scard.ko");
	first_apdu(reader);
	disconnect_all_ways(reader);
	death(reader);
}
