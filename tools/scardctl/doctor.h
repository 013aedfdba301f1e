/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scardctl doctor: doctor.c looks at the module, the nodes, the cards and the library,
 * doctor_usb.c at the readers on USB and at the programs that hold them.
 */
#ifndef DOCTOR_H
#define DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

/* One finding: what is, and what to do about it, a line each */
void finding(const char *advice, const char *format, ...) __attribute__((format(printf, 2, 3)));

bool read_line(const char *path, char *buf, size_t size);
bool find_process(const char *name, const char *file, char *who, size_t size);
void doctor_usb(bool loaded);

#endif
