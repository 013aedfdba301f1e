/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reports in the kernel's log: which case do they come after? */
#ifndef FUZZ_KMSG_H
#define FUZZ_KMSG_H

#include <stdbool.h>

/* From now on */
bool kmsg_init(void);
/* Has there been a report since the last call? It is printed as a comment. */
bool kmsg_report(void);

#endif
