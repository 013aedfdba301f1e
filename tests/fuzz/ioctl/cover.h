/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which parts of the module a case has reached: KCOV (Documentation/dev-tools/kcov.rst). */
#ifndef FUZZ_COVER_H
#define FUZZ_COVER_H

#include <stdbool.h>

/* Before the first fork; false: this kernel has no KCOV. */
bool cover_init(void);
/* In the server's process */
void cover_server(void);
/* In each process and thread of a case, at its begin */
void cover_task(void);
/* In the parent, before and after a case; cover_end() gives the places that are new. */
void cover_begin(void);
unsigned int cover_end(void);

/* All places that were reached */
unsigned int cover_count(void);
/* Their offsets in .text, a line each, in hexadecimal */
bool cover_write(const char *path);

#endif
