/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process under test: eight threads, whose descriptors and heap are measured in each calm. */
#ifndef SOAK_CREW_H
#define SOAK_CREW_H

#include "library.h"

void __attribute__((noreturn)) crew_run(uint64_t seed);

#endif
