// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What the live view remembers: written and read again; and what becomes of a file that is broken, another version's, or
 * none at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/utf8_clean.h"
#include "tui/settings.h"

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void read_text(const char *path, char text[SETTINGS_TEXT])
{
	FILE *f = fopen(path, "re");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, SETTINGS_TEXT - 1, f);
	text[n] = 0;
	fclose(f);
}

static void test_settings(void **state)
{
	char dir[] = "/tmp/test-top.XXXXXX", path[128], text[SETTINGS_TEXT], error[SETTINGS_ERROR];
	struct snapshot s = {0};
	struct settings settings = {0};
	struct top top, again;
	struct stat st;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/headroom/top.yaml", dir);
	setenv("XDG_CONFIG_HOME", dir, 1);
	assert_int_equal(settings_path(settings.path), 0);
	assert_string_equal(settings.path, path);
	top_init(&top, &s);
	settings_load(&settings, &top, error); /* none there: nothing said, nothing written */
	assert_string_equal(error, "");
	assert_int_equal(settings_save(&settings, &top), 0);
	assert_int_not_equal(stat(path, &st), 0);
	top.by = ROW_TREE_PODS;
	top.sort = column_find("usage");
	top.reverse = true;
	top.mouse = false;
	top.n_columns = 3;
	assert_int_equal(settings_save(&settings, &top), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	memset(&settings.written, 0, sizeof(settings.written));
	top_init(&again, &s);
	settings_load(&settings, &again, error);
	assert_string_equal(error, "");
	assert_int_equal(again.by, ROW_TREE_PODS);
	assert_string_equal(again.sort->id, "usage");
	assert_true(again.reverse && !again.mouse);
	assert_int_equal(again.n_columns, 3);
	top_default_columns(
		&again); /* as delivered: not written, so that a later version's apply */
	assert_int_equal(settings_save(&settings, &again), 0);
	read_text(path, text);
	assert_null(strstr(text, "columns:"));
	top_done(&top);
	top_done(&again);
	unlink(path);
	*strrchr(path, '/') = 0;
	rmdir(path);
	rmdir(dir);
}

/* Broken or foreign: one line, what is understood is used, the file stays byte by byte. */
static void test_foreign_settings(void **state)
{
	static const struct {
		const char *text;
		bool complains;
		enum row_tree_by by;
		size_t n_columns; /* 0: as delivered */
	} cases[] = {
		{"", false, ROW_TREE_NONE, 0},
		{"# nothing\n", false, ROW_TREE_NONE, 0},
		{"tree: pods\ncolumns: [name, risk]\n", false, ROW_TREE_PODS, 2},
		{"tree: pods\ncolumns: [risk]\n", false, ROW_TREE_PODS, 2}, /* the name is added */
		{"tree: pods\nweather: fine\n", true, ROW_TREE_PODS, 0},
		{"tree: forest\ncolumns: [name, moon, risk]\n", true, ROW_TREE_NONE, 2},
		{"columns: [name, risk, risk, name]\n", true, ROW_TREE_NONE, 2},
		{"columns: []\n", false, ROW_TREE_NONE, 1},
		{"columns: all\n", true, ROW_TREE_NONE, 0},
		{"tree: [pods]\n", true, ROW_TREE_NONE, 0},
		{"- a\n- list\n", true, ROW_TREE_NONE, 0},
		{"just text\n", true, ROW_TREE_NONE, 0},
		{"tree: pods: no\n  {{{", true, ROW_TREE_NONE, 0},
		{"tree: \"\xff\xfe\"\n", true, ROW_TREE_NONE, 0},
		{"sort: [\x01\n", true, ROW_TREE_NONE, 0},
	};
	char path[] = "/tmp/test-top.XXXXXX", text[SETTINGS_TEXT], error[SETTINGS_ERROR];
	struct snapshot s = {0};

	close(mkstemp(path));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct settings settings = {0};
		struct top top;

		strcpy(settings.path, path);
		write_text(path, cases[i].text);
		top_init(&top, &s);
		if (!cases[i].n_columns)
			assert_int_not_equal(top.n_columns, 2);
		settings_load(&settings, &top, error);
		assert_int_equal(error[0] != 0, cases[i].complains);
		assert_true(text_width(error) < SETTINGS_ERROR && !strchr(error, '\n'));
		assert_int_equal(top.by, cases[i].by);
		if (cases[i].n_columns)
			assert_int_equal(top.n_columns, cases[i].n_columns);
		else
			assert_true(top.n_columns > 10);
		assert_true(top_shows(&top, column_find("name")));
		if (cases[i].complains) {
			top.reverse = true;
			assert_int_equal(settings_save(&settings, &top), 0);
			read_text(path, text);
			assert_string_equal(text, cases[i].text);
		}
		top_done(&top);
	}
	unlink(path);
}

/* A folder where the file should be, and one that cannot be written: said once, never fatal. */
static void test_odd_settings(void **state)
{
	char dir[] = "/tmp/test-top.XXXXXX", error[SETTINGS_ERROR];
	struct snapshot s = {0};
	struct settings settings = {0};
	struct top top;

	assert_non_null(mkdtemp(dir));
	snprintf(settings.path, sizeof(settings.path), "%s", dir);
	top_init(&top, &s);
	settings_load(&settings, &top, error);
	assert_true(error[0]);
	snprintf(settings.path, sizeof(settings.path), "/dev/null/x/top.yaml");
	settings_load(&settings, &top, error);
	top.reverse = true;
	settings.ours = true;
	assert_true(settings_save(&settings, &top) < 0);
	assert_int_equal(settings_save(&settings, &top), 0); /* not again */
	setenv("XDG_CONFIG_HOME", "relative", 1);
	setenv("HOME", "/dev/null", 1);
	if (!settings_path(settings.path))
		assert_null(strstr(settings.path, "relative"));
	top_done(&top);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_foreign_settings),
		cmocka_unit_test(test_odd_settings),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
