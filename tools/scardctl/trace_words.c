// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Describe an event of the module in words. Values that a table lacks, of a newer module, are
 * shown as numbers.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/scard.h>

#include "trace.h"

#define SLOTS	16

struct name {
	unsigned long value;
	const char *name;
};

#define NAME_END	{ 0, NULL }

/* PC/SC part 10 */
static const struct name controls[] = {
	{ 0x42000001, "ESCAPE" },
	{ 0x42000d48, "GET_FEATURE_REQUEST" },
	{ 0x42000e11, "USB_PATH" },
	{ 0x42330006, "VERIFY_PIN_DIRECT" },
	{ 0x42330007, "MODIFY_PIN_DIRECT" },
	{ 0x4233000a, "IFD_PIN_PROPERTIES" },
	{ 0x42330012, "GET_TLV_PROPERTIES" },
	{ 0x42330013, "CCID_ESC_COMMAND" },
	NAME_END
};

/* PC/SC part 3 */
static const struct name attributes[] = {
	{ 0x00010100, "VENDOR_NAME" },
	{ 0x00010101, "VENDOR_IFD_TYPE" },
	{ 0x00010102, "VENDOR_IFD_VERSION" },
	{ 0x00010103, "VENDOR_IFD_SERIAL_NO" },
	{ 0x00020110, "CHANNEL_ID" },
	{ 0x00030120, "ASYNC_PROTOCOL_TYPES" },
	{ 0x00060150, "CHARACTERISTICS" },
	{ 0x0007a007, "MAXINPUT" },
	{ 0x00080201, "CURRENT_PROTOCOL_TYPE" },
	{ 0x00090300, "ICC_PRESENCE" },
	{ 0x00090301, "ICC_INTERFACE_STATUS" },
	{ 0x00090303, "ATR_STRING" },
	{ 0x00090304, "ICC_TYPE_PER_ATR" },
	{ 0x7fff0001, "DEVICE_UNIT" },
	{ 0x7fff0002, "DEVICE_IN_USE" },
	NAME_END
};

/* bError of a failed command, CCID 1.1 section 6.2.6; below 0x80 the offset of the wrong byte */
static const struct name ccid_errors[] = {
	{ 0xff, "CMD_ABORTED" },
	{ 0xfe, "ICC_MUTE, the card does not answer" },
	{ 0xfd, "XFR_PARITY_ERROR" },
	{ 0xfc, "XFR_OVERRUN" },
	{ 0xfb, "HW_ERROR" },
	{ 0xf8, "BAD_ATR_TS" },
	{ 0xf7, "BAD_ATR_TCK" },
	{ 0xf6, "ICC_PROTOCOL_NOT_SUPPORTED" },
	{ 0xf5, "ICC_CLASS_NOT_SUPPORTED" },
	{ 0xf4, "PROCEDURE_BYTE_CONFLICT" },
	{ 0xf3, "DEACTIVATED_PROTOCOL" },
	{ 0xf2, "BUSY_WITH_AUTO_SEQUENCE" },
	{ 0xf0, "PIN_TIMEOUT" },
	{ 0xef, "PIN_CANCELLED" },
	{ 0xe0, "CMD_SLOT_BUSY" },
	{ 0x00, "the reader does not know this command" },
	{ 0x05, "the reader has no such slot" },
	NAME_END
};

/* bmRequestType << 8 | bRequest: CCID 1.1 section 5.3, ICCD 1.0, USB 2.0 section 9.4 */
static const struct name requests[] = {
	{ 0x2101, "ABORT" },
	{ 0xa102, "GET_CLOCK_FREQUENCIES" },
	{ 0xa103, "GET_DATA_RATES" },
	{ 0x2162, "ICC_POWER_ON" },
	{ 0x2163, "ICC_POWER_OFF" },
	{ 0x2165, "XFR_BLOCK" },
	{ 0xa16f, "DATA_BLOCK" },
	{ 0xa181, "SLOT_STATUS" },
	{ 0xa1a0, "GET_ICC_STATUS" },
	{ 0x0201, "CLEAR_FEATURE of a halted pipe" },
	NAME_END
};

