/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The harness of the kernel's selftests, with more time: an emulated debug kernel is slow. */
#ifndef TESTS_KSELFTEST_HARNESS_H
#define TESTS_KSELFTEST_HARNESS_H

#include_next <kselftest_harness.h>

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	120	/* seconds */

#endif
