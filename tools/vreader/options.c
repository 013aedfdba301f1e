// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card_option.h"
#include "text.h"

enum {
	OPT_VID = 256,
	OPT_PID,
	OPT_BCD,
	OPT_MANUFACTURER,
	OPT_PRODUCT,
	OPT_SERIAL,
	OPT_SPEED,
	OPT_ZLP,
	OPT_WAKEUP,
	OPT_LOSE_POWER,
	OPT_PROFILE,
	OPT_ROW,
	OPT_SLOTS,
	OPT_BUSY,
	OPT_NO_INTERRUPT,
	OPT_INTERRUPT,
	OPT_LATE,
	OPT_IFACE_STRING,
	OPT_CLOCKS,
	OPT_RATES,
	OPT_DESC,
	OPT_CARD,
	OPT_CONTROL,
	OPT_BACKGROUND,
	OPT_READY_FD,
	OPT_SOCKET_FD,
	OPT_USCARD,
	OPT_FAULTS,
	OPT_REPLAY,
	OPT_SEED,
	OPT_LOG,
	OPT_PCAP,
	OPT_LENIENT,
	OPT_LIST,
	OPT_HELP,
};

static const struct option longs[] = {
	{ "vid", required_argument, NULL, OPT_VID },
	{ "pid", required_argument, NULL, OPT_PID },
	{ "bcd", required_argument, NULL, OPT_BCD },
	{ "manufacturer", required_argument, NULL, OPT_MANUFACTURER },
	{ "product", required_argument, NULL, OPT_PRODUCT },
	{ "serial", required_argument, NULL, OPT_SERIAL },
	{ "speed", required_argument, NULL, OPT_SPEED },
	{ "zlp", required_argument, NULL, OPT_ZLP },
	{ "remote-wakeup", required_argument, NULL, OPT_WAKEUP },
	{ "lose-power", required_argument, NULL, OPT_LOSE_POWER },
	{ "profile", required_argument, NULL, OPT_PROFILE },
	{ "row", required_argument, NULL, OPT_ROW },
	{ "slots", required_argument, NULL, OPT_SLOTS },
	{ "busy", required_argument, NULL, OPT_BUSY },
	{ "no-interrupt", no_argument, NULL, OPT_NO_INTERRUPT },
	{ "interrupt", no_argument, NULL, OPT_INTERRUPT },
	{ "late-descriptor", no_argument, NULL, OPT_LATE },
	{ "interface-string", required_argument, NULL, OPT_IFACE_STRING },
	{ "clocks", required_argument, NULL, OPT_CLOCKS },
	{ "rates", required_argument, NULL, OPT_RATES },
	{ "desc", required_argument, NULL, OPT_DESC },
	{ "card", required_argument, NULL, OPT_CARD },
	{ "control", required_argument, NULL, OPT_CONTROL },
	{ "background", no_argument, NULL, OPT_BACKGROUND },
	{ "ready-fd", required_argument, NULL, OPT_READY_FD },
	{ "socket-fd", required_argument, NULL, OPT_SOCKET_FD },
	{ "uscard", optional_argument, NULL, OPT_USCARD },
	{ "faults", required_argument, NULL, OPT_FAULTS },
	{ "replay", required_argument, NULL, OPT_REPLAY },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "log", required_argument, NULL, OPT_LOG },
	{ "pcap", required_argument, NULL, OPT_PCAP },
	{ "lenient", no_argument, NULL, OPT_LENIENT },
	{ "list-profiles", no_argument, NULL, OPT_LIST },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 }
};

/* Options for ids and strings that override those of a row. */
static bool given[OPT_SERIAL + 1];

static struct profile *current(struct options *o)
{
	if (!o->num_profiles)
		profile_builtin(&o->profiles[o->num_profiles++], "short");
	return &o->profiles[o->num_profiles - 1];
}

static struct profile *add_profile(struct options *o)
{
	return o->num_profiles < MAX_INTERFACES ? &o->profiles[o->num_profiles++] : NULL;
}

