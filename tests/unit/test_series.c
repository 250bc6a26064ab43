// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The CSV reader: what it takes, and what it says of what it does not. Fixtures in
 * tests/fixtures/series. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/series.h"

#define FIXTURES "tests/fixtures/series/"

static void test_good(void **state)
{
	struct series *s = NULL;
	struct series_row row;

	assert_int_equal(series_open(FIXTURES "good.csv", &s), 0);
	assert_int_equal(series_next(s, &row), 0);
	assert_int_equal(row.value[SERIES_USED], 100);
	assert_int_equal(row.value[SERIES_ANON], 50);
	assert_int_equal(row.value[SERIES_SHMEM], UINT64_MAX);
	assert_int_equal(series_next(s, &row), 0);
	assert_int_equal(row.value[SERIES_T], 1500000000);
	assert_int_equal(row.value[SERIES_USED], 1000);
	assert_int_equal(row.value[SERIES_LIMIT], UINT64_MAX); /* 0: none */
	assert_int_equal(row.value[SERIES_ANON], UINT64_MAX); /* empty: not known */
	assert_int_equal(series_next(s, &row), 0);
	assert_int_equal(row.value[SERIES_LIMIT], UINT64_MAX); /* cgroup v1's "none" */
	assert_int_equal(series_backwards(s), 0);
	assert_int_equal(series_next(s, &row), 0);
	assert_int_equal(row.line, 6);
	assert_int_equal(series_backwards(s), 1);
	assert_int_equal(series_next(s, &row), -ENODATA);
	series_close(s);
	assert_int_equal(series_open(FIXTURES "crlf-bom.csv", &s), 0);
	assert_int_equal(series_next(s, &row), 0);
	assert_int_equal(series_next(s, &row), 0);
	assert_int_equal(row.value[SERIES_USED], 2);
	assert_int_equal(series_next(s, &row), -ENODATA);
	series_close(s);
}

static void test_bad(void **state)
{
	static const struct {
		const char *file;
		const char *says; /* place and what */
	} cases[] = {
		{"empty.csv", ":1:1: the file is empty"},
		{"no-limit-column.csv", ":1:1: no column limit_bytes"},
		{"twice.csv", ":1:34: column used_bytes stands there twice"},
		{"text.csv", ":3:3: used_bytes: \"many\" is not a number"},
		{"nan.csv", ":2:3: used_bytes: \"nan\" is not a number"},
		{"inf.csv", ":2:5: limit_bytes: \"inf\" is not a number"},
		{"hex.csv", ":2:3: used_bytes: \"0x10\" is not a number"},
		{"negative.csv", ":2:3: used_bytes: -1 is below zero"},
		{"short-row.csv", ":2:4: only 2 cells of 3"},
		{"long-row.csv", ":2:7: more cells than the 3 columns"},
		{"huge.csv", ":2:3: used_bytes: 1e30 does not fit"},
		{"no-time.csv", ":2:1: t_seconds is empty"},
		{"nul.csv", ":2:4: a NUL byte"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct series *s = NULL;
		struct series_row row = {.line = 77};
		const char *error;
		char path[256];
		int err;

		snprintf(path, sizeof(path), FIXTURES "%s", cases[i].file);
		err = series_open(path, &s);
		if (!err) {
			while (!(err = series_next(s, &row)))
				row.line = 77;
			assert_int_equal(row.line, 77); /* untouched on failure */
			error = series_error(s);
		} else {
			assert_null(s);
			error = series_open_error();
		}
		assert_int_equal(err, -EINVAL);
		if (!strstr(error, cases[i].says))
			fail_msg("%s: \"%s\" does not say \"%s\"", path, error, cases[i].says);
		series_close(s);
	}
}

static void test_missing_file(void **state)
{
	struct series *s = NULL;

	assert_int_equal(series_open(FIXTURES "is-not-there.csv", &s), -ENOENT);
	assert_null(s);
	assert_non_null(strstr(series_open_error(), "is-not-there.csv: No such file"));
	series_close(NULL);
}

static void test_a_million_rows(void **state)
{
	char path[] = "/tmp/test_series.XXXXXX";
	int fd = mkstemp(path), n = 0;
	struct series *s = NULL;
	struct series_row row;
	FILE *f;

	assert_true(fd >= 0);
	f = fdopen(fd, "w");
	assert_non_null(f);
	fprintf(f, "t_seconds,used_bytes,limit_bytes\n");
	for (int i = 0; i < 1000000; i++)
		fprintf(f, "%d,%d,1000000\n", i, i);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(series_open(path, &s), 0);
	while (series_next(s, &row) == 0)
		n++;
	assert_int_equal(n, 1000000);
	assert_int_equal(row.value[SERIES_USED], 999999);
	series_close(s);
	unlink(path);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_missing_file),
		cmocka_unit_test(test_a_million_rows),
	};

	return cmocka_run_group_tests_name("series", tests, NULL, NULL);
}
