// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the reset is good for. QEMU's card asks for no PIN and forgets nothing at a reset,
 * so this is shown with the virtual reader and its ISO card, which does both.
 */
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include "demo.h"
#include "usbmon.h"

#define INDENT "      to the reader:  "

/* A process of its own would do the same: connect and ask whether the PIN is verified. */
static int ask(const char *reader, DWORD disposition)
{
	struct handle h;
	int sw;

	if (!handle_connect(&h, reader))
		return -1;
	sw = handle_apdu(&h, ask_pin, sizeof(ask_pin), false);
	handle_disconnect(&h, disposition);
	return sw;
}

static void say_answer(int sw)
{
	printf("      next process:   VERIFY without a PIN answers %04X, %s\n", sw,
	       sw == 0x9000 ? "it is verified" : "not verified");
}

void pin(const char *reader)
{
	const char *messages;
	pid_t pid;
	int sw;

	puts("\n== 5. What that is good for: a verified PIN ==\n");
	printf("    SCardListReaders: %s\n", reader);
	if (!watch_reader(reader))
		return;
	sw = ask(reader, SCARD_LEAVE_CARD);
	check(sw == 0x63c3, "the PIN is not verified, three tries left (%04X)", sw);

	pid = start_process(reader, "verify-leave");
	if (!pid)
		return;
	printf("\n    process %d has verified the PIN and calls SCardDisconnect(SCARD_LEAVE_CARD)\n",
	       pid);
	kill_process(pid);
	sw = ask(reader, SCARD_RESET_CARD);
	say_answer(sw);
	check(sw == 0x9000, "it said that the card may stay as it is");

	pid = start_process(reader, "verify");
	if (!pid)
		return;
	printf("\n    process %d has verified the PIN; now: kill -9 %d\n", pid, pid);
	usbmon_clear();
	kill_process(pid);
	sw = ask(reader, SCARD_LEAVE_CARD);
	messages = usbmon_print(INDENT);
	say_answer(sw);
	check(!strcmp(messages, "IccPowerOn XfrBlock"), "the card was reset before it was asked");
	check(sw == 0x63c3, "nobody inherits a verified PIN");
}
