/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TAP for the tests that are C programs, but for the kselftests, which have
 * kselftest_harness.h.
 */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <stdbool.h>

/* Begin a test; it passes if no check fails until the next test begins or tap_end(). */
void tap_test(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* End the test and print its result. */
void tap_test_end(void);
/* A test of which the result is known. */
void tap_result(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* End the last test and print the plan; returns the program's status. */
int tap_end(void);

/* A check of the current test has failed. */
extern bool tap_failed;

/* Fail the current test, from any thread. */
void tap_fail(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void tap_check_eq(const char *file, int line, const char *got_text, long got,
		  const char *want_text, long want);

#define CHECK(condition) do {							\
	if (!(condition))							\
		tap_fail(__FILE__, __LINE__, "%s", #condition);			\
} while (0)

#define CHECK_EQ(got, want)							\
	tap_check_eq(__FILE__, __LINE__, #got, (long)(got), #want, (long)(want))

#endif /* TESTS_TAP_H */
