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

#define MODE_EXPECTED "expected observe, dry-run or enforce"
#define INTERVAL_EXPECTED "interval: expected a time from 100ms to 1m, such as 30s"
#define KEYS_EXPECTED \
	"unknown key; expected mode, interval, protect, policies, budget, control or export"

static const struct row {
	const char *yaml;
	const char *error; /* NULL: accepted; else what follows FILE: */
	uint32_t interval_ms;
} rows[] = {
	{"", NULL, 1000},
	{"---\n", NULL, 1000},
	{"# nothing but a comment\n", NULL, 1000},
	{"mode: observe\ninterval: 1s\n", NULL, 1000},
	{"mode: dry-run\n", NULL, 1000},
	{"mode: enforce\r\ninterval: 2s\r\n", NULL, 2000},
	{"\xef\xbb\xbfinterval: 250ms\n", NULL, 250},
	{"interval: 1m\n", NULL, 60000},
	{"{interval: 5s}", NULL, 5000},
	{"protect: [unit:sshd.service]\nexport: {prometheus: {listen: 127.0.0.1:9477}}\n", NULL,
	 1000},
	{"export:\n", NULL, 1000},
	{"policies: []\nprotect: []\n", NULL, 1000},
	{"mode: obsrve\n", "1:7: obsrve: mode: " MODE_EXPECTED, 0},
	{"mode: [observe]\n", "1:7: a list: mode: " MODE_EXPECTED, 0},
	{"mode:\n", "1:6: nothing: mode: " MODE_EXPECTED, 0},
	{"interval: 5ms\n", "1:11: 5ms: " INTERVAL_EXPECTED, 0},
	{"interval: fast\n", "1:11: fast: " INTERVAL_EXPECTED, 0},
	{"interval: -1s\n", "1:11: -1s: " INTERVAL_EXPECTED, 0},
	{"interval: 1\n", "1:11: 1: " INTERVAL_EXPECTED, 0},
	{"interval: 61s\n", "1:11: 61s: " INTERVAL_EXPECTED, 0},
	{"interval: 99999999999999999999s\n", "1:11: 99999999999999999999s: " INTERVAL_EXPECTED, 0},
	{"\n\ninterfall: 1s\n", "3:1: interfall: " KEYS_EXPECTED, 0},
	{"Mode: observe\n", "1:1: Mode: " KEYS_EXPECTED, 0},
	{"[1]: x\n", "1:1: a key that is no word: expected `key: value`", 0},
	{"- mode\n", "1:1: a list: the file: expected a mapping, such as mode: observe", 0},
	{"just words\n", "1:1: just words: the file: expected a mapping, such as mode: observe", 0},
	{"protect: sshd\n", "1:10: sshd: protect: expected a list, such as [unit:sshd.service]", 0},
	{"export: 5\n",
	 "1:9: 5: export: expected a mapping, such as {prometheus: {listen: 127.0.0.1:9477}}", 0},
	{"mode: \"\x1b[2J\"\n", "1:8: byte 0x1b: a control character; expected text", 0},
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
			snprintf(expected, sizeof(expected), "%s:%s", path, rows[i].error);
			assert_string_equal(error, expected);
			assert_int_equal(config.interval_ms, 1000); /* untouched on failure */
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
