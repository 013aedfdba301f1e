// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A reader and its card in one program: the card has one application, A0 00 00 00 01 01, and
 * says hello to READ BINARY. Lines on standard input insert and remove it; the end of the input
 * unplugs the reader.
 *
 *	cc -o card card.c && ./card
 *	scardctl apdu Example 00A4040006A00000000101 00B0000000
 */
#include <poll.h>

#include "uscard-server.h"

/* TS, T0: TD1 follows; TD1: T=1; TCK */
static const uint8_t atr[] = { 0x3b, 0x80, 0x01, 0x81 };
static const uint8_t aid[] = { 0xa0, 0x00, 0x00, 0x00, 0x01, 0x01 };
static const char text[] = "hello";

static bool selected;

static void reset(void *card)
{
	(void)card;
	selected = false;
}

/* SW1 SW2, after @len bytes of data: the length of the answer */
static uint32_t end(uint8_t *answer, uint32_t len, uint16_t sw)
{
	answer[len] = sw >> 8;
	answer[len + 1] = sw & 0xff;
	return len + 2;
}

static uint32_t transmit(void *card, const uint8_t *command, uint32_t len, uint8_t *answer)
{
	(void)card;
	if (len < 5 || command[0])
		return end(answer, 0, len < 5 ? 0x6700 : 0x6e00);
	switch (command[1]) {
	case 0xa4:	/* SELECT by name */
		selected = command[2] == 4 && command[4] == sizeof(aid) &&
			   len >= 5 + sizeof(aid) && !memcmp(command + 5, aid, sizeof(aid));
		return end(answer, 0, selected ? 0x9000 : 0x6a82);
	case 0xb0:	/* READ BINARY */
		if (!selected)
			return end(answer, 0, 0x6985);
		memcpy(answer, text, sizeof(text) - 1);
		return end(answer, sizeof(text) - 1, 0x9000);
	}
	return end(answer, 0, 0x6d00);
}

int main(void)
{
	struct uscard_server s = {
		.atr = atr, .atr_len = sizeof(atr), .protocol = SCARD_PROTO_T1,
		.transmit = transmit, .reset = reset,
	};
	int ret = uscard_server_open(&s, "Example", "Card in C");
	char line[80];

	if (ret) {
		fprintf(stderr, "/dev/uscard: %s\n", strerror(-ret));
		return 1;
	}
	printf("/dev/scard%u: insert, remove\n", s.minor);
	fflush(stdout);
	setbuf(stdin, NULL);	/* poll() knows nothing of lines in a buffer */
	while (!ret) {
		struct pollfd p[2] = { { s.fd, POLLIN, 0 }, { STDIN_FILENO, POLLIN, 0 } };

		if (poll(p, 2, -1) > 0 && p[0].revents)
			ret = uscard_server_serve(&s);
		if (!ret && p[1].revents)
			ret = !fgets(line, sizeof(line), stdin) ? 1 :
			      uscard_server_event(&s, line[0] == 'i');
	}
	return ret != 1;
}
