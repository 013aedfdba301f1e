/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cases of all processes that have reached something new, and the last ones of this process. */
#ifndef FUZZ_CORPUS_H
#define FUZZ_CORPUS_H

#include <stdbool.h>

#include "fuzz.h"

/* Before the first fork */
bool corpus_init(void);

/* The next case: a fresh one, or a change of one that was kept */
void corpus_next(struct fuzz_case *c);
void corpus_keep(const struct fuzz_case *c);
unsigned int corpus_count(void);

/* The last cases, also in a file, which outlives the machine */
bool corpus_record(const char *path);
void corpus_run(const struct fuzz_case *c);
void corpus_print_recent(void);

#endif
