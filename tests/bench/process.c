// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A card as a process: behind /dev/uscard, behind vsmartcard's driver for pcscd, and, for the
 * cost of a round trip between two processes, at the other end of a socketpair. Prints lines as
 * client.c does.
 *
 * usage: process uscard | vpcd
 *        process [-p] [-r ROUNDS] pair READER
 *
 * The first form takes the name CARD_NAME when the card can be used.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/uscard.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "apdu.h"
#include "measure.h"

#define WARM_UP		20
#define VPCD_PORT	35963	/* vpcd's first slot */
#define VPCD_TRIES	300	/* to connect, one in 100 ms */

/* TS, T0: TD1 follows; TD1: T=1; TCK */
static const uint8_t atr[] = { 0x3b, 0x80, 0x01, 0x81 };

/* The answer to a short command: its data, or Le bytes, and 9000 */
static size_t card_answer(const uint8_t *command, size_t len, uint8_t *answer)
{
	size_t n = len > 4 ? command[4] : 0;

	if (len > 5)
		memcpy(answer, command + 5, n < len - 5 ? n : len - 5);
	else
		memset(answer, 0x5a, n);
	answer[n] = 0x90;
	answer[n + 1] = 0x00;
	return n + 2;
}

static void card_is_ready(void)
{
	prctl(PR_SET_NAME, CARD_NAME);
}

/* ---- behind /dev/uscard ---- */

static struct {
	struct uscard_request head;
	uint8_t data[USCARD_MAX_DATA];
} request;

static struct {
	struct uscard_message head;
	uint8_t data[USCARD_MAX_DATA];
} message;

/* Fill in the answer. */
static void uscard_answer(void)
{
	message.head = (struct uscard_message){ .id = request.head.id, .type = USCARD_ANSWER };
	switch (request.head.op) {
	case USCARD_POWER_ON:
	case USCARD_RESET:
		message.head.len = sizeof(atr);
		memcpy(message.data, atr, sizeof(atr));
		break;
	case USCARD_POWER_OFF:
		break;
	case USCARD_SET_PROTOCOL:
		message.head.value = SCARD_PROTO_T1;
		break;
	case USCARD_TRANSMIT:
		message.head.len = (uint32_t)card_answer(request.data, request.head.len,
							 message.data);
		break;
	default:
		message.head.error = EOPNOTSUPP;
	}
}

static void uscard_write(int fd)
{
	size_t len = sizeof(message.head) + message.head.len;

	if (write(fd, &message, len) != (ssize_t)len)
		die("write to /dev/uscard: %s", strerror(errno));
}

static void serve_uscard(void)
{
	struct uscard_create arg = {
		.slots = 1,
		.busy_slots = 1,
		.protocols = SCARD_PROTO_T1,
		.max_apdu = SCARD_COMMAND_MAX,
		.manufacturer = "Bench",
		.product = "Process",
	};
	int fd = open("/dev/uscard", O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, USCARD_IOC_CREATE, &arg))
		die("/dev/uscard: %s", strerror(errno));
	message.head = (struct uscard_message){ .type = USCARD_EVENT, .value = 1 };
	uscard_write(fd);
	card_is_ready();
	while (read(fd, &request, sizeof(request)) > 0) {
		if (!request.head.id)
			continue;
		uscard_answer();
		uscard_write(fd);
	}
	die("read from /dev/uscard: %s", strerror(errno));
}

/* ---- behind vpcd ---- */

/* A message of vpcd is two bytes of length and a control byte, or a command. */
enum {
	VPCD_OFF,
	VPCD_ON,
	VPCD_RESET,
	VPCD_ATR = 4,
};

static int vpcd_connect(void)
{
	const struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(VPCD_PORT),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd, i, on = 1;

	for (i = 0; i < VPCD_TRIES; i++) {
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (!connect(fd, (const struct sockaddr *)&to, sizeof(to))) {
			setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
			return fd;
		}
		close(fd);
		usleep(100000);
	}
	die("no vpcd at port %d: %s", VPCD_PORT, strerror(errno));
}

