/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Contexts and card handles that a forked child may take over. */
#ifndef SCARD_HERITAGE_H
#define SCARD_HERITAGE_H

#include <stdbool.h>

#include "object.h"

/* Before and after fork(), with the locks of objects and descriptors */
void scard_heritage_prepare(void);
void scard_heritage_parent(void);
/* In the child; the first one unlocks the descriptors */
void scard_heritage_forked(void);
void scard_heritage_settle(void);

struct object *scard_heritage_get(LONG id, bool is_card);
void scard_heritage_end(void);

#endif /* SCARD_HERITAGE_H */
