// SPDX-License-Identifier: GPL-2.0-or-later
/* apdu, reset, unpower and eject: the commands that act on the card. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "scardctl.h"

static const char * const disposition_names[] = { "leave", "reset", "unpower", "eject" };

static int disposition_parse(const char *name, unsigned int *disposition)
{
	unsigned int i;

	for (i = SCARD_DISP_LEAVE; i <= SCARD_DISP_EJECT; i++) {
		if (strcmp(name, disposition_names[i]))
			continue;
		*disposition = i;
		return 0;
	}
	return -1;
}

int card_connect(int fd, unsigned int mode, unsigned int protocols)
{
	struct scard_connect arg = { .share_mode = mode, .protocols = protocols };

	return ioctl(fd, SCARD_IOC_CONNECT, &arg) ? errno : 0;
}

int card_disconnect(int fd, unsigned int disposition)
{
	struct scard_disposition arg = { .disposition = disposition };

	return ioctl(fd, SCARD_IOC_DISCONNECT, &arg) ? errno : 0;
}

/* Send one APDU; return the status word, or a negative errno. */
static int transmit(int fd, const uint8_t *apdu, size_t len, uint8_t *answer)
{
	struct scard_transmit arg = {
		.send = (uintptr_t)apdu, .send_len = (uint32_t)len,
		.recv = (uintptr_t)answer, .recv_len = SCARD_ANSWER_MAX,
	};
	unsigned int sw;

	if (ioctl(fd, SCARD_IOC_TRANSMIT, &arg))
		return -errno;
	if (arg.recv_len < 2)
		return -EIO;
	sw = (unsigned int)answer[arg.recv_len - 2] << 8 | answer[arg.recv_len - 1];

	if (json) {
		char hex[8], words[80];

		snprintf(hex, sizeof(hex), "%04X", sw);
		json_open(NULL, '{');
		json_hex("command", apdu, len);
		json_hex("data", answer, arg.recv_len - 2);
		json_string("sw", hex);
		json_string("meaning", sw_words(sw, words, sizeof(words)));
		json_close('}');
	} else {
		char words[80];

		printf("> ");
		hex_print(apdu, len);
		printf("\n< ");
		hex_print(answer, arg.recv_len - 2);
		printf("%s%04X  %s\n", arg.recv_len > 2 ? "\n< " : "", sw,
		       sw_words(sw, words, sizeof(words)));
	}
	return (int)sw;
}

static bool sw_good(int sw)
{
	return sw == 0x9000 || sw >> 8 == 0x61 || sw >> 8 == 0x91;
}

struct apdu_options {
	unsigned int mode;
	unsigned int protocols;
	unsigned int end;
	bool no_wait;
};

static int apdu_options(int argc, char **argv, struct apdu_options *o)
{
	static const struct option longs[] = {
		{ "end", required_argument, NULL, 'e' },
		{ "exclusive", no_argument, NULL, 'x' },
		{ "no-wait", no_argument, NULL, 'n' },
		{ "protocol", required_argument, NULL, 'p' },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, "+e:xnp:", longs, NULL)) != -1) {
		switch (c) {
		case 'e':
			if (disposition_parse(optarg, &o->end))
				return usage_error("--end: leave, reset, unpower or eject");
			break;
		case 'x':
			o->mode = SCARD_MODE_EXCLUSIVE;
			break;
		case 'n':
			o->no_wait = true;
			break;
		case 'p':
			if (!strcmp(optarg, "t0"))
				o->protocols = SCARD_PROTO_T0;
			else if (!strcmp(optarg, "t1"))
				o->protocols = SCARD_PROTO_T1;
			else if (!strcmp(optarg, "raw"))
				o->protocols = SCARD_PROTO_RAW;
			else
				return usage_error("--protocol: t0, t1 or raw");
			break;
		default:
			return EXIT_USAGE;
		}
	}
	return EXIT_OK;
}

/* Send all APDUs in one transaction, so that no other program's come between. */
static int exchange(const struct reader *reader, int fd, char **apdus,
		    const struct apdu_options *o)
{
	struct scard_disposition leave = { .disposition = SCARD_DISP_LEAVE };
	uint8_t *buf = malloc(SCARD_COMMAND_MAX + SCARD_ANSWER_MAX);
	int error, sw = 0;

	if (!buf)
		return reader_error(reader, "apdu", ENOMEM);
	error = card_connect(fd, o->mode, o->protocols);
	if (error) {
		free(buf);
		return reader_error(reader, "connect", error);
	}
	error = ioctl(fd, SCARD_IOC_BEGIN, 0) ? errno : 0;
	for (; !error && *apdus; apdus++) {
		int len = hex_parse(*apdus, buf, SCARD_COMMAND_MAX);

		sw = transmit(fd, buf, (size_t)len, buf + SCARD_COMMAND_MAX);
		if (sw < 0)
			error = -sw;
	}
	if (!error)
		error = ioctl(fd, SCARD_IOC_END, &leave) ? errno : 0;
	explicit_bzero(buf, SCARD_COMMAND_MAX + SCARD_ANSWER_MAX);
	free(buf);
	if (error) {
		card_disconnect(fd, o->end);
		return reader_error(reader, "apdu", error);
	}
	error = card_disconnect(fd, o->end);
	if (error)
		return reader_error(reader, "disconnect", error);
	return sw_good(sw) ? EXIT_OK : EXIT_SW;
}

