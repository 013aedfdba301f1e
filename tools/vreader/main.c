// SPDX-License-Identifier: GPL-2.0-or-later
/* vreader: assemble the device, attach it, run. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "capture.h"
#include "card_option.h"
#include "ccid.h"
#include "control.h"
#include "fault.h"
#include "host.h"
#include "loop.h"
#include "options.h"
#include "prng.h"
#include "replay.h"
#include "slot_card.h"
#include "trace.h"
#include "urb.h"
#include "usb_desc.h"
#include "usb_ep.h"
#include "usbip.h"
#include "uscard.h"
#include "violation.h"

static struct options options;

static void signal_ready(struct watch *w, uint32_t events)
{
	struct signalfd_siginfo si;

	(void)events;
	if (read(w->fd, &si, sizeof(si)) == sizeof(si))
		loop_stop();
}

static struct watch signals = { .ready = signal_ready };

static int signals_open(void)
{
	sigset_t set;

	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return signals.fd < 0 ? -errno : loop_add(&signals, EPOLLIN);
}

static bool make_endpoints(struct usb_interface *iface, const struct profile *p)
{
	static uint8_t number = 1;
	uint16_t bulk = usb.speed == USB_SPEED_HIGH ? 512 : 64;
	uint8_t n;

	if (p->max_packet)
		bulk = p->max_packet;
	if (p->transport == TRANSPORT_BULK) {
		n = number++;
		iface->out = usb_ep_add(iface->ccid, n, bulk);
		iface->in = usb_ep_add(iface->ccid, n | USB_DIR_IN, bulk);
		iface->out->bulk = true;
		iface->in->bulk = true;
	}
	if (p->interrupt)
		iface->intr = usb_ep_add(iface->ccid, (uint8_t)(number++ | USB_DIR_IN), 8);
	return number <= 16;
}

static struct profile *profile_numbered(int number)
{
	for (int i = 0; i < options.num_profiles; i++)
		if (options.profiles[i].number == number)
			return &options.profiles[i];
	return NULL;
}

static bool make_interface(struct profile *p, int number)
{
	struct usb_interface *iface = &usb.ifs[usb.num_ifs++];

	iface->number = (uint8_t)number;
	iface->profile = p;
	if (!p)
		return true;
	iface->ccid = ccid_new(p, iface);
	return iface->ccid && make_endpoints(iface, p);
}

/* Make the interfaces in order; a number without a profile becomes an empty interface. */
static bool make_device(void)
{
	int max = 0;

	for (int i = 0; i < options.num_profiles; i++) {
		struct profile *p = &options.profiles[i];

		if (!p->number_given)
			p->number = (uint8_t)(i ? options.profiles[i - 1].number + 1 : 0);
		if (p->number > max)
			max = p->number;
	}
	for (int n = 0; n <= max; n++)
		if (!make_interface(profile_numbered(n), n))
			return false;
	return usb_desc_build();
}

static bool put_card(struct slot *s, const struct card_spec *wanted, bool given)
{
	struct card_spec spec;
	char err[64];

	if (wanted->kind[0])
		spec = *wanted;
	else
		card_option_parse(&spec, s->index || given ? "none" : "iso", err, sizeof(err));
	if (!strcmp(spec.kind, "none")) {
		card_option_parse(&s->spec, "iso", err, sizeof(err));
		return true;
	}
	return slot_card_put(s, &spec);
}

static bool put_cards(void)
{
	for (int i = 0; i < usb.num_ifs; i++) {
		struct ccid *c = usb.ifs[i].ccid;

		for (unsigned int n = 0; c && n < c->num_slots; n++)
			if (!put_card(&c->slots[n], &c->profile.cards[n], c->profile.cards_given))
				return false;
	}
	return true;
}

static bool open_files(void)
{
	if (options.log && !trace_open(options.log)) {
		fprintf(stderr, "vreader: %s: %s\n", options.log, strerror(errno));
		return false;
	}
	if (options.pcap && !capture_open(options.pcap)) {
		fprintf(stderr, "vreader: %s: %s\n", options.pcap, strerror(errno));
		return false;
	}
	return true;
}

static void seed(void)
{
	if (!options.seed_given && getrandom(&options.seed, sizeof(options.seed), 0) < 0)
		options.seed = 1;
	prng_seed(options.seed);
}

static bool attach(void)
{
	int err = options.socket_fd >= 0 ? usbip_use_socket(options.socket_fd) : host_attach();

	if (!err)
		return true;
	fprintf(stderr, "vreader: attach: %s%s\n", strerror(-err),
		err != -ENOENT ? "" : uscard_used() ? " (is scard loaded?)" :
						      " (is vhci_hcd loaded?)");
	return false;
}

static void tell_ready(int fd)
{
	dprintf(fd, "ready %d %d\n", usb.port, (int)getpid());
	close(fd);
}

/* Fork; the parent exits when the child is ready or has failed. */
static int in_background(void)
{
	char line[64];
	int fds[2];
	pid_t pid;

	if (pipe(fds))
		return -1;
	pid = fork();
	if (pid < 0)
		return -1;
	if (pid) {
		close(fds[1]);
		_exit(read(fds[0], line, sizeof(line)) > 0 ? 0 : 1);
	}
	close(fds[0]);
	setsid();
	return fds[1];
}

/* Serve /dev/uscard, which has no interfaces and no control transfers. */
static bool without_usb(void)
{
	if (options.num_profiles > 1 || !uscard_profile(&options.profiles[0])) {
		fprintf(stderr, "vreader: --uscard: one interface with bulk endpoints only\n");
		return false;
	}
	options.profiles[0].number = 0;
	options.profiles[0].number_given = true;
	uscard_use(options.uscard);
	return true;
}

static bool start(void)
{
	if (loop_init() || signals_open() || !open_files())
		return false;
	if (options.uscard && !without_usb())
		return false;
	if (!make_device()) {
		fprintf(stderr, "vreader: too many interfaces\n");
		return false;
	}
	seed();
	if (options.faults && !fault_load(options.faults))
		return false;
	fprintf(stderr, "seed %llu\n", (unsigned long long)prng_seed_get());
	/* The transcript is the card. */
	if (!(options.replay ? replay_open(options.replay, usb.ifs[0].ccid) : put_cards()))
		return false;
	return (!options.control || control_open(options.control)) && attach();
}

int main(int argc, char **argv)
{
	int ready = -1;

	if (!options_parse(&options, argc, argv))
		return 1;
	if (options.background) {
		ready = in_background();
		if (ready < 0)
			return 1;
	}
	if (!start()) {
		control_close();
		return 1;
	}
	if (ready >= 0)
		tell_ready(ready);
	if (options.ready_fd >= 0)
		tell_ready(options.ready_fd);
	loop_run(host_flush);
	host_unplug();
	replay_close();
	control_close();
	trace_flush();
	capture_flush();
	for (int i = 0; i < usb.num_ifs; i++)
		if (usb.ifs[i].ccid)
			ccid_free(usb.ifs[i].ccid);
	if (violation_count())
		fprintf(stderr, "%u violations\n", violation_count());
	return violation_count() && !options.lenient ? 2 : 0;
}
