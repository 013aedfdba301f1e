/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fault injection (failslab and others) in this thread. For a kernel with /proc/self/fail-nth. */
#ifndef KSELFTEST_FAIL_H
#define KSELFTEST_FAIL_H

#include <stdbool.h>

/* Before the first: @filter is failslab/cache-filter, "Y" or "N". 0 or -errno */
int fail_begin(const char *filter);
void fail_end(void);
/* The @nth thing that can fail in this task fails; 0: nothing. */
bool fail_nth(int nth);
/* Has it failed? Ends the waiting for it, which may fail itself by what it waits for. */
bool fail_happened(void);

#endif
