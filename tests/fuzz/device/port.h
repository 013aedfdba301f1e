/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process of a port, which is the device there and runs clients. */
#ifndef FUZZ_PORT_H
#define FUZZ_PORT_H

#include "fuzz.h"

/*
 * Until the time is over, or something is wrong, which it has told: the status of the process.
 * @only: this case alone, @times times
 */
int port_run(unsigned int port, unsigned long end_ms, const struct fuzz_case *only,
	     unsigned int times);

#endif
