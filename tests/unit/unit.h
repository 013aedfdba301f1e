/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the suites, which are KUnit's: checks, and bytes written in hexadecimal. In user space
 * a suite is a program that prints TAP, and this header has as much of KUnit as they use.
 */
#ifndef SCARD_TESTS_UNIT_H
#define SCARD_TESTS_UNIT_H

#ifdef __KERNEL__

#include <kunit/test.h>
#include <linux/ctype.h>
#include <linux/kernel.h>

#include "port.h"

/* What the case does next; it stands before the message of a check that fails. */
#define STEP(...)	scard_test_step(__VA_ARGS__)
#define FAIL(...)	scard_test_fail(__FILE__, __LINE__, __VA_ARGS__)
/* End the case if the condition does not hold. */
#define HOLDS(condition) do {							\
	if (!(condition))							\
		scard_test_abort(__FILE__, __LINE__, #condition);		\
} while (0)

#define CHECK(condition) do {							\
	if (!(condition))							\
		FAIL("%s", #condition);						\
} while (0)

#define CHECK_EQ(got, want)							\
	scard_test_check_eq(__FILE__, __LINE__, #got, (long)(got), #want, (long)(want))

__printf(1, 2) void scard_test_step(const char *format, ...);
__printf(3, 4) void scard_test_fail(const char *file, int line, const char *format, ...);
void scard_test_abort(const char *file, int line, const char *condition);
void scard_test_check_eq(const char *file, int line, const char *got_text, long got,
			 const char *want_text, long want);

/* Memory of exactly this length, so that the sanitizer sees an access behind it. */
void *scard_test_alloc(size_t len);
void scard_test_free(void *p);

#else

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "../tap.h"
#include "port.h"

/* A case has the parameter that KUnit gives it, whether it needs it or not. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define STEP(...)	tap_test(__VA_ARGS__)
#define FAIL(...)	tap_fail(__FILE__, __LINE__, __VA_ARGS__)
#define scard_test_fail	tap_fail

struct kunit {
	const void *param_value;
};

struct kunit_case {
	void (*run_case)(struct kunit *test);
	const void *(*generate_params)(const void *prev, char *desc);
};

struct kunit_suite {
	const char *name;
	struct kunit_case *test_cases;
};

#define KUNIT_CASE(function)	{ .run_case = (function) }
#define KUNIT_CASE_PARAM(function, generate)					\
	{ .run_case = (function), .generate_params = (generate) }

#define KUNIT_PARAM_DESC_SIZE	128
#define KUNIT_ARRAY_PARAM_DESC(name, array, member)				\
	static const void *name##_gen_params(const void *prev, char *desc)	\
	{									\
		const typeof((array)[0]) *next = prev ? prev : (array);		\
										\
		next += !!prev;							\
		if (next == (array) + ARRAY_SIZE(array))			\
			return NULL;						\
		snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", next->member);	\
		return next;							\
	}

#define kunit_test_suite(suite)							\
	int main(void)								\
	{									\
		return scard_test_run(&(suite));				\
	}

int scard_test_run(const struct kunit_suite *suite);

static inline void *scard_test_alloc(size_t len)
{
	return calloc(len ? len : 1, 1);
}

static inline void scard_test_free(void *p)
{
	free(p);
}

#endif

#define CHECK_HEX(got, len, want)						\
	scard_test_check_hex(__FILE__, __LINE__, #got, got, len, want)

void scard_test_check_hex(const char *file, int line, const char *name, const u8 *got, size_t len,
			  const char *want);

/*
 * Bytes of a text such as "00 A4 0400", in memory of exactly that length. The caller frees
 * them.
 */
u8 *scard_test_hex(const char *text, u32 *len);

/* The number that a text begins with. */
u32 scard_test_number(const char *text, u32 base);

#endif /* SCARD_TESTS_UNIT_H */
