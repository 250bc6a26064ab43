// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The CSV reader: what it takes, and what it says of what it does not. Fixtures in
 * tests/fixtures/series. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/csv_series.h"

#define FIXTURES "tests/fixtures/series/"

static void test_good(void **state)
{
	struct series *s = NULL;
	struct series_row row;

	assert_int_equal(series_open(FIXTURES "good.csv", &s), 0);
	assert_int_equal(series_next(s, &row), 0);
	assert_int_equal(row.used, 100);
	assert_int_equal(row.memory.anon, 50);
	assert_int_equal(row.memory.shmem, UINT64_MAX);
	assert_int_equal(series_next(s, &row), 0);
	assert_int_equal(row.t_ns, 1500000000);
	assert_int_equal(row.used, 1000);
	assert_int_equal(row.memory.limit, UINT64_MAX); /* 0: none */
	assert_int_equal(row.memory.anon, UINT64_MAX);  /* empty: not known */
	assert_int_equal(series_next(s, &row), 0);
	assert_int_equal(row.memory.limit, UINT64_MAX); /* cgroup v1's "none" */
	assert_int_equal(series_backwards(s), 0);
	assert_int_equal(series_next(s, &row), 0);
	assert_int_equal(row.line, 6);
	assert_int_equal(series_backwards(s), 1);
	assert_int_equal(series_next(s, &row), -ENODATA);
	series_close(s);
	assert_int_equal(series_open(FIXTURES "crlf-bom.csv", &s), 0);
	assert_int_equal(series_next(s, &row), 0);
	assert_int_equal(series_next(s, &row), 0);
	assert_int_equal(row.used, 2);
	assert_int_equal(series_next(s, &row), -ENODATA);
	series_close(s);
}