static void vpcd_message(int fd, const uint8_t *data, size_t len)
{
	static uint8_t out[2 + APDU_MAX];
	bool asks_atr = len == 1 && data[0] == VPCD_ATR;
	size_t n = sizeof(atr);

	if (len == 1 && !asks_atr)
		return;
	if (asks_atr)
		memcpy(out + 2, atr, sizeof(atr));
	else
		n = card_answer(data, len, out + 2);
	out[0] = (uint8_t)(n >> 8);
	out[1] = (uint8_t)n;
	if (send(fd, out, n + 2, 0) != (ssize_t)n + 2)
		die("send to vpcd: %s", strerror(errno));
	if (asks_atr)
		card_is_ready();
}

static void serve_vpcd(void)
{
	static uint8_t in[2 * (2 + APDU_MAX)];
	int fd = vpcd_connect();
	size_t have = 0, len;
	ssize_t n;

	while ((n = recv(fd, in + have, sizeof(in) - have, 0)) > 0) {
		have += (size_t)n;
		while (have >= 2 && have >= (len = 2 + (size_t)(in[0] << 8 | in[1]))) {
			vpcd_message(fd, in + 2, len - 2);
			have -= len;
			memmove(in, in + len, have);
		}
	}
	die("vpcd is gone");
}

/* ---- a round trip, and nothing else ---- */

static int line;
static uint8_t apdu[APDU_MAX];
static size_t apdu_len;

static void round_trip(void)
{
	static uint8_t answer[APDU_MAX];
	ssize_t n;

	if (write(line, apdu, apdu_len) != (ssize_t)apdu_len)
		die("write to a socket: %s", strerror(errno));
	n = read(line, answer, sizeof(answer));
	if (n < 2)
		die("read from a socket: %zd", n);
}

static void measure(size_t len, unsigned int rounds)
{
	uint64_t *ns = calloc(rounds, sizeof(*ns));
	unsigned int i;
	char name[32];

	if (!ns)
		die("out of memory");
	apdu_len = make_apdu(apdu, len);
	snprintf(name, sizeof(name), "transmit-%zu", len);
	for (i = 0; i < WARM_UP; i++)
		round_trip();
	profile_begin(name, rounds);
	for (i = 0; i < rounds; i++) {
		uint64_t start = busy_ns();

		round_trip();
		ns[i] = busy_ns() - start;
	}
	profile_end();
	report_busy(name, ns, rounds);
	report_counts(name, round_trip);
	free(ns);
}

static void serve_line(int fd)
{
	static uint8_t command[APDU_MAX], answer[APDU_MAX];
	ssize_t n;

	while ((n = read(fd, command, sizeof(command))) > 0) {
		size_t len = card_answer(command, (size_t)n, answer);

		if (write(fd, answer, len) != (ssize_t)len)
			break;
	}
	_exit(0);
}

static void pair(unsigned int rounds)
{
	int lines[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, lines))
		die("socketpair: %s", strerror(errno));
	if (!fork()) {
		close(lines[0]);
		serve_line(lines[1]);
	}
	close(lines[1]);
	line = lines[0];
	measure(5, rounds);
	measure(260, rounds);
}

static void usage(void)
{
	fprintf(stderr, "usage: process uscard | vpcd | [-p] [-r ROUNDS] pair READER\n");
	exit(2);
}

int main(int argc, char **argv)
{
	unsigned int rounds = 500;
	int option;

	while ((option = getopt(argc, argv, "pr:")) != -1) {
		if (option == 'p')
			profile_open();
		else if (option == 'r')
			rounds = (unsigned int)atoi(optarg);
		else
			usage();
	}
	argc -= optind;
	argv += optind;
	if (argc == 1 && !strcmp(argv[0], "uscard"))
		serve_uscard();
	if (argc == 1 && !strcmp(argv[0], "vpcd"))
		serve_vpcd();
	if (argc != 2 || strcmp(argv[0], "pair") || !rounds)
		usage();
	report_as("kernel", argv[1]);
	clock_open();
	pair(rounds);
	return 0;
}
