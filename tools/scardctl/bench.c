// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench: the time of each kind of call on this machine, with this reader and this card.
 *
 * Harmless for any card: connections are SHARED and end with LEAVE, also after a signal, and
 * no command can use up PIN tries, change the card or use up a signature.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "scardctl.h"

#define TIMES_DEFAULT	100
#define TIMES_MAX	1000000

/* GET DATA of a tag that no card has: the card answers, and touches no file or key */
static const uint8_t get_data[] = { 0x00, 0xca, 0x00, 0x00, 0x00 };

/*
 * Instructions that read, ISO 7816-4. Others can use PINs and keys, or have a meaning of the
 * card's own.
 */
static const uint8_t harmless[] = {
	0x84,			/* GET CHALLENGE */
	0xa4,			/* SELECT */
	0xb0, 0xb1, 0xb2, 0xb3,	/* READ BINARY, READ RECORD */
	0xc0,			/* GET RESPONSE */
	0xca, 0xcb,		/* GET DATA */
};

struct bench {
	const struct reader *reader;
	int fd;
	int second;		/* connects and disconnects while @fd stays connected */
	unsigned long times;
	const uint8_t *apdu;
	size_t apdu_len;
	size_t answer_len;
	uint64_t *took_ns;
};

static volatile sig_atomic_t stopped;

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static int do_connect(struct bench *b)
{
	return card_connect(b->second, SCARD_MODE_SHARED, SCARD_PROTO_T0 | SCARD_PROTO_T1);
}

static int do_disconnect(struct bench *b)
{
	return card_disconnect(b->second, SCARD_DISP_LEAVE);
}

static int do_status(struct bench *b)
{
	struct scard_status status = { .flags = SCARD_STATUS_GATED };

	return ioctl(b->fd, SCARD_IOC_GET_STATUS, &status) ? errno : 0;
}

static int do_transaction(struct bench *b)
{
	struct scard_disposition leave = { .disposition = SCARD_DISP_LEAVE };

	if (ioctl(b->fd, SCARD_IOC_BEGIN, 0) || ioctl(b->fd, SCARD_IOC_END, &leave))
		return errno;
	return 0;
}

static int do_transmit(struct bench *b)
{
	static uint8_t answer[SCARD_ANSWER_MAX];
	struct scard_transmit arg = {
		.send = (uintptr_t)b->apdu, .send_len = (uint32_t)b->apdu_len,
		.recv = (uintptr_t)answer, .recv_len = sizeof(answer),
	};

	if (ioctl(b->fd, SCARD_IOC_TRANSMIT, &arg))
		return errno;
	b->answer_len = arg.recv_len;
	return 0;
}

