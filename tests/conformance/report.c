// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Results (error codes, states, protocols, bytes) as text.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conformance.h"

#define TEXTS	64
#define LONGEST	1200

const char *case_name = "";

static char *next_text(void)
{
	static __thread char texts[TEXTS][LONGEST];
	static __thread unsigned int next;

	return texts[next++ % TEXTS];
}

/* Write a line at once: a case may have several threads and processes. */
static void line(const char *what, const char *format, va_list args)
{
	char out[2 * LONGEST];
	int n = snprintf(out, sizeof(out), "%s%s%s\t", case_name, what ? "/" : "",
			 what ? what : "");

	n += vsnprintf(out + n, sizeof(out) - n - 1, format, args);
	if (n > (int)sizeof(out) - 2)
		n = sizeof(out) - 2;
	out[n++] = '\n';
	if (write(STDOUT_FILENO, out, n) != n)
		_exit(1);
}

void say(const char *what, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	line(what, format, args);
	va_end(args);
}

/* Report that the situation of the case cannot be reached. */
void give_up(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	line("cannot", format, args);
	va_end(args);
	_exit(1);
}

const char *print(const char *format, ...)
{
	char *out = next_text();
	va_list args;

	va_start(args, format);
	vsnprintf(out, LONGEST, format, args);
	va_end(args);
	return out;
}

const char *code(LONG ret)
{
	static const struct {
		LONG code;
		const char *name;
	} names[] = {
#define NAME(code) { code, #code }
		NAME(SCARD_S_SUCCESS), NAME(SCARD_F_INTERNAL_ERROR), NAME(SCARD_E_CANCELLED),
		NAME(SCARD_E_INVALID_HANDLE), NAME(SCARD_E_INVALID_PARAMETER),
		NAME(SCARD_E_INVALID_TARGET), NAME(SCARD_E_NO_MEMORY),
		NAME(SCARD_F_WAITED_TOO_LONG), NAME(SCARD_E_INSUFFICIENT_BUFFER),
		NAME(SCARD_E_UNKNOWN_READER), NAME(SCARD_E_TIMEOUT),
		NAME(SCARD_E_SHARING_VIOLATION), NAME(SCARD_E_NO_SMARTCARD),
		NAME(SCARD_E_UNKNOWN_CARD), NAME(SCARD_E_CANT_DISPOSE),
		NAME(SCARD_E_PROTO_MISMATCH), NAME(SCARD_E_NOT_READY),
		NAME(SCARD_E_INVALID_VALUE), NAME(SCARD_E_SYSTEM_CANCELLED),
		NAME(SCARD_F_COMM_ERROR), NAME(SCARD_F_UNKNOWN_ERROR),
		NAME(SCARD_E_INVALID_ATR), NAME(SCARD_E_NOT_TRANSACTED),
		NAME(SCARD_E_READER_UNAVAILABLE), NAME(SCARD_E_PCI_TOO_SMALL),
		NAME(SCARD_E_READER_UNSUPPORTED), NAME(SCARD_E_DUPLICATE_READER),
		NAME(SCARD_E_CARD_UNSUPPORTED), NAME(SCARD_E_NO_SERVICE),
		NAME(SCARD_E_SERVICE_STOPPED), NAME(SCARD_E_UNSUPPORTED_FEATURE),
		NAME(SCARD_E_NO_READERS_AVAILABLE), NAME(SCARD_W_UNSUPPORTED_CARD),
		NAME(SCARD_W_UNRESPONSIVE_CARD), NAME(SCARD_W_UNPOWERED_CARD),
		NAME(SCARD_W_RESET_CARD), NAME(SCARD_W_REMOVED_CARD),
		NAME(SCARD_W_SECURITY_VIOLATION),
#undef NAME
	};
	size_t i;

	for (i = 0; i < COUNT(names); i++) {
		if (names[i].code == ret)
			return names[i].name + strlen("SCARD_S_");
	}
	return print("%#lx", ret);
}

const char *bytes(const void *data, size_t n)
{
	const unsigned char *in = data;
	char *out = next_text();
	size_t i;

	out[0] = '\0';
	for (i = 0; i < n && 2 * i + 8 < LONGEST; i++)
		sprintf(out + 2 * i, "%02X", in[i]);
	return out;
}

