/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VREADER_CCID_CMD_H
#define VREADER_CCID_CMD_H

#include <stddef.h>
#include <stdint.h>

struct slot;

/* Execute a command of the host. */
void ccid_cmd_run(struct slot *s, const uint8_t *msg, size_t len);

#endif
