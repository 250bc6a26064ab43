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
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include <headroom/board.h>

#include "policy/config.h"
#include "base/cleanup.h"

#define MODE_EXPECTED     "expected observe, dry-run or enforce"
#define INTERVAL_EXPECTED "interval: expected a time from 100ms to 1m, such as 30s"
#define KEYS_EXPECTED                                                                              \
	"unknown key; expected mode, interval, protect, policies, run_as, rate_limit, control or " \
	"export"

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

static char error[CONFIG_ERROR];

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* The policies are not looked at here. */
static int load(const char *path, struct config *config, char said[CONFIG_ERROR])
{
	_cleanup_free_ struct policy_set *set = NULL;

	return config_load(path, config, &set, said);
}

static void test_rows(void **state)
{
	char path[] = "/tmp/headroom-test-XXXXXX", expected[CONFIG_ERROR];

	close(mkstemp(path));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct config config;
		int err;

		config_init(&config);
		write_file(path, rows[i].yaml);
		err = load(path, &config, error);
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

	config_init(&config);
	assert_int_equal(load("/nonexistent/headroom.yaml", &config, error), -ENOENT);
}

/* ---- what is no file ---- */

static void refused_file(const char *name, const char *what)
{
	char expected[CONFIG_ERROR];
	struct policy_set *set = NULL;
	struct config config;

	config_init(&config);
	assert_int_equal(config_load(name, &config, &set, error), -EINVAL);
	snprintf(expected, sizeof(expected), "%s: %s: expected a configuration file", name, what);
	assert_string_equal(error, expected);
}

static void test_odd_files(void **state)
{
	char dir[] = "/tmp/headroom-test-XXXXXX", fifo[64], huge[64];
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_cleanup_close_ int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct policy_set *set = NULL;
	struct config config;

	assert_non_null(mkdtemp(dir));
	snprintf(fifo, sizeof(fifo), "%s/fifo", dir);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", dir);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(bind(listening, (struct sockaddr *)&address, sizeof(address)), 0);
	refused_file(dir, "a folder");
	refused_file(fifo, "a FIFO"); /* without a writer: it must not hang */
	refused_file(address.sun_path, "a socket or device");
	refused_file("/dev/zero", "a device");
	snprintf(huge, sizeof(huge), "%s/huge", dir);
	write_file(huge, "# ");
	assert_int_equal(truncate(huge, 10 << 20), 0);
	refused_file(huge, "larger than 4 MiB");
	unlink(huge);
	config_init(&config);
	assert_int_equal(config_load("/dev/null", &config, &set, error), 0);
	free(set);
	set = NULL;
	unlink(fifo);
	assert_int_equal(config_load(fifo, &config, &set, error), -ENOENT);
	assert_int_equal(config_load("/dev/null/x", &config, &set, error), -ENOTDIR);
	assert_null(set);
	unlink(address.sun_path);
	rmdir(dir);
}

/* A name with escape sequences reaches no terminal. */
static void test_hostile_path(void **state)
{
	struct policy_set *set = NULL;
	struct config config;

	config_init(&config);
	assert_int_equal(config_load("/tmp\x1b[2J/../dev", &config, &set, error), -ENOENT);
	assert_int_equal(symlink("/dev", "/tmp/headroom-test-\x1b[2J"), 0);
	assert_int_equal(config_load("/tmp/headroom-test-\x1b[2J", &config, &set, error), -EINVAL);
	unlink("/tmp/headroom-test-\x1b[2J");
	assert_null(strchr(error, 0x1b));
	assert_non_null(strstr(error, "\\x1b[2J: a folder"));
}

/* ---- control.allow ---- */

static void test_allow(void **state)
{
	struct config config;
	char path[] = "/tmp/headroom-test-XXXXXX";

	close(mkstemp(path));
	write_file(path, "control: {allow: [user:root, 'group:7', user:no-such-user-here]}\n");
	config_init(&config);
	assert_int_equal(load(path, &config, error), 0);
	assert_int_equal(config.allows, 3);
	assert_int_equal(config.allow[0].id, HR_UNKNOWN_U32);
	assert_int_equal(config_resolve(&config, error), -ENOENT);
	assert_string_equal(error, "control: allow: no user no-such-user-here on this host");
	assert_true(config.allow[0].id == 0 && !config.allow[0].group);
	assert_true(config.allow[1].id == 7 && config.allow[1].group);
	assert_int_equal(config.allow[2].id, HR_UNKNOWN_U32);
	write_file(path, "mode: observe\n");
	assert_int_equal(load(path, &config, error), 0);
	assert_int_equal(config.allows, 0); /* a key that is gone from the file */
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),      cmocka_unit_test(test_missing_file),
		cmocka_unit_test(test_odd_files), cmocka_unit_test(test_hostile_path),
		cmocka_unit_test(test_allow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
