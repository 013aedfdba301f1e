/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The faults of vreader, drawn at random: vreader(1), FAULTS. */
#ifndef SOAK_FAULTS_H
#define SOAK_FAULTS_H

#include "reader.h"

/* Load one line into vreader. */
void faults_add(struct rnd *rnd, const struct reader *reader);
/* The name of a kind, or NULL after the last */
const char *faults_name(unsigned int kind);

#endif
