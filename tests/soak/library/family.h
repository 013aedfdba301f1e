/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes beside the crew: daemons, and programs that close all descriptors. */
#ifndef SOAK_FAMILY_H
#define SOAK_FAMILY_H

#include "library.h"

/* One that is drawn, in a new process; library->families counts it until it has ended. */
void family_start(struct rnd *rnd);

#endif
