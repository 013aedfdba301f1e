/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual reader as the tests use it: one vreader runs per test program, and
 * is brought back to the same state before each test. The environment variable VREADER
 * has options that precede those of the tests. All functions end the process with a
 * message when vreader itself fails.
 */
#ifndef KSELFTEST_VR_H
#define KSELFTEST_VR_H

#include <stdbool.h>
#include <stddef.h>

#define VR_CARD		"iso,t=1,pin=1234"
#define VR_TRACE_SIZE	1024

/*
 * A known state: vreader with these options runs, its reader is plugged, a new
 * card of kind @card is in slot 0, powered and looked at (NULL: the slot is empty),
 * no fault is loaded, log and counters are empty.
 */
void vr_prepare(const char *options, const char *card);
/* vreader plays a transcript, and the driver knows the slot's state. */
void vr_replay(const char *options, const char *file);
void vr_stop(void);

/* One command; the reply without OK. */
const char *vr_do(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same where ERR is an answer too: 0 or -1. */
int vr_try(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* For a failed test: the reader's state, the blocked tasks, and the end of the kernel log */
void vr_explain(void);
unsigned long vr_count(const char *name);
unsigned long vr_card(const char *field);
void vr_clear(void);

/*
 * The commands to the card since vr_clear(), as words after one another:
 *   cold   IccPowerOn without power     warm   IccPowerOn with power
 *   off    IccPowerOff                  eject  Mechanical
 *   abort  Abort                        apdu   XfrBlock or Secure
 *   escape Escape
 * GetSlotStatus, SetParameters and the like do not change the card's state and are left
 * out.
 */
const char *vr_trace(void);

#endif
