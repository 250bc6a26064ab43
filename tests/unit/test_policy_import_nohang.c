// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* nohang.conf as policies. */
#include "fixture_import.h"

#include <fcntl.h>

static void test_nohang(void **state)
{
	_cleanup_free_ char *text = import(import_nohang, FIXTURES "nohang/desktop.conf", 0);
	_cleanup_free_ struct policy_set *set = policy_parse(text);

	assert_int_equal(set->policies, 7);
	assert_int_equal(find(set, "nohang-hard")->threshold[CONDITION_HOST_AVAILABLE].value,
			 150 << 20);
	assert_int_equal(milli(set, "nohang-soft"), 50);
	assert_int_equal(milli(set, "nohang-warning"), 200);
	assert_protects(set, "dnf packagekitd gnome-shell gnome-session-b /system.slice/*");
	has(text, "some_new_key = 1   ← not taken");
}

/* Each key with @, and thresholds behind the lines that need them. */
static void test_nohang_keys(void **state)
{
	static const struct {
		const char *settings;
		size_t lost;
		const char *said;
	} rows[] = {
		{"@check_kmsg\n", 0, "@check_kmsg   ← not taken: headroomd reads"},
		{"@debug_kmsg\n", 0, "@debug_kmsg   ← not taken: headroomd reads"},
		{"@BADNESS_ADJ_RE_NAME -1 /// ^sshd$\n", 0, "- 'process:sshd'"},
		{"@BADNESS_ADJ_RE_NAME 1 /// ^sshd$\n", 0, "nohang-prefer-soft"},
		{"@BADNESS_ADJ_RE_NAME 0 /// ^sshd$\n", 0, "0 changes nothing"},
		{"@BADNESS_ADJ_RE_CGROUP_V1 -1 /// ^/a\\.slice/\n", 0, "- 'cgroup:/a.slice/*'"},
		{"@BADNESS_ADJ_RE_CGROUP_V2 -1 /// ^/a\\.slice/\n", 0, "- 'cgroup:/a.slice/*'"},
		{"@BADNESS_ADJ_RE_REALPATH -1 /// ^/usr/bin/sway$\n", 0, "- 'process:sway'"},
		{"@BADNESS_ADJ_RE_REALPATH -1 /// ^/usr/lib/gdm3/\n", 0,
		 "- 'process:gdm-session-wor'"},
		{"@BADNESS_ADJ_RE_REALPATH -1 /// ^/usr/lib/gdm3/.*-x-\n", 0,
		 "- 'process:gdm-x-session'"},
		{"@BADNESS_ADJ_RE_REALPATH -1 /// ^/usr/bin/gnome-\n", 0, "- 'process:gnome-*'"},
		{"@BADNESS_ADJ_RE_REALPATH -1 /// ^/nowhere/.*d$\n", 1, "none of them is known"},
		{"@BADNESS_ADJ_RE_REALPATH -1 /// ^/nowhere/x/\n", 1, "none of them is known here"},
		{"@BADNESS_ADJ_RE_REALPATH -1 /// ^/proc/\n", 1, "that has too many"},
		{"@BADNESS_ADJ_RE_UID -1 /// ^0$\n", 1, "by their user"},
		{"@BADNESS_ADJ_RE_CWD -1 /// ^/home/\n", 1, "by their working directory"},
		{"@BADNESS_ADJ_RE_CMDLINE -1 /// ^/x\n", 1, "by their command line"},
		{"@BADNESS_ADJ_RE_ENVIRON -1 /// A=b\n", 1, "by their environment"},
		{"@BADNESS_ADJ_RE_CMDLINE 1 /// ^/x\n", 0, "no policy prefers"},
		{"@BADNESS_ADJ_RE_CGROUP_V3 -1 /// x\n", 1, "is not known here"},
		{"min_badness = 1\n@BADNESS_ADJ_RE_NAME -1 ^sshd$\n", 1, "no /// in it"},
		{"@SOFT_ACTION_RE_NAME ^x$ /// kill -USR1 $PID\nsoft_threshold_min_mem = 9 %\n", 0,
		 "process: ['x']} when: {host_available: 9%} actions: [{notify: {run: ['kill', "
		 "'-USR1', '{pid}'], run_as: root}}]"},
		{"@SOFT_ACTION_RE_CGROUP_V1 /x\\.service$ /// systemctl restart $SERVICE\n", 0,
		 "cgroup: ['*/x.service']}"},
		{"@SOFT_ACTION_RE_NAME ^x$ /// a; b\n", 0, "needs a shell"},
		{"@NEW a /// b\n", 0, "@NEW is not known here"},
		{"soft_threshold_min_mem = 9 %\nsoft_threshold_min_mem = 8 %\n", 0,
		 "set again in line 2"},
		{"hard_threshold_min_mem = 1 %\n", 0, "soft_threshold_min_mem is not set"},
		{"max_soft_exit_time = nan\n", 0, "no number of at least 0.1"},
		{"max_soft_exit_time = 9999\n", 0, "at most 10m"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		_cleanup_free_ char *text =
			import_of_text(import_nohang, rows[i].settings, 0, rows[i].lost);
		_cleanup_free_ struct policy_set *set = policy_parse(text);
		char *at = text;

		while ((at = strstr(at, "\n    "))) /* one line for each policy */
			memmove(at + 1, at + 5, strlen(at + 5) + 1), *at = ' ';
		has(text, rows[i].said);
	}
}

/* The programs of a folder of this host, and of folders below; what is no program is not one. */
static void test_nohang_folder(void **state)
{
	static const char *const files[] = {"sub/star*t", "a-very-long-program-name", "data"};
	char folder[] = "/tmp/headroom-test-XXXXXX", path[100], settings[200];
	_cleanup_free_ char *text = NULL;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/sub", folder);
	assert_int_equal(mkdir(path, 0755), 0);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
		close(creat(path, i == 2 ? 0644 : 0755));
	}
	snprintf(settings, sizeof(settings), "@BADNESS_ADJ_RE_REALPATH -1 /// ^%s/\n", folder);
	text = import_of_text(import_nohang, settings, 0, 0);
	has(text, "  - 'process:star\\*t'\n");
	has(text, "  - 'process:a-very-long-pro'\n");
	has(text, "protect, 2 programs in that folder");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/sub", folder);
	rmdir(path);
	rmdir(folder);
}