/* Is this an APDU, and not a number or a name of a reader? */
static bool is_apdu(const char *text)
{
	uint8_t header[5];
	size_t digits = strspn(text, "0123456789abcdefABCDEF: \t\n");

	return !text[digits] && digits >= 8 && hex_parse(text, header, 0) < 0;
}

int cmd_apdu(int argc, char **argv)
{
	struct apdu_options o = {
		.mode = SCARD_MODE_SHARED,
		.protocols = SCARD_PROTO_T0 | SCARD_PROTO_T1,
		.end = SCARD_DISP_RESET,
	};
	const char *which = NULL;
	struct reader reader;
	uint8_t *buf;
	int code, fd, i;

	code = apdu_options(argc, argv, &o);
	if (code)
		return code;
	if (optind < argc && !is_apdu(argv[optind]))
		which = argv[optind++];
	if (optind == argc)
		return usage_error("apdu: which APDU? for example 00A4040000");
	buf = malloc(SCARD_COMMAND_MAX);
	for (i = optind; buf && i < argc; i++) {
		if (hex_parse(argv[i], buf, SCARD_COMMAND_MAX) >= 4)
			continue;
		free(buf);
		return usage_error("apdu: \"%s\" is not an APDU (at least 4 bytes, hexadecimal)",
				   argv[i]);
	}
	free(buf);

	code = reader_pick(which, &reader);
	if (code)
		return code;
	fd = reader_open(&reader, O_RDWR | (o.no_wait ? O_NONBLOCK : 0));
	if (fd < 0)
		return -fd;
	if (json)
		json_open(NULL, '[');
	code = exchange(&reader, fd, argv + optind, &o);
	if (json) {
		json_close(']');
		json_end();
	}
	close(fd);
	return code;
}

/*
 * Connect DIRECT, which needs no protocol and works with a mute card, and disconnect with the
 * disposition, which waits for transactions of other handles. To reset a card without
 * power, connect SHARED, which powers it on.
 */
static int dispose(int argc, char **argv, unsigned int disposition)
{
	struct scard_status status;
	struct reader reader;
	int fd, code, error;

	code = reader_open_arg(argc, argv, O_RDWR, &reader, &fd);
	if (code)
		return code;
	error = reader_status(fd, &status);
	if (!error && !(status.state & SCARD_STATE_BIT_PRESENT))
		error = ENOMEDIUM;
	if (!error && disposition == SCARD_DISP_RESET && !(status.state & SCARD_STATE_BIT_POWERED)) {
		disposition = SCARD_DISP_LEAVE;
		error = card_connect(fd, SCARD_MODE_SHARED, SCARD_PROTO_T0 | SCARD_PROTO_T1);
	} else if (!error) {
		error = card_connect(fd, SCARD_MODE_DIRECT, 0);
	}
	if (!error)
		error = card_disconnect(fd, disposition);
	if (!error)
		error = reader_status(fd, &status);
	close(fd);
	if (error)
		return reader_error(&reader, argv[0], error);
	if (json) {
		json_open(NULL, '{');
		json_string("device", reader.path);
		json_bool("present", status.state & SCARD_STATE_BIT_PRESENT);
		json_bool("powered", status.state & SCARD_STATE_BIT_POWERED);
		json_hex("atr", status.atr, status.atr_len);
		json_close('}');
		json_end();
	} else if (status.state & SCARD_STATE_BIT_POWERED) {
		printf("%s: reset, ATR ", reader.path);
		hex_print(status.atr, status.atr_len);
		putchar('\n');
	} else {
		printf("%s: %s\n", reader.path, status.state & SCARD_STATE_BIT_PRESENT ?
		       "the card has no power" : "the card is out");
	}
	return EXIT_OK;
}

int cmd_reset(int argc, char **argv)
{
	return dispose(argc, argv, SCARD_DISP_RESET);
}

int cmd_unpower(int argc, char **argv)
{
	return dispose(argc, argv, SCARD_DISP_UNPOWER);
}

int cmd_eject(int argc, char **argv)
{
	return dispose(argc, argv, SCARD_DISP_EJECT);
}
