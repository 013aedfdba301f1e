// SPDX-License-Identifier: GPL-2.0-or-later
#include "unit.h"

#ifdef __KERNEL__

#include <kunit/test-bug.h>

#define STEP_SIZE	200

/* The name of the step is the test's private data. */
static const char *step_of(struct kunit *test)
{
	return test->priv ? test->priv : "";
}

void scard_test_step(const char *format, ...)
{
	struct kunit *test = kunit_get_current_test();
	va_list args;

	if (!test->priv)
		test->priv = scard_test_alloc(STEP_SIZE);
	va_start(args, format);
	vsnprintf(test->priv, STEP_SIZE, format, args);
	va_end(args);
}

void scard_test_fail(const char *file, int line, const char *format, ...)
{
	struct kunit *test = kunit_get_current_test();
	struct va_format text = { .fmt = format };
	va_list args;

	va_start(args, format);
	text.va = &args;
	KUNIT_FAIL(test, "%s: %s:%d: %pV", step_of(test), file, line, &text);
	va_end(args);
}

void scard_test_abort(const char *file, int line, const char *condition)
{
	scard_test_fail(file, line, "does not hold: %s", condition);
	KUNIT_FAIL_AND_ABORT(kunit_get_current_test(), "the case cannot go on");
}

void scard_test_check_eq(const char *file, int line, const char *got_text, long got,
			 const char *want_text, long want)
{
	if (got != want)
		scard_test_fail(file, line, "%s is %ld (0x%lx), not %ld (0x%lx) (%s)",
				got_text, got, got, want, want, want_text);
}

void *scard_test_alloc(size_t len)
{
	struct kunit *test = kunit_get_current_test();
	void *p = kunit_kzalloc(test, len ? len : 1, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	return p;
}

void scard_test_free(void *p)
{
	kunit_kfree(kunit_get_current_test(), p);
}

#else

int scard_test_run(const struct kunit_suite *suite)
{
	const struct kunit_case *c;

	for (c = suite->test_cases; c->run_case; c++) {
		char desc[KUNIT_PARAM_DESC_SIZE];
		struct kunit test = { };

		if (!c->generate_params) {
			c->run_case(&test);
			continue;
		}
		while ((test.param_value = c->generate_params(test.param_value, desc)))
			c->run_case(&test);
	}
	return tap_end();
}

#endif

/* The value of a digit, or -1 */
static int digit(char c)
{
	if (isdigit((unsigned char)c))
		return c - '0';
	return isxdigit((unsigned char)c) ? toupper((unsigned char)c) - 'A' + 10 : -1;
}

u8 *scard_test_hex(const char *text, u32 *len)
{
	size_t digits = 0, i = 0;
	const char *p;
	u8 *bytes;

	for (p = text; *p; p++)
		digits += digit(*p) >= 0;
	bytes = scard_test_alloc(digits / 2);
	for (p = text; *p && i / 2 < digits / 2; p++) {
		if (digit(*p) < 0)
			continue;
		bytes[i / 2] |= digit(*p) << (i % 2 ? 0 : 4);
		i++;
	}
	*len = digits / 2;
	return bytes;
}

u32 scard_test_number(const char *text, u32 base)
{
	u32 n = 0;

	while (digit(*text) >= 0 && digit(*text) < (int)base)
		n = n * base + digit(*text++);
	return n;
}

void scard_test_check_hex(const char *file, int line, const char *what, const u8 *got, size_t len,
			  const char *want)
{
	char text[3 * 64 + 1] = "";
	u32 want_len;
	u8 *bytes = scard_test_hex(want, &want_len);
	size_t i;

	if (want_len != len || (len && memcmp(got, bytes, len))) {
		for (i = 0; i < len && i < 64; i++)
			sprintf(text + 3 * i, "%02X ", got[i]);
		scard_test_fail(file, line, "%s is %s(%zu bytes), not %s", what, text, len, want);
	}
	scard_test_free(bytes);
}
