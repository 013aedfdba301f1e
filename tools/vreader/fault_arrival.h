/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VREADER_FAULT_ARRIVAL_H
#define VREADER_FAULT_ARRIVAL_H

struct fault;
struct slot;

/* Apply a fault of the card when its message arrives. */
void fault_arrival(struct slot *s, const struct fault *f);

#endif