/* No comment is wider than 100 columns, and a long word goes on behind a backslash. */
static void test_nohang_width(void **state)
{
	char settings[3000] = "@BADNESS_ADJ_RE_NAME -1 /// ^(", expected[3000];
	_cleanup_free_ char *text = NULL;

	for (int i = 0; i < 150; i++)
		snprintf(settings + strlen(settings), 20, "%sname-%d-é", i ? "|" : "", i);
	strcat(settings, ")$");
	snprintf(expected, sizeof(expected), "1: %s   ← taken", settings);
	strcat(settings, "\n");
	text = import_of_text(import_nohang, settings, 0, 0);
	has(text, expected);
	for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n') {
		size_t columns = 0;

		for (const char *c = at; *c && *c != '\n'; c++)
			columns += ((unsigned char)*c & 0xc0) != 0x80;
		if (*at == '#' && columns > 100)
			fail_msg("%zu columns: %.*s", columns, (int)strcspn(at, "\n"), at);
	}
}

/* A configuration holds 256 protected names. */
static void test_nohang_many(void **state)
{
	char settings[20000] = "";

	for (int i = 0; i < 256; i++)
		snprintf(settings + strlen(settings), 60, "@BADNESS_ADJ_RE_NAME -1 /// ^n%d$\n", i);
	strcat(settings, "@BADNESS_ADJ_RE_NAME -1 /// ^n7$\n");
	free(import_of_text(import_nohang, settings, 0, 0));
	strcat(settings, "@BADNESS_ADJ_RE_NAME -1 /// ^x$\n@BADNESS_ADJ_RE_NAME -1 /// ^y$\n");
	free(import_of_text(import_nohang, settings, 0, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nohang),        cmocka_unit_test(test_nohang_keys),
		cmocka_unit_test(test_nohang_folder), cmocka_unit_test(test_nohang_width),
		cmocka_unit_test(test_nohang_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
