// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: demo session | demo pin | demo process READER select|verify|verify-leave
 *
 * The parts of the demonstration that call the SCard API, and the process that they kill.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <reader.h>

#include "demo.h"
#include "usbmon.h"

/* SELECT of the CAC applet for the first key; VERIFY of the ISO card's PIN 1234 */
const BYTE select_applet[12] = { 0x00, 0xa4, 0x04, 0x00, 7, 0xa0, 0, 0, 0, 0x79, 1, 0 };
const BYTE verify_pin[9] = { 0x00, 0x20, 0x00, 0x01, 4, '1', '2', '3', '4' };
const BYTE ask_pin[4] = { 0x00, 0x20, 0x00, 0x01 };

static unsigned int failures;

void check(bool good, const char *format, ...)
{
	va_list args;

	printf("    %s ", good ? "  ok:" : "  NOT OK:");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	failures += !good;
}

const char *code_name(LONG code)
{
	switch (code) {
	case SCARD_S_SUCCESS:
		return "SCARD_S_SUCCESS";
	case SCARD_W_RESET_CARD:
		return "SCARD_W_RESET_CARD";
	case SCARD_W_REMOVED_CARD:
		return "SCARD_W_REMOVED_CARD";
	default:
		return pcsc_stringify_error(code);
	}
}

bool handle_connect(struct handle *h, const char *reader)
{
	LONG code = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &h->context);

	if (!code)
		code = SCardConnect(h->context, reader, SCARD_SHARE_SHARED,
				    SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &h->card, &h->protocol);
	if (code)
		check(false, "SCardConnect: %s", pcsc_stringify_error(code));
	return !code;
}

void handle_disconnect(struct handle *h, DWORD disposition)
{
	LONG code = SCardDisconnect(h->card, disposition);

	if (code)
		check(false, "SCardDisconnect: %s", pcsc_stringify_error(code));
	SCardReleaseContext(h->context);
}

/* SCARD_ATTR_CHANNEL_ID of a USB device is 0020, bus, address. */
bool watch_reader(const char *reader)
{
	struct handle h;
	uint32_t channel = 0;
	DWORD len = sizeof(channel);
	LONG code;

	if (!handle_connect(&h, reader))
		return false;
	code = SCardGetAttrib(h.card, SCARD_ATTR_CHANNEL_ID, (LPBYTE)&channel, &len);
	handle_disconnect(&h, SCARD_LEAVE_CARD);
	if (code || channel >> 16 != 0x0020 ||
	    !usbmon_open(channel >> 8 & 0xff, channel & 0xff)) {
		check(false, "the kernel's USB monitor shows the messages to the reader (%s)",
		      code_name(code));
		return false;
	}
	return true;
}

LONG handle_status(const struct handle *h)
{
	return SCardStatus(h->card, NULL, NULL, NULL, NULL, NULL, NULL);
}

static void print_bytes(const char *label, const BYTE *data, DWORD len)
{
	DWORD i;

	printf("    %s", label);
	for (i = 0; i < len; i++)
		printf(" %02X", data[i]);
	putchar('\n');
}

int handle_apdu(const struct handle *h, const BYTE *apdu, DWORD len, bool say)
{
	const SCARD_IO_REQUEST *pci = h->protocol == SCARD_PROTOCOL_T1 ? SCARD_PCI_T1 :
				      SCARD_PCI_T0;
	BYTE answer[258];
	DWORD room = sizeof(answer);
	LONG code = SCardTransmit(h->card, pci, apdu, len, NULL, answer, &room);

	if (say)
		print_bytes("command", apdu, len);
	if (code || room < 2) {
		printf("    SCardTransmit: %s\n", code_name(code));
		return -1;
	}
	if (say)
		print_bytes("answer ", answer, room);
	return answer[room - 2] << 8 | answer[room - 1];
}

/* The other process: report that it uses the card, and wait for SIGKILL. */
int process_main(const char *reader, const char *what)
{
	bool pin = strcmp(what, "select");
	struct handle h;
	int sw;

	if (!handle_connect(&h, reader))
		return 1;
	sw = pin ? handle_apdu(&h, verify_pin, sizeof(verify_pin), false) :
		   handle_apdu(&h, select_applet, sizeof(select_applet), false);
	if (sw != 0x9000 && sw >> 8 != 0x61)
		return 1;
	if (!strcmp(what, "verify-leave"))
		handle_disconnect(&h, SCARD_LEAVE_CARD);
	if (write(STDOUT_FILENO, "+", 1) != 1)
		return 1;
	for (;;)
		pause();
}

pid_t start_process(const char *reader, const char *what)
{
	char ready;
	int pair[2];
	pid_t pid;

	fflush(stdout);
	if (pipe(pair))
		return 0;
	pid = fork();
	if (!pid) {
		dup2(pair[1], STDOUT_FILENO);
		close(pair[0]);
		close(pair[1]);
		execl("/proc/self/exe", "demo", "process", reader, what, (char *)NULL);
		_exit(127);
	}
	close(pair[1]);
	if (pid < 0 || read(pair[0], &ready, 1) != 1 || ready != '+') {
		check(false, "the other process uses the card");
		pid = 0;
	}
	close(pair[0]);
	return pid;
}

void kill_process(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static const char *find_now(SCARDCONTEXT context, const char *part)
{
	static char readers[4096];
	DWORD len = sizeof(readers);
	const char *name;

	if (SCardListReaders(context, NULL, readers, &len))
		return NULL;
	for (name = readers; *name; name += strlen(name) + 1)
		if (strstr(name, part))
			return name;
	return NULL;
}

/* Find the first reader whose name contains @part; wait for a reader that was just plugged in. */
static const char *find_reader(const char *part)
{
	SCARD_READERSTATE change = { .szReader = "\\\\?PnP?\\Notification" };
	const char *name = NULL;
	SCARDCONTEXT context;
	int i;

	if (!SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context)) {
		for (i = 0; i < 20 && !(name = find_now(context, part)); i++)
			SCardGetStatusChange(context, 250, &change, 1);
		SCardReleaseContext(context);
	}
	if (!name)
		check(false, "no reader \"%s\" in SCardListReaders", part);
	return name;
}

int main(int argc, char **argv)
{
	const char *reader;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 4 && !strcmp(argv[1], "process"))
		return process_main(argv[2], argv[3]);
	if (argc != 2)
		return 2;
	/* at first, QEMU's reader is the only one */
	reader = find_reader(strcmp(argv[1], "pin") ? "" : "Virtual Reader");
	if (!reader)
		return 1;
	if (!strcmp(argv[1], "session"))
		session(reader);
	else
		pin(reader);
	return failures > 0;
}
