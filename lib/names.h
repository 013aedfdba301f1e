/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reader names. */
#ifndef SCARD_NAMES_H
#define SCARD_NAMES_H

#include <stdbool.h>

struct reader;

void scard_names_set(struct reader *r);
bool scard_names_ignored(const char *name);

#endif /* SCARD_NAMES_H */
