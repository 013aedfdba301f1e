/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CCID rules that the host has broken. */
#ifndef VREADER_VIOLATION_H
#define VREADER_VIOLATION_H

#include <stdio.h>

/* @slot: -1 if the rule is not about a slot */
void violation_add(unsigned int iface, int slot, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
unsigned int violation_count(void);
void violation_clear(void);
void violation_print(FILE *out);

#endif
