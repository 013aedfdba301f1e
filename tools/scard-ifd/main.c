// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A reader that a driver for pcsc-lite knows, as /dev/scardN: one process is one reader. This
 * thread reads the requests of the kernel and never waits for the driver, see slot.c.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "driver.h"
#include "log.h"
#include "node.h"
#include "slot.h"
#include "uscard.h"

#define TICK_MS		3000	/* between two messages that a request takes longer */
#define MORE_TIME_MS	30000

#define USAGE "usage: scard-ifd [--name NAME] --driver LIB [--device DEVICENAME] [--channel N]\n" \
	      "                 [--slots N]\n" \
	      "       scard-ifd --config FILE|DIRECTORY NAME\n" \
	      "\n" \
	      "Makes the reader of a driver for pcsc-lite a /dev/scardN, until it is ended.\n" \
	      "\n" \
	      "  --name NAME          the reader's name; the driver's file name if not given\n" \
	      "  --driver LIB         shared object with the functions of IFD handler 3.0\n" \
	      "  --device DEVICENAME  what the driver opens; without it, a channel\n" \
	      "  --channel N          the channel, 0 if not given\n" \
	      "  --slots N            slots of the reader; the driver says it if not given\n" \
	      "  --config PATH        take these from a file in the format of reader.conf\n" \
	      "  --uscard PATH        device to use instead of /dev/uscard\n" \
	      "  --verbose            print what the driver has for developers\n" \
	      "  --help               this text\n"

enum { WRONG_USAGE = 2 };

static const char *device = "/dev/uscard";

/* ---- options ---- */

static _Noreturn void wrong(const char *text)
{
	fprintf(stderr, "scard-ifd: %s\n%s", text, USAGE);
	exit(WRONG_USAGE);
}

static unsigned long number(const char *text, unsigned long max)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 0);
	if (errno || end == text || *end || n > max)
		wrong("a number is wanted");
	return n;
}

static void from_file(const char *path, const char *name, struct config *config)
{
	int ret = config_find(path, name, config);

	if (!ret)
		return;
	log_line("%s: no reader %s: %s", path, name, strerror(-ret));
	exit(EXIT_FAILURE);
}

static void parse(int argc, char **argv, struct config *config)
{
	static const struct option options[] = {
		{ "name", required_argument, NULL, 'n' },
		{ "driver", required_argument, NULL, 'd' },
		{ "device", required_argument, NULL, 'D' },
		{ "channel", required_argument, NULL, 'c' },
		{ "slots", required_argument, NULL, 's' },
		{ "config", required_argument, NULL, 'C' },
		{ "uscard", required_argument, NULL, 'u' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *path = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'n':
			config->name = optarg;
			break;
		case 'd':
			config->driver = optarg;
			break;
		case 'D':
			config->device = optarg;
			break;
		case 'c':
			config->channel = number(optarg, UINT32_MAX);
			break;
		case 's':
			config->slots = (unsigned int)number(optarg, USCARD_MAX_SLOTS);
			break;
		case 'C':
			path = optarg;
			break;
		case 'u':
			device = optarg;
			break;
		case 'v':
			log_be_verbose();
			break;
		case 'h':
			fputs(USAGE, stdout);
			exit(EXIT_SUCCESS);
		default:
			fputs(USAGE, stderr);
			exit(WRONG_USAGE);
		}
	}
	if (argc - optind != (path ? 1 : 0))
		wrong(path ? "the name of one reader is wanted" : "there is an argument too many");
	if (path && config->driver)
		wrong("--config and --driver exclude each other");
	if (path)
		from_file(path, argv[optind], config);
	if (!config->driver)
		wrong("a driver is wanted");
	if (!config->name) {
		char *slash = strrchr(config->driver, '/');

		config->name = slash ? slash + 1 : config->driver;
	}
}

/* ---- the reader ---- */

/* Memory has PINs: keep it out of core files, and away from debuggers. */
static void hide_memory(void)
{
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	prctl(PR_SET_DUMPABLE, 0);
}

