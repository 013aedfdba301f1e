/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A case as a process. */
#ifndef FUZZ_EXEC_H
#define FUZZ_EXEC_H

#include "fuzz.h"

#define FREEZER		"/run/fuzz-cgroup"
#define FREEZER_GROUP	FREEZER "/case"

/* @tell: print what each call returns */
void __attribute__((noreturn)) exec_case(const struct fuzz_case *c, bool tell);

/* The number of the node of the reader on USB, kept in @shared; -1: there is none. */
int exec_usb_minor(void);

#endif