static bool number(const char *text, long min, long max, int *out)
{
	long v;
	bool ok = text_number(text, 0, min, max, &v);

	*out = (int)v;
	return ok;
}

static void take_ids(const struct usb_device *ids)
{
	if (!given[OPT_VID - OPT_VID])
		usb.vid = ids->vid;
	if (!given[OPT_PID - OPT_VID])
		usb.pid = ids->pid;
	if (!given[OPT_BCD - OPT_VID])
		usb.bcd = ids->bcd;
	if (!given[OPT_MANUFACTURER - OPT_VID])
		strcpy(usb.manufacturer, ids->manufacturer);
	if (!given[OPT_PRODUCT - OPT_VID])
		strcpy(usb.product, ids->product);
}

static bool add_rows(struct options *o, const char *arg)
{
	static struct usb_device ids;
	const char *colon = strrchr(arg, ':');
	uint32_t rows[MAX_INTERFACES];
	char file[4096];
	int n;

	if (!colon || (size_t)(colon - arg) >= sizeof(file))
		return false;
	memcpy(file, arg, (size_t)(colon - arg));
	file[colon - arg] = 0;
	n = profile_numbers(colon + 1, rows, MAX_INTERFACES);
	if (n < 1)
		return false;
	for (int i = 0; i < n; i++) {
		bool first = !o->num_profiles;
		struct profile *p = add_profile(o);

		if (!p || !profile_row(p, file, (int)rows[i], first ? &ids : NULL))
			return false;
		if (first)
			take_ids(&ids);
	}
	return true;
}

static bool add_card(struct profile *p, const char *arg)
{
	char err[128], *end;
	unsigned long slot = strtoul(arg, &end, 10);

	if (end == arg || *end != ':')
		slot = 0;
	else
		arg = end + 1;
	if (slot >= MAX_SLOTS)
		return false;
	p->cards_given = true;
	if (card_option_parse(&p->cards[slot], arg, err, sizeof(err)))
		return true;
	fprintf(stderr, "vreader: %s\n", err);
	return false;
}

static bool set_desc(struct profile *p, char *arg)
{
	char *value = strchr(arg, '=');

	if (!value)
		return false;
	*value++ = 0;
	return profile_set(p, arg, value);
}

static bool set_table(struct profile *p, int opt, const char *arg)
{
	bool clocks = opt == OPT_CLOCKS;
	int n = profile_numbers(arg, clocks ? p->clocks : p->rates, MAX_RATES);

	if (n < 0)
		return false;
	if (clocks)
		p->num_clocks = n;
	else
		p->num_rates = n;
	p->desc[clocks ? CCID_BNUMCLOCK : CCID_BNUMDATARATES] = (uint8_t)n;
	return true;
}

static bool device_option(int opt, const char *arg)
{
	static const char *const speeds[] = { "full", "high", NULL };
	static const char *const zlps[] = { "normal", "separate", "never", NULL };
	unsigned int major, minor;
	int v = 0;
	bool ok;

	if (opt <= OPT_SERIAL)
		given[opt - OPT_VID] = true;
	switch (opt) {
	case OPT_VID:
		usb.vid = (uint16_t)strtoul(arg, NULL, 16);
		return true;
	case OPT_PID:
		usb.pid = (uint16_t)strtoul(arg, NULL, 16);
		return true;
	case OPT_BCD:
		ok = sscanf(arg, "%x.%x", &major, &minor) == 2;
		if (ok)
			usb.bcd = (uint16_t)(major << 8 | minor);
		return ok;
	case OPT_MANUFACTURER:
		return text_copy(usb.manufacturer, sizeof(usb.manufacturer), arg);
	case OPT_PRODUCT:
		return text_copy(usb.product, sizeof(usb.product), arg);
	case OPT_SERIAL:
		return text_copy(usb.serial, sizeof(usb.serial), arg);
	case OPT_SPEED:
		v = text_find(speeds, arg);
		usb.speed = v > 0 ? USB_SPEED_HIGH : USB_SPEED_FULL;
		return v >= 0;
	case OPT_ZLP:
		v = text_find(zlps, arg);
		usb.zlp = v < 0 ? ZLP_NORMAL : (enum zlp_mode)v;
		return v >= 0;
	case OPT_WAKEUP:
		ok = number(arg, 0, 2, &v);
		usb.wakeup_capable = v;
		usb.wakeup_never = v == 2;
		return ok;
	case OPT_LOSE_POWER:
		ok = number(arg, 0, 1, &v);
		usb.lose_power = v;
		return ok;
	}
	return false;
}

