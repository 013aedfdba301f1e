// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See usbmon.h. Reads the text interface (Documentation/usb/usbmon.rst, format 1u): a line for
 * each transfer, with its first 32 bytes, which include the CCID header.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "usbmon.h"

#define HEADER		10
#define MAX_MESSAGES	64

struct message {
	uint8_t type, slot, seq;
	uint32_t length;
	uint8_t special;	/* byte 7 */
};

static int monitor = -1;
static unsigned int bus, device;
static char pending[1 << 16];	/* incomplete line */
static size_t pending_len;
static struct message messages[MAX_MESSAGES];
static unsigned int count;

static const struct {
	uint8_t type;
	const char *name;
	bool question;		/* does not change the state of a card */
} names[] = {
	{ 0x61, "SetParameters", true },
	{ 0x62, "IccPowerOn", false },
	{ 0x63, "IccPowerOff", false },
	{ 0x65, "GetSlotStatus", true },
	{ 0x69, "Secure", false },
	{ 0x6b, "Escape", false },
	{ 0x6c, "GetParameters", true },
	{ 0x6d, "ResetParameters", true },
	{ 0x6f, "XfrBlock", false },
	{ 0x71, "Mechanical", false },
	{ 0x72, "Abort", false },
};

bool usbmon_open(unsigned int on_bus, unsigned int at_device)
{
	char path[64];

	if (monitor >= 0)
		close(monitor);
	pending_len = 0;
	bus = on_bus;
	device = at_device;
	snprintf(path, sizeof(path), "/sys/kernel/debug/usb/usbmon/%uu", bus);
	monitor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (monitor < 0)
		printf("    %s: %s\n", path, strerror(errno));
	return monitor >= 0;
}

/* "62000000 00000c00 ...": words of up to four bytes */
static unsigned int hex_bytes(const char *text, uint8_t *data, unsigned int size)
{
	unsigned int len = 0, byte;

	while (len < size) {
		while (*text == ' ')
			text++;
		if (sscanf(text, "%2x", &byte) != 1)
			break;
		data[len++] = (uint8_t)byte;
		text += 2;
	}
	return len;
}

/* "TAG TIME S Bo:1:002:1 -115 10 = DATA": submission of a bulk transfer to our reader */
static void take_line(const char *line)
{
	unsigned int of_bus, of_device, endpoint, length;
	uint8_t header[HEADER];
	const char *data;

	if (sscanf(line, "%*s %*u S Bo:%u:%u:%u %*d %u", &of_bus, &of_device, &endpoint,
		   &length) != 4 || of_bus != bus || of_device != device)
		return;
	data = strchr(line, '=');
	if (!data || hex_bytes(data + 1, header, HEADER) < HEADER || count == MAX_MESSAGES)
		return;
	messages[count].type = header[0];
	messages[count].length = header[1] | header[2] << 8 | header[3] << 16 |
				 (uint32_t)header[4] << 24;
	messages[count].slot = header[5];
	messages[count].seq = header[6];
	messages[count++].special = header[7];
}

static void drain(void)
{
	char *line, *end;
	ssize_t n;

	for (;;) {
		n = read(monitor, pending + pending_len, sizeof(pending) - 1 - pending_len);
		if (n <= 0)
			return;
		pending_len += (size_t)n;
		pending[pending_len] = 0;
		for (line = pending; (end = strchr(line, '\n')); line = end + 1) {
			*end = 0;
			take_line(line);
		}
		pending_len -= (size_t)(line - pending);
		memmove(pending, line, pending_len);
	}
}

void usbmon_clear(void)
{
	drain();
	count = 0;
}

const char *usbmon_print(const char *indent)
{
	static char summary[1024];
	unsigned int i, n;

	drain();
	summary[0] = 0;
	for (i = 0; i < count; i++) {
		const struct message *m = &messages[i];
		const char *name = "message";
		bool question = false;

		for (n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
			if (names[n].type != m->type)
				continue;
			name = names[n].name;
			question = names[n].question;
		}
		printf("%sPC_to_RDR_%s slot %u seq %u", indent, name, m->slot, m->seq);
		if (m->length)
			printf(", %u bytes", m->length);
		putchar('\n');
		if (!question && strlen(summary) + strlen(name) + 2 < sizeof(summary)) {
			if (*summary)
				strcat(summary, " ");
			strcat(summary, name);
		}
	}
	if (!count)
		printf("%s(nothing)\n", indent);
	count = 0;
	return summary;
}