const char *text(const char *data, size_t n)
{
	char *out = next_text();
	size_t i, at = 0;

	for (i = 0; i < n && at + 8 < LONGEST; i++) {
		if (data[i] == '\0')
			at += sprintf(out + at, "\\0");
		else if (isprint((unsigned char)data[i]))
			out[at++] = data[i];
		else
			at += sprintf(out + at, "\\x%02X", (unsigned char)data[i]);
	}
	out[at] = '\0';
	return out;
}

struct bit {
	DWORD bit;
	const char *name;
};

static const char *bit_names(const struct bit *bits, size_t n, DWORD value, const char *none)
{
	char *out = next_text();
	size_t i, at = 0;

	out[0] = '\0';
	for (i = 0; i < n; i++) {
		if (!(value & bits[i].bit))
			continue;
		at += sprintf(out + at, "%s%s", at ? "|" : "", bits[i].name);
		value &= ~bits[i].bit;
	}
	if (value)
		sprintf(out + at, "%s%#lx", at ? "|" : "", value);
	else if (!at)
		return none;
	return out;
}

const char *protocol_name(DWORD protocol)
{
	static const struct bit bits[] = {
		{ SCARD_PROTOCOL_T0, "T0" }, { SCARD_PROTOCOL_T1, "T1" },
		{ SCARD_PROTOCOL_RAW, "RAW" }, { SCARD_PROTOCOL_T15, "T15" },
		{ 0x1000, "OLD" },
	};

	return bit_names(bits, COUNT(bits), protocol, "no-protocol");
}

/* Print the counter in the high word as its increase since the start of the case. */
static const char *with_counter(const char *names, DWORD value)
{
	return print("%s +%lu", names, ((value >> 16) - first_event) & 0xffff);
}

const char *status_name(DWORD state)
{
	static const struct bit bits[] = {
		{ SCARD_UNKNOWN, "UNKNOWN" }, { SCARD_ABSENT, "ABSENT" },
		{ SCARD_PRESENT, "PRESENT" }, { SCARD_SWALLOWED, "SWALLOWED" },
		{ SCARD_POWERED, "POWERED" }, { SCARD_NEGOTIABLE, "NEGOTIABLE" },
		{ SCARD_SPECIFIC, "SPECIFIC" },
	};

	return with_counter(bit_names(bits, COUNT(bits), state & 0xffff, "no-state"), state);
}

const char *state_name(DWORD state)
{
	static const struct bit bits[] = {
		{ SCARD_STATE_IGNORE, "IGNORE" }, { SCARD_STATE_CHANGED, "CHANGED" },
		{ SCARD_STATE_UNKNOWN, "UNKNOWN" }, { SCARD_STATE_UNAVAILABLE, "UNAVAILABLE" },
		{ SCARD_STATE_EMPTY, "EMPTY" }, { SCARD_STATE_PRESENT, "PRESENT" },
		{ SCARD_STATE_ATRMATCH, "ATRMATCH" }, { SCARD_STATE_EXCLUSIVE, "EXCLUSIVE" },
		{ SCARD_STATE_INUSE, "INUSE" }, { SCARD_STATE_MUTE, "MUTE" },
		{ SCARD_STATE_UNPOWERED, "UNPOWERED" },
	};

	return bit_names(bits, COUNT(bits), state & 0xffff, "UNAWARE");
}

const char *share_name(DWORD mode)
{
	switch (mode) {
	case SCARD_SHARE_EXCLUSIVE:	return "exclusive";
	case SCARD_SHARE_SHARED:	return "shared";
	case SCARD_SHARE_DIRECT:	return "direct";
	default:			return print("mode-%lx", mode);
	}
}

const char *disposition_name(DWORD disposition)
{
	switch (disposition) {
	case SCARD_LEAVE_CARD:		return "leave";
	case SCARD_RESET_CARD:		return "reset";
	case SCARD_UNPOWER_CARD:	return "unpower";
	case SCARD_EJECT_CARD:		return "eject";
	default:			return print("disposition-%lx", disposition);
	}
}
