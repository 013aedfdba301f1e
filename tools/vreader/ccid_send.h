/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VREADER_CCID_SEND_H
#define VREADER_CCID_SEND_H

#include <stddef.h>
#include <stdint.h>

struct ccid;

/* Send an answer to the host as it is. */
void ccid_send(struct ccid *ccid, const uint8_t *msg, size_t len);

#endif
