/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The generic netlink family "scard", by hand. Functions return 0 or -errno. */
#ifndef KSELFTEST_NL_H
#define KSELFTEST_NL_H

#include <stdbool.h>
#include <stdint.h>

struct nl {
	int sock;
	uint16_t family;
	uint32_t group;
};

int nl_open(struct nl *nl);
void nl_close(struct nl *nl);
/* Ask for the slot of a node: -ENODEV if there is none for this user */
int nl_get_slot(struct nl *nl, uint32_t minor);
/* Does a dump list the slot? 1, 0 or -errno */
int nl_lists(struct nl *nl, uint32_t minor);
/* From now on the socket receives events. */
int nl_listen(struct nl *nl);
/* Does the event @cmd of the slot come within @ms? Skips the others. */
bool nl_hears(struct nl *nl, uint8_t cmd, uint32_t minor, int ms);

#endif
