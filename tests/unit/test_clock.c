// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Times out and in: RFC 3339, local times, seconds, ages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define S   NS_PER_SEC
#define NOW (1795348072ULL * S) /* 2026-11-22T11:47:52Z */

static void test_format(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{0, "1970-01-01T00:00:00.000000000Z"},
		{1, "1970-01-01T00:00:00.000000001Z"},
		{951782399 * S + 999999999, "2000-02-28T23:59:59.999999999Z"},
		{951782400 * S, "2000-02-29T00:00:00.000000000Z"},
		{NOW, "2026-11-22T11:47:52.000000000Z"},
		{UINT64_MAX, "2554-07-21T23:34:33.709551615Z"},
	};
	char text[CLOCK_TEXT];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t back;

		clock_format_rfc3339(cases[i].ns, text);
		assert_string_equal(text, cases[i].text);
		if (cases[i].ns == UINT64_MAX)
			continue;
		assert_int_equal(clock_parse(text, NOW, &back), 0);
		assert_true(back == cases[i].ns);
	}
}

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} cases[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"2000-02-29T00:00:00Z", 951782400 * S},
		{"2000-02-29t00:00:00z", 951782400 * S},
		{"2000-02-29 00:00:00Z", 951782400 * S},
		{"2000-02-29T00:00Z", 951782400 * S},
		{"2000-02-29T01:30:00+01:30", 951782400 * S},
		{"2000-02-28T22:30:00-01:30", 951782400 * S},
		{"2000-02-29T00:00:00.5Z", 951782400 * S + 500000000},
		{"2000-02-29T00:00:00.1234567894Z", 951782400 * S + 123456789},
		{"2016-12-31T23:59:60Z", 1483228800 * S}, /* a leap second that was */
		{"@0", 0},
		{"@951782400", 951782400 * S},
		{"@1.25", S + 250000000},
		{"5m", NOW - 300 * S},
		{"-90s", NOW - 90 * S},
		{"2h30m", NOW - 9000 * S},
		{"0s", NOW},
		/* local: three hours east, no summer time (set in main) */
		{"2000-02-29 03:00", 951782400 * S},
		{"2000-02-29T03:00:01", 951782401 * S},
	};
	static const char *const wrong[] = {
		"",
		"now",
		"yesterday",
		"2000",
		"2000-02",
		"2000-02-29",
		"2000-02-30T00:00:00Z",
		"1999-02-29T00:00:00Z",
		"2000-13-01T00:00:00Z",
		"2000-00-01T00:00:00Z",
		"2000-01-01T24:00:00Z",
		"2000-01-01T00:60:00Z",
		"2000-01-01T00:00:61Z",
		"2000-01-01T00:00:00.Z",
		"2000-01-01T00:00:00+1:00",
		"2000-01-01T00:00:00+0100",
		"2000-01-01T00:00:00+24:00",
		"2000-01-01T00:00:00Zx",
		"2000-1-01T00:00:00Z",
		"1969-12-31T23:59:59Z",
		"9999-01-01T00:00:00Z",
		"@",
		"@-1",
		"@1x",
		"@99999999999999999999",
		"@18446744074",
		"5",
		"5x",
		"--5m",
		"100000d",
		"2000-02-29 3:00",
		"2000-02-29  03:00",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t ns = 7;

		assert_int_equal(clock_parse(cases[i].text, NOW, &ns), 0);
		assert_true(ns == cases[i].ns);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		uint64_t ns = 7;

		assert_int_equal(clock_parse(wrong[i], NOW, &ns), -EINVAL);
		assert_true(ns == 7);
	}
}

static void test_clocks(void **state)
{
	uint64_t mono = clock_mono_ns(), boot = clock_boot_ns();

	assert_true(clock_mono_ns() >= mono);
	assert_true(clock_boot_ns() >= boot);
	assert_true(clock_wall_ns() > 1700000000 * S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_clocks),
	};

	setenv("TZ", "XXX-3", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
