/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which places of the module were reached: KCOV (Documentation/dev-tools/kcov.rst). A process opens
 * areas; a task enables one of them, which ends with the task, so that the process can read what a
 * killed task has reached. Which places were seen before is known to all processes.
 */
#ifndef FUZZ_COVER_H
#define FUZZ_COVER_H

#include <stdbool.h>
#include <stdint.h>

#define COVER_AREAS	8	/* of a process at most */

/* Before the first fork; false: this kernel has no KCOV. */
bool cover_init(void);
/* Open areas for this process and those that it forks. */
bool cover_open(unsigned int areas);
/* This task, from now on, in that area */
void cover_enable(unsigned int area);
/*
 * In that area what the kernel's threads do for this task, which @common names, 1 to 0xffffffff,
 * and, unless it is 0, for the bus of that number.
 */
bool cover_enable_remote(unsigned int area, uint32_t common, unsigned int bus);
/* Before and after a case; cover_end() gives the places that are new. */
void cover_begin(void);
unsigned int cover_end(void);

/* All places that were reached */
unsigned int cover_count(void);
/* Their offsets in .text, a line each, in hexadecimal */
bool cover_write(const char *path);

#endif
