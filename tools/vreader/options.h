/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line. */
#ifndef VREADER_OPTIONS_H
#define VREADER_OPTIONS_H

#include <stdbool.h>

#include "profile.h"
#include "usb.h"

struct options {
	struct profile profiles[MAX_INTERFACES];
	int num_profiles;
	const char *control, *log, *pcap, *faults, *replay, *uscard;
	unsigned long long seed;
	bool seed_given, background, lenient;
	int ready_fd, socket_fd;
};

/* False, after an error message, if the options are wrong. */
bool options_parse(struct options *o, int argc, char **argv);

#endif
