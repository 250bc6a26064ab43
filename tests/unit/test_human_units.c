// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The same words on every screen, and what is printed can be read again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <math.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <cmocka.h>
#include <headroom/board.h>

#include "base/cleanup.h"
#include "base/human_units.h"

#define KIB (1ULL << 10)
#define MIB (1ULL << 20)
#define GIB (1ULL << 30)

static void test_bytes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{0, "0"},
		{1, "1 B"},
		{1023, "1023 B"},
		{KIB, "1 KiB"},
		{KIB + 51, "1 KiB"},
		{KIB + 52, "1.1 KiB"},
		{812 * KIB, "812 KiB"},
		{512 * MIB, "512 MiB"},
		{3 * GIB / 2, "1.5 GiB"},
		{50 * MIB, "50 MiB"},
		{MIB - 1, "1 MiB"},
		{1023 * KIB, "1023 KiB"},
		{1023 * KIB + 511, "1023 KiB"},
		{1023 * KIB + 512, "1 MiB"},
		{100 * MIB - 1, "100 MiB"},
		{99 * MIB + 970 * KIB, "99.9 MiB"},
		{GIB - MIB / 4, "1 GiB"},
		{1ULL << 40, "1 TiB"},
		{1ULL << 50, "1 PiB"},
		{1ULL << 60, "1 EiB"},
		{UINT64_MAX - 1, "16 EiB"},
		{HR_UNKNOWN, "-"},
	};
	char text[UNITS_TEXT];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(units_bytes(cases[i].bytes, text), cases[i].text);
}

static void test_rate(void **state)
{
	static const struct {
		int64_t rate;
		const char *text;
	} cases[] = {
		{0, "0"},
		{12 * MIB, "+12 MiB/s"},
		{-12 * (int64_t)MIB, "-12 MiB/s"},
		{5, "+5 B/s"},
		{-1, "-1 B/s"},
		{INT64_MAX, "+8 EiB/s"},
		{INT64_MIN + 1, "-8 EiB/s"},
		{HR_UNKNOWN_I64, "-"},
	};
	char text[UNITS_TEXT];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(units_rate(cases[i].rate, text), cases[i].text);
}

static void test_age(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{0, "under 1s"},        {999999999, "under 1s"}, {1000000000, "1s"},
		{90999999999, "1m30s"}, {HR_UNKNOWN, "-"},
	};
	char text[UNITS_TEXT];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(units_age_ns(cases[i].ns, text), cases[i].text);
	assert_string_equal(plural_s(0), "s");
	assert_string_equal(plural_s(1), "");
	assert_string_equal(plural_s(2), "s");
}

static void test_duration(void **state)
{
	static const struct {
		uint64_t ms;
		const char *text;
	} cases[] = {
		{0, "0s"},
		{1, "1 ms"},
		{850, "850 ms"},
		{999, "999 ms"},
		{1000, "1s"},
		{42999, "42s"},
		{59999, "59s"},
		{60000, "1m00s"},
		{260000, "4m20s"},
		{3599999, "59m59s"},
		{3600000, "1h00m"},
		{11100000, "3h05m"},
		{86399999, "23h59m"},
		{86400000, "1d00h"},
		{187200000, "2d04h"},
		{HR_UNKNOWN - 1, "213503982334d14h"},
		{HR_UNKNOWN, "-"},
	};
	char text[UNITS_TEXT];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(units_duration_ms(cases[i].ms, text), cases[i].text);
}

