/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The harness of the kernel's selftests. With TEST_SLOWER=N in the environment each test has N
 * times its time: an emulated debug kernel is slow.
 */
#ifndef TESTS_KSELFTEST_HARNESS_H
#define TESTS_KSELFTEST_HARNESS_H

#include_next <kselftest_harness.h>

#define test_harness_run(argc, argv) (give_time(), (test_harness_run)(argc, argv))

static inline void give_time(void)
{
	const char *slower = getenv("TEST_SLOWER");
	struct __fixture_metadata *fixture;
	struct __test_metadata *test;

	for (fixture = __fixture_list; slower && fixture; fixture = fixture->next) {
		for (test = fixture->tests; test; test = test->next)
			test->timeout *= atoi(slower);
	}
}

#endif
