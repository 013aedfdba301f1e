/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clients, each a process: by ioctl (client.c), and by the library in threads
 * (client_lib.c). They run until they die or are killed.
 */
#ifndef SOAK_CLIENT_H
#define SOAK_CLIENT_H

#include "soak.h"

void __attribute__((noreturn)) client_run(uint64_t seed, unsigned int slots);
void __attribute__((noreturn)) client_lib_run(uint64_t seed);

#endif