static const struct step {
	const char *key;
	const char *words;
	int (*run)(struct bench *b);
	int (*undo)(struct bench *b);	/* not measured */
} steps[] = {
	{ "connect", "connect, the card in use", do_connect, do_disconnect },
	{ "status", "status", do_status, NULL },
	{ "transaction", "begin and end", do_transaction, NULL },
	{ "transmit", "transmit", do_transmit, NULL },
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int by_time(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void print_times(const char *key, const char *words, uint64_t *took_ns, unsigned long n)
{
	double median, p99, least, most;

	qsort(took_ns, n, sizeof(*took_ns), by_time);
	median = (double)took_ns[n / 2] / 1000;
	p99 = (double)took_ns[(n * 99 - 1) / 100] / 1000;
	least = (double)took_ns[0] / 1000;
	most = (double)took_ns[n - 1] / 1000;
	if (json) {
		json_open(key, '{');
		json_number("times", n);
		json_real("median_us", median);
		json_real("p99_us", p99);
		json_real("min_us", least);
		json_real("max_us", most);
		json_close('}');
	} else {
		printf("%-28s%12.1f%12.1f%12.1f%12.1f\n", words, median, p99, least, most);
	}
}

/* Print commands and bytes a second of transmit */
static void print_throughput(const struct bench *b, unsigned long n, uint64_t took_ns)
{
	double seconds = (double)took_ns / 1e9;
	double commands = (double)n / seconds;
	double bytes = commands * (double)(b->apdu_len + b->answer_len);

	if (json) {
		json_open("throughput", '{');
		json_number("command_bytes", b->apdu_len);
		json_number("answer_bytes", b->answer_len);
		json_real("commands_per_second", commands);
		json_real("bytes_per_second", bytes);
		json_close('}');
		return;
	}
	printf("%-28s%.0f commands/s, %.0f byte/s (%zu bytes sent, %zu received each time)\n",
	       "throughput", commands, bytes, b->apdu_len, b->answer_len);
}

static int measure(struct bench *b, const struct step *step)
{
	uint64_t since, sum = 0;
	unsigned long n;
	int error = 0;

	for (n = 0; n < b->times && !stopped; n++) {
		since = now_ns();
		error = step->run(b);
		b->took_ns[n] = now_ns() - since;
		sum += b->took_ns[n];
		if (!error && step->undo)
			error = step->undo(b);
		if (error)
			return error;
	}
	if (stopped)
		return EINTR;
	print_times(step->key, step->words, b->took_ns, n);
	if (step->run == do_transmit)
		print_throughput(b, n, sum);
	return 0;
}

static int run(struct bench *b)
{
	uint64_t since = now_ns(), took;
	const char *what = "connect";
	int error, end;
	size_t i;

	error = card_connect(b->fd, SCARD_MODE_SHARED, SCARD_PROTO_T0 | SCARD_PROTO_T1);
	if (error)
		return reader_error(b->reader, what, error);
	took = now_ns() - since;
	if (json) {
		json_open(NULL, '{');
		json_number("number", b->reader->minor);
		json_string("name", b->reader->name);
		json_hex("apdu", b->apdu, b->apdu_len);
		json_real("first_connect_us", (double)took / 1000);
	} else {
		printf("%s, %lu times each\n", b->reader->name, b->times);
		printf("%-28s%12s%12s%12s%12s\n", "microseconds", "median", "99%", "least", "most");
		printf("%-28s%12.1f\n", "connect, the first one", (double)took / 1000);
	}
	for (i = 0; !error && i < sizeof(steps) / sizeof(steps[0]); i++) {
		what = steps[i].words;
		error = measure(b, &steps[i]);
	}
	if (json) {
		json_close('}');
		json_end();
	}
	/* a close without DISCONNECT would reset the card */
	card_disconnect(b->second, SCARD_DISP_LEAVE);
	end = card_disconnect(b->fd, SCARD_DISP_LEAVE);
	if (stopped)
		return EXIT_CARD;
	if (!error && end) {
		what = "disconnect";
		error = end;
	}
	return error ? reader_error(b->reader, what, error) : EXIT_OK;
}

static bool is_harmless(const uint8_t *apdu)
{
	/* refuse secure messaging, chaining and proprietary classes */
	return !(apdu[0] & 0xfc) && memchr(harmless, apdu[1], sizeof(harmless));
}

static int bench_options(int argc, char **argv, struct bench *b, uint8_t *apdu)
{
	static const struct option longs[] = {
		{ "times", required_argument, NULL, 'n' },
		{ "apdu", required_argument, NULL, 'a' },
		{ NULL, 0, NULL, 0 }
	};
	char *end = "";
	int c, len;

	optind = 0;
	while ((c = getopt_long(argc, argv, "n:a:", longs, NULL)) != -1) {
		switch (c) {
		case 'n':
			b->times = strtoul(optarg, &end, 10);
			if (*end || !b->times || b->times > TIMES_MAX)
				return usage_error("bench: --times is 1 to %d", TIMES_MAX);
			break;
		case 'a':
			len = hex_parse(optarg, apdu, SCARD_COMMAND_MAX);
			if (len < 4)
				return usage_error("bench: \"%s\" is not an APDU", optarg);
			if (!is_harmless(apdu))
				return usage_error("bench: only SELECT, READ, GET DATA and GET CHALLENGE of class 00 to 03 are repeated on a card");
			b->apdu = apdu;
			b->apdu_len = (size_t)len;
			break;
		default:
			return EXIT_USAGE;
		}
	}
	if (argc - optind > 1)
		return usage_error("bench takes one reader");
	return EXIT_OK;
}

static void catch_signals(void)
{
	struct sigaction act = { .sa_handler = stop };

	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGHUP, &act, NULL);
}

int cmd_bench(int argc, char **argv)
{
	struct bench b = {
		.times = TIMES_DEFAULT, .fd = -1, .second = -1,
		.apdu = get_data, .apdu_len = sizeof(get_data),
	};
	static uint8_t apdu[SCARD_COMMAND_MAX];
	struct reader reader;
	int code;

	code = bench_options(argc, argv, &b, apdu);
	if (!code)
		code = reader_pick(argv[optind], &reader);
	if (code)
		return code;
	b.reader = &reader;
	b.took_ns = calloc(b.times, sizeof(*b.took_ns));
	if (!b.took_ns)
		return reader_error(&reader, "bench", ENOMEM);
	b.fd = reader_open(&reader, O_RDWR);
	b.second = b.fd < 0 ? b.fd : reader_open(&reader, O_RDWR);
	catch_signals();
	code = b.second < 0 ? -b.second : run(&b);
	if (b.second >= 0)
		close(b.second);
	if (b.fd >= 0)
		close(b.fd);
	free(b.took_ns);
	return code;
}
