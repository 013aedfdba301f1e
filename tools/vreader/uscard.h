/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A reader without USB: requests of /dev/uscard become messages to the CCID function. */
#ifndef VREADER_USCARD_H
#define VREADER_USCARD_H

#include <stdbool.h>

struct profile;

/* Serve this device instead of USB, or the descriptor N of "fd:N", which needs no CREATE. */
void uscard_use(const char *path);
/* The profile as /dev/uscard needs it; false if it cannot be served so. */
bool uscard_profile(struct profile *p);
/* Is it served instead of USB? */
bool uscard_used(void);

/* Make the reader. Return 0 or a negative errno. */
int uscard_attach(void);
void uscard_unplug(void);
bool uscard_attached(void);
/* Do what the last request left to do. */
void uscard_flush(void);

#endif
