/* SPDX-License-Identifier: GPL-2.0-or-later */
/* USB tokens of the ICCD specification: control transfers only. */
#ifndef VREADER_ICCD_H
#define VREADER_ICCD_H

#include <stdint.h>

struct ccid;
struct urb;

/* A class request. Return the number of bytes in @buf, or a negative errno for a stall. */
int iccd_control(struct ccid *ccid, struct urb *urb, uint8_t *buf);

#endif
