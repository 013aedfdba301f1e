/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scardctl doctor: doctor.c checks the module, the nodes, the cards and the library,
 * doctor_usb.c the readers on USB and the programs that hold them, doctor_use.c the programs that
 * keep a card for long; doctor_finding.c prints their findings.
 */
#ifndef DOCTOR_H
#define DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

/* doctor_finding.c: print a finding: one line with the problem, one with the advice */
void doctor_finding(const char *advice, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Return the number of findings. */
size_t doctor_findings(void);

/* doctor_usb.c */
bool doctor_read_line(const char *path, char *buf, size_t size);
bool doctor_find_process(const char *name, const char *file, char *who, size_t size);
void doctor_usb(bool loaded);

/* doctor_use.c */
void doctor_use(void);

#endif
