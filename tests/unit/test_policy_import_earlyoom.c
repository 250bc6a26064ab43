// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* earlyoom's options as policies. */
#include "fixture_import.h"

static void test_earlyoom(void **state)
{
	static const struct {
		const char *file, *protects;
		unsigned int kill, term; /* thousandths; 0: a size */
	} rows[] = {
		{"debian", "", 50, 100},
		{"arch", "init systemd Xorg sshd", 50, 100},
		{"void", "runsvdir Xorg sshd", 50, 100},
		{"lines", "postgres redis-server [Ss]way", 60, 120},
		{"unquoted", "nginx", 25, 50},
		{"append", "sshd", 25, 50},
		{"full", "init Xorg ssh* a-rather-long-n post*gres", 0, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *path = NULL, *text = NULL;
		_cleanup_free_ struct policy_set *set = NULL;

		assert_true(asprintf(&path, FIXTURES "earlyoom/%s.default", rows[i].file) > 0);
		text = import(import_earlyoom, path, 0);
		set = policy_parse(text);
		assert_protects(set, rows[i].protects);
		assert_int_equal(milli(set, "earlyoom-kill"), rows[i].kill);
		assert_int_equal(milli(set, "earlyoom-term"), rows[i].term);
	}
}

static void test_earlyoom_options(void **state)
{
	_cleanup_free_ char *text = import(import_earlyoom, FIXTURES "earlyoom/full.default", 0);
	_cleanup_free_ char *fedora =
		import(import_earlyoom, FIXTURES "earlyoom/fedora.default", 0);
	_cleanup_free_ struct policy_set *set = policy_parse(text), *desktop = policy_parse(fedora);
	const struct policy *kill = find(set, "earlyoom-kill"),
			    *prefer = find(set, "earlyoom-prefer-kill");

	assert_int_equal(kill->threshold[CONDITION_HOST_AVAILABLE].value, 300 << 20);
	assert_int_equal(find(set, "earlyoom-term")->threshold[CONDITION_HOST_AVAILABLE].value,
			 400 << 20);
	assert_int_equal(kill->action[1].kind, HR_ACTION_KILL);
	assert_int_equal(kill->action[1].largest, 0); /* -g */
	assert_int_equal(find(desktop, "earlyoom-kill")->action[1].largest, 1);
	assert_string_equal(policy_text(set, kill->action[0].command.word[0]),
			    "/usr/local/bin/tell");
	assert_true(prefer->priority > kill->priority);
	assert_int_equal(desktop->protects, 35);
	has_not(text, "# Swap"); /* -s 100: as here */
	has(fedora, "# Swap");
}

/* ExecStart= of a drop-in replaces the first, the file of EARLYOOM_ARGS is read, and its absence is said. */
static void test_earlyoom_unit(void **state)
{
	_cleanup_free_ char *text =
		import(import_earlyoom, FIXTURES "root/usr/lib/systemd/system/earlyoom.service", 0);
	_cleanup_free_ struct policy_set *set = policy_parse(text);
	struct import *im = import_new("earlyoom");

	assert_protects(set, "sshd postgres backup");
	assert_int_equal(milli(set, "earlyoom-term"), 150);
	has(text, "replaced by");
	assert_int_equal(import_earlyoom(im, FIXTURES "earlyoom/no-file.service"), 0);
	has(import_warning_text(im, 0), "/none/there: No such file");
	import_free(im);
}

/* Files without options, and options that stand where they are not read. */
static void test_earlyoom_small(void **state)
{
	static const struct {
		const char *settings;
		int expected;
		const char *said; /* in the result, or the warning of a failure */
	} rows[] = {
		{"", 0, "earlyoom's defaults"},
		{"# EARLYOOM_ARGS=\"-m 5\"\n\n  # nothing\n", 0, "earlyoom's defaults"},
		{"OTHER=1\n", -ENODATA, NULL},
		{"[Service]\nExecStart=/bin/sh -c 'exec earlyoom -m 10 --avoid sshd'\n", -EBADMSG,
		 ":2: starts earlyoom by /bin/sh: write"},
		{"[Service]\nExecStart=/usr/bin/env A=b /usr/bin/earlyoom -m 10\n", -EBADMSG,
		 "starts earlyoom by /usr/bin/env"},
		{"[Service]\nExecStart=/usr/bin/nice -n -5 earlyoom\n", -EBADMSG,
		 "starts earlyoom by /usr/bin/nice"},
		{"[Service]\nExecStart=/bin/true\n", -ENODATA, NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char path[] = "/tmp/headroom-test-XXXXXX";
		struct import *im = import_new("earlyoom");
		_cleanup_free_ char *text = NULL;

		text_file(path, rows[i].settings);
		assert_int_equal(import_earlyoom(im, path), rows[i].expected);
		if (rows[i].expected == -EBADMSG)
			has(import_warning_text(im, 0), rows[i].said);
		else
			assert_null(import_warning_text(im, 0));
		import_free(im);
		unlink(path);
		if (rows[i].expected)
			continue;
		text = import_of_text(import_earlyoom, rows[i].settings, 0, 0);
		has(text, rows[i].said);
		{
			_cleanup_free_ struct policy_set *set = policy_parse(text);

			assert_int_equal(milli(set, "earlyoom-term"), 100);
			assert_int_equal(milli(set, "earlyoom-kill"), 50);
		}
	}
}

/* A command of the shell sets the options: each such line is named, and not the path as a wrong one. */
static void test_earlyoom_command(void **state)
{
	static const char *const rows[] = {
		": ${EARLYOOM_ARGS:=-m 5 --avoid sshd}\n",
		"# set before?\n[ -n \"$EARLYOOM_ARGS\" ] || . /etc/earlyoom.args\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *text = import_of_text(import_earlyoom, rows[i], 0, 1);

		has(text, "sets or uses EARLYOOM_ARGS in a command of the shell");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_earlyoom),         cmocka_unit_test(test_earlyoom_options),
		cmocka_unit_test(test_earlyoom_unit),    cmocka_unit_test(test_earlyoom_small),
		cmocka_unit_test(test_earlyoom_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
