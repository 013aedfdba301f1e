/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cases: random ones, changed ones, and their form in hexadecimal. */
#ifndef FUZZ_CASE_H
#define FUZZ_CASE_H

#include "fuzz.h"

void case_fresh(struct fuzz_case *c);
/* Change @c a little; @other may lend calls and answers. */
void case_change(struct fuzz_case *c, const struct fuzz_case *other);

/* @hex has room for CASE_HEX */
void case_to_hex(const struct fuzz_case *c, char *hex);
bool case_from_hex(struct fuzz_case *c, const char *hex);
/* As comments of TAP, a line for each answer that is not well, and for each call */
void case_print(const struct fuzz_case *c);

#endif
