/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slot changes on the interrupt endpoint. */
#ifndef VREADER_CCID_NOTIFY_H
#define VREADER_CCID_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ccid;

/* Send the changes that the host does not know, as often as it polls. */
void ccid_notify(struct ccid *ccid);
/* Send these bytes, whatever is true. */
void ccid_notify_bytes(struct ccid *ccid, const uint8_t *p, size_t len);
/* A slot change waits for the host to poll. */
bool ccid_notify_pending(const struct ccid *ccid);

#endif
