/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader: how it answers messages and requests, as a case says. */
#ifndef FUZZ_READER_H
#define FUZZ_READER_H

#include "fuzz.h"

/* A new device, with cards in its slots; desc_build() has been called. */
void reader_plugged(const struct fuzz_case *c);
/* The answers of another case from now on */
void reader_begin(const struct fuzz_case *c);
/* What the device does by itself, on an order of a client: OP_NOTIFY to OP_UNPLUG */
void reader_order(const struct fuzz_call *call);
/* Has the host chosen a configuration since reader_plugged()? */
bool reader_configured(void);

#endif