/* Meanings of the errnos of the ABI; see linux/scard.h */
static const struct name errnos[] = {
	{ EPERM, "needs CAP_SYS_RAWIO" },
	{ ENODEV, "the reader is gone" },
	{ ENOTCONN, "not connected" },
	{ EISCONN, "connected already" },
	{ EBUSY, "another program holds the card" },
	{ EAGAIN, "the call would wait" },
	{ EINTR, "a signal" },
	{ ECANCELED, "cancelled" },
	{ ENOMEDIUM, "no card" },
	{ ESTALE, "another program has reset the card" },
	{ EIDRM, "the card was removed" },
	{ ENOLINK, "the card has no power" },
	{ EREMOTEIO, "the card does not answer" },
	{ EPROTONOSUPPORT, "no such protocol" },
	{ ENOLCK, "not in a transaction" },
	{ EMSGSIZE, "the answer does not fit" },
	{ EOPNOTSUPP, "the reader cannot do this" },
	{ EPROTO, "unexpected answer" },
	{ EPIPE, "the pipe is halted" },
	{ EOVERFLOW, "the answer is longer than the buffer" },
	{ EIO, "the exchange failed" },
	{ ETIMEDOUT, "not in time" },
	NAME_END
};

/* A text under construction; the end is dropped if it does not fit */
struct text {
	char *buf;
	size_t size;
	size_t len;
};

static void __attribute__((format(printf, 2, 3))) add(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->buf + t->len, t->size - t->len, format, args);
	va_end(args);
	if (n > 0)
		t->len += (size_t)n < t->size - t->len ? (size_t)n : t->size - t->len - 1;
}

static const char *known(const struct name *table, unsigned long value)
{
	for (; table->name; table++)
		if (table->value == value)
			return table->name;
	return NULL;
}

static void add_known(struct text *t, const struct name *table, unsigned long value)
{
	const char *name = known(table, value);

	if (name)
		add(t, "%s", name);
	else
		add(t, "0x%lx", value);
}

/* glibc 2.32 and later; elsewhere the number has to do */
static const char *errno_name(int error)
{
#ifdef __GLIBC_PREREQ
#if __GLIBC_PREREQ(2, 32)
	return strerrorname_np(error);
#endif
#endif
	(void)error;
	return NULL;
}

static void add_errno(struct text *t, long ret)
{
	const char *name = errno_name((int)-ret), *why = known(errnos, (unsigned long)-ret);

	if (ret == -512)	/* ERESTARTSYS, which programs do not see */
		add(t, "a signal, the kernel restarts the call");
	else if (name)
		add(t, "%s%s%s", name, why ? ", " : "", why ? why : "");
	else
		add(t, "%ld", ret);
}

static void add_bytes(struct text *t, long n)
{
	if (n)
		add(t, ", %ld byte%s", n, n == 1 ? "" : "s");
}

static void add_protocols(struct text *t, long protocols)
{
	static const char * const names[] = { "T=0", "T=1", "raw" };
	const char *separator = ", ";
	unsigned int i;

	for (i = 0; i < 3; i++) {
		if (!(protocols & 1 << i))
			continue;
		add(t, "%s%s", separator, names[i]);
		separator = " or ";
	}
}

static void say_connect(struct text *t, const struct trace_event *e)
{
	static const char * const closes[] = {
		"", "resets", "resets in a transaction", "powers off"
	};
	long flags = trace_number(e, "flags");

	add(t, "%s %s", e->word ? e->word : "", trace_value(e, "share"));
	add_protocols(t, trace_number(e, "protocols"));
	if (strcmp(trace_value(e, "initialization"), "LEAVE"))
		add(t, ", %s", trace_value(e, "initialization"));
	if (flags > 0 && flags < 4)
		add(t, ", a close %s", closes[flags]);
}

static void say_call(struct text *t, const struct trace_event *e)
{
	add(t, "%s", e->word ? e->word : "");
	if (e->word && !strcmp(e->word, "ATTR")) {
		add(t, " ");
		add_known(t, attributes, (unsigned long)trace_number(e, "arg"));
	}
}

static void say_return(struct text *t, const struct trace_event *e)
{
	long ret = trace_number(e, "ret");

	add(t, "%s ", e->word ? e->word : "");
	if (ret < 0) {
		add(t, "failed: ");
		add_errno(t, ret);
	} else {
		add(t, "done");
		add_bytes(t, trace_number(e, "len"));
	}
}

static void say_slot(struct text *t, const struct trace_event *e)
{
	const char *changed = trace_value(e, "changed"), *separator = "";
	long number;

	if (strstr(changed, "GONE")) {
		add(t, "reader gone");
		separator = ", ";
	}
	if (strstr(changed, "CARD")) {
		add(t, "%scard %s", separator, trace_value(e, "card"));
		separator = ", ";
	}
	if (strstr(changed, "EPOCH")) {
		add(t, "%sepoch %ld", separator, trace_number(e, "epoch"));
		separator = ", ";
	}
	if (strstr(changed, "PROTOCOL")) {
		number = trace_number(e, "protocol");
		add(t, "%s%s", separator, number ? "agreed" : "no protocol");
		add_protocols(t, number);
		separator = ", ";
	}
	if (strstr(changed, "OWNER")) {
		number = trace_number(e, "owner");
		if (number)
			add(t, "%stransaction of h%ld", separator, number);
		else
			add(t, "%sno transaction", separator);
		separator = ", ";
	}
	if (strstr(changed, "OWED")) {
		if (strcmp(trace_value(e, "owed"), "LEAVE"))
			add(t, "%s%s pending", separator, trace_value(e, "owed"));
		else
			add(t, "%snothing pending", separator);
		separator = ", ";
	}
	if (strstr(changed, "HANDLES"))
		add(t, "%s%ld connected%s", separator, trace_number(e, "connected"),
		    trace_number(e, "exclusive") ? ", exclusively" : "");
}