/* The PC/SC name is manufacturer and product: the first word of the name, and the others. */
static void set_name(struct uscard_create *create, const char *name)
{
	size_t len = strlen(name), cut = strcspn(name, " "), most = SCARD_STRING_SIZE - 1;

	if (cut == len && len <= most)
		cut = 0;
	else if (len > most && (cut > most || len - cut - 1 > most))
		cut = most;
	memcpy(create->manufacturer, name, cut);
	name += cut;
	snprintf(create->product, sizeof(create->product), "%s", name + strspn(name, " "));
}

static bool open_slots(const struct config *config, unsigned int slots)
{
	unsigned int i;

	for (i = 1; i < slots; i++)
		if (!driver_open_slot(config, i))
			return false;
	return true;
}

/* Return: the descriptor of the reader, or -1 with a message */
static int open_reader(const struct config *config, unsigned int slots, bool at_once)
{
	struct uscard_create create = {
		.slots = slots,
		.busy_slots = at_once ? slots : 1,
		.protocols = SCARD_PROTO_T0 | SCARD_PROTO_T1,
		.max_apdu = SCARD_COMMAND_MAX,
	};
	unsigned int i;
	int fd;

	set_name(&create, config->name);
	create.pin_codes = slot_pin_codes(create.pin_code, USCARD_MAX_PIN_CODES);
	fd = uscard_open(device, &create);
	if (fd < 0) {
		log_line("%s: %s", device, strerror(-fd));
		return -1;
	}
	for (i = 0; i < slots; i++)
		log_line("%s is /dev/scard%u", config->name, create.minor[i]);
	return fd;
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Serve until a signal comes or the reader is gone. Return: the exit status */
static int serve(int fd, int signals)
{
	struct pollfd fds[] = {
		{ fd, POLLIN, 0 }, { signals, POLLIN, 0 }, { driver_gone_fd(), POLLIN, 0 },
		{ node_fd(), POLLIN, 0 },
	};
	long last = now_ms();

	for (;;) {
		bool open = slot_more_time(0);
		struct uscard_job *job;
		int ret;

		ret = poll(fds, 4, open ? TICK_MS / 3 : -1);
		if (!open)
			last = now_ms();
		if (ret < 0 && errno != EINTR)
			return EXIT_FAILURE;
		if (ret > 0 && fds[1].revents)
			return EXIT_SUCCESS;
		if (ret > 0 && fds[2].revents) {
			log_line("the driver has lost the reader");
			return EXIT_FAILURE;
		}
		if (ret > 0 && fds[3].revents && node_changed()) {
			log_line("the device is unplugged");
			return EXIT_FAILURE;
		}
		if (ret > 0 && fds[0].revents) {
			ret = uscard_read(&job);
			if (ret) {
				log_line("%s: %s", device, strerror(-ret));
				return EXIT_FAILURE;
			}
			if (job)
				slot_request(job);
		}
		if (now_ms() - last >= TICK_MS) {
			last = now_ms();
			slot_more_time(MORE_TIME_MS);
		}
	}
}

int main(int argc, char **argv)
{
	struct config config = { 0 };
	unsigned int slots;
	int fd, signals, status = EXIT_FAILURE;
	bool at_once;
	sigset_t set;

	parse(argc, argv, &config);
	hide_memory();
	/* before the driver has threads */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	node_find(config.device);
	if (signals < 0 || !driver_open(&config))
		return EXIT_FAILURE;
	slots = config.slots ? config.slots : driver_slots();
	if (slots > USCARD_MAX_SLOTS)
		slots = USCARD_MAX_SLOTS;
	at_once = slots == 1 || driver_takes_slots_at_once();
	if (!open_slots(&config, slots) || slot_init(slots, at_once))
		return EXIT_FAILURE;
	fd = open_reader(&config, slots, at_once);
	if (fd >= 0 && !slot_start())
		status = serve(fd, signals);
	uscard_close();
	/* a call that does not come back may use what exit() ends */
	if (!slot_stop())
		_exit(status);
	return status;
}
