// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Times out and in: RFC 3339, local times, seconds, ages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>
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
		{"100000d", 1}, /* before 1970: from the beginning */
		/* local: three hours east, no summer time (set in main) */
		{"2000-02-29 03:00", 951782400 * S},
		{"2000-02-29T03:00:01", 951782401 * S},
		{"2000-02-29 3:00", 951782400 * S},
		/* NOW is Sunday, 14:47:52 there */
		{"now", NOW},
		{"today", NOW - 53272 * S},
		{"yesterday", NOW - 139672 * S},
		{"tomorrow", NOW + 33128 * S},
		{"yesterday 03:10", NOW - 128272 * S},
		{"2026-11-22", NOW - 53272 * S},
		{"12:30", NOW - 8272 * S},
		{"03:10", NOW - 41872 * S},
		{"3:10", NOW - 41872 * S},
		{"23:59:59.5", NOW + 33127 * S + S / 2},
		{"2026-11-22 12:30", NOW - 8272 * S},
		{"Sun 2026-11-22 12:30:00", NOW - 8272 * S},
		{"sunday 2026-11-22 12:30", NOW - 8272 * S},
		{"2026-11-22 09:30 UTC", NOW - 8272 * S},
		{"12:30 UTC", NOW + 2528 * S},
		{"today utc", NOW - 42472 * S},
		{"2026-11-22 12:30 +0300", NOW - 8272 * S},
		{"2026-11-22 12:30 +03:00", NOW - 8272 * S},
		{"2026-11-22T12:30+03", NOW - 8272 * S},
		{"1 hour ago", NOW - 3600 * S},
		{"2 days ago", NOW - 172800 * S},
		{"1h 30min ago", NOW - 5400 * S},
		{"90 s", NOW - 90 * S},
		{"-2h", NOW - 7200 * S},
		{"+2h", NOW + 7200 * S},
		{"1.5h", NOW - 5400 * S},
		{"2 weeks ago", NOW - 1209600 * S},
		{"1 month ago", NOW - 2629800 * S},
		{"30m 2h", NOW - 9000 * S},
		{"500ms", NOW - S / 2},
		{"99999999999999999999y", 1},
	};
	static const char *const wrong[] = {
		"",
		"noon",
		"yesterdays",
		"yesterday03:10",
		"yesterdayT03:10",
		"yesterday ",
		"yesterday ago",
		"today +03:00",
		"24:00",
		"12:60",
		"12",
		"12:3",
		"12:30 ",
		"12:30Z",
		"12:30 CET",
		"Mon 2026-11-22 12:30",
		"Sun",
		"monday",
		"1 hour agos",
		"-1 hour ago",
		"+1 hour ago",
		"1 hour before",
		"ago",
		"1 ago",
		"1 fortnight ago",
		"+99999y",
		" UTC",
		"1 hour ago UTC",
		"2000",
		"2000-02",
		"2000-02-30T00:00:00Z",
		"1999-02-29T00:00:00Z",
		"2000-13-01T00:00:00Z",
		"2000-00-01T00:00:00Z",
		"2000-01-01T24:00:00Z",
		"2000-01-01T00:60:00Z",
		"2000-01-01T00:00:61Z",
		"2000-01-01T00:00:00.Z",
		"2000-01-01T00:00:00+1:00",
		"2000-01-01T00:00:00+010",
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

/* A day that summer time ends is 25 hours long. */
static void test_summer_time(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} cases[] = {
		{"today", 1792879200 * S},           /* 2026-10-24T22:00:00Z */
		{"yesterday", 1792792800 * S},       /* 2026-10-23T22:00:00Z */
		{"12:00", 1792926000 * S},           /* 2026-10-25T11:00:00Z */
		{"yesterday 12:00", 1792836000 * S}, /* 2026-10-24T10:00:00Z */
		{"24h", 1792839600 * S},
	};
	uint64_t ns;

	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(clock_parse(cases[i].text, 1792926000 * S, &ns), 0);
		assert_true(ns == cases[i].ns);
	}
}

static void test_local(void **state)
{
	char text[CLOCK_TEXT];

	assert_string_equal(clock_format_local(NOW, text), "2026-11-22 14:47:52 +0300");
	assert_string_equal(clock_format_local(0, text), "1970-01-01 03:00:00 +0300");
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
		cmocka_unit_test(test_format),      cmocka_unit_test(test_parse),
		cmocka_unit_test(test_clocks),      cmocka_unit_test(test_local),
		cmocka_unit_test(test_summer_time), /* last: another time zone */
	};

	setenv("TZ", "XXX-3", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