static void say_receive(struct text *t, const struct trace_event *e)
{
	static const char * const icc[] = { "", ", the card is off", ", no card", "" };
	long error = trace_number(e, "error");

	if (e->word && !strcmp(e->word, "0x0") && !trace_number(e, "len")) {
		add(t, "  < an empty transfer");
		return;
	}
	add(t, "  < %s", e->word ? e->word : "");
	add_bytes(t, trace_number(e, "len"));
	if (!trace_number(e, "matched"))
		add(t, ", unmatched");
	switch (trace_number(e, "cmd")) {
	case 1:
		add(t, ", failed: ");
		add_known(t, ccid_errors, (unsigned long)error);
		break;
	case 2:
		add(t, ", the card asks for more time, %ld times its waiting time",
		    error ? error : 1);
		break;
	}
	add(t, "%s", icc[trace_number(e, "icc") & 3]);
}

static void say_request(struct text *t, const struct trace_event *e)
{
	long ret = trace_number(e, "ret");

	add(t, "  > control pipe: ");
	add_known(t, requests, (unsigned long)(trace_number(e, "type") << 8 |
					       trace_number(e, "request")));
	add_bytes(t, trace_number(e, "len"));
	if (ret < 0) {
		add(t, ", failed: ");
		add_errno(t, ret);
	}
}

static void say_notify(struct text *t, const struct trace_event *e)
{
	long changed = trace_number(e, "changed"), present = trace_number(e, "present");
	const char *separator = "";
	unsigned int i;

	add(t, "  < interrupt pipe: ");
	for (i = 0; i < SLOTS; i++) {
		if (!(changed & 1 << i))
			continue;
		add(t, "%sslot %u has %s card", separator, i, present & 1 << i ? "a" : "no");
		separator = ", ";
	}
	if (!*separator)
		add(t, "no change");
}

void trace_words(const struct trace_event *e, char *buf, size_t size)
{
	struct text t = { .buf = buf, .size = size };
	const char *word = e->word ? e->word : "", *share;

	*buf = 0;
	if (!strcmp(e->name, "open")) {
		add(&t, "open");
	} else if (!strcmp(e->name, "close")) {
		share = trace_value(e, "share");
		add(&t, "close");
		if (strcmp(share, "NONE"))
			add(&t, " without DISCONNECT, was connected %s", share);
	} else if (!strcmp(e->name, "connect")) {
		say_connect(&t, e);
	} else if (!strcmp(e->name, "disconnect")) {
		add(&t, "%s %s", word, trace_value(e, "disposition"));
	} else if (!strcmp(e->name, "call")) {
		say_call(&t, e);
	} else if (!strcmp(e->name, "transmit")) {
		add(&t, "TRANSMIT");
		add_bytes(&t, trace_number(e, "len"));
		add_protocols(&t, trace_number(e, "protocol"));
	} else if (!strcmp(e->name, "control")) {
		add(&t, "CONTROL ");
		add_known(&t, controls, (unsigned long)trace_number(e, "code"));
		add_bytes(&t, trace_number(e, "len"));
	} else if (!strcmp(e->name, "return")) {
		say_return(&t, e);
	} else if (!strcmp(e->name, "wait")) {
		add(&t, "%s waits for its turn", word);
		if (trace_number(e, "owner"))
			add(&t, ": h%ld is in a transaction", trace_number(e, "owner"));
	} else if (!strcmp(e->name, "slot")) {
		say_slot(&t, e);
	} else if (!strcmp(e->name, "ccid_send")) {
		add(&t, "  > %s", word);
		add_bytes(&t, trace_number(e, "len"));
	} else if (!strcmp(e->name, "ccid_receive")) {
		say_receive(&t, e);
	} else if (!strcmp(e->name, "ccid_fail")) {
		add(&t, "  ! no answer: ");
		add_errno(&t, trace_number(e, "status"));
	} else if (!strcmp(e->name, "ccid_request")) {
		say_request(&t, e);
	} else if (!strcmp(e->name, "ccid_notify")) {
		say_notify(&t, e);
	} else {
		add(&t, "%s %s", e->name, word);
	}
}
