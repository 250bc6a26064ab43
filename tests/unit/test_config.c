// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The configuration: every accepted form, and every refusal with its exact line. */
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

#include "act/config.h"

static const struct row {
	const char *yaml;
	const char *error;	/* NULL: accepted; else what follows FILE: */
	uint32_t interval_ms;
} rows[] = {
	{"", NULL, 1000},
	{"mode: observe\ninterval: 1s\n", NULL, 1000},
	{"interval: 250ms\n", NULL, 250},
	{"interval: 1m\n", NULL, 60000},
	{"protect: [unit:sshd.service]\nexport: {prometheus: {listen: 127.0.0.1:9477}}\n", NULL, 1000},
	{"mode: obsrve\n", "1:7: obsrve: expected observe, dry-run or enforce", 0},
	{"mode: [observe]\n", "1:7: mode: expected observe, dry-run or enforce", 0},
	{"interval: 5ms\n", "1:11: 5ms: expected a time from 100ms to 60s, such as 1s", 0},
	{"interval: fast\n", "1:11: fast: expected a time from 100ms to 60s, such as 1s", 0},
	{"interval: -1s\n", "1:11: -1s: expected a time from 100ms to 60s, such as 1s", 0},
	{"interval: 99999999999999999999s\n",
	 "1:11: 99999999999999999999s: expected a time from 100ms to 60s, such as 1s", 0},
	{"\n\ninterfall: 1s\n",
	 "3:1: interfall: unknown key; expected mode, interval, protect or export", 0},
	{"[1]: x\n",
	 "1:1: a key that is no word: unknown key; expected mode, interval, protect or export", 0},
	{"- mode\n", "1:1: not a mapping: expected `key: value` lines", 0},
	{"just words\n", "1:1: not a mapping: expected `key: value` lines", 0},
	{"protect: sshd\n", "1:10: protect: expected a list, such as [unit:sshd.service]", 0},
	{"policies: []\n",
	 "1:11: policies and what belongs to them: this version only observes; remove this part", 0},
	{"mode: \"\x1b[2J\"\n", "1:7: control characters are not allowed: expected YAML", 0},
};

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void test_rows(void **state)
{
	char path[] = "/tmp/headroom-test-XXXXXX", expected[CONFIG_ERROR];

	close(mkstemp(path));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct config config;
		char error[CONFIG_ERROR] = "";
		int err;

		config_init(&config);
		write_file(path, rows[i].yaml);
		err = config_load(path, &config, error);
		if (rows[i].error) {
			assert_int_equal(err, -EINVAL);
			if (strstr(rows[i].yaml, "\x1b")) {	/* libyaml's own words and mark */
				assert_null(strchr(error, 0x1b));
				continue;
			}
			snprintf(expected, sizeof(expected), "%s:%s", path, rows[i].error);
			assert_string_equal(error, expected);
			assert_int_equal(config.interval_ms, 1000);	/* untouched on failure */
		} else {
			assert_int_equal(err, 0);
			assert_int_equal(config.interval_ms, rows[i].interval_ms);
		}
	}
	unlink(path);
}

static void test_missing_file(void **state)
{
	struct config config;
	char error[CONFIG_ERROR];

	config_init(&config);
	assert_int_equal(config_load("/nonexistent/headroom.yaml", &config, error), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_missing_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