static void test_bad(void **state)
{
	static const struct {
		const char *file;
		const char *says; /* place and what */
	} cases[] = {
		{"empty.csv", ":1:1: empty file: needs a first line with column names"},
		{"no-limit-column.csv", ":1:1: missing column limit_bytes"},
		{"twice.csv", ":1:34: duplicate column used_bytes"},
		{"text.csv", ":3:3: used_bytes: \"many\" is not a number"},
		{"nan.csv", ":2:3: used_bytes: \"nan\" is not a number"},
		{"inf.csv", ":2:5: limit_bytes: \"inf\" is not a number"},
		{"hex.csv", ":2:3: used_bytes: \"0x10\" is not a number"},
		{"negative.csv", ":2:3: used_bytes: -1 is below zero"},
		{"short-row.csv", ":2:4: only 2 cells of 3"},
		{"long-row.csv", ":2:7: more cells than the 3 columns"},
		{"huge.csv", ":2:3: used_bytes: 1e30 does not fit"},
		{"no-time.csv", ":2:1: t_seconds is empty"},
		{"nul.csv", ":2:4: NUL byte"},
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

/* Every column that the header names, each with the number of its place. */
static void test_every_column(void **state)
{
	static const struct {
		const char *name;
		size_t offset; /* of a uint64_t in struct series_row */
	} cases[] = {
		{"usage_bytes", offsetof(struct series_row, memory.usage)},
		{"unreclaimable_bytes", offsetof(struct series_row, memory.unreclaimable)},
		{"headroom_bytes", offsetof(struct series_row, memory.headroom)},
		{"high_bytes", offsetof(struct series_row, memory.high)},
		{"anon_bytes", offsetof(struct series_row, memory.anon)},
		{"file_bytes", offsetof(struct series_row, memory.file)},
		{"active_file_bytes", offsetof(struct series_row, memory.active_file)},
		{"inactive_file_bytes", offsetof(struct series_row, memory.inactive_file)},
		{"file_dirty_bytes", offsetof(struct series_row, memory.file_dirty)},
		{"file_writeback_bytes", offsetof(struct series_row, memory.file_writeback)},
		{"shmem_bytes", offsetof(struct series_row, memory.shmem)},
		{"kernel_bytes", offsetof(struct series_row, memory.kernel)},
		{"slab_bytes", offsetof(struct series_row, slab)},
		{"slab_reclaimable_bytes", offsetof(struct series_row, memory.slab_reclaimable)},
		{"swap_bytes", offsetof(struct series_row, memory.swap)},
		{"swap_free_bytes", offsetof(struct series_row, swap_free)},
		{"rss_bytes", offsetof(struct series_row, memory.rss)},
		{"refaults_total", offsetof(struct series_row, counts.refaults)},
		{"some_total_us", offsetof(struct series_row, psi_some_us)},
		{"full_total_us", offsetof(struct series_row, psi_full_us)},
		{"oom_kill", offsetof(struct series_row, counts.oom_kill)},
		{"max", offsetof(struct series_row, counts.max)},
		{"under_oom", offsetof(struct series_row, under_oom)},
		{"restarts", offsetof(struct series_row, restarts)},
	};
	size_t n = sizeof(cases) / sizeof(cases[0]);
	struct series *s = NULL;
	struct series_row row;
	int fd[2];
	FILE *f;

	assert_int_equal(pipe(fd), 0);
	f = fdopen(fd[1], "w");
	assert_non_null(f);
	fprintf(f, "t_seconds,used_bytes,limit_bytes,reclaim_stall_seconds_total");
	for (size_t i = 0; i < n; i++)
		fprintf(f, ",%s", cases[i].name);
	fprintf(f, "\n1,2,3,0.25");
	for (size_t i = 0; i < n; i++)
		fprintf(f, ",%zu", 100 + i);
	fprintf(f, "\n2,3,4,20000000000");
	for (size_t i = 0; i < n; i++)
		fprintf(f, ",");
	assert_int_equal(fclose(f), 0); /* no end of line: the row counts */
	assert_int_equal(series_open_fd(fd[0], "-", &s), 0);
	assert_int_equal(series_next(s, &row), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(*(uint64_t *)((char *)&row + cases[i].offset), 100 + i);
	assert_int_equal(row.stall_ns, 250000000);
	assert_int_equal(series_next(s, &row), -EINVAL);
	assert_string_equal(series_error(s), "-:3:7: reclaim_stall_seconds_total: 20000000000 does "
					     "not fit into 64 bits");
	series_close(s);
}

/* What never ends its line is not read into memory whole; errors call a descriptor what it was
 * called. */
static void test_descriptors(void **state)
{
	static const struct {
		const char *text;
		size_t times;
		const char *says;
	} cases[] = {
		{"", 0, "stdin:1:1: empty file: needs a first line with column names"},
		{"x", 200000, "stdin:1:65537: the line is longer than 65536 bytes"},
		{"a,", 257, "stdin:1:513: more than 256 columns"},
		{"t_seconds,used_bytes,limit_bytes,oom_kill,oom_kill", 1,
		 "stdin:1:43: duplicate column oom_kill"},
		{"t_seconds,used_bytes,limit_bytes,max\n1,1,1,-4", 1,
		 "stdin:2:7: max: -4 is below"},
		{"t_seconds,used_bytes,limit_bytes\n1,\"1,000\",5", 1,
		 "stdin:2:3: used_bytes: \"\"1\" is not a number"},
		{"t_seconds,used_bytes,limit_bytes\n1e11,1,5", 1,
		 "stdin:2:1: t_seconds: 1e11 is not a time in seconds"},
		{"t_seconds,used_bytes,limit_bytes\n1,1e400,5", 1,
		 "stdin:2:3: used_bytes: \"1e400\" is not a finite number"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		FILE *f = tmpfile();
		struct series *s = NULL;
		struct series_row row;
		const char *error;

		assert_non_null(f);
		for (size_t n = 0; n < cases[i].times; n++)
			fputs(cases[i].text, f);
		fflush(f);
		assert_int_equal(lseek(fileno(f), 0, SEEK_SET), 0);
		error = series_open_error();
		if (!series_open_fd(dup(fileno(f)), "stdin", &s)) {
			assert_int_equal(series_next(s, &row), -EINVAL);
			error = series_error(s);
		}
		if (strncmp(error, cases[i].says, strlen(cases[i].says)) != 0)
			fail_msg("\"%s\" is not \"%s\"", error, cases[i].says);
		series_close(s);
		fclose(f);
	}
}

static void test_no_file(void **state)
{
	struct series *s = NULL;
	int fd = open("/tmp", O_RDONLY | O_CLOEXEC);

	assert_int_equal(series_open_fd(fd, "here", &s), -EIO);
	assert_null(s);
	assert_non_null(strstr(series_open_error(), "here: "));
	assert_int_equal(close(fd), -1); /* it took it over */
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
	assert_int_equal(row.used, 999999);
	series_close(s);
	unlink(path);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),           cmocka_unit_test(test_bad),
		cmocka_unit_test(test_missing_file),   cmocka_unit_test(test_every_column),
		cmocka_unit_test(test_descriptors),    cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_a_million_rows),
	};

	return cmocka_run_group_tests_name("series", tests, NULL, NULL);
}
