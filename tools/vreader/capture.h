/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pcap file of the URBs, for Wireshark. */
#ifndef VREADER_CAPTURE_H
#define VREADER_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct urb;

bool capture_open(const char *name);
void capture_submit(const struct urb *urb);
void capture_complete(const struct urb *urb, int status, const uint8_t *data, size_t actual);
void capture_unlink(const struct urb *urb);
void capture_flush(void);

#endif