static bool interface_option(struct options *o, int opt, char *arg)
{
	struct profile *p;
	int v = 0;

	if (opt == OPT_PROFILE) {
		p = add_profile(o);
		return p && profile_builtin(p, arg);
	}
	if (opt == OPT_ROW)
		return add_rows(o, arg);
	p = current(o);
	switch (opt) {
	case OPT_SLOTS:
		if (!number(arg, 1, MAX_SLOTS, &v))
			return false;
		profile_slots(p, v);
		return true;
	case OPT_BUSY:
		if (!number(arg, 0, 255, &v))
			return false;
		p->desc[CCID_BMAXBUSY] = (uint8_t)v;
		return true;
	case OPT_NO_INTERRUPT:
	case OPT_INTERRUPT:
		p->interrupt = opt == OPT_INTERRUPT;
		return true;
	case OPT_LATE:
		p->late = true;
		return true;
	case OPT_IFACE_STRING:
		return text_copy(p->string, sizeof(p->string), arg);
	case OPT_CLOCKS:
	case OPT_RATES:
		return set_table(p, opt, arg);
	case OPT_DESC:
		return set_desc(p, arg);
	case OPT_CARD:
		return add_card(p, arg);
	}
	return false;
}

static bool run_option(struct options *o, int opt, char *arg)
{
	switch (opt) {
	case OPT_CONTROL:
		o->control = strcmp(arg, "none") ? arg : NULL;
		return true;
	case OPT_BACKGROUND:
		o->background = true;
		return true;
	case OPT_READY_FD:
		return number(arg, 0, 65535, &o->ready_fd);
	case OPT_SOCKET_FD:
		return number(arg, 0, 65535, &o->socket_fd);
	case OPT_USCARD:
		o->uscard = arg ? arg : "/dev/uscard";
		return true;
	case OPT_FAULTS:
		o->faults = arg;
		return true;
	case OPT_REPLAY:
		o->replay = arg;
		return true;
	case OPT_SEED:
		o->seed = strtoull(arg, NULL, 0);
		o->seed_given = true;
		return true;
	case OPT_LOG:
		o->log = arg;
		return true;
	case OPT_PCAP:
		o->pcap = arg;
		return true;
	case OPT_LENIENT:
		o->lenient = true;
		return true;
	}
	return false;
}

bool options_parse(struct options *o, int argc, char **argv)
{
	int opt, index;
	bool ok;

	*o = (struct options) { .control = "/run/vreader.sock", .ready_fd = -1, .socket_fd = -1 };
	while ((opt = getopt_long(argc, argv, "", longs, &index)) != -1) {
		if (opt == OPT_LIST) {
			profile_list(stdout);
			exit(0);
		} else if (opt == OPT_HELP) {
			printf("usage: vreader [options], see vreader(1)\n");
			for (int i = 0; longs[i].name; i++)
				printf("  --%s%s\n", longs[i].name, longs[i].has_arg ? " ..." : "");
			exit(0);
		} else if (opt == '?') {
			return false;
		}
		if (opt <= OPT_LOSE_POWER)
			ok = device_option(opt, optarg);
		else if (opt <= OPT_CARD)
			ok = interface_option(o, opt, optarg);
		else
			ok = run_option(o, opt, optarg);
		if (!ok) {
			fprintf(stderr, "vreader: --%s %s: invalid value\n", longs[index].name,
				optarg ? optarg : "");
			return false;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "vreader: %s: unexpected argument\n", argv[optind]);
		return false;
	}
	current(o);
	return true;
}
