/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The calls of a case, in a process of their own. */
#ifndef FUZZ_CLIENT_H
#define FUZZ_CLIENT_H

#include "fuzz.h"

/* Areas of cover.h */
#define AREA_REMOTE	0
#define AREA_CLIENT	1
#define AREA_FORKED	2	/* and the next one */
#define AREAS		4

/* @orders: a pipe to the process that is the device, which reads struct fuzz_call */
_Noreturn void client_run(const struct fuzz_case *c, const char *device, int orders);
/* Does the reader work? 0 or an errno, as the status of this process. */
_Noreturn void client_check(const char *device);

#endif
