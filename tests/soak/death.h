/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ways in which a client dies. */
#ifndef SOAK_DEATH_H
#define SOAK_DEATH_H

#include "soak.h"

/* Die with @fd open, in a way that is drawn; children that remain are killed by the crowd. */
void __attribute__((noreturn)) death(struct rnd *rnd, int fd);
const char *death_name(unsigned int way);

#endif
