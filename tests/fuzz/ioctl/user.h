/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a case does with /dev/uscard, where it is a server itself. */
#ifndef FUZZ_USER_H
#define FUZZ_USER_H

#include "fuzz.h"

/* A new descriptor, or -1 */
int user_open(const struct fuzz_call *call);
/* A node of the last reader that user_call() has made: a new descriptor, or -1 */
int user_node(const struct fuzz_call *call);
/* OP_USER_CREATE, OP_USER_TAKE, OP_USER_SAY, OP_USER_SERVE: -1 for an error */
int user_call(int fd, const struct fuzz_call *call);

#endif
