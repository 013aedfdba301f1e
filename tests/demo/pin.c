// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The reset protects a verified PIN. QEMU's card asks for no PIN and keeps its state at a reset,
 * so this part uses the virtual reader and its ISO card.
 */
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include "demo.h"
#include "usbmon.h"

#define INDENT "      to the reader:  "

/* Connect and ask whether the PIN is verified, as a process of its own would. */
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

	puts("\n== 5. The reset protects a verified PIN ==\n");
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
	check(sw == 0x9000, "the PIN stays verified: the process asked for SCARD_LEAVE_CARD");

	pid = start_process(reader, "verify");
	if (!pid)
		return;
	printf("\n    process %d has verified the PIN; now: kill -9 %d\n", pid, pid);
	usbmon_clear();
	kill_process(pid);
	sw = ask(reader, SCARD_LEAVE_CARD);
	messages = usbmon_print(INDENT);
	say_answer(sw);
	check(!strcmp(messages, "IccPowerOn XfrBlock"), "the card was reset before the command");
	check(sw == 0x63c3, "the next process does not inherit the verified PIN");
}