static void test_whole(void **state)
{
	static const struct {
		double value;
		uint64_t is;
	} cases[] = {
		{0, 0},
		{0.9, 0},
		{1e6, 1000000},
		{-1, 0},
		{-1e300, 0},
		{NAN, 0},
		{-INFINITY, 0},
		{1e300, UINT64_MAX - 1},
		{0x1p64, UINT64_MAX - 1},
		{INFINITY, UINT64_MAX - 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(units_whole(cases[i].value), cases[i].is);
}

static void test_parse_bytes(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint64_t bytes;
	} cases[] = {
		{"0", 0, 0},
		{"4096", 0, 4096},
		{"4096B", 0, 4096},
		{"10k", 0, 10 * KIB},
		{"10K", 0, 10 * KIB},
		{"10Ki", 0, 10 * KIB},
		{"10KiB", 0, 10 * KIB},
		{"10KB", 0, 10000},
		{"10kB", 0, 10000},
		{"300MiB", 0, 300 * MIB},
		{"300 MiB", 0, 300 * MIB},
		{"300M", 0, 300 * MIB},
		{"300MB", 0, 300000000},
		{"1.5G", 0, 3 * GIB / 2},
		{"1.5GiB", 0, 3 * GIB / 2},
		{"0.1k", 0, 102},
		{"2TB", 0, 2000000000000},
		{"2T", 0, 2ULL << 40},
		{"1PiB", 0, 1ULL << 50},
		{"15EiB", 0, 15ULL << 60},
		{"18446744073709551614", 0, UINT64_MAX - 1},
		{"18446744073709551615", -ERANGE, 0},
		{"18446744073709551616", -ERANGE, 0},
		{"16EiB", -ERANGE, 0},
		{"99999999999999999999999", -ERANGE, 0},
		{"17179869184G", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"+1", -EINVAL, 0},
		{"MiB", -EINVAL, 0},
		{"1.", -EINVAL, 0},
		{".5M", -EINVAL, 0},
		{"1,5M", -EINVAL, 0},
		{"1m", -EINVAL, 0},
		{"1g", -EINVAL, 0},
		{"1 M B", -EINVAL, 0},
		{"1MiBs", -EINVAL, 0},
		{"1  M", -EINVAL, 0},
		{" 1M", -EINVAL, 0},
		{"1M ", -EINVAL, 0},
		{"1.5", -EINVAL, 0},
		{"0x10", -EINVAL, 0},
		{"1e3", -EINVAL, 0},
		{"1%", -EINVAL, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t bytes = 7;

		assert_int_equal(units_parse_bytes(cases[i].text, &bytes), cases[i].result);
		assert_int_equal(bytes, cases[i].result ? 7 : cases[i].bytes);
	}
}

static void test_parse_duration(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint64_t ms;
	} cases[] = {
		{"0", 0, 0},
		{"0s", 0, 0},
		{"1s", 0, 1000},
		{"500ms", 0, 500},
		{"850 ms", 0, 850},
		{"5m", 0, 300000},
		{"5min", 0, 300000},
		{"1h30m", 0, 5400000},
		{"2d04h", 0, 187200000},
		{"1m00s", 0, 60000},
		{"1.5s", 0, 1500},
		{"0.5h", 0, 1800000},
		{"1s500ms", 0, 1500},
		{"1d1h1m1s1ms", 0, 90061001},
		{"213503982334d", 0, 18446744073657600000ULL},
		{"213503982335d", -ERANGE, 0},
		{"213503982334d24h", -ERANGE, 0},
		{"99999999999999999999s", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"5", -EINVAL, 0},
		{"s", -EINVAL, 0},
		{"-5s", -EINVAL, 0},
		{"5x", -EINVAL, 0},
		{"5s5m", -EINVAL, 0},
		{"5s5s", -EINVAL, 0},
		{"5m5min", -EINVAL, 0},
		{"1h ", -EINVAL, 0},
		{"1 h 30m", -EINVAL, 0},
		{"5sm", -EINVAL, 0},
		{"1h30", -EINVAL, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t ms = 7;

		assert_int_equal(units_parse_duration_ms(cases[i].text, &ms), cases[i].result);
		assert_int_equal(ms, cases[i].result ? 7 : cases[i].ms);
	}
}

/* What is printed is read again to what prints the same. */
static void test_round_trip(void **state)
{
	char text[UNITS_TEXT], again[UNITS_TEXT];

	srand(5);
	for (int i = 0; i < 100000; i++) {
		uint64_t value = ((uint64_t)rand() << 33 ^ (uint64_t)rand() << 8) >> rand() % 64,
			 back;

		units_bytes(value, text);
		if (value < (15ULL << 60)) { /* 16 EiB is more than a word holds */
			assert_int_equal(units_parse_bytes(text, &back), 0);
			assert_string_equal(units_bytes(back, again), text);
		}
		units_duration_ms(value, text);
		assert_int_equal(units_parse_duration_ms(text, &back), 0);
		assert_string_equal(units_duration_ms(back, again), text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_age),
		cmocka_unit_test(test_duration),
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_parse_bytes),
		cmocka_unit_test(test_parse_duration),
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
